//! Alerts as people see and work them.

use super::raise::add_event;
use crate::cards::{CardStatus, PersonRef};
use crate::sql::{Cursor, Filter, Page, args, execute, fetch, fetch_one, page};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit};
use fraud::alert::{AlertStatus, Disposition};
use fraud::decision::FiredRule;
use fraud::rule::Severity;
use fraud::time::UnixMs;
use serde::Serialize;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alert {
    pub id: String,
    pub status: AlertStatus,
    pub disposition: Option<Disposition>,
    /// The weightiest rule.
    pub rule: String,
    pub rules: Vec<String>,
    pub severity: Severity,
    /// What is suspected, in one sentence.
    pub title: String,
    pub card_id: Option<String>,
    pub card_status: Option<CardStatus>,
    pub masked_number: Option<String>,
    pub shopper: Option<PersonRef>,
    pub merchant: String,
    pub amount_cents: i64,
    pub currency: String,
    pub order_id: Option<String>,
    pub raised_at: UnixMs,
    pub last_at: UnixMs,
    /// Swipes in it.
    pub count: i64,
    pub simulated: bool,
    pub gap_kind: Option<String>,
    pub assigned_to: Option<String>,
    pub snoozed_until: Option<UnixMs>,
    pub resolved_at: Option<UnixMs>,
    pub resolved_by: Option<String>,
    pub resolution: Option<String>,
    /// Rule id to the values it saw beside their thresholds.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub evidence: BTreeMap<String, serde_json::Value>,
}

/// A rule of one swipe (or feed event) in an alert.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AlertReason {
    /// The authorization or bank event it is about.
    pub subject_id: String,
    #[serde(flatten)]
    pub fired: FiredRule,
    /// The rule fired only once a late fact was known.
    pub late: bool,
    pub explained_at: Option<UnixMs>,
    pub explained_why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelineEntry {
    pub at: UnixMs,
    pub actor: String,
    /// raised, joined, late, assigned, snoozed, note, disposition, explained, reopened.
    pub kind: String,
    pub text: String,
}

/// An alert with everything that happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AlertDetail {
    #[serde(flatten)]
    pub alert: Alert,
    pub authorization_ids: Vec<String>,
    pub reasons: Vec<AlertReason>,
    pub timeline: Vec<TimelineEntry>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlertCounts {
    pub open: i64,
    pub in_review: i64,
    pub resolved: i64,
    pub critical_open: i64,
    pub snoozed: i64,
    pub mine: i64,
}

#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    pub status: Option<String>,
    pub rule: Option<String>,
    pub card_id: Option<String>,
    pub severity: Option<String>,
    pub assignee: Option<String>,
    pub simulated: Option<bool>,
    pub snoozed: Option<bool>,
    pub q: Option<String>,
}

pub(crate) const ALERT_SQL: &str = "select a.alert_id, a.status, a.disposition, a.rule, a.rules, a.severity, a.title, a.card_id, \
     c.masked_number, c.status as card_status, c.shopper_id, s.name as shopper_name, a.merchant, a.amount_cents, a.currency, \
     a.order_id, a.raised_at_ms, a.last_at_ms, a.swipe_count, a.simulated, a.gap_kind, a.assigned_to, a.snoozed_until_ms, \
     a.resolved_at_ms, a.resolved_by, a.resolution from alert a left join card c on c.card_id = a.card_id \
     left join shopper s on s.shopper_id = c.shopper_id";

