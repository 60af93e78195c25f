//! What ops leads set.

use super::access::Person;
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::clients::standard_webhooks;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use fraud::decision::Outcome;
use fraud::shipped;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use store::settings::{self, Settings};
use store::{Lane, StoreError};
use utoipa::ToSchema;

/// Settings as read; addresses and secrets are never shown whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsView {
    pub fallback: Outcome,
    /// 50 to 1,900; the bank waits 2,000.
    pub deadline_ms: i64,
    /// 1 to 3,600.
    pub duplicate_window_secs: i64,
    /// Masked: host and last four characters.
    pub slack_webhook_url: Option<String>,
    pub shopper_webhook_url: Option<String>,
    pub shopper_webhook_secret_set: bool,
    /// 1 to 1,440: how long a rule's `decline_and_deactivate` holds a card.
    pub hold_minutes: i64,
    pub native_notifications: bool,
    pub desk_link: Option<String>,
    /// From the rule `foreign`.
    pub home_currency: String,
    pub version: i64,
}

fn masked(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    let tail: String = url.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{scheme}://{host}/…{tail}")
}

fn view(app: &App, settings: &Settings) -> SettingsView {
    let rules = app.writer.versions().rules;
    let home = rules.get(shipped::FOREIGN).and_then(|rule| match rule.parameters.get("currency") {
        Some(fraud::rule::Parameter::Text(code)) => Some(code.clone()),
        _ => None,
    });
    SettingsView {
        fallback: settings.fallback,
        deadline_ms: settings.deadline_ms,
        duplicate_window_secs: settings.duplicate_window_secs,
        slack_webhook_url: settings.slack_webhook_url.as_deref().map(masked),
        shopper_webhook_url: settings.shopper_webhook_url.as_deref().map(masked),
        shopper_webhook_secret_set: settings.shopper_webhook_secret.is_some(),
        hold_minutes: settings.hold_minutes,
        native_notifications: settings.native_notifications,
        desk_link: settings.desk_link.clone(),
        home_currency: home.unwrap_or_else(|| "ZAR".into()),
        version: settings.version,
    }
}

/// The settings in force.
#[utoipa::path(get, operation_id = "settings_get", path = "/v1/settings", tag = "desk", responses((status = 200, body = SettingsView)))]
pub async fn get(State(app): State<Arc<App>>) -> Json<SettingsView> {
    Json(view(&app, &app.writer.versions().settings))
}

/// Told apart: absent (keep) and null (clear).
fn maybe<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

/// Any part of the settings; what is absent stays, null clears an address.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct PatchSettings {
    pub fallback: Option<Outcome>,
    pub deadline_ms: Option<i64>,
    pub duplicate_window_secs: Option<i64>,
    #[serde(default, alias = "slack_url", deserialize_with = "maybe")]
    #[schema(value_type = Option<String>)]
    pub slack_webhook_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>)]
    pub shopper_webhook_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>)]
    pub shopper_webhook_secret: Option<Option<String>>,
    pub hold_minutes: Option<i64>,
    pub native_notifications: Option<bool>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>)]
    pub desk_link: Option<Option<String>>,
}

/// The bank gives up after 2 s; below 50 ms a busy disk alone would trip the fallback.
const DEADLINE_MS: std::ops::RangeInclusive<i64> = 50..=1_900;
const DUPLICATE_WINDOW_SECS: std::ops::RangeInclusive<i64> = 1..=3_600;
/// A hold is for a review on the same day.
const HOLD_MINUTES: std::ops::RangeInclusive<i64> = 1..=1_440;
const URL_CHARS_MAX: usize = 500;

fn check_url(field: &'static str, url: Option<&Option<String>>) -> Result<(), ApiError> {
    let Some(Some(url)) = url else { return Ok(()) };
    let parsed = reqwest::Url::parse(url)
        .ok()
        .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
    if url.len() > URL_CHARS_MAX || parsed.is_none() {
        return Err(ApiError::wrong(field, "expected an address that begins with https:// or http://"));
    }
    Ok(())
}

fn check(asked: &PatchSettings) -> Result<(), ApiError> {
    if asked.deadline_ms.is_some_and(|ms| !DEADLINE_MS.contains(&ms)) {
        return Err(ApiError::wrong("deadline_ms", "50 to 1900 ms: the bank waits 2000"));
    }
    if asked.duplicate_window_secs.is_some_and(|secs| !DUPLICATE_WINDOW_SECS.contains(&secs)) {
        return Err(ApiError::wrong("duplicate_window_secs", "1 to 3600 seconds"));
    }
    if asked.hold_minutes.is_some_and(|minutes| !HOLD_MINUTES.contains(&minutes)) {
        return Err(ApiError::wrong("hold_minutes", "1 to 1440 minutes"));
    }
    check_url("slack_webhook_url", asked.slack_webhook_url.as_ref())?;
    check_url("shopper_webhook_url", asked.shopper_webhook_url.as_ref())?;
    check_url("desk_link", asked.desk_link.as_ref())?;
    if let Some(Some(secret)) = &asked.shopper_webhook_secret
        && standard_webhooks::decode_secret(secret).is_none()
    {
        return Err(ApiError::wrong(
            "shopper_webhook_secret",
            "expected whsec_ and 24 to 64 bytes in base64",
        ));
    }
    Ok(())
}

/// Changes settings; every version is kept and audited.
#[utoipa::path(patch, operation_id = "settings_patch", path = "/v1/settings", tag = "desk", request_body = PatchSettings,
    responses((status = 200, body = SettingsView), (status = 422, body = ErrorBody)))]
pub async fn patch(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<SettingsView>, ApiError> {
    let asked: PatchSettings = read_json(&body)?;
    check(&asked)?;
    let (now, actor) = (app.clock.now(), person.actor());
    let changed: Result<Settings, StoreError> = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { settings::change(tx, now, &actor, |before| merged(before, asked)).await })
        })
        .await;
    Ok(Json(view(&app, &changed?)))
}

fn merged(before: Settings, asked: PatchSettings) -> Settings {
    let empty_is_none = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Settings {
        fallback: asked.fallback.unwrap_or(before.fallback),
        deadline_ms: asked.deadline_ms.unwrap_or(before.deadline_ms),
        duplicate_window_secs: asked.duplicate_window_secs.unwrap_or(before.duplicate_window_secs),
        slack_webhook_url: asked.slack_webhook_url.map_or(before.slack_webhook_url, empty_is_none),
        shopper_webhook_url: asked.shopper_webhook_url.map_or(before.shopper_webhook_url, empty_is_none),
        shopper_webhook_secret: asked
            .shopper_webhook_secret
            .map_or(before.shopper_webhook_secret, empty_is_none),
        hold_minutes: asked.hold_minutes.unwrap_or(before.hold_minutes),
        native_notifications: asked.native_notifications.unwrap_or(before.native_notifications),
        desk_link: asked.desk_link.map_or(before.desk_link, empty_is_none),
        version: before.version,
    }
}
