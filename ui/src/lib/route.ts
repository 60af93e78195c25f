/** Addresses of the window: `#/alerts?status=open&id=...`. They hold screen, filters and selection. */

export type Screen = "cards" | "card" | "alerts" | "rules" | "lists" | "settings" | "guide" | "parts" | "unknown";

export interface Route {
  screen: Screen;
  /** The card, rule or list that the screen is about; empty elsewhere. */
  id: string;
  query: Readonly<Record<string, string>>;
}

const SCREENS: readonly Screen[] = ["cards", "alerts", "rules", "lists", "settings", "guide", "parts"];

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const query: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    if (value !== "") query[key] = value;
  }
  const [name = "", id = ""] = path.split("/");
  if (name === "") return { screen: "cards", id: "", query };
  if (name === "card")
    return id === "" ? { screen: "cards", id: "", query } : { screen: "card", id: decoded(id), query };
  const screen = SCREENS.find((known) => known === name) ?? "unknown";
  return { screen, id: screen === "rules" || screen === "lists" ? decoded(id) : "", query };
}

export type QueryPatch = Record<string, string | null | undefined>;

export function formatRoute(screen: Screen, id = "", query: QueryPatch = {}): string {
  const search = new URLSearchParams();
  for (const key of Object.keys(query).sort()) {
    const value = query[key];
    if (value != null && value !== "") search.set(key, value);
  }
  const path = id === "" ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`;
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The same screen with some of its query changed; null or empty removes a key. */
export function withQuery(route: Route, patch: QueryPatch): string {
  return formatRoute(route.screen, route.id, { ...route.query, ...patch });
}

/** One of `allowed`, or undefined: addresses are typed by people, too. */
export function oneOf<T extends string>(value: string | undefined, allowed: readonly T[]): T | undefined {
  return allowed.find((known) => known === value);
}
