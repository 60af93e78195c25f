/** The first steps of a new desk, each judged by what the daemon says. Pure. */
import type { FeedHealth, PartnerKey, Settings, Status } from "./api/client";

export interface GuideFacts {
  status: Status | null;
  health: FeedHealth | null;
  keys: readonly PartnerKey[] | null;
  settings: Settings | null;
  deactivatedCards: number;
  /** A card has been deactivated from this window before. */
  tried: boolean;
}

export type StepId = "bank" | "slack" | "orders" | "card";
export type StepState = "todo" | "begun" | "done" | "unknown";

export interface Step {
  id: StepId;
  title: string;
  state: StepState;
  /** What is so now. */
  now: string;
}

function keyOf(keys: readonly PartnerKey[], scope: PartnerKey["scope"]): PartnerKey | undefined {
  return keys.find((key) => key.scope === scope && key.revoked_at == null);
}

function feedStep(
  id: StepId,
  title: string,
  facts: GuideFacts,
  scope: PartnerKey["scope"],
  arrived: string | null,
): Step {
  if (facts.keys === null || facts.health === null) return { id, title, state: "unknown", now: "Asking the daemon." };
  if (arrived !== null) return { id, title, state: "done", now: arrived };
  const key = keyOf(facts.keys, scope);
  if (key === undefined) return { id, title, state: "todo", now: `No key with scope ${scope} yet.` };
  const used = key.last_used_at == null ? "nothing has called with it yet" : "it is used, but nothing was recorded yet";
  return { id, title, state: "begun", now: `Key ${key.name} exists; ${used}.` };
}

function slackStep({ health, settings }: GuideFacts): Step {
  const title = "Connect Slack";
  if (health === null || settings === null) return { id: "slack", title, state: "unknown", now: "Asking the daemon." };
  if (!health.slack.configured && settings.slack_webhook_url == null)
    return { id: "slack", title, state: "todo", now: "No address yet." };
  if (health.slack.last_delivered_at != null)
    return { id: "slack", title, state: "done", now: "Messages are delivered." };
  const trouble = health.slack.last_error ?? "no message has been delivered yet";
  return { id: "slack", title, state: "begun", now: `The address is set; ${trouble}.` };
}

function cardStep({ deactivatedCards, tried, status }: GuideFacts): Step {
  const title = status?.demo === true ? "Try deactivating a demo card" : "Try deactivating a card";
  const done = tried || deactivatedCards > 0;
  return { id: "card", title, state: done ? "done" : "todo", now: done ? "Done once." : "Not tried yet." };
}

export function guideSteps(facts: GuideFacts): Step[] {
  const demo = facts.status?.demo === true;
  const swiped = facts.health?.last_swipe_at != null;
  const fed = facts.health?.last_ingest_at != null;
  return [
    feedStep(
      "bank",
      "Connect the bank",
      facts,
      "webhook",
      swiped ? (demo ? "The demo replays swipes as the bank would send them." : "Swipes come in.") : null,
    ),
    slackStep(facts),
    feedStep(
      "orders",
      "Feed orders",
      facts,
      "ingest",
      fed ? (demo ? "The demo brought its orders." : "Order data comes in.") : null,
    ),
    cardStep(facts),
  ];
}

/** The guide shows by itself only on a desk that has seen no swipe. */
export function isFirstRun({ health, status }: Pick<GuideFacts, "health" | "status">): boolean {
  return health !== null && status !== null && !status.demo && health.last_swipe_at == null;
}
