//! Effects outside the program: rows written with their cause, delivered by workers.

use crate::cards::{Card, StatusChange};
use crate::sql::{Cursor, Filter, Page, args, execute, fetch, fetch_one, insert, page};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit};
use fraud::money::format_cents;
use fraud::time::{DAY_MS, MINUTE_MS, SECOND_MS, UnixMs};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row, any::AnyRow};
use utoipa::ToSchema;

/// How long an undelivered message is tried before it is a dead letter.
pub const RETRIES_FOR_MS: i64 = DAY_MS;
/// First and longest wait between two tries.
const BACKOFF_FIRST_MS: i64 = 2 * SECOND_MS;
const BACKOFF_MAX_MS: i64 = 15 * MINUTE_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    Slack,
    ShopperWebhook,
    Native,
}

impl OutboxKind {
    pub const ALL: [OutboxKind; 3] = [OutboxKind::Slack, OutboxKind::ShopperWebhook, OutboxKind::Native];

    pub fn as_str(self) -> &'static str {
        match self {
            OutboxKind::Slack => "slack",
            OutboxKind::ShopperWebhook => "shopper_webhook",
            OutboxKind::Native => "native",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A message on its way out, as the desk sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OutboxItem {
    pub id: String,
    pub kind: OutboxKind,
    /// What it is about, for people.
    pub subject: String,
    pub alert_id: Option<String>,
    pub card_id: Option<String>,
    /// pending, delivered or dead.
    pub state: String,
    pub attempts: i64,
    pub next_attempt_at: Option<UnixMs>,
    pub last_error: Option<String>,
    pub created_at: UnixMs,
    pub delivered_at: Option<UnixMs>,
}

/// A message to be delivered.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: String,
    pub kind: OutboxKind,
    pub payload: serde_json::Value,
    pub attempts: i64,
    pub created_at: UnixMs,
    pub alert_id: Option<String>,
}

/// What is announced of an alert.
pub(crate) struct AlertMessage<'a> {
    pub alert_id: &'a str,
    pub gap: bool,
    pub simulated: bool,
    pub card_id: &'a str,
    pub masked_number: Option<&'a str>,
    pub merchant: &'a str,
    pub amount_cents: i64,
    pub currency: &'a str,
    pub rule_names: Vec<String>,
    pub title: &'a str,
    pub critical: bool,
    pub at: UnixMs,
}

struct NewRow<'a> {
    id: String,
    kind: OutboxKind,
    subject: String,
    alert_id: Option<&'a str>,
    card_id: Option<&'a str>,
    payload: serde_json::Value,
    at: UnixMs,
}

async fn push(tx: &mut Tx<'_>, row: NewRow<'_>) -> Result<(), StoreError> {
    let columns = [
        "outbox_id",
        "kind",
        "subject",
        "alert_id",
        "card_id",
        "payload",
        "state",
        "attempts",
        "retries_from_ms",
        "next_attempt_at_ms",
        "created_at_ms",
    ];
    let at = row.at.0;
    let args = args![
        row.id.as_str(),
        row.kind.as_str(),
        row.subject,
        row.alert_id,
        row.card_id,
        row.payload.to_string(),
        "pending",
        0_i64,
        at,
        at,
        at
    ];
    insert(tx.connection, "outbox", &columns, vec![args], "on conflict (outbox_id) do nothing").await?;
    let kind = if row.kind == OutboxKind::Native { "notification" } else { "outbox" };
    tx.tags.push(Tag::new(kind, row.id));
    Ok(())
}

/// Slack reads `<...>` as a command and `&lt;` as a bracket; everything else stays as the bank wrote it.
fn slack_text(text: &str) -> String {
    let entities = text.replace("&amp;", "&amp;amp;").replace("&lt;", "&amp;lt;").replace("&gt;", "&amp;gt;");
    entities.replace('<', "&lt;").replace('>', "&gt;")
}

