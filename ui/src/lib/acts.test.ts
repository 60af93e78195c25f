import { beforeEach, expect, it, vi } from "vitest";
import type { Alert } from "./api/client";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
const { alertActs } = await import("./alert-acts.svelte");
const { toasts } = await import("./toasts.svelte");

const alert: Alert = {
  id: "alr_1",
  status: "open",
  disposition: null,
  rule: "no_open_order",
  rules: ["no_open_order"],
  severity: "critical",
  card_id: null,
  masked_number: null,
  shopper: null,
  merchant: "SAMPLE STORE",
  amount_cents: 10_000,
  currency: "ZAR",
  order_id: null,
  raised_at: "2026-11-17T08:00:00Z",
  last_at: "2026-11-17T08:00:00Z",
  count: 1,
  simulated: false,
  title: "Swipe without an open order",
  assigned_to: null,
  snoozed_until: null,
  resolved_at: null,
  resolved_by: null,
  resolution: null,
  evidence: {},
  card_status: null,
};
const answer = (status: number, body: unknown) => ({
  status,
  body: JSON.stringify(body),
  content_type: "application/json",
});
const paths = () => invoke.mock.calls.map(([, args]) => String(args.request.path));

beforeEach(() => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  invoke.mockReset();
  for (const toast of toasts.items) toasts.dismiss(toast.id);
});

it("a decision shows before the daemon answers, and can be undone by a reopening", async () => {
  invoke.mockResolvedValue(answer(200, { ...alert, status: "resolved", disposition: "false_positive" }));
  const deciding = alertActs.dispose(alert, "false_positive");
  expect(alertActs.shown(alert)).toMatchObject({ status: "resolved", disposition: "false_positive" });
  await deciding;
  expect(alertActs.shown(alert)).toBe(alert);
  expect(toasts.undoNewest()).toBe(true);
  await vi.waitFor(() => expect(paths()).toEqual(["/v1/alerts/alr_1/disposition", "/v1/alerts/alr_1/reopen"]));
});

it("a refused decision comes back with the reason and offers no undo", async () => {
  invoke.mockResolvedValue(answer(409, { code: "already_resolved", message: "Naledi resolved it a moment ago." }));
  await alertActs.dispose(alert, "confirmed_fraud");
  expect(alertActs.shown(alert).status).toBe("open");
  expect(alertActs.failureOf("alr_1")).toBe("Confirmed fraud not recorded. Naledi resolved it a moment ago.");
  expect(toasts.undoNewest()).toBe(false);
});

it("a bulk decision says how many were recorded", async () => {
  const two = { ...alert, id: "alr_2" };
  invoke.mockImplementation((_command, { request }) =>
    Promise.resolve(
      String(request.path).includes("alr_2")
        ? answer(503, { code: "not_ready", message: "The disk is full." })
        : answer(200, alert),
    ),
  );
  expect(await alertActs.disposeMany([alert, two], "inconclusive")).toBe(1);
  expect(toasts.items.map((toast) => toast.text)).toContain("Inconclusive: 1 of 2 alerts");
});
