/** A replay in words: today beside the draft, which way each number went, and whether that is good. */
import { count, money, plural } from "../format";
import type { ReplayExample, ReplayResult, ReplaySide } from "../api/rules";

export type Verdict = "better" | "worse" | "same" | "neither";

export interface Comparison {
  label: string;
  hint?: string;
  today: string;
  draft: string;
  /** `-12`, `+3`, `+R120.00`; empty when nothing changed. */
  change: string;
  /** `12 fewer`, `3 more`, `the same`. */
  words: string;
  verdict: Verdict;
}

/** Which way is good: more of it, fewer of it, or neither by itself. */
type Wanted = "more" | "fewer" | "neither";

function verdictOf(by: number, wanted: Wanted): Verdict {
  if (by === 0) return "same";
  if (wanted === "neither") return "neither";
  return by > 0 === (wanted === "more") ? "better" : "worse";
}

const signed = (by: number, text: (n: number) => string): string =>
  by === 0 ? "" : `${by > 0 ? "+" : "-"}${text(Math.abs(by))}`;

function counts(label: string, today: number, draft: number, wanted: Wanted, hint?: string): Comparison {
  const by = draft - today;
  return {
    label,
    ...(hint === undefined ? {} : { hint }),
    today: count(today),
    draft: count(draft),
    change: signed(by, count),
    words: by === 0 ? "the same" : `${count(Math.abs(by))} ${by > 0 ? "more" : "fewer"}`,
    verdict: verdictOf(by, wanted),
  };
}

function amounts(label: string, today: number, draft: number): Comparison {
  const by = draft - today;
  return {
    label,
    today: money(today),
    draft: money(draft),
    change: signed(by, money),
    words: by === 0 ? "the same" : `${money(Math.abs(by))} ${by > 0 ? "more" : "less"}`,
    verdict: verdictOf(by, "neither"),
  };
}

function precision(today: ReplaySide, draft: ReplaySide): Comparison {
  const [before, after] = [today.precision_percent ?? null, draft.precision_percent ?? null];
  const shown = (percent: number | null) => (percent === null ? "not known" : `${percent} %`);
  const by = before === null || after === null ? null : after - before;
  return {
    label: "Precision",
    hint: "Of the swipes that people have decided on, how many were fraud",
    today: shown(before),
    draft: shown(after),
    change: by === null ? "" : signed(by, (n) => `${n} points`),
    words: by === null ? "cannot be compared" : by === 0 ? "the same" : `${Math.abs(by)} points ${by > 0 ? "higher" : "lower"}`,
    verdict: by === null ? "neither" : verdictOf(by, "more"),
  };
}

export function comparisons({ today, draft }: Pick<ReplayResult, "today" | "draft">): Comparison[] {
  const rows = [
    counts("Swipes flagged", today.flagged, draft.flagged, "neither"),
    counts("Alerts", today.alerts, draft.alerts, "neither", "Swipes of one card within 10 minutes are one alert"),
    counts("Declined", today.declined, draft.declined, "neither"),
    amounts("Declined, amount", today.declined_cents, draft.declined_cents),
    counts("Confirmed fraud caught", today.confirmed, draft.confirmed, "more"),
    counts("False alarms", today.false_positive, draft.false_positive, "fewer", "Flagged swipes that people found false"),
    counts("Confirmed fraud missed", today.missed, draft.missed, "fewer"),
    precision(today, draft),
  ];
  if (today.failures > 0 || draft.failures > 0) {
    rows.push(counts("Could not be evaluated", today.failures, draft.failures, "fewer", "Swipes on which some rule failed"));
  }
  return rows;
}

/** The finding in one sentence, the most important difference first. */
export function finding(result: ReplayResult): string {
  if (result.changed === 0) return "The draft judges every swipe of the period as today's rules do.";
  const { today, draft } = result;
  const parts: string[] = [];
  const say = (by: number, more: string, fewer: string) => {
    if (by !== 0) parts.push(`${count(Math.abs(by))} ${by > 0 ? more : fewer}`);
  };
  say(draft.confirmed - today.confirmed, "more confirmed fraud caught", "fewer confirmed fraud caught");
  say(draft.false_positive - today.false_positive, "more false alarms", "fewer false alarms");
  say(draft.declined - today.declined, "more declined", "fewer declined");
  if (parts.length === 0) say(draft.alerts - today.alerts, "more alerts", "fewer alerts");
  const rest = parts.length === 0 ? "" : `: ${parts.join(", ")}`;
  return `${plural(result.changed, "swipe")} judged differently${rest}.`;
}

/** What a set of rules said of one swipe. */
export function judged(outcome: string, rules: readonly string[]): "Declined" | "Alerts" | "Not flagged" {
  if (outcome === "decline") return "Declined";
  return rules.length > 0 ? "Alerts" : "Not flagged";
}

/** The rules that only one side has, so that a row says what made the difference. */
export function differing(example: Pick<ReplayExample, "today_rules" | "draft_rules">): { gone: string[]; come: string[] } {
  return {
    gone: example.today_rules.filter((rule) => !example.draft_rules.includes(rule)),
    come: example.draft_rules.filter((rule) => !example.today_rules.includes(rule)),
  };
}

/** What the numbers leave out, each with its reason. */
export function caveats(result: Pick<ReplayResult, "without_facts" | "unlike_then" | "links_as_recorded" | "swipes">): string[] {
  const notes: string[] = [];
  if (result.without_facts > 0) {
    notes.push(
      `${plural(result.without_facts, "swipe was", "swipes were")} left out: recorded before Cartwarden kept every fact, so no rule can be tried on them.`,
    );
  }
  if (result.unlike_then > 0) {
    const which = result.unlike_then === 1 ? "one" : count(result.unlike_then);
    notes.push(`Today's rules judge ${which} of these swipes otherwise than was decided then: they have changed since.`);
  }
  if (result.links_as_recorded) {
    notes.push(
      "This draft changes which order a swipe is tied to. The replay keeps the ties as they were recorded, so in use it will find somewhat more or fewer than shown here.",
    );
  }
  if (result.swipes === 0) notes.push("No swipe of this period could be judged. Choose a longer one.");
  return notes;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
export const PERIODS = ["7", "30", "90", "custom"] as const;
export type Period = (typeof PERIODS)[number];

/** When a replay begins and ends; a typed day is one of Johannesburg, the last one included. Null when it is no period. */
export function periodOf(period: Period, now: number, from: string, to: string): { from: string; to: string | null } | null {
  if (period !== "custom") return { from: new Date(now - Number(period) * DAY_MS).toISOString(), to: null };
  const start = Date.parse(`${from}T00:00:00+02:00`);
  const end = Date.parse(`${to}T00:00:00+02:00`) + DAY_MS;
  if (Number.isNaN(start) || Number.isNaN(end) || start >= end) return null;
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}
