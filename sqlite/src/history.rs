//! What went before a swipe on its card and its order, summed up by the database.
//!
//! A few rows are summed at every swipe. A card or an order with very many keeps its windows in `hot_tally`,
//! as they stood at its latest swipe; the next one adds what has come since and takes away what has left.

use crate::sql::{Arg, args, execute, fetch, fetch_in, fetch_values, insert};
use crate::{StoreError, versions};
use fraud::history::{
    CardHistory, DAY_WINDOW_MS, HOUR_WINDOW_MS, LIQUOR_TILL, OrderUse, SPLIT_WINDOW_MS, Tally,
};
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::HashMap;

/// A card or order with as many swipes in its windows is hot: summing them up costs about as much as deciding.
const HOT_ROWS: i64 = 500;

/// What is asked of one card or order.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub id: String,
    pub at: UnixMs,
}

/// Which swipes count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub simulated: bool,
    pub currency: &'a str,
    /// Only swipes decided before this one.
    pub before_seq: i64,
    /// Whether `hot_tally` holds anything.
    pub any_hot: bool,
}

impl<'a> Scope<'a> {
    /// Everything decided so far.
    pub(crate) fn now(simulated: bool, currency: &'a str, any_hot: bool) -> Self {
        Scope { simulated, currency, before_seq: i64::MAX, any_hot }
    }
}

/// Windows of a card, and whether they stand in `hot_tally`.
#[derive(Debug, Clone, Default)]
pub(crate) struct CardBefore {
    pub history: CardHistory,
    pub hot: bool,
}

/// Uses of an order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OrderBefore {
    pub spent_cents: i64,
    pub used: OrderUse,
    pub hot: bool,
}

/// Sums of cards; `{values}` are (id, at).
pub(crate) const CARDS_SQL: &str = "with asked (id, at_ms) as (values {values}), \
     found as (select q.id, a.at_ms, a.backed, a.place_id, case when a.at_ms > q.at_ms - $4 then 1 else 0 end as in_hour, \
     case when a.net_cents > 0 and a.currency = $2 then a.net_cents else 0 end as cents \
     from asked q join card_authorization a on a.card_id = q.id and a.simulated = $1 and a.at_ms > q.at_ms - $5 and a.at_ms <= q.at_ms \
     where a.decided_seq < $3) \
     select id, count(*) as found_rows, \
     cast(sum(case when cents > 0 then in_hour else 0 end) as bigint) as hour_swipes, \
     cast(sum(case when cents > 0 and backed = 1 then in_hour else 0 end) as bigint) as hour_backed_swipes, \
     cast(sum(cents * in_hour) as bigint) as hour_cents, \
     cast(sum(cents * in_hour * backed) as bigint) as hour_backed_cents, \
     cast(sum(case when cents > 0 then 1 else 0 end) as bigint) as day_swipes, \
     cast(sum(case when cents > 0 then backed else 0 end) as bigint) as day_backed_swipes, \
     cast(sum(cents) as bigint) as day_cents, \
     cast(sum(cents * backed) as bigint) as day_backed_cents, \
     max(case when place_id is not null then cast(at_ms as text) || ' ' || place_id end) as place \
     from found group by id";

fn tally(row: &AnyRow, window: &str) -> Result<Tally, StoreError> {
    let get = |name: &str| row.try_get::<i64, _>(format!("{window}_{name}").as_str());
    Ok(Tally {
        swipes: get("swipes")?,
        backed_swipes: get("backed_swipes")?,
        cents: get("cents")?,
        backed_cents: get("backed_cents")?,
    })
}

/// `1767600000000 store-1`: milliseconds have 13 digits until the year 2286, so that texts sort as times do.
fn place(text: Option<&str>) -> Option<(String, UnixMs)> {
    let (at, id) = text?.split_once(' ')?;
    Some((id.to_owned(), UnixMs(at.parse().ok()?)))
}

