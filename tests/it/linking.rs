//! Which order a swipe belongs to, and what late facts change.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

/// The order a swipe at `time` is tied to.
async fn linked(d: &Daemon, event: &Value) -> Option<String> {
    let answer = d.before(event).await;
    let decision = d.decision(&answer).await;
    let order = decision["order"]["order_id"].as_str().map(str::to_owned);
    assert_eq!(
        order.is_none(),
        rules_of(&answer).contains(&"no_open_order".to_owned()),
        "the rule and the link must agree: {answer}"
    );
    order
}

#[tokio::test]
async fn an_orders_window_is_closed_at_both_edges() {
    let d = Daemon::with_small_world().await;
    let at = |time: &str| format!("2026-01-05T{time}Z");
    let world = |id: &str, n: usize, changes: Value| {
        let base = json!({"id": id, "customer_id": "c", "store_id": "store-1", "shopper_id": format!("s-{n}"),
                          "placed_at": at("06:00:00.000"), "status": "picking", "basket_cents": 100_000_000});
        [
            line(
                "card",
                json!({"id": format!("k-{n}"), "masked_number": "422254XXXXXX7072", "shopper_id": format!("s-{n}")}),
            ),
            line("order", with(&base, changes)),
        ]
    };
    // What the order says of its life, when it opens, and when it closes.
    let cases = [
        (
            "placed and completed",
            json!({"completed_at": at("07:00:00.000"), "status": "delivered"}),
            "05:50:00.000",
            "05:49:59.999",
            "07:30:00.000",
            "07:30:00.001",
        ),
        (
            "assigned beats placed",
            json!({"assigned_at": at("06:30:00.000"), "completed_at": at("07:00:00.000")}),
            "06:20:00.000",
            "06:19:59.999",
            "07:30:00.000",
            "07:30:00.001",
        ),
        (
            "cancelled",
            json!({"cancelled_at": at("06:40:00.000"), "status": "cancelled"}),
            "05:50:00.000",
            "05:49:59.999",
            "07:10:00.000",
            "07:10:00.001",
        ),
        ("no end: 12 h", json!({}), "05:50:00.000", "05:49:59.999", "18:30:00.000", "18:30:00.001"),
        (
            "purchased is still open",
            json!({"status": "purchased"}),
            "05:50:00.000",
            "05:49:59.999",
            "18:30:00.000",
            "18:30:00.001",
        ),
    ];
    for (n, (what, changes, first, early, last, late)) in cases.into_iter().enumerate() {
        d.ingest(&world(&format!("o-{n}"), n, changes)).await;
        for (time, open) in [(first, true), (early, false), (last, true), (late, false)] {
            let event =
                with(&swipe(&format!("k-{n}"), &format!("{n} {time}"), 100), json!({"dateTime": at(time)}));
            assert_eq!(linked(&d, &event).await.is_some(), open, "{what}, swipe at {time}");
        }
    }
}

#[tokio::test]
async fn a_bank_time_more_than_24_hours_off_is_flagged_and_ours_is_used() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000_000))]).await;
    for (n, (time, flagged)) in [
        ("2026-01-04T08:00:00.000Z", false),
        ("2026-01-04T07:59:59.999Z", true),
        ("2026-01-06T08:00:00.000Z", false),
        ("2026-01-06T08:00:00.001Z", true),
        ("2021-10-15T03:48:13.147Z", true),
    ]
    .into_iter()
    .enumerate()
    {
        let answer =
            d.before(&with(&swipe("card-1", &format!("r-{n}"), 100), json!({"dateTime": time}))).await;
        let kept = d.decision(&answer).await;
        assert_eq!(kept["clock_suspect"], flagged, "{time}");
        assert_eq!(
            kept["order"]["order_id"].is_string(),
            flagged,
            "{time}: our receive time counts exactly when it is flagged"
        );
    }
}

