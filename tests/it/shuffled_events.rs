//! The bank's reports in any order, many times over: kept once each, and the end is the same.

use crate::support::{Daemon, line, small_world, swipe, with};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SWIPES: usize = 2_500;
const SHOPPERS: usize = 50;
const COPIES: usize = 4;
const CLIENTS: usize = 12;
/// Past the quarter of an hour that makes an event without its partner a feed gap.
const LATER: &str = "2026-01-05T08:16:00Z";

/// What a shopper's order is worth beside the sum of the swipes before any report.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Ample,
    None,
    /// Exceeded by all swipes together, and still after every reversal.
    Short,
    /// Exceeded until the reversals arrive.
    ShortAtFirst,
}

fn order_of(shopper: usize) -> Order {
    match shopper {
        0..30 => Order::Ample,
        30..40 => Order::None,
        40..45 => Order::Short,
        _ => Order::ShortAtFirst,
    }
}

fn cents(number: usize) -> i64 {
    10_000 + number as i64
}

/// One of a swipe's reports, and its partial or whole amount.
fn reports(number: usize) -> Vec<(&'static str, i64)> {
    let (all, some) = (cents(number), 1_000 + number as i64 % 7);
    if order_of(number % SHOPPERS) == Order::ShortAtFirst {
        return vec![("after", all), ("reversal", -all / 2)];
    }
    match number / SHOPPERS % 10 {
        // What goes back here must not bring the order's value into reach.
        5 | 7 if order_of(number % SHOPPERS) == Order::Short => vec![("after", all)],
        5 => vec![("after", all), ("reversal", all)],
        6 => vec![("after", all), ("reversal", -some)],
        7 => vec![("decline", all)],
        // Foreign, so declined by us: the bank agrees, or says that it went through all the same.
        8 => vec![("decline", all)],
        9 => vec![("after", all)],
        _ => vec![("after", all)],
    }
}

fn event(number: usize, cents: i64) -> Value {
    let event = swipe(&format!("card-s{}", number % SHOPPERS), &format!("s{number}"), cents);
    let foreign = order_of(number % SHOPPERS) != Order::ShortAtFirst && number / SHOPPERS % 10 >= 8;
    if foreign { with(&event, json!({"currencyCode": "USD"})) } else { event }
}

/// What all swipes of a shopper come to that are not foreign.
fn spent(shopper: usize) -> i64 {
    let own = (0..SWIPES).filter(|number| number % SHOPPERS == shopper);
    own.filter(|number| event(*number, 1)["currencyCode"] == "zar").map(cents).sum()
}

fn world() -> Vec<Value> {
    let mut lines = small_world();
    for shopper in 0..SHOPPERS {
        let id = format!("shopper-s{shopper}");
        lines.push(line("shopper", json!({"id": id, "name": format!("Shopper {shopper}")})));
        let masked = format!("422254XXXXXX{shopper:04}");
        lines.push(line(
            "card",
            json!({"id": format!("card-s{shopper}"), "masked_number": masked, "shopper_id": id}),
        ));
        // Excesses stay between the thresholds of alert and decline, so no decision hangs on the order of swipes.
        let value = match order_of(shopper) {
            Order::Ample => spent(shopper) * 4,
            Order::Short => spent(shopper) * 100 / 140,
            Order::ShortAtFirst => spent(shopper) * 100 / 120,
            Order::None => continue,
        };
        let order = crate::support::order(&format!("order-s{shopper}"), value);
        lines.push(line("order", with(&order, json!({"shopper_id": id}))));
    }
    lines
}

type Call = (&'static str, Value);

/// Sends `calls` from parallel clients; answers them with what was said, in the order of `calls`.
async fn send(daemon: &Arc<Daemon>, calls: Vec<Call>) -> Vec<Value> {
    let calls = Arc::new(calls);
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (daemon, calls, next) = (daemon.clone(), calls.clone(), next.clone());
        clients.spawn(async move {
            let mut heard = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((hook, event)) = calls.get(at) else { return heard };
                let (status, answer) = daemon.hook_raw(hook, event.to_string()).await;
                assert!(matches!(status, StatusCode::OK | StatusCode::ACCEPTED), "{answer}");
                assert_ne!(answer["stand_in"], true, "no swipe may hit the deadline here");
                heard.push((at, answer));
            }
        });
    }
    let mut heard: Vec<(usize, Value)> = clients.join_all().await.into_iter().flatten().collect();
    heard.sort_by_key(|(at, _)| *at);
    heard.into_iter().map(|(_, answer)| answer).collect()
}

fn befores(which: impl Fn(usize) -> bool) -> Vec<Call> {
    (0..SWIPES)
        .filter(|number| which(*number))
        .map(|number| ("before", event(number, cents(number))))
        .collect()
}