fn slack_lines(tx: &Tx<'_>, message: &AlertMessage<'_>) -> String {
    let head =
        if message.gap { "Feed fault, not a suspicion against anyone:" } else { "Potential fraud on:" };
    let mark = if message.simulated { "[SIMULATED] " } else { "" };
    let card = message.masked_number.unwrap_or(message.card_id);
    let prefix = tx.versions.settings.desk_link.as_deref().unwrap_or("cartwarden://desk");
    format!(
        "{mark}{head}\n*Card:*{}\nMerchant: {}\nAmount: {}\nRule: {}\n{}/alerts?id={}",
        slack_text(card),
        slack_text(message.merchant),
        format_cents(message.amount_cents, message.currency),
        slack_text(&message.rule_names.join(", ")),
        prefix.trim_end_matches('/'),
        message.alert_id,
    )
}

/// Tells Slack and the window of a new alert, as far as each is set up.
pub(crate) async fn announce(tx: &mut Tx<'_>, message: &AlertMessage<'_>) -> Result<(), StoreError> {
    let settings = tx.versions.settings.clone();
    let row = |kind: OutboxKind, payload| NewRow {
        id: format!("{}_{}", kind.as_str(), message.alert_id),
        kind,
        subject: message.title.to_owned(),
        alert_id: Some(message.alert_id),
        card_id: Some(message.card_id),
        payload,
        at: message.at,
    };
    if settings.slack_webhook_url.is_some() {
        let payload = serde_json::json!({"text": slack_lines(tx, message)});
        push(tx, row(OutboxKind::Slack, payload)).await?;
    }
    if settings.native_notifications {
        let mark = if message.simulated { "[SIMULATED] " } else { "" };
        let title = if message.gap { "Feed fault" } else { "Potential fraud" };
        let card = message.masked_number.unwrap_or(message.card_id);
        let body = format!(
            "Card: {card}\nMerchant: {}\nAmount: {}\n{}",
            message.merchant,
            format_cents(message.amount_cents, message.currency),
            message.rule_names.join(", ")
        );
        let urgency = if message.critical { "critical" } else { "normal" };
        let payload =
            serde_json::json!({"title": format!("{mark}{title}"), "body": body, "urgency": urgency});
        push(tx, row(OutboxKind::Native, payload)).await?;
    }
    Ok(())
}

/// Tells a shopper's phone (through the configured webhook) and Slack that a card's status changed.
pub(crate) async fn tell_shopper(
    tx: &mut Tx<'_>,
    card: &Card,
    change: &StatusChange,
    now: UnixMs,
) -> Result<(), StoreError> {
    let settings = tx.versions.settings.clone();
    let status = if change.deactivate { "deactivated" } else { "active" };
    let masked = card.masked_number.as_deref().unwrap_or(&card.id);
    if settings.shopper_webhook_url.is_some() {
        let payload = serde_json::json!({
            "type": if change.deactivate { "card.deactivated" } else { "card.reactivated" },
            "timestamp": now,
            "data": {
                "card_id": card.id, "masked_number": card.masked_number, "status": status,
                "shopper_id": card.shopper.as_ref().map(|shopper| shopper.id.as_str()), "reason": change.reason,
            },
        });
        let id = format!("shopper_webhook_{}_{}_{status}", card.id, now.0);
        let subject = format!("Card {masked} is {status}");
        let row = NewRow {
            id,
            kind: OutboxKind::ShopperWebhook,
            subject,
            alert_id: None,
            card_id: Some(&card.id),
            payload,
            at: now,
        };
        push(tx, row).await?;
    }
    if settings.slack_webhook_url.is_some() {
        let verb = if change.deactivate { "deactivated" } else { "reactivated" };
        let text = format!(
            "Card {verb} by {}:\n*Card:*{}\nReason: {}\nIt {} by code; the bank itself has not blocked it.",
            slack_text(&change.actor),
            slack_text(masked),
            slack_text(&change.reason),
            if change.deactivate { "declines" } else { "no longer declines" },
        );
        let id = format!("slack_{}_{}_{status}", card.id, now.0);
        let subject = format!("Card {masked} is {status}");
        let payload = serde_json::json!({"text": text});
        push(
            tx,
            NewRow {
                id,
                kind: OutboxKind::Slack,
                subject,
                alert_id: None,
                card_id: Some(&card.id),
                payload,
                at: now,
            },
        )
        .await?;
    }
    Ok(())
}

