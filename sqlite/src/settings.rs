//! What ops leads set, versioned.

use crate::sql::{args, fetch_one, insert};
use crate::versions;
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit};
use fraud::decision::Outcome;
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

/// Every setting, with its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Answer when we cannot decide in time or cannot write.
    pub fallback: Outcome,
    /// Milliseconds after which the fallback answers; the bank waits 2,000. 50..=1,900.
    pub deadline_ms: i64,
    /// Seconds in which the same content without a reference is a repeat. 1..=3,600.
    pub duplicate_window_secs: i64,
    pub slack_webhook_url: Option<String>,
    /// Told when a shopper's card is deactivated or reactivated.
    pub shopper_webhook_url: Option<String>,
    /// Standard Webhooks secret, `whsec_` and base64.
    pub shopper_webhook_secret: Option<String>,
    /// Minutes for which a rule's `decline_and_deactivate` holds a card. 1..=1,440.
    pub hold_minutes: i64,
    pub native_notifications: bool,
    /// Address prefix for links in messages; the desk's own scheme when absent.
    pub desk_link: Option<String>,
    pub version: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            fallback: Outcome::Decline,
            deadline_ms: 1_000,
            duplicate_window_secs: 90,
            slack_webhook_url: None,
            shopper_webhook_url: None,
            shopper_webhook_secret: None,
            hold_minutes: 60,
            native_notifications: true,
            desk_link: None,
            version: 0,
        }
    }
}

pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Settings, StoreError> {
    let sql = "select version, body from setting_version order by version desc limit 1";
    let Some(row) = fetch_one(connection, sql, vec![]).await? else { return Ok(Settings::default()) };
    let settings: Settings = serde_json::from_str(row.try_get("body")?)?;
    Ok(Settings { version: row.try_get("version")?, ..settings })
}

/// Changes settings by `change` and keeps the version before.
///
/// # Errors
/// `StoreError` from the database.
pub async fn change(
    tx: &mut Tx<'_>,
    now: UnixMs,
    actor: &str,
    change: impl FnOnce(Settings) -> Settings + Send,
) -> Result<Settings, StoreError> {
    let before = load(tx.connection).await?;
    let version = versions::bump(tx.connection, versions::SETTINGS).await?;
    let after = Settings { version, ..change(before.clone()) };
    let row = args![version, now.0, actor, serde_json::to_string(&after)?];
    insert(
        tx.connection,
        "setting_version",
        &["version", "changed_at_ms", "changed_by", "body"],
        vec![row],
        "",
    )
    .await?;
    let fields = changed_fields(&before, &after)?;
    audit::append(
        tx.connection,
        now,
        actor,
        "settings_changed",
        "settings",
        serde_json::json!({"fields": fields, "version": version}),
    )
    .await?;
    tx.tags.push(Tag::new("settings", version.to_string()));
    Ok(after)
}

/// Names of the settings that differ; addresses and secrets stay out of the audit log.
fn changed_fields(before: &Settings, after: &Settings) -> Result<Vec<String>, StoreError> {
    let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Ok(vec![]) };
    Ok(after
        .iter()
        .filter(|(key, value)| *key != "version" && before.get(*key) != Some(value))
        .map(|(key, _)| key.clone())
        .collect())
}
