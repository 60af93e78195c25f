//! The demo world's truth against what the daemon decided: rules find the planted thefts, traps stay quiet.

use crate::support::{Daemon, Options, command};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

const UNTIL: &str = "2026-01-05T12:00:00Z";
/// Before the first arrival of a world of one day.
const BEGINNING: &str = "2026-01-03T00:00:00Z";
const FEED_GAP: &str = "feed_gap";
const RULES: [&str; 13] = [
    "no_open_order",
    "wrong_merchant",
    "unknown_merchant",
    "risky_category",
    "over_order_value",
    "foreign",
    "unknown_card",
    "after_completion",
    "off_shift",
    "split_purchase",
    "velocity",
    "impossible_travel",
    FEED_GAP,
];
/// A swipe without its after-event is a feed gap after this long.
const GAP_MS: i64 = 15 * 60_000;
/// A swipe this far outside a shift still belongs to it.
const SHIFT_SLACK_MS: i64 = 15 * 60_000;
/// An order is open from this long before it is assigned.
const OPEN_BEFORE_MS: i64 = 10 * 60_000;

type Rules = BTreeSet<String>;

fn millis(time: &Value) -> Option<i64> {
    time.as_str().map(|text| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the daemon holds of every swipe now: rules live and unexplained, by reference.
struct Decided {
    rules: Rules,
    swipe: Value,
}

fn holding(swipe: &Value) -> Rules {
    let live = |reason: &&Value| reason["mode"] == "live" && reason["explained"].is_null();
    let reasons = swipe["reasons"].as_array().unwrap().iter();
    reasons.filter(live).map(|reason| reason["rule"].as_str().unwrap().to_owned()).collect()
}

async fn decisions(daemon: &Daemon) -> HashMap<String, Decided> {
    let mut decided = HashMap::new();
    for swipe in daemon.every("/v1/authorizations?limit=500").await {
        let Some(reference) = swipe["reference"].as_str() else { continue };
        let held = Decided { rules: holding(&swipe), swipe: swipe.clone() };
        let again = decided.insert(reference.to_owned(), held);
        assert!(again.is_none(), "{reference} is recorded twice");
    }
    decided
}

/// What later arrivals, still to come when the history ends, will say.
struct Pending {
    references: BTreeSet<String>,
    cards: BTreeSet<String>,
    orders: Vec<(String, i64)>,
    /// Whose, from and to.
    shifts: Vec<(String, i64, i64)>,
}

fn pending(dir: &Path) -> Pending {
    let mut pending =
        Pending { references: BTreeSet::new(), cards: BTreeSet::new(), orders: vec![], shifts: vec![] };
    for arrival in lines(&dir.join("demo-live.ndjson")) {
        let (body, data) = (&arrival["body"], &arrival["body"]["data"]);
        if let Some(reference) = body["reference"].as_str() {
            pending.references.insert(reference.to_owned());
        }
        match body["kind"].as_str() {
            Some("order") => {
                let start = millis(&data["assigned_at"]).or(millis(&data["placed_at"])).unwrap();
                let shopper = data["shopper_id"].as_str().unwrap_or_default();
                pending.orders.push((shopper.to_owned(), start - OPEN_BEFORE_MS));
            }
            Some("shift") => {
                let (starts, ends) = (millis(&data["starts_at"]).unwrap(), millis(&data["ends_at"]).unwrap());
                let shopper = data["shopper_id"].as_str().unwrap().to_owned();
                pending.shifts.push((shopper, starts - SHIFT_SLACK_MS, ends + SHIFT_SLACK_MS));
            }
            Some("card") => {
                let others = data["other_ids"].as_array().into_iter().flatten();
                let ids = others.chain([&data["id"]]).filter_map(Value::as_str);
                pending.cards.extend(ids.map(str::to_owned));
            }
            _ => {}
        }
    }
    pending
}

/// Whether everything that matters to a swipe has arrived, so that its truth is due.
fn is_settled(swipe: &Value, pending: &Pending) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (shopper, at) = (text(&swipe["shopper"]["id"]), millis(&swipe["occurred_at"]).unwrap());
    let until = millis(&json!(UNTIL)).unwrap();
    millis(&swipe["received_at"]).unwrap() + GAP_MS <= until
        && !pending.references.contains(&text(&swipe["reference"]))
        && !pending.cards.contains(&text(&swipe["presented_card_id"]))
        && !pending.orders.iter().any(|(whose, from)| *whose == shopper && *from <= at)
        && !pending.shifts.iter().any(|(whose, from, to)| *whose == shopper && *from <= at && at <= *to)
}

#[derive(Default, Clone, Copy)]
struct Count {
    hits: usize,
    false_alarms: usize,
    misses: usize,
}

#[derive(Default)]
struct Verdict {
    table: BTreeMap<String, Count>,
    red: BTreeSet<String>,
    /// Swipes of traps or honest shoppers with a reason left on them.
    noisy: Vec<String>,
}

/// Measures every rule; one is red below precision 0.95 or recall 0.90, or with too few cases to tell.
fn verdict(
    truth: &[Value],
    decided: &HashMap<String, Decided>,
    pending: &Pending,
    cases_min: usize,
) -> Verdict {
    let mut verdict = Verdict::default();
    for told in truth {
        let id = told["id"].as_str().unwrap();
        let Some(held) = decided.get(id).filter(|held| is_settled(&held.swipe, pending)) else { continue };
        let named = told["rules"].as_array().unwrap().iter();
        let wanted: Rules = named.map(|rule| rule.as_str().unwrap().to_owned()).collect();
        for rule in wanted.union(&held.rules) {
            let count = verdict.table.entry(rule.clone()).or_default();
            match (wanted.contains(rule), held.rules.contains(rule)) {
                (true, true) => count.hits += 1,
                (true, false) => count.misses += 1,
                _ => count.false_alarms += 1,
            }
        }
        if told["fraud"] == false && wanted.is_empty() && !held.rules.is_empty() {
            verdict.noisy.push(format!("{id} ({}): {:?}", told["story"], held.rules));
        }
    }
    for rule in RULES {
        let count = verdict.table.get(rule).copied().unwrap_or_default();
        let (fired, real) = (count.hits + count.false_alarms, count.hits + count.misses);
        let precise = count.hits * 100 >= fired * 95;
        let found = count.hits * 100 >= real * 90;
        if !(precise && found && real >= cases_min) {
            verdict.red.insert(rule.to_owned());
        }
    }
    verdict
}

fn print(verdict: &Verdict) {
    println!(
        "{:<18} {:>5} {:>12} {:>6} {:>9} {:>6}",
        "rule", "hits", "false alarms", "misses", "precision", "recall"
    );
    for (rule, c) in &verdict.table {
        let share = |of: usize| c.hits as f64 / of.max(1) as f64;
        let (precision, recall) = (share(c.hits + c.false_alarms), share(c.hits + c.misses));
        println!(
            "{rule:<18} {:>5} {:>12} {:>6} {precision:>9.3} {recall:>6.3}",
            c.hits, c.false_alarms, c.misses
        );
    }
}

/// A trap's alert is resolved, or stands for another swipe of the card alone.
async fn traps_are_quiet(
    daemon: &Daemon,
    truth: &[Value],
    decided: &HashMap<String, Decided>,
    pending: &Pending,
) {
    let alerts = daemon.every("/v1/alerts?limit=500").await;
    let status: HashMap<&str, &str> =
        alerts.iter().map(|a| (a["id"].as_str().unwrap(), a["status"].as_str().unwrap())).collect();
    for told in truth.iter().filter(|told| told["story"].as_str().unwrap().starts_with("trap: ")) {
        let Some(held) = decided.get(told["id"].as_str().unwrap()) else { continue };
        let Some(alert) = held.swipe["alert_id"].as_str().filter(|_| is_settled(&held.swipe, pending)) else {
            continue;
        };
        if status[alert] == "resolved" {
            continue;
        }
        let detail = daemon.get(&format!("/v1/alerts/{alert}")).await;
        let of_others =
            |reason: &&Value| reason["explained_at"].is_null() && reason["subject_id"] != held.swipe["id"];
        let others = detail["reasons"].as_array().unwrap().iter().filter(of_others).count();
        assert!(others > 0, "an alert stands open for a trap alone: {told} {detail}");
    }
}

fn make(dir: &Path, seed: u64, days: &str, shoppers: &str, more: &[&str]) {
    let (place, seed) = (dir.to_str().unwrap(), seed.to_string());
    let mut args = vec!["demo", "--data-dir", place, "--seed", &seed, "--days", days, "--shoppers", shoppers];
    args.extend(["--until", UNTIL]);
    args.extend(more);
    let (made, _, said) = command(&args);
    assert!(made, "{said}");
}

/// If this fails for a seed, a rule misses thefts or accuses honest shoppers.
async fn seed_holds(seed: u64, days: &str) {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), seed, days, "40", &[]);
    let options = Options { test_clock: Some(UNTIL), data_dir: Some(dir.path().to_owned()), database: None };
    let daemon = Daemon::start_with(options).await;
    let (truth, pending) = (lines(&dir.path().join("demo-truth.ndjson")), pending(dir.path()));
    let decided = decisions(&daemon).await;
    let told: BTreeSet<&str> = truth.iter().map(|told| told["id"].as_str().unwrap()).collect();
    assert!(decided.keys().all(|reference| told.contains(reference.as_str())), "every swipe has its truth");
    let verdict = verdict(&truth, &decided, &pending, 8);
    println!("seed {seed}: {} swipes", decided.len());
    print(&verdict);
    assert!(verdict.red.is_empty(), "seed {seed}: red rules {:?}", verdict.red);
    assert!(verdict.noisy.is_empty(), "seed {seed}: honest swipes accused: {:#?}", verdict.noisy);
    traps_are_quiet(&daemon, &truth, &decided, &pending).await;
    replaying_is_deciding(&daemon, decided.len()).await;
}

