//! Raising alerts inside the transaction of their cause, and revising them when late facts arrive.

use crate::sql::{args, execute, fetch, fetch_in, fetch_one, insert};
use crate::swipe::Decided;
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit, outbox};
use fraud::alert::{GapKind, JOIN_WINDOW_MS, joins, title, weight};
use fraud::decision::{FiredRule, Outcome, Shown};
use fraud::rule::{RuleOutcome, Severity};
use fraud::shipped::FEED_GAP;
use fraud::time::{MINUTE_MS, UnixMs};
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// An unresolved alert of a card that a further swipe may join.
struct Joinable {
    alert_id: String,
    simulated: bool,
    raised_at: UnixMs,
    weight: i64,
    rules: Vec<String>,
}

/// Raises or joins alerts for the swipes on which live rules fired.
pub(crate) async fn raise(tx: &mut Tx<'_>, decided: &[Decided<'_>]) -> Result<(), StoreError> {
    let firing: Vec<&Decided<'_>> = decided.iter().filter(|d| d.decision.live().next().is_some()).collect();
    if firing.is_empty() {
        return Ok(());
    }
    let cards: Vec<String> = firing.iter().map(|d| d.card.card_id.clone()).collect();
    let since = firing.iter().map(|d| d.swipe.received_at.0).min().unwrap_or(0) - JOIN_WINDOW_MS;
    let open = joinable(tx.connection, &cards, since).await?;
    for d in firing {
        let fired: Vec<&FiredRule> = d.decision.live().collect();
        let candidates = open.get(&d.card.card_id).map_or(&[][..], Vec::as_slice);
        let at = d.swipe.received_at;
        match candidates.iter().find(|a| a.simulated == d.swipe.simulated && joins(a.raised_at, at)) {
            Some(alert) => join(tx, alert, d.authorization_id, &fired, at, false).await?,
            None => new_alert(tx, d, &fired, at, false).await?,
        }
        audit_rules(tx, d, &fired).await?;
    }
    Ok(())
}