/// Alerts, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    filter: &AlertFilter,
    cursor: Option<&Cursor>,
    limit: i64,
    now: UnixMs,
) -> Result<Page<Alert>, StoreError> {
    let mut clauses = Filter::new();
    clauses.maybe("a.status = {}", filter.status.as_deref());
    clauses.maybe(
        "a.rules like {}",
        filter.rule.as_ref().map(|rule| format!("%\"{}\"%", rule.replace(['%', '_'], "_"))),
    );
    clauses
        .maybe("a.card_id = (select card_id from card_alias where alias_id = {})", filter.card_id.as_deref());
    clauses.maybe("a.severity = {}", filter.severity.as_deref());
    clauses.maybe("a.assigned_to = {}", filter.assignee.as_deref());
    clauses.maybe("a.simulated = {}", filter.simulated);
    match filter.snoozed {
        Some(true) => clauses.add("a.snoozed_until_ms > {}", now.0),
        Some(false) => clauses.add("(a.snoozed_until_ms is null or a.snoozed_until_ms <= {})", now.0),
        None => {}
    }
    if let Some(q) = &filter.q {
        let pattern = format!("%{}%", q.to_lowercase().replace(['%', '_'], ""));
        clauses.add(
            "lower(a.merchant || ' ' || coalesce(c.masked_number, '') || ' ' || coalesce(s.name, '') || ' ' || coalesce(a.order_id, '')) like {}",
            pattern,
        );
    }
    clauses.before("a.raised_at_ms", "a.alert_id", cursor);
    let sql = format!(
        "{ALERT_SQL} {} order by a.raised_at_ms desc, a.alert_id desc limit {}",
        clauses.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, clauses.args).await?;
    let items = rows.iter().map(alert).collect::<Result<Vec<_>, _>>()?;
    let mut listed = page(items, limit, |alert| Cursor { at_ms: alert.raised_at.0, id: alert.id.clone() });
    add_evidence(&mut connection, &mut listed.items).await?;
    Ok(listed)
}

/// How many alerts wait, and how many are this person's.
///
/// # Errors
/// `StoreError` from the database.
pub async fn counts(database: &Database, person: &str, now: UnixMs) -> Result<AlertCounts, StoreError> {
    let sql = "select status, severity, count(*) as alerts, \
               cast(sum(case when assigned_to = $1 then 1 else 0 end) as bigint) as mine, \
               cast(sum(case when snoozed_until_ms > $2 then 1 else 0 end) as bigint) as snoozed \
               from alert where status <> 'resolved' group by status, severity";
    let mut connection = database.reader().await?;
    let mut counts = AlertCounts::default();
    for row in fetch(&mut connection, sql, args![person, now.0]).await? {
        let alerts: i64 = row.try_get("alerts")?;
        let open = row.try_get::<&str, _>("status")? == "open";
        if open {
            counts.open += alerts;
        } else {
            counts.in_review += alerts;
        }
        if row.try_get::<&str, _>("severity")? == "critical" {
            counts.critical_open += alerts;
        }
        counts.mine += row.try_get::<i64, _>("mine")?;
        counts.snoozed += row.try_get::<i64, _>("snoozed")?;
    }
    let resolved =
        fetch_one(&mut connection, "select count(*) as alerts from alert where status = 'resolved'", vec![])
            .await?;
    counts.resolved = resolved.map_or(Ok(0), |row| row.try_get("alerts"))?;
    Ok(counts)
}

fn alert(row: &AnyRow) -> Result<Alert, StoreError> {
    let text = |name: &str| row.try_get::<Option<String>, _>(name);
    let at = |name: &str| row.try_get::<Option<i64>, _>(name).map(|at| at.map(UnixMs));
    let word = |name: &str| Ok::<_, StoreError>(serde_json::Value::String(row.try_get::<String, _>(name)?));
    let shopper_name = text("shopper_name")?;
    Ok(Alert {
        id: row.try_get("alert_id")?,
        status: parse_word(word("status")?)?,
        disposition: text("disposition")?.map(|d| parse_disposition(&d)).transpose()?,
        rule: row.try_get("rule")?,
        rules: serde_json::from_str(row.try_get("rules")?)?,
        severity: serde_json::from_value(word("severity")?)?,
        title: row.try_get("title")?,
        card_id: text("card_id")?,
        card_status: text("card_status")?.map(|status| match status.as_str() {
            "deactivated" => CardStatus::Deactivated,
            _ => CardStatus::Active,
        }),
        masked_number: text("masked_number")?,
        shopper: text("shopper_id")?
            .map(|id| PersonRef { name: shopper_name.unwrap_or_else(|| id.clone()), id }),
        merchant: row.try_get("merchant")?,
        amount_cents: row.try_get("amount_cents")?,
        currency: row.try_get("currency")?,
        order_id: text("order_id")?,
        raised_at: UnixMs(row.try_get("raised_at_ms")?),
        last_at: UnixMs(row.try_get("last_at_ms")?),
        count: row.try_get("swipe_count")?,
        simulated: row.try_get::<i64, _>("simulated")? == 1,
        gap_kind: text("gap_kind")?,
        assigned_to: text("assigned_to")?,
        snoozed_until: at("snoozed_until_ms")?,
        resolved_at: at("resolved_at_ms")?,
        resolved_by: text("resolved_by")?,
        resolution: text("resolution")?,
        evidence: BTreeMap::new(),
    })
}

