/** A daemon for tests: answers by path as the real one does, with one of everything. */
import type {
  Alert,
  AlertDetail,
  Authorization,
  Card,
  FeedHealth,
  PartnerKey,
  Settings,
  Status,
} from "$lib/api/client";
import { draftOf, list, replayOf, rule, rulesAnswers, shadow } from "./test-rules";

export const NOW = "2026-11-17T08:12:30.000Z";
const BEFORE = "2026-11-17T08:00:00.000Z";

export const shopper = { id: "shp_1", name: "N***** M." };
export const card: Card = {
  id: "c1",
  known: true,
  masked_number: "422254XXXXXX7072",
  status: "active",
  shopper,
  last_swipe_at: BEFORE,
  last_swipe: {
    at: BEFORE,
    authorization_id: "aut_1",
    merchant: "SAMPLE STORE",
    amount_cents: 19_190,
    currency: "ZAR",
    outcome: "approve",
    simulated: false,
  },
  open_alerts: 1,
  swipes_by_hour: Array.from({ length: 24 }, (_, hour) => hour % 3),
  approved_today_cents: 19_190,
  deactivation: null,
  issuer: "Sample bank",
};
export const alert: Alert = {
  id: "alr_1",
  status: "open",
  disposition: null,
  rule: "no_open_order",
  rules: ["no_open_order", "unknown_merchant"],
  severity: "critical",
  card_id: card.id,
  masked_number: card.masked_number,
  shopper,
  merchant: "SAMPLE STORE",
  amount_cents: 19_190,
  currency: "ZAR",
  order_id: null,
  raised_at: BEFORE,
  last_at: BEFORE,
  count: 2,
  simulated: true,
  title: "Swipe without an open order",
  assigned_to: null,
  snoozed_until: null,
  resolved_at: null,
  resolved_by: null,
  resolution: null,
  evidence: {},
  card_status: "active",
};
const reason = {
  rule: "no_open_order",
  rule_name: "No open order",
  version: 1,
  mode: "live" as const,
  outcome: "alert" as const,
  severity: "critical" as const,
  message: "No order of this shopper was open.",
  values: [{ label: "Open orders", value: "0", threshold: "at least 1" }],
  counter_evidence: ["A late assignment would explain it"],
  would_change: "An order assigned to the shopper.",
  late: false,
};
const detail: AlertDetail = {
  ...alert,
  reasons: [{ ...reason, subject_id: "aut_1", explained_at: null, explained_why: null }],
  authorization_ids: ["aut_1"],
  timeline: [{ at: BEFORE, actor: "rule:no_open_order", kind: "raised", text: "Raised" }],
};
export const swipe: Authorization = {
  id: "aut_1",
  alert_id: alert.id,
  amount_cents: 19_190,
  net_cents: 19_190,
  bank_state: "awaiting_after",
  card_id: card.id,
  presented_card_id: card.id,
  masked_number: card.masked_number,
  clock_suspect: false,
  currency: "ZAR",
  events: [],
  facts: {},
  failures: [],
  merchant: "SAMPLE STORE",
  merchant_category_code: "5411",
  merchant_city: "Sandton",
  merchant_country: "ZA",
  occurred_at: BEFORE,
  received_at: BEFORE,
  order: null,
  outcome: "approve",
  reasons: [{ ...reason, explained: null }],
  reference: "ref_1",
  repeats: 0,
  rule_set_version: 1,
  shopper,
  simulated: true,
  stand_in: false,
};
export const status: Status = {
  clock: "real",
  demo: false,
  now: NOW,
  partner_url: "https://cards.example.org",
  started_at: BEFORE,
  user: { name: "thabo", role: "ops_lead" },
  version: "0.1.0",
};
const channel = { configured: true, pending: 0, dead: 1, last_delivered_at: BEFORE, last_error: null };
export const health: FeedHealth = {
  last_swipe_at: BEFORE,
  last_after_at: BEFORE,
  last_ingest_at: null,
  open_feed_gaps: 0,
  unmatched_events: 1,
  stand_ins_24h: 0,
  late_answers_24h: 0,
  swipes_24h: 10,
  declines_24h: 1,
  simulated_24h: 1,
  latency: { count: 10, p50_ms: 3, p99_ms: 12, max_ms: 20 },
  writer: { live_depth: 0, bulk_depth: 0, failing: null, stand_ins_unrecorded: 0 },
  storage: { engine: "sqlite", synchronous: "full", database_bytes: 1_000 },
  slack: channel,
  shopper_webhook: { ...channel, configured: false },
  native: channel,
};
export const settings: Settings = {
  fallback: "decline",
  deadline_ms: 1_000,
  duplicate_window_secs: 90,
  hold_minutes: 60,
  slack_webhook_url: null,
  shopper_webhook_url: null,
  shopper_webhook_secret_set: false,
  native_notifications: true,
  desk_link: null,
  home_currency: "ZAR",
  version: 1,
};
export const key: PartnerKey = {
  id: "key_1",
  name: "card code",
  scope: "webhook",
  created_at: BEFORE,
  last_used_at: null,
  revoked_at: null,
};

