//! Carrying out recorded arrivals many to a transaction: for filling a demo world, where nobody waits for
//! an answer. Everything goes through the functions that live traffic goes through.

use crate::ingest;
use crate::sql::{args, fetch};
use crate::swipe::{self, SwipeJob, Ticket};
use crate::writer::{Stats, Tx};
use crate::{Database, StoreError, bank_events, relink};
use fraud::authorization::Swipe;
use fraud::bank_event::EventKind;
use fraud::record::Record;
use fraud::time::UnixMs;
use sqlx::Row;

/// One thing that arrived.
pub enum Step {
    Records(Vec<Record>, UnixMs),
    /// Swipes, each with the id its authorization gets.
    Swipes(Vec<(Swipe, String)>),
    Report(EventKind, Box<Swipe>, String),
    /// The feed-gap worker's turn.
    Gaps(UnixMs),
}

/// Carries out steps in their order.
///
/// Rules, stores and settings are those of the transaction's start: end a list after records of stores.
///
/// # Errors
/// `StoreError` from the database; then none of the steps is kept.
pub async fn carry_out(tx: &mut Tx<'_>, steps: Vec<Step>) -> Result<(), StoreError> {
    let stats = Stats::default();
    for step in steps {
        match step {
            Step::Records(records, now) => {
                ingest::take(tx, records, now).await?;
                while relink::step(tx, now).await? {}
            }
            Step::Swipes(swipes) => {
                let job = |(swipe, id)| SwipeJob::new(swipe, id, Ticket::new().0);
                let mut jobs: Vec<SwipeJob> = swipes.into_iter().map(job).collect();
                swipe::decide_all(tx, &mut jobs, &stats).await?;
            }
            Step::Report(kind, event, id) => {
                bank_events::receive(tx, kind, &event, &id).await?;
            }
            Step::Gaps(now) => while bank_events::raise_gaps(tx, now).await? > 0 {},
        }
    }
    Ok(())
}

/// An old alert that nobody worked, and the references of the swipes in it; none for a feed gap.
pub struct Unworked {
    pub alert_id: String,
    pub references: Vec<String>,
}

/// Alerts raised before `before` that are still open.
///
/// # Errors
/// `StoreError` from the database.
pub async fn unworked(database: &Database, before: UnixMs) -> Result<Vec<Unworked>, StoreError> {
    let sql = "select l.alert_id, a.reference, l.gap_kind from alert l join alert_reason r on r.alert_id = l.alert_id \
               left join card_authorization a on a.authorization_id = r.subject_id \
               where l.status = 'open' and l.raised_at_ms < $1 order by l.raised_at_ms, l.alert_id limit 100000";
    let mut connection = database.reader().await?;
    let mut found: Vec<Unworked> = Vec::new();
    for row in fetch(&mut connection, sql, args![before.0]).await? {
        let alert_id: String = row.try_get("alert_id")?;
        if found.last().is_none_or(|last| last.alert_id != alert_id) {
            found.push(Unworked { alert_id, references: Vec::new() });
        }
        let gap = row.try_get::<Option<String>, _>("gap_kind")?.is_some();
        if let (Some(last), false) = (found.last_mut(), gap) {
            last.references.extend(row.try_get::<Option<String>, _>("reference")?);
        }
    }
    Ok(found)
}
