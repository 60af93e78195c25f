//! The bank calls twice: one decision, one alert, one count.

use crate::support::*;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * HOUR_MS;

fn same(first: &Value, again: &Value, what: &str) {
    assert_eq!(
        again["decision_id"], first["decision_id"],
        "{what}: a repeat must get the first decision: {again}"
    );
    assert_eq!(again["duplicate"], true, "{what}: {again}");
    assert_eq!(again["outcome"], first["outcome"], "{what}");
    assert_eq!(rules_of(again), rules_of(first), "{what}");
}

fn fresh(first: &Value, again: &Value, what: &str) {
    assert_ne!(
        again["decision_id"], first["decision_id"],
        "{what}: another swipe must not hide behind the first: {again}"
    );
    assert_eq!(again["duplicate"], false, "{what}: {again}");
}

#[tokio::test]
async fn a_repeat_gets_the_first_decision_one_alert_and_no_second_count() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    let clean = d.before(&swipe("card-1", "r-0", 80_000)).await;
    let first = d.before(&swipe("card-1", "r-1", 40_000)).await;
    assert_eq!(rules_of(&first), ["over_order_value"], "{first}");
    for _ in 0..3 {
        same(&first, &d.before(&swipe("card-1", "r-1", 40_000)).await, "same reference");
        same(&clean, &d.before(&swipe("card-1", "r-0", 80_000)).await, "the clean one");
    }
    let alert = d.the_alert().await;
    assert_eq!(alert["count"], 1, "a repeat counted as a second swipe: {alert}");
    let kept = d.items("/v1/authorizations?card_id=card-1").await;
    assert_eq!(kept.len(), 2, "a repeat made a second row: {kept:#?}");
    assert!(kept.iter().all(|a| a["repeats"] == 3), "each repeat is kept on record: {kept:#?}");
    assert_eq!(kept[0]["order"]["spent_cents"], 120_000, "a repeat spent the order twice");
    assert_eq!(d.gaps().await.len(), 0, "a repeat is no feed fault");
}

#[tokio::test]
async fn ten_calls_at_once_make_one_decision() {
    let d = std::sync::Arc::new(Daemon::with_small_world().await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let d = d.clone();
        calls.spawn(async move { d.before(&swipe("card-1", "r-1", 19_190)).await });
    }
    let answers = calls.join_all().await;
    let firsts = answers.iter().filter(|a| a["duplicate"] == json!(false)).count();
    assert_eq!(firsts, 1, "exactly one call is the first: {answers:#?}");
    assert!(answers.iter().all(|a| a["decision_id"] == answers[0]["decision_id"]), "{answers:#?}");
    assert_eq!(d.the_alert().await["count"], 1);
}

#[tokio::test]
async fn a_reference_identifies_a_repeat_for_24_hours_and_no_longer() {
    let d = Daemon::with_small_world().await;
    let first = d.before(&swipe("card-1", "r-1", 19_190)).await;
    d.clock(&after_t0(DAY_MS - 1)).await;
    same(&first, &d.before(&swipe("card-1", "r-1", 19_190)).await, "23:59:59.999");
    d.clock(&after_t0(DAY_MS + 1)).await;
    let later = d.before(&swipe("card-1", "r-1", 19_190)).await;
    fresh(&first, &later, "24:00:00.001: counted from the first receipt, not from the last repeat");
    same(&later, &d.before(&swipe("card-1", "r-1", 19_190)).await, "it is now the first");
    assert!(
        d.gaps().await.iter().all(|gap| gap["gap_kind"] != "reference_reused"),
        "a reference a day old is free again"
    );
}

#[tokio::test]
async fn the_banks_time_is_never_part_of_a_repeats_identity() {
    let d = Daemon::with_small_world().await;
    for reference in [json!("r-1"), Value::Null] {
        let event = with(&swipe("card-1", "x", 19_190), json!({"reference": reference}));
        let first = d.before(&event).await;
        for time in ["2026-01-05T07:59:58.123Z", "2026-01-04T08:00:00Z", "2020-01-01T00:00:00Z"] {
            same(&first, &d.before(&with(&event, json!({"dateTime": time}))).await, time);
        }
    }
}

