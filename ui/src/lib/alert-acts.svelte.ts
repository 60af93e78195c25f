/**
 * What a person does to alerts, one or many. It shows at once and can be undone at once, reconciles with
 * the answer, and comes back with the reason on failure.
 */
import { api, type Alert, type Disposal } from "./api/client";
import { asDaemonError } from "./api/errors";
import { desk } from "./desk.svelte";
import { exact, plural } from "./format";
import { signal } from "./signal";
import { toasts } from "./toasts.svelte";
import { disposition as dispositionWord } from "./words";

export type Disposition = Disposal["disposition"];
export const DISPOSITIONS = ["confirmed_fraud", "false_positive", "inconclusive"] as const;
type Patch = Partial<Pick<Alert, "status" | "disposition" | "assigned_to" | "snoozed_until">>;

/** One step: how the alert looks meanwhile, and the call. */
interface Step {
  patch: Patch;
  call: () => Promise<Alert>;
}

interface Act {
  /** Names the act in a failure: "Snooze not recorded". */
  what: string;
  step: (alert: Alert) => Step;
  /** What brings the alert back to where it was, one call after the other. */
  undo: (before: Alert) => Step[];
  said: string;
}

/** Decisions sent at once in a bulk act: enough to be quick, few enough not to crowd out swipes. */
const BULK_AT_ONCE = 4;

/** How long a row says that an act failed before it shows its state again. */
const FAILURE_SHOWN_MS = 20_000;

class AlertActs {
  #pending: Record<string, Patch> = $state({});
  #failed: Record<string, string> = $state({});
  /** The newest act on each alert, so that an older one's end does not uncover it. */
  #newest = new Map<string, number>();
  #acts = 0;
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

