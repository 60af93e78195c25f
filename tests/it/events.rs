//! What the bank reports after a swipe: matched, netted, missed.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn state(d: &Daemon, answer: &Value) -> (String, i64) {
    let kept = d.decision(answer).await;
    (kept["bank_state"].as_str().unwrap().to_owned(), kept["net_cents"].as_i64().unwrap())
}

/// A world in which `card-1` may spend R1,000 on order-1.
async fn world() -> Daemon {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    d
}

#[tokio::test]
async fn each_report_is_kept_once_and_tied_to_its_swipe() {
    let d = world().await;
    let answer = d.before(&swipe("card-1", "r-1", 50_000)).await;
    assert_eq!(state(&d, &answer).await, ("awaiting_after".into(), 50_000));
    let event = with(&swipe("card-1", "r-1", 50_000), json!({"dateTime": "2026-01-05T08:00:09Z"}));
    let received = d.report("after", &event).await;
    assert!(received["event_id"].is_string() && received["duplicate"] == json!(false), "{received}");
    assert_eq!(state(&d, &answer).await, ("reported_success".into(), 50_000));
    let events = d.decision(&answer).await["events"].clone();
    assert_eq!(
        (&events[0]["event_id"], &events[0]["kind"], &events[0]["matched_by"]),
        (&received["event_id"], &json!("after"), &json!("reference")),
        "{events}"
    );
}

