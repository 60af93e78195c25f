/** The pure parts of the rules screens: fields, differences, words of a replay, completion. */
import { describe, expect, it } from "vitest";
import type { ReplayResult, ReplaySide, Rule } from "../api/rules";
import { caveats, comparisons, differing, finding, judged, periodOf } from "./compare";
import { changedWords, isSame, lineDiff, ruleDiff } from "./diff";
import { askedRule, bodyOf, faultsOf, formOf, idFault, idOf, isChanged, judgesAlike, newForm } from "./form";
import { deleteRefusal, importedWords } from "./list-entries.svelte";
import { fieldOf, nameFault, shownValue, typedOf, valueOf, wordsOf } from "./parameters";
import { completing, grouped, placeOf, searched } from "./vocabulary";
import { draftRefusal, savedCents, trackRecord } from "./words";
import { money } from "../format";

export const RULE: Rule = {
  id: "over_order_value",
  name: "Over the order's value",
  description: "The swipes exceed it.",
  scope: "swipe",
  mode: "live",
  outcome: "alert",
  severity: "critical",
  expression: "order.found\n&& order.over_cents > p.over_cents",
  parameters: { over_cents: 2_500, over_percent: 10, currency: "ZAR", words: ["5541", "5542"], strict: true },
  version: 3,
  updated_at: "2026-11-17T08:00:00.000Z",
  updated_by: "user:thabo",
};

describe("thresholds", () => {
  it.each([
    ["over_cents", 2_500, "money", "", "Over amount", "25"],
    ["cents_per_day", 800_050, "money", "a day", "Amount per day", "8000.50"],
    ["late_minutes", 30, "number", "min", "Late minutes", "30"],
    ["minutes", 15, "number", "min", "Minutes", "15"],
    ["over_percent", 10, "number", "%", "Over percent", "10"],
    ["km_per_hour", 120, "number", "km/h", "Km per hour", "120"],
    ["km_min", 5, "number", "km", "Km min", "5"],
    ["swipes_per_hour", 6, "number", "an hour", "Swipes per hour", "6"],
    ["percentile_rank", 6, "number", "", "Percentile rank", "6"],
    ["currency", "ZAR", "text", "", "Currency", "ZAR"],
    ["categories", ["5541", "5542"], "words", "", "Categories", "5541, 5542"],
    ["strict", true, "flag", "", "Strict", "true"],
  ] as const)("%s is a field with its unit", (name, value, kind, unit, label, typed) => {
    const sent = typeof value === "object" ? [...value] : value;
    const field = fieldOf(name, sent);
    expect(field).toMatchObject({ kind, unit, label });
    expect(typedOf(field, sent)).toBe(typed);
    expect(valueOf(field, typed)).toEqual({ ok: true, value: sent });
  });

  it.each([
    ["25.5", 2_550],
    ["R1,000", 100_000],
    ["0.07", 7],
    ["-1.10", -110],
    // Floats would make 1995.9999 of it.
    ["19.99", 1_999],
  ])("rand %s is %i cents", (typed, cents) =>
    expect(valueOf(fieldOf("over_cents", 0), typed)).toEqual({ ok: true, value: cents }));

  it.each(["", "abc", "1.234", "25 rand", "1e9", "99999999999999999999"])("rand %j is refused", (typed) =>
    expect(valueOf(fieldOf("over_cents", 0), typed).ok).toBe(false));
  it.each(["", "ten", "1.", "0x10", "99999999999999999999"])("number %j is refused", (typed) =>
    expect(valueOf(fieldOf("minutes", 0), typed).ok).toBe(false));

  it("words are kept once each, whatever stands between them", () =>
    expect(wordsOf(" 5541,5542\n\n5541 ,, BAR ")).toEqual(["5541", "5542", "BAR"]));
  it("are shown with unit and money", () =>
    expect([
      shownValue(fieldOf("over_cents", 1), 2_500, money),
      shownValue(fieldOf("late_minutes", 1), 30, money),
      shownValue(fieldOf("words", []), [], money),
    ]).toEqual(["R25.00", "30 min", "none"]));
  it("of a new name must be a name nobody has", () =>
    expect([nameFault("over_cents", []), nameFault("Over", []), nameFault("a", ["a"])].map((fault) => fault === null)).toEqual([true, false, false]));
});

