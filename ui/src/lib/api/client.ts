import createClient from "openapi-fetch";
import { DaemonError, answerOf, errorFromAnswer } from "./errors";
import { parsedOrNull } from "./exports";
import type { components } from "./schema";
import { DESK_ORIGIN, daemonFetch } from "./transport";
import type {
  AlertQuery,
  AuditEntry,
  AuthorizationQuery,
  CardQuery,
  DeskPaths,
  OutboxStateName,
  SettingsPatch,
} from "./wire";

type Schemas = components["schemas"];
export type {
  AlertDetail,
  AlertQuery,
  AlertReason,
  Authorization,
  AuthorizationQuery,
  CardQuery,
  Reason,
  SettingsPatch,
} from "./wire";
export type Alert = Schemas["Alert"];
export type AlertList = Schemas["AlertList"];
export type BankEvent = Schemas["BankEvent"];
export type Card = Schemas["Card"];
export type CardList = Schemas["CardList"];
export type CardLog = Schemas["CardLog"];
export type Channel = Schemas["OutboxKind"];
export type ChannelHealth = Schemas["OutboxState"];
export type CreatedPartnerKey = Schemas["KeyWithSecret"];
export type Disposal = Schemas["DisposeAlert"];
export type FeedHealth = Schemas["FeedHealth"];
export type HistoryEntry = AuditEntry;
export type NewPartnerKey = Schemas["NewKey"];
export type OutboxItem = Schemas["OutboxItem"];
export type PartnerKey = Schemas["PartnerKey"];
export type Settings = Schemas["Settings"];
export type Status = Schemas["Status"];
export type TimelineEntry = Schemas["TimelineEntry"];

const client = createClient<DeskPaths>({ baseUrl: DESK_ORIGIN, fetch: daemonFetch });

/** Rows of one page; the daemon allows up to 500. */
export const PAGE_ROWS = 100;

const one = (id: string) => ({ params: { path: { id } } });

export const api = {
  status: () => answerOf(client.GET("/v1/status")),
  feedHealth: () => answerOf(client.GET("/v1/feed-health")),
  rules: () => answerOf(client.GET("/v1/rules")),

  cards: (query: CardQuery) => answerOf(client.GET("/v1/cards", { params: { query } })),
  card: (id: string) => answerOf(client.GET("/v1/cards/{id}", one(id))),
  cardHistory: (id: string) =>
    answerOf(client.GET("/v1/cards/{id}/history", { params: { path: { id }, query: { limit: PAGE_ROWS } } })),
  deactivateCard: (id: string, reason: string) =>
    answerOf(client.POST("/v1/cards/{id}/deactivate", { ...one(id), body: { reason } })),
  activateCard: (id: string, reason: string) =>
    answerOf(client.POST("/v1/cards/{id}/activate", { ...one(id), body: { reason } })),

  confirmHold: (id: string) => answerOf(client.POST("/v1/cards/{id}/confirm-hold", { ...one(id), body: {} })),

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
  outbox: (state: OutboxStateName) =>
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

export { DaemonError };
