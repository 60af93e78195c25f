import { describe, expect, it } from "vitest";
import { BINDINGS, CHORD_MS, actionFor, type KeyContext } from "./keys";

const calm: KeyContext = { typing: false, onControl: false, layered: false, singleKeys: true, chordAt: null };
const press = (key: string, more: { ctrl?: boolean; alt?: boolean; at?: number } = {}) => ({
  key,
  ctrl: false,
  alt: false,
  at: 0,
  ...more,
});
const action = (key: string, context: Partial<KeyContext> = {}, more = {}) =>
  actionFor(press(key, more), { ...calm, ...context }).action;

describe("single keys", () => {
  it.each([
    ["j", "down"],
    ["K", "up"],
    ["x", "select"],
    ["d", "deactivate"],
    ["m", "assign"],
    ["1", "confirmed_fraud"],
    ["/", "search"],
    ["?", "help"],
  ])("%s is %s", (key, expected) => expect(action(key)).toBe(expected));
  it("can be switched off without losing the others", () => {
    const off = { singleKeys: false };
    expect(["d", "j", "g", "?"].map((key) => action(key, off))).toEqual([null, null, null, null]);
    expect([action("ArrowDown", off), action("Escape", off), action("k", off, { ctrl: true })]).toEqual([
      "down",
      "back",
      "palette",
    ]);
  });
  it("never fire while typing: a D in a search must not deactivate a card", () => {
    expect(["d", "j", "1", "Enter"].map((key) => action(key, { typing: true }))).toEqual([null, null, null, null]);
    expect(action("Escape", { typing: true })).toBe("back");
  });
  it("never fire under a dialog or with a modifier", () => {
    expect(["d", "Escape", "Enter"].map((key) => action(key, { layered: true }))).toEqual([null, null, null]);
    expect(action("d", {}, { ctrl: true })).toBe(null);
    expect(action("d", {}, { alt: true })).toBe(null);
  });
  it("leave Enter to the button that has focus", () => {
    expect(action("Enter", { onControl: true })).toBe(null);
    expect(action("Enter")).toBe("open");
  });
});

describe("chords", () => {
  it("go with G and a letter", () => {
    const { action: none, chordAt } = actionFor(press("g", { at: 100 }), calm);
    expect([none, chordAt]).toEqual([null, 100]);
    expect(actionFor(press("a", { at: 300 }), { ...calm, chordAt }).action).toBe("go_alerts");
  });
  it("swallow an unknown second letter", () => expect(action("d", { chordAt: 0 }, { at: 10 })).toBe(null));
  it("expire", () => expect(action("s", { chordAt: 0 }, { at: CHORD_MS + 1 })).toBe("snooze"));
});

it("reaches the palette and undo with Ctrl", () => {
  expect([action("k", { layered: true }, { ctrl: true }), action("z", {}, { ctrl: true })]).toEqual([
    "palette",
    "undo",
  ]);
});

it("shows every action once on the help sheet", () => {
  const actions = BINDINGS.map((binding) => binding.action);
  expect(new Set(actions).size).toBe(actions.length);
});
