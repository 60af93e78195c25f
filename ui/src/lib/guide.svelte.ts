/** The first-run guide: its facts, read from the daemon, and whether it is wanted. */
import { api } from "./api/client";
import { desk } from "./desk.svelte";
import { guideSteps, isFirstRun, type GuideFacts } from "./guide";
import { prefs } from "./prefs.svelte";
import { Resource } from "./resource.svelte";

const READ_AGAIN_MS = 1_000;

class Guide {
  readonly #keys = new Resource(() => api.keys(), READ_AGAIN_MS);
  readonly #settings = new Resource(() => api.settings(), READ_AGAIN_MS);
  readonly #facts = $derived<GuideFacts>({
    status: desk.status.data,
    health: desk.health.data,
    keys: this.#keys.data?.items ?? null,
    settings: this.#settings.data,
    deactivatedCards: desk.cards.data?.counts.deactivated ?? 0,
    tried: prefs.triedDeactivating,
  });
  readonly steps = $derived(guideSteps(this.#facts));
  readonly done = $derived(this.steps.filter((step) => step.state === "done").length);
  /** In the rail until it is done or dismissed. */
  readonly offered = $derived(!prefs.guideDismissed && this.#facts.keys !== null && this.done < this.steps.length);
  /** By itself in place of the newest swipes, while there are none. */
  readonly shown = $derived(!prefs.guideDismissed && isFirstRun(this.#facts));

  get partnerUrl(): string {
    return desk.status.data?.partner_url ?? "";
  }

  /** Reads what the steps are judged by, and follows it; answers how to stop. */
  follow(): () => void {
    this.#keys.show("");
    this.#settings.show("");
    return desk.changes.on(({ kind }) => {
      if (["settings", "key", "health", "lagged"].includes(kind)) {
        this.#keys.reload();
        this.#settings.reload();
      }
    });
  }

  /** Keys are no event of the daemon's; the guide asks again while it is looked at. */
  reload(): void {
    this.#keys.reload();
    this.#settings.reload();
  }
}

export const guide = new Guide();
