/** Short messages that float, and what can still be undone. */

/** A decision can be undone for this long. */
export const UNDO_MS = 8_000;
/** A failure stays longer: it has to be read. */
const FAILURE_MS = 15_000;
/** So many fit without covering the work; what is older can still be undone by key. */
const SHOWN_MAX = 3;

export interface Toast {
  id: number;
  text: string;
  tone: "neutral" | "good" | "critical";
  /** What it is about; a newer message about the same thing takes its place. */
  about: string;
  action?: { label: string; undo: boolean; run: () => void } | undefined;
}

class Toasts {
  items: Toast[] = $state.raw([]);
  readonly shown = $derived(this.items.slice(-SHOWN_MAX));
  readonly canUndo = $derived(this.items.some((toast) => toast.action?.undo === true));
  #last = 0;

  /** Shows a message and answers its number. */
  show(text: string, tone: Toast["tone"] = "neutral", action?: Toast["action"], about = ""): number {
    const id = ++this.#last;
    const others = this.items.filter((toast) => about === "" || toast.about !== about);
    this.items = [...others, { id, text, tone, action, about }];
    setTimeout(() => this.dismiss(id), tone === "critical" ? FAILURE_MS : UNDO_MS);
    return id;
  }

  /** Says something else in a message that may be gone by now. */
  reword(id: number, text: string): void {
    this.items = this.items.map((toast) => (toast.id === id ? { ...toast, text } : toast));
  }

  fail(text: string, about = ""): void {
    this.show(text, "critical", undefined, about);
  }

  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  run(toast: Toast): void {
    this.dismiss(toast.id);
    toast.action?.run();
  }

  /** Undoes the newest decision that still can be; false when there is none. */
  undoNewest(): boolean {
    const newest = this.items.findLast((toast) => toast.action?.undo === true);
    if (newest === undefined) return false;
    this.run(newest);
    return true;
  }
}

export const toasts = new Toasts();
