//! Cards, the ids they go by, and whether they are deactivated.

mod holds;

pub(crate) use holds::deactivate_by_rule;
pub use holds::{confirm_hold, lift_due_holds};

use crate::sql::{Cursor, Filter, Page, args, execute, fetch, fetch_in, fetch_one, insert, page};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit, outbox};
use fraud::authorization::Swipe;
use fraud::facts::CardFacts;
use fraud::time::{HOUR_MS, UnixMs};
use serde::Serialize;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A card as a decision sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardRow {
    pub card_id: String,
    pub known: bool,
    pub masked_number: Option<String>,
    pub shopper_id: Option<String>,
    pub deactivated: bool,
}

impl CardRow {
    pub(crate) fn facts(&self) -> CardFacts {
        CardFacts { known: self.known, deactivated: self.deactivated, has_shopper: self.shopper_id.is_some() }
    }
}

/// Finds cards by any of their ids.
pub(crate) const RESOLVE_SQL: &str = "select a.alias_id, c.card_id, c.known, c.masked_number, c.shopper_id, c.status \
                               from card_alias a join card c on c.card_id = a.card_id where a.alias_id in ({in})";

/// Finds the cards that `presented` ids belong to.
pub(crate) async fn resolve(
    connection: &mut AnyConnection,
    presented: &[String],
) -> Result<HashMap<String, CardRow>, StoreError> {
    let rows = fetch_in(connection, RESOLVE_SQL, vec![], presented).await?;
    rows.iter()
        .map(|row| {
            let card = CardRow {
                card_id: row.try_get("card_id")?,
                known: row.try_get::<i64, _>("known")? == 1,
                masked_number: row.try_get("masked_number")?,
                shopper_id: row.try_get("shopper_id")?,
                deactivated: row.try_get::<&str, _>("status")? == "deactivated",
            };
            Ok((row.try_get("alias_id")?, card))
        })
        .collect()
}

/// Makes a card row for ids that nobody told us of, so that they can be seen and deactivated, too.
pub(crate) async fn meet_unknown<'s>(
    tx: &mut Tx<'_>,
    swipes: impl Iterator<Item = &'s Swipe>,
    cards: &mut HashMap<String, CardRow>,
) -> Result<(), StoreError> {
    for swipe in swipes {
        let id = swipe.presented_card_id.as_str();
        if cards.contains_key(id) {
            continue;
        }
        let columns = ["card_id", "known", "status", "received_at_ms"];
        let row = args![id, false, "active", swipe.received_at.0];
        insert(tx.connection, "card", &columns, vec![row], "on conflict (card_id) do nothing").await?;
        insert(
            tx.connection,
            "card_alias",
            &["alias_id", "card_id"],
            vec![args![id, id]],
            "on conflict (alias_id) do nothing",
        )
        .await?;
        tx.tags.push(Tag::new("card", id));
        let card = CardRow {
            card_id: id.into(),
            known: false,
            masked_number: None,
            shopper_id: None,
            deactivated: false,
        };
        cards.insert(id.to_owned(), card);
    }
    Ok(())
}

/// A person, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonRef {
    pub id: String,
    pub name: String,
}

/// How a deactivated card is held: by our own answers. The bank knows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeactivationLayer {
    DeclinesByCode,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deactivation {
    pub at: UnixMs,
    pub by: String,
    pub reason: String,
    pub note: Option<String>,
    pub layer: DeactivationLayer,
}

/// A deactivation by a rule: for a time, until a person confirms or lifts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hold {
    pub rule: String,
    /// When the card becomes active again by itself.
    pub until: UnixMs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardStatus {
    Active,
    Deactivated,
}

/// A card's latest swipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastSwipe {
    pub authorization_id: String,
    pub merchant: String,
    pub amount_cents: i64,
    pub currency: String,
    pub outcome: fraud::decision::Outcome,
    pub at: UnixMs,
    pub simulated: bool,
}

