//! Keeping what the order system sends: whole records, the newest version of each.

use crate::orders::DEGREE_E6;
use crate::sql::{Arg, args, execute, fetch_in, insert, on_conflict_update};
use crate::versions;
use crate::writer::{Tag, Tx};
use crate::{StoreError, relink};
use fraud::goods;
use fraud::history::SHIFT_SLACK_MS;
use fraud::link::OPEN_ORDER_MS;
use fraud::record::{Card, Order, Record, StoreKind};
use fraud::time::UnixMs;
use fraud::travel::Place;
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Records kept in one transaction, so that an import never holds the writer long.
pub const RECORDS_PER_SLICE: usize = 128;

/// How the records of a slice were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    pub accepted: usize,
    /// Sent before just so, or older than what we have.
    pub unchanged: usize,
}

/// Keeps records in the order they came; later lines of one id replace earlier ones.
///
/// # Errors
/// `StoreError` from the database; then none of the slice is kept.
pub async fn take(tx: &mut Tx<'_>, records: Vec<Record>, now: UnixMs) -> Result<Taken, StoreError> {
    let mut taken = Taken::default();
    let mut by_kind: BTreeMap<&'static str, Vec<Record>> = BTreeMap::new();
    for record in records {
        by_kind.entry(record.kind()).or_default().push(record);
    }
    for (kind, records) in by_kind {
        let table = Table::of(kind);
        let changed = keep_newest(tx.connection, &table, records, &mut taken).await?;
        if changed.is_empty() {
            continue;
        }
        before_upsert(tx, kind, &changed, now).await?;
        let rows = changed
            .iter()
            .map(|(record, text)| table.row(record, text, now))
            .collect::<Result<Vec<_>, _>>()?;
        insert(
            tx.connection,
            table.name,
            &table.columns,
            rows,
            &on_conflict_update(table.key, &table.columns),
        )
        .await?;
        after_upsert(tx, kind, &changed, now).await?;
    }
    Ok(taken)
}

/// Drops lines that change nothing; answers the rest, one per id, with their text.
async fn keep_newest(
    connection: &mut AnyConnection,
    table: &Table,
    records: Vec<Record>,
    taken: &mut Taken,
) -> Result<Vec<(Record, String)>, StoreError> {
    let ids: Vec<String> = records.iter().map(|record| record.id().to_owned()).collect();
    let sql = format!(
        "select {} as id, updated_at_ms, record from {} where {} in ({{in}})",
        table.key, table.name, table.key
    );
    let mut held: HashMap<String, (Option<i64>, Option<String>)> = HashMap::new();
    for row in fetch_in(connection, &sql, vec![], &ids).await? {
        held.insert(row.try_get("id")?, (row.try_get("updated_at_ms")?, row.try_get("record")?));
    }
    let mut newest: BTreeMap<String, (Record, String)> = BTreeMap::new();
    for record in records {
        let text = serde_json::to_string(&record)?;
        let updated = record.updated_at().map(|at| at.0);
        let stale = held.get(record.id()).is_some_and(|(before, same)| {
            let older = matches!((before, updated), (Some(before), Some(updated)) if updated < *before);
            older || same.as_deref() == Some(&text)
        });
        if stale {
            taken.unchanged += 1;
            continue;
        }
        taken.accepted += 1;
        held.insert(record.id().to_owned(), (updated, Some(text.clone())));
        newest.insert(record.id().to_owned(), (record, text));
    }
    Ok(newest.into_values().collect())
}

/// Where a kind is kept.
struct Table {
    name: &'static str,
    key: &'static str,
    columns: Vec<&'static str>,
}

/// Columns every table ends with.
const COMMON: [&str; 3] = ["record", "updated_at_ms", "received_at_ms"];

