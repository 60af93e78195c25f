/** The words an expression may hold: for completion, for the fact reference, and where a mistake stands. */
import type { ParameterValue, Vocabulary } from "../api/rules";
import { money, plural } from "../format";
import { fieldOf, shownValue } from "./parameters";

export interface Word {
  /** What is inserted. */
  name: string;
  kind: string;
  meaning: string;
}

export interface WordGroup {
  root: string;
  title: string;
  words: Word[];
}

/** What CEL has by itself; the daemon refuses any other function. */
export const FUNCTIONS: readonly Word[] = [
  { name: "size", kind: "function", meaning: "How many characters or entries: size(swipe.merchant)." },
  { name: "contains", kind: "function", meaning: 'Whether a text holds another: swipe.merchant.contains("BAR").' },
  { name: "startsWith", kind: "function", meaning: 'swipe.merchant.startsWith("MAKRO").' },
  { name: "endsWith", kind: "function", meaning: 'swipe.merchant.endsWith("LIQUOR").' },
  { name: "matches", kind: "function", meaning: 'Whether a pattern is found: swipe.category.matches("^55").' },
  { name: "exists", kind: "function", meaning: "Whether one of a list's words fits: p.words.exists(w, swipe.merchant.contains(w))." },
  { name: "all", kind: "function", meaning: "Whether all of a list's words fit." },
  { name: "exists_one", kind: "function", meaning: "Whether exactly one of a list's words fits." },
  { name: "filter", kind: "function", meaning: "The words of a list that fit." },
  { name: "map", kind: "function", meaning: "A list made of another." },
  { name: "has", kind: "function", meaning: "Whether something is there: has(p.minutes)." },
  { name: "int", kind: "function", meaning: "As a whole number." },
  { name: "double", kind: "function", meaning: "As a number with decimals; needed before multiplying by a share." },
  { name: "string", kind: "function", meaning: "As a text." },
  { name: "bool", kind: "function", meaning: "As true or false." },
  { name: "math.greatest", kind: "function", meaning: "The largest: math.greatest(a, b)." },
  { name: "math.least", kind: "function", meaning: "The smallest." },
  { name: "math.abs", kind: "function", meaning: "Without its sign." },
  { name: "math.ceil", kind: "function", meaning: "Rounded up." },
  { name: "math.floor", kind: "function", meaning: "Rounded down." },
  { name: "math.round", kind: "function", meaning: "Rounded." },
];

export const OUTCOME_WORDS: readonly Word[] = [
  { name: '"none"', kind: "outcome", meaning: "The rule does not fire." },
  { name: '"alert"', kind: "outcome", meaning: "Fires and alerts, whatever the rule's own outcome." },
  { name: '"decline"', kind: "outcome", meaning: "Fires and declines." },
  { name: '"decline_and_deactivate"', kind: "outcome", meaning: "Fires, declines and holds the card." },
];

const TITLES: Record<string, string> = {
  p: "Thresholds of this rule",
  swipe: "The swipe",
  card: "Its card",
  order: "Its order",
  merchant: "The merchant",
  shift: "The shopper's roster",
  velocity: "Earlier swipes of the card",
  travel: "Where the card was before",
  event: "Gaps in the feed",
  list: "Lists",
  function: "Functions",
  outcome: "Outcomes an expression may name",
};

function kindOf(value: ParameterValue): string {
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "int";
}

/** The rule's own thresholds as words. */
export function parameterWords(parameters: Readonly<Record<string, ParameterValue>>): Word[] {
  return Object.entries(parameters).map(([name, value]) => ({
    name: `p.${name}`,
    kind: kindOf(value),
    meaning: Array.isArray(value) ? `${plural(value.length, "word")} now.` : `Now ${shownValue(fieldOf(name, value), value, money)}.`,
  }));
}

const rootOf = (word: Word): string =>
  word.kind === "function" || word.kind === "outcome" ? word.kind : (word.name.split(".")[0] ?? "");

/** Every word, grouped by its root in the order the daemon sends them, thresholds first. */
export function grouped(vocabulary: Vocabulary | null, parameters: Readonly<Record<string, ParameterValue>>): WordGroup[] {
  const words = [
    ...parameterWords(parameters),
    ...(vocabulary?.facts ?? []),
    ...(vocabulary?.lists ?? []),
    ...FUNCTIONS,
    ...OUTCOME_WORDS,
  ];
  const groups = new Map<string, WordGroup>();
  for (const word of words) {
    const root = rootOf(word);
    const group = groups.get(root) ?? { root, title: TITLES[root] ?? root, words: [] };
    group.words.push(word);
    groups.set(root, group);
  }
  return [...groups.values()];
}

/** The groups with only the words that `query` names; every word of it must be found. */
export function searched(groups: readonly WordGroup[], query: string): WordGroup[] {
  const wanted = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const fits = (word: Word, title: string) => {
    const text = `${word.name} ${word.kind} ${word.meaning} ${title}`.toLowerCase();
    return wanted.every((part) => text.includes(part));
  };
  return groups.flatMap((group) => {
    const words = group.words.filter((word) => fits(word, group.title));
    return words.length === 0 ? [] : [{ ...group, words }];
  });
}

/** What is being written before the cursor: where it begins, and the words that may stand there. */
export function completing(before: string, groups: readonly WordGroup[]): { from: number; words: Word[] } | null {
  const typed = /"?[A-Za-z_][\w.]*$|"$/.exec(before);
  if (typed === null) return null;
  const [text] = typed;
  const from = typed.index;
  const all = groups.flatMap((group) => group.words);
  // After a value and a dot only functions called on it may come.
  const dot = text.lastIndexOf(".");
  const named = all.filter((word) => word.name.startsWith(text) && word.name !== text);
  if (named.length > 0) return { from, words: named };
  if (dot > 0) {
    const rest = text.slice(dot + 1);
    const called = all.filter((word) => word.kind === "function" && !word.name.includes(".") && word.name.startsWith(rest));
    return called.length === 0 ? null : { from: from + dot + 1, words: called };
  }
  const loose = all.filter((word) => word.name.toLowerCase().includes(text.toLowerCase()));
  return loose.length === 0 ? null : { from, words: loose };
}

/**
 * Where a mistake stands: from the place the daemon names, counted in characters from 1, to the end of the
 * word there. Offsets are those of a string here, which counts some characters twice.
 */
export function placeOf(text: string, line: number, column: number): { from: number; to: number } {
  const lines = text.split("\n");
  const index = Math.min(Math.max(1, line), lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const row = lines[index] ?? "";
  const into = [...row].slice(0, Math.max(0, column - 1)).join("").length;
  const from = start + Math.min(into, row.length);
  const word = /^([\w.]+|"[^"]*"?|\S)/.exec(row.slice(into));
  const to = word === null ? from : from + word[0].length;
  // A mistake at the end of a line has nothing under it, so the last character is marked.
  return to > from ? { from, to } : { from: Math.max(start, from - 1), to: from };
}