async fn joinable(
    connection: &mut AnyConnection,
    cards: &[String],
    since_ms: i64,
) -> Result<HashMap<String, Vec<Joinable>>, StoreError> {
    let sql = "select alert_id, card_id, simulated, raised_at_ms, weight, rules from alert \
               where raised_at_ms >= $1 and status <> 'resolved' and gap_kind is null and card_id in ({in}) \
               order by raised_at_ms limit 1000";
    let mut open: HashMap<String, Vec<Joinable>> = HashMap::new();
    for row in fetch_in(connection, sql, &args![since_ms], cards).await? {
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

async fn audit_rules(tx: &mut Tx<'_>, d: &Decided<'_>, fired: &[&FiredRule]) -> Result<(), StoreError> {
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

const ALERT_COLUMNS: [&str; 17] = [
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

async fn new_alert(
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
        d.order_id.as_deref(),
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
fn alert_id(authorization_id: &str) -> String {
    format!("alr_{}", authorization_id.strip_prefix("auth_").unwrap_or(authorization_id))
}

fn heaviest(fired: &[&FiredRule]) -> Severity {
    fired.iter().map(|f| f.severity).max().unwrap_or(Severity::Info)
}

async fn insert_reasons(
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

/// Adds a firing swipe to an alert; the weightiest rule gives the alert its name.
async fn join(
    tx: &mut Tx<'_>,
    alert: &Joinable,
    authorization_id: &str,
    fired: &[&FiredRule],
    at: UnixMs,
    late: bool,
) -> Result<(), StoreError> {
    let Some(first) = fired.first() else { return Ok(()) };
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
    let grow = if late { 0_i64 } else { 1 };
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

/// What a feed-gap alert is about: an authorization, or an event without one.
#[derive(Debug, Clone)]
pub struct GapSubject {
    pub subject_id: String,
    pub card_id: String,
    pub masked_number: Option<String>,
    pub merchant: String,
    pub amount_cents: i64,
    pub currency: String,
    /// When the event without a partner was received.
    pub since: UnixMs,
    pub simulated: bool,
}

/// Raises a feed gap, always as an alert of its own, unless the rule is off or the alert is there already.
pub(crate) async fn raise_gap(
    tx: &mut Tx<'_>,
    gap: &GapSubject,
    kind: GapKind,
    now: UnixMs,
) -> Result<(), StoreError> {
    let versions = tx.versions;
    let Some(rule) = versions.rules.get(FEED_GAP).filter(|rule| rule.mode == fraud::rule::RuleMode::Live)
    else {
        return Ok(());
    };
    let alert_id = format!("gap_{}_{}", kind.as_str(), gap.subject_id);
    let exists =
        fetch_one(tx.connection, "select alert_id from alert where alert_id = $1", args![alert_id.as_str()])
            .await?;
    if exists.is_some() {
        return Ok(());
    }
    let fired = gap_fired(rule, gap, kind, now);
    let row = args![
        alert_id.as_str(),
        "open",
        FEED_GAP,
        serde_json::to_string(&[FEED_GAP])?,
        weight(fired.outcome, fired.severity),
        fired.severity.as_str(),
        kind.sentence(),
        gap.card_id.as_str(),
        gap.merchant.as_str(),
        gap.amount_cents,
        gap.currency.as_str(),
        None::<String>,
        now.0,
        now.0,
        1_i64,
        gap.simulated,
        kind.as_str(),
    ];
    insert(tx.connection, "alert", &ALERT_COLUMNS, vec![row], "").await?;
    insert_reasons(tx.connection, &alert_id, &gap.subject_id, &[&fired], false).await?;
    add_event(tx.connection, &alert_id, now, "system", "raised", kind.sentence()).await?;
    let detail = serde_json::json!({"alert_id": alert_id, "gap": kind.as_str()});
    audit::append(
        tx.connection,
        now,
        &format!("rule:{FEED_GAP}"),
        "alerted",
        &format!("card:{}", gap.card_id),
        detail,
    )
    .await?;
    let message = outbox::AlertMessage {
        alert_id: &alert_id,
        gap: true,
        simulated: gap.simulated,
        card_id: &gap.card_id,
        masked_number: gap.masked_number.as_deref(),
        merchant: &gap.merchant,
        amount_cents: gap.amount_cents,
        currency: &gap.currency,
        rule_names: vec![rule.name.clone()],
        title: kind.sentence(),
        critical: false,
        at: now,
    };
    outbox::announce(tx, &message).await?;
    tx.tags.push(Tag::new("alert", alert_id));
    Ok(())
}

/// Resolves a feed gap whose missing partner arrived, if it was raised.
pub(crate) async fn explain_gap(
    tx: &mut Tx<'_>,
    kind: GapKind,
    subject_id: &str,
    why: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    let alert_id = format!("gap_{}_{subject_id}", kind.as_str());
    let sql = "update alert_reason set explained_at_ms = $1, explained_why = $2 where alert_id = $3 and explained_at_ms is null";
    if execute(tx.connection, sql, args![now.0, why, alert_id.as_str()]).await? > 0 {
        add_event(tx.connection, &alert_id, now, "system", "explained", why).await?;
        settle(tx, &alert_id, now).await?;
    }
    Ok(())
}

fn gap_fired(rule: &fraud::rule::Rule, gap: &GapSubject, kind: GapKind, now: UnixMs) -> FiredRule {
    let minutes = now.since(gap.since) / MINUTE_MS;
    let threshold = rule.whole("minutes", 15);
    FiredRule {
        rule: rule.id.clone(),
        rule_name: rule.name.clone(),
        version: rule.version,
        mode: rule.mode,
        outcome: rule.outcome,
        severity: rule.severity,
        message: kind.sentence().to_owned(),
        values: vec![Shown {
            label: "Waiting".into(),
            value: format!("{minutes} min"),
            threshold: Some(format!("{threshold} min")),
        }],
        counter_evidence: vec!["A fault of the feed, not of the shopper.".into()],
        would_change: kind.would_change().to_owned(),
    }
}

/// What judging a swipe afresh says of one rule.
#[derive(Debug, Clone)]
pub(crate) enum ReasonChange {
    /// The rule no longer fires, and why.
    Explained { rule: String, why: String },
    /// The rule fires now.
    Fires(FiredRule),
}

/// Brings the alerts of a subject in line with late facts: explains, un-explains, adds, resolves, reopens.
pub(crate) async fn revise(
    tx: &mut Tx<'_>,
    subject_id: &str,
    changes: &[ReasonChange],
    swipe: Option<&Decided<'_>>,
    now: UnixMs,
) -> Result<(), StoreError> {
    let sql = "select r.alert_id, r.rule, r.explained_at_ms, a.status, a.disposition, a.gap_kind, a.simulated, a.raised_at_ms, a.weight, a.rules \
               from alert_reason r join alert a on a.alert_id = r.alert_id where r.subject_id = $1 order by a.raised_at_ms limit 200";
    let rows = fetch(tx.connection, sql, args![subject_id]).await?;
    let mut touched: Vec<String> = Vec::new();
    let mut unheard: Vec<&FiredRule> = Vec::new();
    for change in changes {
        let wanted = match change {
            ReasonChange::Explained { rule, .. } => rule,
            ReasonChange::Fires(fired) => &fired.rule,
        };
        let mut found = false;
        for row in &rows {
            let gap = row.try_get::<Option<String>, _>("gap_kind")?.is_some();
            if gap || row.try_get::<&str, _>("rule")? != wanted {
                continue;
            }
            found = true;
            let alert_id: String = row.try_get("alert_id")?;
            let explained = row.try_get::<Option<i64>, _>("explained_at_ms")?.is_some();
            match change {
                ReasonChange::Explained { rule, why } if !explained => {
                    explain(tx.connection, &alert_id, subject_id, rule, Some(why), now).await?;
                    add_event(tx.connection, &alert_id, now, "system", "explained", why).await?;
                    touched.push(alert_id);
                }
                ReasonChange::Fires(fired) if explained => {
                    explain(tx.connection, &alert_id, subject_id, &fired.rule, None, now).await?;
                    touched.push(alert_id);
                }
                ReasonChange::Explained { .. } | ReasonChange::Fires(_) => {}
            }
        }
        if let (false, ReasonChange::Fires(fired)) = (found, change) {
            let own = rows
                .iter()
                .find(|row| row.try_get::<Option<String>, _>("gap_kind").is_ok_and(|kind| kind.is_none()));
            if let Some(row) = own {
                let alert = Joinable {
                    alert_id: row.try_get("alert_id")?,
                    simulated: row.try_get::<i64, _>("simulated")? == 1,
                    raised_at: UnixMs(row.try_get("raised_at_ms")?),
                    weight: row.try_get("weight")?,
                    rules: serde_json::from_str(row.try_get("rules")?)?,
                };
                join(tx, &alert, subject_id, &[fired], now, true).await?;
                reopen(tx, &alert.alert_id, now).await?;
                touched.push(alert.alert_id);
            } else {
                unheard.push(fired);
            }
        }
    }
    if let (Some(decided), false) = (swipe, unheard.is_empty()) {
        // A swipe that looked honest until now; its alert tells that the rules fired late.
        new_alert(tx, decided, &unheard, now, true).await?;
    }
    touched.sort();
    touched.dedup();
    for alert_id in touched {
        settle(tx, &alert_id, now).await?;
    }
    Ok(())
}

async fn explain(
    connection: &mut AnyConnection,
    alert_id: &str,
    subject_id: &str,
    rule: &str,
    why: Option<&str>,
    now: UnixMs,
) -> Result<(), StoreError> {
    let sql = "update alert_reason set explained_at_ms = $1, explained_why = $2 where alert_id = $3 and subject_id = $4 and rule = $5";
    let at = why.map(|_| now.0);
    execute(connection, sql, args![at, why, alert_id, subject_id, rule]).await.map(|_| ())
}

/// A rule that fires late on a swipe whose alert was closed is news, whoever closed it.
async fn reopen(tx: &mut Tx<'_>, alert_id: &str, now: UnixMs) -> Result<(), StoreError> {
    let sql = "update alert set status = 'open', disposition = null, resolved_at_ms = null, resolved_by = null, resolution = null \
               where alert_id = $1 and status = 'resolved'";
    if execute(tx.connection, sql, args![alert_id]).await? > 0 {
        add_event(
            tx.connection,
            alert_id,
            now,
            "system",
            "reopened",
            "A late fact made a further rule fire.",
        )
        .await?;
    }
    Ok(())
}

/// Resolves an alert once every rule in it is explained; reopens it when one no longer is.
async fn settle(tx: &mut Tx<'_>, alert_id: &str, now: UnixMs) -> Result<(), StoreError> {
    let sql = "select a.status, a.disposition, \
               (select count(*) from alert_reason r where r.alert_id = a.alert_id and r.explained_at_ms is null) as left_over \
               from alert a where a.alert_id = $1";
    let Some(row) = fetch_one(tx.connection, sql, args![alert_id]).await? else { return Ok(()) };
    let open_reasons: i64 = row.try_get("left_over")?;
    let resolved = row.try_get::<&str, _>("status")? == "resolved";
    let by_itself = row.try_get::<Option<String>, _>("disposition")?.as_deref() == Some("explained");
    if open_reasons == 0 && !resolved {
        let why: Option<String> = fetch_one(
            tx.connection,
            "select explained_why from alert_reason where alert_id = $1 order by explained_at_ms desc limit 1",
            args![alert_id],
        )
        .await?
        .map_or(Ok(None), |row| row.try_get("explained_why"))?;
        let sql = "update alert set status = 'resolved', disposition = 'explained', resolved_at_ms = $1, resolved_by = 'system', resolution = $2 where alert_id = $3";
        execute(tx.connection, sql, args![now.0, why, alert_id]).await?;
        audit::append(
            tx.connection,
            now,
            "system",
            "alert_explained",
            &format!("alert:{alert_id}"),
            serde_json::json!({}),
        )
        .await?;
    } else if open_reasons > 0 && resolved && by_itself {
        let sql = "update alert set status = 'open', disposition = null, resolved_at_ms = null, resolved_by = null, resolution = null where alert_id = $1";
        execute(tx.connection, sql, args![alert_id]).await?;
        add_event(tx.connection, alert_id, now, "system", "reopened", "A later fact undid the explanation.")
            .await?;
        audit::append(
            tx.connection,
            now,
            "system",
            "alert_reopened",
            &format!("alert:{alert_id}"),
            serde_json::json!({}),
        )
        .await?;
    }
    tx.tags.push(Tag::new("alert", alert_id));
    Ok(())
}