impl Table {
    fn of(kind: &str) -> Self {
        let (name, key, own): (_, _, &[&'static str]) = match kind {
            "store" => ("store", "store_id", &["name", "kind", "partner"]),
            "shopper" => ("shopper", "shopper_id", &["name"]),
            "shift" => ("shift", "shift_id", &["shopper_id", "starts_at_ms", "ends_at_ms"]),
            "card" => ("card", "card_id", &["known", "masked_number", "shopper_id", "issuer"]),
            "customer" => ("customer", "customer_id", &["name", "created_at_ms"]),
            "order" => (
                "customer_order",
                "order_id",
                &[
                    "customer_id",
                    "store_id",
                    "shopper_id",
                    "status",
                    "placed_at_ms",
                    "assigned_at_ms",
                    "completed_at_ms",
                    "cancelled_at_ms",
                    "starts_at_ms",
                    "ends_at_ms",
                    "value_cents",
                    "has_liquor",
                    "has_tobacco",
                    "has_airtime",
                    "delivery_lat_e6",
                    "delivery_lng_e6",
                ],
            ),
            "slip" => {
                ("slip", "slip_id", &["store_id", "shopper_id", "card_id", "total_cents", "refund", "at_ms"])
            }
            "complaint" => ("complaint", "complaint_id", &["customer_id", "order_id", "at_ms"]),
            "compensation" => ("compensation", "compensation_id", &["customer_id", "order_id", "at_ms"]),
            "exception" => ("order_exception", "exception_id", &["order_id", "customer_id", "at_ms"]),
            "bank_transaction" => ("bank_transaction", "bank_transaction_id", &["card_id", "at_ms"]),
            _ => ("delivery_area", "delivery_area_id", &[]),
        };
        let columns = std::iter::once(key).chain(own.iter().copied()).chain(COMMON).collect();
        Table { name, key, columns }
    }

    fn row(&self, record: &Record, text: &str, now: UnixMs) -> Result<Vec<Arg>, StoreError> {
        let mut row = args![record.id()];
        row.extend(own_columns(record));
        row.extend(args![text, record.updated_at().map(|at| at.0), now.0]);
        if row.len() == self.columns.len() {
            Ok(row)
        } else {
            Err(StoreError::Corrupt(format!(
                "{}: {} values for {} columns",
                self.name,
                row.len(),
                self.columns.len()
            )))
        }
    }
}

fn own_columns(record: &Record) -> Vec<Arg> {
    match record {
        Record::Store(r) => {
            let kind = if r.kind == StoreKind::Liquor { "liquor" } else { "grocery" };
            args![r.name.as_str(), kind, r.partner]
        }
        Record::Shopper(r) => args![r.name.as_str()],
        Record::Shift(r) => args![r.shopper_id.as_str(), r.starts_at.0, r.ends_at.0],
        Record::Card(r) => {
            args![
                true,
                r.masked_number.as_str(),
                r.shopper_id.as_ref().map(|s| s.as_str()),
                r.issuer.as_deref()
            ]
        }
        Record::Customer(r) => args![r.name.as_str(), r.created_at.0],
        Record::Order(r) => order_columns(r),
        Record::Slip(r) => args![
            r.store_id.as_ref().map(|s| s.as_str()),
            r.shopper_id.as_ref().map(|s| s.as_str()),
            r.card_id.as_ref().map(|c| c.as_str()),
            r.total_cents,
            r.refund,
            r.at.0
        ],
        Record::Complaint(r) => {
            args![r.customer_id.as_str(), r.order_id.as_ref().map(|o| o.as_str()), r.at.0]
        }
        Record::Compensation(r) => {
            args![r.customer_id.as_str(), r.order_id.as_ref().map(|o| o.as_str()), r.at.0]
        }
        Record::Exception(r) => {
            args![r.order_id.as_str(), r.customer_id.as_ref().map(|c| c.as_str()), r.at.0]
        }
        Record::BankTransaction(r) => args![r.card_id.as_str(), r.at.0],
        Record::DeliveryArea(_) => vec![],
    }
}

fn life(order: &Order) -> (UnixMs, UnixMs) {
    let start = order.assigned_at.unwrap_or(order.placed_at);
    let end = order.completed_at.or(order.cancelled_at).unwrap_or(start.plus(OPEN_ORDER_MS));
    (start, end.max(start))
}

fn order_columns(order: &Order) -> Vec<Arg> {
    let (start, end) = life(order);
    let goods = goods::of_order(order);
    args![
        order.customer_id.as_str(),
        order.store_id.as_str(),
        order.shopper_id.as_ref().map(|s| s.as_str()),
        order.status.as_str(),
        order.placed_at.0,
        order.assigned_at.map(|at| at.0),
        order.completed_at.map(|at| at.0),
        order.cancelled_at.map(|at| at.0),
        start.0,
        end.0,
        order.supplied_cents.unwrap_or(order.basket_cents),
        goods.liquor,
        goods.tobacco,
        goods.airtime,
        delivery(order, |place| place.lat),
        delivery(order, |place| place.lng),
    ]
}

/// A coordinate of the delivery address in whole millionths of a degree.
fn delivery(order: &Order, of: fn(Place) -> f64) -> Option<i64> {
    let delivery = order.delivery.as_ref()?;
    Place::believed(delivery.lat, delivery.lng).map(|place| (of(place) * DEGREE_E6).round() as i64)
}

/// Swipes that a shift may concern: its own, and those of overtime on its last order.
fn shift_span(from: UnixMs, to: UnixMs) -> (UnixMs, UnixMs) {
    (from.plus(-SHIFT_SLACK_MS), to.plus(OPEN_ORDER_MS))
}

/// What must be known of the rows that are about to be replaced.
async fn before_upsert(
    tx: &mut Tx<'_>,
    kind: &str,
    changed: &[(Record, String)],
    now: UnixMs,
) -> Result<(), StoreError> {
    let ids: Vec<String> = changed.iter().map(|(record, _)| record.id().to_owned()).collect();
    let mut marks = Vec::new();
    match kind {
        "order" => {
            // A shopper who loses an order needs a fresh look as much as the one who gets it.
            let sql = "select shopper_id, starts_at_ms, ends_at_ms from customer_order where shopper_id is not null and order_id in ({in})";
            for row in fetch_in(tx.connection, sql, vec![], &ids).await? {
                let span = (UnixMs(row.try_get("starts_at_ms")?), UnixMs(row.try_get("ends_at_ms")?));
                marks.push((row.try_get("shopper_id")?, span.0, span.1));
            }
        }
        "shift" => {
            let sql = "select shopper_id, starts_at_ms, ends_at_ms from shift where shift_id in ({in})";
            for row in fetch_in(tx.connection, sql, vec![], &ids).await? {
                let (from, to) = (UnixMs(row.try_get("starts_at_ms")?), UnixMs(row.try_get("ends_at_ms")?));
                let span = shift_span(from, to);
                marks.push((row.try_get("shopper_id")?, span.0, span.1));
            }
        }
        "card" => {
            let sql = "select shopper_id from card where shopper_id is not null and card_id in ({in})";
            for row in fetch_in(tx.connection, sql, vec![], &ids).await? {
                marks.push((row.try_get("shopper_id")?, now.plus(-relink::CARD_REACH_MS), now));
            }
        }
        _ => {}
    }
    relink::mark(tx.connection, marks).await
}

async fn after_upsert(
    tx: &mut Tx<'_>,
    kind: &str,
    changed: &[(Record, String)],
    now: UnixMs,
) -> Result<(), StoreError> {
    let mut marks = Vec::new();
    for (record, _) in changed {
        match record {
            Record::Order(order) => {
                let (start, end) = life(order);
                marks.extend(
                    order.shopper_id.as_ref().map(|shopper| (shopper.as_str().to_owned(), start, end)),
                );
            }
            Record::Card(card) => {
                name_card(tx.connection, card).await?;
                let reach = now.plus(-relink::CARD_REACH_MS);
                match &card.shopper_id {
                    Some(shopper) => marks.push((shopper.as_str().to_owned(), reach, now)),
                    None => relink::card(tx, card.id.as_str(), reach, now).await?,
                }
                tx.tags.push(Tag::new("card", card.id.as_str()));
            }
            Record::Shift(shift) => {
                let span = shift_span(shift.starts_at, shift.ends_at);
                marks.push((shift.shopper_id.as_str().to_owned(), span.0, span.1));
            }
            Record::Store(_)
            | Record::Shopper(_)
            | Record::Customer(_)
            | Record::Slip(_)
            | Record::Complaint(_)
            | Record::Compensation(_)
            | Record::Exception(_)
            | Record::BankTransaction(_)
            | Record::DeliveryArea(_) => {}
        }
    }
    if kind == "store" {
        versions::bump(tx.connection, versions::STORES).await?;
        marks.extend(shoppers_with_alerts(tx.connection).await?);
    }
    if kind == "order" || kind == "store" || kind == "shopper" {
        tx.tags.push(Tag::new("order", changed[0].0.id()));
    }
    relink::mark(tx.connection, marks).await
}

/// Shoppers that a new name of a store may clear.
async fn shoppers_with_alerts(
    connection: &mut AnyConnection,
) -> Result<Vec<(String, UnixMs, UnixMs)>, StoreError> {
    let sql = "select c.shopper_id, min(a.raised_at_ms) as first_ms, max(a.last_at_ms) as last_ms from alert a join card c on c.card_id = a.card_id \
               where a.status <> 'resolved' and a.gap_kind is null and c.shopper_id is not null group by c.shopper_id limit 1000";
    let rows = crate::sql::fetch(connection, sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("shopper_id")?,
                UnixMs(row.try_get("first_ms")?),
                UnixMs(row.try_get("last_ms")?),
            ))
        })
        .collect()
}

