/** One thing fetched by key, refetched without overlap, shown until something newer arrives. */
import { asDaemonError, type DaemonError } from "./api/errors";
import { coalesce } from "./coalesce";

export class Resource<T> {
  data: T | null = $state.raw(null);
  error: DaemonError | null = $state.raw(null);
  /** When `data` was answered, by the machine's clock; null before the first answer. */
  asOf: number | null = $state(null);
  #key: string | null = null;
  #fetch: (key: string) => Promise<T>;
  #refetch;

  constructor(fetch: (key: string) => Promise<T>, gapMs?: number) {
    this.#fetch = fetch;
    this.#refetch = coalesce(() => this.#load(), gapMs);
  }

  get loading(): boolean {
    return this.data === null && this.error === null;
  }

  /** Shows the thing of `key`; another key's data is dropped at once. */
  show(key: string | null): void {
    if (key !== this.#key) {
      this.#key = key;
      this.data = null;
      this.error = null;
      this.asOf = null;
    }
    this.reload();
  }

  reload(): void {
    if (this.#key !== null) this.#refetch.ask();
  }

  /** Takes an answer that came another way, for example from a decision. */
  put(data: T): void {
    this.data = data;
  }

  async #load(): Promise<void> {
    const key = this.#key;
    if (key === null) return;
    try {
      const data = await this.#fetch(key);
      if (key !== this.#key) return;
      this.data = data;
      this.error = null;
      this.asOf = Date.now();
    } catch (thrown) {
      if (key === this.#key) this.error = asDaemonError(thrown);
    }
  }
}
