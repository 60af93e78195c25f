//! What goes on by itself: deliveries, feed gaps, relinking, latency, checkpoints.
//!
//! Every worker is a step that does what is due at a given time; timers call the steps, and a test clock does.

mod deliver;

pub use deliver::record_try;

use crate::app::App;
use crate::http::ingest;
use std::sync::Arc;
use std::time::Duration;
use store::{Lane, StoreError, bank_events, cards, health, keys};
use tokio::task::JoinSet;

/// How often due work is looked for; a new message wakes the deliverer at once.
const EVERY: Duration = Duration::from_millis(1_000);
/// How often the log of the database is moved into it, on a connection of its own.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

/// Starts the timers; they end with `app.stop`.
pub fn start(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(until_stopped(app.clone(), EVERY, async |app| step_timed(app).await));
    tasks.spawn(until_stopped(app.clone(), CHECKPOINT_EVERY, async |app| {
        app.writer.checkpoint(&app.database).await
    }));
    tasks.spawn(deliver::whenever_woken(app.clone()));
    tasks.spawn(follow_deactivations(app.clone()));
    tasks
}

async fn until_stopped(app: Arc<App>, every: Duration, step: impl AsyncFn(&App) -> Result<(), StoreError>) {
    let mut stop = app.stop.clone();
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = timer.tick() => {}
        }
        let done = step(&app).await;
        if let (Err(error), false) = (&done, failing) {
            // Once, not every second while it lasts.
            tracing::warn!(%error, "a worker's step failed; it is tried again");
        }
        failing = done.is_err();
    }
}

/// Everything that is due, as at `app.clock`, until nothing is.
///
/// # Errors
/// `StoreError` from the database.
pub async fn step_all(app: &App) -> Result<(), StoreError> {
    step_timed(app).await?;
    deliver::step(app).await
}

async fn step_timed(app: &App) -> Result<(), StoreError> {
    let _one = app.stepping.lock().await;
    let now = app.clock.now();
    ingest::relink_all(app).await?;
    while app.writer.run(Lane::Bulk, move |tx| Box::pin(bank_events::raise_gaps(tx, now))).await? > 0 {}
    while app.writer.run(Lane::Bulk, move |tx| Box::pin(cards::lift_due_holds(tx, now))).await? > 0 {}
    let minutes = app.latency.take();
    let used = app.keys.take_used();
    if !minutes.is_empty() || !used.is_empty() {
        app.writer
            .run(Lane::Bulk, move |tx| {
                Box::pin(async move {
                    for minute in minutes {
                        health::keep_latency(tx, minute).await?;
                    }
                    keys::used(tx, &used).await
                })
            })
            .await?;
    }
    Ok(())
}

/// Keeps the stand-in's list of deactivated cards in step with rules that deactivate.
async fn follow_deactivations(app: Arc<App>) {
    let mut tags = app.writer.subscribe();
    let mut stop = app.stop.clone();
    loop {
        let moved = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            tag = tags.recv() => match tag {
                Ok(tag) => tag.kind == "card",
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        if moved && let Err(error) = app.deactivated.reload(&app.database).await {
            tracing::warn!(%error, "the list of deactivated cards could not be read; the last one stands");
        }
    }
}