describe("differences", () => {
  it.each([
    ["a\nb\nc", "a\nc", ["=a", "-b", "=c"]],
    ["a\nc", "a\nb\nc", ["=a", "+b", "=c"]],
    ["a", "b", ["-a", "+b"]],
    ["", "a", ["-", "+a"]],
    ["a\nb", "a\nb", ["=a", "=b"]],
    ["x\na\nb\ny", "a\nb\nz", ["-x", "=a", "=b", "-y", "+z"]],
  ])("%j to %j", (before, after, lines) => {
    const signs = { same: "=", added: "+", removed: "-" };
    expect(lineDiff(before, after).map(({ kind, text }) => signs[kind] + text)).toEqual(lines);
  });

  it("name each field in words, thresholds in their units", () => {
    const after: Rule = { ...RULE, mode: "shadow", parameters: { ...RULE.parameters, over_cents: 10_000 }, expression: "true" };
    const diff = ruleDiff(RULE, after);
    expect(diff.fields).toEqual([
      { label: "Mode", before: "Live", after: "Shadow" },
      { label: "Over amount", before: "R25.00", after: "R100.00" },
    ]);
    expect(changedWords(diff)).toBe("Mode, over amount, expression");
  });
  it("are none between versions that say the same", () => {
    const later: Rule = { ...RULE, version: 4, updated_by: "user:naledi" };
    expect(isSame(ruleDiff(RULE, later))).toBe(true);
    expect(changedWords(ruleDiff(RULE, RULE))).toBe("Nothing");
  });
  it("show a new rule as added only", () =>
    expect(ruleDiff(null, RULE).expression?.every(({ kind }) => kind === "added")).toBe(true));
});

describe("what is not proposed yet", () => {
  it("is nothing in a form just opened, and comes back as it was", () => {
    expect(isChanged(formOf(RULE), RULE)).toBe(false);
    expect(bodyOf(formOf(RULE))).toEqual({ ...askedRule(RULE) });
  });
  it("is seen in any field, and gone once typed back", () => {
    const form = formOf(RULE);
    const over = form.parameters.find(({ field }) => field.name === "over_cents");
    if (over === undefined) throw new Error("no such threshold");
    over.typed = "26";
    expect(isChanged(form, RULE)).toBe(true);
    over.typed = "25.00";
    expect(isChanged(form, RULE)).toBe(false);
    over.typed = "twenty";
    expect([isChanged(form, RULE), Object.keys(faultsOf(form))]).toEqual([true, ["p.over_cents"]]);
  });
  it("is all of a new rule, which begins in shadow", () => {
    const form = newForm("fuel_at_night", "Fuel at night");
    expect([isChanged(form, null), form.mode, Object.keys(faultsOf(form))]).toEqual([true, "shadow", ["expression"]]);
  });
  it("is tried by a replay whatever its name, but not with another threshold", () => {
    expect(judgesAlike(RULE, { ...RULE, name: "Other", severity: "info" })).toBe(true);
    expect(judgesAlike(RULE, { ...RULE, parameters: { ...RULE.parameters, over_percent: 11 } })).toBe(false);
    expect(judgesAlike(RULE, { ...RULE, mode: "shadow" })).toBe(false);
  });
  it("has an id made of its name", () =>
    expect([idOf("Fuel at night!"), idOf("  Café 24/7 "), idFault("", [], "rule"), idFault("a", ["a"], "rule"), idFault("a_1", [], "rule")]).toEqual([
      "fuel_at_night",
      "cafe_24_7",
      "1 to 64 small letters, digits and _.",
      "There is a rule with this id already.",
      null,
    ]));
});

