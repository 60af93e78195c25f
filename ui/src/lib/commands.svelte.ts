/**
 * What can be done now: screens and selections offer actions of the table in keys.ts, and commands
 * beyond it such as filters. Keys, palette, buttons and the key sheet all read this one registry.
 */
import { untrack } from "svelte";
import { ACTIONS, BINDINGS, labelOf, type Action } from "./keys";
import { prefs } from "./prefs.svelte";

export interface Offer {
  run: () => void;
  /** Why it cannot be done now; undefined when it can. */
  why?: () => string | undefined;
  /** What it is called here, when the table's name is too general. */
  label?: () => string;
}

/** A command without a row in the table: a filter, a view, a length of snooze. */
export interface Command {
  id: string;
  label: string;
  group: string;
  run: () => void;
  why?: string | undefined;
  /** The action that does the same by key. */
  action?: Action;
}

export type Offers = Partial<Record<Action, Offer | (() => void)>>;

class Commands {
  #offers: ReadonlyMap<Action, readonly Offer[]> = $state.raw(new Map());
  #more: readonly (() => readonly Command[])[] = $state.raw([]);

  /** Offers actions while an effect lives: `$effect(() => commands.offer({...}))`. The newest offer counts. */
  offer(offers: Offers): () => void {
    const added: [Action, Offer][] = [];
    for (const action of ACTIONS) {
      const offer = offers[action];
      if (offer !== undefined) added.push([action, typeof offer === "function" ? { run: offer } : offer]);
    }
    this.#change((all) => {
      for (const [action, offer] of added) all.set(action, [...(all.get(action) ?? []), offer]);
    });
    return () =>
      this.#change((all) => {
        for (const [action, offer] of added) {
          all.set(
            action,
            (all.get(action) ?? []).filter((other) => other !== offer),
          );
        }
      });
  }

  /** Offers further commands while an effect lives; the list is read whenever it is shown. */
  offerMore(list: () => readonly Command[]): () => void {
    untrack(() => (this.#more = [...this.#more, list]));
    return () => untrack(() => (this.#more = this.#more.filter((other) => other !== list)));
  }

  of(action: Action): Offer | undefined {
    return this.#offers.get(action)?.at(-1);
  }
  isOffered(action: Action): boolean {
    return this.of(action) !== undefined;
  }
  /** Why an action cannot be done now; undefined when it can. */
  whyNot(action: Action): string | undefined {
    const offer = this.of(action);
    return offer === undefined ? "Not on this screen" : offer.why?.();
  }
  label(action: Action): string {
    return this.of(action)?.label?.() ?? labelOf(action);
  }

  /** Does an action if it can be done; false when nobody offers it. */
  perform(action: Action): boolean {
    const offer = this.of(action);
    if (offer !== undefined && offer.why?.() === undefined) offer.run();
    return offer !== undefined;
  }

  /** Everything that is offered, the table's actions first. */
  get all(): Command[] {
    const actions = BINDINGS.flatMap(({ action, group }): Command[] =>
      this.isOffered(action)
        ? [
            {
              id: action,
              label: this.label(action),
              group,
              action,
              why: this.whyNot(action),
              run: () => void this.perform(action),
            },
          ]
        : [],
    );
    return [...actions, ...this.#more.flatMap((list) => list())];
  }

  #change(change: (all: Map<Action, readonly Offer[]>) => void): void {
    // Offers are made in effects, which must not run again for what they offer.
    untrack(() => {
      const all = new Map(this.#offers);
      change(all);
      this.#offers = all;
    });
  }
}

export const commands = new Commands();

/** An action's name with its key, for a tooltip. */
export function tooltip(action: Action, text = labelOf(action)): string {
  const keys = prefs.keysOf(action);
  return keys === "" || !prefs.keysWork(keys) ? text : `${text} (${keys})`;
}
