//! Drafts of rules: checked, proposed, published by a second person where two exist.

use crate::support::{Daemon, command_in, rules_of, swipe};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// Adds a person at the terminal, signs in, and answers the session's token.
async fn person(d: &Daemon, name: &str, role: &str) -> String {
    let directory = d.data_dir.to_str().unwrap();
    let args = ["user", "add", "--data-dir", directory, "--name", name, "--role", role, "--password-stdin"];
    let (done, _, said) = command_in(&args, &format!("{PASSWORD}\n"));
    assert!(done, "{said}");
    let (status, session) = sign_in(d, name, PASSWORD).await;
    assert_eq!((status, &session["role"]), (StatusCode::OK, &json!(role)), "{session}");
    session["token"].as_str().unwrap().to_owned()
}

async fn sign_in(d: &Daemon, name: &str, password: &str) -> (StatusCode, Value) {
    let body = json!({"name": name, "password": password}).to_string();
    let url = format!("{}/v1/session", d.desk);
    let answer = d.http.post(url).header("content-type", "application/json").body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn act(d: &Daemon, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    d.send(method, format!("{}{path}", d.desk), token, Some(body.to_string())).await
}

fn stricter() -> Value {
    json!({"id": "no_open_order", "outcome": "decline"})
}

#[tokio::test]
async fn alone_a_person_proposes_and_publishes() {
    let d = Daemon::with_small_world().await;
    let draft = d.desk_post("/v1/drafts", stricter()).await;
    assert_eq!((&draft["base_version"], &draft["status"]), (&json!(1), &json!("open")));
    assert_eq!(d.before(&swipe("card-1", "r1", 100)).await["outcome"], "approve", "a draft does nothing");
    let id = draft["id"].as_str().unwrap();
    let rule = d.desk_post(&format!("/v1/drafts/{id}/publish"), json!({})).await;
    assert_eq!((&rule["version"], &rule["outcome"]), (&json!(2), &json!("decline")), "{rule}");
    assert_eq!(d.before(&swipe("card-1", "r2", 100)).await["outcome"], "decline");
    let (status, again) = d.desk(Method::POST, &format!("/v1/drafts/{id}/publish"), Some(json!({}))).await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("draft_decided")));
}

#[tokio::test]
async fn of_two_people_the_second_publishes() {
    let d = Daemon::with_small_world().await;
    let (thandi, pieter) = (person(&d, "Thandi", "ops_lead").await, person(&d, "Pieter", "ops_lead").await);
    assert_eq!(d.get("/v1/drafts").await["second_person"], true);
    let (status, direct) =
        act(&d, &thandi, Method::PUT, "/v1/rules/no_open_order", json!({"mode": "off"})).await;
    assert_eq!((status, &direct["code"]), (StatusCode::CONFLICT, &json!("second_person_needed")));
    let (status, draft) = act(&d, &thandi, Method::POST, "/v1/drafts", stricter()).await;
    assert_eq!((status, &draft["proposed_by"]), (StatusCode::CREATED, &json!("user:Thandi")));
    let publish = format!("/v1/drafts/{}/publish", draft["id"].as_str().unwrap());
    let (status, own) = act(&d, &thandi, Method::POST, &publish, json!({})).await;
    assert_eq!((status, &own["code"]), (StatusCode::CONFLICT, &json!("second_person_needed")), "{own}");
    assert_eq!(d.before(&swipe("card-1", "r1", 100)).await["outcome"], "approve");
    let (status, rule) = act(&d, &pieter, Method::POST, &publish, json!({})).await;
    assert_eq!((status, &rule["updated_by"]), (StatusCode::OK, &json!("user:Pieter")), "{rule}");
    assert_eq!(d.before(&swipe("card-1", "r2", 100)).await["outcome"], "decline");
}

#[tokio::test]
async fn a_draft_made_from_an_older_version_is_not_published() {
    let d = Daemon::with_small_world().await;
    let draft = d.desk_post("/v1/drafts", stricter()).await;
    d.desk(Method::PUT, "/v1/rules/no_open_order", Some(json!({"severity": "info"}))).await;
    let publish = format!("/v1/drafts/{}/publish", draft["id"].as_str().unwrap());
    let (status, answer) = d.desk(Method::POST, &publish, Some(json!({}))).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("rule_changed")));
    let withdrawn = d.desk_post(&publish.replace("publish", "withdraw"), json!({})).await;
    assert_eq!(withdrawn["status"], "withdrawn");
    assert_eq!(d.items("/v1/drafts").await.len(), 0);
}

