//! `replay`: recorded traffic through the real endpoints, at a chosen speed.
//!
//! Times in the record move along by one shift, so that it begins now and keeps its distances.

use super::data_dir::{self, Running};
use super::{Failure, Place, fail};
use crate::clock;
use crate::http::keys::NewKey;
use fraud::time::UnixMs;
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;
use store::keys::Scope;

#[derive(Deserialize)]
struct Recorded {
    at: UnixMs,
    path: String,
    body: Value,
}

/// How long the daemon may take to come up, as when the window starts it.
const WAIT_FOR_DAEMON: Duration = Duration::from_secs(60);

pub async fn run(file: &Path, speed: f64, place: &Place) -> Result<(), Failure> {
    if !(speed.is_finite() && speed >= 0.0) {
        return fail("--speed is a number from 0 (as fast as answers come) upwards");
    }
    let lines =
        BufReader::new(File::open(file).map_err(|e| Failure(format!("{}: {e}", file.display())))?).lines();
    let running = wait_for(&place.data_dir).await?;
    let webhook = key(&running, Scope::Webhook).await?;
    let ingest = key(&running, Scope::Ingest).await?;
    let started = tokio::time::Instant::now();
    let mut first: Option<(UnixMs, i64)> = None;
    let (mut sent, mut refused) = (0_usize, 0_usize);
    for (number, text) in lines.enumerate() {
        let recorded: Recorded =
            serde_json::from_str(&text?).map_err(|error| Failure(format!("line {}: {error}", number + 1)))?;
        let (begin, shift) = *first.get_or_insert_with(|| (recorded.at, now(&running).since(recorded.at)));
        if speed > 0.0 {
            let due = recorded.at.since(begin).max(0) as f64 / speed;
            tokio::time::sleep_until(started + Duration::from_millis(due as u64)).await;
        }
        let mut body = recorded.body;
        shift_times(&mut body, shift);
        let secret = if recorded.path == "/v1/ingest" { &ingest } else { &webhook };
        let url = format!("{}{}", running.ready.partner_url, recorded.path);
        let answer = running.client.post(url).bearer_auth(secret).body(format!("{body}\n")).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => sent += 1,
            Ok(_) | Err(_) => refused += 1,
        }
    }
    println!("replayed {sent} events, {refused} refused");
    Ok(())
}

fn now(_: &Running) -> UnixMs {
    clock::wall()
}

async fn wait_for(directory: &Path) -> Result<Running, Failure> {
    let until = tokio::time::Instant::now() + WAIT_FOR_DAEMON;
    loop {
        if let Some(running) = data_dir::running(directory).await {
            return Ok(running);
        }
        if tokio::time::Instant::now() > until {
            return fail(format!("no daemon serves {}", directory.display()));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn key(running: &Running, scope: Scope) -> Result<String, Failure> {
    let body = serde_json::to_string(&NewKey { name: format!("replay {}", scope.as_str()), scope })?;
    let url = format!("{}/v1/keys", running.ready.desk_url);
    let answer = running.client.post(url).bearer_auth(&running.token).body(body).send().await?;
    let key: Value = serde_json::from_str(&answer.text().await?)?;
    match key["secret"].as_str() {
        Some(secret) => Ok(secret.to_owned()),
        None => fail("the daemon gave no key for the replay"),
    }
}

/// Moves every time in a value by `shift` milliseconds; only whole texts that are times are touched.
fn shift_times(value: &mut Value, shift: i64) {
    match value {
        Value::String(text) if text.len() >= 20 && text.as_bytes()[4] == b'-' => {
            if let Ok(at) = UnixMs::parse(text) {
                *text = at.plus(shift).to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift_times(item, shift)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shift_times(field, shift)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
