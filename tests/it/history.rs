//! Rolling windows, rosters and travel, as the daemon sums them up, against a plain recount.

use crate::support::{Daemon, line, order, rules_of, small_world, swipe, with};
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const NOW_MS: i64 = 1_767_600_000_000;

fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A swipe as the model keeps it, in the order of decision.
struct Kept {
    at: i64,
    cents: i64,
    net: i64,
    home: bool,
    simulated: bool,
    liquor: bool,
    reference: String,
    id: String,
}

/// The facts that windows make, recounted from everything decided before `kept[index]`.
fn recount(kept: &[Kept], index: usize, backed: &[bool]) -> Value {
    let own = &kept[index];
    let mut sums = [[0_i64; 4]; 2];
    for (other, backed) in kept[..=index].iter().zip(backed) {
        let itself = std::ptr::eq(other, own);
        // The swipe itself counts whole, whatever becomes of it later.
        let net = if itself { own.cents } else { other.net };
        if other.simulated != own.simulated || !other.home || net <= 0 {
            continue;
        }
        for (window, sums) in [60 * MINUTE, 1_440 * MINUTE].into_iter().zip(&mut sums) {
            if other.at > own.at - window && other.at <= own.at {
                let add = [1, i64::from(*backed), net, net * i64::from(*backed)];
                sums.iter_mut().zip(add).for_each(|(sum, add)| *sum += add);
            }
        }
    }
    let mut facts = json!({});
    for (name, sums) in ["1h", "24h"].into_iter().zip(sums) {
        for (fact, sum) in ["swipes", "backed_swipes", "cents", "backed_cents"].into_iter().zip(sums) {
            if sum != 0 {
                facts[format!("{fact}_{name}")] = json!(sum);
            }
        }
    }
    if backed[index] {
        facts["backed"] = json!(true);
    }
    facts
}

/// Which swipes the order of ample value accounts for: the first of each till that still counts.
fn backed(kept: &[Kept], ordered: bool) -> Vec<bool> {
    kept.iter()
        .enumerate()
        .map(|(index, own)| {
            let first = |other: &Kept| {
                other.liquor == own.liquor && other.simulated == own.simulated && other.home && other.net > 0
            };
            ordered && !kept[..index].iter().any(first)
        })
        .collect()
}

async fn send(daemon: &Daemon, kept: &mut Vec<Kept>, dice: &mut ChaCha8Rng, spread: i64) {
    // Multiples of five minutes: many swipes lie exactly at the edges of others' windows.
    let at = NOW_MS + 5 * MINUTE * dice.random_range(-spread..=0);
    let home = !dice.random_bool(0.1);
    let liquor = dice.random_bool(0.3);
    let simulated = dice.random_bool(0.1);
    let cents = dice.random_range(1..5_000);
    let reference = format!("r-{}", kept.len());
    let event = with(
        &swipe("card-1", &reference, cents),
        json!({"dateTime": time(at), "currencyCode": if home { "zar" } else { "usd" },
            "merchant": {"category": {"code": if liquor { "5921" } else { "5411" }}}}),
    );
    let event = if simulated { with(&event, json!({"reference": "simulation"})) } else { event };
    let answer = daemon.before(&event).await;
    assert_eq!(answer["duplicate"], false, "{answer}");
    let net = if home { cents } else { 0 };
    let id = answer["decision_id"].as_str().unwrap().to_owned();
    kept.push(Kept { at, cents, net, home, simulated, liquor, reference, id });
}

async fn facts_of(daemon: &Daemon, id: &str) -> Value {
    let facts = daemon.get(&format!("/v1/authorizations/{id}")).await["facts"]["velocity"].clone();
    if facts.is_null() { json!({}) } else { facts }
}

/// If this fails, a card's velocity is not what its swipes come to.
#[tokio::test]
async fn rolling_windows_equal_a_recount() {
    for (seed, ordered) in [(1, false), (2, true), (3, true)] {
        let daemon = Daemon::with_small_world().await;
        if ordered {
            let ample = with(&order("order-1", 100_000_000), json!({"assigned_at": "2026-01-04T22:00:00Z"}));
            daemon.ingest(&[line("order", ample)]).await;
        }
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut kept = Vec::new();
        for _ in 0..120 {
            send(&daemon, &mut kept, &mut dice, if ordered { 100 } else { 280 }).await;
            let last = kept.len() - 1;
            let expected = recount(&kept, last, &backed(&kept, ordered));
            assert_eq!(facts_of(&daemon, &kept[last].id).await, expected, "seed {seed}, swipe {last}");
            if dice.random_bool(0.15) && kept[last].home && !kept[last].simulated {
                reverse(&daemon, &mut kept[last]).await;
            }
        }
    }
}

