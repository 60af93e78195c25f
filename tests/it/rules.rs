//! Rules and settings as ops leads change them.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn put(d: &Daemon, id: &str, body: Value) -> (StatusCode, Value) {
    d.desk(Method::PUT, &format!("/v1/rules/{id}"), Some(body)).await
}

async fn put_ok(d: &Daemon, id: &str, body: Value) -> Value {
    let (status, rule) = put(d, id, body).await;
    assert_eq!(status, StatusCode::OK, "{rule}");
    rule
}

#[tokio::test]
async fn the_shipped_rules_are_listed_whole() {
    let d = Daemon::start().await;
    let rules = d.items("/v1/rules").await;
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for id in [
        "no_open_order",
        "wrong_merchant",
        "unknown_merchant",
        "risky_category",
        "over_order_value",
        "foreign",
        "card_deactivated",
        "unknown_card",
        "feed_gap",
    ] {
        assert!(ids.contains(&id), "{id} is missing: {ids:?}");
    }
    for rule in &rules {
        for field in ["id", "name", "mode", "outcome", "severity", "expression", "parameters"] {
            assert!(!rule[field].is_null(), "{field}: {rule}");
        }
        assert_eq!((&rule["mode"], &rule["version"]), (&json!("live"), &json!(1)));
    }
}

#[tokio::test]
async fn a_changed_threshold_judges_the_very_next_swipe() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    assert_eq!(d.before(&swipe("card-1", "r-1", 105_000)).await["reasons"], json!([]), "5 % over is allowed");
    let rule = put_ok(&d, "over_order_value", json!({"parameters": {"over_percent": 3}})).await;
    assert_eq!(
        (&rule["version"], &rule["parameters"]["over_percent"], &rule["parameters"]["over_cents"]),
        (&json!(2), &json!(3), &json!(2_500)),
        "the other parameters stay"
    );
    d.ingest(&[line("order", with(&order("order-2", 100_000), json!({"shopper_id": "shopper-2"})))]).await;
    let answer = d.before(&swipe("card-2", "r-2", 105_000)).await;
    assert_eq!(rules_of(&answer), ["over_order_value"], "{answer}");
    assert_eq!(d.decision(&answer).await["reasons"][0]["version"], 2, "a decision keeps the version it saw");
}

#[tokio::test]
async fn the_links_tolerance_is_a_parameter_of_no_open_order() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line(
        "order",
        with(&order("order-1", 100_000), json!({"placed_at": "2026-01-05T08:20:00Z"})),
    )])
    .await;
    assert_eq!(rules_of(&d.before(&swipe("card-1", "r-1", 100)).await), ["no_open_order"], "20 min early");
    put_ok(&d, "no_open_order", json!({"parameters": {"early_minutes": 20}})).await;
    assert_eq!(d.before(&swipe("card-1", "r-2", 100)).await["reasons"], json!([]));
}

#[tokio::test]
async fn a_shadow_rule_is_recorded_and_never_acts() {
    let d = Daemon::with_small_world().await;
    put_ok(&d, "no_open_order", json!({"mode": "shadow", "outcome": "decline_and_deactivate"})).await;
    let answer = d.before(&swipe("card-1", "r-1", 100)).await;
    assert_eq!(
        (&answer["outcome"], &answer["reasons"]),
        (&json!("approve"), &json!([])),
        "a rule on trial declined a real purchase: {answer}"
    );
    assert!(d.alerts().await.is_empty(), "nor does it alert");
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "active");
    let reasons = d.decision(&answer).await["reasons"].clone();
    assert_eq!(
        (&reasons[0]["rule"], &reasons[0]["mode"]),
        (&json!("no_open_order"), &json!("shadow")),
        "but it is recorded: {reasons}"
    );
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    assert!(d.alerts().await.is_empty(), "nor does it act when late facts arrive");
    put_ok(&d, "no_open_order", json!({"mode": "live", "outcome": "alert"})).await;
    let again = d.before(&swipe("card-2", "r-2", 100)).await;
    assert_eq!(rules_of(&again), ["no_open_order"], "published, it acts: {again}");
}