#[tokio::test]
async fn agents_change_no_rules_and_strangers_do_not_sign_in() {
    let d = Daemon::with_small_world().await;
    let agent = person(&d, "Lerato", "agent").await;
    for (method, path) in [
        (Method::PUT, "/v1/rules/foreign"),
        (Method::POST, "/v1/drafts"),
        (Method::PUT, "/v1/lists/mine"),
        (Method::POST, "/v1/people"),
    ] {
        let body = json!({"id": "foreign", "mode": "off", "kind": "custom", "name": "x", "role": "admin", "password": PASSWORD});
        let (status, answer) = act(&d, &agent, method, path, body).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::FORBIDDEN, &json!("wrong_role")),
            "{path}: {answer}"
        );
    }
    let (status, answer) = act(&d, &agent, Method::GET, "/v1/rules", json!({})).await;
    assert_eq!(status, StatusCode::OK, "reading is for everybody: {answer}");
    for (name, password) in
        [("Lerato", "wrong horse battery"), ("Nobody", PASSWORD), ("local-admin", PASSWORD)]
    {
        let (status, answer) = sign_in(&d, name, password).await;
        assert_eq!((status, &answer["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")), "{name}");
    }
    d.clock("2026-01-05T20:00:01Z").await;
    let (status, _) = act(&d, &agent, Method::GET, "/v1/rules", json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a session ends after 12 hours");
}

#[tokio::test]
async fn a_mistake_is_marked_where_it_stands_while_it_is_written() {
    let d = Daemon::with_small_world().await;
    let check = async |expression: &str| {
        d.desk_post(
            "/v1/rules/check",
            json!({"id": "mine", "mode": "live", "outcome": "alert", "expression": expression}),
        )
        .await
    };
    assert_eq!(check("velocity.swipes_1h > 3").await["ok"], true);
    let bad = check("card.known &&\n  swipe.amount_cent > 5").await;
    assert_eq!((&bad["ok"], &bad["line"]), (&json!(false), &json!(2)), "{bad}");
    assert!(bad["message"].as_str().unwrap().contains("amount_cent"), "{bad}");
    assert!(d.items("/v1/rules").await.iter().all(|rule| rule["id"] != "mine"), "checking keeps nothing");
    let words = d.get("/v1/rules/vocabulary").await;
    let names = |part: &str| -> Vec<String> {
        let items = words[part].as_array().unwrap().iter();
        items.map(|word| word["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names("facts").contains(&"travel.metres".to_owned()));
    assert!(names("lists").contains(&"list.deny_cards".to_owned()));
}

#[tokio::test]
async fn statistics_tell_what_became_of_a_rules_firings() {
    let d = Daemon::with_small_world().await;
    d.desk(Method::PUT, "/v1/rules/no_open_order", Some(json!({"outcome": "decline"}))).await;
    for (number, minute) in [(1, 0), (2, 20), (3, 40)] {
        d.clock(&format!("2026-01-05T08:{minute:02}:00Z")).await;
        let answer = d.before(&swipe("card-1", &format!("r{number}"), number * 1_000)).await;
        assert_eq!(rules_of(&answer), ["no_open_order"], "{answer}");
    }
    let alerts = d.items("/v1/alerts").await;
    for (alert, disposition) in alerts.iter().zip(["confirmed_fraud", "false_positive", "confirmed_fraud"]) {
        let path = format!("/v1/alerts/{}/disposition", alert["id"].as_str().unwrap());
        d.desk_post(&path, json!({"disposition": disposition})).await;
    }
    let statistics = d.items("/v1/rules/statistics").await;
    let own = statistics.iter().find(|s| s["rule"] == "no_open_order").unwrap();
    let expected = json!({"rule": "no_open_order", "fired": 3, "shadow_fired": 0, "confirmed": 2, "false_positive": 1,
        "inconclusive": 0, "explained": 0, "open": 0, "precision_percent": 66, "declined_cents": 4_000, "recovered_cents": 0});
    assert_eq!(own, &expected);
    let (_, none) = d
        .desk(Method::GET, "/v1/rules/statistics?from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z", None)
        .await;
    assert_eq!(none["items"], json!([]));
}
