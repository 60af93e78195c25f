/** The words about rules: what a mode does, what an outcome asks for, why a draft was refused. */
import type { DaemonError } from "../api/errors";
import type { RuleMode, RuleOutcome, RuleStatistics } from "../api/rules";
import { plural } from "../format";
import { actor, ruleOutcome, type Tone } from "../words";

export interface ModeWord {
  text: string;
  means: string;
  tone: Tone;
}

const MODES: Record<RuleMode, ModeWord> = {
  live: { text: "Live", means: "Decides at every swipe, by its outcome.", tone: "good" },
  shadow: { text: "Shadow", means: "Recorded at every swipe; changes no decision.", tone: "info" },
  off: { text: "Off", means: "Not evaluated. What it found before is kept.", tone: "neutral" },
};
export const RULE_MODES: readonly RuleMode[] = ["live", "shadow", "off"];
export const modeWord = (mode: RuleMode): ModeWord => MODES[mode];

export const RULE_OUTCOMES: readonly RuleOutcome[] = ["alert", "decline", "decline_and_deactivate"];
const OUTCOME_ACTS: Record<RuleOutcome, string> = {
  alert: "Alert",
  decline: "Decline",
  decline_and_deactivate: "Decline and hold card",
};
const OUTCOME_MEANS: Record<RuleOutcome, string> = {
  alert: "The swipe goes through; somebody looks at it.",
  decline: "Declined, and somebody looks at it.",
  decline_and_deactivate: "Declined, and the card held until a person decides.",
};
export const outcomeWord = (outcome: RuleOutcome): string =>
  outcome === "decline_and_deactivate" ? "Declines, holds card" : ruleOutcome(outcome).text;
export const outcomeAct = (outcome: RuleOutcome): string => OUTCOME_ACTS[outcome];
export const outcomeMeans = (outcome: RuleOutcome): string => OUTCOME_MEANS[outcome];

/** What stands in the way of a draft, and what to do about it. */
export function draftRefusal(error: Pick<DaemonError, "code" | "message">): string {
  switch (error.code) {
    case "second_person_needed":
      return "You proposed this change, so somebody else must publish it. Ask another ops lead or an admin to look at it here.";
    case "rule_changed":
      return "The rule has changed since this draft was made, so nothing was published. Edit the draft, compare it with the version in force, and propose it again.";
    case "draft_decided":
      return "Somebody has published or withdrawn this draft already. The list is up to date again.";
    case "too_many_drafts":
      return "Too many drafts are open. Publish or withdraw some first.";
    case "too_many_replays":
      return "Too many replays are waiting. Cancel one first.";
    default:
      return error.message;
  }
}

/** Who wrote a version; the first ones came with the program. */
export const author = (code: string): string => (code === "shipped" ? "Cartwarden, as shipped" : actor(code));

/** Money that the rule kept in the house, in cents. */
export function savedCents(of: Pick<RuleStatistics, "declined_cents" | "recovered_cents">): number {
  return of.declined_cents + of.recovered_cents;
}

/** How often the rule was right so far; null before anybody has decided. */
export function trackRecord(of: Pick<RuleStatistics, "confirmed" | "false_positive"> | undefined): string | null {
  if (of === undefined) return null;
  const decided = of.confirmed + of.false_positive;
  return decided === 0 ? null : `right on ${of.confirmed} of ${plural(decided, "swipe")} decided`;
}
