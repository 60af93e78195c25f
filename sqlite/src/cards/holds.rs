//! Deactivations by a rule: for a time, until a person confirms or lifts them.

use super::{Card, CardRow, Hold, StatusChange, get, set_status};
use crate::sql::{args, execute, fetch};
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit};
use fraud::time::{MINUTE_MS, UnixMs};
use sqlx::Row;

/// Makes a rule's hold a deactivation that stays.
///
/// # Errors
/// `NotFound` when no card goes by `id`; `Conflict` when it is not held.
pub async fn confirm_hold(
    tx: &mut Tx<'_>,
    id: &str,
    note: Option<&str>,
    actor: &str,
    now: UnixMs,
) -> Result<Card, StoreError> {
    let card = get(tx.connection, id, now).await?;
    let Some(hold) = card.hold else {
        let message = "the card is not held by a rule".to_owned();
        return Err(StoreError::Conflict { code: "not_held", message });
    };
    let sql = "update card set held_until_ms = null, held_by_rule = null, status_by = $1, status_at_ms = $2, status_note = $3 where card_id = $4";
    execute(tx.connection, sql, args![actor, now.0, note, card.id.as_str()]).await?;
    let detail = serde_json::json!({"rule": hold.rule, "note": note});
    let subject = format!("card:{}", card.id);
    audit::append(tx.connection, now, actor, "hold_confirmed", &subject, detail).await?;
    tx.tags.push(Tag::new("card", card.id.clone()));
    get(tx.connection, &card.id, now).await
}

/// Holds lifted in one step.
const HOLDS_PER_STEP: i64 = 20;

/// Lifts the holds that have run out without a person's word; answers how many.
///
/// # Errors
/// `StoreError` from the database.
pub async fn lift_due_holds(tx: &mut Tx<'_>, now: UnixMs) -> Result<usize, StoreError> {
    let sql = "select card_id, held_by_rule from card where held_until_ms is not null and held_until_ms <= $1 order by held_until_ms limit $2";
    let rows = fetch(tx.connection, sql, args![now.0, HOLDS_PER_STEP]).await?;
    for row in &rows {
        let rule: Option<String> = row.try_get("held_by_rule")?;
        let change = StatusChange {
            deactivate: false,
            hold: None,
            reason: "The hold ran out and nobody had confirmed it.".into(),
            note: None,
            actor: format!("rule:{}", rule.unwrap_or_default()),
        };
        set_status(tx, row.try_get("card_id")?, &change, now).await?;
    }
    Ok(rows.len())
}

/// Deactivates a card for a time because a rule asks for it.
pub(crate) async fn deactivate_by_rule(
    tx: &mut Tx<'_>,
    card: &CardRow,
    rule: &str,
    message: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    if card.deactivated {
        return Ok(());
    }
    let until = now.plus(tx.versions.settings.hold_minutes * MINUTE_MS);
    let change = StatusChange {
        deactivate: true,
        hold: Some(Hold { rule: rule.to_owned(), until }),
        reason: message.to_owned(),
        note: None,
        actor: format!("rule:{rule}"),
    };
    set_status(tx, &card.card_id, &change, now).await.map(|_| ())
}
