import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import type { Card, Reason } from "$lib/api/client";
import CardRow from "$screens/CardRow.svelte";
import AskText from "./AskText.svelte";
import NewPill from "./NewPill.svelte";
import ReasonBlock from "./ReasonBlock.svelte";
import Sparkline from "./Sparkline.svelte";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));

it("a rule shows its values beside the thresholds, counter-evidence and what would change it", () => {
  const reason: Reason = {
    rule: "over_order_value",
    rule_name: "Over order value",
    version: 3,
    mode: "shadow",
    outcome: "decline",
    severity: "critical",
    message: "More than the order is worth.",
    values: [{ label: "Swipes for this order", value: "R1,512.40", threshold: "at most R1,100.00" }],
    counter_evidence: ["Two approved substitutions"],
    would_change: "An order value of at least R1,512.40.",
    late: false,
    explained: null,
  };
  render(ReasonBlock, { reason });
  const row = screen.getByRole("row", { name: /Swipes for this order/ });
  expect(within(row).getByText("R1,512.40")).toBeTruthy();
  expect(within(row).getByText("at most R1,100.00")).toBeTruthy();
  expect(screen.getByText("Two approved substitutions")).toBeTruthy();
  expect(screen.getByText(/An order value of at least/)).toBeTruthy();
  expect(screen.getByText("SHADOW")).toBeTruthy();
});

it("the pill says how many wait, and is silent when none do", async () => {
  const onreveal = vi.fn();
  const { rerender } = render(NewPill, { waiting: 7, onreveal });
  await fireEvent.click(screen.getByTestId("new-pill"));
  expect(screen.getByTestId("new-pill").textContent).toContain("7 new");
  expect(onreveal).toHaveBeenCalledOnce();
  await rerender({ waiting: 0, onreveal });
  expect(screen.queryByTestId("new-pill")).toBe(null);
});

it("a reason is asked for and may not be empty", async () => {
  const onanswer = vi.fn();
  const onclose = vi.fn();
  render(AskText, { title: "Reactivate card", label: "Reason", act: "Reactivate card", onanswer, onclose });
  await fireEvent.click(screen.getByRole("button", { name: "Reactivate card" }));
  expect(screen.getByText("Reason is needed.")).toBeTruthy();
  expect(onanswer).not.toHaveBeenCalled();
  await fireEvent.input(screen.getByLabelText("Reason"), { target: { value: "  Shopper cleared  " } });
  await fireEvent.click(screen.getByRole("button", { name: "Reactivate card" }));
  expect(onanswer).toHaveBeenCalledWith("Shopper cleared");
  expect(onclose).toHaveBeenCalledOnce();
});

it("a sparkline is told in words", () => {
  render(Sparkline, { hours: [0, 2, 1] });
  expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
    "3 swipes in the last 24 hours, at most 2 in one hour",
  );
});

it("a card deactivates in one click at once, and comes back with the reason if that fails", async () => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  const card: Card = {
    id: "c1",
    known: true,
    masked_number: "422254XXXXXX7072",
    status: "active",
    shopper: null,
    last_swipe_at: null,
    last_swipe: null,
    open_alerts: 0,
    swipes_by_hour: Array.from({ length: 24 }, () => 0),
    approved_today_cents: 0,
    deactivation: null,
    issuer: null,
  };
  let refuse: (error: unknown) => void = () => undefined;
  invoke.mockReturnValue(new Promise((_resolve, reject) => (refuse = reject)));
  render(CardRow, { card, gone: false });
  await fireEvent.click(screen.getByTestId("deactivate-card"));
  expect(screen.getByText("Deactivated")).toBeTruthy();
  await vi.waitFor(() => expect(invoke).toHaveBeenCalledOnce());
  refuse({ code: "daemon_down", message: "The daemon is restarting." });
  const failed = await screen.findByText("Not done");
  expect(failed.getAttribute("title")).toBe("Not deactivated. The daemon is restarting.");
  expect(screen.getByTestId("deactivate-card")).toBeTruthy();
  vi.unstubAllGlobals();
});
