//! The alert queue: one alert a happening, and what people do with it.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

#[tokio::test]
async fn one_alert_carries_all_rules_of_a_swipe() {
    let d = Daemon::with_small_world().await;
    let event = with(
        &swipe("card-1", "r-1", 19_190),
        json!({"merchant": {"name": "SHELL ULTRA CITY", "category": {"code": "5541"}}}),
    );
    let answer = d.before(&event).await;
    let alert = d.the_alert().await;
    let mut rules: Vec<&str> =
        alert["rules"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["no_open_order", "risky_category", "unknown_merchant"], "{alert:#}");
    let expected = json!({
        "status": "open", "disposition": null, "severity": "critical", "card_id": "card-1", "masked_number": "422254XXXXXX7072",
        "merchant": "SHELL ULTRA CITY", "amount_cents": 19_190, "order_id": null, "raised_at": "2026-01-05T08:00:00.000Z", "count": 1, "simulated": false
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&alert[field], value, "{field}: {alert:#}");
    }
    assert_eq!(alert["authorization_ids"], json!([answer["decision_id"]]));
    for rule in rules {
        assert!(alert["evidence"][rule].is_object(), "the values beside the thresholds of {rule}: {alert:#}");
    }
}

#[tokio::test]
async fn the_weightiest_rule_names_the_alert() {
    let d = Daemon::with_small_world().await;
    d.before(&with(&swipe("card-1", "r-1", 100), json!({"merchant": {"name": "SOMEWHERE"}}))).await;
    assert_eq!(d.the_alert().await["rule"], "no_open_order", "critical before warning");
    d.before(&with(
        &swipe("card-1", "r-2", 100),
        json!({"currencyCode": "usd", "merchant": {"name": "ELSEWHERE"}}),
    ))
    .await;
    let alert = d.the_alert().await;
    assert_eq!(alert["rule"], "foreign", "a decline weighs more: {alert:#}");
    assert_eq!(
        (&alert["merchant"], &alert["amount_cents"]),
        (&json!("SOMEWHERE"), &json!(100)),
        "merchant and amount stay the first swipe's"
    );
}

#[tokio::test]
async fn further_firing_swipes_join_for_ten_minutes_and_then_no_more() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    d.clock(&after_t0(9 * MINUTE_MS + 59_999)).await;
    d.before(&swipe("card-1", "r-2", 200)).await;
    assert_eq!(d.the_alert().await["count"], 2, "9:59.999 joins");
    d.clock(&after_t0(10 * MINUTE_MS + 1)).await;
    d.before(&swipe("card-1", "r-3", 300)).await;
    let alerts = d.alerts().await;
    assert_eq!(
        alerts.len(),
        2,
        "10:00.001 is an alert of its own, counted from when the alert was raised: {alerts:#?}"
    );
    assert_eq!((&alerts[0]["count"], &alerts[1]["count"]), (&json!(1), &json!(2)), "newest first");
    assert_eq!(alerts[1]["amount_cents"], 100, "the first swipe's");
}

#[tokio::test]
async fn only_firing_swipes_of_that_card_join() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line(
        "order",
        with(&order("order-1", 100_000), json!({"placed_at": "2026-01-05T08:10:00Z"})),
    )])
    .await;
    d.before(&with(&swipe("card-1", "r-1", 100), json!({"dateTime": "2026-01-05T07:59:00Z"}))).await;
    d.before(&swipe("card-2", "r-2", 100)).await;
    let clean = d.before(&swipe("card-1", "r-3", 100)).await;
    assert_eq!(clean["reasons"], json!([]));
    let alerts = d.alerts().await;
    assert_eq!(alerts.len(), 2, "another card has its own alert: {alerts:#?}");
    assert!(alerts.iter().all(|a| a["count"] == 1), "a clean swipe does not count: {alerts:#?}");
}

#[tokio::test]
async fn a_resolved_alert_is_not_joined() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    let id = d.the_alert().await["id"].as_str().unwrap().to_owned();
    d.desk_post(&format!("/v1/alerts/{id}/disposition"), json!({"disposition": "false_positive"})).await;
    d.before(&swipe("card-1", "r-2", 100)).await;
    assert_eq!(d.alerts().await.len(), 2, "news must not vanish in a closed alert");
}