/// A card as the desk sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Card {
    pub id: String,
    /// `422254XXXXXX7072`; null for a card the order system never told us of.
    pub masked_number: Option<String>,
    pub known: bool,
    pub status: CardStatus,
    pub shopper: Option<PersonRef>,
    pub issuer: Option<String>,
    pub last_swipe_at: Option<UnixMs>,
    pub last_swipe: Option<LastSwipe>,
    pub open_alerts: i64,
    /// Real swipes in each of the last 24 hours, oldest first; the last is the hour under way.
    pub swipes_by_hour: Vec<i64>,
    pub approved_today_cents: i64,
    pub deactivation: Option<Deactivation>,
    /// Set while the deactivation awaits a person's review.
    pub hold: Option<Hold>,
}

/// How many cards there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CardCounts {
    pub all: i64,
    pub active: i64,
    pub deactivated: i64,
    pub with_open_alerts: i64,
    /// Deactivated by a rule and awaiting a person.
    pub held: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardSort {
    #[default]
    LastSwipe,
    OpenAlerts,
    MaskedNumber,
}

#[derive(Debug, Clone, Default)]
pub struct CardFilter {
    pub status: Option<String>,
    pub q: Option<String>,
    pub sort: CardSort,
}

const CARD_SQL: &str = "select c.card_id, c.masked_number, c.known, c.status, c.status_at_ms, c.status_by, c.status_reason, \
     c.status_note, c.held_until_ms, c.held_by_rule, c.issuer, c.shopper_id, s.name as shopper_name, \
     (select count(*) from alert l where l.card_id = c.card_id and l.status <> 'resolved') as open_alerts, \
     (select a.authorization_id from card_authorization a where a.card_id = c.card_id order by a.received_at_ms desc limit 1) as last_id, \
     coalesce((select max(a.received_at_ms) from card_authorization a where a.card_id = c.card_id), 0) as last_at_ms \
     from card c left join shopper s on s.shopper_id = c.shopper_id";

/// Cards by the chosen order. The cursor is an offset: a desk has hundreds of cards, not millions.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    filter: &CardFilter,
    cursor: Option<&Cursor>,
    limit: i64,
    now: UnixMs,
) -> Result<(Page<Card>, CardCounts), StoreError> {
    let mut connection = database.reader().await?;
    let mut clauses = Filter::new();
    match filter.status.as_deref() {
        Some("held") => clauses.add_raw("c.held_until_ms is not null"),
        status => clauses.maybe("c.status = {}", status),
    }
    if let Some(q) = &filter.q {
        let pattern = format!("%{}%", q.to_lowercase().replace(['%', '_'], ""));
        clauses.add(
            "lower(coalesce(c.masked_number, '') || ' ' || coalesce(s.name, '') || ' ' || c.card_id) like {}",
            pattern,
        );
    }
    let order = match filter.sort {
        CardSort::LastSwipe => "last_at_ms desc, c.card_id",
        CardSort::OpenAlerts => "open_alerts desc, last_at_ms desc, c.card_id",
        CardSort::MaskedNumber => {
            "case when c.masked_number is null then 1 else 0 end, c.masked_number, c.card_id"
        }
    };
    let offset = cursor.map_or(0, |cursor| cursor.at_ms);
    let sql = format!("{CARD_SQL} {} order by {order} limit {} offset {offset}", clauses.sql(), limit + 1);
    let rows = fetch(&mut connection, &sql, clauses.args).await?;
    let cards = dress(&mut connection, &rows, now).await?;
    let counts = counts(&mut connection).await?;
    let listed = page(cards, limit, |_| Cursor { at_ms: offset + limit, id: String::new() });
    Ok((listed, counts))
}

async fn counts(connection: &mut AnyConnection) -> Result<CardCounts, StoreError> {
    let sql = "select count(*) as total, \
               cast(coalesce(sum(case when status = 'deactivated' then 1 else 0 end), 0) as bigint) as deactivated, \
               cast(coalesce(sum(case when held_until_ms is not null then 1 else 0 end), 0) as bigint) as held, \
               (select count(distinct card_id) from alert where status <> 'resolved') as alerted from card";
    let Some(row) = fetch_one(connection, sql, vec![]).await? else { return Ok(CardCounts::default()) };
    let (all, deactivated): (i64, i64) = (row.try_get("total")?, row.try_get("deactivated")?);
    Ok(CardCounts {
        all,
        active: all - deactivated,
        deactivated,
        with_open_alerts: row.try_get("alerted")?,
        held: row.try_get("held")?,
    })
}