/// Every fourth swipe of shoppers with an ample order: its question comes among the reports.
fn is_late(number: usize) -> bool {
    number.is_multiple_of(4) && order_of(number % SHOPPERS) == Order::Ample
}

/// Lost reports: the swipe's own, until the clock has raised the gap; then those of every second come.
fn is_lost(number: usize) -> bool {
    number % 125 == 3
}

fn report_calls(which: impl Fn(usize) -> bool) -> Vec<Call> {
    let numbers = (0..SWIPES).filter(|number| which(*number));
    numbers.flat_map(|n| reports(n).into_iter().map(move |(hook, cents)| (hook, event(n, cents)))).collect()
}

async fn start() -> Arc<Daemon> {
    let daemon = Daemon::start().await;
    // A busy machine must not turn into decisions.
    daemon.patch_settings(json!({"deadline_ms": 1_900, "native_notifications": false})).await;
    // Which of many swipes at once exceeds a window hangs on their order by nature.
    daemon.without_history_rules().await;
    daemon.ingest(&world()).await;
    Arc::new(daemon)
}

/// Events of swipes that never were.
fn strays() -> Vec<Call> {
    (0..10).map(|n| ("after", swipe("card-1", &format!("stray-{n}"), 5_000 + n))).collect()
}

async fn end(daemon: &Arc<Daemon>) -> Value {
    daemon.clock(LATER).await;
    send(daemon, report_calls(|n| is_lost(n) && n % 2 == 0)).await;
    send(daemon, vec![("before", strays()[0].1.clone())]).await;
    state(daemon).await
}

/// Everything that is not a decision's own: which swipe of a card fired first, and what was explained since.
async fn state(daemon: &Daemon) -> Value {
    let mut swipes = BTreeMap::new();
    let mut cards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in daemon.every("/v1/authorizations?limit=500").await {
        let mut events: Vec<String> = Vec::new();
        for event in row["events"].as_array().unwrap() {
            events.push(format!("{} {} {}", event["kind"], event["amount_cents"], event["matched_by"]));
        }
        events.sort();
        let kept = json!({"state": row["bank_state"], "net": row["net_cents"], "events": events,
                          "order": row["order"]["order_id"], "spent": row["order"]["spent_cents"]});
        swipes.insert(row["reference"].as_str().unwrap().to_owned(), kept);
        let left = row["reasons"].as_array().unwrap().iter().filter(|reason| reason["explained"].is_null());
        let rules = left.map(|reason| reason["rule"].as_str().unwrap().to_owned());
        cards.entry(row["card_id"].as_str().unwrap().to_owned()).or_default().extend(rules);
    }
    let (mut gaps, mut open): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    for alert in daemon.every("/v1/alerts?limit=500").await {
        let card = alert["card_id"].as_str().unwrap();
        let resolved = alert["status"] == "resolved";
        if alert["gap_kind"].is_string() {
            // A report and its reversal that came in the other order never contradicted anything.
            if !(resolved && alert["gap_kind"] == "contradicted") {
                let words = ["gap_kind", "status", "disposition", "amount_cents"]
                    .map(|field| alert[field].to_string());
                *gaps.entry(format!("{card} {}", words.join(" "))).or_default() += 1;
            }
        } else if !resolved {
            *open.entry(card.to_owned()).or_default() += 1;
        }
    }
    // Swipes over an order's value are other ones in another order, and so are their alerts.
    for (card, count) in &mut open {
        *count = if cards[card].contains("over_order_value") { 1 } else { *count };
    }
    let unmatched = daemon.every("/v1/bank-events?limit=500&unmatched=true").await.len();
    json!({"swipes": swipes, "cards": cards, "gaps": gaps, "open": open, "unmatched": {"events": unmatched}})
}

async fn in_plain_order() -> Value {
    let daemon = start().await;
    send(&daemon, befores(|_| true)).await;
    send(&daemon, report_calls(|n| !is_lost(n))).await;
    send(&daemon, strays()).await;
    end(&daemon).await
}

async fn shuffled(seed: u64) -> Value {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let daemon = start().await;
    let mut first = befores(|n| !is_late(n));
    first.shuffle(&mut dice);
    send(&daemon, first).await;
    let mut calls = Vec::new();
    for _ in 0..COPIES {
        calls.extend(report_calls(|n| !is_lost(n)));
        calls.extend(strays());
    }
    assert!(calls.len() >= 10_000, "{} reports", calls.len());
    calls.extend(befores(is_late));
    calls.shuffle(&mut dice);
    let answers = send(&daemon, calls.clone()).await;
    once_each(&calls, &answers);
    let rows = daemon.every("/v1/bank-events?limit=500").await;
    let distinct = report_calls(|n| !is_lost(n)).len() + strays().len();
    assert_eq!(rows.len(), distinct, "one row for each report, however often it was sent");
    end(&daemon).await
}

