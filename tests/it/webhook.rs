//! What the bank is told when it asks, and what is kept of it.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

#[tokio::test]
async fn an_honest_swipe_is_approved_without_reasons_and_tied_to_its_order() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    let answer = d.before(&swipe("card-1", "r-1", 100_000)).await;
    assert_eq!(answer["outcome"], "approve", "an honest purchase must go through: {answer}");
    assert_eq!(answer["reasons"], json!([]), "an innocent shopper is accused: {answer}");
    assert_eq!((&answer["duplicate"], &answer["stand_in"]), (&json!(false), &json!(false)), "{answer}");
    let kept = d.decision(&answer).await;
    assert_eq!(kept["order"]["order_id"], "order-1", "every transaction is tied to an order: {kept}");
    assert_eq!(kept["order"]["spent_cents"], 100_000, "{kept}");
    assert_eq!(d.alerts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_approval_still_lists_every_live_rule_that_fired() {
    let d = Daemon::with_small_world().await;
    let event = with(
        &swipe("card-1", "r-1", 19_190),
        json!({"merchant": {"name": "TOTALLY UNKNOWN SHOP", "category": {"code": "5541"}}}),
    );
    let answer = d.before(&event).await;
    assert_eq!(answer["outcome"], "approve", "these rules ship as alerts: {answer}");
    assert_eq!(
        rules_of(&answer),
        ["no_open_order", "risky_category", "unknown_merchant"],
        "a reason is missing: {answer}"
    );
    for reason in answer["reasons"].as_array().unwrap() {
        assert!(
            !reason["message"].as_str().unwrap().is_empty(),
            "each reason says itself in words: {reason}"
        );
    }
}

#[tokio::test]
async fn each_shipped_rule_fires_on_its_case_and_not_on_its_near_miss() {
    let d = Daemon::with_small_world().await;
    d.without_history_rules().await;
    let liquor = json!({"sku": "v", "name": "Smirnoff Vodka 750ml", "category": "liquor", "quantity": 1, "unit_price_cents": 20_000});
    d.ingest(&[line("order", with(&order("order-1", 100_000_000), json!({"items": [liquor]})))]).await;
    let at = |name: &str, mcc: &str| json!({"merchant": {"name": name, "category": {"code": mcc}}});
    // Each line: what differs from an honest swipe of R100 on an order that is never used up, what must fire, the answer.
    let cases = [
        ("honest", json!({}), vec![], "approve"),
        ("another partner", at("PNP NORWOOD", "5411"), vec!["wrong_merchant"], "approve"),
        ("branch code and city", at("MAKRO WOODMEAD 0123 JHB", "5411"), vec![], "approve"),
        ("liquor with a liquor order", at("MAKRO LIQUOR WOODMEAD", "5921"), vec![], "approve"),
        ("fuel", at("MAKRO WOODMEAD", "5541"), vec!["risky_category"], "approve"),
        ("one off fuel", at("MAKRO WOODMEAD", "5540"), vec![], "approve"),
        ("other currency", json!({"currencyCode": "usd"}), vec!["foreign"], "decline"),
        ("upper case rand", json!({"currencyCode": "ZAR"}), vec![], "approve"),
        (
            "other country",
            json!({"merchant": {"country": {"code": "US", "alpha3": "USA"}}}),
            vec!["foreign"],
            "decline",
        ),
        ("no country", json!({"merchant": {"country": null}}), vec![], "approve"),
        ("unknown category", at("MAKRO WOODMEAD", "0000"), vec![], "approve"),
    ];
    for (number, (what, changes, rules, outcome)) in cases.into_iter().enumerate() {
        let answer = d.before(&with(&swipe("card-1", &format!("r-{number}"), 10_000), changes)).await;
        assert_eq!(rules_of(&answer), rules, "{what}: {answer}");
        assert_eq!(answer["outcome"], outcome, "{what}: {answer}");
    }
}

#[tokio::test]
async fn over_order_value_has_two_thresholds_and_neither_fires_at_its_edge() {
    let d = Daemon::with_small_world().await;
    // R1,000: alert above max(R25, 10 %) = R100, decline above max(R500, 50 %) = R500. R100: R25 and R500.
    let cases = [
        (100_000, 110_000, false, "approve"),
        (100_000, 110_001, true, "approve"),
        (100_000, 150_000, true, "approve"),
        (100_000, 150_001, true, "decline"),
        (10_000, 12_500, false, "approve"),
        (10_000, 12_501, true, "approve"),
        (10_000, 60_000, true, "approve"),
        (10_000, 60_001, true, "decline"),
    ];
    for (n, (value, cents, fires, outcome)) in cases.into_iter().enumerate() {
        let (shopper, card) = (format!("s-{n}"), format!("c-{n}"));
        d.ingest(&[
            line("card", json!({"id": card, "masked_number": "422254XXXXXX7072", "shopper_id": shopper})),
            line("order", with(&order(&format!("o-{n}"), value), json!({"shopper_id": shopper}))),
        ])
        .await;
        let answer = d.before(&swipe(&card, &format!("r-{n}"), cents)).await;
        let expected: &[&str] = if fires { &["over_order_value"] } else { &[] };
        assert_eq!(rules_of(&answer), expected, "R{value} order, R{cents} swipe: {answer}");
        assert_eq!(answer["outcome"], outcome, "order {value}, swipe {cents}: {answer}");
    }
}

#[tokio::test]
async fn two_swipes_at_once_cannot_both_use_up_one_order() {
    let d = Daemon::with_small_world().await;
    let mut lines = Vec::new();
    for n in 0..20 {
        lines.push(line("card", json!({"id": format!("c-{n}"), "masked_number": "422254XXXXXX7072", "shopper_id": format!("s-{n}")})));
        lines.push(line(
            "order",
            with(&order(&format!("o-{n}"), 100_000), json!({"shopper_id": format!("s-{n}")})),
        ));
    }
    d.ingest(&lines).await;
    // All forty at once: the two of a card race each other and everybody else.
    let d = std::sync::Arc::new(d);
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..20 {
        for which in ["a", "b"] {
            let (d, event) = (d.clone(), swipe(&format!("c-{n}"), &format!("r-{n}-{which}"), 100_000));
            racing.spawn(async move { (n, d.before(&event).await) });
        }
    }
    let mut answers = vec![Vec::new(); 20];
    while let Some(done) = racing.join_next().await {
        let (n, answer) = done.unwrap();
        answers[n].push((rules_of(&answer), answer["outcome"].as_str().unwrap().to_owned()));
    }
    for (n, mut pair) in answers.into_iter().enumerate() {
        pair.sort();
        let expected =
            [(vec![], "approve".to_owned()), (vec!["over_order_value".to_owned()], "decline".to_owned())];
        assert_eq!(pair, expected, "order o-{n} was spent twice or refused twice");
    }
}

#[tokio::test]
async fn two_cards_of_one_shopper_share_one_order() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[
        line(
            "card",
            json!({"id": "card-1b", "masked_number": "422254XXXXXX1111", "shopper_id": "shopper-1"}),
        ),
        line("order", order("order-1", 100_000)),
    ])
    .await;
    let (a, b) = (swipe("card-1", "r-a", 100_000), swipe("card-1b", "r-b", 100_000));
    let (a, b) = tokio::join!(d.before(&a), d.before(&b));
    let mut rules = [rules_of(&a), rules_of(&b)];
    rules.sort();
    assert_eq!(
        rules,
        [vec![], vec!["over_order_value".to_owned()]],
        "a second card doubles the order's value"
    );
}