#[tokio::test]
async fn the_same_reference_with_other_content_is_a_new_authorization_and_a_feed_gap() {
    for (what, change) in [
        ("other cents", json!({"centsAmount": 19_191})),
        ("other currency", json!({"currencyCode": "usd"})),
        ("other merchant", json!({"merchant": {"name": "PNP NORWOOD"}})),
        ("other card", json!({"card": {"id": "card-2"}})),
    ] {
        let d = Daemon::with_small_world().await;
        let first = d.before(&swipe("card-1", "r-1", 19_190)).await;
        let changed = with(&swipe("card-1", "r-1", 19_190), change);
        let second = d.before(&changed).await;
        fresh(&first, &second, what);
        let gaps = d.gaps().await;
        assert_eq!(gaps.len(), 1, "{what}: ops must hear that the bank reuses references: {gaps:#?}");
        assert_eq!(gaps[0]["rules"], json!(["feed_gap"]), "{what}: a feed gap is always an alert of its own");
        same(&second, &d.before(&changed).await, "the second content has its own repeats");
        same(&first, &d.before(&swipe("card-1", "r-1", 19_190)).await, "the first content still has its own");
        assert_eq!(d.gaps().await.len(), 1, "{what}: repeats raise no further gap");
    }
}

#[tokio::test]
async fn with_a_reference_the_category_and_the_names_case_do_not_matter() {
    let d = Daemon::with_small_world().await;
    let first = d.before(&swipe("card-1", "r-1", 19_190)).await;
    let other =
        json!({"merchant": {"category": {"code": "0000"}, "name": "Makro Woodmead"}, "currencyCode": "ZAR"});
    same(&first, &d.before(&with(&swipe("card-1", "r-1", 19_190), other)).await, "category");
    assert_eq!(d.gaps().await.len(), 0);
}

#[tokio::test]
async fn without_a_reference_90_seconds_after_the_first_receipt_decide() {
    let d = Daemon::with_small_world().await;
    let mut cents = 10_000;
    let mut now = 0;
    for reference in [Value::Null, json!(""), json!("simulation")] {
        cents += 100;
        let event = with(&swipe("card-1", "x", cents), json!({"reference": reference}));
        d.clock(&after_t0(now)).await;
        let first = d.before(&event).await;
        d.clock(&after_t0(now + 60 * SECOND_MS)).await;
        same(&first, &d.before(&event).await, "60 s");
        d.clock(&after_t0(now + 90 * SECOND_MS)).await;
        same(&first, &d.before(&event).await, "90.000 s");
        d.clock(&after_t0(now + 90 * SECOND_MS + 1)).await;
        fresh(
            &first,
            &d.before(&event).await,
            "90.001 s: counted from the first receipt, not from the repeat",
        );
        now += 10 * MINUTE_MS;
    }
}

#[tokio::test]
async fn without_a_reference_every_part_of_the_content_tells_swipes_apart() {
    let d = Daemon::with_small_world().await;
    let event = with(&swipe("card-1", "x", 19_190), json!({"reference": null}));
    let first = d.before(&event).await;
    for (what, change) in [
        ("cents", json!({"centsAmount": 19_191})),
        ("currency", json!({"currencyCode": "usd"})),
        ("merchant", json!({"merchant": {"name": "PNP NORWOOD"}})),
        ("category", json!({"merchant": {"category": {"code": "5912"}}})),
        ("card", json!({"card": {"id": "card-2"}})),
        ("a reference", json!({"reference": "r-1"})),
    ] {
        fresh(&first, &d.before(&with(&event, change)).await, what);
    }
    same(&first, &d.before(&event).await, "the same");
    assert_eq!(d.gaps().await.len(), 0, "without a reference nothing can be reused");
}

