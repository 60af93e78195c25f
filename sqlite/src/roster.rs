//! Shoppers' rosters as a swipe sees them.

use crate::StoreError;
use crate::history::Asked;
use crate::sql::{args, fetch, fetch_values};
use fraud::history::{ROSTER_REACH_MS, Roster, SHIFT_SLACK_MS};
use fraud::link::OpenOrder;
use fraud::time::UnixMs;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// What a shopper's shifts say of one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Milliseconds to the nearest shift; `None` without any roster.
    off_ms: Option<i64>,
    /// The shifts within reach; read only when the instant lies outside all of them.
    shifts: Vec<(UnixMs, UnixMs)>,
    /// Somebody else is on shift and was given no order in it.
    idle: bool,
}

/// How far the nearest shift of each shopper is; `{values}` are (id, at).
pub(crate) const NEAREST_SQL: &str = "with asked (id, at_ms) as (values {values}) \
     select q.id, cast(min(case when s.starts_at_ms > q.at_ms then s.starts_at_ms - q.at_ms \
     when s.ends_at_ms < q.at_ms then q.at_ms - s.ends_at_ms else 0 end) as bigint) as off_ms \
     from asked q join shift s on s.shopper_id = q.id and s.starts_at_ms > q.at_ms - $1 and s.starts_at_ms < q.at_ms + $1 \
     group by q.id";

/// A shopper who is on shift at an instant and was given no order that began in that shift.
pub(crate) const IDLE_SQL: &str = "select s.shift_id from shift s where s.ends_at_ms >= $1 and s.starts_at_ms <= $1 and s.shopper_id <> $2 \
     and not exists (select 1 from customer_order o where o.shopper_id = s.shopper_id \
     and o.ends_at_ms >= s.starts_at_ms and o.starts_at_ms >= s.starts_at_ms and o.starts_at_ms <= s.ends_at_ms) limit 1";

/// More shifts within two weeks than anyone works.
const SHIFTS_MAX: i64 = 200;

/// Rosters around swipes of shoppers, each asked at most once.
pub(crate) async fn around(
    connection: &mut AnyConnection,
    asked: &[Asked],
) -> Result<HashMap<String, Around>, StoreError> {
    let rows: Vec<_> = asked.iter().map(|a| args![a.id.as_str(), a.at.0]).collect();
    let mut found: HashMap<String, Around> = HashMap::new();
    for row in
        fetch_values(connection, NEAREST_SQL, args![ROSTER_REACH_MS], &["text", "bigint"], rows).await?
    {
        let around = Around { off_ms: Some(row.try_get("off_ms")?), ..Around::default() };
        found.insert(row.try_get("id")?, around);
    }
    for a in asked {
        if let Some(around) = found.get_mut(&a.id).filter(|around| around.off_ms.is_some_and(|off| off > 0)) {
            around.shifts = shifts(connection, &a.id, a.at).await?;
            around.idle = !fetch(connection, IDLE_SQL, args![a.at.0, a.id.as_str()]).await?.is_empty();
        }
    }
    Ok(found)
}

async fn shifts(
    connection: &mut AnyConnection,
    shopper_id: &str,
    at: UnixMs,
) -> Result<Vec<(UnixMs, UnixMs)>, StoreError> {
    let sql = "select starts_at_ms, ends_at_ms from shift where shopper_id = $1 and starts_at_ms > $2 and starts_at_ms < $3 limit $4";
    let (from, to) = (at.plus(-ROSTER_REACH_MS), at.plus(ROSTER_REACH_MS));
    fetch(connection, sql, args![shopper_id, from.0, to.0, SHIFTS_MAX])
        .await?
        .iter()
        .map(|row| Ok((UnixMs(row.try_get("starts_at_ms")?), UnixMs(row.try_get("ends_at_ms")?))))
        .collect()
}

impl Around {
    /// The roster of a swipe that belongs to `order`, if to any, and is at its store or not.
    pub(crate) fn roster(&self, order: Option<&OpenOrder>, at_its_store: bool) -> Roster {
        let Some(off_ms) = self.off_ms else { return Roster::default() };
        let began = order.map(OpenOrder::started_at);
        let in_shift = |(from, to): &(UnixMs, UnixMs)| {
            began.is_some_and(|at| from.plus(-SHIFT_SLACK_MS) <= at && at <= to.plus(SHIFT_SLACK_MS))
        };
        Roster {
            rostered: true,
            off_ms,
            overtime: self.shifts.iter().any(in_shift),
            swap: self.idle && at_its_store,
        }
    }
}