async fn reverse(daemon: &Daemon, own: &mut Kept) {
    let code = if own.liquor { "5921" } else { "5411" };
    let back = with(
        &swipe("card-1", &own.reference, own.cents),
        json!({"dateTime": time(own.at), "merchant": {"category": {"code": code}}}),
    );
    let (status, answer) = daemon.hook_raw("reversal", back.to_string()).await;
    assert!(status.is_success(), "{answer}");
    own.net = 0;
}

/// If this fails, the windows of a very busy card, which are carried forward and not summed up, drift.
#[tokio::test]
async fn a_busy_cards_windows_equal_a_recount() {
    let daemon = Daemon::with_small_world().await;
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut kept = Vec::new();
    for number in 0..1_300 {
        send(&daemon, &mut kept, &mut dice, 280).await;
        if [700, 900, 1_100].contains(&number)
            && let Some(own) = kept.iter_mut().rfind(|own| own.home && !own.simulated)
        {
            reverse(&daemon, own).await;
        }
        if number < 480 || number % 7 != 0 {
            continue;
        }
        let last = kept.len() - 1;
        let expected = recount(&kept, last, &backed(&kept, false));
        assert_eq!(facts_of(&daemon, &kept[last].id).await, expected, "swipe {last}");
    }
}

/// A daemon with a shopper on an early shift, an order in it, and a colleague on the late one.
async fn rostered() -> Daemon {
    let daemon = Daemon::with_small_world().await;
    let shift = |id: &str, shopper: &str, from: &str, to: &str| {
        line("shift", json!({"id": id, "shopper_id": shopper, "starts_at": from, "ends_at": to}))
    };
    daemon
        .ingest(&[
            shift("early", "shopper-1", "2026-01-05T04:00:00Z", "2026-01-05T07:00:00Z"),
            shift("late", "shopper-2", "2026-01-05T07:00:00Z", "2026-01-05T16:00:00Z"),
        ])
        .await;
    // The colleague works: no swap.
    let theirs = json!({"shopper_id": "shopper-2", "assigned_at": "2026-01-05T07:30:00Z"});
    daemon.ingest(&[line("order", with(&order("order-2", 50_000), theirs))]).await;
    daemon
}

fn assigned(at: &str) -> Value {
    line("order", with(&order("order-1", 50_000), json!({"assigned_at": at})))
}

#[tokio::test]
async fn a_swipe_outside_the_roster_is_off_shift() {
    let daemon = rostered().await;
    daemon.ingest(&[assigned("2026-01-05T07:40:00Z")]).await;
    let at = |time: &str| json!({"dateTime": time});
    let edge = daemon.before(&with(&swipe("card-1", "r1", 1_000), at("2026-01-05T07:15:00Z"))).await;
    assert!(!rules_of(&edge).contains(&"off_shift".to_owned()), "a quarter of an hour after: {edge}");
    let late = daemon.before(&swipe("card-1", "r2", 1_000)).await;
    assert_eq!(rules_of(&late), ["off_shift"], "an hour after the shift, on an order begun after it: {late}");
}

#[tokio::test]
async fn overtime_a_swap_and_no_roster_accuse_nobody() {
    let overtime = rostered().await;
    overtime.ingest(&[assigned("2026-01-05T06:50:00Z")]).await;
    let answer = overtime.before(&swipe("card-1", "r1", 1_000)).await;
    assert_eq!(rules_of(&answer), Vec::<String>::new(), "the order began in the shift: {answer}");

    let swap = rostered().await;
    let taken = json!({"shopper_id": "shopper-1", "assigned_at": "2026-01-05T07:30:00Z"});
    swap.ingest(&[line("order", with(&order("order-2", 50_000), taken))]).await;
    let answer = swap.before(&swipe("card-1", "r1", 1_000)).await;
    assert_eq!(rules_of(&answer), Vec::<String>::new(), "the colleague on shift has no orders: {answer}");

    let unknown = Daemon::with_small_world().await;
    unknown.ingest(&[assigned("2026-01-05T07:30:00Z")]).await;
    let answer = unknown.before(&swipe("card-1", "r1", 1_000)).await;
    assert_eq!(rules_of(&answer), Vec::<String>::new(), "nothing is known of the roster: {answer}");
}