#[tokio::test]
async fn a_decision_is_durable_before_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    let answer = d.before(&swipe("card-1", "r-1", 19_190)).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    let kept = d.decision(&answer).await;
    assert_eq!(kept["outcome"], "approve", "an answered decision must survive a power cut: {kept}");
    let again = d.before(&swipe("card-1", "r-1", 19_190)).await;
    assert_eq!(
        (&again["decision_id"], &again["duplicate"]),
        (&answer["decision_id"], &json!(true)),
        "{again}"
    );
    assert_eq!(d.alerts().await.len(), 1, "the alert came with the decision");
}

#[tokio::test]
async fn what_the_bank_really_sends_is_understood() {
    let d = Daemon::with_small_world().await;
    d.without_history_rules().await;
    d.ingest(&[line("order", order("order-1", 100_000_000))]).await;
    for (n, changes) in [
        json!({"centsAmount": "45990"}),
        json!({"centsAmount": 45_990.0}),
        json!({"currencyCode": "zar"}),
        json!({"merchant": {"category": {"code": 5411}}}),
        json!({"dateTime": null}),
        json!({"dateTime": "2026-01-05T10:00:00+02:00"}),
        json!({"somethingNew": {"deep": [1, 2, 3]}}),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = d.before(&with(&swipe("card-1", &format!("r-{n}"), 45_990), changes.clone())).await;
        assert_eq!(answer["outcome"], "approve", "{changes}: {answer}");
        assert_eq!(answer["reasons"], json!([]), "{changes}: {answer}");
        assert_eq!(d.decision(&answer).await["amount_cents"], 45_990, "{changes}");
    }
}

