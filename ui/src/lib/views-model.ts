/** Saved views: a name for an address of a list. The address stays the truth. Pure. */
import { formatRoute, type Route } from "./route";

export type ViewScreen = "cards" | "alerts";

export interface SavedView {
  id: string;
  screen: ViewScreen;
  name: string;
  query: Readonly<Record<string, string>>;
  /** Shown when its screen is opened without an address of its own; one a screen at most. */
  standard: boolean;
}

/** What of an address is a view's; the selected row is not. */
const KEPT: Readonly<Record<ViewScreen, readonly string[]>> = {
  cards: ["q", "status", "sort"],
  alerts: ["q", "status", "rule", "severity", "mine", "simulated", "card"],
};
export const VIEWS_MAX = 40;
export const NAME_CHARS_MAX = 40;

export function viewScreenOf(screen: Route["screen"]): ViewScreen | null {
  return screen === "cards" || screen === "alerts" ? screen : null;
}

/** The part of an address that a view of its screen keeps. */
export function viewQuery(screen: ViewScreen, query: Route["query"]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const key of KEPT[screen]) {
    const value = query[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

export const viewAddress = (view: SavedView): string => formatRoute(view.screen, "", view.query);

/** True while the address shows just this view, whatever row is selected. */
export function isShown(view: SavedView, route: Route): boolean {
  return (
    route.screen === view.screen &&
    formatRoute(view.screen, "", viewQuery(view.screen, route.query)) === viewAddress(view)
  );
}

/** Why a view cannot have this name; null when it can. */
export function nameFault(views: readonly SavedView[], screen: ViewScreen, name: string, self = ""): string | null {
  if (name.trim() === "") return "A name is needed.";
  if (name.trim().length > NAME_CHARS_MAX) return `A name has up to ${NAME_CHARS_MAX} letters.`;
  const same = views.some(
    (view) => view.id !== self && view.screen === screen && view.name.toLowerCase() === name.trim().toLowerCase(),
  );
  return same ? "Another view has this name." : null;
}

export function addView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views, view].slice(-VIEWS_MAX);
}

export function renameView(views: readonly SavedView[], id: string, name: string): SavedView[] {
  return views.map((view) => (view.id === id ? { ...view, name: name.trim() } : view));
}

/** Moves a view one place among those of its screen. */
export function moveView(views: readonly SavedView[], id: string, by: 1 | -1): SavedView[] {
  const from = views.findIndex((view) => view.id === id);
  const moved = views[from];
  if (moved === undefined) return [...views];
  let to = from + by;
  while (views[to] !== undefined && views[to]?.screen !== moved.screen) to += by;
  const other = views[to];
  if (other === undefined) return [...views];
  return views.map((view, index) => (index === from ? other : index === to ? moved : view));
}

/** Makes it its screen's standard view, or no longer. */
export function setStandard(views: readonly SavedView[], id: string, standard: boolean): SavedView[] {
  const screen = views.find((view) => view.id === id)?.screen;
  return views.map((view) => (view.screen === screen ? { ...view, standard: view.id === id && standard } : view));
}

/** Where a screen opens: its standard view, or everything. */
export function openingAddress(views: readonly SavedView[], screen: ViewScreen): string {
  const standard = views.find((view) => view.screen === screen && view.standard);
  return standard === undefined ? formatRoute(screen) : viewAddress(standard);
}

/** Views as they were stored, which may be by another version of the window. */
export function viewsFrom(stored: unknown): SavedView[] {
  if (!Array.isArray(stored)) return [];
  const items: readonly unknown[] = stored;
  return items.flatMap((item) => viewFrom(item)).slice(0, VIEWS_MAX);
}

function viewFrom(item: unknown): SavedView[] {
  if (typeof item !== "object" || item === null) return [];
  if (!("id" in item && "screen" in item && "name" in item && "query" in item)) return [];
  const { id, screen, name, query } = item;
  if (typeof id !== "string" || typeof name !== "string" || typeof query !== "object" || query === null) return [];
  if (screen !== "cards" && screen !== "alerts") return [];
  const texts = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const standard = "standard" in item && item.standard === true;
  return [{ id, screen, name, query: viewQuery(screen, Object.fromEntries(texts)), standard }];
}
