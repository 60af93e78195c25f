/** The settings as typed into fields, and what of them a person changed. */
import type { Settings, SettingsPatch } from "./api/client";

export interface SettingsFields {
  fallback: Settings["fallback"];
  deadline_ms: string;
  duplicate_window_secs: string;
  hold_minutes: string;
  /** Write-only: the daemon shows it masked, so empty means unchanged. */
  slack_webhook_url: string;
  shopper_webhook_url: string;
  /** Write-only, like the Slack address. */
  shopper_webhook_secret: string;
  native_notifications: boolean;
  desk_link: string;
}

export function formOf(settings: Settings): SettingsFields {
  return {
    fallback: settings.fallback,
    deadline_ms: String(settings.deadline_ms),
    duplicate_window_secs: String(settings.duplicate_window_secs),
    hold_minutes: String(settings.hold_minutes),
    slack_webhook_url: "",
    shopper_webhook_url: settings.shopper_webhook_url ?? "",
    shopper_webhook_secret: "",
    native_notifications: settings.native_notifications,
    desk_link: settings.desk_link ?? "",
  };
}

/** Only what differs; the daemon judges whether it is allowed. */
export function changedSettings(now: Settings, fields: SettingsFields): SettingsPatch {
  const patch: SettingsPatch = {};
  if (fields.fallback !== now.fallback) patch.fallback = fields.fallback;
  if (fields.deadline_ms.trim() !== String(now.deadline_ms)) patch.deadline_ms = Number(fields.deadline_ms);
  if (fields.duplicate_window_secs.trim() !== String(now.duplicate_window_secs)) {
    patch.duplicate_window_secs = Number(fields.duplicate_window_secs);
  }
  if (fields.hold_minutes.trim() !== String(now.hold_minutes)) patch.hold_minutes = Number(fields.hold_minutes);
  if (fields.slack_webhook_url.trim() !== "") patch.slack_webhook_url = fields.slack_webhook_url.trim();
  if (fields.shopper_webhook_url.trim() !== (now.shopper_webhook_url ?? "")) {
    patch.shopper_webhook_url = fields.shopper_webhook_url.trim() === "" ? null : fields.shopper_webhook_url.trim();
  }
  if (fields.shopper_webhook_secret !== "") patch.shopper_webhook_secret = fields.shopper_webhook_secret;
  if (fields.native_notifications !== now.native_notifications)
    patch.native_notifications = fields.native_notifications;
  if (fields.desk_link.trim() !== (now.desk_link ?? "")) {
    patch.desk_link = fields.desk_link.trim() === "" ? null : fields.desk_link.trim();
  }
  return patch;
}