/// All copies of a report get one id, and exactly one of them was new.
fn once_each(calls: &[Call], answers: &[Value]) {
    let mut heard: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
    for ((hook, event), answer) in calls.iter().zip(answers).filter(|((hook, _), _)| *hook != "before") {
        let key = format!("{hook} {}", event["reference"]);
        let (fresh, id) = heard.entry(key).or_insert((0, &answer["event_id"]));
        assert_eq!(*id, &answer["event_id"]);
        *fresh += usize::from(answer["duplicate"] == false);
    }
    for (key, (fresh, _)) in heard {
        assert_eq!(fresh, 1, "{key}");
    }
}

fn same(shuffled: &Value, plain: &Value) {
    for part in ["swipes", "cards", "gaps", "open", "unmatched"] {
        let (left, right) = (shuffled[part].as_object().unwrap(), plain[part].as_object().unwrap());
        for (key, value) in left {
            assert_eq!(Some(value), right.get(key), "{part}: {key} differs from plain order");
        }
        let missing: Vec<&String> = right.keys().filter(|key| !left.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{part}: only in plain order: {missing:?}");
    }
}

fn something_to_compare(plain: &Value) {
    let rules = |shopper: usize| plain["cards"][format!("card-s{shopper}")].clone();
    assert_eq!(rules(3), json!(["feed_gap", "foreign"]));
    // A foreign swipe that we declined and that went through all the same is a feed gap, too.
    assert_eq!(rules(35), json!(["feed_gap", "foreign", "no_open_order"]));
    assert_eq!(rules(42), json!(["feed_gap", "foreign", "over_order_value"]));
    assert_eq!(rules(47), json!([]), "its reversals explain it");
    for kind in ["missing_after", "missing_before", "contradicted"] {
        let of_kind = plain["gaps"].as_object().unwrap().keys().filter(|key| key.contains(kind)).count();
        assert!(of_kind > 5, "{kind}: {of_kind}");
    }
}

/// If this fails, the order or number of the bank's reports changes what we believe of a swipe.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_shuffled_reports_end_as_in_plain_order() {
    let plain = in_plain_order().await;
    something_to_compare(&plain);
    for seed in [1, 2] {
        same(&shuffled(seed).await, &plain);
    }
}

/// If this fails, a bank that sends no references gets another result when its reports overtake each other.
#[tokio::test]
async fn reports_without_a_reference_end_the_same_in_any_order() {
    let daemon = Daemon::start().await;
    daemon.ingest(&small_world()).await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for sign in [1, -1] {
        for (number, order) in orders.into_iter().enumerate() {
            let cents = 20_000 + 100 * number as i64 + sign;
            let event = with(&swipe("card-1", "", cents), json!({"reference": null}));
            let back = with(&event, json!({"centsAmount": sign * cents}));
            let calls = [("before", &event), ("after", &event), ("reversal", &back)];
            for (hook, event) in order.map(|at| calls[at]) {
                let (status, answer) = daemon.hook_raw(hook, event.to_string()).await;
                assert!(status.is_success(), "{answer}");
            }
            let swipes = daemon.items("/v1/authorizations?limit=500").await;
            let swipe = swipes.iter().find(|swipe| swipe["amount_cents"] == cents).unwrap();
            let end = (&swipe["bank_state"], &swipe["net_cents"]);
            let names = order.map(|at| calls[at].0);
            assert_eq!(end, (&json!("reversed"), &json!(0)), "{names:?}, reversed by {}", sign * cents);
        }
    }
}

/// If this fails, one late fact about an order floods the queue with an alert for each of its swipes.
#[tokio::test]
async fn swipes_of_a_card_that_fire_late_share_an_alert() {
    let daemon = Daemon::start().await;
    daemon.without_history_rules().await;
    daemon.ingest(&small_world()).await;
    daemon.ingest(&[line("order", crate::support::order("order-1", 100_000))]).await;
    for number in 0..4 {
        daemon.clock(&format!("2026-01-05T08:00:0{number}Z")).await;
        daemon.before(&swipe("card-1", &format!("late-{number}"), 20_000)).await;
    }
    assert_eq!(daemon.items("/v1/alerts").await.len(), 0);
    let less = with(&crate::support::order("order-1", 100_000), json!({"supplied_cents": 10_000}));
    daemon.ingest(&[line("order", less)]).await;
    let alerts = daemon.items("/v1/alerts?status=open").await;
    assert_eq!(alerts.len(), 1, "all within ten minutes: {} alerts", alerts.len());
    assert_eq!(alerts[0]["count"], 4);
}
