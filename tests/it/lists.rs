//! Lists that rules look into, by the API and from CSV.

use crate::support::{Daemon, rules_of, swipe, with};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn import(d: &Daemon, id: &str, csv: &str) -> (StatusCode, Value) {
    let url = format!("{}/v1/lists/{id}/import", d.desk);
    d.send(Method::POST, url, &d.token, Some(csv.to_owned())).await
}

#[tokio::test]
async fn a_denied_merchant_is_declined_from_the_next_swipe_on() {
    let d = Daemon::with_small_world().await;
    let at = |name: &str| json!({"merchant": {"name": name}});
    let free = d.before(&with(&swipe("card-1", "r1", 900), at("SHELL SANDTON"))).await;
    assert!(!rules_of(&free).contains(&"deny_list".to_owned()), "{free}");
    let (status, answer) = import(&d, "deny_merchants", "entry,why\nSHELL SANDTON,theft\nBP,theft\n").await;
    assert_eq!((status, &answer["added"]), (StatusCode::OK, &json!(2)), "{answer}");
    let denied = d.before(&with(&swipe("card-1", "r2", 900), at("SHELL SANDTON"))).await;
    assert_eq!(denied["outcome"], "decline", "{denied}");
    assert!(rules_of(&denied).contains(&"deny_list".to_owned()), "{denied}");
    d.desk_post("/v1/lists/deny_merchants/entries", json!({"remove": ["SHELL SANDTON"]})).await;
    let free = d.before(&with(&swipe("card-1", "r3", 900), at("SHELL SANDTON"))).await;
    assert!(!rules_of(&free).contains(&"deny_list".to_owned()), "{free}");
}

#[tokio::test]
async fn an_allowed_merchant_is_no_unknown_one() {
    let d = Daemon::with_small_world().await;
    let odd = json!({"merchant": {"name": "BOB'S VEGETABLES"}});
    let unknown = d.before(&with(&swipe("card-1", "r1", 900), odd.clone())).await;
    assert!(rules_of(&unknown).contains(&"unknown_merchant".to_owned()));
    d.desk_post("/v1/lists/allow_merchants/entries", json!({"add": ["Bob's Vegetables"]})).await;
    let allowed = d.before(&with(&swipe("card-1", "r2", 900), odd)).await;
    assert!(!rules_of(&allowed).contains(&"unknown_merchant".to_owned()), "{allowed}");
}

#[tokio::test]
async fn a_list_of_ones_own_serves_a_rule_and_cannot_be_taken_from_under_it() {
    let d = Daemon::with_small_world().await;
    let rule = json!({"mode": "live", "outcome": "alert", "expression": "card.id in list.watched"});
    let (status, bad) = d.desk(Method::PUT, "/v1/rules/watched", Some(rule.clone())).await;
    assert_eq!((status, &bad["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_expression")), "{bad}");
    assert_eq!((&bad["line"], bad["column"].as_i64().unwrap() > 10), (&json!(1), true), "{bad}");
    let (status, _) = d.desk(Method::PUT, "/v1/lists/watched", Some(json!({"kind": "custom"}))).await;
    assert_eq!(status, StatusCode::OK);
    d.desk_post("/v1/lists/watched/entries", json!({"add": ["card-1"]})).await;
    let (status, answer) = d.desk(Method::PUT, "/v1/rules/watched", Some(rule)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(rules_of(&d.before(&swipe("card-1", "r1", 900)).await).contains(&"watched".to_owned()));
    assert!(!rules_of(&d.before(&swipe("card-2", "r2", 900)).await).contains(&"watched".to_owned()));
    let (status, refused) = d.desk(Method::DELETE, "/v1/lists/watched", None).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("list_in_use")));
    let lists = d.items("/v1/lists").await;
    let watched = lists.iter().find(|list| list["id"] == "watched").unwrap();
    assert_eq!((&watched["entries"], &watched["used_by"]), (&json!(1), &json!(["watched"])));
}

#[tokio::test]
async fn an_import_names_its_bad_lines_and_never_keeps_a_card_number() {
    let d = Daemon::with_small_world().await;
    let (status, answer) = import(&d, "deny_cards", "card-7\n4111 1111 1111 1111\n\ncard-8\ncard-7\n").await;
    assert_eq!((status, &answer["added"]), (StatusCode::OK, &json!(2)), "{answer}");
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["rejected"][0]["line"], 2);
    let (_, again) = import(&d, "deny_cards", "card-7\n").await;
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(1)));
    let url = format!("{}/v1/lists/deny_cards/import?replace=true", d.desk);
    let (_, whole) = d.send(Method::POST, url, &d.token, Some("card-9\n".into())).await;
    assert_eq!((&whole["added"], &whole["removed"]), (&json!(1), &json!(2)), "{whole}");
    assert_eq!(d.get("/v1/lists/deny_cards/entries").await["items"], json!(["card-9"]));
    assert_eq!(import(&d, "nowhere", "x").await.0, StatusCode::NOT_FOUND);
}