fn asked_rows(asked: &[Asked]) -> Vec<Vec<Arg>> {
    asked.iter().map(|a| args![a.id.as_str(), a.at.0]).collect()
}

/// Windows of cards, each asked at most once.
pub(crate) async fn of_cards(
    connection: &mut AnyConnection,
    asked: &[Asked],
    scope: Scope<'_>,
) -> Result<HashMap<String, CardBefore>, StoreError> {
    let mut found = HashMap::new();
    let hot: HashMap<String, HotCard> = read_hot(connection, "card", asked, scope).await?;
    let mut cold = Vec::new();
    for a in asked {
        match hot.get(&a.id) {
            Some(hot) => {
                let history = hot.at(connection, &a.id, a.at, scope).await?;
                found.insert(a.id.clone(), CardBefore { history, hot: true });
            }
            None => cold.push(a.clone()),
        }
    }
    let bound = args![scope.simulated, scope.currency, scope.before_seq, HOUR_WINDOW_MS, DAY_WINDOW_MS];
    for row in fetch_values(connection, CARDS_SQL, bound, &["text", "bigint"], asked_rows(&cold)).await? {
        let history = CardHistory {
            hour: tally(&row, "hour")?,
            day: tally(&row, "day")?,
            place: place(row.try_get("place")?),
        };
        let hot = row.try_get::<i64, _>("found_rows")? >= HOT_ROWS;
        found.insert(row.try_get("id")?, CardBefore { history, hot });
    }
    Ok(found)
}

/// Sums of orders; `{values}` are (id, at).
pub(crate) const ORDERS_SQL: &str = "with asked (id, at_ms) as (values {values}), \
     found as (select q.id, a.net_cents as cents, case when a.merchant_category_code = $4 then 1 else 0 end as liquor, \
     case when a.at_ms > q.at_ms - $5 and a.at_ms <= q.at_ms then 1 else 0 end as recent \
     from asked q join card_authorization a on a.order_id = q.id and a.simulated = $1 and a.currency = $2 \
     where a.decided_seq < $3) \
     select id, count(*) as found_rows, cast(sum(cents) as bigint) as spent, \
     cast(sum(case when cents > 0 then liquor else 0 end) as bigint) as liquor, \
     cast(sum(case when cents > 0 then 1 - liquor else 0 end) as bigint) as other, \
     cast(sum(case when cents > 0 then liquor * recent else 0 end) as bigint) as recent_liquor, \
     cast(sum(case when cents > 0 then (1 - liquor) * recent else 0 end) as bigint) as recent_other \
     from found group by id";

/// Uses of orders, each asked at most once.
pub(crate) async fn of_orders(
    connection: &mut AnyConnection,
    asked: &[Asked],
    scope: Scope<'_>,
) -> Result<HashMap<String, OrderBefore>, StoreError> {
    let mut found = HashMap::new();
    let hot: HashMap<String, HotOrder> = read_hot(connection, "order", asked, scope).await?;
    let mut cold = Vec::new();
    for a in asked {
        match hot.get(&a.id) {
            Some(hot) => {
                let used = hot.at(connection, &a.id, a.at, scope).await?;
                let spent_cents = hot.spent_cents;
                found.insert(a.id.clone(), OrderBefore { spent_cents, used, hot: true });
            }
            None => cold.push(a.clone()),
        }
    }
    let bound = args![scope.simulated, scope.currency, scope.before_seq, LIQUOR_TILL, SPLIT_WINDOW_MS];
    for row in fetch_values(connection, ORDERS_SQL, bound, &["text", "bigint"], asked_rows(&cold)).await? {
        let used = OrderUse {
            liquor: row.try_get("liquor")?,
            other: row.try_get("other")?,
            recent_liquor: row.try_get("recent_liquor")?,
            recent_other: row.try_get("recent_other")?,
        };
        let hot = row.try_get::<i64, _>("found_rows")? >= HOT_ROWS;
        let spent_cents = row.try_get("spent")?;
        found.insert(row.try_get("id")?, OrderBefore { spent_cents, used, hot });
    }
    Ok(found)
}

