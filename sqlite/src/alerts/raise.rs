//! Raising alerts inside the transaction of their cause, or adding to those of the same card.

use crate::sql::{args, execute, fetch_in, insert};
use crate::swipe::Decided;
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit, outbox};
use fraud::alert::{JOIN_WINDOW_MS, joins, title, weight};
use fraud::decision::{FiredRule, Outcome};
use fraud::rule::{RuleOutcome, Severity};
use fraud::time::UnixMs;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// An unresolved alert of a card that a further swipe may join.
pub(super) struct Joinable {
    pub(super) alert_id: String,
    pub(super) simulated: bool,
    pub(super) raised_at: UnixMs,
    pub(super) weight: i64,
    pub(super) rules: Vec<String>,
}

/// Raises or joins alerts for the swipes on which live rules fired.
pub(crate) async fn raise(tx: &mut Tx<'_>, decided: &[Decided<'_>]) -> Result<(), StoreError> {
    let firing: Vec<&Decided<'_>> =
        decided.iter().filter(|d| d.judged.decision.live().next().is_some()).collect();
    if firing.is_empty() {
        return Ok(());
    }
    let cards: Vec<String> = firing.iter().map(|d| d.card.card_id.clone()).collect();
    let since = firing.iter().map(|d| d.swipe.received_at.0).min().unwrap_or(0) - JOIN_WINDOW_MS;
    let open = joinable(tx.connection, &cards, since).await?;
    for d in firing {
        let fired: Vec<&FiredRule> = d.judged.decision.live().collect();
        let candidates = open.get(&d.card.card_id).map_or(&[][..], Vec::as_slice);
        let at = d.swipe.received_at;
        match candidates.iter().find(|a| a.simulated == d.swipe.simulated && joins(a.raised_at, at)) {
            Some(alert) => join(tx, alert, d.authorization_id, &fired, at, Joining::Swipe).await?,
            None => new_alert(tx, d, &fired, at, false).await?,
        }
        audit_rules(tx, d, &fired).await?;
    }
    Ok(())
}

/// Unresolved alerts of cards, raised lately.
pub(crate) const JOINABLE_SQL: &str = "select alert_id, card_id, simulated, raised_at_ms, weight, rules from alert \
     where raised_at_ms >= $1 and status <> 'resolved' and gap_kind is null and card_id in ({in}) order by raised_at_ms limit 1000";

pub(super) async fn joinable(
    connection: &mut AnyConnection,
    cards: &[String],
    since_ms: i64,
) -> Result<HashMap<String, Vec<Joinable>>, StoreError> {
    let mut open: HashMap<String, Vec<Joinable>> = HashMap::new();
    for row in fetch_in(connection, JOINABLE_SQL, args![since_ms], cards).await? {
        open.entry(row.try_get("card_id")?).or_default().push(Joinable {
            alert_id: row.try_get("alert_id")?,
            simulated: row.try_get::<i64, _>("simulated")? == 1,
            raised_at: UnixMs(row.try_get("raised_at_ms")?),
            weight: row.try_get("weight")?,
            rules: serde_json::from_str(row.try_get("rules")?)?,
        });
    }
    Ok(open)
}

pub(super) async fn audit_rules(
    tx: &mut Tx<'_>,
    d: &Decided<'_>,
    fired: &[&FiredRule],
) -> Result<(), StoreError> {
    let declined = d.outcome == Outcome::Decline;
    let entries = fired
        .iter()
        .map(|f| audit::NewEntry {
            at: d.swipe.received_at,
            actor: format!("rule:{}", f.rule),
            action: if declined && f.outcome >= RuleOutcome::Decline { "declined" } else { "alerted" },
            subject: format!("card:{}", d.card.card_id),
            detail: serde_json::json!({"authorization_id": d.authorization_id, "rule_version": f.version}),
        })
        .collect();
    audit::append_all(tx.connection, entries).await
}

pub(super) const ALERT_COLUMNS: [&str; 17] = [
    "alert_id",
    "status",
    "rule",
    "rules",
    "weight",
    "severity",
    "title",
    "card_id",
    "merchant",
    "amount_cents",
    "currency",
    "order_id",
    "raised_at_ms",
    "last_at_ms",
    "swipe_count",
    "simulated",
    "gap_kind",
];

