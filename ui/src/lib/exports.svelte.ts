/** Saving a list as a file: at most one at a time, with its progress and its failure. */
import { asDaemonError } from "./api/errors";
import { exportText, type ExportName, type ExportQueries } from "./api/exports";
import { saveFile } from "./api/native";
import { desk } from "./desk.svelte";
import { day } from "./format";
import { toasts } from "./toasts.svelte";

class Exports {
  /** The list under way. */
  busy: ExportName | null = $state(null);
  /** Why the last one was not saved; null once another is begun. */
  failure: { name: ExportName; message: string } | null = $state.raw(null);

  /** `alerts-2026-01-05.csv`, by the Johannesburg day; a demo's files say so. */
  fileName(name: ExportName): string {
    const list = name === "authorizations" ? "swipes" : name;
    return `${desk.demo ? "demo-" : ""}${list}-${day(desk.now)}.csv`;
  }

  async run<N extends ExportName>(name: N, query: ExportQueries[N]): Promise<void> {
    if (this.busy !== null) return;
    this.busy = name;
    this.failure = null;
    try {
      const path = await saveFile(this.fileName(name), await exportText(name, query));
      if (path !== null) toasts.show(`Saved ${path}`, "good");
    } catch (thrown) {
      const { message } = asDaemonError(thrown);
      this.failure = { name, message };
      const again = { label: "Try again", undo: false, run: () => void this.run(name, query) };
      toasts.show(`The list was not saved. ${message}`, "critical", again, "export");
    } finally {
      this.busy = null;
    }
  }

  why(): string | undefined {
    return this.busy === null ? undefined : "An export is under way";
  }
}

export const exports = new Exports();
