/** Listens to the keyboard and hands each action to whoever bound it last. */
import { BINDINGS, actionFor, type Action } from "./keys";
import { prefs } from "./prefs.svelte";

type Handler = () => void;

const ALL: readonly Action[] = BINDINGS.map((binding) => binding.action);
const bound = new Map<Action, Handler[]>();

/** Binds actions while an effect lives: `$effect(() => bindKeys({...}))`. */
export function bindKeys(handlers: Partial<Record<Action, Handler>>): () => void {
  const added: [Action, Handler][] = [];
  for (const [name, handler] of Object.entries(handlers)) {
    const action = ALL.find((known) => known === name);
    if (action === undefined || handler === undefined) continue;
    bound.set(action, [...(bound.get(action) ?? []), handler]);
    added.push([action, handler]);
  }
  return () => {
    for (const [action, handler] of added) {
      bound.set(
        action,
        (bound.get(action) ?? []).filter((other) => other !== handler),
      );
    }
  };
}

/** Runs an action as if its key were pressed; false when nothing is bound to it. */
export function perform(action: Action): boolean {
  const handler = bound.get(action)?.at(-1);
  handler?.();
  return handler !== undefined;
}

export function isBound(action: Action): boolean {
  return (bound.get(action)?.length ?? 0) > 0;
}

const TYPING =
  "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]";
const CONTROL = "a[href], button, summary, [role=menuitem], [role=tab], input[type=checkbox], input[type=radio]";
const LAYER = "[role=dialog], [role=alertdialog], [role=menu]";

export function startKeyboard(): () => void {
  let chordAt: number | null = null;
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const target = event.target instanceof Element ? event.target : null;
    const answer = actionFor(
      { key: event.key, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey, at: event.timeStamp },
      {
        typing: target?.matches(TYPING) ?? false,
        onControl: target?.closest(CONTROL) != null,
        layered: document.querySelector(LAYER) !== null,
        singleKeys: prefs.singleKeys,
        chordAt,
      },
    );
    chordAt = answer.chordAt;
    if (answer.action !== null && perform(answer.action)) event.preventDefault();
  };
  // Capturing, so that a dialog still counts as open when its own Escape is being handled.
  window.addEventListener("keydown", onKey, { capture: true });
  return () => window.removeEventListener("keydown", onKey, { capture: true });
}
