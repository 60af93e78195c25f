/** What a person does to a card. It shows at once, reconciles with the answer, and comes back on failure. */
import { api, type Card } from "./api/client";
import { asDaemonError } from "./api/errors";
import { cardName } from "./format";
import { layers } from "./layers.svelte";
import { signal } from "./signal";
import { toasts } from "./toasts.svelte";

/** How long a row says that an act failed before it shows its state again. */
const FAILURE_SHOWN_MS = 20_000;

type CardRef = Pick<Card, "id" | "masked_number">;

/** The reason recorded when a person deactivates from the desk without being asked for one. */
const AT_ONCE_REASON = "Suspected fraud";

class CardActs {
  #pending: Record<string, Card["status"]> = $state({});
  #failed: Record<string, string> = $state({});
  /** Cards as the daemon answered them. */
  readonly answered = signal<Card>();

  /** The status to show: the person's, until the daemon has spoken. */
  statusOf(id: string, known: Card["status"]): Card["status"] {
    return this.#pending[id] ?? known;
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
    toasts.show(
      `${cardName(card)} deactivated. Its next swipe is declined.`,
      "good",
      {
        label: "Reactivate…",
        undo: true,
        run: () => layers.show({ kind: "reactivate", card }),
      },
      card.id,
    );
  }

  async reactivate(card: CardRef, reason: string): Promise<void> {
    const done = await this.#act(card, "active", () => api.activateCard(card.id, reason));
    if (done) toasts.show(`${cardName(card)} is active again.`, "good", undefined, card.id);
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
      this.#failed[card.id] = `Not ${verb}. ${reason}`;
      toasts.fail(`${cardName(card)} was not ${verb}. ${reason}`, card.id);
      setTimeout(() => delete this.#failed[card.id], FAILURE_SHOWN_MS);
      return false;
    } finally {
      delete this.#pending[card.id];
    }
  }
}

export const cardActs = new CardActs();
