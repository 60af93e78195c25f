/** What lies over the screen: at most one dialog at a time. */
import type { Card } from "./api/client";
import type { ViewScreen } from "./views-model";

export type Layer =
  | { kind: "palette" }
  | { kind: "help" }
  | { kind: "reactivate"; card: Pick<Card, "id" | "masked_number">; held: boolean }
  | { kind: "note"; alertId: string }
  | { kind: "save_view"; screen: ViewScreen; query: Readonly<Record<string, string>> }
  | { kind: "manage_views" };

class Layers {
  open: Layer | null = $state.raw(null);

  show(layer: Layer): void {
    this.open = layer;
  }
  close(): void {
    this.open = null;
  }
}

export const layers = new Layers();
