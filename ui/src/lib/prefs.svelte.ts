/** How this person likes the window: kept on this machine only. */

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
}

function stored(): Saved {
  const saved: Saved = { theme: "system", density: "dense", singleKeys: true, hiddenColumns: [] };
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof parsed !== "object" || parsed === null) return saved;
    if ("theme" in parsed) saved.theme = THEMES.find((known) => known === parsed.theme) ?? saved.theme;
    if ("density" in parsed) saved.density = DENSITIES.find((known) => known === parsed.density) ?? saved.density;
    if ("singleKeys" in parsed) saved.singleKeys = parsed.singleKeys !== false;
    if ("hiddenColumns" in parsed && Array.isArray(parsed.hiddenColumns)) {
      saved.hiddenColumns = parsed.hiddenColumns.map(String);
    }
  } catch {
    // Unreadable preferences are worth less than a working window.
  }
  return saved;
}

class Preferences {
  #saved = $state(stored());
  #systemDark = $state(false);

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