/// Queues a message by which a person tries a connection.
///
/// # Errors
/// `StoreError` from the database.
pub async fn push_test(
    tx: &mut Tx<'_>,
    kind: OutboxKind,
    actor: &str,
    now: UnixMs,
) -> Result<OutboxItem, StoreError> {
    let text = format!("Test message from Cartwarden, sent by {actor}.");
    let payload = match kind {
        OutboxKind::Slack => serde_json::json!({"text": slack_text(&text)}),
        OutboxKind::ShopperWebhook => {
            serde_json::json!({"type": "test", "timestamp": now, "data": {"message": text}})
        }
        OutboxKind::Native => serde_json::json!({"title": "Cartwarden", "body": text, "urgency": "normal"}),
    };
    let id = format!("test_{}_{}", kind.as_str(), now.0);
    let row = NewRow {
        id: id.clone(),
        kind,
        subject: "Test message".into(),
        alert_id: None,
        card_id: None,
        payload,
        at: now,
    };
    push(tx, row).await?;
    get(tx.connection, &id).await
}

/// Messages that are due.
///
/// # Errors
/// `StoreError` from the database.
pub async fn due(
    database: &Database,
    kind: OutboxKind,
    now: UnixMs,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    let sql = "select outbox_id, kind, payload, attempts, created_at_ms, alert_id from outbox \
               where state = 'pending' and kind = $1 and next_attempt_at_ms <= $2 order by next_attempt_at_ms limit $3";
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, sql, args![kind.as_str(), now.0, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                id: row.try_get("outbox_id")?,
                kind,
                payload: serde_json::from_str(row.try_get("payload")?)?,
                attempts: row.try_get("attempts")?,
                created_at: UnixMs(row.try_get("created_at_ms")?),
                alert_id: row.try_get("alert_id")?,
            })
        })
        .collect()
}

/// Records how a try of delivery ended.
///
/// # Errors
/// `StoreError` from the database.
pub async fn tried(tx: &mut Tx<'_>, id: &str, failed: Option<&str>, now: UnixMs) -> Result<(), StoreError> {
    let sql = "select attempts, retries_from_ms from outbox where outbox_id = $1 and state = 'pending'";
    let Some(row) = fetch_one(tx.connection, sql, args![id]).await? else { return Ok(()) };
    let attempts = row.try_get::<i64, _>("attempts")? + 1;
    let Some(error) = failed else {
        let sql = "update outbox set state = 'delivered', attempts = $1, delivered_at_ms = $2, last_error = null where outbox_id = $3";
        execute(tx.connection, sql, args![attempts, now.0, id]).await?;
        tx.tags.push(Tag::new("outbox", id));
        return Ok(());
    };
    let wait =
        BACKOFF_FIRST_MS.saturating_mul(1 << attempts.clamp(1, 20).saturating_sub(1)).min(BACKOFF_MAX_MS);
    let dead = now.since(UnixMs(row.try_get("retries_from_ms")?)) + wait > RETRIES_FOR_MS;
    let state = if dead { "dead" } else { "pending" };
    let sql = "update outbox set state = $1, attempts = $2, next_attempt_at_ms = $3, last_error = $4 where outbox_id = $5";
    execute(tx.connection, sql, args![state, attempts, now.plus(wait).0, error, id]).await?;
    tx.tags.push(Tag::new("outbox", id));
    Ok(())
}

