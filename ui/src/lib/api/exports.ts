/**
 * A list as CSV, by the same query as the list. Masked and safe for spreadsheets: the daemon sees to both.
 * Text, not JSON, so it goes around the typed client; the paths are checked against the daemon's document.
 */
import { asDaemonError, errorFromAnswer } from "./errors";
import type { paths } from "./schema";
import { DESK_ORIGIN, daemonFetch } from "./transport";
import type { AlertQuery, AuthorizationQuery, CardQuery } from "./wire";

export interface ExportQueries {
  alerts: AlertQuery;
  cards: CardQuery;
  authorizations: AuthorizationQuery;
}
export type ExportName = keyof ExportQueries;

const PATHS: Record<ExportName, keyof paths> = {
  alerts: "/v1/alerts/export",
  cards: "/v1/cards/export",
  authorizations: "/v1/authorizations/export",
};

/** Where an export is asked; pages are the list's own business. */
export function exportPath<N extends ExportName>(name: N, query: ExportQueries[N]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "" && key !== "limit" && key !== "cursor") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? PATHS[name] : `${PATHS[name]}?${text}`;
}

/**
 * The whole list as text.
 *
 * Throws `DaemonError`; an answer that is no CSV is refused too, so that no error page is saved as a list.
 */
export async function exportText<N extends ExportName>(name: N, query: ExportQueries[N]): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await daemonFetch(new Request(DESK_ORIGIN + exportPath(name, query)));
    text = await response.text();
  } catch (thrown) {
    throw asDaemonError(thrown);
  }
  const isCsv = (response.headers.get("content-type") ?? "").startsWith("text/csv");
  if (response.ok && isCsv) return text;
  throw errorFromAnswer(parsedOrNull(text), response.status);
}

export function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
