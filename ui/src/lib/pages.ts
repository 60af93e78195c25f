/**
 * The rows of a long list, in pages of which only those near the eye are kept.
 *
 * A dropped page keeps its length and the cursor that fetches it again, so nothing moves when it goes
 * or returns. Immutable, and never holds more than a few pages of rows however long the list is.
 */

/** What a list draws from: an array, or pages of which some are not here. */
export interface Rows<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

interface PageOf<T> {
  /** Fetches this page; null for the first. */
  cursor: string | null;
  /** Null once dropped. */
  rows: readonly T[] | null;
  length: number;
}

/** Rows kept on either side of those in view: several screens, so that turning back shows no gap. */
export const KEPT_ROWS = 500;

export class Pages<T> implements Rows<T> {
  readonly length: number;
  readonly #pages: readonly PageOf<T>[];
  readonly #starts: readonly number[];

  private constructor(pages: readonly PageOf<T>[]) {
    this.#pages = pages;
    const starts: number[] = [];
    let length = 0;
    for (const page of pages) {
      starts.push(length);
      length += page.length;
    }
    this.#starts = starts;
    this.length = length;
  }

  static of<T>(rows: readonly T[]): Pages<T> {
    return new Pages([{ cursor: null, rows, length: rows.length }]);
  }

  at(index: number): T | undefined {
    const page = this.pageAt(index);
    if (page < 0) return undefined;
    return this.#pages[page]?.rows?.[index - (this.#starts[page] ?? 0)];
  }

  /** The number of the page that holds row `index`; -1 outside. */
  pageAt(index: number): number {
    if (index < 0 || index >= this.length) return -1;
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where a row that is here stands; -1 when it is not here. */
  findIndex(found: (row: T) => boolean): number {
    for (const [number, page] of this.#pages.entries()) {
      const at = page.rows?.findIndex(found) ?? -1;
      if (at >= 0) return (this.#starts[number] ?? 0) + at;
    }
    return -1;
  }
  find(found: (row: T) => boolean): T | undefined {
    return this.at(this.findIndex(found));
  }

  /** All rows that are here. */
  here(): T[] {
    return this.#pages.flatMap((page) => [...(page.rows ?? [])]);
  }

  /** Changes rows in place; dropped ones stay dropped. */
  map(change: (row: T) => T): Pages<T> {
    return new Pages(this.#pages.map((page) => ({ ...page, rows: page.rows?.map(change) ?? null })));
  }

  append(rows: readonly T[], cursor: string): Pages<T> {
    return new Pages([...this.#pages, { cursor, rows, length: rows.length }]);
  }

  /** Brings a dropped page back; it may have become shorter or longer meanwhile. */
  fill(number: number, rows: readonly T[]): Pages<T> {
    return new Pages(
      this.#pages.map((page, each) => (each === number ? { ...page, rows, length: rows.length } : page)),
    );
  }

  /** The cursor of a page that is needed for row `index` and not here; undefined when it is here. */
  missingAt(index: number): { number: number; cursor: string } | undefined {
    const number = this.pageAt(index);
    const page = this.#pages[number];
    return page === undefined || page.rows !== null || page.cursor === null
      ? undefined
      : { number, cursor: page.cursor };
  }

  /** True while that page is dropped and would be fetched by this cursor. */
  lacks(number: number, cursor: string): boolean {
    const page = this.#pages[number];
    return page !== undefined && page.rows === null && page.cursor === cursor;
  }

  /** Drops the pages far from the rows in view; itself when there is none. The first page always stays. */
  keepNear(first: number, last: number): Pages<T> {
    const far = (page: PageOf<T>, number: number): boolean => {
      const start = this.#starts[number] ?? 0;
      return number > 0 && (start + page.length < first - KEPT_ROWS || start > last + KEPT_ROWS);
    };
    if (!this.#pages.some((page, number) => page.rows !== null && far(page, number))) return this;
    return new Pages(this.#pages.map((page, number) => (far(page, number) ? { ...page, rows: null } : page)));
  }
}