#[tokio::test]
async fn a_hook_that_does_not_exist_is_404_and_keeps_nothing() {
    let d = world().await;
    let (status, answer) = d.hook_raw("afterwards", swipe("card-1", "r-1", 1).to_string()).await;
    assert_eq!((status, &answer["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{answer}");
    assert!(d.items("/v1/bank-events").await.is_empty());
}

#[tokio::test]
async fn an_approved_swipe_without_its_after_is_a_feed_gap_at_15_minutes_sharp() {
    let d = world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    d.clock(&after_t0(15 * MINUTE_MS - 1)).await;
    assert!(d.gaps().await.is_empty(), "14:59.999 is too early: the bank may still report");
    d.clock(&after_t0(15 * MINUTE_MS)).await;
    let gaps = d.gaps().await;
    assert_eq!(gaps.len(), 1, "at 15:00 ops must hear that the bank's feed lost an event");
    assert_eq!(
        (&gaps[0]["rule"], &gaps[0]["gap_kind"], &gaps[0]["status"]),
        (&json!("feed_gap"), &json!("missing_after"), &json!("open")),
        "{gaps:#?}"
    );
    d.clock(&after_t0(3 * HOUR_MS)).await;
    assert_eq!(d.gaps().await.len(), 1, "one gap, one alert");
    d.report("after", &swipe("card-1", "r-1", 50_000)).await;
    let gaps = d.gaps().await;
    assert_eq!(
        (&gaps[0]["status"], &gaps[0]["disposition"]),
        (&json!("resolved"), &json!("explained")),
        "the partner arrived: {gaps:#?}"
    );
    assert!(!gaps[0]["resolution"].as_str().unwrap().is_empty(), "{gaps:#?}");
}

#[tokio::test]
async fn a_reported_or_declined_swipe_is_no_feed_gap() {
    let d = world().await;
    for hook in ["after", "decline", "reversal"] {
        d.before(&swipe("card-1", hook, 1_000)).await;
        d.report(hook, &swipe("card-1", hook, 1_000)).await;
    }
    let declined = d.before(&with(&swipe("card-1", "r-usd", 1_000), json!({"currencyCode": "usd"}))).await;
    assert_eq!(declined["outcome"], "decline");
    d.clock(&after_t0(HOUR_MS)).await;
    assert!(d.gaps().await.is_empty(), "no report has to follow what we declined: {:#?}", d.gaps().await);
}

#[tokio::test]
async fn a_report_without_its_before_is_kept_a_gap_after_15_minutes_and_resolved_when_it_comes() {
    for reference in [json!("r-1"), Value::Null] {
        let d = world().await;
        let event = with(&swipe("card-1", "x", 50_000), json!({"reference": reference}));
        let received = d.report("after", &event).await;
        assert_eq!(
            d.items("/v1/bank-events?unmatched=true").await.len(),
            1,
            "an event without its partner is kept and shown"
        );
        d.clock(&after_t0(15 * MINUTE_MS - 1)).await;
        assert!(d.gaps().await.is_empty(), "14:59.999");
        d.clock(&after_t0(15 * MINUTE_MS)).await;
        assert_eq!(d.gaps().await[0]["gap_kind"], "missing_before");
        let answer = d.before(&event).await;
        assert_eq!(answer["duplicate"], false, "a report is not a decision: {answer}");
        assert_eq!(d.gaps().await[0]["status"], "resolved", "the partner arrived, reference {reference}");
        assert_eq!(d.decision(&answer).await["events"][0]["event_id"], received["event_id"]);
        assert_eq!(state(&d, &answer).await.0, "reported_success");
        assert!(d.items("/v1/bank-events?unmatched=true").await.is_empty());
        d.clock(&after_t0(2 * HOUR_MS)).await;
        assert_eq!(d.gaps().await.len(), 1, "and no further gap follows");
    }
}

#[tokio::test]
async fn a_feed_gap_is_an_alert_of_its_own_and_accuses_nobody() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    d.clock(&after_t0(15 * MINUTE_MS)).await;
    let (alerts, gaps) = (d.alerts().await, d.gaps().await);
    assert_eq!((alerts.len(), gaps.len()), (1, 1), "{alerts:#?} {gaps:#?}");
    assert_eq!(
        (&alerts[0]["rules"], &alerts[0]["count"]),
        (&json!(["no_open_order"]), &json!(1)),
        "a gap joined a shopper's alert"
    );
    assert_eq!(gaps[0]["rules"], json!(["feed_gap"]));
    // And a suspicious swipe does not join the gap.
    d.before(&swipe("card-1", "r-2", 50_000)).await;
    assert_eq!((d.alerts().await.len(), d.gaps().await.len()), (2, 1));
}

#[tokio::test]
async fn success_for_a_swipe_that_we_declined_is_a_contradiction() {
    let d = world().await;
    let event = with(&swipe("card-1", "r-1", 50_000), json!({"currencyCode": "usd"}));
    let answer = d.before(&event).await;
    assert_eq!(answer["outcome"], "decline");
    d.report("after", &event).await;
    assert_eq!(state(&d, &answer).await.0, "contradicted", "money moved although we said no");
    let gaps = d.gaps().await;
    assert_eq!((gaps.len(), &gaps[0]["gap_kind"]), (1, &json!("contradicted")), "{gaps:#?}");
    d.report("reversal", &event).await;
    assert_eq!(d.gaps().await[0]["status"], "resolved", "reversed in full, so nothing was lost");
}

#[tokio::test]
async fn a_decline_of_the_bank_gives_the_order_its_value_back() {
    let d = world().await;
    let answer = d.before(&swipe("card-1", "r-1", 100_000)).await;
    d.report("decline", &swipe("card-1", "r-1", 100_000)).await;
    assert_eq!(state(&d, &answer).await, ("reported_declined".into(), 0));
    let again = d.before(&swipe("card-1", "r-2", 100_000)).await;
    assert_eq!(again["reasons"], json!([]), "the first never happened: {again}");
}

#[tokio::test]
async fn reversals_net_the_order_whole_or_in_part_with_either_sign() {
    let d = Daemon::with_small_world().await;
    for (n, (back, net, expected)) in [
        (100_000, 0, "reversed"),
        (-100_000, 0, "reversed"),
        (40_000, 60_000, "partly_reversed"),
        (-40_000, 60_000, "partly_reversed"),
    ]
    .into_iter()
    .enumerate()
    {
        let (card, reference) = (format!("c-{n}"), format!("r-{n}"));
        d.ingest(&[
            line(
                "card",
                json!({"id": card, "masked_number": "422254XXXXXX7072", "shopper_id": format!("s-{n}")}),
            ),
            line("order", with(&order(&format!("o-{n}"), 100_000), json!({"shopper_id": format!("s-{n}")}))),
        ])
        .await;
        let answer = d.before(&swipe(&card, &reference, 100_000)).await;
        d.report("after", &swipe(&card, &reference, 100_000)).await;
        d.report("reversal", &swipe(&card, &reference, back)).await;
        assert_eq!(state(&d, &answer).await, (expected.into(), net), "reversal of {back}");
        assert_eq!(d.decision(&answer).await["order"]["spent_cents"], net, "reversal of {back}");
        let rest = d.before(&swipe(&card, &format!("{reference}-again"), 100_000 - net)).await;
        assert_eq!(rest["reasons"], json!([]), "what was given back can be spent: {rest}");
    }
}

#[tokio::test]
async fn a_reversal_of_an_earlier_swipe_explains_the_one_that_went_over() {
    for back in [100_000, 40_000] {
        let d = world().await;
        d.before(&swipe("card-1", "r-1", 100_000)).await;
        let over = d.before(&swipe("card-1", "r-2", 40_000)).await;
        assert_eq!(rules_of(&over), ["over_order_value"]);
        d.report("reversal", &swipe("card-1", "r-1", back)).await;
        let alert = d.the_alert().await;
        assert_eq!(
            (&alert["status"], &alert["disposition"]),
            (&json!("resolved"), &json!("explained")),
            "R{back} came back: {alert:#}"
        );
    }
}

#[tokio::test]
async fn a_reversal_too_small_explains_nothing() {
    let d = world().await;
    d.before(&swipe("card-1", "r-1", 100_000)).await;
    d.before(&swipe("card-1", "r-2", 40_000)).await;
    d.report("reversal", &swipe("card-1", "r-1", 29_999)).await;
    assert_eq!(d.the_alert().await["status"], "open", "R1,100.01 is still more than R1,100");
}

#[tokio::test]
async fn a_swipe_that_is_itself_reversed_no_longer_exceeds_its_order() {
    let d = world().await;
    d.before(&swipe("card-1", "r-1", 100_000)).await;
    d.before(&swipe("card-1", "r-2", 40_000)).await;
    d.report("reversal", &swipe("card-1", "r-2", 40_000)).await;
    let alert = d.the_alert().await;
    assert_eq!(
        alert["status"], "resolved",
        "reversals are netted before every rule, so the order's swipes come to R1,000 again: {alert:#}"
    );
}

#[tokio::test]
async fn a_reversal_explains_also_where_the_banks_clock_is_wrong() {
    let d = world().await;
    let old = |reference: &str, cents| {
        with(&swipe("card-1", reference, cents), json!({"dateTime": "2021-10-15T03:48:13.147Z"}))
    };
    d.before(&old("r-1", 100_000)).await;
    let over = d.before(&old("r-2", 40_000)).await;
    assert_eq!(rules_of(&over), ["over_order_value"], "{over}");
    d.report("reversal", &old("r-1", 100_000)).await;
    assert_eq!(
        d.the_alert().await["status"],
        "resolved",
        "the swipe is linked by our time, so it must be judged afresh by our time"
    );
}

#[tokio::test]
async fn without_a_reference_card_merchant_amount_and_time_match() {
    let d = world().await;
    let event = |cents: i64, merchant: &str| {
        with(&swipe("card-1", "x", cents), json!({"reference": null, "merchant": {"name": merchant}}))
    };
    let one = d.before(&event(10_000, "MAKRO WOODMEAD")).await;
    let two = d.before(&event(20_000, "MAKRO WOODMEAD")).await;
    d.clock(&after_t0(5 * SECOND_MS)).await;
    d.report("after", &event(20_000, "MAKRO WOODMEAD")).await;
    assert_eq!(state(&d, &one).await.0, "awaiting_after", "the amount tells them apart");
    assert_eq!(state(&d, &two).await.0, "reported_success");
    assert_eq!(d.decision(&two).await["events"][0]["matched_by"], "content");
    d.report("reversal", &event(-10_000, "MAKRO WOODMEAD")).await;
    assert_eq!(state(&d, &one).await, ("reversed".into(), 0), "either sign matches");
    d.report("after", &event(30_000, "MAKRO WOODMEAD")).await;
    d.report("after", &event(10_000, "PNP NORWOOD")).await;
    d.report("after", &with(&event(10_000, "MAKRO WOODMEAD"), json!({"card": {"id": "card-2"}}))).await;
    assert_eq!(
        d.items("/v1/bank-events?unmatched=true").await.len(),
        3,
        "what fits nothing is kept and shown"
    );
}

#[tokio::test]
async fn two_equal_swipes_without_reference_get_one_report_each() {
    let d = world().await;
    let event = with(&swipe("card-1", "x", 10_000), json!({"reference": null}));
    let one = d.before(&event).await;
    d.clock(&after_t0(2 * MINUTE_MS)).await;
    let two = d.before(&event).await;
    assert_ne!(one["decision_id"], two["decision_id"]);
    d.report("after", &event).await;
    d.clock(&after_t0(4 * MINUTE_MS)).await;
    d.report("after", &event).await;
    assert_eq!(
        (state(&d, &one).await.0.as_str(), state(&d, &two).await.0.as_str()),
        ("reported_success", "reported_success"),
        "each report belongs to one swipe"
    );
}

#[tokio::test]
async fn a_report_for_a_deactivated_or_unknown_card_is_kept() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    for card in ["card-1", "nobody-knows-me"] {
        let received = d.report("after", &swipe(card, card, 1_000)).await;
        assert_eq!(received["duplicate"], false, "{card}");
    }
    assert_eq!(d.items("/v1/bank-events").await.len(), 2);
}

