/** Every screen as a whole, against a stub daemon: structure for assistive technology, and marks of what is not real. */
import { fireEvent, render, screen, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stubDaemon } from "../test-desk";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
vi.mock("@tauri-apps/api/event", () => ({ listen: () => Promise.resolve(() => undefined) }));
// jsdom has no layout for the real editor of expressions; a plain field stands in for it.
vi.mock("$lib/rules/cel-editor", () => Promise.reject(new Error("no editor here")));
const { default: App } = await import("../App.svelte");
const { commands } = await import("$lib/commands.svelte");
const { layers } = await import("$lib/layers.svelte");
const { BINDINGS } = await import("$lib/keys");
const { inPalette } = await import("$lib/palette");
const { prefs } = await import("$lib/prefs.svelte");
const { desk } = await import("$lib/desk.svelte");

/** An address, and a text that shows once its data is there. */
const SCREENS: [string, string | RegExp][] = [
  ["#/cards", "Newest swipes"],
  ["#/cards?id=c1", "Approved today"],
  ["#/card/c1", "No open order"],
  ["#/card/c1?tab=history", "Nobody has changed this card.|Deactivated"],
  ["#/alerts", "Critical and open"],
  ["#/alerts?id=alr_1", "A late assignment would explain it"],
  ["#/settings", "Bank events without a swipe"],
  ["#/settings?tab=messages", "Slack answered 404"],
  ["#/settings?tab=answers", "Answering the bank"],
  ["#/settings?tab=keys", "How to connect"],
  ["#/settings?tab=shortcuts", "Reset all keys"],
  ["#/settings?tab=appearance", "See every part in both themes and densities"],
  ["#/guide", "Connect Slack"],
  ["#/rules", "Choose a rule"],
  ["#/rules/over_order_value", "Thresholds of this rule"],
  ["#/rules/over_order_value?tab=replay", "12 of these swipes otherwise"],
  ["#/rules/over_order_value?tab=history", "Version 2"],
  ["#/rules/over_order_value?tab=statistics", "Money saved"],
  ["#/lists", "Used by"],
  ["#/lists/deny_cards", "card_1"],
].map(([hash = "", text = ""]) => [hash, new RegExp(text)]);

async function open(hash: string, text: string | RegExp = /./): Promise<HTMLElement> {
  history.replaceState(null, "", hash);
  const { container } = render(App);
  await vi.waitFor(() => expect(container.querySelector("main")?.textContent).toMatch(text), { timeout: 4_000 });
  return container;
}

async function violations(of: Element): Promise<string[]> {
  // Colours need layout; the real window is looked at for those.
  const { violations: found } = await axe.run(of, { rules: { "color-contrast": { enabled: false } } });
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}

beforeEach(() => {
  // axe looks for a canvas to measure colours with, which are not its business here.
  HTMLCanvasElement.prototype.getContext = () => null;
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 600 });
  Element.prototype.scrollIntoView = () => undefined;
  invoke.mockImplementation(stubDaemon());
});
afterEach(() => {
  layers.close();
  vi.unstubAllGlobals();
});

describe("assistive technology", () => {
  it.each(SCREENS)("finds nothing serious wrong on %s", async (hash, text) => {
    await open(hash, text);
    expect(await violations(document.body)).toEqual([]);
  });

  it.each<[string, () => void]>([
    ["the palette", () => layers.show({ kind: "palette" })],
    ["the sheet of keys", () => layers.show({ kind: "help" })],
    ["saving a view", () => layers.show({ kind: "save_view", screen: "alerts", query: {} })],
    [
      "managing views",
      () => {
        prefs.views = [{ id: "v", screen: "alerts", name: "Mine", query: { mine: "1" }, standard: false }];
        layers.show({ kind: "manage_views" });
      },
    ],
    ["a note", () => layers.show({ kind: "note", alertId: "alr_1" })],
    ["reactivating", () => layers.show({ kind: "reactivate", card: { id: "c1", masked_number: null }, held: false })],
    ["lifting a hold", () => layers.show({ kind: "reactivate", card: { id: "c1", masked_number: null }, held: true })],
  ])("finds nothing serious wrong in %s", async (_name, show) => {
    await open("#/alerts?id=alr_1", /A late assignment/);
    show();
    await screen.findByRole("dialog");
    expect(await violations(document.body)).toEqual([]);
    prefs.views = [];
  });
});