/// If this fails, a replay tells a lead something else than the rules then do: today's rules, replayed, must
/// say of each swipe what they said when it came; and a draft that changes something must show it.
async fn replaying_is_deciding(daemon: &Daemon, swipes: usize) {
    let replay = async |rule: Value| {
        daemon.replay(json!({"rule": rule, "from": "2020-01-01T00:00:00Z"})).await["result"].clone()
    };
    let same = replay(json!({"id": "velocity"})).await;
    assert!(same["swipes"].as_u64().unwrap() >= swipes as u64 * 9 / 10, "{same}");
    assert_eq!(
        (&same["unlike_then"], &same["changed"], &same["without_facts"]),
        (&json!(0), &json!(0), &json!(0)),
        "{same}"
    );
    assert_eq!(same["today"], same["draft"]);
    let off = replay(json!({"id": "split_purchase", "mode": "off"})).await;
    assert!(off["draft"]["flagged"].as_i64() < off["today"]["flagged"].as_i64(), "{off}");
    let strict = replay(json!({"id": "unknown_merchant", "outcome": "decline"})).await;
    assert!(strict["draft"]["declined"].as_i64() > strict["today"]["declined"].as_i64(), "{strict}");
}

#[tokio::test]
async fn rules_find_what_was_planted_with_seed_1() {
    seed_holds(1, "3").await;
}

