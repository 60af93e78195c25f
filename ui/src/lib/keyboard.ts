/** Listens to the keyboard and does what the pressed key means. */
import { commands } from "./commands.svelte";
import { actionFor } from "./keys";
import { prefs } from "./prefs.svelte";

const TYPING =
  "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]";
const CONTROL = "a[href], button, summary, [role=menuitem], [role=tab], input[type=checkbox], input[type=radio]";
const LAYER = "[role=dialog], [role=alertdialog], [role=menu]";
/** Where Home, End and the arrows have a meaning of their own. */
const OWN_MOVES = "[role=tablist], [role=radiogroup], [role=separator]";
/** A key is being chosen: any press is the answer. */
const TAKES_KEYS = "[data-takes-keys=true]";
const MOVES = new Set(["Home", "End", "PageUp", "PageDown", "ArrowUp", "ArrowDown"]);

export function startKeyboard(): () => void {
  let chordAt: number | null = null;
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(TAKES_KEYS) != null) return;
    if (MOVES.has(event.key) && target?.closest(OWN_MOVES) != null) return;
    const answer = actionFor(
      { key: event.key, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey, at: event.timeStamp },
      {
        typing: target?.matches(TYPING) ?? false,
        onControl: target?.closest(CONTROL) != null,
        layered: document.querySelector(LAYER) !== null,
        singleKeys: prefs.singleKeys,
        chordAt,
      },
      prefs.keymap,
    );
    chordAt = answer.chordAt;
    if (answer.action !== null && commands.perform(answer.action)) event.preventDefault();
  };
  // Capturing, so that a dialog still counts as open when its own Escape is being handled.
  window.addEventListener("keydown", onKey, { capture: true });
  return () => window.removeEventListener("keydown", onKey, { capture: true });
}
