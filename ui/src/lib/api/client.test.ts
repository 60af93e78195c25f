import { afterEach, describe, expect, it, vi } from "vitest";
import { changeFrom } from "./events";
import { DaemonError, asDaemonError, errorFromAnswer, isDaemonDown } from "./errors";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
const { api } = await import("./client");

function inTheWindow(): void {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
}
const answer = (status: number, body: unknown) => ({
  status,
  body: JSON.stringify(body),
  content_type: "application/json",
});
const refusal = async (call: Promise<unknown>): Promise<DaemonError> => {
  const thrown: unknown = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof DaemonError) return thrown;
  throw new Error("the call was not refused with a DaemonError");
};

afterEach(() => {
  vi.unstubAllGlobals();
  invoke.mockReset();
});

describe("through the window's one command", () => {
  it("sends method, path with query, and no body for a read", async () => {
    inTheWindow();
    invoke.mockResolvedValue(answer(200, { items: [], next: null, counts: {} }));
    await api.cards({ q: "Makro & co", limit: 100 });
    expect(invoke).toHaveBeenCalledWith("call_daemon", {
      request: { method: "GET", path: "/v1/cards?q=Makro%20%26%20co&limit=100", body: null },
    });
  });
  it("sends a body as text and escapes ids", async () => {
    inTheWindow();
    invoke.mockResolvedValue(answer(200, { id: "a/b" }));
    await api.activateCard("a/b", "Shopper cleared");
    expect(invoke).toHaveBeenCalledWith("call_daemon", {
      request: { method: "POST", path: "/v1/cards/a%2Fb/activate", body: '{"reason":"Shopper cleared"}' },
    });
  });
  it("carries the daemon's code, message and field", async () => {
    inTheWindow();
    invoke.mockResolvedValue(answer(422, { code: "reason_needed", message: "A reason is needed.", field: "reason" }));
    expect(await refusal(api.activateCard("c", ""))).toMatchObject({
      code: "reason_needed",
      message: "A reason is needed.",
      field: "reason",
      status: 422,
    });
  });
  it("knows a daemon that is down", async () => {
    inTheWindow();
    invoke.mockRejectedValue({ code: "daemon_down", message: "The daemon is restarting." });
    const error = await refusal(api.status());
    expect([isDaemonDown(error), error.message]).toEqual([true, "The daemon is restarting."]);
  });
  it("reads reports as text and refuses failed ones", async () => {
    inTheWindow();
    invoke.mockResolvedValueOnce({ status: 200, body: "<svg/>", content_type: "image/svg+xml" });
    expect(await api.report("alerts-per-hour", "svg", { theme: "dark" })).toBe("<svg/>");
    invoke.mockResolvedValueOnce({ status: 500, body: "broken", content_type: "text/plain" });
    expect(await refusal(api.report("alerts-per-hour", "svg", {}))).toMatchObject({ code: "http_500" });
  });
});

describe("errors", () => {
  it("an answer without a reason still says its status", () =>
    expect(errorFromAnswer("oops", 502)).toMatchObject({ code: "http_502", status: 502 }));
  it("a lost connection is a daemon that is down", () =>
    expect(isDaemonDown(asDaemonError(new TypeError("Failed to fetch")))).toBe(true));
  it("a native failure keeps its words", () =>
    expect(asDaemonError("no such folder")).toMatchObject({ code: "native_failed", message: "no such folder" }));
  it("anything else is not hidden", () =>
    expect(asDaemonError(new RangeError("odd"))).toMatchObject({ code: "unexpected", message: "odd" }));
});

it("reads changes from the stream and skips what is none", () => {
  expect(changeFrom('data: {"kind":"alert","id":"alr_1"}')).toEqual({ kind: "alert", id: "alr_1" });
  expect(changeFrom('data:{"kind":"lagged"}')).toEqual({ kind: "lagged", id: "" });
  expect([": keep-alive", "", "data: {", 'data: {"id":"x"}', "data: 3"].map(changeFrom)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});
