/** What the rest of the window may know about a refused or lost call. */
export class DaemonError extends Error {
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: string, message: string, status: number, field?: string) {
    super(message);
    this.name = "DaemonError";
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

export const DAEMON_DOWN = "daemon_down";

function textOf(value: unknown, key: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** Reads the `{code, message, field}` an answer carries; an unreadable one still says its status. */
export function errorFromAnswer(body: unknown, status: number): DaemonError {
  const code = textOf(body, "code") ?? `http_${status}`;
  const message = textOf(body, "message") ?? `The daemon answered ${status} without a reason.`;
  return new DaemonError(code, message, status, textOf(body, "field"));
}

/** Any thrown thing, as the one error type the screens branch on. */
export function asDaemonError(thrown: unknown): DaemonError {
  if (thrown instanceof DaemonError) return thrown;
  const code = textOf(thrown, "code");
  const message = textOf(thrown, "message");
  if (code !== undefined) return new DaemonError(code, message ?? "The daemon is not answering.", 0);
  if (typeof thrown === "string") return new DaemonError("native_failed", thrown, 0);
  if (thrown instanceof TypeError) {
    return new DaemonError(DAEMON_DOWN, "The daemon is not answering. Nothing you see is lost.", 0);
  }
  return new DaemonError("unexpected", message ?? "Something unexpected went wrong in the window.", 0);
}

export function isDaemonDown(error: DaemonError): boolean {
  return error.code === DAEMON_DOWN;
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** The data of a call, or a throw of `DaemonError`. */
export async function answerOf<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (thrown) {
    throw asDaemonError(thrown);
  }
  if (answer.data !== undefined && answer.response.ok) return answer.data;
  throw errorFromAnswer(answer.error, answer.response.status);
}