#[tokio::test]
async fn the_duplicate_window_is_a_setting() {
    let d = Daemon::with_small_world().await;
    d.patch_settings(json!({"duplicate_window_secs": 10})).await;
    let event = with(&swipe("card-1", "x", 19_190), json!({"reference": null}));
    let first = d.before(&event).await;
    d.clock(&after_t0(10 * SECOND_MS)).await;
    same(&first, &d.before(&event).await, "10 s");
    d.clock(&after_t0(10 * SECOND_MS + 1)).await;
    fresh(&first, &d.before(&event).await, "10.001 s");
}

#[tokio::test]
async fn a_deactivated_cards_repeat_is_declined_and_still_a_duplicate() {
    let d = Daemon::with_small_world().await;
    let first = d.before(&swipe("card-1", "r-1", 19_190)).await;
    assert_eq!(first["outcome"], "approve");
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    let again = d.before(&swipe("card-1", "r-1", 19_190)).await;
    assert_eq!(
        again["outcome"], "decline",
        "a deactivated card must not be approved by its own past: {again}"
    );
    assert_eq!(
        (&again["duplicate"], &again["decision_id"]),
        (&json!(true), &first["decision_id"]),
        "{again}"
    );
    assert_eq!(rules_of(&again), ["card_deactivated"], "{again}");
    assert_eq!(d.items("/v1/authorizations?card_id=card-1").await.len(), 1);
    d.desk_post("/v1/cards/card-1/activate", json!({"reason": "found"})).await;
    same(&first, &d.before(&swipe("card-1", "r-1", 19_190)).await, "active again");
}

#[tokio::test]
async fn a_repeat_under_the_cards_other_id_is_a_repeat() {
    let d = Daemon::with_small_world().await;
    let hash = "ab".repeat(32);
    d.ingest(&[line("card", json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "shopper_id": "shopper-1", "other_ids": [hash]}))]).await;
    let first = d.before(&swipe("card-1", "r-1", 19_190)).await;
    same(&first, &d.before(&swipe(&hash, "r-1", 19_190)).await, "the card's other id");
}

#[tokio::test]
async fn a_repeated_report_is_the_same_event() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 19_190)).await;
    for hook in ["after", "decline", "reversal", "adjustment"] {
        let first = d.report(hook, &swipe("card-1", "r-1", 19_190)).await;
        assert_eq!(first["duplicate"], false, "{hook}: another hook's report is another event: {first}");
        let again = d
            .report(hook, &with(&swipe("card-1", "r-1", 19_190), json!({"dateTime": "2026-01-05T08:00:07Z"})))
            .await;
        assert_eq!((&again["event_id"], &again["duplicate"]), (&first["event_id"], &json!(true)), "{hook}");
        let other = d.report(hook, &swipe("card-1", "r-1", 19_191)).await;
        assert_eq!(other["duplicate"], false, "{hook}: another amount is another event");
    }
}

#[tokio::test]
async fn a_report_without_reference_repeats_within_90_seconds_only() {
    let d = Daemon::with_small_world().await;
    let event = with(&swipe("card-1", "x", 19_190), json!({"reference": null}));
    let first = d.report("after", &event).await;
    d.clock(&after_t0(90 * SECOND_MS)).await;
    assert_eq!(d.report("after", &event).await["event_id"], first["event_id"], "90.000 s");
    d.clock(&after_t0(90 * SECOND_MS + 1)).await;
    assert_ne!(d.report("after", &event).await["event_id"], first["event_id"], "90.001 s");
}

#[tokio::test]
async fn a_reused_reference_is_noticed_also_when_both_swipes_come_at_once() {
    let d = Daemon::with_small_world().await;
    for n in 0..20 {
        let reference = format!("r-{n}");
        let (one, two) = (swipe("card-1", &reference, 100), swipe("card-2", &reference, 100));
        let (one, two) = tokio::join!(d.before(&one), d.before(&two));
        fresh(&one, &two, "two cards under one reference");
    }
    let noticed = d.gaps().await.iter().filter(|gap| gap["gap_kind"] == "reference_reused").count();
    assert_eq!(noticed, 20, "one gap for each reference that the bank used twice");
}
