//! How the feed and the daemon are doing, in numbers, and the series behind the charts.

use crate::sql::{Cursor, Filter, Page, args, fetch, fetch_one, insert, page};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError};
use fraud::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;

/// What the bank's feed did lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct FeedNumbers {
    pub last_swipe_at: Option<UnixMs>,
    pub last_after_at: Option<UnixMs>,
    pub last_ingest_at: Option<UnixMs>,
    pub open_feed_gaps: i64,
    pub unmatched_events: i64,
    pub swipes_24h: i64,
    pub declines_24h: i64,
    pub stand_ins_24h: i64,
    pub simulated_24h: i64,
    pub late_answers_24h: i64,
}

/// Reads the feed's numbers.
///
/// # Errors
/// `StoreError` from the database.
pub async fn feed(database: &Database, now: UnixMs) -> Result<FeedNumbers, StoreError> {
    let mut connection = database.reader().await?;
    let since = now.plus(-DAY_MS).0;
    let sql = "select (select max(received_at_ms) from card_authorization) as last_swipe, \
               (select max(received_at_ms) from bank_event) as last_event, \
               (select max(received_at_ms) from customer_order) as last_order, \
               (select count(*) from alert where status <> 'resolved' and gap_kind is not null) as gaps, \
               (select count(*) from bank_event where authorization_id is null and received_at_ms >= $1) as unmatched, \
               (select cast(coalesce(sum(late), 0) as bigint) from latency_minute where minute_ms >= $1) as late";
    let Some(row) = fetch_one(&mut connection, sql, args![since]).await? else {
        return Ok(FeedNumbers::default());
    };
    let at = |name: &str| row.try_get::<Option<i64>, _>(name).map(|at| at.map(UnixMs));
    let sql = "select count(*) as swipes, \
               cast(coalesce(sum(case when outcome = 'decline' then 1 else 0 end), 0) as bigint) as declines, \
               cast(coalesce(sum(stand_in), 0) as bigint) as stand_ins, \
               cast(coalesce(sum(simulated), 0) as bigint) as simulated from card_authorization where received_at_ms >= $1";
    let Some(day) = fetch_one(&mut connection, sql, args![since]).await? else {
        return Ok(FeedNumbers::default());
    };
    Ok(FeedNumbers {
        last_swipe_at: at("last_swipe")?,
        last_after_at: at("last_event")?,
        last_ingest_at: at("last_order")?,
        open_feed_gaps: row.try_get("gaps")?,
        unmatched_events: row.try_get("unmatched")?,
        late_answers_24h: row.try_get("late")?,
        swipes_24h: day.try_get("swipes")?,
        declines_24h: day.try_get("declines")?,
        stand_ins_24h: day.try_get("stand_ins")?,
        simulated_24h: day.try_get("simulated")?,
    })
}

/// Latency of decisions in one minute, in microseconds from receipt to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatencyMinute {
    pub at: UnixMs,
    pub count: i64,
    pub p50_us: i64,
    pub p99_us: i64,
    pub max_us: i64,
    /// Answers that took longer than the deadline.
    pub late: i64,
}

/// Keeps a minute's latency; a second write of the same minute replaces it.
///
/// # Errors
/// `StoreError` from the database.
pub async fn keep_latency(tx: &mut Tx<'_>, minute: LatencyMinute) -> Result<(), StoreError> {
    let columns = ["minute_ms", "count", "p50_us", "p99_us", "max_us", "late"];
    let row = args![minute.at.0, minute.count, minute.p50_us, minute.p99_us, minute.max_us, minute.late];
    insert(
        tx.connection,
        "latency_minute",
        &columns,
        vec![row],
        &crate::sql::on_conflict_update("minute_ms", &columns),
    )
    .await
}

/// Minutes of latency since `from`, oldest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn latency(database: &Database, from: UnixMs) -> Result<Vec<LatencyMinute>, StoreError> {
    let sql = "select minute_ms, count, p50_us, p99_us, max_us, late from latency_minute where minute_ms >= $1 order by minute_ms limit 20000";
    let mut connection = database.reader().await?;
    fetch(&mut connection, sql, args![from.0])
        .await?
        .iter()
        .map(|row| {
            Ok(LatencyMinute {
                at: UnixMs(row.try_get("minute_ms")?),
                count: row.try_get("count")?,
                p50_us: row.try_get("p50_us")?,
                p99_us: row.try_get("p99_us")?,
                max_us: row.try_get("max_us")?,
                late: row.try_get("late")?,
            })
        })
        .collect()
}

/// Decisions of one hour; simulated ones never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionHour {
    pub start: UnixMs,
    pub approved: i64,
    pub declined: i64,
    pub stand_in: i64,
}

/// Alerts of one hour by severity; simulated ones never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlertHour {
    pub start: UnixMs,
    pub info: i64,
    pub warning: i64,
    pub critical: i64,
}

/// Starts of the hours in a chart, oldest first; the last is the hour under way.
fn hours(now: UnixMs, count: i64) -> impl Iterator<Item = i64> {
    let last = now.0.div_euclid(HOUR_MS);
    (last - count + 1..=last).map(|hour| hour * HOUR_MS)
}

