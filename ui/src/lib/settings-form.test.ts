import { expect, it } from "vitest";
import type { Settings } from "./api/client";
import { changedSettings, formOf } from "./settings-form";

const settings: Settings = {
  fallback: "decline",
  deadline_ms: 1_000,
  duplicate_window_secs: 90,
  hold_minutes: 60,
  slack_webhook_url: "https://hooks.slack.com/…/x7Qd",
  shopper_webhook_url: "https://shopper.example/hook",
  shopper_webhook_secret_set: true,
  native_notifications: true,
  desk_link: null,
  home_currency: "ZAR",
  version: 4,
};

it("sends nothing when nothing changed: a masked address must never be saved back", () => {
  expect(changedSettings(settings, formOf(settings))).toEqual({});
});
it("sends only what changed", () => {
  const fields = {
    ...formOf(settings),
    deadline_ms: " 1200 ",
    slack_webhook_url: "https://hooks.slack.com/services/new",
    fallback: "approve" as const,
  };
  expect(changedSettings(settings, fields)).toEqual({
    deadline_ms: 1_200,
    slack_webhook_url: "https://hooks.slack.com/services/new",
    fallback: "approve",
  });
});
it("turns a channel off with null", () => {
  expect(changedSettings(settings, { ...formOf(settings), shopper_webhook_url: " " })).toEqual({
    shopper_webhook_url: null,
  });
});
