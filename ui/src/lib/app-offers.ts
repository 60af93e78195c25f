/** What can be done wherever one is in the window. */
import type { Offers } from "./commands.svelte";
import { desk } from "./desk.svelte";
import { layers } from "./layers.svelte";
import { prefs } from "./prefs.svelte";
import { router } from "./router.svelte";
import { toasts } from "./toasts.svelte";
import { openingAddress } from "./views-model";

export function appOffers(): Offers {
  return {
    go_cards: () => router.goTo(openingAddress(prefs.views, "cards")),
    go_alerts: () => router.goTo(openingAddress(prefs.views, "alerts")),
    go_rules: () => router.go("rules"),
    go_lists: () => router.go("lists"),
    go_settings: () => router.go("settings"),
    go_keys: () => router.go("settings", "", { tab: "shortcuts" }),
    go_parts: () => router.go("parts"),
    guide: () => {
      prefs.guideDismissed = false;
      router.go("guide");
    },
    manage_views: () => layers.show({ kind: "manage_views" }),
    palette: () => (layers.open?.kind === "palette" ? layers.close() : layers.show({ kind: "palette" })),
    help: () => layers.show({ kind: "help" }),
    undo: {
      run: () => void toasts.undoNewest(),
      why: () => (toasts.canUndo ? undefined : "Nothing can be undone now"),
    },
    theme: {
      run: () => (prefs.theme = prefs.shownTheme === "dark" ? "light" : "dark"),
      label: () => `Use the ${prefs.shownTheme === "dark" ? "light" : "dark"} theme`,
    },
    density: {
      run: () => (prefs.density = prefs.density === "dense" ? "comfortable" : "dense"),
      label: () => (prefs.density === "dense" ? "Use comfortable rows" : "Use dense rows"),
    },
    single_keys: {
      run: () => (prefs.singleKeys = !prefs.singleKeys),
      label: () => (prefs.singleKeys ? "Switch single keys off" : "Switch single keys on"),
    },
    restart_daemon: {
      run: () => void desk.restart(),
      why: () => (desk.daemon.state === "restarting" ? "It is restarting" : undefined),
    },
  };
}