#[tokio::test]
async fn of_several_orders_the_store_then_the_fit_then_age_decide() {
    let d = Daemon::with_small_world().await;
    let of = |id: &str, store: &str, placed: &str, cents: i64| {
        line(
            "order",
            with(
                &order(id, cents),
                json!({"store_id": store, "placed_at": format!("2026-01-05T{placed}:00Z")}),
            ),
        )
    };
    d.ingest(&[
        of("fits-elsewhere", "store-2", "07:00", 50_000),
        of("here-big", "store-1", "07:10", 900_000),
        of("here-fits", "store-1", "07:40", 52_000),
        of("here-fits-older", "store-1", "07:20", 52_000),
    ])
    .await;
    let pick = async |reference: &str, cents| linked(&d, &swipe("card-1", reference, cents)).await.unwrap();
    assert_eq!(
        pick("r-1", 50_000).await,
        "here-fits-older",
        "the matching store beats the exact fit, equal fits go to the oldest"
    );
    assert_eq!(pick("r-2", 50_000).await, "here-fits", "what is spent no longer fits: the next one");
    assert_eq!(pick("r-3", 850_000).await, "here-big", "the fit beats age");
    let norwood = with(&swipe("card-1", "r-4", 850_000), json!({"merchant": {"name": "PNP NORWOOD"}}));
    assert_eq!(
        linked(&d, &norwood).await.unwrap(),
        "fits-elsewhere",
        "the store that matches comes before everything"
    );
}

#[tokio::test]
async fn the_supplied_value_counts_before_the_basket() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", with(&order("order-1", 100_000), json!({"supplied_cents": 20_000})))]).await;
    let answer = d.before(&swipe("card-1", "r-1", 60_000)).await;
    assert_eq!(rules_of(&answer), ["over_order_value"], "R600 against R200 supplied: {answer}");
    assert_eq!(d.decision(&answer).await["order"]["value_cents"], 20_000);
}

#[tokio::test]
async fn another_shoppers_order_covers_nobody() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    assert_eq!(linked(&d, &swipe("card-2", "r-1", 10_000)).await, None);
    d.ingest(&[line("order", with(&order("order-2", 100_000), json!({"shopper_id": null})))]).await;
    assert_eq!(linked(&d, &swipe("card-2", "r-2", 10_000)).await, None, "an unassigned order is nobody's");
}

fn explained(alert: &Value) {
    assert_eq!(
        (&alert["status"], &alert["disposition"], &alert["resolved_by"]),
        (&json!("resolved"), &json!("explained"), &json!("system")),
        "an innocent shopper stays accused: {alert:#}"
    );
    assert!(!alert["resolution"].as_str().unwrap_or_default().is_empty(), "it must say why: {alert:#}");
}

#[tokio::test]
async fn a_late_order_resolves_the_alert_and_says_why() {
    let d = Daemon::with_small_world().await;
    let answer = d.before(&swipe("card-1", "r-1", 50_000)).await;
    assert_eq!(d.the_alert().await["status"], "open");
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    let alert = d.the_alert().await;
    explained(&alert);
    assert!(alert["resolution"].as_str().unwrap().contains("order-1"), "{alert:#}");
    let kept = d.decision(&answer).await;
    assert_eq!(kept["order"]["order_id"], "order-1", "the link is recomputed");
    assert_eq!(kept["outcome"], "approve", "the decision itself is never edited");
    assert_eq!(kept["reasons"][0]["rule"], "no_open_order", "nor are its reasons");
    assert!(
        alert["timeline"].as_array().unwrap().iter().any(|entry| entry["kind"] == "explained"),
        "{alert:#}"
    );
}

#[tokio::test]
async fn a_late_order_that_does_not_cover_the_swipe_explains_nothing() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    d.ingest(&[
        line("order", with(&order("order-1", 50_000), json!({"placed_at": "2026-01-05T08:10:00.001Z"}))),
        line("order", with(&order("order-2", 50_000), json!({"shopper_id": "shopper-2"}))),
        line(
            "order",
            with(
                &order("order-3", 50_000),
                json!({"placed_at": "2026-01-05T06:00:00Z", "completed_at": "2026-01-05T07:29:59.999Z"}),
            ),
        ),
    ])
    .await;
    assert_eq!(d.the_alert().await["status"], "open", "near misses must not clear a theft");
}

#[tokio::test]
async fn a_late_assignment_resolves_the_alert() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", with(&order("order-1", 50_000), json!({"shopper_id": null})))]).await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    assert_eq!(d.the_alert().await["status"], "open");
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    explained(&d.the_alert().await);
}

#[tokio::test]
async fn a_card_given_to_its_shopper_late_resolves_the_alert() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[
        line("order", order("order-1", 50_000)),
        line("card", json!({"id": "card-3", "masked_number": "422254XXXXXX3333"})),
    ])
    .await;
    let answer = d.before(&swipe("card-3", "r-1", 50_000)).await;
    assert_eq!(rules_of(&answer), ["no_open_order"]);
    d.ingest(&[line(
        "card",
        json!({"id": "card-3", "masked_number": "422254XXXXXX3333", "shopper_id": "shopper-1"}),
    )])
    .await;
    explained(&d.the_alert().await);
    assert_eq!(d.decision(&answer).await["order"]["order_id"], "order-1");
}