const side = (change: Partial<ReplaySide> = {}): ReplaySide => ({
  flagged: 100,
  alerts: 80,
  declined: 10,
  declined_cents: 100_000,
  confirmed: 20,
  false_positive: 15,
  missed: 5,
  precision_percent: 57,
  failures: 0,
  ...change,
});
const result = (draft: Partial<ReplaySide>, more: Partial<ReplayResult> = {}): ReplayResult => ({
  swipes: 500,
  without_facts: 0,
  unlike_then: 0,
  today: side(),
  draft: side(draft),
  by_shopper: [],
  by_store: [],
  examples: [],
  changed: 7,
  links_as_recorded: false,
  ...more,
});

describe("a replay in words", () => {
  it("says of each number which way it went and whether that is good, never by colour alone", () => {
    const rows = comparisons(result({ false_positive: 3, confirmed: 21, missed: 6, flagged: 90, declined_cents: 112_050, precision_percent: 88 }));
    const of = (label: string) => rows.find((row) => row.label === label);
    expect(of("False alarms")).toMatchObject({ change: "-12", words: "12 fewer", verdict: "better" });
    expect(of("Confirmed fraud caught")).toMatchObject({ change: "+1", words: "1 more", verdict: "better" });
    expect(of("Confirmed fraud missed")).toMatchObject({ change: "+1", words: "1 more", verdict: "worse" });
    expect(of("Swipes flagged")).toMatchObject({ change: "-10", words: "10 fewer", verdict: "neither" });
    expect(of("Declined, amount")).toMatchObject({ change: "+R120.50", words: "R120.50 more" });
    expect(of("Precision")).toMatchObject({ draft: "88 %", words: "31 points higher", verdict: "better" });
    expect(of("Alerts")).toMatchObject({ change: "", words: "the same", verdict: "same" });
    expect(of("Could not be evaluated")).toBe(undefined);
  });
  it("invents no precision where nobody has decided", () => {
    const rows = comparisons(result({ precision_percent: null }));
    expect(rows.at(-1)).toMatchObject({ draft: "not known", words: "cannot be compared", verdict: "neither" });
  });
  it("shows rules that failed", () =>
    expect(comparisons(result({ failures: 4 })).at(-1)).toMatchObject({ label: "Could not be evaluated", words: "4 more", verdict: "worse" }));
  it("sums up, the most important first", () => {
    expect(finding(result({ false_positive: 3, confirmed: 19 }))).toBe("7 swipes judged differently: 1 fewer confirmed fraud caught, 12 fewer false alarms.");
    expect(finding(result({}, { changed: 0 }))).toContain("as today's rules do");
    expect(finding(result({ alerts: 70 }))).toBe("7 swipes judged differently: 10 fewer alerts.");
  });
  it("names what it leaves out", () => {
    expect(caveats(result({}))).toEqual([]);
    const notes = caveats(result({}, { without_facts: 1, links_as_recorded: true, swipes: 0 }));
    expect(notes.map((note) => note.split(" ").slice(0, 3).join(" "))).toEqual(["1 swipe was", "This draft changes", "No swipe of"]);
  });
  it("says that the rules have changed since, so that Today is not taken for what happened", () =>
    expect([caveats(result({}, { unlike_then: 12 })), caveats(result({}, { unlike_then: 1 }))]).toEqual([
      ["Today's rules judge 12 of these swipes otherwise than was decided then: they have changed since."],
      ["Today's rules judge one of these swipes otherwise than was decided then: they have changed since."],
    ]));
  it("judges each example", () => {
    expect([judged("approve", []), judged("approve", ["a"]), judged("decline", ["a"])]).toEqual(["Not flagged", "Alerts", "Declined"]);
    expect(differing({ today_rules: ["a", "b"], draft_rules: ["b", "c"] })).toEqual({ gone: ["a"], come: ["c"] });
  });
  it("counts days in Johannesburg, the last one included", () => {
    const now = Date.parse("2026-11-17T08:00:00Z");
    expect(periodOf("7", now, "", "")).toEqual({ from: "2026-11-10T08:00:00.000Z", to: null });
    expect(periodOf("custom", now, "2026-11-01", "2026-11-01")).toEqual({ from: "2026-10-31T22:00:00.000Z", to: "2026-11-01T22:00:00.000Z" });
    expect([periodOf("custom", now, "2026-11-02", "2026-11-01"), periodOf("custom", now, "", "x")]).toEqual([null, null]);
  });
});