/// Sends a message once more, from the start.
///
/// # Errors
/// `NotFound`, or `Conflict` when it was delivered.
pub async fn resend(tx: &mut Tx<'_>, id: &str, actor: &str, now: UnixMs) -> Result<OutboxItem, StoreError> {
    let item = get(tx.connection, id).await?;
    if item.state == "delivered" {
        return Err(StoreError::Conflict {
            code: "already_delivered",
            message: "the message was delivered".into(),
        });
    }
    let sql = "update outbox set state = 'pending', retries_from_ms = $1, next_attempt_at_ms = $1 where outbox_id = $2";
    execute(tx.connection, sql, args![now.0, id]).await?;
    audit::append(
        tx.connection,
        now,
        actor,
        "message_resent",
        &format!("outbox:{id}"),
        serde_json::json!({}),
    )
    .await?;
    tx.tags.push(Tag::new("outbox", id));
    get(tx.connection, id).await
}

const ITEM_SQL: &str = "select outbox_id, kind, subject, alert_id, card_id, state, attempts, next_attempt_at_ms, last_error, \
                        created_at_ms, delivered_at_ms from outbox";

fn item(row: &AnyRow) -> Result<OutboxItem, StoreError> {
    let state: String = row.try_get("state")?;
    let kind: &str = row.try_get("kind")?;
    Ok(OutboxItem {
        id: row.try_get("outbox_id")?,
        kind: OutboxKind::parse(kind).ok_or_else(|| StoreError::Corrupt(format!("outbox kind {kind:?}")))?,
        subject: row.try_get("subject")?,
        alert_id: row.try_get("alert_id")?,
        card_id: row.try_get("card_id")?,
        attempts: row.try_get("attempts")?,
        next_attempt_at: (state == "pending").then_some(UnixMs(row.try_get("next_attempt_at_ms")?)),
        last_error: row.try_get("last_error")?,
        created_at: UnixMs(row.try_get("created_at_ms")?),
        delivered_at: row.try_get::<Option<i64>, _>("delivered_at_ms")?.map(UnixMs),
        state,
    })
}

async fn get(connection: &mut AnyConnection, id: &str) -> Result<OutboxItem, StoreError> {
    let row = fetch_one(connection, &format!("{ITEM_SQL} where outbox_id = $1"), args![id]).await?;
    item(&row.ok_or_else(|| StoreError::NotFound { what: "message", id: id.to_owned() })?)
}

/// Messages, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    state: Option<&str>,
    kind: Option<&str>,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<OutboxItem>, StoreError> {
    let mut filter = Filter::new();
    filter.maybe("state = {}", state);
    filter.maybe("kind = {}", kind);
    filter.before("created_at_ms", "outbox_id", cursor);
    let sql = format!(
        "{ITEM_SQL} {} order by created_at_ms desc, outbox_id desc limit {}",
        filter.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(page(items, limit, |item| Cursor { at_ms: item.created_at.0, id: item.id.clone() }))
}

/// Where the messages of one kind stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct OutboxState {
    pub configured: bool,
    pub pending: i64,
    pub dead: i64,
    pub last_delivered_at: Option<UnixMs>,
    pub last_error: Option<String>,
}

/// Counts of one kind's messages.
///
/// # Errors
/// `StoreError` from the database.
pub async fn read_state(
    database: &Database,
    kind: OutboxKind,
    configured: bool,
) -> Result<OutboxState, StoreError> {
    let count =
        |state: &'static str| format!("(select count(*) from outbox where state = '{state}' and kind = $1)");
    let sql = format!(
        "select {} as pending, {} as dead, (select max(delivered_at_ms) from outbox where state = 'delivered' and kind = $1) as delivered, \
         (select last_error from outbox where kind = $1 and state <> 'delivered' and last_error is not null order by next_attempt_at_ms desc limit 1) as error",
        count("pending"),
        count("dead")
    );
    let mut connection = database.reader().await?;
    let row = fetch_one(&mut connection, &sql, args![kind.as_str()]).await?;
    let Some(row) = row else { return Ok(OutboxState::default()) };
    Ok(OutboxState {
        configured,
        pending: row.try_get("pending")?,
        dead: row.try_get("dead")?,
        last_delivered_at: row.try_get::<Option<i64>, _>("delivered")?.map(UnixMs),
        last_error: row.try_get("error")?,
    })
}
