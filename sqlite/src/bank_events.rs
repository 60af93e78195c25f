//! What the bank reports after an authorization: kept once, matched, settled, missed.

mod matching;

#[cfg(test)]
pub(crate) use matching::EARLY_SQL;
pub(crate) use matching::adopt_early;

use crate::cards::{self, CardRow};
use crate::sql::{Arg, Cursor, Filter, Page, args, execute, fetch, fetch_one, insert, page};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, alerts, history, relink};
use fraud::alert::GapKind;
use fraud::authorization::Swipe;
use fraud::bank_event::{BankState, EventKind, Report, settle};
use fraud::decision::Outcome;
use fraud::facts::FactSet;
use fraud::rule::{RuleMode, RuleScope};
use fraud::shipped::FEED_GAP;
use fraud::time::{MINUTE_MS, UnixMs};
use matching::match_authorization;
use serde::Serialize;
use sqlx::{AnyConnection, Row, any::AnyRow};
use utoipa::ToSchema;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Received {
    pub event_id: String,
    pub duplicate: bool,
}

/// Keeps a report once, and settles the authorization it belongs to.
///
/// # Errors
/// `StoreError` from the database.
pub async fn receive(
    tx: &mut Tx<'_>,
    kind: EventKind,
    event: &Swipe,
    event_id: &str,
) -> Result<Received, StoreError> {
    let presented = [event.presented_card_id.as_str().to_owned()];
    let mut cards = cards::resolve(tx.connection, &presented).await?;
    cards::meet_unknown(tx, std::iter::once(event), &mut cards).await?;
    let Some(card) = cards.remove(event.presented_card_id.as_str()) else {
        return Err(StoreError::Corrupt("a card that was just met is gone".into()));
    };
    if let Some(first) = first_of_repeats(tx, kind, event, &card).await? {
        return Ok(Received { event_id: first, duplicate: true });
    }
    let matched = match_authorization(tx.connection, kind, event, &card).await?;
    insert_event(tx, kind, event, event_id, &card, matched.as_ref()).await?;
    if let Some((authorization_id, _)) = matched {
        resettle(tx, &authorization_id, event.received_at).await?;
    }
    tx.tags.push(Tag::new("event", event_id));
    Ok(Received { event_id: event_id.to_owned(), duplicate: false })
}

/// The first call of a report that has a reference.
pub(crate) const REPEAT_BY_REFERENCE_SQL: &str = "select event_id from bank_event where repeat_key = $1 and received_at_ms >= $2 \
     and kind = $3 and card_id = $4 and reference_key = $5 order by received_at_ms, event_id limit 1";
/// The same for a report without one.
pub(crate) const REPEAT_BY_CONTENT_SQL: &str = "select event_id from bank_event where repeat_key = $1 and received_at_ms >= $2 \
     and kind = $3 and card_id = $4 and reference_key is null order by received_at_ms, event_id limit 1";

async fn first_of_repeats(
    tx: &mut Tx<'_>,
    kind: EventKind,
    event: &Swipe,
    card: &CardRow,
) -> Result<Option<String>, StoreError> {
    let window = event.repeat_window_ms(tx.versions.settings.duplicate_window_secs);
    let sql = if event.reference_key.is_some() { REPEAT_BY_REFERENCE_SQL } else { REPEAT_BY_CONTENT_SQL };
    let mut args = args![
        event.repeat_key.as_str(),
        event.received_at.plus(-window).0,
        kind.as_str(),
        card.card_id.as_str()
    ];
    args.extend(event.reference_key.as_deref().map(Arg::from));
    let row = fetch_one(tx.connection, sql, args).await?;
    Ok(row.map(|row| row.try_get("event_id")).transpose()?)
}

const COLUMNS: [&str; 17] = [
    "event_id",
    "kind",
    "presented_card_id",
    "card_id",
    "amount_cents",
    "currency",
    "merchant_name",
    "merchant_category_code",
    "reference",
    "occurred_at_ms",
    "received_at_ms",
    "simulated",
    "repeat_key",
    "reference_key",
    "authorization_id",
    "matched_by",
    "awaiting_since_ms",
];