pub(super) async fn new_alert(
    tx: &mut Tx<'_>,
    d: &Decided<'_>,
    fired: &[&FiredRule],
    now: UnixMs,
    late: bool,
) -> Result<(), StoreError> {
    let Some(first) = fired.first() else { return Ok(()) };
    let alert_id = alert_id(d.authorization_id);
    let at = now.0;
    let rules: Vec<&str> = fired.iter().map(|f| f.rule.as_str()).collect();
    let row = args![
        alert_id.as_str(),
        "open",
        first.rule.as_str(),
        serde_json::to_string(&rules)?,
        weight(first.outcome, first.severity),
        heaviest(fired).as_str(),
        title(fired),
        d.card.card_id.as_str(),
        d.swipe.merchant.name.as_str(),
        d.swipe.amount_cents,
        d.swipe.currency.as_str(),
        d.judged.order_id.as_deref(),
        at,
        at,
        1_i64,
        d.swipe.simulated,
        None::<String>,
    ];
    insert(tx.connection, "alert", &ALERT_COLUMNS, vec![row], "").await?;
    insert_reasons(tx.connection, &alert_id, d.authorization_id, fired, late).await?;
    add_event(tx.connection, &alert_id, now, "system", "raised", &title(fired)).await?;
    let message = outbox::AlertMessage {
        alert_id: &alert_id,
        gap: false,
        simulated: d.swipe.simulated,
        card_id: &d.card.card_id,
        masked_number: d.card.masked_number.as_deref(),
        merchant: &d.swipe.merchant.name,
        amount_cents: d.swipe.amount_cents,
        currency: &d.swipe.currency,
        rule_names: fired.iter().map(|f| f.rule_name.clone()).collect(),
        title: &title(fired),
        critical: heaviest(fired) == Severity::Critical,
        at: now,
    };
    outbox::announce(tx, &message).await?;
    tx.tags.push(Tag::new("alert", alert_id));
    Ok(())
}

/// An authorization has at most one alert of its own, so its id names the alert's.
pub(super) fn alert_id(authorization_id: &str) -> String {
    format!("alr_{}", authorization_id.strip_prefix("auth_").unwrap_or(authorization_id))
}

pub(super) fn heaviest(fired: &[&FiredRule]) -> Severity {
    fired.iter().map(|f| f.severity).max().unwrap_or(Severity::Info)
}

pub(super) async fn insert_reasons(
    connection: &mut AnyConnection,
    alert_id: &str,
    subject_id: &str,
    fired: &[&FiredRule],
    late: bool,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(fired.len());
    for f in fired {
        rows.push(args![alert_id, subject_id, f.rule.as_str(), serde_json::to_string(f)?, late]);
    }
    let columns = ["alert_id", "subject_id", "rule", "fired", "late"];
    insert(connection, "alert_reason", &columns, rows, "on conflict (alert_id, subject_id, rule) do nothing")
        .await
}

pub(super) async fn add_event(
    connection: &mut AnyConnection,
    alert_id: &str,
    at: UnixMs,
    actor: &str,
    kind: &str,
    text: &str,
) -> Result<(), StoreError> {
    let sql = "insert into alert_event (alert_id, position, at_ms, actor, kind, text) \
               select $1, coalesce(max(position), 0) + 1, $2, $3, $4, $5 from alert_event where alert_id = $1";
    execute(connection, sql, args![alert_id, at.0, actor, kind, text]).await.map(|_| ())
}

/// What joins an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// A swipe just decided.
    Swipe,
    /// An earlier swipe on which rules fire only now.
    LateSwipe,
    /// A further rule of a swipe that is in the alert already.
    LateRule,
}

/// Adds a firing swipe to an alert; the weightiest rule gives the alert its name.
pub(super) async fn join(
    tx: &mut Tx<'_>,
    alert: &Joinable,
    authorization_id: &str,
    fired: &[&FiredRule],
    at: UnixMs,
    joining: Joining,
) -> Result<(), StoreError> {
    let Some(first) = fired.first() else { return Ok(()) };
    let late = joining != Joining::Swipe;
    let mut rules = alert.rules.clone();
    rules.extend(fired.iter().map(|f| f.rule.clone()).filter(|rule| !alert.rules.contains(rule)));
    let heavier = weight(first.outcome, first.severity) > alert.weight;
    if heavier {
        let sql = "update alert set rule = $1, weight = $2, severity = $3, title = $4 where alert_id = $5";
        let args = args![
            first.rule.as_str(),
            weight(first.outcome, first.severity),
            heaviest(fired).as_str(),
            title(fired),
            alert.alert_id.as_str()
        ];
        execute(tx.connection, sql, args).await?;
    }
    let grow = i64::from(joining != Joining::LateRule);
    let sql = "update alert set rules = $1, swipe_count = swipe_count + $2, \
               last_at_ms = case when last_at_ms < $3 then $3 else last_at_ms end where alert_id = $4";
    let last = if late { 0 } else { at.0 };
    execute(tx.connection, sql, args![serde_json::to_string(&rules)?, grow, last, alert.alert_id.as_str()])
        .await?;
    insert_reasons(tx.connection, &alert.alert_id, authorization_id, fired, late).await?;
    let kind = if late { "late" } else { "joined" };
    add_event(tx.connection, &alert.alert_id, at, "system", kind, &title(fired)).await?;
    tx.tags.push(Tag::new("alert", alert.alert_id.clone()));
    Ok(())
}
