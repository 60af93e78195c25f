//! `demo`: a labelled world in an empty directory, loaded through the real writer.

use super::demo_epoch::{Epoch, Item};
use super::{Failure, Place, data_dir, fail};
use crate::clock;
use crate::demo::{Arrival, Parameters, Truth, What, World, generate};
use crate::issuer::investec;
use fraud::alert::Disposition;
use fraud::bank_event::EventKind;
use fraud::record::Record;
use fraud::time::{HOUR_MS, MINUTE_MS, UnixMs};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use store::alerts::{self, Act};
use store::load::{self, Step};
use store::{Database, Lane, Writer, rules, settings};

pub const TRUTH_FILE: &str = "demo-truth.ndjson";
pub const LIVE_FILE: &str = "demo-live.ndjson";
pub const HISTORY_FILE: &str = "demo-history.ndjson";

pub struct Wanted {
    pub seed: u64,
    pub days: u32,
    pub shoppers: u32,
    pub until: Option<UnixMs>,
    pub unloaded: bool,
}

pub async fn run(place: &Place, wanted: Wanted) -> Result<(), Failure> {
    let location = place.location()?;
    if location.path().is_some_and(Path::exists) {
        return fail(format!(
            "{} holds data already: a demo world needs an empty directory",
            place.data_dir.display()
        ));
    }
    let _held = data_dir::hold(&place.data_dir)?;
    let until = wanted.until.unwrap_or_else(clock::wall);
    let Some(until) = chrono::DateTime::from_timestamp_millis(until.0) else {
        return fail("--until is out of range");
    };
    let mut parameters = Parameters::new(wanted.seed, until);
    (parameters.days, parameters.shoppers) = (wanted.days, wanted.shoppers);
    eprintln!(
        "making {} days of {} shoppers, seed {} ...",
        parameters.days, parameters.shoppers, parameters.seed
    );
    let world = generate(&parameters);
    write_files(&place.data_dir, &world, wanted.unloaded)?;
    if wanted.unloaded {
        println!("{} arrivals written to {HISTORY_FILE}", world.arrivals.len());
        return Ok(());
    }
    let database = Database::open(&location).await?;
    let (writer, task) = Writer::start(&database).await?;
    let secret = data_dir::digest_secret(&place.data_dir)?;
    let swipes = load(&writer, world.arrivals, &secret).await?;
    work_old_alerts(&database, &writer, &world.truth, UnixMs(until.timestamp_millis())).await?;
    drop(writer);
    task.await?;
    database.checkpoint().await?;
    database.close().await;
    println!("a demo world of {swipes} swipes is in {}", place.data_dir.display());
    Ok(())
}