async fn insert_event(
    tx: &mut Tx<'_>,
    kind: EventKind,
    event: &Swipe,
    event_id: &str,
    card: &CardRow,
    matched: Option<&(String, &'static str)>,
) -> Result<(), StoreError> {
    let row = args![
        event_id,
        kind.as_str(),
        event.presented_card_id.as_str(),
        card.card_id.as_str(),
        event.amount_cents,
        event.currency.as_str(),
        event.merchant.name.as_str(),
        event.merchant.category_code.as_str(),
        event.reference.as_deref(),
        event.occurred_at.0,
        event.received_at.0,
        event.simulated,
        event.repeat_key.as_str(),
        event.reference_key.as_deref(),
        matched.map(|(id, _)| id.as_str()),
        matched.map(|(_, how)| *how),
        if matched.is_some() { None } else { Some(event.received_at.0) },
    ];
    insert(tx.connection, "bank_event", &COLUMNS, vec![row], "").await
}

/// Takes all reports of an authorization together and records where it stands.
pub(crate) async fn resettle(tx: &mut Tx<'_>, authorization_id: &str, now: UnixMs) -> Result<(), StoreError> {
    let sql = "select a.card_id, c.masked_number, a.shopper_id, a.amount_cents, a.currency, a.merchant_name, a.outcome, a.net_cents, \
               a.simulated, a.received_at_ms, a.occurred_at_ms from card_authorization a join card c on c.card_id = a.card_id \
               where a.authorization_id = $1";
    let Some(row) = fetch_one(tx.connection, sql, args![authorization_id]).await? else { return Ok(()) };
    let reports = reports(tx.connection, authorization_id).await?;
    let approved = crate::swipe::outcome(row.try_get("outcome")?)? == Outcome::Approve;
    let settled = settle(approved, row.try_get("amount_cents")?, &reports);
    let before: i64 = row.try_get("net_cents")?;
    let sql = "update card_authorization set net_cents = $1, bank_state = $2, \
               awaiting_since_ms = case when $3 = 1 then null else awaiting_since_ms end where authorization_id = $4";
    execute(
        tx.connection,
        sql,
        args![settled.net_cents, settled.state.as_str(), settled.reported, authorization_id],
    )
    .await?;
    tx.tags.push(Tag::new("authorization", authorization_id));
    if settled.reported {
        let latest = reports.iter().map(|r| r.received_at).max().unwrap_or(now);
        let why = format!("The bank's report arrived at {}.", latest.clock_sast());
        alerts::explain_gap(tx, GapKind::MissingAfter, authorization_id, &why, now).await?;
    }
    if settled.state == BankState::Contradicted {
        let gap = gap_subject(&row, authorization_id)?;
        alerts::raise_gap(tx, &gap, GapKind::Contradicted, now).await?;
    } else if settled.state == BankState::Reversed && !approved {
        alerts::explain_gap(tx, GapKind::Contradicted, authorization_id, "The swipe was reversed.", now)
            .await?;
    }
    if before != settled.net_cents {
        forget_tallies(tx.connection, authorization_id).await?;
    }
    let shopper: Option<String> = row.try_get("shopper_id")?;
    if let (true, Some(shopper)) = (before != settled.net_cents, shopper) {
        let received = UnixMs(row.try_get("received_at_ms")?);
        let at = fraud::authorization::effective_at(UnixMs(row.try_get("occurred_at_ms")?), received);
        relink::around(tx, &shopper, at, now).await?;
    }
    Ok(())
}

/// Drops the copied windows of a swipe's card and order: what it counts has changed.
pub(crate) async fn forget_tallies(
    connection: &mut AnyConnection,
    authorization_id: &str,
) -> Result<(), StoreError> {
    let sql = "select card_id, order_id from card_authorization where authorization_id = $1";
    for row in fetch(connection, sql, args![authorization_id]).await? {
        history::forget(connection, "card", &[row.try_get("card_id")?]).await?;
        if let Some(order) = row.try_get::<Option<String>, _>("order_id")? {
            history::forget(connection, "order", &[order]).await?;
        }
    }
    Ok(())
}

async fn reports(connection: &mut AnyConnection, authorization_id: &str) -> Result<Vec<Report>, StoreError> {
    let sql =
        "select kind, amount_cents, received_at_ms from bank_event where authorization_id = $1 limit 500";
    fetch(connection, sql, args![authorization_id])
        .await?
        .iter()
        .map(|row| {
            let kind = EventKind::parse(row.try_get("kind")?)
                .ok_or_else(|| StoreError::Corrupt("event kind".into()))?;
            Ok(Report {
                kind,
                amount_cents: row.try_get("amount_cents")?,
                received_at: UnixMs(row.try_get("received_at_ms")?),
            })
        })
        .collect()
}

fn gap_subject(row: &AnyRow, subject_id: &str) -> Result<alerts::GapSubject, StoreError> {
    Ok(alerts::GapSubject {
        subject_id: subject_id.to_owned(),
        card_id: row.try_get("card_id")?,
        masked_number: row.try_get("masked_number")?,
        merchant: row.try_get("merchant_name")?,
        amount_cents: row.try_get("amount_cents")?,
        currency: row.try_get("currency")?,
        since: UnixMs(row.try_get("received_at_ms")?),
        simulated: row.try_get::<i64, _>("simulated")? == 1,
    })
}

/// Gaps raised in one step; the rest waits for the next, so that no step is long.
const GAPS_MAX: i64 = 50;

/// Raises alerts for events that have waited too long for their partner; answers how many it looked at.
///
/// # Errors
/// `StoreError` from the database.
pub async fn raise_gaps(tx: &mut Tx<'_>, now: UnixMs) -> Result<usize, StoreError> {
    let rules = tx.versions.rules.clone();
    let Some(rule) = rules.get(FEED_GAP).filter(|rule| rule.mode == RuleMode::Live) else { return Ok(0) };
    let until = now.plus(-rule.whole("minutes", 15).saturating_mul(MINUTE_MS));
    let mut seen = 0;
    for (table, id, kind) in [
        ("card_authorization", "authorization_id", GapKind::MissingAfter),
        ("bank_event", "event_id", GapKind::MissingBefore),
    ] {
        let sql = format!(
            "select t.{id} as subject_id, t.card_id, t.amount_cents, t.currency, t.merchant_name, t.simulated, t.received_at_ms, c.masked_number \
             from {table} t join card c on c.card_id = t.card_id \
             where t.awaiting_since_ms <= $1 order by t.awaiting_since_ms limit $2"
        );
        let rows = fetch(tx.connection, &sql, vec![Arg::from(until.0), Arg::from(GAPS_MAX)]).await?;
        for row in rows {
            seen += 1;
            let subject: String = row.try_get("subject_id")?;
            let gap = gap_subject(&row, &subject)?;
            let facts = FactSet::of_gap(kind.as_str(), now.since(gap.since) / MINUTE_MS);
            let fires = rules
                .evaluate(RuleScope::Feed, &facts)
                .into_iter()
                .any(|e| e.rule.id == FEED_GAP && matches!(e.verdict, Ok(Some(_)) | Err(_)));
            if fires {
                alerts::raise_gap(tx, &gap, kind, now).await?;
            }
            let sql = format!("update {table} set awaiting_since_ms = null where {id} = $1");
            execute(tx.connection, &sql, args![subject]).await?;
        }
    }
    Ok(seen)
}

/// A report of the bank as the desk sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BankEvent {
    pub event_id: String,
    pub kind: EventKind,
    pub card_id: String,
    pub masked_number: Option<String>,
    pub merchant: String,
    pub amount_cents: i64,
    pub currency: String,
    pub reference: Option<String>,
    pub received_at: UnixMs,
    pub occurred_at: UnixMs,
    pub authorization_id: Option<String>,
    pub matched_by: Option<String>,
    pub simulated: bool,
}

