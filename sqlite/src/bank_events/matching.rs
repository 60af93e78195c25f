//! Which authorization a report belongs to: by reference, else by card, merchant, amount and time.
//!
//! Reports may come before their authorization, and their reference may differ from it; so a match by content
//! gives way once an authorization with the report's own reference arrives.

use super::resettle;
use crate::cards::CardRow;
use crate::sql::{args, execute, fetch, fetch_in, fetch_one};
use crate::swipe::Decided;
use crate::writer::Tx;
use crate::{StoreError, alerts};
use fraud::alert::GapKind;
use fraud::authorization::Swipe;
use fraud::bank_event::EventKind;
use fraud::time::{DAY_MS, HOUR_MS, UnixMs};
use sqlx::{AnyConnection, Row, any::AnyRow};

/// How long a report may come before its authorization: a day by reference, an hour by content.
const EARLY_BY_REFERENCE_MS: i64 = DAY_MS;
const EARLY_BY_CONTENT_MS: i64 = HOUR_MS;

/// Finds the authorization of a report.
pub(super) async fn match_authorization(
    connection: &mut AnyConnection,
    kind: EventKind,
    event: &Swipe,
    card: &CardRow,
) -> Result<Option<(String, &'static str)>, StoreError> {
    if let Some(found) = by_reference(connection, event, card).await? {
        return Ok(Some((found, "reference")));
    }
    let window = kind.match_window_ms();
    let sql = "select a.authorization_id from card_authorization a where a.card_id = $1 and a.received_at_ms >= $2 and a.received_at_ms <= $3 \
               and a.simulated = $4 and a.currency = $5 and upper(a.merchant_name) = $6 and abs(a.amount_cents) = $7 \
               and not exists (select 1 from bank_event e where e.authorization_id = a.authorization_id and e.kind = $8) \
               order by abs(a.received_at_ms - $9), a.decided_seq limit 1";
    let at = event.received_at;
    let args = args![
        card.card_id.as_str(),
        at.plus(-window).0,
        at.plus(window).0,
        event.simulated,
        event.currency.as_str(),
        event.merchant.name.to_uppercase(),
        event.amount_cents.abs(),
        kind.as_str(),
        at.0,
    ];
    let row = fetch_one(connection, sql, args).await?;
    Ok(row.map(|row| row.try_get("authorization_id")).transpose()?.map(|id| (id, "content")))
}

/// Of several authorizations under one reference the one of the same amount, then the earliest.
async fn by_reference(
    connection: &mut AnyConnection,
    event: &Swipe,
    card: &CardRow,
) -> Result<Option<String>, StoreError> {
    let Some(reference) = &event.reference_key else { return Ok(None) };
    let sql = "select authorization_id from card_authorization where reference_key = $1 and card_id = $2 \
               order by case when abs(amount_cents) = $3 then 0 else 1 end, decided_seq limit 1";
    let args = args![reference.as_str(), card.card_id.as_str(), event.amount_cents.abs()];
    let row = fetch(connection, sql, args).await?;
    Ok(row.first().map(|row| row.try_get("authorization_id")).transpose()?)
}

/// Reports that may belong to authorizations of these cards.
pub(crate) const EARLY_SQL: &str = "select event_id, card_id, reference_key, authorization_id, amount_cents, currency, merchant_name, simulated, \
     received_at_ms from bank_event where received_at_ms >= $1 and (authorization_id is null or matched_by = 'content') \
     and card_id in ({in}) order by received_at_ms, event_id limit 1000";

/// Gives new authorizations the reports that came before them.
pub(crate) async fn adopt_early(tx: &mut Tx<'_>, decided: &[Decided<'_>]) -> Result<(), StoreError> {
    let cards: Vec<String> = decided.iter().map(|d| d.card.card_id.clone()).collect();
    let oldest = decided.iter().map(|d| d.swipe.received_at.0).min().unwrap_or(0) - EARLY_BY_REFERENCE_MS;
    let rows = fetch_in(tx.connection, EARLY_SQL, args![oldest], &cards).await?;
    for row in &rows {
        let card: &str = row.try_get("card_id")?;
        let reference: Option<String> = row.try_get("reference_key")?;
        let unmatched = row.try_get::<Option<String>, _>("authorization_id")?.is_none();
        let own = decided
            .iter()
            .find(|d| d.card.card_id == card && reference.is_some() && d.swipe.reference_key == reference);
        if let Some(d) = own {
            adopt(tx, row, "reference", d).await?;
        } else if unmatched {
            for d in decided.iter().filter(|d| d.card.card_id == card) {
                if same_content(row, d)? {
                    adopt(tx, row, "content", d).await?;
                    break;
                }
            }
        }
    }
    Ok(())
}

fn same_content(row: &AnyRow, d: &Decided<'_>) -> Result<bool, StoreError> {
    let received = UnixMs(row.try_get("received_at_ms")?);
    Ok(row.try_get::<i64, _>("amount_cents")?.abs() == d.swipe.amount_cents.abs()
        && row.try_get::<&str, _>("currency")? == d.swipe.currency
        && row.try_get::<&str, _>("merchant_name")?.to_uppercase() == d.swipe.merchant.name.to_uppercase()
        && (row.try_get::<i64, _>("simulated")? == 1) == d.swipe.simulated
        && d.swipe.received_at.since(received).abs() <= EARLY_BY_CONTENT_MS)
}

async fn adopt(tx: &mut Tx<'_>, row: &AnyRow, how: &str, d: &Decided<'_>) -> Result<(), StoreError> {
    let (event_id, now): (String, _) = (row.try_get("event_id")?, d.swipe.received_at);
    let sql = "update bank_event set authorization_id = $1, matched_by = $2, awaiting_since_ms = null where event_id = $3";
    execute(tx.connection, sql, args![d.authorization_id, how, event_id.as_str()]).await?;
    if let Some(other) = row.try_get::<Option<String>, _>("authorization_id")? {
        // It had only resembled that one, which now waits for a report of its own again.
        let sql = "update card_authorization set awaiting_since_ms = received_at_ms \
                   where authorization_id = $1 and outcome = 'approve'";
        execute(tx.connection, sql, args![other.as_str()]).await?;
        resettle(tx, &other, now).await?;
    }
    alerts::explain_gap(tx, GapKind::MissingBefore, &event_id, "The authorization arrived later.", now)
        .await?;
    resettle(tx, d.authorization_id, now).await
}