#[tokio::test]
async fn rules_find_what_was_planted_with_seed_2() {
    seed_holds(2, "3").await;
}

#[tokio::test]
async fn rules_find_what_was_planted_with_seed_3() {
    seed_holds(3, "3").await;
}

/// A seed nobody tuned anything for: it changes with every commit.
fn seed_of_commit() -> u64 {
    let asked =
        Command::new("git").args(["rev-parse", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let hash =
        asked.ok().filter(|said| said.status.success()).map(|said| String::from_utf8(said.stdout).unwrap());
    hash.and_then(|hash| u64::from_str_radix(hash.get(..8)?, 16).ok()).unwrap_or(0xCA47_0001)
}

#[tokio::test]
async fn rules_find_what_was_planted_with_the_seed_of_the_commit() {
    let seed = seed_of_commit();
    println!("the commit's seed is {seed}");
    // In 3 days one seed in thirty plants too few of some theft to measure by.
    seed_holds(seed, "5").await;
}

/// Sends a recorded history through the real endpoints, the test clock keeping step by the minute.
async fn feed(daemon: &Daemon, history: &[Value]) {
    let (mut minute, mut waiting) = (i64::MIN, Vec::new());
    for arrival in history {
        let now = millis(&arrival["at"]).unwrap() / 60_000;
        let path = arrival["path"].as_str().unwrap();
        if now != minute || path != "/v1/ingest" {
            if !waiting.is_empty() {
                daemon.ingest(&std::mem::take(&mut waiting)).await;
            }
            if now != minute {
                daemon.clock(arrival["at"].as_str().unwrap()).await;
                minute = now;
            }
        }
        if path == "/v1/ingest" {
            waiting.push(arrival["body"].clone());
            continue;
        }
        let hook = path.rsplit('/').next().unwrap();
        let (status, answer) = daemon.hook_raw(hook, arrival["body"].to_string()).await;
        assert!(matches!(status, StatusCode::OK | StatusCode::ACCEPTED), "{answer}");
    }
    if !waiting.is_empty() {
        daemon.ingest(&waiting).await;
    }
    daemon.clock(UNTIL).await;
}

/// The verdict on a small world that arrived while `off` was switched off.
async fn verdict_without(off: Option<&str>, dir: &Path) -> Verdict {
    let daemon = Daemon::start_with(Options { test_clock: Some(BEGINNING), ..Options::default() }).await;
    if let Some(rule) = off {
        let (status, answer) =
            daemon.desk(Method::PUT, &format!("/v1/rules/{rule}"), Some(json!({"mode": "off"}))).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    feed(&daemon, &lines(&dir.join("demo-history.ndjson"))).await;
    let decided = decisions(&daemon).await;
    verdict(&lines(&dir.join("demo-truth.ndjson")), &decided, &pending(dir), 1)
}

/// If this fails, the tests above would stay green although a rule does nothing.
#[tokio::test]
async fn switching_any_rule_off_turns_its_verdict_red() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), 1, "1", "15", &["--unloaded"]);
    let offs = std::iter::once(None).chain(RULES.into_iter().map(Some));
    let mut running = tokio::task::JoinSet::new();
    let room = std::sync::Arc::new(tokio::sync::Semaphore::new(3));
    for off in offs {
        let (place, room) = (dir.path().to_owned(), room.clone());
        running.spawn(async move {
            let _room = room.acquire().await.unwrap();
            (off, verdict_without(off, &place).await)
        });
    }
    while let Some(done) = running.join_next().await {
        let (off, verdict) = done.unwrap();
        print(&verdict);
        let expected: BTreeSet<String> = off.into_iter().map(str::to_owned).collect();
        assert_eq!(verdict.red, expected, "with {off:?} switched off");
        assert!(verdict.noisy.is_empty(), "with {off:?} switched off: {:#?}", verdict.noisy);
    }
}
