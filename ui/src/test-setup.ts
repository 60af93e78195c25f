/** What jsdom lacks and a browser has. */
import { cleanup } from "@testing-library/svelte";
import { afterEach } from "vitest";

class StillObserver implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver ??= StillObserver;

afterEach(() => {
  if (typeof document === "undefined") return;
  cleanup();
  localStorage.clear();
});