fn parse_word(word: serde_json::Value) -> Result<AlertStatus, StoreError> {
    Ok(serde_json::from_value(word)?)
}

fn parse_disposition(word: &str) -> Result<Disposition, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word.to_owned()))?)
}

async fn add_evidence(connection: &mut AnyConnection, alerts: &mut [Alert]) -> Result<(), StoreError> {
    let ids: Vec<String> = alerts.iter().map(|alert| alert.id.clone()).collect();
    let sql = "select alert_id, rule, fired from alert_reason where alert_id in ({in}) order by alert_id, subject_id, rule limit 5000";
    if ids.is_empty() {
        return Ok(());
    }
    for row in crate::sql::fetch_in(connection, sql, vec![], &ids).await? {
        let id: &str = row.try_get("alert_id")?;
        let fired: FiredRule = serde_json::from_str(row.try_get("fired")?)?;
        if let Some(alert) = alerts.iter_mut().find(|alert| alert.id == id) {
            let values = serde_json::json!({"message": fired.message, "version": fired.version, "values": fired.values});
            alert.evidence.entry(row.try_get("rule")?).or_insert(values);
        }
    }
    Ok(())
}

/// One alert with reasons and timeline.
///
/// # Errors
/// `NotFound` when it does not exist.
async fn detail(connection: &mut AnyConnection, id: &str) -> Result<AlertDetail, StoreError> {
    let sql = format!("{ALERT_SQL} where a.alert_id = $1");
    let row = fetch_one(connection, &sql, args![id]).await?;
    let row = row.ok_or_else(|| StoreError::NotFound { what: "alert", id: id.to_owned() })?;
    let mut alerts = [alert(&row)?];
    add_evidence(connection, &mut alerts).await?;
    let [alert] = alerts;
    let sql = "select subject_id, fired, late, explained_at_ms, explained_why from alert_reason where alert_id = $1 order by subject_id, rule limit 500";
    let mut reasons = Vec::new();
    for row in fetch(connection, sql, args![id]).await? {
        reasons.push(AlertReason {
            subject_id: row.try_get("subject_id")?,
            fired: serde_json::from_str(row.try_get("fired")?)?,
            late: row.try_get::<i64, _>("late")? == 1,
            explained_at: row.try_get::<Option<i64>, _>("explained_at_ms")?.map(UnixMs),
            explained_why: row.try_get("explained_why")?,
        });
    }
    reasons.sort_by_key(|r| {
        (
            std::cmp::Reverse((r.explained_at.is_none(), r.fired.outcome, r.fired.severity)),
            r.subject_id.clone(),
        )
    });
    let sql =
        "select at_ms, actor, kind, text from alert_event where alert_id = $1 order by position limit 500";
    let mut timeline = Vec::new();
    for row in fetch(connection, sql, args![id]).await? {
        timeline.push(TimelineEntry {
            at: UnixMs(row.try_get("at_ms")?),
            actor: row.try_get("actor")?,
            kind: row.try_get("kind")?,
            text: row.try_get("text")?,
        });
    }
    let mut authorization_ids: Vec<String> =
        reasons.iter().map(|r| r.subject_id.clone()).filter(|id| id.starts_with("auth_")).collect();
    authorization_ids.sort();
    authorization_ids.dedup();
    Ok(AlertDetail { alert, authorization_ids, reasons, timeline })
}

/// One alert, from outside a transaction.
///
/// # Errors
/// `NotFound` when it does not exist.
pub async fn read(database: &Database, id: &str) -> Result<AlertDetail, StoreError> {
    detail(&mut *database.reader().await?, id).await
}

