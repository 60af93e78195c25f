import { beforeEach, expect, it, vi } from "vitest";
import { alertQuery } from "./lists";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
const { exportPath } = await import("./api/exports");
const { exports } = await import("./exports.svelte");
const { desk } = await import("./desk.svelte");
const { toasts } = await import("./toasts.svelte");

const CSV = "id,amount\nalr_1,191.90\n";
const csv = { status: 200, body: CSV, content_type: "text/csv; charset=utf-8" };

beforeEach(() => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  invoke.mockReset();
  desk.now = Date.parse("2026-01-05T22:30:00Z");
  for (const toast of toasts.items) toasts.dismiss(toast.id);
});

it("asks by the list's own filter, without its paging", () => {
  const query = alertQuery({ severity: "critical", q: "Makro & co", simulated: "false", mine: "1" }, "thabo");
  expect(exportPath("alerts", { ...query, cursor: "x" })).toBe(
    "/v1/alerts/export?status=open&snoozed=false&severity=critical&assignee=thabo&simulated=false&q=Makro+%26+co",
  );
  expect(exportPath("authorizations", {})).toBe("/v1/authorizations/export");
});

it("saves the text as it came, named by the Johannesburg day", async () => {
  invoke.mockResolvedValueOnce(csv).mockResolvedValueOnce("/home/t/alerts-2026-01-06.csv");
  const saving = exports.run("alerts", {});
  expect([exports.busy, exports.why()]).toEqual(["alerts", "An export is under way"]);
  await saving;
  expect(invoke).toHaveBeenLastCalledWith("save_file", { name: "alerts-2026-01-06.csv", content: CSV });
  expect([exports.busy, toasts.items.at(-1)?.text]).toEqual([null, "Saved /home/t/alerts-2026-01-06.csv"]);
});

it("says nothing when the person thought better of it", async () => {
  invoke.mockResolvedValueOnce(csv).mockResolvedValueOnce(null);
  await exports.run("cards", {});
  expect([exports.failure, toasts.items]).toEqual([null, []]);
});

it.each<[string, object, string]>([
  [
    "a refusal",
    {
      status: 422,
      body: '{"code":"too_many","message":"More than 1,000,000 rows."}',
      content_type: "application/json",
    },
    "More than 1,000,000 rows.",
  ],
  [
    "what is no CSV",
    { status: 200, body: "{}", content_type: "application/json" },
    "The daemon answered 200 without a reason.",
  ],
])("saves nothing of %s, says why, and can be tried again", async (_name, answer, message) => {
  invoke.mockResolvedValueOnce(answer);
  await exports.run("authorizations", { card_id: "c1" });
  expect(exports.failure).toEqual({ name: "authorizations", message });
  expect(invoke).toHaveBeenCalledTimes(1);
  invoke.mockResolvedValueOnce(csv).mockResolvedValueOnce("/x.csv");
  toasts.items.at(-1)?.action?.run();
  await vi.waitFor(() => expect(exports.failure).toBe(null));
  await vi.waitFor(() =>
    expect(invoke).toHaveBeenLastCalledWith("save_file", { name: "swipes-2026-01-06.csv", content: CSV }),
  );
});