/// Gives a card all its ids, and takes over what was swiped under them while they were unknown.
async fn name_card(connection: &mut AnyConnection, card: &Card) -> Result<(), StoreError> {
    let id = card.id.as_str();
    let names: HashSet<&str> =
        std::iter::once(id).chain(card.other_ids.iter().map(|other| other.as_str())).collect();
    // A deactivated card keeps every id it ever had: dropping one would make it a card that nobody deactivated.
    let sql = "select a.alias_id from card_alias a join card c on c.card_id = a.card_id \
               where a.card_id = $1 and c.status = 'active'";
    for row in crate::sql::fetch(connection, sql, args![id]).await? {
        let alias: String = row.try_get("alias_id")?;
        if !names.contains(alias.as_str()) {
            execute(connection, "delete from card_alias where alias_id = $1", args![alias]).await?;
        }
    }
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    for name in names {
        // Another card's own id, or an id of a deactivated card, stays where it is.
        let sql = "insert into card_alias (alias_id, card_id) values ($1, $2) on conflict (alias_id) do update set card_id = excluded.card_id \
                   where not exists (select 1 from card c where c.card_id = card_alias.card_id and c.known = 1 and c.card_id <> excluded.card_id \
                   and (c.card_id = card_alias.alias_id or c.status = 'deactivated'))";
        execute(connection, sql, args![name, id]).await?;
        if name != id {
            merge_unknown(connection, name, id).await?;
        }
    }
    Ok(())
}