/// Reports, newest first; `unmatched` keeps those that fit no authorization.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    unmatched: bool,
    authorization_id: Option<&str>,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<BankEvent>, StoreError> {
    let mut filter = Filter::new();
    if unmatched {
        filter.add_raw("e.authorization_id is null");
    }
    filter.maybe("e.authorization_id = {}", authorization_id);
    filter.before("e.received_at_ms", "e.event_id", cursor);
    let sql = format!(
        "select e.event_id, e.kind, e.card_id, c.masked_number, e.merchant_name, e.amount_cents, e.currency, e.reference, e.received_at_ms, \
         e.occurred_at_ms, e.authorization_id, e.matched_by, e.simulated from bank_event e left join card c on c.card_id = e.card_id {} \
         order by e.received_at_ms desc, e.event_id desc limit {}",
        filter.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let items = rows.iter().map(bank_event).collect::<Result<Vec<_>, _>>()?;
    Ok(page(items, limit, |event| Cursor { at_ms: event.received_at.0, id: event.event_id.clone() }))
}

fn bank_event(row: &AnyRow) -> Result<BankEvent, StoreError> {
    Ok(BankEvent {
        event_id: row.try_get("event_id")?,
        kind: EventKind::parse(row.try_get("kind")?)
            .ok_or_else(|| StoreError::Corrupt("event kind".into()))?,
        card_id: row.try_get("card_id")?,
        masked_number: row.try_get("masked_number")?,
        merchant: row.try_get("merchant_name")?,
        amount_cents: row.try_get("amount_cents")?,
        currency: row.try_get("currency")?,
        reference: row.try_get("reference")?,
        received_at: UnixMs(row.try_get("received_at_ms")?),
        occurred_at: UnixMs(row.try_get("occurred_at_ms")?),
        authorization_id: row.try_get("authorization_id")?,
        matched_by: row.try_get("matched_by")?,
        simulated: row.try_get::<i64, _>("simulated")? == 1,
    })
}
