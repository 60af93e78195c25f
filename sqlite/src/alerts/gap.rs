//! Feed gaps: events of the bank without their partner. Faults of the feed, never accusations.

use crate::sql::{args, execute, fetch_one, insert};
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit, outbox};
use fraud::alert::{GapKind, weight};
use fraud::decision::{FiredRule, Shown};
use fraud::shipped::FEED_GAP;
use fraud::time::{MINUTE_MS, UnixMs};

use super::raise::*;
use super::revise::settle;

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

pub(super) fn gap_fired(rule: &fraud::rule::Rule, gap: &GapSubject, kind: GapKind, now: UnixMs) -> FiredRule {
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
        values: vec![match kind {
            GapKind::MissingAfter | GapKind::MissingBefore => Shown {
                label: "Waiting".into(),
                value: format!("{minutes} min"),
                threshold: Some(format!("{threshold} min")),
            },
            GapKind::ReferenceReused => Shown {
                label: "Reference".into(),
                value: "used before for other content".into(),
                threshold: Some("one authorization each".into()),
            },
            GapKind::Contradicted => Shown {
                label: "The bank reports".into(),
                value: "success".into(),
                threshold: Some("declined, as we answered".into()),
            },
        }],
        counter_evidence: vec!["A fault of the feed, not of the shopper.".into()],
        would_change: kind.would_change().to_owned(),
    }
}
