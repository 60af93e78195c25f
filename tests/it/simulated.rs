//! The bank's simulator and the real world never touch.

use crate::slack::Receiver;
use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

fn simulated(card: &str, cents: i64) -> Value {
    swipe(card, "simulation", cents)
}

#[tokio::test]
async fn a_simulated_swipe_is_decided_like_a_real_one() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    let clean = d.before(&simulated("card-1", 100_000)).await;
    assert_eq!((&clean["outcome"], &clean["reasons"]), (&json!("approve"), &json!([])), "{clean}");
    let kept = d.decision(&clean).await;
    assert_eq!(
        (&kept["simulated"], &kept["order"]["order_id"], &kept["reference"]),
        (&json!(true), &json!("order-1"), &Value::Null),
        "the same cards and orders: {kept}"
    );
    let over = d.before(&simulated("card-1", 90_000)).await;
    assert_eq!(
        rules_of(&over),
        ["over_order_value"],
        "simulated history counts among simulated swipes: {over}"
    );
}

#[tokio::test]
async fn simulated_swipes_never_use_up_an_order_for_real_ones_nor_the_reverse() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    d.before(&simulated("card-1", 100_000)).await;
    let real = d.before(&swipe("card-1", "r-1", 100_000)).await;
    assert_eq!(real["reasons"], json!([]), "a test run accused a real shopper: {real}");
    assert_eq!(
        d.decision(&real).await["order"]["spent_cents"],
        100_000,
        "the order's spending is the real one"
    );
    d.ingest(&[line("order", with(&order("order-2", 100_000), json!({"shopper_id": "shopper-2"})))]).await;
    d.before(&swipe("card-2", "r-2", 100_000)).await;
    let pretend = d.before(&simulated("card-2", 100_000)).await;
    assert_eq!(pretend["reasons"], json!([]), "simulated history only: {pretend}");
    // Also when judged afresh.
    d.ingest(&[line("order", with(&order("order-1", 100_000), json!({"supplied_cents": 95_000})))]).await;
    assert!(d.alerts().await.is_empty(), "{:#?}", d.alerts().await);
}

#[tokio::test]
async fn a_simulated_swipe_is_no_repeat_of_a_real_one_nor_the_reverse() {
    for real_first in [true, false] {
        let d = Daemon::with_small_world().await;
        let real = with(&swipe("card-1", "x", 19_190), json!({"reference": null}));
        let (first, second) = if real_first {
            (real.clone(), simulated("card-1", 19_190))
        } else {
            (simulated("card-1", 19_190), real)
        };
        let one = d.before(&first).await;
        let two = d.before(&second).await;
        assert_eq!(
            two["duplicate"], false,
            "real first {real_first}: a real swipe without reference vanished in a simulation, or the reverse: {two}"
        );
        assert_ne!(one["decision_id"], two["decision_id"]);
    }
}

#[tokio::test]
async fn a_simulated_report_settles_no_real_swipe_and_is_no_repeat_of_a_real_one() {
    let d = Daemon::with_small_world().await;
    let real = with(&swipe("card-1", "x", 19_190), json!({"reference": null}));
    let answer = d.before(&real).await;
    d.report("after", &simulated("card-1", 19_190)).await;
    assert_eq!(
        d.decision(&answer).await["bank_state"],
        "awaiting_after",
        "a simulation confirmed a real purchase"
    );
    let received = d.report("after", &real).await;
    assert_eq!(received["duplicate"], false, "the real report vanished in the simulated one: {received}");
    assert_eq!(d.decision(&answer).await["bank_state"], "reported_success");
}

#[tokio::test]
async fn a_simulated_report_that_came_first_is_not_adopted_by_a_real_swipe() {
    let d = Daemon::with_small_world().await;
    d.report("after", &simulated("card-1", 19_190)).await;
    let answer = d.before(&with(&swipe("card-1", "x", 19_190), json!({"reference": null}))).await;
    assert_eq!(
        d.decision(&answer).await["bank_state"],
        "awaiting_after",
        "a simulation confirmed a real purchase"
    );
}

