import { beforeEach, describe, expect, it, vi } from "vitest";
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
const bodies = () =>
  invoke.mock.calls.map(([, args]) => [String(args.request.path), JSON.parse(String(args.request.body))]);

beforeEach(() => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  invoke.mockReset();
  for (const toast of toasts.items) toasts.dismiss(toast.id);
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

it("a decision shows before the daemon answers, and can be undone by a reopening", async () => {
  invoke.mockResolvedValue(answer(200, { ...alert, status: "resolved", disposition: "false_positive" }));
  const deciding = alertActs.dispose([alert], "false_positive");
  expect(alertActs.shown(alert)).toMatchObject({ status: "resolved", disposition: "false_positive" });
  await deciding;
  expect(alertActs.shown(alert)).toBe(alert);
  expect(toasts.undoNewest()).toBe(true);
  await vi.waitFor(() => expect(paths()).toEqual(["/v1/alerts/alr_1/disposition", "/v1/alerts/alr_1/reopen"]));
});

it("can be undone before the daemon has answered: the undoing waits for it", async () => {
  let answering: (value: unknown) => void = () => undefined;
  invoke.mockReturnValueOnce(new Promise((resolve) => (answering = resolve)));
  invoke.mockResolvedValue(answer(200, alert));
  const deciding = alertActs.dispose([alert], "inconclusive");
  await vi.waitFor(() => expect(paths().length).toBe(1));
  expect(toasts.undoNewest()).toBe(true);
  expect(paths()).toEqual(["/v1/alerts/alr_1/disposition"]);
  answering(answer(200, alert));
  await deciding;
  await vi.waitFor(() => expect(paths()).toEqual(["/v1/alerts/alr_1/disposition", "/v1/alerts/alr_1/reopen"]));
});

it("undoing a decision puts back who had it and until when it slept", async () => {
  invoke.mockResolvedValue(answer(200, alert));
  const later = "2999-01-01T06:00:00.000Z";
  await alertActs.dispose(
    [{ ...alert, status: "in_review", assigned_to: "naledi", snoozed_until: later }],
    "false_positive",
  );
  toasts.undoNewest();
  await vi.waitFor(() =>
    expect(bodies().slice(1)).toEqual([
      ["/v1/alerts/alr_1/reopen", { reason: "Decision undone at the desk" }],
      ["/v1/alerts/alr_1/assign", { assignee: "naledi" }],
      ["/v1/alerts/alr_1/snooze", { until: later }],
    ]),
  );
});

it.each<[string, () => Promise<unknown>, [string, unknown]]>([
  [
    "a snooze",
    () => alertActs.snooze([{ ...alert, snoozed_until: "2999-01-01T06:00:00.000Z" }], null),
    ["/v1/alerts/alr_1/snooze", { until: "2999-01-01T06:00:00.000Z" }],
  ],
  [
    "an assignment",
    () => alertActs.assign([{ ...alert, assigned_to: "naledi" }], "thabo"),
    ["/v1/alerts/alr_1/assign", { assignee: "naledi" }],
  ],
  [
    "a reopening",
    () => alertActs.reopen([{ ...alert, status: "resolved", disposition: "false_positive" }]),
    ["/v1/alerts/alr_1/disposition", { disposition: "false_positive" }],
  ],
])("undoing %s goes back to what was before, not to nothing", async (_name, act, undoing) => {
  invoke.mockResolvedValue(answer(200, alert));
  await act();
  expect(toasts.undoNewest()).toBe(true);
  await vi.waitFor(() => expect(bodies().at(-1)).toEqual(undoing));
});

it("a refused decision comes back with the reason and offers no undo", async () => {
  invoke.mockResolvedValue(answer(409, { code: "already_resolved", message: "Naledi resolved it a moment ago." }));
  await alertActs.dispose([alert], "confirmed_fraud");
  expect(alertActs.shown(alert).status).toBe("open");
  expect(alertActs.failureOf("alr_1")).toBe("Confirmed fraud not recorded. Naledi resolved it a moment ago.");
  expect(toasts.undoNewest()).toBe(false);
});

it("five quick decisions can all be undone, though only three are shown", async () => {
  invoke.mockResolvedValue(answer(200, alert));
  for (const n of [1, 2, 3, 4, 5]) await alertActs.dispose([{ ...alert, id: `alr_${n}` }], "false_positive");
  expect(toasts.shown.length).toBe(3);
  for (let undone = 0; undone < 5; undone += 1) expect(toasts.undoNewest()).toBe(true);
  await vi.waitFor(() => expect(paths().filter((path) => path.endsWith("/reopen")).length).toBe(5));
});

describe("a bulk act", () => {
  const many = Array.from({ length: 10 }, (_, index) => ({ ...alert, id: `alr_${index}` }));

  it("says how many were recorded, and each other row why not", async () => {
    const two = { ...alert, id: "alr_2" };
    invoke.mockImplementation((_command, { request }) =>
      Promise.resolve(
        String(request.path).includes("alr_2")
          ? answer(503, { code: "not_ready", message: "The disk is full." })
          : answer(200, alert),
      ),
    );
    expect(await alertActs.dispose([alert, two], "inconclusive")).toBe(1);
    expect(toasts.items.map((toast) => toast.text)).toContain("Inconclusive: 1 of 2 alerts");
    expect([alertActs.failureOf("alr_2"), alertActs.failureOf("alr_1")]).toEqual([
      "Inconclusive not recorded. The disk is full.",
      undefined,
    ]);
    toasts.undoNewest();
    await vi.waitFor(() =>
      expect(paths().filter((path) => path.endsWith("/reopen"))).toEqual(["/v1/alerts/alr_1/reopen"]),
    );
  });

  it.each<[string, (alerts: typeof many) => Promise<unknown>, string]>([
    ["decided", (alerts) => alertActs.dispose(alerts, "false_positive"), "/reopen"],
    ["assigned", (alerts) => alertActs.assign(alerts, "thabo"), "/assign"],
    ["snoozed", (alerts) => alertActs.snooze(alerts, "2999-01-01T06:00:00.000Z"), "/snooze"],
  ])("shows all of them %s at once and undoes all of them", async (_name, act, undoing) => {
    invoke.mockResolvedValue(answer(200, alert));
    const acting = act(many);
    expect(many.every((each) => alertActs.shown(each) !== each)).toBe(true);
    await acting;
    invoke.mockClear();
    toasts.undoNewest();
    await vi.waitFor(() => expect(paths().filter((path) => path.endsWith(undoing)).length).toBe(10));
  });

  it("undone halfway sends no more and takes back what was sent", async () => {
    const answers: (() => void)[] = [];
    invoke.mockImplementation(
      (_command, { request }) =>
        new Promise((resolve) => {
          const give = () => resolve(answer(200, alert));
          if (String(request.path).endsWith("/disposition")) answers.push(give);
          else give();
        }),
    );
    const acting = alertActs.dispose(many, "inconclusive");
    await vi.waitFor(() => expect(answers.length).toBe(4));
    toasts.undoNewest();
    for (const give of answers) give();
    await acting;
    await settled();
    await vi.waitFor(() => expect(paths().filter((path) => path.endsWith("/reopen")).length).toBe(4));
    expect(paths().filter((path) => path.endsWith("/disposition")).length).toBe(4);
    expect(many.every((each) => alertActs.shown(each) === each)).toBe(true);
  });
});