/// A row made for an id that nobody had told us of becomes part of the card it turns out to be.
async fn merge_unknown(
    connection: &mut AnyConnection,
    unknown: &str,
    card_id: &str,
) -> Result<(), StoreError> {
    let sql = "select status, status_at_ms, status_by, status_reason, status_note from card where card_id = $1 and known = 0";
    let Some(row) = crate::sql::fetch_one(connection, sql, args![unknown]).await? else { return Ok(()) };
    for table in ["card_authorization", "bank_event", "alert"] {
        execute(
            connection,
            &format!("update {table} set card_id = $1 where card_id = $2"),
            args![card_id, unknown],
        )
        .await?;
    }
    if row.try_get::<&str, _>("status")? == "deactivated" {
        let sql = "update card set status = 'deactivated', status_at_ms = $1, status_by = $2, status_reason = $3, status_note = $4 \
                   where card_id = $5 and status = 'active'";
        let args = args![
            row.try_get::<Option<i64>, _>("status_at_ms")?,
            row.try_get::<Option<String>, _>("status_by")?,
            row.try_get::<Option<String>, _>("status_reason")?,
            row.try_get::<Option<String>, _>("status_note")?,
            card_id
        ];
        execute(connection, sql, args).await?;
    }
    execute(connection, "delete from card where card_id = $1", args![unknown]).await.map(|_| ())
}