/// One card by any of its ids.
///
/// # Errors
/// `NotFound` when no card goes by `id`.
pub async fn get(connection: &mut AnyConnection, id: &str, now: UnixMs) -> Result<Card, StoreError> {
    let sql = format!("{CARD_SQL} where c.card_id = (select card_id from card_alias where alias_id = $1)");
    let rows = fetch(connection, &sql, args![id]).await?;
    let mut cards = dress(connection, &rows, now).await?;
    cards.pop().ok_or_else(|| StoreError::NotFound { what: "card", id: id.to_owned() })
}

/// The same from outside a transaction.
///
/// # Errors
/// `NotFound` when no card goes by `id`.
pub async fn read(database: &Database, id: &str, now: UnixMs) -> Result<Card, StoreError> {
    get(&mut *database.reader().await?, id, now).await
}

/// Adds last swipes, hourly counts and today's sum to card rows.
async fn dress(
    connection: &mut AnyConnection,
    rows: &[AnyRow],
    now: UnixMs,
) -> Result<Vec<Card>, StoreError> {
    let last_ids: Vec<String> =
        rows.iter().filter_map(|row| row.try_get::<Option<String>, _>("last_id").ok().flatten()).collect();
    let ids: Vec<String> = rows.iter().filter_map(|row| row.try_get::<String, _>("card_id").ok()).collect();
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let sql = "select authorization_id, merchant_name, amount_cents, currency, outcome, received_at_ms, simulated \
               from card_authorization where authorization_id in ({in})";
    let mut last: HashMap<String, LastSwipe> = HashMap::new();
    for row in fetch_in(connection, sql, vec![], &last_ids).await? {
        let id: String = row.try_get("authorization_id")?;
        let swipe = LastSwipe {
            authorization_id: id.clone(),
            merchant: row.try_get("merchant_name")?,
            amount_cents: row.try_get("amount_cents")?,
            currency: row.try_get("currency")?,
            outcome: crate::swipe::outcome(row.try_get("outcome")?)?,
            at: UnixMs(row.try_get("received_at_ms")?),
            simulated: row.try_get::<i64, _>("simulated")? == 1,
        };
        last.insert(id, swipe);
    }
    let hour = now.0.div_euclid(HOUR_MS);
    let (since, today) = ((hour - 23) * HOUR_MS, now.start_of_day_sast().0);
    let sql = "select card_id, received_at_ms / 3600000 as hour, cast(sum(case when simulated = 0 then 1 else 0 end) as bigint) as swipes, \
               cast(sum(case when received_at_ms >= $2 and simulated = 0 and outcome = 'approve' then net_cents else 0 end) as bigint) as cents \
               from card_authorization where received_at_ms >= $1 and card_id in ({in}) group by card_id, received_at_ms / 3600000";
    let mut hours: HashMap<String, Vec<(i64, i64, i64)>> = HashMap::new();
    for row in fetch_in(connection, sql, args![since, today], &ids).await? {
        hours.entry(row.try_get("card_id")?).or_default().push((
            row.try_get("hour")?,
            row.try_get("swipes")?,
            row.try_get("cents")?,
        ));
    }
    rows.iter().map(|row| card(row, &mut last, &hours, hour)).collect()
}

fn card(
    row: &AnyRow,
    last: &mut HashMap<String, LastSwipe>,
    hours: &HashMap<String, Vec<(i64, i64, i64)>>,
    hour: i64,
) -> Result<Card, StoreError> {
    let id: String = row.try_get("card_id")?;
    let counted = hours.get(&id).map_or(&[][..], Vec::as_slice);
    let mut swipes_by_hour = vec![0; 24];
    for (at, swipes, _) in counted {
        if let Ok(index) = usize::try_from(at - (hour - 23))
            && let Some(slot) = swipes_by_hour.get_mut(index)
        {
            *slot = *swipes;
        }
    }
    let last_swipe = row.try_get::<Option<String>, _>("last_id")?.and_then(|id| last.remove(&id));
    let deactivated = row.try_get::<&str, _>("status")? == "deactivated";
    let shopper_id: Option<String> = row.try_get("shopper_id")?;
    let shopper_name: Option<String> = row.try_get("shopper_name")?;
    Ok(Card {
        masked_number: row.try_get("masked_number")?,
        known: row.try_get::<i64, _>("known")? == 1,
        status: if deactivated { CardStatus::Deactivated } else { CardStatus::Active },
        shopper: shopper_id.map(|id| PersonRef { name: shopper_name.unwrap_or_else(|| id.clone()), id }),
        issuer: row.try_get("issuer")?,
        last_swipe_at: last_swipe.as_ref().map(|swipe| swipe.at),
        last_swipe,
        open_alerts: row.try_get("open_alerts")?,
        swipes_by_hour,
        approved_today_cents: counted.iter().map(|(_, _, cents)| cents).sum(),
        deactivation: if deactivated { Some(deactivation(row)?) } else { None },
        hold: hold(row)?,
        id,
    })
}