#[tokio::test]
async fn a_simulated_swipe_never_deactivates_a_card() {
    let d = Daemon::with_small_world().await;
    d.desk(Method::PUT, "/v1/rules/no_open_order", Some(json!({"outcome": "decline_and_deactivate"}))).await;
    let answer = d.before(&simulated("card-1", 100)).await;
    assert_eq!(answer["outcome"], "decline", "decided alike: {answer}");
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "active", "a test run took a shopper's card away");
    d.before(&swipe("card-1", "r-1", 100)).await;
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "deactivated", "the control: a real one does");
}

#[tokio::test]
async fn a_deactivated_card_declines_simulated_swipes_too() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    assert_eq!(d.before(&simulated("card-1", 100)).await["outcome"], "decline");
}

#[tokio::test]
async fn simulated_alerts_say_so_and_join_only_their_like() {
    let (d, slack) = (Daemon::with_small_world().await, Receiver::start().await);
    d.patch_settings(json!({"slack_webhook_url": slack.url})).await;
    d.before(&simulated("card-1", 100)).await;
    d.before(&swipe("card-1", "r-1", 200)).await;
    d.before(&simulated("card-1", 300)).await;
    d.before(&swipe("card-1", "r-2", 400)).await;
    let alerts = d.alerts().await;
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    for alert in &alerts {
        let cents = if alert["simulated"] == json!(true) { 100 } else { 200 };
        assert_eq!((&alert["amount_cents"], &alert["count"]), (&json!(cents), &json!(2)), "{alert:#}");
    }
    d.clock(T0).await;
    let texts: Vec<String> = slack.taken().iter().map(|m| m.text()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    for text in texts {
        assert_eq!(
            text.contains("[SIMULATED]"),
            text.contains("R1.00"),
            "people must not chase a test, nor ignore a theft: {text}"
        );
    }
    let notes = d.items("/v1/notifications").await;
    assert_eq!(
        notes.iter().filter(|n| n["title"].as_str().unwrap().contains("[SIMULATED]")).count(),
        1,
        "{notes:#?}"
    );
    assert_eq!(d.items("/v1/alerts?simulated=true").await.len(), 1);
}

#[tokio::test]
async fn a_simulated_feed_gap_says_that_it_is_simulated() {
    let d = Daemon::with_small_world().await;
    d.before(&simulated("card-1", 100)).await;
    d.clock(&after_t0(15 * MINUTE_MS)).await;
    let gaps = d.gaps().await;
    assert!(gaps.iter().all(|gap| gap["simulated"] == json!(true)), "{gaps:#?}");
}

#[tokio::test]
async fn no_report_counts_a_simulated_swipe() {
    let d = Daemon::with_small_world().await;
    let numbers = async || {
        let mut all = Vec::new();
        for name in ["decisions-per-hour", "alerts-per-hour"] {
            for form in ["json", "csv", "svg"] {
                let file = format!("/v1/reports/{name}.{form}");
                all.push((file.clone(), d.get(&file).await));
            }
        }
        let card = d.get("/v1/cards/card-1").await;
        all.push(("approved today".into(), card["approved_today_cents"].clone()));
        all.push(("swipes by hour".into(), card["swipes_by_hour"].clone()));
        all
    };
    let before = numbers().await;
    for cents in [100, 200, 300] {
        d.before(&simulated("card-1", cents)).await;
    }
    for ((what, before), (_, after)) in before.into_iter().zip(numbers().await) {
        assert_eq!(before, after, "{what} counts simulated swipes");
    }
    d.before(&swipe("card-1", "r-1", 100)).await;
    assert_ne!(
        d.get("/v1/reports/decisions-per-hour.json").await["items"],
        json!([]),
        "the control: a real one is counted"
    );
}

#[tokio::test]
async fn the_word_simulation_alone_makes_a_swipe_simulated() {
    let d = Daemon::with_small_world().await;
    for (reference, is) in [("simulation", true), ("simulation-1", false), ("my simulation", false)] {
        let answer = d.before(&swipe("card-1", reference, 100)).await;
        assert_eq!(d.decision(&answer).await["simulated"], is, "{reference}");
    }
}
