/** What a person does to a card. It shows at once, reconciles with the answer, and comes back on failure. */
import { api, type Card } from "./api/client";
import { asDaemonError } from "./api/errors";
import type { Offers } from "./commands.svelte";
import { cardName } from "./format";
import { layers } from "./layers.svelte";
import { prefs } from "./prefs.svelte";
import { signal } from "./signal";
import { toasts } from "./toasts.svelte";

/** How long a row says that an act failed before it shows its state again. */
const FAILURE_SHOWN_MS = 20_000;

type CardState = Pick<Card, "id" | "masked_number" | "status" | "hold">;
type CardRef = Pick<Card, "id" | "masked_number">;

/** The reason recorded when a person deactivates from the desk without being asked for one. */
const AT_ONCE_REASON = "Suspected fraud";

/** What can be done to the card that `card` answers, or why not. */
export function cardOffers(card: () => CardState | null): Offers {
  const statusOf = (of: CardState) => cardActs.statusOf(of.id, of.status);
  const why = (wanted: Card["status"]) => () => {
    const of = card();
    if (of === null) return "Select a card first";
    return statusOf(of) === wanted ? undefined : `The card is ${wanted === "active" ? "deactivated" : "active"}`;
  };
  const withCard = (act: (of: CardState) => void) => () => {
    const of = card();
    if (of !== null) act(of);
  };
  return {
    deactivate: { why: why("active"), run: withCard((of) => void cardActs.deactivate(of)) },
    confirm_hold: {
      why: () => {
        const of = card();
        if (of === null) return "Select a card first";
        return cardActs.holdOf(of) === null ? "The card is not held by a rule" : undefined;
      },
      run: withCard((of) => void cardActs.confirmHold(of)),
    },
    reactivate: {
      why: why("deactivated"),
      label: () => {
        const of = card();
        return of !== null && cardActs.holdOf(of) !== null ? "Lift hold" : "Reactivate card";
      },
      run: withCard((of) => layers.show({ kind: "reactivate", card: of, held: cardActs.holdOf(of) !== null })),
    },
  };
}

class CardActs {
  #pending: Record<string, Card["status"]> = $state({});
  #failed: Record<string, string> = $state({});
  /** Until when the hold ran that a person has just confirmed, by card. */
  #confirmed: Record<string, string> = $state({});
  /** Cards as the daemon answered them. */
  readonly answered = signal<Card>();

  /** The status to show: the person's, until the daemon has spoken. */
  statusOf(id: string, known: Card["status"]): Card["status"] {
    return this.#pending[id] ?? known;
  }
  /** The rule's hold that still waits for a person; null once one has decided. */
  holdOf(card: Pick<Card, "id" | "status" | "hold">): NonNullable<Card["hold"]> | null {
    const held = this.statusOf(card.id, card.status) === "deactivated" && this.#confirmed[card.id] !== card.hold?.until;
    return held ? (card.hold ?? null) : null;
  }
  isPending(id: string): boolean {
    return this.#pending[id] !== undefined;
  }
  /** Why the last act on this card failed. */
  failureOf(id: string): string | undefined {
    return this.#failed[id];
  }

  async deactivate(card: CardRef): Promise<void> {
    if (this.isPending(card.id)) return;
    const done = await this.#act(card, "deactivated", () => api.deactivateCard(card.id, AT_ONCE_REASON));
    if (!done) return;
    prefs.triedDeactivating = true;
    toasts.show(
      `${cardName(card)} deactivated. Its next swipe is declined.`,
      "good",
      {
        label: "Reactivate…",
        undo: true,
        run: () => layers.show({ kind: "reactivate", card, held: false }),
      },
      card.id,
    );
  }

  async reactivate(card: CardRef, reason: string): Promise<void> {
    const done = await this.#act(card, "active", () => api.activateCard(card.id, reason));
    if (done) toasts.show(`${cardName(card)} is active again.`, "good", undefined, card.id);
  }

  /** The card stays deactivated, by a person's word from now on. */
  async confirmHold(card: Pick<Card, "id" | "masked_number" | "hold">): Promise<void> {
    if (card.hold == null) return;
    this.#confirmed[card.id] = card.hold.until;
    try {
      this.answered.emit(await api.confirmHold(card.id));
      toasts.show(`${cardName(card)} stays deactivated until a person reactivates it.`, "good", undefined, card.id);
    } catch (thrown) {
      delete this.#confirmed[card.id];
      const reason = asDaemonError(thrown).message;
      this.#fail(card.id, `Hold not confirmed. ${reason}`);
      toasts.fail(`The hold of ${cardName(card)} was not confirmed. ${reason}`, card.id);
    }
  }

  #fail(id: string, text: string): void {
    this.#failed[id] = text;
    setTimeout(() => delete this.#failed[id], FAILURE_SHOWN_MS);
  }

  async #act(card: CardRef, wanted: Card["status"], call: () => Promise<Card>): Promise<boolean> {
    this.#pending[card.id] = wanted;
    delete this.#failed[card.id];
    try {
      this.answered.emit(await call());
      return true;
    } catch (thrown) {
      const verb = wanted === "deactivated" ? "deactivated" : "reactivated";
      const reason = asDaemonError(thrown).message;
      this.#fail(card.id, `Not ${verb}. ${reason}`);
      toasts.fail(`${cardName(card)} was not ${verb}. ${reason}`, card.id);
      return false;
    } finally {
      delete this.#pending[card.id];
    }
  }
}

export const cardActs = new CardActs();