#[tokio::test]
async fn the_list_takes_filters_pages_and_refuses_nonsense() {
    let d = Daemon::with_small_world().await;
    for n in 0..5 {
        d.clock(&after_t0(n * 11 * MINUTE_MS)).await;
        let card = if n % 2 == 0 { "card-1" } else { "card-2" };
        d.before(&swipe(card, &format!("r-{n}"), 100 + n)).await;
        d.report("after", &swipe(card, &format!("r-{n}"), 100 + n)).await;
    }
    let amounts = async |query: &str| -> Vec<i64> {
        d.items(&format!("/v1/alerts?{query}"))
            .await
            .iter()
            .map(|a| a["amount_cents"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(amounts("").await, [104, 103, 102, 101, 100], "no filter = all, newest first");
    assert_eq!(amounts("card_id=card-2").await, [103, 101]);
    assert_eq!(amounts("rule=no_open_order").await.len(), 5);
    assert_eq!(amounts("rule=foreign").await.len(), 0);
    assert_eq!(amounts("status=resolved").await.len(), 0);
    assert_eq!(amounts("status=open&card_id=card-1").await, [104, 102, 100]);
    let first = d.get("/v1/alerts?limit=3").await;
    let second = d.get(&format!("/v1/alerts?limit=3&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!(
        (
            first["items"].as_array().unwrap().len(),
            second["items"].as_array().unwrap().len(),
            &second["next"]
        ),
        (3, 2, &Value::Null)
    );
    for bad in ["status=closed", "severity=huge", "limit=0", "limit=501", "limit=x", "cursor=nonsense"] {
        let (status, answer) = d.desk(Method::GET, &format!("/v1/alerts?{bad}"), None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}: {answer}");
    }
}

#[tokio::test]
async fn people_dispose_assign_snooze_note_and_reopen_and_all_of_it_is_audited() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    let id = d.the_alert().await["id"].as_str().unwrap().to_owned();
    let act = async |what: &str, body: Value| {
        d.desk(Method::POST, &format!("/v1/alerts/{id}/{what}"), Some(body)).await
    };
    assert_eq!(act("assign", json!({"assignee": "me"})).await.1["status"], "in_review");
    assert_eq!(act("note", json!({"text": "Called him."})).await.0, StatusCode::OK);
    let (_, snoozed) = act("snooze", json!({"until": after_t0(HOUR_MS)})).await;
    assert_eq!(snoozed["snoozed_until"], after_t0(HOUR_MS));
    for word in ["confirmed_fraud", "inconclusive", "false_positive"] {
        let (status, alert) = act("disposition", json!({"disposition": word, "note": "looked into"})).await;
        assert_eq!(
            (status, &alert["status"], &alert["disposition"]),
            (StatusCode::OK, &json!("resolved"), &json!(word))
        );
    }
    assert_eq!(
        act("assign", json!({"assignee": "me"})).await.0,
        StatusCode::CONFLICT,
        "resolved: reopen it first"
    );
    assert_eq!(act("reopen", json!({"reason": "new witness"})).await.1["status"], "open");
    let kinds: Vec<String> = d.the_alert().await["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        ["raised", "assigned", "note", "snoozed", "disposition", "disposition", "disposition", "reopened"]
    );
    let audited = d.items(&format!("/v1/audit?subject=alert:{id}")).await;
    assert_eq!(audited.len(), 7, "every act of a person: {audited:#?}");
    assert!(audited.iter().all(|entry| entry["actor"] == "user:local-admin"), "{audited:#?}");
}

#[tokio::test]
async fn what_people_may_not_say_of_an_alert_is_refused_and_changes_nothing() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    let before = d.the_alert().await;
    let id = before["id"].as_str().unwrap();
    for (what, body, status) in [
        ("disposition", json!({"disposition": "explained"}), 422),
        ("disposition", json!({"disposition": "guilty"}), 422),
        ("disposition", json!({}), 422),
        ("note", json!({"text": "  "}), 422),
        ("note", json!({"text": "his card is 4111 1111 1111 1111"}), 422),
        ("note", json!({"text": "x".repeat(4_001)}), 422),
        ("reopen", json!({"reason": "it is open"}), 409),
        ("snooze", json!({"until": "tomorrow"}), 422),
    ] {
        let (found, answer) =
            d.desk(Method::POST, &format!("/v1/alerts/{id}/{what}"), Some(body.clone())).await;
        assert_eq!(found.as_u16(), status, "{what} {body}: {answer}");
        assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
    }
    assert_eq!(d.the_alert().await, before);
    assert_eq!(
        d.desk(Method::POST, "/v1/alerts/none/note", Some(json!({"text": "x"}))).await.0,
        StatusCode::NOT_FOUND
    );
}

/// Reads the event stream's data lines on a thread of its own.
fn listen(d: &Daemon) -> std::sync::mpsc::Receiver<String> {
    let address = d.desk.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n", d.token)
        .unwrap();
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    // The comment at the start says that nothing after it is missed.
    while !line.contains("connected") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.lines() {
            let Ok(line) = line else { return };
            if let Some(data) = line.strip_prefix("data:") {
                let _ = send.send(data.trim().to_owned());
            }
        }
    });
    receive
}

#[tokio::test]
async fn changes_are_pushed_with_kind_and_id_and_without_personal_data() {
    let d = Daemon::with_small_world().await;
    let events = listen(&d);
    d.before(&swipe("card-1", "r-1", 19_190)).await;
    let alert = d.the_alert().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let data = events.recv_timeout(Duration::from_secs(30)).expect("an event for each change");
        for personal in ["422254", "7072", "Thandi", "MAKRO", "Woodmead", "191", "stolen"] {
            assert!(!data.contains(personal), "the stream tells {personal}: {data}");
        }
        let event: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event.as_object().unwrap().len(), 2, "kind and id alone: {event}");
        let done = event == json!({"kind": "card", "id": "card-1"});
        seen.push(event);
        if done {
            break;
        }
    }
    assert!(
        seen.contains(&json!({"kind": "alert", "id": alert["id"]})),
        "the window would not show the alert: {seen:?}"
    );
}