#[tokio::test]
async fn an_unknown_card_is_approved_kept_and_alerted_and_resolves_when_the_card_is_told() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", with(&order("order-9", 100_000), json!({"shopper_id": "shopper-9"})))]).await;
    let answer = d.before(&swipe("card-9", "r-1", 50_000)).await;
    assert_eq!(answer["outcome"], "approve", "a new shopper's card must not fail at the till: {answer}");
    assert_eq!(
        rules_of(&answer),
        ["unknown_card"],
        "no order can be expected of a card nobody knows: {answer}"
    );
    assert_eq!(d.the_alert().await["card_id"], "card-9", "ops must hear of it");
    assert_eq!(d.get("/v1/cards/card-9").await["status"], "active");
    d.ingest(&[line(
        "card",
        json!({"id": "card-9", "masked_number": "422254XXXXXX9999", "shopper_id": "shopper-9"}),
    )])
    .await;
    let alert = d.the_alert().await;
    assert_eq!(
        (&alert["status"], &alert["disposition"]),
        (&json!("resolved"), &json!("explained")),
        "{alert}"
    );
    assert!(!alert["resolution"].as_str().unwrap().is_empty(), "it says why: {alert}");
    assert_eq!(d.decision(&answer).await["order"]["order_id"], "order-9", "its swipe is linked now");
}

#[tokio::test]
async fn a_card_told_of_without_a_shopper_is_no_longer_unknown() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-9", "r-1", 50_000)).await;
    d.ingest(&[line("card", json!({"id": "card-9", "masked_number": "422254XXXXXX9999"}))]).await;
    let alert = d.the_alert().await;
    let reason = alert["reasons"].as_array().unwrap().iter().find(|r| r["rule"] == "unknown_card").unwrap();
    assert!(!reason["explained_at"].is_null(), "the card is known now, so that reason is explained: {alert}");
}

/// Holds the database's write lock from outside, as a stuck backup tool would; lets go when dropped.
struct HeldLock(Child);

impl HeldLock {
    fn take(d: &Daemon) -> Self {
        let script = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],isolation_level=None)\nc.execute('begin immediate')\nprint('held',flush=True)\nsys.stdin.readline()\nc.execute('rollback')";
        let mut child = Command::new("python3")
            .args(["-c", script])
            .arg(d.data_dir.join("cartwarden.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held");
        HeldLock(child)
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let _ = self.0.stdin.take().map(|mut stdin| stdin.write_all(b"\n"));
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn past_the_deadline_the_fallback_answers_and_is_recorded_as_soon_as_possible() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[
        line("order", order("order-1", 100_000)),
        line("order", with(&order("order-2", 100_000), json!({"shopper_id": "shopper-2"}))),
    ])
    .await;
    d.desk_post("/v1/cards/card-2/deactivate", json!({"reason": "stolen"})).await;
    for (fallback, expected) in [("decline", "decline"), ("approve", "approve")] {
        d.patch_settings(json!({"fallback": fallback, "deadline_ms": 100})).await;
        let held = HeldLock::take(&d);
        let reference = format!("r-{fallback}");
        let (known, dead) =
            tokio::join!(async { d.before(&swipe("card-1", &reference, 10_000)).await }, async {
                d.before(&swipe("card-2", &format!("{reference}-dead"), 10_000)).await
            },);
        assert_eq!(
            (&known["stand_in"], &known["outcome"]),
            (&json!(true), &json!(expected)),
            "{fallback}: {known}"
        );
        assert!(!known["reasons"].as_array().unwrap().is_empty(), "a stand-in gives its reason: {known}");
        assert_eq!(
            dead["outcome"], "decline",
            "never approve what is known to be deactivated, fallback {fallback}: {dead}"
        );
        drop(held);
        let path = format!("/v1/authorizations/{}", known["decision_id"].as_str().unwrap());
        let kept = until("the stand-in is recorded", async || {
            let (status, kept) = d.desk(Method::GET, &path, None).await;
            (status == StatusCode::OK && kept["stand_in"] == json!(true)).then_some(kept)
        })
        .await;
        assert_eq!(kept["outcome"], expected, "what was answered is what is kept: {kept}");
        let again = d.before(&swipe("card-1", &reference, 10_000)).await;
        assert_eq!(
            (&again["decision_id"], &again["outcome"], &again["duplicate"]),
            (&known["decision_id"], &known["outcome"], &json!(true)),
            "a repeat gets the first answer: {again}"
        );
    }
}