describe("the words of an expression", () => {
  const groups = grouped(
    {
      facts: [
        { name: "order.found", kind: "bool", meaning: "Whether an order was open." },
        { name: "order.over_cents", kind: "int", meaning: "How far it is exceeded." },
        { name: "swipe.merchant", kind: "string", meaning: "Its name." },
      ],
      lists: [{ name: "list.deny_cards", kind: "list", meaning: "A list of 2 entries." }],
    },
    { over_cents: 2_500 },
  );
  const names = (before: string) => completing(before, groups)?.words.map((word) => word.name);

  it("are grouped by their root, thresholds first", () =>
    expect(groups.map((group) => group.root)).toEqual(["p", "order", "swipe", "list", "function", "outcome"]));
  it("are found by any of their words", () => {
    expect(searched(groups, "exceeded").flatMap((group) => group.words.map((word) => word.name))).toEqual(["order.over_cents"]);
    expect(searched(groups, "int over").map((group) => group.root)).toEqual(["p", "order"]);
    expect(searched(groups, "nonsense")).toEqual([]);
  });
  it.each([
    ["ord", ["order.found", "order.over_cents"], 0],
    ["!order.fo", ["order.found"], 1],
    ["a && p.", ["p.over_cents"], 5],
    ["swipe.merchant in list.", ["list.deny_cards"], 18],
    ["swipe.merchant.sta", ["startsWith"], 15],
    ["math.gr", ["math.greatest"], 0],
    ['x ? "al', ['"alert"'], 4],
    ["merchant", ["swipe.merchant"], 0],
  ])("%j is completed", (before, wanted, from) => {
    expect(names(before)).toEqual(wanted);
    expect(completing(before, groups)?.from).toBe(from);
  });
  it.each(["", "1 + ", "order.found", "zzz"])("%j is left alone", (before) => expect(completing(before, groups)).toBe(null));

  it.each([
    ["order.fund && x", 1, 1, "order.fund"],
    ["a\n&& order.fund", 2, 4, "order.fund"],
    // The daemon counts characters; an emoji is two here.
    ['"\u{1F600}" == swipe.x', 1, 8, "swipe.x"],
    ["a &&", 1, 5, "&"],
    ["a", 9, 9, "a"],
  ])("a mistake in %j is marked where it stands", (text, line, column, marked) => {
    const { from, to } = placeOf(text, line, column);
    expect(text.slice(from, to)).toBe(marked);
  });
});

describe("numbers and refusals", () => {
  it("say how often a rule was right", () =>
    expect([
      trackRecord({ confirmed: 9, false_positive: 1 }),
      trackRecord({ confirmed: 0, false_positive: 1 }),
      trackRecord({ confirmed: 0, false_positive: 0 }),
      trackRecord(undefined),
    ]).toEqual(["right on 9 of 10 swipes decided", "right on 0 of 1 swipe decided", null, null]));
  it("add up what was saved", () => expect(savedCents({ declined_cents: 100, recovered_cents: 20 })).toBe(120));
  it.each([
    ["second_person_needed", "somebody else must publish it"],
    ["rule_changed", "nothing was published"],
    ["draft_decided", "already"],
    ["other", "As the daemon says."],
  ])("%s is told in plain words", (code, words) => expect(draftRefusal({ code, message: "As the daemon says." })).toContain(words));
  it("explain why a list stays, and how an import went", () => {
    expect(deleteRefusal({ code: "list_in_use", message: "" }, ["On a deny list"])).toContain("On a deny list looks into it");
    expect(importedWords({ added: 1, removed: 2, unchanged: 3, rejected: [{ line: 2, message: "empty" }] })).toBe(
      "1 entry added, 2 removed, 3 there already, 1 line not taken.",
    );
  });
});
