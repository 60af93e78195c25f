import createClient from "openapi-fetch";
import { DaemonError, answerOf, errorFromAnswer } from "./errors";
import type { components, paths } from "./schema";
import { DESK_ORIGIN, daemonFetch } from "./transport";

type Schemas = components["schemas"];
export type Alert = Schemas["Alert"];
export type AlertDetail = Schemas["AlertDetail"];
export type AlertList = Schemas["AlertList"];
export type Authorization = Schemas["Authorization"];
export type BankEventRow = Schemas["BankEventRow"];
export type Card = Schemas["Card"];
export type CardHistoryEntry = Schemas["CardHistoryEntry"];
export type CardList = Schemas["CardList"];
export type CardLog = Schemas["CardLog"];
export type ChannelHealth = Schemas["ChannelHealth"];
export type CreatedPartnerKey = Schemas["CreatedPartnerKey"];
export type FeedHealth = Schemas["FeedHealth"];
export type OutboxItem = Schemas["OutboxItem"];
export type PartnerKey = Schemas["PartnerKey"];
export type Reason = Schemas["Reason"];
export type Settings = Schemas["Settings"];
export type Status = Schemas["Status"];
export type TimelineEntry = Schemas["TimelineEntry"];

const client = createClient<paths>({ baseUrl: DESK_ORIGIN, fetch: daemonFetch });

/** Rows of one page; the daemon allows up to 500. */
export const PAGE_ROWS = 100;

type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never;
type BodyOf<P extends keyof paths, M extends "post" | "patch"> = paths[P] extends {
  [K in M]: { requestBody: { content: { "application/json": infer B } } };
}
  ? B
  : never;

export type CardQuery = QueryOf<"/v1/cards">;
export type AlertQuery = QueryOf<"/v1/alerts">;
export type AuthorizationQuery = QueryOf<"/v1/authorizations">;
export type SettingsPatch = BodyOf<"/v1/settings", "patch">;
export type NewPartnerKey = BodyOf<"/v1/keys", "post">;
export type Disposal = BodyOf<"/v1/alerts/{id}/disposition", "post">;
export type Channel = OutboxItem["kind"];

const one = (id: string) => ({ params: { path: { id } } });

export const api = {
  status: () => answerOf(client.GET("/v1/status")),
  feedHealth: () => answerOf(client.GET("/v1/feed-health")),
  rules: () => answerOf(client.GET("/v1/rules")),

  cards: (query: CardQuery) => answerOf(client.GET("/v1/cards", { params: { query } })),
  card: (id: string) => answerOf(client.GET("/v1/cards/{id}", one(id))),
  cardHistory: (id: string) => answerOf(client.GET("/v1/cards/{id}/history", one(id))),
  deactivateCard: (id: string, reason: string) =>
    answerOf(client.POST("/v1/cards/{id}/deactivate", { ...one(id), body: { reason } })),
  activateCard: (id: string, reason: string) =>
    answerOf(client.POST("/v1/cards/{id}/activate", { ...one(id), body: { reason } })),

  authorizations: (query: AuthorizationQuery) => answerOf(client.GET("/v1/authorizations", { params: { query } })),

  authorization: (id: string) => answerOf(client.GET("/v1/authorizations/{id}", one(id))),

  alerts: (query: AlertQuery) => answerOf(client.GET("/v1/alerts", { params: { query } })),
  alert: (id: string) => answerOf(client.GET("/v1/alerts/{id}", one(id))),
  dispose: (id: string, body: Disposal) => answerOf(client.POST("/v1/alerts/{id}/disposition", { ...one(id), body })),
  assign: (id: string, assignee: string | null) =>
    answerOf(client.POST("/v1/alerts/{id}/assign", { ...one(id), body: { assignee } })),
  snooze: (id: string, until: string | null) =>
    answerOf(client.POST("/v1/alerts/{id}/snooze", { ...one(id), body: { until } })),
  note: (id: string, text: string) => answerOf(client.POST("/v1/alerts/{id}/note", { ...one(id), body: { text } })),
  reopen: (id: string, reason: string) =>
    answerOf(client.POST("/v1/alerts/{id}/reopen", { ...one(id), body: { reason } })),

  settings: () => answerOf(client.GET("/v1/settings")),
  saveSettings: (body: SettingsPatch) => answerOf(client.PATCH("/v1/settings", { body })),
  outbox: (state: OutboxItem["state"]) =>
    answerOf(client.GET("/v1/outbox", { params: { query: { state, limit: PAGE_ROWS } } })),
  resend: (id: string) => answerOf(client.POST("/v1/outbox/{id}/resend", one(id))),
  testMessage: (kind: Channel) => answerOf(client.POST("/v1/test-message", { body: { kind } })),
  keys: () => answerOf(client.GET("/v1/keys")),
  addKey: (body: NewPartnerKey) => answerOf(client.POST("/v1/keys", { body })),
  revokeKey: (id: string) => answerOf(client.POST("/v1/keys/{id}/revoke", one(id))),
  cardLogs: () => answerOf(client.GET("/v1/card-logs", { params: { query: { limit: PAGE_ROWS } } })),
  unmatchedEvents: () =>
    answerOf(client.GET("/v1/bank-events", { params: { query: { unmatched: true, limit: PAGE_ROWS } } })),

  report: reportText,
};

export type ReportName = "decisions-per-hour" | "alerts-per-hour" | "decision-latency";

/**
 * A report's text. Reports answer SVG or CSV, not JSON, so they go around the typed client.
 */
async function reportText(name: ReportName, format: "svg" | "csv", query: Record<string, string>): Promise<string> {
  const search = new URLSearchParams(query).toString();
  const response = await daemonFetch(new Request(`${DESK_ORIGIN}/v1/reports/${name}.${format}?${search}`));
  const text = await response.text();
  if (response.ok) return text;
  throw errorFromAnswer(parsedOrNull(text), response.status);
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export { DaemonError };