describe("marks of what is not real", () => {
  it.each(SCREENS)("banners and the rail say so on %s", async (hash, text) => {
    invoke.mockImplementation(stubDaemon({ demo: true, clock: "test" }));
    desk.status.reload();
    await open(hash, text);
    await screen.findByTestId("banner-demo");
    expect(screen.getByTestId("banner-test-clock").textContent).toContain("TEST CLOCK");
    const rail = within(screen.getByRole("navigation", { name: "Screens" }));
    expect([rail.getByText("DEMO"), rail.getByText("TEST CLOCK")].length).toBe(2);
  });

  it.each([
    ["#/cards", /SAMPLE STORE/],
    ["#/cards?id=c1", /Open alerts/],
    ["#/card/c1", /SAMPLE STORE/],
    ["#/alerts", /SAMPLE STORE/],
    ["#/alerts?id=alr_1", /A late assignment/],
    ["#/settings", /SAMPLE STORE/],
  ])("each simulated event has its mark on %s", async (hash, text) => {
    const container = await open(hash, text);
    await vi.waitFor(() => expect(container.querySelector("main .tag")?.textContent).toMatch(/^SIM(ULATED)?$/));
    expect(container.querySelector("main .tag")?.getAttribute("title")).toContain("not a real swipe");
  });
});

describe("one registry", () => {
  it.each(["#/cards?id=c1", "#/card/c1", "#/alerts?id=alr_1", "#/rules/over_order_value", "#/settings"])(
    "palette, key sheet and buttons of %s have the same actions",
    async (hash) => {
      const container = await open(hash);
      await vi.waitFor(() => expect(commands.isOffered("go_cards")).toBe(true));
      for (const button of container.querySelectorAll<HTMLElement>("[data-action]")) {
        const action = BINDINGS.find((binding) => binding.action === button.dataset["action"])?.action;
        expect(action !== undefined && commands.isOffered(action), button.outerHTML).toBe(true);
        if (action !== undefined) expect(button.hasAttribute("disabled")).toBe(commands.whyNot(action) !== undefined);
      }
      layers.show({ kind: "palette" });
      const palette = await screen.findByTestId("palette");
      const listed = [...palette.querySelectorAll<HTMLElement>("[data-command]")].map(
        (item) => item.dataset["command"],
      );
      expect(listed.sort()).toEqual(
        commands.all
          .filter(inPalette)
          .map(({ id }) => id)
          .sort(),
      );
      layers.show({ kind: "help" });
      const sheet = await screen.findByTestId("help-sheet");
      for (const { action } of BINDINGS.filter((binding) => prefs.keysOf(binding.action) !== "")) {
        expect(sheet.querySelector(`[data-testid=help-${action}]`), action).not.toBe(null);
      }
    },
  );

  it("a changed key is shown and works everywhere", async () => {
    const container = await open("#/settings?tab=shortcuts", /Reset all keys/);
    const change = screen.getByTestId("key-deactivate");
    await fireEvent.click(change);
    await fireEvent.keyDown(change, { key: "m" });
    expect(screen.getByRole("alert").textContent).toContain("M already means: Assign to me.");
    await fireEvent.keyDown(change, { key: "q" });
    expect(change.textContent?.trim()).toBe("Q");
    location.hash = "#/cards?id=c1";
    await vi.waitFor(() => expect(container.querySelector("[data-action=deactivate] kbd")?.textContent).toBe("Q"));
    await fireEvent.keyDown(document.body, { key: "d" });
    const acts = () => invoke.mock.calls.filter(([, args]) => String(args?.request?.path).endsWith("/deactivate"));
    expect(acts().length).toBe(0);
    await fireEvent.keyDown(document.body, { key: "q" });
    await vi.waitFor(() => expect(acts().length).toBe(1));
    prefs.resetKeys();
    expect(prefs.keysOf("deactivate")).toBe("D");
  });

  it("what cannot be done says why and does nothing", async () => {
    await open("#/alerts", /SAMPLE STORE/);
    layers.show({ kind: "palette" });
    const palette = await screen.findByTestId("palette");
    const item = palette.querySelector<HTMLElement>("[data-command=confirmed_fraud]");
    expect(item?.textContent).toContain("Select an alert first");
    invoke.mockClear();
    if (item !== null) await fireEvent.click(item);
    expect(screen.getByTestId("palette")).toBeTruthy();
  });
});
