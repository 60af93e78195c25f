/** Which key means what. Pure: the listener is in keyboard.svelte.ts. */

export type Action =
  | "down"
  | "up"
  | "open"
  | "back"
  | "select"
  | "deactivate"
  | "reactivate"
  | "assign"
  | "snooze"
  | "note"
  | "confirmed_fraud"
  | "false_positive"
  | "inconclusive"
  | "search"
  | "palette"
  | "help"
  | "undo"
  | "show_new"
  | "go_cards"
  | "go_alerts"
  | "go_settings";

export interface Binding {
  action: Action;
  /** As shown to people. */
  keys: string;
  label: string;
  group: "Move" | "Decide" | "Cards" | "Go" | "Anywhere";
}

export const BINDINGS: readonly Binding[] = [
  { action: "down", keys: "J", label: "Next row (also arrow down)", group: "Move" },
  { action: "up", keys: "K", label: "Previous row (also arrow up)", group: "Move" },
  { action: "open", keys: "Enter", label: "Open the row", group: "Move" },
  { action: "back", keys: "Esc", label: "Back, or clear the selection", group: "Move" },
  { action: "select", keys: "X", label: "Select the row for a bulk decision", group: "Move" },
  { action: "show_new", keys: ".", label: "Show the new rows", group: "Move" },
  { action: "confirmed_fraud", keys: "1", label: "Confirmed fraud", group: "Decide" },
  { action: "false_positive", keys: "2", label: "False positive", group: "Decide" },
  { action: "inconclusive", keys: "3", label: "Inconclusive", group: "Decide" },
  { action: "assign", keys: "M", label: "Assign to me", group: "Decide" },
  { action: "snooze", keys: "S", label: "Snooze", group: "Decide" },
  { action: "note", keys: "N", label: "Write a note", group: "Decide" },
  { action: "deactivate", keys: "D", label: "Deactivate the card, at once", group: "Cards" },
  { action: "reactivate", keys: "R", label: "Reactivate the card, with a reason", group: "Cards" },
  { action: "go_cards", keys: "G C", label: "Live cards", group: "Go" },
  { action: "go_alerts", keys: "G A", label: "Alerts", group: "Go" },
  { action: "go_settings", keys: "G S", label: "Settings and feed health", group: "Go" },
  { action: "search", keys: "/", label: "Search this list", group: "Anywhere" },
  { action: "palette", keys: "Ctrl K", label: "Find a card, an alert or a command", group: "Anywhere" },
  { action: "undo", keys: "Ctrl Z", label: "Undo the last decision", group: "Anywhere" },
  { action: "help", keys: "?", label: "This sheet", group: "Anywhere" },
];

/** How long a G waits for its letter. */
export const CHORD_MS = 1_200;

export interface KeyPress {
  key: string;
  ctrl: boolean;
  alt: boolean;
  /** When it was pressed, in milliseconds of any steady clock. */
  at: number;
}

export interface KeyContext {
  /** Focus is in a field that takes text. */
  typing: boolean;
  /** Focus is on something that Enter or Space presses by itself. */
  onControl: boolean;
  /** A dialog, menu or the palette is open. */
  layered: boolean;
  /** Single-letter keys are allowed (WCAG 2.1.4 wants them switchable). */
  singleKeys: boolean;
  /** When G was last pressed, or null. */
  chordAt: number | null;
}

export interface KeyAnswer {
  action: Action | null;
  chordAt: number | null;
}

const NONE: KeyAnswer = { action: null, chordAt: null };

const CHORDS: Record<string, Action> = { c: "go_cards", a: "go_alerts", s: "go_settings" };

const SINGLE: Record<string, Action> = {
  j: "down",
  k: "up",
  x: "select",
  d: "deactivate",
  r: "reactivate",
  m: "assign",
  s: "snooze",
  n: "note",
  "1": "confirmed_fraud",
  "2": "false_positive",
  "3": "inconclusive",
  ".": "show_new",
  "/": "search",
  "?": "help",
};

const NAMED: Record<string, Action> = { ArrowDown: "down", ArrowUp: "up", Enter: "open", Escape: "back" };

export function actionFor(press: KeyPress, context: KeyContext): KeyAnswer {
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (press.ctrl && !press.alt && key === "k") return { action: "palette", chordAt: null };
  if (context.layered) return NONE;
  if (context.typing) return key === "Escape" ? { action: "back", chordAt: null } : NONE;
  if (press.ctrl && !press.alt && key === "z") return { action: "undo", chordAt: null };
  if (press.ctrl || press.alt) return NONE;
  const named = NAMED[key];
  if (named !== undefined) {
    return named === "open" && context.onControl ? NONE : { action: named, chordAt: null };
  }
  if (!context.singleKeys) return NONE;
  if (context.chordAt !== null && press.at - context.chordAt <= CHORD_MS) {
    return { action: CHORDS[key] ?? null, chordAt: null };
  }
  if (key === "g") return { action: null, chordAt: press.at };
  return { action: SINGLE[key] ?? null, chordAt: null };
}
