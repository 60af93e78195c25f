/** A list that stays live without jumping; the rules of merging are in live-merge.ts. */
import { untrack } from "svelte";
import { asDaemonError, type DaemonError } from "./api/errors";
import { coalesce } from "./coalesce";
import {
  appendPage,
  dropFar,
  emptyRows,
  mergePage,
  refillPage,
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
/** The next page is fetched when this few loaded rows are left below the view, so that a held J goes on. */
const AHEAD_ROWS = 60;
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
  #view = { first: 0, last: 0 };
  /** Where the row moved to last stands, which is known even when its page has been dropped. */
  #moved: { id: string; at: number } | null = null;
  #loadingMore: Promise<void> | null = null;
  #filling = new Map<number, Promise<void>>();
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
    this.#moved = null;
    this.#filling.clear();
    this.#loadingMore = null;
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

  find(id: string | null): T | undefined {
    return id === null ? undefined : this.state.rows.find((row) => this.source.id(row) === id);
  }

  /** Where a row stands; -1 when that is not known. */
  indexOf(id: string | null): number {
    if (id === null) return -1;
    const at = this.state.rows.findIndex((row) => this.source.id(row) === id);
    return at < 0 && this.#moved?.id === id ? this.#moved.at : at;
  }

  /** Rows of one screen, for moving by screens. */
  get screenRows(): number {
    return Math.max(1, this.#view.last - this.#view.first - 1);
  }

  /**
   * The row `by` rows from `selected`, or the first or last one loaded; null in an empty list.
   * What is needed for it is fetched first: the next page at the end, a dropped page in between.
   */
  async step(selected: string | null, by: number | "first" | "last"): Promise<string | null> {
    const at = this.indexOf(selected);
    const end = this.state.rows.length - 1;
    const wanted = by === "first" ? 0 : by === "last" ? end : at >= 0 ? at + by : by > 0 ? 0 : end;
    while (wanted >= this.state.rows.length && this.state.next !== null) {
      const before = this.state.rows.length;
      await this.more();
      if (this.state.rows.length === before) break;
    }
    const target = Math.max(0, Math.min(this.state.rows.length - 1, wanted));
    await this.#fill(target);
    const row = this.state.rows.at(target);
    if (row === undefined) return null;
    this.#moved = { id: this.source.id(row), at: target };
    return this.#moved.id;
  }

  /** To be told which rows are in view: what is missing there is fetched, what is far is dropped. */
  view(first: number, last: number): void {
    untrack(() => {
      this.#view = { first, last };
      const kept = dropFar(this.state, first, last, this.#ranked);
      if (kept !== this.state) this.state = kept;
      void this.#fill(first);
      void this.#fill(last);
      if (last + AHEAD_ROWS >= this.state.rows.length) void this.more();
    });
  }

  /** Fetches the page after the last one; asked again meanwhile, it is the same fetch. */
  more(): Promise<void> {
    this.#loadingMore ??= this.#fetchMore().finally(() => (this.#loadingMore = null));
    return this.#loadingMore;
  }

  async #fetchMore(): Promise<void> {
    const cursor = this.state.next;
    if (cursor === null || this.#query === null) return;
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

  /** Fetches the dropped page that row `index` is on, if it is on one. */
  #fill(index: number): Promise<void> {
    const missing = this.state.rows.missingAt(Math.min(index, this.state.rows.length - 1));
    if (missing === undefined) return Promise.resolve();
    const { number, cursor } = missing;
    const known = this.#filling.get(number);
    if (known !== undefined) return known;
    const filling = this.#refill(number, cursor).finally(() => this.#filling.delete(number));
    this.#filling.set(number, filling);
    return filling;
  }

  async #refill(number: number, cursor: string): Promise<void> {
    const query = this.#query;
    const generation = this.#generation;
    if (query === null) return;
    try {
      const page = await this.source.page(query, cursor);
      if (generation !== this.#generation || !this.state.rows.lacks(number, cursor)) return;
      this.state = refillPage(this.state, number, page.items, this.#ranked);
    } catch (thrown) {
      if (generation === this.#generation) this.error = asDaemonError(thrown);
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
    const shown = new Set(this.state.rows.here().map((row) => this.source.id(row)));
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
