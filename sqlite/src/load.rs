//! Carrying out recorded arrivals many to a transaction: for filling a demo world, where nobody waits for
//! an answer. Everything goes through the functions that live traffic goes through.

use crate::ingest;
use crate::swipe::{self, SwipeJob, Ticket};
use crate::writer::{Stats, Tx};
use crate::{StoreError, bank_events, relink};
use fraud::authorization::Swipe;
use fraud::bank_event::EventKind;
use fraud::record::Record;
use fraud::time::UnixMs;

/// One thing that arrived.
pub enum Step {
    Records(Vec<Record>, UnixMs),
    /// A swipe and the id its authorization gets.
    Swipe(Swipe, String),
    Report(EventKind, Swipe, String),
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
            Step::Swipe(swipe, id) => {
                let mut jobs = [SwipeJob::new(swipe, id, Ticket::new().0)];
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
