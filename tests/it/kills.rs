//! kill -9 under load: what was answered is there, once, and the same.

use crate::support::{Daemon, Options, command, line, long, order, small_world, swipe, with};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const CLIENTS: usize = 8;
/// Answers before the kill, at most: a round lasts well under a second.
const ANSWERS_MAX: usize = 250;
/// Answered swipes sent again after the restart.
const AGAIN: usize = 10;

/// A client's memory of one answer: the oracle.
struct Told {
    event: Value,
    decision_id: String,
    outcome: String,
    /// The bank's report that was acknowledged, if one was.
    event_id: Option<String>,
}

/// Round `round` has a time of its own, by which its swipes are found again.
fn time_of(round: usize) -> String {
    let at = chrono::DateTime::parse_from_rfc3339(crate::support::T0).unwrap();
    let at = at + chrono::TimeDelta::milliseconds(100 * round as i64);
    at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn event(round: usize, client: usize, number: usize) -> Value {
    let card = ["card-1", "card-2", "card-nobody-knows"][number % 3];
    let event = swipe(card, &format!("k{round}-{client}-{number}"), 1_000 + number as i64);
    match number % 5 {
        0 => with(&event, json!({"currencyCode": "usd"})),
        1 => with(&event, json!({"merchant": {"name": "ENGEN SANDTON", "category": {"code": "5541"}}})),
        _ => event,
    }
}

struct Caller {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Caller {
    /// An answer read to its end, or nothing when the daemon died on it.
    async fn ask(&self, hook: &str, event: &Value) -> Option<(StatusCode, Value)> {
        let url = format!("{}/v1/webhooks/investec/{hook}", self.url);
        let sent = self.http.post(url).bearer_auth(&self.key).body(event.to_string()).send().await.ok()?;
        let status = sent.status();
        let body = sent.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }
}

/// Swipes until the daemon is gone; every second approved one is reported on.
async fn client(caller: Caller, round: usize, number: usize, told: mpsc::UnboundedSender<Told>) {
    for count in 0.. {
        let event = event(round, number, count);
        let Some((status, answer)) = caller.ask("before", &event).await else { return };
        assert_eq!(status, StatusCode::OK, "{answer}");
        if answer["stand_in"] == true {
            // CONTRACT: the only answers that are not durable first.
            continue;
        }
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        let reported = count % 2 == 0 && answer["outcome"] == "approve";
        let report = if reported { caller.ask("after", &event).await } else { None };
        let event_id = report.map(|(status, report)| {
            assert_eq!(status, StatusCode::ACCEPTED, "{report}");
            report["event_id"].as_str().unwrap().to_owned()
        });
        let (decision_id, outcome) = (text("decision_id"), text("outcome"));
        if told.send(Told { event, decision_id, outcome, event_id }).is_err() {
            return;
        }
    }
}

async fn load_and_kill(daemon: &mut Daemon, round: usize, answers: usize) -> Vec<Told> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let caller = Caller {
            http: daemon.http.clone(),
            url: daemon.partner.clone(),
            key: daemon.webhook_key.clone(),
        };
        clients.spawn(client(caller, round, number, sender.clone()));
    }
    drop(sender);
    let mut told = Vec::new();
    while told.len() < answers {
        told.push(receiver.recv().await.expect("the daemon lives until it is killed"));
    }
    daemon.kill();
    while let Some(late) = receiver.recv().await {
        told.push(late);
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    told
}

fn is_sound(dir: &Path) {
    for name in ["check", "verify-audit"] {
        let (sound, _, said) = command(&[name, "--data-dir", dir.to_str().unwrap()]);
        assert!(sound, "{name}: {said}");
    }
}

fn by_reference(recorded: &[Value]) -> HashMap<&str, &Value> {
    let mut found = HashMap::new();
    for row in recorded {
        let again = found.insert(row["reference"].as_str().unwrap(), row);
        assert!(again.is_none(), "recorded twice: {row}");
    }
    found
}

fn all_there(told: &[Told], recorded: &[Value]) {
    let recorded = by_reference(recorded);
    for told in told {
        let reference = told.event["reference"].as_str().unwrap();
        let row = recorded.get(reference).unwrap_or_else(|| panic!("{reference} was answered and is lost"));
        assert_eq!(row["id"], told.decision_id.as_str(), "{reference}");
        assert_eq!(row["outcome"], told.outcome.as_str(), "{reference}");
        let events = row["events"].as_array().unwrap();
        assert!(events.len() <= 1, "{reference}: a report is kept twice: {events:?}");
        if let Some(event_id) = &told.event_id {
            assert!(
                events.iter().any(|e| e["event_id"] == event_id.as_str()),
                "{reference}: a report is lost"
            );
        }
    }
}

async fn sent_again(daemon: &Daemon, told: &[Told]) {
    for told in told.iter().rev().take(AGAIN) {
        let answer = daemon.before(&told.event).await;
        assert_eq!(answer["duplicate"], true, "{answer}");
        assert_eq!(answer["decision_id"], told.decision_id.as_str());
        assert_eq!(answer["outcome"], told.outcome.as_str());
        if let Some(event_id) = &told.event_id {
            let answer = daemon.report("after", &told.event).await;
            assert_eq!(answer, json!({"event_id": event_id, "duplicate": true}));
        }
    }
}

async fn start(dir: &Path, round: usize) -> Daemon {
    let daemon = Daemon::start_with(Options { data_dir: Some(dir.to_owned()), ..Options::default() }).await;
    assert_eq!(daemon.get("/v1/feed-health").await["storage"]["synchronous"], "full");
    daemon.clock(&time_of(round)).await;
    daemon
}

/// If this fails, a crash loses or doubles a decision that the bank has acted on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_lost_or_doubled_by_kill_9() {
    let rounds = if long() { 2_000 } else { 20 };
    let dir = tempfile::tempdir().unwrap();
    let mut dice = ChaCha8Rng::seed_from_u64(9);
    let mut daemon = start(dir.path(), 0).await;
    let mut world = small_world();
    world.push(line("order", order("order-1", 400_000_000)));
    daemon.ingest(&world).await;
    let mut answered = 0;
    for round in 0..rounds {
        let told = load_and_kill(&mut daemon, round, dice.random_range(1..=ANSWERS_MAX)).await;
        answered += told.len();
        // As often on the file just as the crash left it as on the one the daemon has opened again.
        if round % 2 == 0 {
            is_sound(dir.path());
        }
        daemon = start(dir.path(), round).await;
        let recorded = daemon.every(&format!("/v1/authorizations?limit=500&from={}", time_of(round))).await;
        all_there(&told, &recorded);
        sent_again(&daemon, &told).await;
        if round % 2 == 1 {
            is_sound(dir.path());
        }
        daemon.clock(&time_of(round + 1)).await;
    }
    let recorded = daemon.every("/v1/authorizations?limit=500").await;
    by_reference(&recorded);
    println!("{rounds} kills, {answered} answers, {} recorded: none lost, none doubled", recorded.len());
    assert!(recorded.len() >= answered);
}
