/**
 * The wire types the screens rely on: `schema.d.ts` with what the daemon's document cannot say put right.
 *
 * Each correction gives its reason, is written so that it still holds once the document is right, and
 * can then go. Types only: nothing here runs.
 */
import type { components, paths } from "./schema";

type Generated = components["schemas"];

/** The daemon has two types called `Shown`, and the document keeps the one that is not meant here. */
export interface ReasonValue {
  label: string;
  value: string;
  threshold?: string | null;
}

type WithValues<T> = Omit<T, "values"> & { values: ReasonValue[] };
type WithReasons<T, R> = Omit<T, "reasons"> & { reasons: R[] };

export type Reason = WithValues<Generated["Reason"]>;
export type AlertReason = WithValues<Generated["AlertReason"]>;
export type Authorization = WithReasons<Generated["Authorization"], Reason>;
export type AlertDetail = WithReasons<Generated["AlertDetail"], AlertReason>;

/** A free object is `Record<string, never>` in the generated types, which would let any use of it pass. */
export type AuditEntry = Omit<Generated["AuditEntry"], "detail"> & { detail: Readonly<Record<string, unknown>> };

/** The document gives every part a default, which the generator reads as "must be sent"; absent keeps, null clears. */
export type SettingsPatch = Partial<Generated["PatchSettings"]>;

export interface List<T> {
  items: T[];
  next?: string | null;
}

interface Paged {
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface AlertQuery extends Paged {
  status?: Generated["AlertStatus"] | undefined;
  rule?: string | undefined;
  card_id?: string | undefined;
  severity?: Generated["Severity"] | undefined;
  assignee?: string | undefined;
  simulated?: boolean | undefined;
  snoozed?: boolean | undefined;
  q?: string | undefined;
}

export interface AuthorizationQuery extends Paged {
  card_id?: string | undefined;
  alert_id?: string | undefined;
}

export interface CardQuery extends Paged {
  /** `held` lists the cards that a rule deactivated for a time and nobody has decided on. */
  status?: Generated["CardStatus"] | "held" | undefined;
  q?: string | undefined;
  sort?: "last_swipe" | "open_alerts" | "masked_number" | undefined;
}

export type OutboxStateName = "pending" | "delivered" | "dead";

interface Answering<Answer> {
  responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": Answer } } };
}
interface Asked<Query, Answer> {
  get: { parameters: { query?: Query } } & Answering<Answer>;
}
interface One<Answer> {
  get: { parameters: { path: { id: string } } } & Answering<Answer>;
}

/** Several operations share the ids `list` and `get`, so the generated types give all of them the first one's. */
interface Corrected {
  "/v1/alerts": Asked<AlertQuery, Generated["AlertList"]>;
  "/v1/alerts/{id}": One<AlertDetail>;
  "/v1/authorizations": Asked<AuthorizationQuery, List<Authorization>>;
  "/v1/authorizations/{id}": One<Authorization>;
  "/v1/cards": Asked<CardQuery, Generated["CardList"]>;
  "/v1/cards/{id}": One<Generated["Card"]>;
  "/v1/cards/{id}/history": {
    get: { parameters: { path: { id: string }; query?: Paged } } & Answering<List<AuditEntry>>;
  };
  "/v1/keys": Pick<paths["/v1/keys"], "post"> & Asked<never, Generated["KeyList"]>;
  "/v1/outbox": Asked<Paged & { state?: OutboxStateName }, List<Generated["OutboxItem"]>>;
  "/v1/rules": Asked<never, Generated["RuleList"]>;
  "/v1/settings": Asked<never, Generated["Settings"]> & {
    patch: { requestBody: { content: { "application/json": SettingsPatch } } } & Answering<Generated["Settings"]>;
  };
}

export type DeskPaths = Omit<paths, keyof Corrected> & Corrected;