/// A busy card's windows as of `at`, its latest swipe included.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct HotCard {
    at: i64,
    hour: Tally,
    day: Tally,
    place: Option<(String, i64)>,
}

/// A busy order's uses as of `at`, its latest swipe included.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct HotOrder {
    at: i64,
    spent_cents: i64,
    liquor: i64,
    other: i64,
    recent_liquor: i64,
    recent_other: i64,
}

async fn read_hot<T: serde::de::DeserializeOwned>(
    connection: &mut AnyConnection,
    kind: &str,
    asked: &[Asked],
    scope: Scope<'_>,
) -> Result<HashMap<String, T>, StoreError> {
    // The copies hold everything decided; a look at an earlier state has to sum up.
    if scope.before_seq != i64::MAX || asked.is_empty() || !scope.any_hot {
        return Ok(HashMap::new());
    }
    let ids: Vec<String> = asked.iter().map(|a| a.id.clone()).collect();
    let sql = "select id, body from hot_tally where kind = $1 and simulated = $2 and id in ({in})";
    fetch_in(connection, sql, args![kind, scope.simulated], &ids)
        .await?
        .iter()
        .map(|row| Ok((row.try_get("id")?, serde_json::from_str(row.try_get("body")?)?)))
        .collect()
}

/// Whether a window's end moved, the spans that come in and go out: (sign, from, to].
fn moves(window_ms: i64, from: i64, to: i64) -> [(i64, i64, i64); 2] {
    if to >= from {
        [(1, from, to), (-1, from - window_ms, to - window_ms)]
    } else {
        [(-1, to, from), (1, to - window_ms, from - window_ms)]
    }
}

const CARD_SPAN_SQL: &str = "select cast(count(*) as bigint) as span_swipes, cast(coalesce(sum(backed), 0) as bigint) as span_backed_swipes, \
     cast(coalesce(sum(net_cents), 0) as bigint) as span_cents, cast(coalesce(sum(net_cents * backed), 0) as bigint) as span_backed_cents \
     from card_authorization where card_id = $1 and simulated = $2 and currency = $3 and net_cents > 0 and at_ms > $4 and at_ms <= $5";

impl HotCard {
    async fn at(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        at: UnixMs,
        scope: Scope<'_>,
    ) -> Result<CardHistory, StoreError> {
        let (mut hour, mut day) = (self.hour, self.day);
        for (window_ms, tally_of) in [(HOUR_WINDOW_MS, &mut hour), (DAY_WINDOW_MS, &mut day)] {
            for (sign, from, to) in moves(window_ms, self.at, at.0) {
                let bound = args![id, scope.simulated, scope.currency, from, to];
                for row in fetch(connection, CARD_SPAN_SQL, bound).await? {
                    tally_of.plus(tally(&row, "span")?, sign);
                }
            }
        }
        let place = self.place.clone().map(|(id, at)| (id, UnixMs(at)));
        Ok(CardHistory { hour, day, place })
    }
}

const ORDER_SPAN_SQL: &str = "select cast(coalesce(sum(case when merchant_category_code = $6 then 1 else 0 end), 0) as bigint) as liquor, \
     cast(count(*) as bigint) as swipes from card_authorization \
     where order_id = $1 and simulated = $2 and currency = $3 and net_cents > 0 and at_ms > $4 and at_ms <= $5";

impl HotOrder {
    async fn at(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        at: UnixMs,
        scope: Scope<'_>,
    ) -> Result<OrderUse, StoreError> {
        let mut used = OrderUse {
            liquor: self.liquor,
            other: self.other,
            recent_liquor: self.recent_liquor,
            recent_other: self.recent_other,
        };
        for (sign, from, to) in moves(SPLIT_WINDOW_MS, self.at, at.0) {
            let bound = args![id, scope.simulated, scope.currency, from, to, LIQUOR_TILL];
            for row in fetch(connection, ORDER_SPAN_SQL, bound).await? {
                let liquor: i64 = row.try_get("liquor")?;
                used.recent_liquor += sign * liquor;
                used.recent_other += sign * (row.try_get::<i64, _>("swipes")? - liquor);
            }
        }
        Ok(used)
    }
}

