/** Which row the next J or K selects. Null when the list is empty. */
export function neighbour<T>(
  rows: readonly T[],
  selected: string | null,
  by: 1 | -1,
  id: (row: T) => string,
): string | null {
  if (rows.length === 0) return null;
  const at = selected === null ? -1 : rows.findIndex((row) => id(row) === selected);
  const next = at < 0 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  const row = rows[next];
  return row === undefined ? null : id(row);
}