/// What a person does with an alert.
#[derive(Debug, Clone)]
pub enum Act {
    Dispose { disposition: Disposition, note: Option<String> },
    Assign { assignee: Option<String> },
    Snooze { until: Option<UnixMs> },
    Note { text: String },
    Reopen { reason: String },
}

/// Carries out an act, records it in the alert's timeline and the audit log.
///
/// # Errors
/// `NotFound`, or `Conflict` when the alert is resolved (or, for reopening, is not).
pub async fn act(
    tx: &mut Tx<'_>,
    id: &str,
    act: &Act,
    actor: &str,
    now: UnixMs,
) -> Result<AlertDetail, StoreError> {
    let before = detail(tx.connection, id).await?.alert;
    let resolved = before.status == AlertStatus::Resolved;
    let allowed = match act {
        Act::Note { .. } => true,
        Act::Reopen { .. } => resolved,
        // Changing one's mind about a disposition is allowed; the timeline keeps both.
        Act::Dispose { .. } => true,
        Act::Assign { .. } | Act::Snooze { .. } => !resolved,
    };
    if !allowed {
        let (code, message) = if resolved {
            ("alert_resolved", "the alert is resolved: reopen it first")
        } else {
            ("alert_open", "the alert is not resolved")
        };
        return Err(StoreError::Conflict { code, message: message.into() });
    }
    let (kind, text, detail_json) = apply(tx, id, act, actor, now).await?;
    add_event(tx.connection, id, now, actor, kind, &text).await?;
    let action = match act {
        Act::Dispose { .. } => "alert_disposed",
        Act::Assign { .. } => "alert_assigned",
        Act::Snooze { .. } => "alert_snoozed",
        Act::Note { .. } => "alert_noted",
        Act::Reopen { .. } => "alert_reopened",
    };
    audit::append(tx.connection, now, actor, action, &format!("alert:{id}"), detail_json).await?;
    tx.tags.push(Tag::new("alert", id));
    detail(tx.connection, id).await
}

async fn apply(
    tx: &mut Tx<'_>,
    id: &str,
    act: &Act,
    actor: &str,
    now: UnixMs,
) -> Result<(&'static str, String, serde_json::Value), StoreError> {
    Ok(match act {
        Act::Dispose { disposition, note } => {
            let sql = "update alert set status = 'resolved', disposition = $1, resolved_at_ms = $2, resolved_by = $3, resolution = $4, snoozed_until_ms = null where alert_id = $5";
            execute(tx.connection, sql, args![disposition.as_str(), now.0, actor, note.as_deref(), id])
                .await?;
            let text = note.as_ref().map_or_else(
                || disposition.words().into(),
                |note| format!("{}: {note}", disposition.words()),
            );
            ("disposition", text, serde_json::json!({"disposition": disposition}))
        }
        Act::Assign { assignee } => {
            let sql = "update alert set assigned_to = $1, status = case when status = 'open' and $1 is not null then 'in_review' \
                       when $1 is null then 'open' else status end where alert_id = $2";
            execute(tx.connection, sql, args![assignee.as_deref(), id]).await?;
            let text = assignee
                .as_ref()
                .map_or_else(|| "Assigned to nobody".into(), |who| format!("Assigned to {who}"));
            ("assigned", text, serde_json::json!({"assignee": assignee}))
        }
        Act::Snooze { until } => {
            let sql = "update alert set snoozed_until_ms = $1 where alert_id = $2";
            execute(tx.connection, sql, args![until.map(|u| u.0), id]).await?;
            let text = until
                .map_or_else(|| "Woken".into(), |until| format!("Snoozed until {}", until.day_clock_sast()));
            ("snoozed", text, serde_json::json!({"until": until}))
        }
        Act::Note { text } => ("note", text.clone(), serde_json::json!({})),
        Act::Reopen { reason } => {
            let sql = "update alert set status = 'open', disposition = null, resolved_at_ms = null, resolved_by = null, resolution = null where alert_id = $1";
            execute(tx.connection, sql, args![id]).await?;
            ("reopened", reason.clone(), serde_json::json!({"reason": reason}))
        }
    })
}