fn write_lines<T: serde::Serialize>(path: &Path, items: impl Iterator<Item = T>) -> Result<(), Failure> {
    let mut file = BufWriter::new(File::create(path)?);
    for item in items {
        serde_json::to_writer(&mut file, &item)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}

fn write_files(directory: &Path, world: &World, unloaded: bool) -> Result<(), Failure> {
    write_lines(&directory.join(TRUTH_FILE), world.truth.iter())?;
    write_lines(&directory.join(LIVE_FILE), world.live.iter().map(line))?;
    if unloaded {
        write_lines(&directory.join(HISTORY_FILE), world.arrivals.iter().map(line))?;
    }
    Ok(())
}

/// A line of recorded traffic, as `replay` reads it.
fn line(arrival: &Arrival) -> serde_json::Value {
    let at = UnixMs(arrival.at.timestamp_millis());
    match &arrival.what {
        What::Ingest(record) => serde_json::json!({"at": at, "path": "/v1/ingest", "body": record}),
        What::Hook { hook, body } => {
            serde_json::json!({"at": at, "path": format!("/v1/webhooks/investec/{}", hook.path()), "body": body})
        }
    }
}

/// How often the feed-gap worker is stepped while history passes.
const STEP_EVERY_MS: i64 = 10 * MINUTE_MS;
/// Steps carried out in one transaction: a crash loses a demo world anyway, so few commits are best.
const STEPS_PER_JOB: usize = 500;

async fn load(writer: &Writer, arrivals: Vec<Arrival>, secret: &[u8]) -> Result<usize, Failure> {
    let first = arrivals.first().map_or(UnixMs(0), |arrival| UnixMs(arrival.at.timestamp_millis()));
    writer.run(Lane::Live, move |tx| Box::pin(rules::seed(tx, first))).await?;
    // Old alerts are history: nobody is to be called about them.
    quiet(writer, first, true).await?;
    let (mut swipes, mut shown, total) = (0, 0, arrivals.len());
    let (mut stepped, mut now) = (first, first);
    let (mut epoch, mut steps) = (Epoch::default(), Vec::new());
    for (done, arrival) in arrivals.into_iter().enumerate() {
        now = UnixMs(arrival.at.timestamp_millis());
        let item = match arrival.what {
            What::Ingest(line) => Item::Record(Box::new(record_of(&line)?)),
            What::Hook { hook, body } => {
                let event = investec::read(&body, now, secret).map_err(|error| Failure(error.message))?;
                match EventKind::parse(hook.path()) {
                    Some(kind) => Item::Report(kind, event),
                    None => {
                        swipes += 1;
                        Item::Swipe(event)
                    }
                }
            }
        };
        if !epoch.takes(&item, now) {
            steps.extend(epoch.end());
            // Rules read the stores of a transaction's start.
            if steps.len() >= STEPS_PER_JOB || epoch.took_stores() {
                carry_out(writer, std::mem::take(&mut steps)).await?;
            }
        }
        epoch.add(item, now);
        if now.since(stepped) >= STEP_EVERY_MS {
            steps.extend(epoch.end());
            steps.push(Step::Gaps(now));
            stepped = now;
        }
        let tenth = (done + 1) * 10 / total;
        if tenth > shown {
            shown = tenth;
            eprintln!("loaded {} %", tenth * 10);
        }
    }
    steps.extend(epoch.end());
    steps.push(Step::Gaps(now));
    carry_out(writer, steps).await?;
    quiet(writer, now, false).await?;
    Ok(swipes)
}

async fn carry_out(writer: &Writer, steps: Vec<Step>) -> Result<(), Failure> {
    Ok(writer.run(Lane::Bulk, move |tx| Box::pin(load::carry_out(tx, steps))).await?)
}

/// A desk at work leaves no queue of weeks: what is older than this was dealt with, each as its truth says.
const WORKED_AFTER_MS: i64 = 12 * HOUR_MS;
/// Alerts worked in one transaction.
const WORKED_PER_JOB: usize = 50;

async fn work_old_alerts(
    database: &Database,
    writer: &Writer,
    truth: &[Truth],
    until: UnixMs,
) -> Result<(), Failure> {
    let thefts: HashSet<&str> = truth.iter().filter(|t| t.fraud).map(|t| t.id.as_str()).collect();
    let old = load::unworked(database, until.plus(-WORKED_AFTER_MS)).await?;
    let acts: Vec<(String, Act)> = old
        .into_iter()
        .map(|alert| {
            let disposition = if alert.references.iter().any(|reference| thefts.contains(reference.as_str()))
            {
                Disposition::ConfirmedFraud
            } else if alert.references.is_empty() {
                Disposition::Inconclusive
            } else {
                Disposition::FalsePositive
            };
            (alert.alert_id, Act::Dispose { disposition, note: None })
        })
        .collect();
    for job in acts.chunks(WORKED_PER_JOB) {
        let job = job.to_vec();
        writer
            .run(Lane::Bulk, move |tx| {
                Box::pin(async move {
                    for (id, act) in &job {
                        alerts::act(tx, id, act, "user:demo-desk", until).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}

async fn quiet(writer: &Writer, now: UnixMs, quiet: bool) -> Result<(), Failure> {
    writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move {
                let change = |before| settings::Settings { native_notifications: !quiet, ..before };
                settings::change(tx, now, "system", change).await
            })
        })
        .await?;
    Ok(())
}

fn record_of(line: &serde_json::Value) -> Result<Record, Failure> {
    let kind = line["kind"].as_str().unwrap_or_default();
    let data = serde_json::value::to_raw_value(&line["data"])?;
    match Record::parse(kind, &data) {
        Some(Ok(record)) => Ok(record),
        Some(Err(problem)) => fail(format!("the demo world made a bad {kind}: {}", problem.message)),
        None => fail(format!("the demo world made an unknown kind {kind:?}")),
    }
}
