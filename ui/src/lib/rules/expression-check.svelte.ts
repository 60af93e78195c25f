/** Asks the daemon, while a rule is written, whether its expression would be accepted. */
import { asDaemonError } from "../api/errors";
import { rulesApi, type AskedRule } from "../api/rules";

/** Typing rests this long before the daemon is asked. */
const REST_MS = 300;

export interface Mistake {
  line: number;
  column: number;
  message: string;
}

export class ExpressionCheck {
  /** Null while it is not known, and when there is none. */
  mistake: Mistake | null = $state.raw(null);
  state: "unknown" | "checking" | "right" | "wrong" | "unasked" = $state("unknown");
  failure = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  ask(rule: AskedRule): void {
    clearTimeout(this.#timer);
    const turn = ++this.#asked;
    if ((rule.expression ?? "").trim() === "") {
      this.mistake = null;
      this.state = "unknown";
      return;
    }
    this.state = this.state === "right" || this.state === "wrong" ? this.state : "checking";
    this.#timer = setTimeout(() => void this.#ask(rule, turn), REST_MS);
  }

  stop(): void {
    this.#asked += 1;
    clearTimeout(this.#timer);
  }

  async #ask(rule: AskedRule, turn: number): Promise<void> {
    try {
      const answer = await rulesApi.check(rule);
      if (turn !== this.#asked) return;
      this.failure = "";
      this.state = answer.ok ? "right" : "wrong";
      this.mistake = answer.ok
        ? null
        : { line: answer.line ?? 1, column: answer.column ?? 1, message: answer.message ?? "This is not accepted." };
    } catch (thrown) {
      if (turn !== this.#asked) return;
      this.state = "unasked";
      this.mistake = null;
      this.failure = asDaemonError(thrown).message;
    }
  }
}
