import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { router } from "./router.svelte";

let stop = () => {};
beforeEach(() => {
  vi.useFakeTimers();
  history.replaceState(null, "", "#/alerts");
  stop = router.start();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("a held J moves at once but writes the address once: WebKit refuses a hundred", () => {
  const written = vi.spyOn(history, "replaceState");
  for (let row = 0; row < 150; row += 1) router.patch({ id: `alr_${row}` });
  expect(router.route.query["id"]).toBe("alr_149");
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveBeenCalledOnce();
  expect(location.hash).toBe("#/alerts?id=alr_149");
  written.mockRestore();
});

it("leaves the settled address behind when it goes to another screen", () => {
  router.patch({ id: "alr_1" });
  router.go("card", "card_1");
  expect(location.hash).toBe("#/card/card_1");
  vi.advanceTimersByTime(1_000);
  expect(location.hash).toBe("#/card/card_1");
});

it("follows an address that was changed from outside", () => {
  router.patch({ id: "alr_1" });
  history.replaceState(null, "", "#/settings");
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  vi.advanceTimersByTime(1_000);
  expect([router.route.screen, location.hash]).toEqual(["settings", "#/settings"]);
});
