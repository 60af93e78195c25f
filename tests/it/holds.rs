//! Cards that a rule deactivates: held for a time, until a person confirms or lifts it.

use crate::support::{Daemon, swipe, with};
use reqwest::{Method, StatusCode};
use serde_json::json;

/// A card that the rule `foreign` has just deactivated.
async fn held() -> Daemon {
    let d = Daemon::with_small_world().await;
    let (status, answer) =
        d.desk(Method::PUT, "/v1/rules/foreign", Some(json!({"outcome": "decline_and_deactivate"}))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let abroad = with(&swipe("card-1", "r1", 900), json!({"currencyCode": "USD"}));
    assert_eq!(d.before(&abroad).await["outcome"], "decline");
    let card = d.get("/v1/cards/card-1").await;
    assert_eq!(card["status"], "deactivated", "{card}");
    assert_eq!(
        card["hold"],
        json!({"rule": "foreign", "until": "2026-01-05T09:00:00.000Z"}),
        "60 minutes unless set otherwise: {card}"
    );
    assert_eq!(d.get("/v1/cards?status=held").await["counts"]["held"], 1);
    d
}

#[tokio::test]
async fn a_hold_that_nobody_confirms_ends_by_itself() {
    let d = held().await;
    d.clock("2026-01-05T08:59:59Z").await;
    assert_eq!(d.before(&swipe("card-1", "r2", 900)).await["outcome"], "decline");
    d.clock("2026-01-05T09:00:00Z").await;
    let card = d.get("/v1/cards/card-1").await;
    assert_eq!((&card["status"], &card["hold"]), (&json!("active"), &json!(null)), "{card}");
    assert_eq!(d.before(&swipe("card-1", "r3", 900)).await["outcome"], "approve");
    let audited = d.items("/v1/audit?subject=card:card-1").await;
    let ended = audited.iter().find(|entry| entry["action"] == "card_reactivated").unwrap();
    assert_eq!(ended["actor"], "rule:foreign", "{audited:#?}");
}

#[tokio::test]
async fn a_confirmed_hold_stays() {
    let d = held().await;
    let card = d.desk_post("/v1/cards/card-1/confirm-hold", json!({"note": "called the shopper"})).await;
    assert_eq!((&card["status"], &card["hold"]), (&json!("deactivated"), &json!(null)));
    d.clock("2026-01-05T12:00:00Z").await;
    assert_eq!(d.before(&swipe("card-1", "r2", 900)).await["outcome"], "decline");
    let (status, answer) = d.desk(Method::POST, "/v1/cards/card-1/confirm-hold", Some(json!({}))).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("not_held")));
}

#[tokio::test]
async fn a_person_who_deactivates_a_held_card_means_it_to_stay() {
    let d = held().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    d.clock("2026-01-05T12:00:00Z").await;
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "deactivated");
}

#[tokio::test]
async fn a_lifted_hold_is_over_at_once_and_its_length_is_a_setting() {
    let d = held().await;
    d.desk_post("/v1/cards/card-1/activate", json!({"reason": "shopper on holiday"})).await;
    assert_eq!(d.before(&swipe("card-1", "r2", 900)).await["outcome"], "approve");
    d.patch_settings(json!({"hold_minutes": 5})).await;
    let abroad = with(&swipe("card-1", "r3", 900), json!({"currencyCode": "USD"}));
    d.before(&abroad).await;
    assert_eq!(d.get("/v1/cards/card-1").await["hold"]["until"], "2026-01-05T08:05:00.000Z");
    for minutes in [0, 1_441] {
        let (status, _) = d.desk(Method::PATCH, "/v1/settings", Some(json!({"hold_minutes": minutes}))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{minutes}");
    }
}

#[tokio::test]
async fn a_simulated_swipe_never_deactivates_a_card() {
    let d = Daemon::with_small_world().await;
    d.desk(Method::PUT, "/v1/rules/foreign", Some(json!({"outcome": "decline_and_deactivate"}))).await;
    let abroad = with(&swipe("card-1", "r1", 900), json!({"currencyCode": "USD", "reference": "simulation"}));
    assert_eq!(d.before(&abroad).await["outcome"], "decline");
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "active");
}
