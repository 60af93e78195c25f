import { describe, expect, it } from "vitest";
import { ACTIONS, BINDINGS, CHORD_MS, actionFor, clash, keymapOf, keysOfPress, type KeyContext } from "./keys";

const calm: KeyContext = { typing: false, onControl: false, layered: false, singleKeys: true, chordAt: null };
const press = (key: string, more: { ctrl?: boolean; alt?: boolean; at?: number } = {}) => ({
  key,
  ctrl: false,
  alt: false,
  at: 0,
  ...more,
});
const DEFAULTS = keymapOf();
const action = (key: string, context: Partial<KeyContext> = {}, more = {}, keymap = DEFAULTS) =>
  actionFor(press(key, more), { ...calm, ...context }, keymap).action;

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
    ["PageDown", "page_down"],
    ["End", "last"],
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
    expect(["d", "j", "1", "Enter", "Home"].map((key) => action(key, { typing: true }))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
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
  it("leave A, C, U and B to the screens of cases", () =>
    expect(["a", "c", "u", "b"].map((key) => action(key))).toEqual([null, null, null, null]));
});

describe("chords", () => {
  it("go with G and a letter", () => {
    const { action: none, chordAt } = actionFor(press("g", { at: 100 }), calm, DEFAULTS);
    expect([none, chordAt]).toEqual([null, 100]);
    expect(actionFor(press("a", { at: 300 }), { ...calm, chordAt }, DEFAULTS).action).toBe("go_alerts");
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

describe("the table", () => {
  it("gives no key twice", () => {
    const keys = BINDINGS.map((binding) => binding.keys).filter((each) => each !== "");
    expect(new Set(keys).size).toBe(keys.length);
  });
  it("reaches every action that has a key by that key", () => {
    for (const [keys, owner] of DEFAULTS.actionOf) expect(DEFAULTS.keysOf.get(owner)).toBe(keys);
    expect(DEFAULTS.actionOf.size).toBe(BINDINGS.filter((binding) => binding.keys !== "").length);
  });
});

describe("chosen keys", () => {
  it("take the place of the key of the table", () => {
    const mine = keymapOf({ deactivate: "Q", palette: "Ctrl P", go_alerts: "G L", theme: "T" });
    const by = (key: string, more = {}, context = {}) => action(key, context, more, mine);
    expect([by("q"), by("d"), by("t")]).toEqual(["deactivate", null, "theme"]);
    expect([by("p", { ctrl: true }), by("p", { ctrl: true }, { typing: true }), by("k", { ctrl: true })]).toEqual([
      "palette",
      "palette",
      null,
    ]);
    expect([by("l", { at: 10 }, { chordAt: 0 }), by("a", { at: 10 }, { chordAt: 0 })]).toEqual(["go_alerts", null]);
  });
  it("are refused with the name of the action that has them", () => {
    expect(clash("deactivate", "M", {})).toBe("M already means: Assign to me.");
    expect(clash("deactivate", "Q", { note: "Q" })).toBe("Q already means: Note.");
    expect(clash("deactivate", "N", { note: "Q" })).toBe(null);
    expect(clash("deactivate", "D", {})).toBe(null);
  });
  it.each(["G", "Enter", "Esc", "Ctrl C", "Ctrl V", "Tab", ""])("%s is never one", (keys) =>
    expect(clash("deactivate", keys, {})).not.toBe(null),
  );
  it("leave one action to a key when a later version's table wants it too", () => {
    const mine = keymapOf({ theme: "J" });
    expect([mine.actionOf.get("J"), mine.keysOf.get("down")]).toEqual(["theme", undefined]);
    expect(action("ArrowDown", {}, {}, mine)).toBe("down");
  });
  it("that are broken or double are ignored", () => {
    const mine = keymapOf({ nonsense: "Q", theme: "Enter", note: "W", snooze: "W" });
    expect([
      mine.actionOf.get("Q"),
      mine.keysOf.get("theme"),
      mine.keysOf.get("note"),
      mine.keysOf.get("snooze"),
    ]).toEqual([undefined, undefined, "N", "W"]);
  });
  it("are written as they are pressed", () => {
    expect([
      keysOfPress(press("j")),
      keysOfPress(press("?")),
      keysOfPress(press("k", { ctrl: true })),
      keysOfPress(press("Shift")),
      keysOfPress(press(" ")),
    ]).toEqual(["J", "?", "Ctrl K", "", ""]);
  });
});

it("names every action once", () => expect(new Set(BINDINGS.map(({ label }) => label)).size).toBe(ACTIONS.length));
