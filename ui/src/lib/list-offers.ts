/** What every list offers by key: moving through it and showing what waits. */
import type { Offers } from "./commands.svelte";

interface Movable {
  readonly waiting: number;
  readonly screenRows: number;
  step(selected: string | null, by: number | "first" | "last"): Promise<string | null>;
}

export interface ListScreen {
  selected: () => string | null;
  select: (id: string) => void;
  /** Shows what waits, from the top. */
  reveal: () => void;
}

export function listOffers(list: Movable, screen: ListScreen): Offers {
  const move = async (by: number | "first" | "last"): Promise<void> => {
    const from = screen.selected();
    const to = await list.step(from, by);
    // A page may have been fetched meanwhile; a selection made since then wins.
    if (to !== null && screen.selected() === from) screen.select(to);
  };
  return {
    down: () => void move(1),
    up: () => void move(-1),
    page_down: () => void move(list.screenRows),
    page_up: () => void move(-list.screenRows),
    first: () => void move("first"),
    last: () => void move("last"),
    show_new: { run: screen.reveal, why: () => (list.waiting === 0 ? "No new rows wait" : undefined) },
  };
}
