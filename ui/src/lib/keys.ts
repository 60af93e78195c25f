/**
 * The one table of everything a person can do by key, palette or button, and which key means what.
 * Pure: the listener is in keyboard.ts, what each action does on a screen is told to commands.svelte.ts.
 */

export type Group = "Move" | "Decide" | "Cards" | "List" | "Go" | "Anywhere";
export const GROUPS: readonly Group[] = ["Move", "Decide", "Cards", "List", "Go", "Anywhere"];

interface ActionRow {
  /** As shown to people; empty when there is none until a person gives it one. */
  keys: string;
  label: string;
  group: Group;
}

/**
 * A, C, U and B are left free: they proceed, cancel, refer and blacklist on the screens of cases, which
 * take their place here when they exist.
 */
const TABLE = {
  down: { keys: "J", label: "Next row", group: "Move" },
  up: { keys: "K", label: "Previous row", group: "Move" },
  page_down: { keys: "PgDn", label: "One screen down", group: "Move" },
  page_up: { keys: "PgUp", label: "One screen up", group: "Move" },
  first: { keys: "Home", label: "First row", group: "Move" },
  last: { keys: "End", label: "Last row loaded", group: "Move" },
  open: { keys: "Enter", label: "Open the row", group: "Move" },
  back: { keys: "Esc", label: "Back, or clear the selection", group: "Move" },
  select: { keys: "X", label: "Select the row for a bulk decision", group: "Move" },
  select_all: { keys: "", label: "Select all rows shown", group: "Move" },
  show_new: { keys: ".", label: "Show the new rows", group: "Move" },
  confirmed_fraud: { keys: "1", label: "Confirmed fraud", group: "Decide" },
  false_positive: { keys: "2", label: "False positive", group: "Decide" },
  inconclusive: { keys: "3", label: "Inconclusive", group: "Decide" },
  reopen: { keys: "", label: "Reopen", group: "Decide" },
  assign: { keys: "M", label: "Assign to me", group: "Decide" },
  snooze: { keys: "S", label: "Snooze", group: "Decide" },
  note: { keys: "N", label: "Note", group: "Decide" },
  deactivate: { keys: "D", label: "Deactivate card", group: "Cards" },
  reactivate: { keys: "R", label: "Reactivate card", group: "Cards" },
  open_card: { keys: "O", label: "Open the card of the row", group: "Cards" },
  confirm_hold: { keys: "", label: "Confirm hold", group: "Cards" },
  new_rule: { keys: "", label: "New rule", group: "List" },
  search: { keys: "/", label: "Search this list", group: "List" },
  clear_filters: { keys: "", label: "Clear filters", group: "List" },
  mine: { keys: "", label: "Only mine", group: "List" },
  save_view: { keys: "V", label: "Save this view", group: "List" },
  manage_views: { keys: "", label: "Manage views", group: "List" },
  export: { keys: "E", label: "Export this list as CSV", group: "List" },
  export_swipes: { keys: "", label: "Export all swipes as CSV", group: "List" },
  go_cards: { keys: "G C", label: "Live cards", group: "Go" },
  go_alerts: { keys: "G A", label: "Alerts", group: "Go" },
  go_rules: { keys: "G R", label: "Rules", group: "Go" },
  go_lists: { keys: "G L", label: "Lists that rules look into", group: "Go" },
  go_settings: { keys: "G S", label: "Settings and feed health", group: "Go" },
  go_keys: { keys: "", label: "Change keys", group: "Go" },
  guide: { keys: "", label: "Getting started", group: "Go" },
  go_parts: { keys: "", label: "See all parts", group: "Go" },
  palette: { keys: "Ctrl K", label: "Find a card, an alert or a command", group: "Anywhere" },
  undo: { keys: "Ctrl Z", label: "Undo the last decision", group: "Anywhere" },
  help: { keys: "?", label: "All keys", group: "Anywhere" },
  theme: { keys: "", label: "Switch between light and dark", group: "Anywhere" },
  density: { keys: "", label: "Switch between dense and comfortable rows", group: "Anywhere" },
  single_keys: { keys: "", label: "Switch single keys on or off", group: "Anywhere" },
  restart_daemon: { keys: "", label: "Restart daemon", group: "Anywhere" },
} as const satisfies Record<string, ActionRow>;

export type Action = keyof typeof TABLE;

export interface Binding extends ActionRow {
  action: Action;
}

function isAction(name: string): name is Action {
  return Object.hasOwn(TABLE, name);
}

export const ACTIONS: readonly Action[] = Object.keys(TABLE).filter(isAction);
export const BINDINGS: readonly Binding[] = ACTIONS.map((action) => ({ action, ...TABLE[action] }));
export const labelOf = (action: Action): string => TABLE[action].label;
export const defaultKeys = (action: Action): string => TABLE[action].keys;

