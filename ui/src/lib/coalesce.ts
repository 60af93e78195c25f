/** At most this often does a burst of changes refetch: four times a second. */
export const REFETCH_MS = 250;

export interface Coalesced {
  /** Asks for a run; many asks before it starts are one run. */
  ask(): void;
  stop(): void;
}

/**
 * Runs `work` at most once every `gapMs`, never two at a time, and once more if asked meanwhile.
 */
export function coalesce(work: () => Promise<void>, gapMs = REFETCH_MS): Coalesced {
  let running = false;
  let asked = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(): Promise<void> {
    running = true;
    asked = false;
    const resting = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, gapMs);
    });
    try {
      await work();
    } finally {
      await resting;
      running = false;
      if (asked && !stopped) void run();
    }
  }

  return {
    ask() {
      if (stopped) return;
      if (running) asked = true;
      else void run();
    },
    stop() {
      stopped = true;
      // A timer that never fires would leave its run waiting; that run has nothing left to do.
      if (timer !== undefined) clearTimeout(timer);
    },
  };
}