fn hold(row: &AnyRow) -> Result<Option<Hold>, StoreError> {
    let until = row.try_get::<Option<i64>, _>("held_until_ms")?.map(UnixMs);
    let rule = row.try_get::<Option<String>, _>("held_by_rule")?.unwrap_or_default();
    Ok(until.map(|until| Hold { rule, until }))
}

fn deactivation(row: &AnyRow) -> Result<Deactivation, StoreError> {
    Ok(Deactivation {
        at: UnixMs(row.try_get::<Option<i64>, _>("status_at_ms")?.unwrap_or(0)),
        by: row.try_get::<Option<String>, _>("status_by")?.unwrap_or_default(),
        reason: row.try_get::<Option<String>, _>("status_reason")?.unwrap_or_default(),
        note: row.try_get("status_note")?,
        layer: DeactivationLayer::DeclinesByCode,
    })
}

/// A change of a card's status asked for by a person.
#[derive(Debug, Clone)]
pub struct StatusChange {
    pub deactivate: bool,
    /// For a deactivation by a rule.
    pub hold: Option<Hold>,
    pub reason: String,
    pub note: Option<String>,
    pub actor: String,
}

/// Deactivates or reactivates a card; asking for the status it has changes nothing.
///
/// # Errors
/// `NotFound` when no card goes by `id`.
pub async fn set_status(
    tx: &mut Tx<'_>,
    id: &str,
    change: &StatusChange,
    now: UnixMs,
) -> Result<Card, StoreError> {
    let card = get(tx.connection, id, now).await?;
    if (card.status == CardStatus::Deactivated) == change.deactivate {
        // A person who deactivates a card that a rule holds means it to stay so.
        if change.deactivate && change.hold.is_none() && card.hold.is_some() {
            return confirm_hold(tx, &card.id, change.note.as_deref(), &change.actor, now).await;
        }
        return Ok(card);
    }
    write_status(tx, &card.id, change, now).await?;
    outbox::tell_shopper(tx, &card, change, now).await?;
    get(tx.connection, &card.id, now).await
}

async fn write_status(
    tx: &mut Tx<'_>,
    card_id: &str,
    change: &StatusChange,
    now: UnixMs,
) -> Result<(), StoreError> {
    let (status, action) =
        if change.deactivate { ("deactivated", "card_deactivated") } else { ("active", "card_reactivated") };
    let sql = "update card set status = $1, status_at_ms = $2, status_by = $3, status_reason = $4, status_note = $5, held_until_ms = $6, held_by_rule = $7 where card_id = $8";
    let hold = change.hold.as_ref();
    let args = args![
        status,
        now.0,
        change.actor.as_str(),
        change.reason.as_str(),
        change.note.as_deref(),
        hold.map(|hold| hold.until.0),
        hold.map(|hold| hold.rule.as_str()),
        card_id
    ];
    execute(tx.connection, sql, args).await?;
    let until = hold.map(|hold| hold.until);
    let detail = serde_json::json!({"reason": change.reason, "note": change.note, "held_until": until});
    audit::append(tx.connection, now, &change.actor, action, &format!("card:{card_id}"), detail).await?;
    tx.tags.push(Tag::new("card", card_id));
    Ok(())
}

/// Every id of every deactivated card: what a stand-in must never approve.
///
/// # Errors
/// `StoreError` from the database.
pub async fn deactivated_ids(database: &Database) -> Result<Vec<String>, StoreError> {
    let sql = "select a.alias_id from card_alias a join card c on c.card_id = a.card_id where c.status = 'deactivated' limit 100000";
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, sql, vec![]).await?;
    rows.iter().map(|row| Ok(row.try_get("alias_id")?)).collect()
}