#[tokio::test]
async fn a_late_store_alias_resolves_the_alert() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    let odd = with(&swipe("card-1", "r-1", 50_000), json!({"merchant": {"name": "MASSWHSE 0042"}}));
    let answer = d.before(&odd).await;
    assert_eq!(rules_of(&answer), ["unknown_merchant", "wrong_merchant"], "{answer}");
    d.ingest(&[line(
        "store",
        json!({"id": "store-1", "name": "Makro Woodmead", "merchant_aliases": ["MASSWHSE 0042"]}),
    )])
    .await;
    explained(&d.the_alert().await);
    let answer = d.before(&with(&odd, json!({"reference": "r-2"}))).await;
    assert!(
        !rules_of(&answer).contains(&"wrong_merchant".to_owned()),
        "the alias also counts from now on: {answer}"
    );
}

#[tokio::test]
async fn an_alert_resolves_only_when_every_rule_in_it_is_explained() {
    let d = Daemon::with_small_world().await;
    let odd = with(&swipe("card-1", "r-1", 50_000), json!({"merchant": {"name": "MASSWHSE 0042"}}));
    let answer = d.before(&odd).await;
    assert_eq!(rules_of(&answer), ["no_open_order", "unknown_merchant"]);
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    let alert = d.the_alert().await;
    assert_ne!(alert["status"], "resolved", "half an explanation is none: {alert:#}");
    let reason = |alert: &Value, rule: &str| {
        alert["reasons"].as_array().unwrap().iter().find(|r| r["rule"] == rule).cloned().unwrap()
    };
    assert!(
        reason(&alert, "no_open_order")["explained_why"].is_string(),
        "what is explained says so: {alert:#}"
    );
    assert!(reason(&alert, "unknown_merchant")["explained_why"].is_null(), "{alert:#}");
    d.ingest(&[line(
        "store",
        json!({"id": "store-1", "name": "Makro Woodmead", "merchant_aliases": ["MASSWHSE 0042"]}),
    )])
    .await;
    explained(&d.the_alert().await);
}

#[tokio::test]
async fn one_explained_swipe_does_not_clear_the_other_swipes_of_its_alert() {
    let d = Daemon::with_small_world().await;
    let early = with(&swipe("card-1", "r-1", 50_000), json!({"dateTime": "2026-01-05T07:00:00Z"}));
    d.before(&early).await;
    d.before(&swipe("card-1", "r-2", 50_000)).await;
    assert_eq!(d.the_alert().await["count"], 2);
    let covers_second = with(&order("order-1", 50_000), json!({"placed_at": "2026-01-05T08:05:00Z"}));
    d.ingest(&[line("order", covers_second)]).await;
    assert_ne!(d.the_alert().await["status"], "resolved", "the first swipe is still without an order");
    let covers_first = with(
        &order("order-2", 50_000),
        json!({"placed_at": "2026-01-05T06:30:00Z", "completed_at": "2026-01-05T06:50:00Z"}),
    );
    d.ingest(&[line("order", covers_first)]).await;
    explained(&d.the_alert().await);
}

#[tokio::test]
async fn an_explanation_undone_opens_the_alert_again() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    explained(&d.the_alert().await);
    d.ingest(&[line("order", with(&order("order-1", 50_000), json!({"shopper_id": "shopper-2"})))]).await;
    let alert = d.the_alert().await;
    assert_eq!(
        (&alert["status"], &alert["disposition"]),
        (&json!("open"), &Value::Null),
        "the order was somebody else's after all: {alert:#}"
    );
}

#[tokio::test]
async fn a_person_s_word_is_not_undone_by_an_explanation() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    let id = d.the_alert().await["id"].as_str().unwrap().to_owned();
    d.desk_post(
        &format!("/v1/alerts/{id}/disposition"),
        json!({"disposition": "confirmed_fraud", "note": "he admitted it"}),
    )
    .await;
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    assert_eq!(d.the_alert().await["disposition"], "confirmed_fraud");
}