/** The keys a person chose, by action. */
export type KeyChoices = Readonly<Record<string, string>>;

/** Keys in force: each action's, where it has one, and each key's action. */
export interface Keymap {
  keysOf: ReadonlyMap<Action, string>;
  actionOf: ReadonlyMap<string, Action>;
}

/** The defaults under a person's choices. A choice takes its key from a default that has it too. */
export function keymapOf(choices: KeyChoices = {}): Keymap {
  const actionOf = new Map<string, Action>();
  for (const action of ACTIONS) {
    const chosen = choices[action];
    if (chosen !== undefined && keysFault(action, chosen) === null && !actionOf.has(chosen)) {
      actionOf.set(chosen, action);
    }
  }
  const chosenActions = new Set(actionOf.values());
  for (const action of ACTIONS) {
    const keys = TABLE[action].keys;
    if (keys !== "" && !chosenActions.has(action) && !actionOf.has(keys)) actionOf.set(keys, action);
  }
  return { keysOf: new Map([...actionOf].map(([keys, action]) => [action, keys])), actionOf };
}

/** These work whatever is chosen, so that nobody can lock themselves out; dialogs use them, too. */
const NAMED: Readonly<Record<string, Action>> = {
  ArrowDown: "down",
  ArrowUp: "up",
  PageDown: "page_down",
  PageUp: "page_up",
  Home: "first",
  End: "last",
  Enter: "open",
  Escape: "back",
};
const NAMED_KEYS = new Set(["PgDn", "PgUp", "Home", "End", "Enter", "Esc"]);
/** What the desktop and text fields do with Ctrl. */
const SYSTEM_KEYS = new Set(["Ctrl A", "Ctrl C", "Ctrl V", "Ctrl X", "Ctrl Q", "Ctrl W"]);

/** True for keys that work only while single keys are on (WCAG 2.1.4 wants them switchable). */
export function isSingle(keys: string): boolean {
  return keys !== "" && !keys.startsWith("Ctrl ") && !NAMED_KEYS.has(keys);
}

/** Why `keys` cannot be chosen for `action` whatever else is chosen; null when they can. */
function keysFault(action: Action, keys: string): string | null {
  if (keys === TABLE[action].keys) return null;
  if (SYSTEM_KEYS.has(keys)) return `${keys} belongs to the desktop.`;
  if (NAMED_KEYS.has(keys)) return `${keys} always does the same.`;
  if (keys === "G") return "G begins two keys, such as G C.";
  return /^(Ctrl \S|G \S|\S)$/u.test(keys) ? null : "This key cannot be used.";
}

/** Why `action` cannot have `keys`: the key is fixed, or another action has it. Null when it can. */
export function clash(action: Action, keys: string, choices: KeyChoices): string | null {
  const fault = keysFault(action, keys);
  if (fault !== null) return fault;
  const owner = keymapOf(choices).actionOf.get(keys);
  return owner === undefined || owner === action ? null : `${keys} already means: ${TABLE[owner].label}.`;
}

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
  singleKeys: boolean;
  /** When G was last pressed, or null. */
  chordAt: number | null;
}

export interface KeyAnswer {
  action: Action | null;
  chordAt: number | null;
}

const NONE: KeyAnswer = { action: null, chordAt: null };
const answering = (action: Action | null | undefined): KeyAnswer => ({ action: action ?? null, chordAt: null });

/** A press as it is written in the table; empty for a press that is no key by itself. */
export function keysOfPress(press: Pick<KeyPress, "key" | "ctrl" | "alt">): string {
  if (press.alt || press.key.length !== 1 || press.key === " ") return "";
  return (press.ctrl ? "Ctrl " : "") + press.key.toUpperCase();
}

export function actionFor(press: KeyPress, context: KeyContext, keymap: Keymap): KeyAnswer {
  const keys = keysOfPress(press);
  const owner = keymap.actionOf.get(keys);
  // The palette's own key closes it again and is reached from a search field.
  if (owner === "palette" && press.ctrl) return answering(owner);
  if (context.layered) return NONE;
  if (context.typing) return press.key === "Escape" ? answering("back") : NONE;
  if (press.ctrl) return answering(owner);
  if (press.alt) return NONE;
  const named = NAMED[press.key];
  if (named !== undefined) return named === "open" && context.onControl ? NONE : answering(named);
  if (!context.singleKeys || keys === "") return NONE;
  if (context.chordAt !== null && press.at - context.chordAt <= CHORD_MS) {
    return answering(keymap.actionOf.get(`G ${keys}`));
  }
  return keys === "G" ? { action: null, chordAt: press.at } : answering(owner);
}
