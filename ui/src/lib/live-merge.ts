/**
 * How a list takes new facts without jumping.
 *
 * Unheld, it follows the daemon's first page. Held (scrolled, selected or under the pointer), its
 * rows keep their places and only their contents change; what would appear or move waits.
 */
import { Pages } from "./pages";

export interface LiveRows<T> {
  rows: Pages<T>;
  /** The first page as last answered; shown when the wait ends. */
  latest: readonly T[];
  /** Where the rows after `latest` start; null when there are none. */
  latestNext: string | null;
  /** Where the rows after `rows` start; null when there are none. */
  next: string | null;
  /** Rows that no longer belong here but keep their place while held. */
  gone: ReadonlySet<string>;
  /** Rank of each row that is here, when the list last settled or the row came. */
  settled: ReadonlyMap<string, string>;
  /** The lowest rank of the first page when the list last settled; undefined when it was empty. */
  lowest: string | undefined;
}

export interface Ranked<T> {
  id(row: T): string;
  /** Grows when a row should rise to the top; compared as text. */
  rank(row: T): string;
}

export function emptyRows<T>(): LiveRows<T> {
  return {
    rows: Pages.of<T>([]),
    latest: [],
    latestNext: null,
    next: null,
    gone: new Set(),
    settled: new Map(),
    lowest: undefined,
  };
}

function settledBy<T>(rows: readonly T[], of: Ranked<T>): Map<string, string> {
  return new Map(rows.map((row) => [of.id(row), of.rank(row)]));
}

/** Shows exactly the first page. */
export function settle<T>(page: readonly T[], next: string | null, of: Ranked<T>): LiveRows<T> {
  const settled = settledBy(page, of);
  const lowest = [...settled.values()].reduce<string | undefined>(
    (low, rank) => (low === undefined || rank < low ? rank : low),
    undefined,
  );
  return { rows: Pages.of(page), latest: page, latestNext: next, next, gone: new Set(), settled, lowest };
}

/** Takes a fresh first page. */
export function mergePage<T>(
  state: LiveRows<T>,
  page: readonly T[],
  next: string | null,
  held: boolean,
  of: Ranked<T>,
): LiveRows<T> {
  if (!held) return settle(page, next, of);
  const fresh = new Map(page.map((row) => [of.id(row), row]));
  const rows = state.rows.map((row) => fresh.get(of.id(row)) ?? row);
  // Only a page that is the whole list can prove that a row has left it.
  const gone =
    next === null
      ? new Set(
          rows
            .here()
            .map(of.id)
            .filter((id) => !fresh.has(id)),
        )
      : state.gone;
  return { ...state, rows, latest: page, latestNext: next, gone };
}

/** Takes a further page; rows already here are updated in place. */
export function appendPage<T>(state: LiveRows<T>, page: readonly T[], next: string | null, of: Ranked<T>): LiveRows<T> {
  const cursor = state.next;
  if (cursor === null) return state;
  const { state: updated, added } = takeRows(state, page, of);
  return { ...updated, rows: updated.rows.append(added, cursor), next };
}

/** Takes a page that had been dropped. */
export function refillPage<T>(state: LiveRows<T>, number: number, page: readonly T[], of: Ranked<T>): LiveRows<T> {
  const { state: updated, added } = takeRows(state, page, of);
  return { ...updated, rows: updated.rows.fill(number, added) };
}

/** Updates the rows of `page` that are here, and answers the others. */
function takeRows<T>(state: LiveRows<T>, page: readonly T[], of: Ranked<T>): { state: LiveRows<T>; added: T[] } {
  const fresh = new Map(page.map((row) => [of.id(row), row]));
  const known = new Set(state.rows.here().map(of.id));
  const added = page.filter((row) => !known.has(of.id(row)));
  const settled = new Map(state.settled);
  for (const row of added) settled.set(of.id(row), of.rank(row));
  const rows = added.length === page.length ? state.rows : state.rows.map((row) => fresh.get(of.id(row)) ?? row);
  return { state: { ...state, rows, settled }, added };
}

/** Drops what is far from the rows in view; itself when nothing is. */
export function dropFar<T>(state: LiveRows<T>, first: number, last: number, of: Ranked<T>): LiveRows<T> {
  const rows = state.rows.keepNear(first, last);
  if (rows === state.rows) return state;
  const here = new Set(rows.here().map(of.id));
  return { ...state, rows, settled: new Map([...state.settled].filter(([id]) => here.has(id))) };
}

/** Puts one row's newer content in its place. */
export function updateRow<T>(state: LiveRows<T>, row: T, of: Ranked<T>): LiveRows<T> {
  const put = (old: T): T => (of.id(old) === of.id(row) ? row : old);
  return { ...state, rows: state.rows.map(put), latest: state.latest.map(put) };
}

/** How many rows wait: unknown ones, and known ones that would rise. */
export function waitingCount<T>(state: LiveRows<T>, of: Ranked<T>): number {
  let waiting = 0;
  for (const row of state.latest) {
    const rank = of.rank(row);
    const before = state.settled.get(of.id(row));
    // An unknown row below everything on the first page only slid up it; it is not news.
    const isNew = before === undefined ? state.lowest === undefined || rank >= state.lowest : rank > before;
    if (isNew) waiting += 1;
  }
  return waiting;
}