#[tokio::test]
async fn a_swipe_that_looked_honest_fires_late_when_its_order_shrinks_or_goes() {
    for (what, change, rule) in [
        ("supplied less", json!({"supplied_cents": 60_000}), "over_order_value"),
        ("assigned to another", json!({"shopper_id": "shopper-2"}), "no_open_order"),
    ] {
        let d = Daemon::with_small_world().await;
        d.ingest(&[line("order", order("order-1", 100_000))]).await;
        let answer = d.before(&swipe("card-1", "r-1", 100_000)).await;
        assert_eq!(rules_of(&answer), Vec::<String>::new(), "{what}");
        d.ingest(&[line("order", with(&order("order-1", 100_000), change))]).await;
        let alert = d.the_alert().await;
        assert_eq!(
            alert["rules"],
            json!([rule]),
            "{what}: a theft must not hide behind the order of events: {alert:#}"
        );
        assert_eq!(alert["reasons"][0]["late"], true, "{what}: it says that it fired late: {alert:#}");
        let again = d.before(&swipe("card-1", "r-1", 100_000)).await;
        assert_eq!(again["reasons"], json!([]), "{what}: the decision as given stays as it was");
    }
}

#[tokio::test]
async fn a_supplied_value_that_arrives_late_explains_what_was_over() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    let answer = d.before(&swipe("card-1", "r-1", 120_000)).await;
    assert_eq!(rules_of(&answer), ["over_order_value"]);
    d.ingest(&[line("order", with(&order("order-1", 100_000), json!({"supplied_cents": 119_000})))]).await;
    explained(&d.the_alert().await);
}

#[tokio::test]
async fn swipes_are_judged_afresh_together_so_one_order_never_explains_two() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 50_000)).await;
    d.before(&swipe("card-1", "r-2", 50_000)).await;
    d.ingest(&[line("order", order("order-1", 50_000))]).await;
    let alert = d.the_alert().await;
    assert_ne!(alert["status"], "resolved", "one order of R500 cannot cover two swipes of R500: {alert:#}");
    let open: Vec<&Value> = alert["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["explained_at"].is_null())
        .map(|r| &r["rule"])
        .collect();
    assert_eq!(open, [&json!("over_order_value")], "{alert:#}");
}

#[tokio::test]
async fn a_decision_shows_the_values_it_saw_beside_the_thresholds() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    let answer = d.before(&swipe("card-1", "r-1", 130_000)).await;
    let (_, kept) = d
        .desk(Method::GET, &format!("/v1/authorizations/{}", answer["decision_id"].as_str().unwrap()), None)
        .await;
    let reason = &kept["reasons"][0];
    assert_eq!((&reason["rule"], &reason["version"]), (&json!("over_order_value"), &json!(1)), "{reason}");
    let values = reason["values"].as_array().unwrap();
    assert!(
        values.iter().any(|shown| shown["threshold"].is_string()),
        "a number without its threshold helps nobody: {reason}"
    );
    assert!(!reason["would_change"].as_str().unwrap().is_empty(), "{reason}");
    assert_eq!(kept["facts"]["order"]["over_cents"], 30_000, "{kept}");
}

#[tokio::test]
async fn judging_afresh_follows_the_order_in_which_swipes_were_decided() {
    let d = Daemon::with_small_world().await;
    // Several pairs, all within one millisecond of our clock: an order left to chance shows in some of them.
    for n in 0..10 {
        let of = |basket| {
            line("order", with(&order(&format!("o-{n}"), basket), json!({"shopper_id": format!("s-{n}")})))
        };
        d.ingest(&[line("card", json!({"id": format!("c-{n}"), "masked_number": "422254XXXXXX7072", "shopper_id": format!("s-{n}")})), of(100_000)]).await;
        d.before(&swipe(&format!("c-{n}"), &format!("clean-{n}"), 100_000)).await;
        let over = d.before(&swipe(&format!("c-{n}"), &format!("over-{n}"), 30_000)).await;
        d.ingest(&[of(100_001)]).await;
        let alerts = d.items(&format!("/v1/alerts?card_id=c-{n}")).await;
        assert_eq!(
            alerts.len(),
            1,
            "pair {n}: the clean swipe was accused instead of the one that went over: {alerts:#?}"
        );
        let alert = d.get(&format!("/v1/alerts/{}", alerts[0]["id"].as_str().unwrap())).await;
        assert_eq!(
            (&alert["status"], &alert["authorization_ids"]),
            (&json!("open"), &json!([over["decision_id"]])),
            "pair {n}"
        );
    }
}
