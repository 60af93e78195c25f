/** The rules, drafts, replays and lists of the daemon for tests. */
import type { Draft, NamedList, Replay, ReplayResult, ReplaySide, Rule, RuleStatistics, Vocabulary } from "$lib/api/rules";

export const AT = "2026-11-17T08:00:00.000Z";
export const list = (items: readonly unknown[], more = {}) => ({ items, next: null, ...more });

export const rule: Rule = {
  id: "over_order_value",
  name: "Over the order's value",
  description: "The swipes exceed it.",
  scope: "swipe",
  mode: "live",
  outcome: "alert",
  severity: "critical",
  expression: "order.over_cents > p.over_cents",
  parameters: { over_cents: 2_500 },
  version: 3,
  updated_at: AT,
  updated_by: "user:thabo",
};
export const shadow: Rule = { ...rule, id: "off_shift", name: "Off shift", mode: "shadow", parameters: {}, expression: "true" };
export const draftOf = (body: Partial<Rule>): Draft => ({
  id: "draft_1",
  rule: { ...rule, ...body },
  base_version: 3,
  status: "open",
  proposed_at: AT,
  proposed_by: "user:thabo",
});

export const side: ReplaySide = {
  flagged: 10,
  alerts: 8,
  declined: 1,
  declined_cents: 100,
  confirmed: 3,
  false_positive: 2,
  missed: 0,
  precision_percent: 60,
  failures: 0,
};
const found: ReplayResult = {
  swipes: 100,
  without_facts: 2,
  unlike_then: 12,
  today: side,
  draft: { ...side, false_positive: 1 },
  by_shopper: [],
  by_store: [],
  examples: [],
  changed: 1,
  links_as_recorded: true,
};
export const replayOf = (status: Replay["status"], body: Partial<Rule> = {}): Replay => ({
  id: "replay_1",
  rule: { ...rule, ...body },
  from: AT,
  to: AT,
  status,
  started_at: AT,
  done: 40,
  total: 100,
  result: status === "done" ? found : null,
});

const statistics: RuleStatistics = {
  rule: rule.id,
  fired: 12,
  shadow_fired: 0,
  confirmed: 9,
  false_positive: 1,
  inconclusive: 0,
  explained: 1,
  open: 1,
  precision_percent: 90,
  declined_cents: 10_000,
  recovered_cents: 2_050,
};
const vocabulary: Vocabulary = {
  facts: [{ name: "order.over_cents", kind: "int", meaning: "How far it is exceeded." }],
  lists: [],
};
const denied: NamedList = {
  id: "deny_cards",
  kind: "deny",
  note: "Lost cards",
  entries: 1,
  used_by: ["deny_list"],
  updated_at: AT,
  updated_by: "user:thabo",
};

/** What a daemon with these answers to each call of the rules screens; no draft, no replay. */
export const rulesAnswers = (): Record<string, unknown> => ({
  rules: list([rule, shadow]),
  "rules/statistics": list([statistics]),
  "rules/vocabulary": vocabulary,
  "rules/over_order_value/versions": list([rule, { ...rule, version: 2, parameters: { over_cents: 5_000 } }]),
  "POST rules/check": { ok: true },
  drafts: list([], { second_person: false }),
  replays: list([]),
  lists: list([denied]),
  "lists/deny_cards/entries": list(["card_1"]),
});
