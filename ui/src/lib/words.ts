/** The words the window uses for the daemon's codes, one per thing. */
import { humanise } from "./format";

export type Tone = "neutral" | "good" | "warning" | "critical" | "info" | "accent";

export interface Word {
  text: string;
  tone: Tone;
}

const ALERT_STATUS: Record<string, Word> = {
  open: { text: "Open", tone: "accent" },
  in_review: { text: "In review", tone: "info" },
  resolved: { text: "Resolved", tone: "neutral" },
};

const DISPOSITION: Record<string, Word> = {
  confirmed_fraud: { text: "Confirmed fraud", tone: "critical" },
  false_positive: { text: "False positive", tone: "good" },
  inconclusive: { text: "Inconclusive", tone: "neutral" },
  explained: { text: "Explained", tone: "good" },
};

const SEVERITY: Record<string, Word> = {
  critical: { text: "Critical", tone: "critical" },
  warning: { text: "Warning", tone: "warning" },
  info: { text: "Info", tone: "info" },
};

const CARD_STATUS: Record<string, Word> = {
  active: { text: "Active", tone: "good" },
  deactivated: { text: "Deactivated", tone: "critical" },
  held: { text: "Held", tone: "warning" },
};

const OUTCOME: Record<string, Word> = {
  approve: { text: "Approved", tone: "good" },
  decline: { text: "Declined", tone: "critical" },
};

const RULE_OUTCOME: Record<string, Word> = {
  none: { text: "Notes only", tone: "neutral" },
  alert: { text: "Alerts", tone: "warning" },
  decline: { text: "Declines", tone: "critical" },
  decline_and_deactivate: { text: "Declines and deactivates", tone: "critical" },
};

const BANK_STATE: Record<string, Word> = {
  awaiting_after: { text: "Waiting for the bank's after-event", tone: "neutral" },
  reported_success: { text: "Bank reports success", tone: "good" },
  reported_declined: { text: "Bank reports declined", tone: "critical" },
  reversed: { text: "Reversed in full", tone: "info" },
  partly_reversed: { text: "Partly reversed", tone: "info" },
  contradicted: { text: "Bank contradicts our decision", tone: "warning" },
  none_expected: { text: "No bank event expected", tone: "neutral" },
};

const EVENT_KIND: Record<string, string> = {
  after: "After: the bank reports the swipe",
  decline: "The bank declined",
  reversal: "Reversal",
  adjustment: "Adjustment",
};

/** What people and rules did, as the audit log calls it. */
const ACTION: Record<string, string> = {
  card_deactivated: "Deactivated",
  card_reactivated: "Reactivated",
  hold_confirmed: "Hold confirmed",
  alerted: "Raised an alert",
  declined: "Declined a swipe",
};

/** What happened to an alert, where its own text does not begin with it. */
const TIMELINE_KIND: Record<string, string> = {
  raised: "Raised",
  joined: "Joined",
  late: "Late",
  explained: "Explained",
  reopened: "Reopened",
  note: "Note",
};

const CHANNEL: Record<string, string> = {
  slack: "Slack",
  shopper_webhook: "Shopper webhook",
  native: "Native notification",
};

const OUTBOX_STATE: Record<string, Word> = {
  pending: { text: "Pending", tone: "warning" },
  delivered: { text: "Delivered", tone: "good" },
  dead: { text: "Gave up", tone: "critical" },
};

const MERCHANT_MATCH: Record<string, string> = {
  exact: "name matches the store",
  alias: "matches a known name of the store",
  branch_code: "matches the store's name with a branch code in it",
  suffix: "matches the store's name but for words such as the town",
  brand_only: "names the chain but no branch",
  liquor_annex: "is the liquor till beside the store's grocery till",
  truncated: "matches the store's name as the bank cuts it",
  none: "does not match the store",
  unknown_store: "store unknown",
};

function wordIn(words: Record<string, Word>, code: string): Word {
  return words[code] ?? { text: humanise(code), tone: "neutral" };
}

export const alertStatus = (code: string): Word => wordIn(ALERT_STATUS, code);
export const disposition = (code: string): Word => wordIn(DISPOSITION, code);
export const severity = (code: string): Word => wordIn(SEVERITY, code);
export const cardStatus = (code: string): Word => wordIn(CARD_STATUS, code);
export const outcome = (code: string): Word => wordIn(OUTCOME, code);
export const ruleOutcome = (code: string): Word => wordIn(RULE_OUTCOME, code);
export const bankState = (code: string): Word => wordIn(BANK_STATE, code);
export const outboxState = (code: string): Word => wordIn(OUTBOX_STATE, code);
export const eventKind = (code: string): string => EVENT_KIND[code] ?? humanise(code);
export const auditAction = (code: string): string => ACTION[code] ?? humanise(code);
export const channel = (code: string): string => CHANNEL[code] ?? humanise(code);
export const merchantMatch = (code: string): string => MERCHANT_MATCH[code] ?? humanise(code).toLowerCase();

/** An alert's happening with its kind in front, unless the text says it already. */
export function timelineText(entry: { kind: string; text: string }): string {
  const kind = TIMELINE_KIND[entry.kind];
  return kind === undefined || entry.text.startsWith(kind) ? entry.text : `${kind}: ${entry.text}`;
}

/** Who did it: `user:thabo` is a person, `rule:no_open_order` a rule, `system` the daemon by itself. */
export function actor(code: string): string {
  const [kind = "", ...rest] = code.split(":");
  const name = rest.join(":");
  if (code === "system") return "Cartwarden";
  if (kind === "user") return name;
  if (kind === "rule") return `Rule: ${reasonName({ rule: name, rule_name: humanise(name) }).toLowerCase()}`;
  return code;
}

/** The name of every gap in the bank's feed. It is never a shopper's doing. */
export const FEED_FAULT = "Feed fault";
const FEED_RULE = "feed_gap";
export const FEED_FAULT_MEANS = "About the bank's feed. It says nothing about the shopper.";

/** Why a swipe stands without an order. */
export function noOrder(swipe: { shopper?: unknown }): string {
  return swipe.shopper == null
    ? "No shopper is known for this card, so there is no order to hold it against."
    : "No order of this shopper was open at the time.";
}

/** A rule as people see it. */
export function reasonName(reason: { rule: string; rule_name: string }): string {
  return reason.rule === FEED_RULE ? FEED_FAULT : reason.rule_name;
}

/** What deactivation means here, said wherever the state is explained. */
export const DEACTIVATED_MEANS = "Declines by code. Not a block at the bank.";
