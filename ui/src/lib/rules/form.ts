/** A rule while it is edited: everything as typed, and what of it the daemon is to be asked for. */
import type { AskedRule, ParameterValue, Rule, RuleMode, RuleOutcome, Severity } from "../api/rules";
import { isSame, ruleDiff, type RuleBody } from "./diff";
import { fieldOf, typedOf, valueOf, type ParameterField } from "./parameters";

export interface FormParameter {
  field: ParameterField;
  typed: string;
}

export interface RuleForm {
  id: string;
  name: string;
  description: string;
  mode: RuleMode;
  outcome: RuleOutcome;
  severity: Severity;
  expression: string;
  parameters: FormParameter[];
  /** The draft it was taken from, which a new proposal replaces. */
  fromDraft: string | null;
  /** What stood there when it was begun; null for a new rule. */
  base: RuleBody | null;
}

export function formOf(rule: RuleBody & { id: string }, fromDraft: string | null = null): RuleForm {
  return {
    id: rule.id,
    name: rule.name,
    description: rule.description ?? "",
    mode: rule.mode,
    outcome: rule.outcome,
    severity: rule.severity,
    expression: rule.expression,
    parameters: Object.entries(rule.parameters ?? {}).map(([name, value]) => {
      const field = fieldOf(name, value);
      return { field, typed: typedOf(field, value) };
    }),
    fromDraft,
    base: rule,
  };
}

/** A rule that does not exist yet: in shadow, so that nobody is hurt by a first attempt. */
export function newForm(id: string, name: string): RuleForm {
  const empty = { id, name, description: "", expression: "", parameters: {} };
  return { ...formOf({ ...empty, mode: "shadow", outcome: "alert", severity: "warning" }), base: null };
}

/** What is wrong with the fields, by name of the field; the expression is the daemon's to judge. */
export function faultsOf(form: RuleForm): Record<string, string> {
  const faults: Record<string, string> = {};
  if (form.name.trim() === "") faults["name"] = "A name is needed.";
  if (form.expression.trim() === "") faults["expression"] = "Say when the rule fires.";
  for (const { field, typed } of form.parameters) {
    const read = valueOf(field, typed);
    if (!read.ok) faults[`p.${field.name}`] = read.failure;
  }
  return faults;
}

/** The form as a rule. Thresholds that cannot be read are left out, which leaves them as they are in force. */
export function bodyOf(form: RuleForm): RuleBody & { id: string; parameters: Record<string, ParameterValue> } {
  const parameters: Record<string, ParameterValue> = {};
  for (const { field, typed } of form.parameters) {
    const read = valueOf(field, typed);
    if (read.ok) parameters[field.name] = read.value;
  }
  return {
    id: form.id,
    name: form.name.trim(),
    description: form.description.trim(),
    mode: form.mode,
    outcome: form.outcome,
    severity: form.severity,
    expression: form.expression,
    parameters,
  };
}

export const askedOf = (form: RuleForm): AskedRule => bodyOf(form);
export function askedRule(rule: Rule): AskedRule {
  const { id, name, description, mode, outcome, severity, expression, parameters } = rule;
  return { id, name, description: description ?? "", mode, outcome, severity, expression, parameters: parameters ?? {} };
}

/** Whether the form says something other than `rule`; a field that cannot be read counts as a change. */
export function isChanged(form: RuleForm, rule: RuleBody | null): boolean {
  if (rule === null) return true;
  if (Object.keys(faultsOf(form)).some((name) => name.startsWith("p."))) return true;
  return !isSame(ruleDiff(rule, bodyOf(form)));
}

/** Whether a replay of `tried` says what `wanted` would do: names and descriptions judge nothing. */
export function judgesAlike(tried: RuleBody, wanted: RuleBody): boolean {
  const judging = (rule: RuleBody) => ({ ...rule, name: "", description: "", severity: "info" as const });
  return isSame(ruleDiff(judging(tried), judging(wanted)));
}

/** An id made of a name: `Fuel at night` becomes `fuel_at_night`. */
export function idOf(name: string): string {
  const words = name.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return words.replaceAll(/^_+|_+$/g, "").slice(0, 64);
}

/** Why a rule or list cannot have this id; null when it can. */
export function idFault(id: string, taken: readonly string[], what: string): string | null {
  if (!/^[a-z0-9_]{1,64}$/.test(id)) return "1 to 64 small letters, digits and _.";
  return taken.includes(id) ? `There is a ${what} with this id already.` : null;
}
