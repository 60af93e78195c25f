/** The order of the palette: best match first, used lately before others, what cannot be done now last. Pure. */
import type { Command } from "./commands.svelte";
import { fuzzyScore } from "./fuzzy";

/** Weight of having been used lately: it decides between near matches, not against a better one. */
const RECENT_BONUS = 6;

const AFTER_OTHERS = 500;

/** Moving by rows is done by keys alone: in the palette the row could not be seen. */
const BY_KEY_ALONE: ReadonlySet<string> = new Set(["down", "up", "page_down", "page_up", "open", "back", "palette"]);

export function inPalette(command: Command): boolean {
  return !BY_KEY_ALONE.has(command.id);
}

export function ranked(commands: readonly Command[], typed: string, recent: readonly string[]): Command[] {
  const found = commands.flatMap((command, order) => {
    const score = inPalette(command) ? fuzzyScore(typed, `${command.label} ${command.group}`) : null;
    if (score === null) return [];
    const lately = recent.indexOf(command.id);
    const bonus = lately < 0 ? 0 : RECENT_BONUS - lately / 10;
    // Nothing typed: recent ones, then the table's order with moving last, which people do by key.
    const listed = command.group === "Move" ? order + AFTER_OTHERS : order;
    const weight = typed.trim() === "" ? bonus * 1_000 - listed : score + bonus;
    return [{ command, weight: command.why === undefined ? weight : weight - 10_000 }];
  });
  return found.sort((a, b) => b.weight - a.weight).map(({ command }) => command);
}