const cardCounts = { all: 1, active: 1, deactivated: 0, with_open_alerts: 1 };
const alertCounts = { open: 1, in_review: 0, resolved: 0, critical_open: 1, snoozed: 0, mine: 0 };
const sent = {
  id: "out_1",
  kind: "slack",
  state: "dead",
  subject: alert.title,
  alert_id: alert.id,
  attempts: 5,
  created_at: BEFORE,
  delivered_at: null,
  next_attempt_at: null,
  last_error: "Slack answered 404",
};
const bankEvent = {
  event_id: "ev_1",
  kind: "after",
  received_at: BEFORE,
  card_id: card.id,
  masked_number: card.masked_number,
  merchant: "SAMPLE STORE",
  amount_cents: 100,
  currency: "ZAR",
  simulated: true,
};

/** One change waits, and was tried: what the rules screens show when they are in use. */
const changed = { parameters: { over_cents: 10_000 } };
const rulesInUse = {
  ...rulesAnswers(),
  rules: list([{ ...rule, id: "no_open_order", name: "No open order", parameters: {} }, rule, shadow]),
  drafts: list([draftOf(changed)], { second_person: false }),
  replays: list([replayOf("done", changed)]),
};

function answerTo(method: string, path: string, world: Partial<Status>): unknown {
  const [name = ""] = path.replace("/v1/", method === "GET" ? "" : `${method} `).split("?");
  const answers: Record<string, unknown> = {
    status: { ...status, ...world },
    "feed-health": health,
    ...rulesInUse,
    cards: list([card], { counts: cardCounts }),
    "cards/c1": card,
    "cards/c1/history": list([
      { seq: 1, at: BEFORE, actor: "user:thabo", action: "card_deactivated", subject: "card:c1", detail: {}, hash: "" },
    ]),
    alerts: list([alert], { counts: alertCounts }),
    "alerts/alr_1": detail,
    authorizations: list([swipe]),
    "authorizations/aut_1": swipe,
    settings,
    keys: list([key]),
    outbox: list([sent]),
    "bank-events": list([bankEvent]),
    "card-logs": list([{ id: "log_1", received_at: BEFORE, card_id: card.id, level: "error", message: "no answer" }]),
  };
  return answers[name];
}

/** What `invoke` is to answer in the window; reports, and acts without an answer of their own, are refused. */
export function stubDaemon(world: Partial<Status> = {}) {
  return (command: string, args?: { request?: { method: string; path: string } }): Promise<unknown> => {
    if (command !== "call_daemon") return Promise.resolve(null);
    const body = args?.request === undefined ? undefined : answerTo(args.request.method, args.request.path, world);
    const refusal = { code: "not_found", message: "Not in this test." };
    return Promise.resolve({
      status: body === undefined ? 404 : 200,
      body: JSON.stringify(body ?? refusal),
      content_type: "application/json",
    });
  };
}
