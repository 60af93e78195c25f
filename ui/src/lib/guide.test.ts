import { describe, expect, it } from "vitest";
import { health, key, settings, status } from "../test-desk";
import { guideSteps, isFirstRun, type GuideFacts, type StepId } from "./guide";

const quiet = { ...health, last_swipe_at: null, last_ingest_at: null };
const silentSlack = { ...health.slack, configured: false, last_delivered_at: null };
const fresh: GuideFacts = {
  status,
  health: { ...quiet, slack: silentSlack },
  keys: [],
  settings,
  deactivatedCards: 0,
  tried: false,
};
const stateOf = (id: StepId, facts: Partial<GuideFacts>) =>
  guideSteps({ ...fresh, ...facts }).find((step) => step.id === id)?.state;

describe("each step is what the daemon says", () => {
  it("is to do on a new desk", () =>
    expect(guideSteps(fresh).map(({ state }) => state)).toEqual(["todo", "todo", "todo", "todo"]));
  it("is not known before the daemon has answered", () =>
    expect(
      guideSteps({ ...fresh, keys: null, health: null, settings: null })
        .map(({ state }) => state)
        .slice(0, 3),
    ).toEqual(["unknown", "unknown", "unknown"]));
  it.each<[StepId, string, Partial<GuideFacts>]>([
    ["bank", "begun", { keys: [key] }],
    ["bank", "todo", { keys: [{ ...key, revoked_at: key.created_at }] }],
    ["bank", "todo", { keys: [{ ...key, scope: "ingest" }] }],
    ["bank", "done", { health: { ...quiet, last_swipe_at: status.now } }],
    ["orders", "begun", { keys: [{ ...key, scope: "ingest" }] }],
    ["orders", "done", { health: { ...quiet, last_ingest_at: status.now } }],
    ["slack", "begun", { settings: { ...settings, slack_webhook_url: "https://hooks.slack.com/…" } }],
    ["slack", "done", { health }],
    ["card", "done", { tried: true }],
    ["card", "done", { deactivatedCards: 1 }],
  ])("%s is %s", (id, state, facts) => expect(stateOf(id, facts)).toBe(state));
});

it("shows by itself only where no swipe has come in, and never over a demo", () => {
  expect([
    isFirstRun({ status, health: quiet }),
    isFirstRun({ status, health }),
    isFirstRun({ status, health: null }),
  ]).toEqual([true, false, false]);
  expect(isFirstRun({ status: { ...status, demo: true }, health: quiet })).toBe(false);
});