#[tokio::test]
async fn a_rule_that_is_off_is_not_even_recorded() {
    let d = Daemon::with_small_world().await;
    put_ok(&d, "no_open_order", json!({"mode": "off"})).await;
    let answer = d.before(&swipe("card-1", "r-1", 100)).await;
    assert_eq!(d.decision(&answer).await["reasons"], json!([]));
}

#[tokio::test]
async fn each_rule_switched_off_falls_silent_and_only_it() {
    let d = Daemon::with_small_world().await;
    let event = with(
        &swipe("card-1", "x", 100),
        json!({"currencyCode": "usd", "merchant": {"name": "NOWHERE", "category": {"code": "5541"}}}),
    );
    let all = ["foreign", "no_open_order", "risky_category", "unknown_merchant"];
    for (n, off) in all.into_iter().enumerate() {
        put_ok(&d, off, json!({"mode": "off"})).await;
        let answer = d.before(&with(&event, json!({"reference": format!("r-{n}")}))).await;
        let expected: Vec<&str> = all.into_iter().filter(|rule| *rule != off).collect();
        assert_eq!(rules_of(&answer), expected, "{off} off");
        put_ok(&d, off, json!({"mode": "live"})).await;
    }
}

#[tokio::test]
async fn a_rule_may_decline_or_decline_and_deactivate() {
    let d = Daemon::with_small_world().await;
    put_ok(&d, "no_open_order", json!({"outcome": "decline"})).await;
    assert_eq!(d.before(&swipe("card-1", "r-1", 100)).await["outcome"], "decline");
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "active");
    put_ok(&d, "no_open_order", json!({"outcome": "decline_and_deactivate"})).await;
    assert_eq!(d.before(&swipe("card-1", "r-2", 100)).await["outcome"], "decline");
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "deactivated");
    let audited = d.items("/v1/audit?subject=card:card-1").await;
    assert!(
        audited.iter().any(|e| e["actor"] == "rule:no_open_order" && e["action"] == "card_deactivated"),
        "{audited:#?}"
    );
}

#[tokio::test]
async fn a_rule_of_ones_own_judges_by_the_facts() {
    let d = Daemon::with_small_world().await;
    d.without_history_rules().await;
    let rule = json!({"name": "Big swipe", "mode": "live", "outcome": "alert", "severity": "info",
        "expression": "swipe.amount_cents > p.limit && swipe.hour >= 10", "parameters": {"limit": 500_000}});
    assert_eq!(put_ok(&d, "big_swipe", rule).await["version"], 1);
    let near = d.before(&swipe("card-1", "r-1", 500_000)).await;
    assert_eq!(rules_of(&near), ["no_open_order"], "at the limit: {near}");
    let over = d.before(&swipe("card-1", "r-2", 500_001)).await;
    assert_eq!(rules_of(&over), ["big_swipe", "no_open_order"], "08:00 UTC is 10:00 here: {over}");
}