  dispose(alerts: readonly Alert[], disposition: Disposition): Promise<number> {
    const word = dispositionWord(disposition).text;
    return this.#act(alerts, {
      what: word,
      said: word,
      step: ({ id }) => ({
        patch: { status: "resolved", disposition },
        call: () => api.dispose(id, { disposition }),
      }),
      undo: reopening,
    });
  }

  reopen(alerts: readonly Alert[]): Promise<number> {
    return this.#act(alerts, {
      what: "Reopen",
      said: "Reopened",
      step: ({ id }) => ({
        patch: { status: "open", disposition: null },
        call: () => api.reopen(id, "Reopened at the desk"),
      }),
      undo: ({ id, disposition }) => {
        const again = DISPOSITIONS.find((known) => known === disposition);
        if (again === undefined) return [];
        return [
          {
            patch: { status: "resolved", disposition: again },
            call: () => api.dispose(id, { disposition: again }),
          },
        ];
      },
    });
  }

  assign(alerts: readonly Alert[], assignee: string | null): Promise<number> {
    return this.#act(alerts, {
      what: "Assign",
      said: assignee === null ? "No longer assigned" : `Assigned to ${assignee}`,
      step: ({ id }) => assigning(id, assignee),
      undo: (before) => [assigning(before.id, before.assigned_to ?? null)],
    });
  }

  snooze(alerts: readonly Alert[], until: string | null): Promise<number> {
    return this.#act(alerts, {
      what: "Snooze",
      said: until === null ? "No longer snoozed" : `Snoozed until ${exact(until)}`,
      step: ({ id }) => snoozing(id, until),
      undo: (before) => [snoozing(before.id, before.snoozed_until ?? null)],
    });
  }

  async note(id: string, text: string): Promise<void> {
    const recorded = await this.#send(id, "Note", [{ patch: {}, call: () => api.note(id, text) }]);
    if (recorded) toasts.show("Note kept", "good", undefined, `note ${id}`);
  }

  /** Assigns to the person at the desk, or to nobody when all of them are that person's already. */
  async toggleMine(alerts: readonly Alert[]): Promise<void> {
    if (desk.me === "") return;
    await this.assign(alerts, alerts.every((alert) => alert.assigned_to === desk.me) ? null : desk.me);
  }

  /** Acts on all, and answers how many failed. Undone before its end, it stops where it is and goes back. */
  async #act(alerts: readonly Alert[], act: Act): Promise<number> {
    if (alerts.length === 0) return 0;
    const waiting = [...alerts];
    const done: Alert[] = [];
    let failed = 0;
    let undone = false;
    const only = alerts.length === 1 ? alerts[0] : undefined;
    const about = only?.id ?? "";
    const covered = new Map(alerts.map((alert) => [alert.id, this.#cover(alert.id, act.step(alert).patch)]));

    const work = async (): Promise<void> => {
      for (let alert = waiting.shift(); alert !== undefined; alert = waiting.shift()) {
        if (undone) this.#uncover(alert.id, covered.get(alert.id) ?? 0);
        else if (await this.#send(alert.id, act.what, [act.step(alert)], only === undefined)) done.push(alert);
        else failed += 1;
      }
    };
    const working = Promise.all(Array.from({ length: BULK_AT_ONCE }, work));
    const name = only?.title ?? plural(alerts.length, "alert");
    const toast = toasts.show(
      `${act.said}: ${name}`,
      "good",
      {
        label: "Undo",
        undo: true,
        run: () => {
          undone = true;
          void working.then(() => this.#undo(done, act));
        },
      },
      about,
    );
    await working;
    if (only === undefined && failed > 0) {
      toasts.reword(toast, `${act.said}: ${done.length} of ${name}`);
      toasts.fail(`${act.what} not recorded for ${plural(failed, "alert")}. Each row says why.`);
    }
    return failed;
  }

  async #undo(alerts: readonly Alert[], act: Act): Promise<void> {
    const waiting = [...alerts];
    const work = async (): Promise<void> => {
      for (let alert = waiting.shift(); alert !== undefined; alert = waiting.shift()) {
        await this.#send(alert.id, "Undo", act.undo(alert));
      }
    };
    await Promise.all(Array.from({ length: BULK_AT_ONCE }, work));
  }

  /** Shows `patch` on the alert until the act of this number ends. */
  #cover(id: string, patch: Patch): number {
    this.#acts += 1;
    this.#newest.set(id, this.#acts);
    this.#pending[id] = patch;
    delete this.#failed[id];
    return this.#acts;
  }
  #uncover(id: string, number: number): void {
    if (this.#newest.get(id) !== number) return;
    this.#newest.delete(id);
    delete this.#pending[id];
  }

  async #send(id: string, what: string, steps: readonly Step[], quietly = false): Promise<boolean> {
    const whole = steps.reduce<Patch>((patch, step) => ({ ...patch, ...step.patch }), {});
    const number = this.#cover(id, whole);
    try {
      for (const step of steps) this.answered.emit(await step.call());
      return true;
    } catch (thrown) {
      const failure = `${what} not recorded. ${asDaemonError(thrown).message}`;
      this.#failed[id] = failure;
      if (!quietly) toasts.fail(failure, id);
      setTimeout(() => {
        if (this.#failed[id] === failure) delete this.#failed[id];
      }, FAILURE_SHOWN_MS);
      return false;
    } finally {
      this.#uncover(id, number);
    }
  }
}

function assigning(id: string, assignee: string | null): Step {
  return {
    patch: { assigned_to: assignee, status: assignee === null ? "open" : "in_review" },
    call: () => api.assign(id, assignee),
  };
}

function snoozing(id: string, until: string | null): Step {
  return { patch: { snoozed_until: until }, call: () => api.snooze(id, until) };
}

/** A reopened alert is open, unassigned and awake; what it was before is put back after it. */
function reopening(before: Alert): Step[] {
  const { id, assigned_to: assignee, snoozed_until: until } = before;
  const steps: Step[] = [
    { patch: { status: "open", disposition: null }, call: () => api.reopen(id, "Decision undone at the desk") },
  ];
  if (before.status === "in_review" && assignee != null) steps.push(assigning(id, assignee));
  if (until != null && Date.parse(until) > desk.now) steps.push(snoozing(id, until));
  return steps;
}

export const alertActs = new AlertActs();