#[tokio::test]
async fn a_roster_that_arrives_late_clears_the_shopper() {
    let daemon = rostered().await;
    daemon.ingest(&[assigned("2026-01-05T07:40:00Z")]).await;
    daemon.before(&swipe("card-1", "r1", 1_000)).await;
    assert_eq!(daemon.items("/v1/alerts?status=open").await.len(), 1);
    let longer = json!({"id": "early", "shopper_id": "shopper-1", "starts_at": "2026-01-05T04:00:00Z",
        "ends_at": "2026-01-05T09:00:00Z"});
    daemon.ingest(&[line("shift", longer)]).await;
    let alerts = daemon.items("/v1/alerts").await;
    assert_eq!(
        (&alerts[0]["status"], &alerts[0]["disposition"]),
        (&json!("resolved"), &json!("explained")),
        "{alerts:#?}"
    );
}

#[tokio::test]
async fn a_card_at_two_places_at_once_has_been_copied() {
    let daemon = Daemon::with_small_world().await;
    let far = json!({"id": "store-9", "name": "Makro Milnerton", "lat": -33.87, "lng": 18.5});
    daemon.ingest(&[line("store", far), line("order", order("order-1", 50_000))]).await;
    let here = daemon.before(&swipe("card-1", "r1", 1_000)).await;
    assert_eq!(rules_of(&here), Vec::<String>::new(), "{here}");
    let there = json!({"merchant": {"name": "MAKRO MILNERTON"}, "dateTime": "2026-01-05T08:20:00Z"});
    let there = daemon.before(&with(&swipe("card-1", "r2", 1_000), there)).await;
    assert_eq!(rules_of(&there), ["impossible_travel", "wrong_merchant"], "{there}");
    let back = json!({"dateTime": "2026-01-05T08:25:00Z"});
    let back = daemon.before(&with(&swipe("card-1", "r3", 1_000), back)).await;
    assert!(!rules_of(&back).contains(&"impossible_travel".to_owned()), "the shopper never left: {back}");
}

#[tokio::test]
async fn wrong_coordinates_send_nobody_on_an_impossible_journey() {
    for (lat, lng) in [(26.15, 28.08), (28.08, -26.15), (0.0, 0.0), (-33.9, 18.4)] {
        let daemon = Daemon::with_small_world().await;
        let wrong = json!({"id": "store-2", "name": "Pick n Pay Norwood", "lat": lat, "lng": lng});
        let delivery = json!({"delivery": {"lat": -26.16, "lng": 28.07}, "store_id": "store-2",
            "assigned_at": "2026-01-05T07:58:00Z"});
        daemon
            .ingest(&[
                line("store", wrong),
                line("order", order("order-1", 50_000)),
                line("order", with(&order("order-2", 50_000), delivery)),
            ])
            .await;
        daemon.before(&swipe("card-1", "r1", 1_000)).await;
        let next = json!({"merchant": {"name": "PICK N PAY NORWOOD"}, "dateTime": "2026-01-05T08:20:00Z"});
        let answer = daemon.before(&with(&swipe("card-1", "r2", 1_000), next)).await;
        assert_eq!(rules_of(&answer), Vec::<String>::new(), "{lat} {lng}: {answer}");
    }
}

#[tokio::test]
async fn after_completion_goes_by_the_authorizations_time_not_by_its_arrival() {
    let daemon = Daemon::start().await;
    daemon.ingest(&small_world()).await;
    let done = json!({"assigned_at": "2026-01-05T07:00:00Z", "completed_at": "2026-01-05T07:40:00Z", "status": "delivered"});
    daemon.ingest(&[line("order", with(&order("order-1", 50_000), done))]).await;
    let at = |time: &str| json!({"dateTime": time});
    let posted = daemon.before(&with(&swipe("card-1", "r1", 1_000), at("2026-01-05T07:39:00Z"))).await;
    assert_eq!(rules_of(&posted), Vec::<String>::new(), "authorized before the end: {posted}");
    let edge = daemon.before(&with(&swipe("card-1", "r2", 1_000), at("2026-01-05T07:50:00Z"))).await;
    assert_eq!(rules_of(&edge), Vec::<String>::new(), "ten minutes: {edge}");
    let after = daemon.before(&with(&swipe("card-2", "r3", 1_000), at("2026-01-05T07:50:01Z"))).await;
    assert!(!rules_of(&after).contains(&"after_completion".to_owned()), "another shopper's card: {after}");
    let after = daemon.before(&with(&swipe("card-1", "r4", 1_000), at("2026-01-05T07:50:01Z"))).await;
    assert!(rules_of(&after).contains(&"after_completion".to_owned()), "{after}");
}
