/** What a person does to an alert. It shows at once, reconciles with the answer, and comes back on failure. */
import { api, type Alert, type Disposal } from "./api/client";
import { asDaemonError } from "./api/errors";
import { desk } from "./desk.svelte";
import { exact } from "./format";
import { signal } from "./signal";
import { toasts, type Toast } from "./toasts.svelte";
import { disposition as dispositionWord } from "./words";

export type Disposition = Disposal["disposition"];
type Patch = Partial<Pick<Alert, "status" | "disposition" | "assigned_to" | "snoozed_until">>;

/** Decisions sent at once in a bulk act: enough to be quick, few enough not to crowd out swipes. */
const BULK_AT_ONCE = 4;

/** How long a row says that an act failed before it shows its state again. */
const FAILURE_SHOWN_MS = 20_000;

class AlertActs {
  #pending: Record<string, Patch> = $state({});
  #failed: Record<string, string> = $state({});
  /** Alerts as the daemon answered them. */
  readonly answered = signal<Alert>();

  /** The alert with the person's act on it, until the daemon has spoken. */
  shown<T extends Alert>(alert: T): T {
    const patch = this.#pending[alert.id];
    return patch === undefined ? alert : { ...alert, ...patch };
  }
  failureOf(id: string): string | undefined {
    return this.#failed[id];
  }

  async dispose(alert: Alert, disposition: Disposition): Promise<void> {
    const word = dispositionWord(disposition).text;
    const patch: Patch = { status: "resolved", disposition };
    if (await this.#act(alert.id, patch, word, () => api.dispose(alert.id, { disposition }))) {
      toasts.show(
        `${word}: ${alert.title}`,
        "good",
        undoBy("Undo", () => this.reopen(alert)),
        alert.id,
      );
    }
  }

  /** The same decision on many; answers how many failed. */
  async disposeMany(alerts: readonly Alert[], disposition: Disposition): Promise<number> {
    const word = dispositionWord(disposition).text;
    const waiting = [...alerts];
    const done: Alert[] = [];
    const work = async (): Promise<void> => {
      for (let alert = waiting.shift(); alert !== undefined; alert = waiting.shift()) {
        const { id } = alert;
        const ok = await this.#act(id, { status: "resolved", disposition }, word, () =>
          api.dispose(id, { disposition }),
        );
        if (ok) done.push(alert);
      }
    };
    await Promise.all(Array.from({ length: BULK_AT_ONCE }, work));
    if (done.length > 0) {
      toasts.show(
        `${word}: ${done.length} of ${alerts.length} alerts`,
        "good",
        undoBy("Undo", async () => {
          for (const alert of done) await this.reopen(alert);
        }),
      );
    }
    return alerts.length - done.length;
  }

  async reopen(alert: Alert): Promise<void> {
    const patch: Patch = { status: "open", disposition: null };
    await this.#act(alert.id, patch, "Reopen", () => api.reopen(alert.id, "Decision undone at the desk"));
  }

  async assign(alert: Alert, assignee: string | null): Promise<void> {
    const before = alert.assigned_to ?? null;
    const patch: Patch = { assigned_to: assignee, status: alert.status === "open" ? "in_review" : alert.status };
    if (await this.#act(alert.id, patch, "Assign", () => api.assign(alert.id, assignee))) {
      toasts.show(
        assignee === null ? "No longer assigned" : `Assigned to ${assignee}`,
        "good",
        undoBy("Undo", () =>
          this.#act(alert.id, { assigned_to: before }, "Assign", () => api.assign(alert.id, before)),
        ),
        alert.id,
      );
    }
  }

  async snooze(alert: Alert, until: string | null): Promise<void> {
    if (await this.#act(alert.id, { snoozed_until: until }, "Snooze", () => api.snooze(alert.id, until))) {
      toasts.show(
        until === null ? "No longer snoozed" : `Snoozed until ${exact(until)}`,
        "good",
        undoBy("Undo", () => this.#act(alert.id, { snoozed_until: null }, "Snooze", () => api.snooze(alert.id, null))),
        alert.id,
      );
    }
  }

  async note(id: string, text: string): Promise<void> {
    if (await this.#act(id, {}, "Note", () => api.note(id, text)))
      toasts.show("Note kept", "good", undefined, `note ${id}`);
  }

  async toggleMine(alert: Alert): Promise<void> {
    if (desk.me !== "") await this.assign(alert, alert.assigned_to === desk.me ? null : desk.me);
  }

  async #act(id: string, patch: Patch, what: string, call: () => Promise<Alert>): Promise<boolean> {
    this.#pending[id] = patch;
    delete this.#failed[id];
    try {
      this.answered.emit(await call());
      return true;
    } catch (thrown) {
      const reason = asDaemonError(thrown).message;
      this.#failed[id] = `${what} not recorded. ${reason}`;
      toasts.fail(`${what} not recorded. ${reason}`, id);
      setTimeout(() => delete this.#failed[id], FAILURE_SHOWN_MS);
      return false;
    } finally {
      delete this.#pending[id];
    }
  }
}

function undoBy(label: string, run: () => Promise<unknown>): NonNullable<Toast["action"]> {
  return { label, undo: true, run: () => void run() };
}

export const alertActs = new AlertActs();
