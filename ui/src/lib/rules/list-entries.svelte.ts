/** The entries of one list, searched and read page by page, and the acts on a list. */
import { asDaemonError, type DaemonError } from "../api/errors";
import { rulesApi, type Imported } from "../api/rules";

export class ListEntries {
  items: string[] = $state.raw([]);
  next: string | null = $state(null);
  error: DaemonError | null = $state.raw(null);
  loading = $state(true);
  #id = "";
  #query = "";
  #turn = 0;

  show(id: string, query: string): void {
    if (id !== this.#id) this.items = [];
    this.#id = id;
    this.#query = query;
    void this.reload();
  }

  async reload(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const page = await rulesApi.entries(this.#id, this.#query, undefined);
      if (turn !== this.#turn) return;
      this.items = page.items;
      this.next = page.next ?? null;
      this.error = null;
    } catch (thrown) {
      if (turn === this.#turn) this.error = asDaemonError(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  async more(): Promise<void> {
    if (this.next === null || this.loading) return;
    const turn = this.#turn;
    this.loading = true;
    try {
      const page = await rulesApi.entries(this.#id, this.#query, this.next);
      if (turn !== this.#turn) return;
      this.items = [...this.items, ...page.items];
      this.next = page.next ?? null;
    } catch (thrown) {
      if (turn === this.#turn) this.error = asDaemonError(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}

const times = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** How an import came out, in one sentence. */
export function importedWords(done: Pick<Imported, "added" | "removed" | "unchanged" | "rejected">): string {
  const parts = [`${times(done.added, "entry", "entries")} added`];
  if (done.removed > 0) parts.push(`${done.removed} removed`);
  if (done.unchanged > 0) parts.push(`${done.unchanged} there already`);
  if (done.rejected.length > 0) parts.push(`${times(done.rejected.length, "line", "lines")} not taken`);
  return `${parts.join(", ")}.`;
}

/** Why a list was not deleted, and what to do. */
export function deleteRefusal(error: Pick<DaemonError, "code" | "message">, usedBy: readonly string[]): string {
  if (error.code !== "list_in_use") return error.message;
  const named = usedBy.length === 0 ? "a rule" : usedBy.join(", ");
  return `It was not deleted, because ${named} looks into it. Change the rule first so that it no longer names the list.`;
}
