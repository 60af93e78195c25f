/** What differs between two wordings of a rule. */
import { money } from "../format";
import type { ParameterValue, Rule } from "../api/rules";
import { severity } from "../words";
import { fieldOf, shownValue } from "./parameters";
import { modeWord, outcomeWord } from "./words";

export interface Line {
  kind: "same" | "added" | "removed";
  text: string;
}

/** Lines of `before` and `after` in one column: kept, removed and added, by the longest common run of lines. */
export function lineDiff(before: string, after: string): Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
  const width = b.length + 1;
  // common[i * width + j]: the most lines that a[i..] and b[j..] have in common, in order.
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ kind: "same", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "removed", text: left });
      i += 1;
    } else if (right !== undefined) {
      lines.push({ kind: "added", text: right });
      j += 1;
    }
  }
  return lines;
}

export interface FieldChange {
  label: string;
  /** Null where there was, or is, nothing. */
  before: string | null;
  after: string | null;
}

export interface RuleDiff {
  fields: FieldChange[];
  /** Null when the expression is the same. */
  expression: Line[] | null;
}

/** What of a rule people write; version and authorship are the daemon's. */
export type RuleBody = Pick<Rule, "name" | "description" | "mode" | "outcome" | "severity" | "expression" | "parameters">;

function parameterText(name: string, value: ParameterValue | undefined): string | null {
  return value === undefined ? null : shownValue(fieldOf(name, value), value, money);
}

function parameterChanges(before: RuleBody["parameters"] = {}, after: RuleBody["parameters"] = {}): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    const label = fieldOf(name, now ?? old ?? "").label;
    return [{ label, before: parameterText(name, old), after: parameterText(name, now) }];
  });
}

/** What `after` changes in `before`; null stands for no rule at all. */
export function ruleDiff(before: RuleBody | null, after: RuleBody): RuleDiff {
  const pairs: [string, string | undefined, string][] = [
    ["Name", before?.name, after.name],
    ["Description", before?.description, after.description ?? ""],
    ["Mode", before && modeWord(before.mode).text, modeWord(after.mode).text],
    ["Outcome", before && outcomeWord(before.outcome), outcomeWord(after.outcome)],
    ["Severity", before && severity(before.severity).text, severity(after.severity).text],
  ].map(([label, old, now]) => [label ?? "", old ?? undefined, now ?? ""]);
  const fields = pairs
    .filter(([, old, now]) => (old ?? "") !== now)
    .map(([label, old, now]) => ({ label, before: old === undefined || old === "" ? null : old, after: now === "" ? null : now }));
  const same = before?.expression === after.expression;
  return {
    fields: [...fields, ...parameterChanges(before?.parameters, after.parameters)],
    expression: same ? null : before === null ? lineDiff("", after.expression).filter(({ kind }) => kind === "added") : lineDiff(before.expression, after.expression),
  };
}

export function isSame(diff: RuleDiff): boolean {
  return diff.fields.length === 0 && diff.expression === null;
}

/** What changed, in few words: `Mode, Over amount, expression`. */
export function changedWords(diff: RuleDiff): string {
  const words = diff.fields.map(({ label }) => label);
  if (diff.expression !== null) words.push("Expression");
  return words.length === 0 ? "Nothing" : words.map((word, index) => (index === 0 ? word : word.toLowerCase())).join(", ");
}
