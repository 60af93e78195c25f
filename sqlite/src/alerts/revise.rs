//! Bringing alerts in line with facts that arrive late: explaining, adding, resolving, reopening.

use crate::sql::{args, execute, fetch, fetch_one};
use crate::swipe::Decided;
use crate::writer::{Tag, Tx};
use crate::{StoreError, audit};
use fraud::alert::JOIN_WINDOW_MS;
use fraud::decision::FiredRule;
use fraud::time::UnixMs;
use sqlx::{AnyConnection, Row};

use super::raise::*;

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
                join(tx, &alert, subject_id, &[fired], now, Joining::LateRule).await?;
                reopen(tx, &alert.alert_id, now).await?;
                touched.push(alert.alert_id);
            } else {
                unheard.push(fired);
            }
        }
    }
    if let (Some(decided), false) = (swipe, unheard.is_empty()) {
        // A swipe that looked honest until now; its alert tells that the rules fired late.
        let card = decided.card.card_id.clone();
        let open = joinable(tx.connection, &[card], now.plus(-JOIN_WINDOW_MS).0).await?;
        let open = open.into_values().flatten().find(|alert| alert.simulated == decided.swipe.simulated);
        match open {
            Some(alert) => join(tx, &alert, subject_id, &unheard, now, Joining::LateSwipe).await?,
            None => new_alert(tx, decided, &unheard, now, true).await?,
        }
    }
    touched.sort();
    touched.dedup();
    for alert_id in touched {
        settle(tx, &alert_id, now).await?;
    }
    Ok(())
}

pub(super) async fn explain(
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
pub(super) async fn reopen(tx: &mut Tx<'_>, alert_id: &str, now: UnixMs) -> Result<(), StoreError> {
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
pub(super) async fn settle(tx: &mut Tx<'_>, alert_id: &str, now: UnixMs) -> Result<(), StoreError> {
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
