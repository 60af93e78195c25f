//! Which rules fired on which swipes: what rule statistics count. A swipe's own record says why.

use crate::sql::{Arg, args, fetch, insert};
use crate::{Database, StoreError};
use fraud::decision::FiredRule;
use fraud::time::UnixMs;
use serde::Serialize;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A firing as a row.
pub(crate) fn row(authorization_id: &str, fired: &FiredRule, received_at: UnixMs) -> Vec<Arg> {
    args![
        authorization_id,
        fired.rule.as_str(),
        fired.version,
        fired.mode.as_str(),
        fired.outcome.as_str(),
        received_at.0
    ]
}

/// Keeps firings, each once.
pub(crate) async fn note(connection: &mut AnyConnection, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
    let columns = ["authorization_id", "rule_id", "version", "mode", "outcome", "received_at_ms"];
    let once = "on conflict (authorization_id, rule_id) do nothing";
    insert(connection, "rule_firing", &columns, rows, once).await
}

/// What became of a rule's firings in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleStatistics {
    pub rule: String,
    /// Swipes on which it fired while live, and while in shadow.
    pub fired: i64,
    pub shadow_fired: i64,
    /// Of the live ones, by what people found.
    pub confirmed: i64,
    pub false_positive: i64,
    pub inconclusive: i64,
    /// Cleared by facts that arrived late.
    pub explained: i64,
    pub open: i64,
    /// Confirmed of confirmed and false, in whole percent; null before either.
    pub precision_percent: Option<i64>,
    /// Amounts of confirmed fraud that the rule declined.
    pub declined_cents: i64,
    /// Amounts of confirmed fraud that came back: reversed, or never taken.
    pub recovered_cents: i64,
}

pub(crate) const STATISTICS_SQL: &str = "select f.rule_id, f.mode, coalesce(case when r.explained_at_ms is not null then 'explained' end, l.disposition, 'open') as found, \
     count(*) as fired, \
     cast(sum(case when a.outcome = 'decline' and f.outcome <> 'alert' then a.amount_cents else 0 end) as bigint) as declined, \
     cast(sum(case when a.outcome = 'approve' then a.amount_cents - a.net_cents else 0 end) as bigint) as recovered \
     from rule_firing f join card_authorization a on a.authorization_id = f.authorization_id \
     left join alert_reason r on r.subject_id = f.authorization_id and r.rule = f.rule_id \
     left join alert l on l.alert_id = r.alert_id \
     where f.received_at_ms >= $1 and f.received_at_ms < $2 group by 1, 2, 3 limit 10000";

/// Statistics of every rule that fired in `from..to`, by rule.
///
/// # Errors
/// `StoreError` from the database.
pub async fn statistics(
    database: &Database,
    from: UnixMs,
    to: UnixMs,
) -> Result<Vec<RuleStatistics>, StoreError> {
    let rows = fetch(&mut *database.reader().await?, STATISTICS_SQL, args![from.0, to.0]).await?;
    let mut by_rule: BTreeMap<String, RuleStatistics> = BTreeMap::new();
    for row in rows {
        let rule: String = row.try_get("rule_id")?;
        let fired: i64 = row.try_get("fired")?;
        let s = by_rule.entry(rule.clone()).or_insert_with(|| RuleStatistics { rule, ..Default::default() });
        if row.try_get::<&str, _>("mode")? == "shadow" {
            s.shadow_fired += fired;
            continue;
        }
        s.fired += fired;
        match row.try_get::<&str, _>("found")? {
            "confirmed_fraud" => {
                s.confirmed += fired;
                s.declined_cents += row.try_get::<i64, _>("declined")?;
                s.recovered_cents += row.try_get::<i64, _>("recovered")?;
            }
            "false_positive" => s.false_positive += fired,
            "inconclusive" => s.inconclusive += fired,
            "explained" => s.explained += fired,
            _ => s.open += fired,
        }
    }
    let judged = |s: &RuleStatistics| s.confirmed + s.false_positive;
    let precise = |s: RuleStatistics| RuleStatistics {
        precision_percent: (judged(&s) > 0).then(|| s.confirmed * 100 / judged(&s)),
        ..s
    };
    Ok(by_rule.into_values().map(precise).collect())
}