/// Decisions by hour, of one card where given.
///
/// # Errors
/// `StoreError` from the database.
pub async fn decisions_by_hour(
    database: &Database,
    now: UnixMs,
    count: i64,
    card_id: Option<&str>,
) -> Result<Vec<DecisionHour>, StoreError> {
    let from = hours(now, count).next().unwrap_or(now.0);
    let mut filter = Filter::new();
    filter.add_raw("simulated = 0");
    filter.add("received_at_ms >= {}", from);
    filter.maybe("card_id = (select card_id from card_alias where alias_id = {})", card_id);
    let sql = format!(
        "select received_at_ms / {HOUR_MS} as hour, \
         cast(sum(case when outcome = 'approve' and stand_in = 0 then 1 else 0 end) as bigint) as approved, \
         cast(sum(case when outcome = 'decline' and stand_in = 0 then 1 else 0 end) as bigint) as declined, \
         cast(sum(stand_in) as bigint) as stand_in from card_authorization {} group by received_at_ms / {HOUR_MS}",
        filter.sql()
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let mut series: Vec<DecisionHour> = hours(now, count)
        .map(|start| DecisionHour { start: UnixMs(start), approved: 0, declined: 0, stand_in: 0 })
        .collect();
    for row in rows {
        let start = row.try_get::<i64, _>("hour")? * HOUR_MS;
        if let Some(hour) = series.iter_mut().find(|hour| hour.start.0 == start) {
            hour.approved = row.try_get("approved")?;
            hour.declined = row.try_get("declined")?;
            hour.stand_in = row.try_get("stand_in")?;
        }
    }
    Ok(series)
}

/// Alerts by hour, of one card where given.
///
/// # Errors
/// `StoreError` from the database.
pub async fn alerts_by_hour(
    database: &Database,
    now: UnixMs,
    count: i64,
    card_id: Option<&str>,
) -> Result<Vec<AlertHour>, StoreError> {
    let from = hours(now, count).next().unwrap_or(now.0);
    let mut filter = Filter::new();
    filter.add_raw("simulated = 0");
    filter.add("raised_at_ms >= {}", from);
    filter.maybe("card_id = (select card_id from card_alias where alias_id = {})", card_id);
    let sql = format!(
        "select raised_at_ms / {HOUR_MS} as hour, severity, count(*) as alerts from alert {} group by raised_at_ms / {HOUR_MS}, severity",
        filter.sql()
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let mut series: Vec<AlertHour> = hours(now, count)
        .map(|start| AlertHour { start: UnixMs(start), info: 0, warning: 0, critical: 0 })
        .collect();
    for row in rows {
        let start = row.try_get::<i64, _>("hour")? * HOUR_MS;
        let alerts: i64 = row.try_get("alerts")?;
        if let Some(hour) = series.iter_mut().find(|hour| hour.start.0 == start) {
            match row.try_get::<&str, _>("severity")? {
                "critical" => hour.critical = alerts,
                "warning" => hour.warning = alerts,
                _ => hour.info = alerts,
            }
        }
    }
    Ok(series)
}

/// An error that the card code posted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CardLog {
    pub id: String,
    pub received_at: UnixMs,
    pub card_id: Option<String>,
    pub level: String,
    pub message: String,
}

/// Card-code messages kept; older ones go first.
const CARD_LOGS_MAX: i64 = 100_000;

/// Keeps a message of the card code.
///
/// # Errors
/// `StoreError` from the database.
pub async fn keep_card_log(tx: &mut Tx<'_>, log: &CardLog) -> Result<(), StoreError> {
    let columns = ["card_log_id", "received_at_ms", "card_id", "level", "message"];
    let row = args![
        log.id.as_str(),
        log.received_at.0,
        log.card_id.as_deref(),
        log.level.as_str(),
        log.message.as_str()
    ];
    insert(tx.connection, "card_log", &columns, vec![row], "").await?;
    let sql = "delete from card_log where received_at_ms < (select coalesce(min(received_at_ms), 0) from \
               (select received_at_ms from card_log order by received_at_ms desc limit $1) newest)";
    if log.received_at.0 % (10 * MINUTE_MS) < 1_000 {
        crate::sql::execute(tx.connection, sql, args![CARD_LOGS_MAX]).await?;
    }
    tx.tags.push(Tag::new("health", "card_log"));
    Ok(())
}

/// Card-code messages, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn card_logs(
    database: &Database,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<CardLog>, StoreError> {
    let mut filter = Filter::new();
    filter.before("received_at_ms", "card_log_id", cursor);
    let sql = format!(
        "select card_log_id, received_at_ms, card_id, level, message from card_log {} order by received_at_ms desc, card_log_id desc limit {}",
        filter.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let items = rows
        .iter()
        .map(|row| {
            Ok(CardLog {
                id: row.try_get("card_log_id")?,
                received_at: UnixMs(row.try_get("received_at_ms")?),
                card_id: row.try_get("card_id")?,
                level: row.try_get("level")?,
                message: row.try_get("message")?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(page(items, limit, |log| Cursor { at_ms: log.received_at.0, id: log.id.clone() }))
}