#[tokio::test]
async fn an_event_survives_kill_9_once_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    let received = d.report("after", &swipe("card-1", "r-1", 1_000)).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    assert_eq!(d.items("/v1/bank-events").await[0]["event_id"], received["event_id"], "202 means kept");
}

#[tokio::test]
async fn a_gap_falls_due_also_when_the_daemon_was_down() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    d.before(&swipe("card-1", "r-1", 1_000)).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    d.clock(&after_t0(15 * MINUTE_MS)).await;
    assert_eq!(d.gaps().await.len(), 1, "waiting is on disk, not in memory");
}

#[tokio::test]
async fn the_gaps_minutes_are_a_parameter_and_the_rule_can_be_off() {
    let d = world().await;
    let (status, _) =
        d.desk(Method::PUT, "/v1/rules/feed_gap", Some(json!({"parameters": {"minutes": 30}}))).await;
    assert_eq!(status, StatusCode::OK);
    d.before(&swipe("card-1", "r-1", 1_000)).await;
    d.clock(&after_t0(30 * MINUTE_MS - 1)).await;
    assert!(d.gaps().await.is_empty(), "29:59.999");
    d.clock(&after_t0(30 * MINUTE_MS)).await;
    assert_eq!(d.gaps().await.len(), 1, "30:00");
    d.desk(Method::PUT, "/v1/rules/feed_gap", Some(json!({"mode": "off"}))).await;
    d.before(&swipe("card-1", "r-2", 1_000)).await;
    d.clock(&after_t0(3 * HOUR_MS)).await;
    assert_eq!(d.gaps().await.len(), 1, "a rule that is off raises nothing");
}
