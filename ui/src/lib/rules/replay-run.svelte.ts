/** Replays of one rule: started, followed until they end, looked at again. */
import { asDaemonError } from "../api/errors";
import { rulesApi, type AskedRule, type Replay } from "../api/rules";
import { desk } from "../desk.svelte";
import { rulesDesk } from "./rules-desk.svelte";
import { draftRefusal } from "./words";

/** How often a running replay is asked how far it is. */
const POLL_MS = 500;

export const isRunning = (replay: Replay): boolean => replay.status === "waiting" || replay.status === "running";

export class ReplayRun {
  shown: Replay | null = $state.raw(null);
  failure = $state("");
  starting = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Follows the replay shown while an effect lives. */
  follow(): () => void {
    const stop = desk.changes.on(({ kind, id }) => {
      if (this.shown !== null && (kind === "lagged" || (kind === "replay" && id === this.shown.id))) void this.#poll();
    });
    if (this.shown !== null && isRunning(this.shown)) void this.#poll();
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  show(replay: Replay | null): void {
    clearTimeout(this.#timer);
    this.shown = replay;
    this.failure = "";
    if (replay !== null && isRunning(replay)) this.#later();
  }

  async start(rule: AskedRule, from: string, to: string | null): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.failure = "";
    try {
      this.show(await rulesApi.startReplay(rule, from, to));
      rulesDesk.replays.reload();
    } catch (thrown) {
      this.failure = draftRefusal(asDaemonError(thrown));
    } finally {
      this.starting = false;
    }
  }

  async cancel(): Promise<void> {
    if (this.shown === null) return;
    try {
      this.shown = await rulesApi.cancelReplay(this.shown.id);
      this.#later();
    } catch (thrown) {
      this.failure = asDaemonError(thrown).message;
    }
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  async #poll(): Promise<void> {
    const asked = this.shown?.id;
    if (asked === undefined) return;
    try {
      const replay = await rulesApi.replay(asked);
      if (this.shown?.id !== asked) return;
      this.shown = replay;
      this.failure = "";
      if (isRunning(replay)) this.#later();
      else rulesDesk.replays.reload();
    } catch (thrown) {
      if (this.shown?.id !== asked) return;
      const error = asDaemonError(thrown);
      this.failure = error.status === 404 ? "This replay is gone: the daemon was restarted." : error.message;
      if (error.status !== 404) this.#later();
    }
  }
}

const runs = new Map<string, ReplayRun>();

/** The replay of a rule outlives the tab it is shown on. */
export function replayRunOf(id: string): ReplayRun {
  const run = runs.get(id) ?? new ReplayRun();
  runs.set(id, run);
  return run;
}
