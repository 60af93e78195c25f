/** A card that a rule holds for a time: who, until when, and the two ways out. */
import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import type { Authorization, Card } from "$lib/api/client";
import { card as active } from "../test-desk";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
const { cardActs, cardOffers } = await import("$lib/card-acts.svelte");
const { layers } = await import("$lib/layers.svelte");
const { commands } = await import("$lib/commands.svelte");
const { default: CardActButton } = await import("./CardActButton.svelte");
const { default: CardState } = await import("./CardState.svelte");
const { default: Layers } = await import("./frame/Layers.svelte");
const { default: RuleFailures } = await import("./RuleFailures.svelte");

const held: Card = { ...active, status: "deactivated", hold: { rule: "foreign", until: "2999-01-01T12:05:00.000Z" } };
const answer = (status: number, body: unknown) => ({ status, body: JSON.stringify(body), content_type: "application/json" });

beforeEach(() => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  invoke.mockReset();
});

it("says which rule holds it and until when, and links to the rule", () => {
  render(CardState, { card: held });
  const text = screen.getByTestId("card-hold").textContent?.replaceAll(/\s+/g, " ");
  expect(text).toContain("Held by Foreign until 1 Jan 2999: confirm or lift");
  expect(screen.getByRole("link", { name: "Foreign" }).getAttribute("href")).toBe("#/rules/foreign");
});

it("is confirmed at once, and comes back with the reason if that fails", async () => {
  const stop = commands.offer(cardOffers(() => held));
  render(CardActButton, { card: held });
  expect(screen.getByTestId("reactivate-card").textContent).toContain("Lift hold");
  invoke.mockResolvedValue(answer(409, { code: "not_held", message: "The card is not held by a rule." }));
  await fireEvent.click(screen.getByTestId("confirm-hold"));
  expect(screen.queryByTestId("confirm-hold")).toBe(null);
  await screen.findByTestId("confirm-hold");
  expect(cardActs.failureOf(held.id)).toContain("Hold not confirmed.");
  expect(invoke.mock.calls[0]?.[1].request).toMatchObject({ method: "POST", path: "/v1/cards/c1/confirm-hold" });
  stop();
});

it("is lifted under that name, which is not the name for what a person deactivated", async () => {
  const stop = commands.offer(cardOffers(() => held));
  const { unmount } = render(Layers);
  commands.perform("reactivate");
  const dialog = await screen.findByRole("dialog", { name: "Lift hold on 422254XXXXXX7072" });
  expect(within(dialog).getByRole("button", { name: "Lift hold" })).toBeTruthy();
  layers.show({ kind: "reactivate", card: held, held: false });
  await screen.findByRole("dialog", { name: "Reactivate 422254XXXXXX7072" });
  layers.close();
  unmount();
  stop();
});

it("a card that a person deactivated has no hold to confirm", () => {
  const stop = commands.offer(cardOffers(() => ({ ...held, hold: null })));
  render(CardActButton, { card: { ...held, hold: null } });
  expect(screen.queryByTestId("confirm-hold")).toBe(null);
  expect(screen.getByTestId("reactivate-card").textContent).toContain("Reactivate card");
  stop();
});

it("a rule that failed is shown, never taken for silence", () => {
  const swipe: Pick<Authorization, "id" | "merchant" | "failures"> = {
    id: "aut_1",
    merchant: "SAMPLE STORE",
    failures: [{ rule: "velocity", version: 2, message: "division by zero" }],
  };
  render(RuleFailures, { swipes: [swipe] });
  expect(screen.getByTestId("rule-failures").textContent).toMatch(/Velocity\s+could not be evaluated.*division by zero/s);
});
