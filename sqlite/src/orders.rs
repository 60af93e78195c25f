//! Orders as linking sees them.

use crate::StoreError;
use crate::sql::{args, fetch, fetch_in};
use fraud::history::OrderUse;
use fraud::link::{Goods, OpenOrder};
use fraud::time::UnixMs;
use fraud::travel::Place;
use sqlx::{AnyConnection, Row, any::AnyRow};

/// An order with the shopper it is assigned to.
#[derive(Debug, Clone)]
pub(crate) struct AssignedOrder {
    pub shopper_id: String,
    pub order: OpenOrder,
}

const COLUMNS: &str = "order_id, store_id, shopper_id, status, placed_at_ms, assigned_at_ms, completed_at_ms, \
                       cancelled_at_ms, value_cents, has_liquor, has_tobacco, has_airtime, delivery_lat_e6, delivery_lng_e6";

/// Degrees are kept in whole millionths: finer than a doorstep.
pub(crate) const DEGREE_E6: f64 = 1e6;

/// Orders a shopper may have open around one instant; more is a fault of the feed.
const ORDERS_MAX: i64 = 5_000;

fn assigned(row: &AnyRow) -> Result<AssignedOrder, StoreError> {
    let at = |name: &str| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(name)?.map(UnixMs));
    let degrees = |name: &str| {
        Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(name)?.map(|e6| e6 as f64 / DEGREE_E6))
    };
    let flag = |name: &str| Ok::<_, StoreError>(row.try_get::<i64, _>(name)? == 1);
    Ok(AssignedOrder {
        shopper_id: row.try_get::<Option<String>, _>("shopper_id")?.unwrap_or_default(),
        order: OpenOrder {
            order_id: row.try_get("order_id")?,
            store_id: row.try_get("store_id")?,
            status: row.try_get("status")?,
            placed_at: UnixMs(row.try_get("placed_at_ms")?),
            assigned_at: at("assigned_at_ms")?,
            completed_at: at("completed_at_ms")?,
            cancelled_at: at("cancelled_at_ms")?,
            value_cents: row.try_get("value_cents")?,
            spent_cents: 0,
            used: OrderUse::default(),
            delivery: Place::believed(degrees("delivery_lat_e6")?, degrees("delivery_lng_e6")?),
            goods: Goods {
                liquor: flag("has_liquor")?,
                tobacco: flag("has_tobacco")?,
                airtime: flag("has_airtime")?,
            },
        },
    })
}

/// The SQL that finds the orders of shoppers whose life touches a span.
pub(crate) const BY_SHOPPERS_SQL: &str = "select {columns} from customer_order where ends_at_ms >= $1 and starts_at_ms <= $2 \
                                   and shopper_id in ({in}) limit {limit}";

/// Orders of `shoppers` whose life (without tolerance) touches `from`..=`to`, spent amounts not yet filled in.
pub(crate) async fn touching(
    connection: &mut AnyConnection,
    shoppers: &[String],
    from: UnixMs,
    to: UnixMs,
) -> Result<Vec<AssignedOrder>, StoreError> {
    let sql = BY_SHOPPERS_SQL.replace("{columns}", COLUMNS).replace("{limit}", &ORDERS_MAX.to_string());
    let rows = fetch_in(connection, &sql, args![from.0, to.0], shoppers).await?;
    rows.iter().map(assigned).collect()
}

/// What swipes count against orders.
pub(crate) const SPENT_SQL: &str = "select order_id, cast(sum(net_cents) as bigint) as spent from card_authorization \
     where simulated = $1 and currency = $2 and order_id in ({in}) group by order_id";

/// Sums what swipes count against each of `orders`, real or simulated ones only.
pub(crate) async fn spent(
    connection: &mut AnyConnection,
    orders: &[String],
    simulated: bool,
    currency: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    if orders.is_empty() {
        return Ok(vec![]);
    }
    let rows = fetch_in(connection, SPENT_SQL, args![simulated, currency], orders).await?;
    rows.iter().map(|row| Ok((row.try_get("order_id")?, row.try_get("spent")?))).collect()
}

/// One order, with what is spent on it by real swipes.
pub(crate) async fn by_ids(
    connection: &mut AnyConnection,
    ids: &[String],
    currency: &str,
) -> Result<Vec<AssignedOrder>, StoreError> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let sql = format!("select {COLUMNS} from customer_order where order_id in ({{in}})");
    let rows = fetch_in(connection, &sql, vec![], ids).await?;
    let mut orders = rows.iter().map(assigned).collect::<Result<Vec<_>, StoreError>>()?;
    let spent = spent(connection, ids, false, currency).await?;
    for assigned in &mut orders {
        assigned.order.spent_cents =
            spent.iter().find(|(id, _)| *id == assigned.order.order_id).map_or(0, |(_, cents)| *cents);
    }
    Ok(orders)
}

/// How many orders of a shopper lie within 12 h of an instant: counter-evidence for "no open order".
pub(crate) async fn count_near(
    connection: &mut AnyConnection,
    shopper_id: &str,
    at: UnixMs,
) -> Result<usize, StoreError> {
    let around = fraud::link::OPEN_ORDER_MS;
    let sql = "select count(*) as orders from customer_order where shopper_id = $1 and ends_at_ms >= $2 and starts_at_ms <= $3";
    let rows = fetch(connection, sql, args![shopper_id, at.plus(-around).0, at.plus(around).0]).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get("orders"))?;
    Ok(usize::try_from(count).unwrap_or(0))
}
