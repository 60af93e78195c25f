/** A list that stays live without jumping; the rules of merging are in live-merge.ts. */
import { untrack } from "svelte";
import { asDaemonError, type DaemonError } from "./api/errors";
import { coalesce } from "./coalesce";
import { neighbour } from "./selection";
import {
  appendPage,
  emptyRows,
  mergePage,
  settle,
  updateRow,
  waitingCount,
  type LiveRows,
  type Ranked,
} from "./live-merge";

export interface Page<T> {
  items: T[];
  next?: string | null | undefined;
}

export interface ListSource<T, Q, P extends Page<T>> {
  id(row: T): string;
  /** Grows when a row should rise to the top under this query; empty when none ever does. */
  rank(row: T, query: Q): string;
  page(query: Q, cursor: string | undefined): Promise<P>;
  one(id: string): Promise<T>;
}

/** A moving pointer holds the list; one at rest this long does not. */
const POINTER_HOLD_MS = 3_000;
/** Rows outside the first page that one refetch brings up to date. */
const SINGLE_ROWS_MAX = 10;

export class LiveList<T, Q, P extends Page<T>> {
  #query: Q | null = null;
  readonly #ranked: Ranked<T> = {
    id: (row) => this.source.id(row),
    rank: (row) => (this.#query === null ? "" : this.source.rank(row, this.#query)),
  };
  state: LiveRows<T> = $state.raw(emptyRows<T>());
  first: P | null = $state.raw(null);
  error: DaemonError | null = $state.raw(null);
  asOf: number | null = $state(null);
  scrolled = $state(false);
  selected: string | null = $state(null);
  pointed = $state(false);
  loadingMore = $state(false);
  readonly held = $derived(this.scrolled || this.selected !== null || this.pointed);
  readonly waiting = $derived(waitingCount(this.state, this.#ranked));

  #generation = 0;
  #changed = new Set<string>();
  #pointerTimer: ReturnType<typeof setTimeout> | undefined;
  #refetch = coalesce(() => this.#load());

  constructor(readonly source: ListSource<T, Q, P>) {}

  get loading(): boolean {
    return this.first === null && this.error === null;
  }

  /** Follows `query`; a new one starts from its first page. */
  follow(query: Q): void {
    if (this.#query !== null && JSON.stringify(query) === JSON.stringify(this.#query)) {
      this.#refetch.ask();
      return;
    }
    this.#query = query;
    this.#generation += 1;
    this.state = emptyRows();
    this.first = null;
    this.error = null;
    this.scrolled = false;
    this.#refetch.ask();
  }

  /** Something changed; `id` names the row if the change is one row's. */
  changed(id = ""): void {
    if (id !== "") this.#changed.add(id);
    this.#refetch.ask();
  }

  put(row: T): void {
    this.state = updateRow(this.state, row, this.#ranked);
  }

  /** Shows what waited, from the top. */
  reveal(): void {
    this.scrolled = false;
    this.state = settle(this.state.latest, this.state.latestNext, this.#ranked);
  }

  pointerMoved(): void {
    this.pointed = true;
    clearTimeout(this.#pointerTimer);
    this.#pointerTimer = setTimeout(() => this.pointerLeft(), POINTER_HOLD_MS);
  }

  pointerLeft(): void {
    clearTimeout(this.#pointerTimer);
    this.pointed = false;
    this.#release();
  }

  /** To be called when the list is scrolled back or its selection cleared. */
  select(id: string | null): void {
    // Screens call this from an effect, which must not run again for what it sets off.
    untrack(() => {
      this.selected = id;
      if (id === null) this.#release();
    });
  }

  scrolledTo(top: number): void {
    const scrolled = top > 0;
    if (scrolled === this.scrolled) return;
    this.scrolled = scrolled;
    if (!scrolled) this.#release();
  }

  /** The row after or before `selected`; at the end of what is loaded the next page is fetched first. */
  async step(selected: string | null, by: 1 | -1): Promise<string | null> {
    const id = (row: T) => this.source.id(row);
    const next = neighbour(this.state.rows, selected, by, id);
    if (by !== 1 || next === null || next !== selected || this.state.next === null) return next;
    await this.more();
    return neighbour(this.state.rows, selected, by, id);
  }

  async more(): Promise<void> {
    const cursor = this.state.next;
    if (cursor === null || this.loadingMore || this.#query === null) return;
    const generation = this.#generation;
    this.loadingMore = true;
    try {
      const page = await this.source.page(this.#query, cursor);
      if (generation === this.#generation && cursor === this.state.next) {
        this.state = appendPage(this.state, page.items, page.next ?? null, this.#ranked);
      }
    } catch (thrown) {
      if (generation === this.#generation) this.error = asDaemonError(thrown);
    } finally {
      this.loadingMore = false;
    }
  }

  #release(): void {
    if (!this.held && this.waiting > 0) this.reveal();
  }

  async #load(): Promise<void> {
    const query = this.#query;
    const generation = this.#generation;
    if (query === null) return;
    try {
      const page = await this.source.page(query, undefined);
      if (generation !== this.#generation) return;
      const starting = this.first === null;
      this.first = page;
      this.state = mergePage(this.state, page.items, page.next ?? null, this.held && !starting, this.#ranked);
      this.error = null;
      this.asOf = Date.now();
      await this.#loadSingles(generation);
    } catch (thrown) {
      if (generation === this.#generation) this.error = asDaemonError(thrown);
    }
  }

  /** Rows that changed but lie beyond the first page. */
  async #loadSingles(generation: number): Promise<void> {
    const onPage = new Set(this.state.latest.map((row) => this.source.id(row)));
    const shown = new Set(this.state.rows.map((row) => this.source.id(row)));
    const wanted = [...this.#changed].filter((id) => shown.has(id) && !onPage.has(id));
    this.#changed.clear();
    for (const id of wanted.slice(0, SINGLE_ROWS_MAX)) {
      const row = await this.source.one(id);
      if (generation !== this.#generation) return;
      this.put(row);
    }
    for (const id of wanted.slice(SINGLE_ROWS_MAX)) this.#changed.add(id);
    if (this.#changed.size > 0) this.#refetch.ask();
  }
}
