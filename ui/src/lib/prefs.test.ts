import { beforeEach, expect, it, vi } from "vitest";

const KEY = "cartwarden.appearance";
async function fresh() {
  vi.resetModules();
  return (await import("./prefs.svelte")).prefs;
}
beforeEach(() => localStorage.clear());

it("keeps keys, views and what was used lately over a restart", async () => {
  const before = await fresh();
  before.chooseKey("deactivate", "Q");
  before.views = [{ id: "v", screen: "alerts", name: "Mine", query: { mine: "1" }, standard: true }];
  for (const id of ["a", "b", "a", "c", "d", "e", "f", "g"]) before.used(id);
  const after = await fresh();
  expect([after.keysOf("deactivate"), after.keymap.actionOf.get("D")]).toEqual(["Q", undefined]);
  expect(after.views.map(({ name }) => name)).toEqual(["Mine"]);
  expect(after.recent).toEqual(["g", "f", "e", "d", "c", "a"]);
  after.chooseKey("deactivate", null);
  expect(after.keysOf("deactivate")).toBe("D");
});

it("works on with a store of an older or broken window", async () => {
  localStorage.setItem(KEY, JSON.stringify({ theme: "dark", keys: 3, views: "x", recent: {} }));
  const old = await fresh();
  expect([old.theme, old.keysOf("down"), old.views, old.recent]).toEqual(["dark", "J", [], []]);
  localStorage.setItem(KEY, "{");
  expect((await fresh()).theme).toBe("system");
});
