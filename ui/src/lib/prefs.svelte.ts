/** How this person likes the window: kept on this machine only. */
import { isSingle, keymapOf, type Action, type KeyChoices } from "./keys";
import { viewsFrom, type SavedView } from "./views-model";

export type Theme = "light" | "dark" | "system";
export type Density = "dense" | "comfortable";

const THEMES: readonly Theme[] = ["light", "dark", "system"];
const DENSITIES: readonly Density[] = ["dense", "comfortable"];
const KEY = "cartwarden.appearance";

export const ROW_HEIGHT_PX: Record<Density, number> = { dense: 28, comfortable: 36 };

interface Saved {
  theme: Theme;
  density: Density;
  singleKeys: boolean;
  hiddenColumns: string[];
  /** Keys that differ from the table's, by action. */
  keys: Record<string, string>;
  views: SavedView[];
  /** Commands used last in the palette, the newest first. */
  recent: string[];
  guideDismissed: boolean;
  /** A card has been deactivated from this window, so its first-run step is done. */
  triedDeactivating: boolean;
}

/** More recent commands than this would push the list of all of them out of sight. */
const RECENT_MAX = 6;

function texts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function stored(): Saved {
  const saved: Saved = {
    theme: "system",
    density: "dense",
    singleKeys: true,
    hiddenColumns: [],
    keys: {},
    views: [],
    recent: [],
    guideDismissed: false,
    triedDeactivating: false,
  };
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof parsed !== "object" || parsed === null) return saved;
    if ("theme" in parsed) saved.theme = THEMES.find((known) => known === parsed.theme) ?? saved.theme;
    if ("density" in parsed) saved.density = DENSITIES.find((known) => known === parsed.density) ?? saved.density;
    if ("singleKeys" in parsed) saved.singleKeys = parsed.singleKeys !== false;
    if ("hiddenColumns" in parsed && Array.isArray(parsed.hiddenColumns)) {
      saved.hiddenColumns = parsed.hiddenColumns.map(String);
    }
    if ("keys" in parsed) saved.keys = texts(parsed.keys);
    if ("views" in parsed) saved.views = viewsFrom(parsed.views);
    if ("recent" in parsed && Array.isArray(parsed.recent))
      saved.recent = parsed.recent.map(String).slice(0, RECENT_MAX);
    if ("guideDismissed" in parsed) saved.guideDismissed = parsed.guideDismissed === true;
    if ("triedDeactivating" in parsed) saved.triedDeactivating = parsed.triedDeactivating === true;
  } catch {
    // Unreadable preferences are worth less than a working window.
  }
  return saved;
}

class Preferences {
  #saved = $state(stored());
  #systemDark = $state(false);
  /** The keys in force. */
  readonly keymap = $derived(keymapOf(this.#saved.keys));

  constructor() {
    if (typeof window === "undefined" || typeof window.matchMedia !== "function") return;
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.#systemDark = dark.matches;
    dark.addEventListener("change", (event) => (this.#systemDark = event.matches));
  }

  get theme(): Theme {
    return this.#saved.theme;
  }
  set theme(theme: Theme) {
    this.#saved.theme = theme;
    this.#keep();
  }
  get density(): Density {
    return this.#saved.density;
  }
  set density(density: Density) {
    this.#saved.density = density;
    this.#keep();
  }
  get singleKeys(): boolean {
    return this.#saved.singleKeys;
  }
  set singleKeys(on: boolean) {
    this.#saved.singleKeys = on;
    this.#keep();
  }

  get keys(): KeyChoices {
    return this.#saved.keys;
  }
  /** The key of an action as shown; empty when it has none. */
  keysOf(action: Action): string {
    return this.keymap.keysOf.get(action) ?? "";
  }
  /** False for a key that is switched off with the single keys. */
  keysWork(keys: string): boolean {
    return this.#saved.singleKeys || !isSingle(keys);
  }
  /** Gives an action a key, or with null the table's again. */
  chooseKey(action: Action, keys: string | null): void {
    const { [action]: _before, ...others } = this.#saved.keys;
    this.#saved.keys = keys === null ? others : { ...others, [action]: keys };
    this.#keep();
  }
  resetKeys(): void {
    this.#saved.keys = {};
    this.#keep();
  }

  get views(): readonly SavedView[] {
    return this.#saved.views;
  }
  set views(views: readonly SavedView[]) {
    this.#saved.views = [...views];
    this.#keep();
  }

  get recent(): readonly string[] {
    return this.#saved.recent;
  }
  /** Remembers a command as the one used last. */
  used(command: string): void {
    this.#saved.recent = [command, ...this.#saved.recent.filter((each) => each !== command)].slice(0, RECENT_MAX);
    this.#keep();
  }

  get guideDismissed(): boolean {
    return this.#saved.guideDismissed;
  }
  set guideDismissed(dismissed: boolean) {
    this.#saved.guideDismissed = dismissed;
    this.#keep();
  }
  get triedDeactivating(): boolean {
    return this.#saved.triedDeactivating;
  }
  set triedDeactivating(tried: boolean) {
    this.#saved.triedDeactivating = tried;
    this.#keep();
  }

  /** The theme in force, with "system" resolved. */
  get shownTheme(): "light" | "dark" {
    if (this.#saved.theme !== "system") return this.#saved.theme;
    return this.#systemDark ? "dark" : "light";
  }
  get rowHeight(): number {
    return ROW_HEIGHT_PX[this.#saved.density];
  }

  columnShown(column: string): boolean {
    return !this.#saved.hiddenColumns.includes(column);
  }
  showColumn(column: string, shown: boolean): void {
    const others = this.#saved.hiddenColumns.filter((name) => name !== column);
    this.#saved.hiddenColumns = shown ? others : [...others, column];
    this.#keep();
  }

  #keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#saved));
    } catch {
      // A full or forbidden store only means the choice lasts until the window closes.
    }
  }
}

export const prefs = new Preferences();