#[tokio::test]
async fn a_bad_expression_is_refused_with_line_and_column_and_changes_nothing() {
    let d = Daemon::with_small_world().await;
    for (expression, line) in [
        ("swipe.amount_cents >", 1),
        ("true &&\n  swipe.nonsense > 1", 2),
        ("unknown_root.x", 1),
        ("card.known && p.missing > 1", 1),
        ("swipe.amount_cents + 1", 1),
        ("", 1),
    ] {
        let (status, answer) = put(&d, "no_open_order", json!({"expression": expression})).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_expression")),
            "{expression:?}: {answer}"
        );
        assert_eq!(answer["line"], line, "{expression:?}: {answer}");
        assert!(answer["column"].as_u64().is_some_and(|column| column >= 1), "{expression:?}: {answer}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    let rule = d.items("/v1/rules").await.into_iter().find(|rule| rule["id"] == "no_open_order").unwrap();
    assert_eq!(rule["version"], 1, "a refused rule must not be in force");
    for (body, what) in [
        (json!({"mode": "loud"}), "mode"),
        (json!({"outcome": "arrest"}), "outcome"),
        (json!({"severity": 9}), "severity"),
    ] {
        let (status, answer) = put(&d, "no_open_order", body).await;
        assert_eq!((status, &answer["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(what)), "{answer}");
    }
    let (status, answer) = put(&d, "new_rule", json!({"mode": "live"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a new rule needs an expression: {answer}");
    assert_eq!(
        put(&d, "Not-An-Id", json!({"mode": "live", "outcome": "alert", "expression": "true"})).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn every_version_of_a_rule_is_kept_and_audited() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    put_ok(&d, "foreign", json!({"outcome": "alert"})).await;
    put_ok(&d, "foreign", json!({"parameters": {"country": "NA"}})).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    let versions = d.items("/v1/rules/foreign/versions").await;
    let told: Vec<(i64, &str, &str)> = versions
        .iter()
        .map(|v| {
            (
                v["version"].as_i64().unwrap(),
                v["outcome"].as_str().unwrap(),
                v["parameters"]["country"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [(3, "alert", "NA"), (2, "alert", "ZA"), (1, "decline", "ZA")]);
    assert_eq!(d.items("/v1/audit?subject=rule:foreign").await.len(), 2);
    assert_eq!(d.desk(Method::GET, "/v1/rules/none/versions", None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn settings_are_patched_kept_and_never_show_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    let shipped = d.get("/v1/settings").await;
    assert_eq!(
        (&shipped["fallback"], &shipped["deadline_ms"], &shipped["duplicate_window_secs"]),
        (&json!("decline"), &json!(1_000), &json!(90)),
        "{shipped}"
    );
    let changed = d
        .patch_settings(json!({"fallback": "approve", "deadline_ms": 500, "slack_webhook_url": "https://hooks.slack.com/services/T0/B0/verysecretpart",
            "shopper_webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
        .await;
    for shown in [changed.to_string(), d.get("/v1/settings").await.to_string()] {
        assert!(!shown.contains("verysecret") && !shown.contains("MfKQ9r8GKY"), "a secret is shown: {shown}");
    }
    assert_eq!(
        (&changed["duplicate_window_secs"], &changed["shopper_webhook_secret_set"]),
        (&json!(90), &json!(true)),
        "what is absent stays"
    );
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    assert_eq!(d.get("/v1/settings").await["deadline_ms"], 500);
    assert_eq!(
        d.patch_settings(json!({"slack_webhook_url": null})).await["slack_webhook_url"],
        Value::Null,
        "null clears"
    );
    let audit = d.items("/v1/audit").await;
    let said = json!(audit).to_string();
    assert!(said.contains("settings"), "each change is audited: {said}");
    assert!(!said.contains("verysecret") && !said.contains("MfKQ9r8GKY"), "the audit log holds a secret");
}

#[tokio::test]
async fn settings_out_of_range_are_refused_by_field_and_change_nothing() {
    let d = Daemon::start().await;
    let before = d.get("/v1/settings").await;
    for (field, value) in [
        ("fallback", json!("maybe")),
        ("deadline_ms", json!(49)),
        ("deadline_ms", json!(1_901)),
        ("deadline_ms", json!("soon")),
        ("duplicate_window_secs", json!(0)),
        ("duplicate_window_secs", json!(3_601)),
        ("slack_webhook_url", json!("ftp://example.org")),
        ("slack_webhook_url", json!("not an address")),
        ("shopper_webhook_url", json!("javascript:alert(1)")),
        ("shopper_webhook_secret", json!("whsec_short")),
        ("native_notifications", json!("yes")),
    ] {
        let (status, answer) = d
            .desk(Method::PATCH, "/v1/settings", Some(json!({field: value, "native_notifications": value})))
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} = {value}: {answer}");
        let (status, answer) = d.desk(Method::PATCH, "/v1/settings", Some(json!({field: value}))).await;
        assert_eq!(
            (status, &answer["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{field} = {value}: {answer}"
        );
    }
    for (field, value) in [
        ("deadline_ms", 50),
        ("deadline_ms", 1_900),
        ("duplicate_window_secs", 1),
        ("duplicate_window_secs", 3_600),
    ] {
        assert_eq!(d.patch_settings(json!({field: value})).await[field], value, "the edges are allowed");
    }
    d.patch_settings(json!({"deadline_ms": before["deadline_ms"], "duplicate_window_secs": before["duplicate_window_secs"]})).await;
    let mut after = d.get("/v1/settings").await;
    after["version"] = before["version"].clone();
    assert_eq!(after, before);
}
