/**
 * How a list takes new facts without jumping.
 *
 * Unheld, it follows the daemon's first page. Held (scrolled, selected or under the pointer), its
 * rows keep their places and only their contents change; what would appear or move waits.
 */

export interface LiveRows<T> {
  rows: readonly T[];
  /** The first page as last answered; shown when the wait ends. */
  latest: readonly T[];
  /** Where the rows after `latest` start; null when there are none. */
  latestNext: string | null;
  /** Where the rows after `rows` start; null when there are none. */
  next: string | null;
  /** Rows that no longer belong here but keep their place while held. */
  gone: ReadonlySet<string>;
  /** Rank of each row when the list last settled. */
  settled: ReadonlyMap<string, string>;
}

export interface Ranked<T> {
  id(row: T): string;
  /** Grows when a row should rise to the top; compared as text. */
  rank(row: T): string;
}

export function emptyRows<T>(): LiveRows<T> {
  return { rows: [], latest: [], latestNext: null, next: null, gone: new Set(), settled: new Map() };
}

function settledBy<T>(rows: readonly T[], of: Ranked<T>): Map<string, string> {
  return new Map(rows.map((row) => [of.id(row), of.rank(row)]));
}

/** Shows exactly the first page. */
export function settle<T>(page: readonly T[], next: string | null, of: Ranked<T>): LiveRows<T> {
  return { rows: page, latest: page, latestNext: next, next, gone: new Set(), settled: settledBy(page, of) };
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
  const gone = next === null ? new Set(rows.map(of.id).filter((id) => !fresh.has(id))) : state.gone;
  return { ...state, rows, latest: page, latestNext: next, gone };
}

/** Takes a further page; rows already here are updated in place. */
export function appendPage<T>(state: LiveRows<T>, page: readonly T[], next: string | null, of: Ranked<T>): LiveRows<T> {
  const fresh = new Map(page.map((row) => [of.id(row), row]));
  const known = new Set(state.rows.map(of.id));
  const added = page.filter((row) => !known.has(of.id(row)));
  const settled = new Map(state.settled);
  for (const row of added) settled.set(of.id(row), of.rank(row));
  return { ...state, rows: [...state.rows.map((row) => fresh.get(of.id(row)) ?? row), ...added], next, settled };
}

/** Puts one row's newer content in its place. */
export function updateRow<T>(state: LiveRows<T>, row: T, of: Ranked<T>): LiveRows<T> {
  const put = (rows: readonly T[]) => rows.map((old) => (of.id(old) === of.id(row) ? row : old));
  return { ...state, rows: put(state.rows), latest: put(state.latest) };
}

/** How many rows wait: unknown ones, and known ones that would rise. */
export function waitingCount<T>(state: LiveRows<T>, of: Ranked<T>): number {
  if (state.latest === state.rows) return 0;
  let lowest: string | undefined;
  for (const rank of state.settled.values()) {
    if (lowest === undefined || rank < lowest) lowest = rank;
  }
  let waiting = 0;
  for (const row of state.latest) {
    const rank = of.rank(row);
    const before = state.settled.get(of.id(row));
    // An unknown row below everything shown only slid up the page; it is not news.
    if (before === undefined ? lowest === undefined || rank >= lowest : rank > before) waiting += 1;
  }
  return waiting;
}