/// A swipe just recorded, on a card or order that is hot.
pub(crate) struct Added<'a> {
    pub at: UnixMs,
    pub simulated: bool,
    /// What it counts; 0 when declined or in another currency.
    pub cents: i64,
    pub backed: bool,
    pub liquor: bool,
    pub place: Option<&'a str>,
}

/// Brings a hot card's windows up to a swipe just recorded; `before` are those that the swipe was decided by.
pub(crate) async fn advance_card(
    connection: &mut AnyConnection,
    id: &str,
    before: &CardHistory,
    added: &Added<'_>,
) -> Result<(), StoreError> {
    if !is_latest(connection, "card_id", id, added).await? {
        return forget(connection, "card", &[id.to_owned()]).await;
    }
    let mut hot = HotCard {
        at: added.at.0,
        hour: before.hour,
        day: before.day,
        place: before.place.clone().map(|(id, at)| (id, at.0)),
    };
    hot.hour.add(added.cents, added.backed);
    hot.day.add(added.cents, added.backed);
    hot.place = added.place.map(|id| (id.to_owned(), added.at.0)).or(hot.place);
    write_hot(connection, "card", id, added.simulated, serde_json::to_string(&hot)?).await
}

/// The same for an order.
pub(crate) async fn advance_order(
    connection: &mut AnyConnection,
    id: &str,
    before: OrderBefore,
    added: &Added<'_>,
) -> Result<(), StoreError> {
    if !is_latest(connection, "order_id", id, added).await? {
        return forget(connection, "order", &[id.to_owned()]).await;
    }
    let mut hot = HotOrder {
        at: added.at.0,
        spent_cents: before.spent_cents + added.cents,
        liquor: before.used.liquor,
        other: before.used.other,
        recent_liquor: before.used.recent_liquor,
        recent_other: before.used.recent_other,
    };
    if added.cents > 0 {
        let liquor = i64::from(added.liquor);
        hot.liquor += liquor;
        hot.recent_liquor += liquor;
        hot.other += 1 - liquor;
        hot.recent_other += 1 - liquor;
    }
    write_hot(connection, "order", id, added.simulated, serde_json::to_string(&hot)?).await
}

/// Whether no swipe lies after the one just recorded: only then do its windows hold everything.
async fn is_latest(
    connection: &mut AnyConnection,
    column: &str,
    id: &str,
    added: &Added<'_>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "select 1 as later from card_authorization where {column} = $1 and simulated = $2 and at_ms > $3 limit 1"
    );
    Ok(fetch(connection, &sql, args![id, added.simulated, added.at.0]).await?.is_empty())
}

async fn write_hot(
    connection: &mut AnyConnection,
    kind: &str,
    id: &str,
    simulated: bool,
    body: String,
) -> Result<(), StoreError> {
    let columns = ["kind", "id", "simulated", "body"];
    let update = "on conflict (kind, id, simulated) do update set body = excluded.body";
    insert(connection, "hot_tally", &columns, vec![args![kind, id, simulated, body]], update).await?;
    let sql = "update counter set value = 1 where name = $1 and value = 0";
    execute(connection, sql, args![versions::HOT]).await.map(drop)
}

/// Drops the copies of cards or orders of which a past swipe has changed.
pub(crate) async fn forget(
    connection: &mut AnyConnection,
    kind: &str,
    ids: &[String],
) -> Result<(), StoreError> {
    for id in ids {
        execute(connection, "delete from hot_tally where kind = $1 and id = $2", args![kind, id.as_str()])
            .await?;
    }
    Ok(())
}
