/** A rule's thresholds as fields: what each is, read from its value and its name, and what was typed. */
import { humanise } from "../format";
import type { ParameterValue } from "../api/rules";

export type FieldKind = "flag" | "money" | "number" | "text" | "words";

export interface ParameterField {
  name: string;
  label: string;
  kind: FieldKind;
  /** Said after the field; money has its sign before it. */
  unit: string;
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/km_per_hour$/, "km/h"],
  [/_per_hour$/, "an hour"],
  [/_per_day$/, "a day"],
  [/(^|_)km(_|$)/, "km"],
  [/(^|_)metres?$/, "m"],
  [/(^|_)percent$/, "%"],
  [/(^|_)(minutes?|min)$/, "min"],
  [/(^|_)hours?$/, "h"],
  [/(^|_)days?$/, "days"],
  [/(^|_)(secs|seconds)$/, "s"],
];

function unitOf(name: string): string {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}

/** Cents stand in the name wherever a threshold is money: `over_cents`, `cents_per_day`. */
const MONEY = /(^|_)cents(_|$)/;

function kindOf(name: string, value: ParameterValue): FieldKind {
  if (typeof value === "boolean") return "flag";
  if (Array.isArray(value)) return "words";
  if (typeof value === "string") return "text";
  return MONEY.test(name) ? "money" : "number";
}

export function fieldOf(name: string, value: ParameterValue): ParameterField {
  const kind = kindOf(name, value);
  const label = humanise(kind === "money" ? name.replace("cents", "amount") : name);
  return { name, label, kind, unit: kind === "text" || kind === "words" ? "" : unitOf(name) };
}

const CENTS = 100;

/** A value as it is shown for typing: cents as rand, words with commas between. */
export function typedOf(field: ParameterField, value: ParameterValue): string {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "number") return String(value);
  if (field.kind !== "money") return String(value);
  return value % CENTS === 0 ? String(value / CENTS) : (value / CENTS).toFixed(2);
}

export type Read = { ok: true; value: ParameterValue } | { ok: false; failure: string };
const read = (value: ParameterValue): Read => ({ ok: true, value });
const refused = (failure: string): Read => ({ ok: false, failure });

function readMoney(text: string): Read {
  const match = /^(-?)R?(\d+)(?:\.(\d{1,2}))?$/.exec(text.replaceAll(/[\s,]/g, ""));
  if (match === null) return refused("An amount in rand, such as 25 or 25.50.");
  const [, sign = "", rand = "0", cents = "0"] = match;
  const value = Number(rand) * CENTS + Number(cents.padEnd(2, "0"));
  return Number.isSafeInteger(value) ? read(sign === "-" ? -value : value) : refused("This amount is too large.");
}

function readNumber(text: string): Read {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return refused("A number.");
  const value = Number(text);
  return Number.isSafeInteger(Math.trunc(value)) ? read(value) : refused("This number is too large.");
}

/** The words typed, one a line or between commas, each once. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.split(/[\n,]/).map((word) => word.trim()).filter((word) => word !== ""))];
}

export function valueOf(field: ParameterField, typed: string): Read {
  switch (field.kind) {
    case "flag":
      return read(typed === "true");
    case "words":
      return read(wordsOf(typed));
    case "text":
      return read(typed.trim());
    case "money":
      return readMoney(typed.trim());
    case "number":
      return readNumber(typed.trim());
  }
}

/** A threshold as read by people: `R25.00` is the window's one form, so money is left to the caller. */
export function shownValue(field: ParameterField, value: ParameterValue, money: (cents: number) => string): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value === "" ? "empty" : value;
  const text = field.kind === "money" ? money(value) : String(value);
  return field.unit === "" ? text : `${text} ${field.unit}`;
}

/** Why a new threshold cannot have this name; null when it can. */
export function nameFault(name: string, taken: readonly string[]): string | null {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) return "Small letters, digits and _, beginning with a letter.";
  return taken.includes(name) ? "This rule has a threshold of that name already." : null;
}
