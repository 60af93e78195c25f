//! One click deactivates a card, for good, whatever happens next.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn one_click_and_the_next_swipe_is_declined() {
    let d = Daemon::with_small_world().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    assert_eq!(d.before(&swipe("card-1", "r-1", 100)).await["outcome"], "approve");
    let card = d
        .desk_post("/v1/cards/card-1/deactivate", json!({"reason": "Suspicious", "note": "third time"}))
        .await;
    assert_eq!((&card["id"], &card["status"]), (&json!("card-1"), &json!("deactivated")), "{card}");
    assert_eq!(
        card["deactivation"]["layer"], "declines_by_code",
        "it must not say that the bank blocked it: {card}"
    );
    let answer = d.before(&swipe("card-1", "r-2", 100)).await;
    assert_eq!(
        (&answer["outcome"], rules_of(&answer)),
        (&json!("decline"), vec!["card_deactivated".to_owned()]),
        "the thief pays on: {answer}"
    );
    assert_eq!(
        d.before(&swipe("card-2", "r-3", 100)).await["outcome"],
        "approve",
        "another card is not touched"
    );
}

#[tokio::test]
async fn a_second_click_changes_nothing() {
    let d = Daemon::with_small_world().await;
    let first = d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "one"})).await;
    d.clock(&after_t0(MINUTE_MS)).await;
    let second = d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "two"})).await;
    assert_eq!(first["deactivation"], second["deactivation"], "who, when and why stay the first's");
    assert_eq!(d.items("/v1/audit?subject=card:card-1").await.len(), 1, "one act, one entry");
}

#[tokio::test]
async fn a_deactivation_survives_kill_9_once_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "deactivated");
    assert_eq!(
        d.before(&swipe("card-1", "r-1", 100)).await["outcome"],
        "decline",
        "a power cut gave the card back to the thief"
    );
}

#[tokio::test]
async fn who_did_it_when_and_why_is_in_the_audit_log() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen", "note": "seen on camera"})).await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    d.desk_post("/v1/cards/card-1/activate", json!({"reason": "it was a mistake"})).await;
    let entries = d.items("/v1/audit?subject=card:card-1").await;
    let seen: Vec<(&str, &str)> =
        entries.iter().rev().map(|e| (e["actor"].as_str().unwrap(), e["action"].as_str().unwrap())).collect();
    assert_eq!(
        (seen.first(), seen.last()),
        (Some(&("user:local-admin", "card_deactivated")), Some(&("user:local-admin", "card_reactivated"))),
        "{entries:#?}"
    );
    assert!(
        seen.contains(&("rule:card_deactivated", "declined")),
        "every act of a rule on a card, too: {entries:#?}"
    );
    assert_eq!(entries.last().unwrap()["detail"]["reason"], "stolen");
    assert_eq!(
        d.items("/v1/cards/card-1/history").await.len(),
        entries.len(),
        "the card's own history shows the same"
    );
    let (found, said, _) = command(&["verify-audit", "--data-dir", d.data_dir.to_str().unwrap()]);
    assert!(found, "{said}");
}

#[tokio::test]
async fn reactivating_asks_a_reason() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    for body in [json!({}), json!({"reason": null}), json!({"reason": "  "})] {
        let (status, answer) = d.desk(Method::POST, "/v1/cards/card-1/activate", Some(body)).await;
        assert_eq!(
            (status, &answer["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason")),
            "{answer}"
        );
    }
    assert_eq!(
        d.before(&swipe("card-1", "r-1", 100)).await["outcome"],
        "decline",
        "a refused click changed the card"
    );
    let card = d.desk_post("/v1/cards/card-1/activate", json!({"reason": "found again"})).await;
    assert_eq!((&card["status"], &card["deactivation"]), (&json!("active"), &Value::Null));
    assert_eq!(d.before(&swipe("card-1", "r-2", 100)).await["outcome"], "approve");
}

#[tokio::test]
async fn a_card_is_deactivated_under_any_of_its_ids() {
    let d = Daemon::start().await;
    let hash = "0f".repeat(32);
    d.ingest(&[line("card", json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "shopper_id": "s", "other_ids": [hash, "key-2"]}))]).await;
    let card = d.desk_post(&format!("/v1/cards/{hash}/deactivate"), json!({})).await;
    assert_eq!(card["id"], "card-1");
    for (n, id) in ["card-1", &hash, "key-2"].into_iter().enumerate() {
        let answer = d.before(&swipe(id, &format!("r-{n}"), 100)).await;
        assert_eq!(answer["outcome"], "decline", "under {id}: {answer}");
    }
}

#[tokio::test]
async fn a_swipe_under_an_other_id_is_that_cards_swipe() {
    let d = Daemon::with_small_world().await;
    let hash = "0f".repeat(32);
    d.ingest(&[
        line("card", json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "shopper_id": "shopper-1", "other_ids": [hash]})),
        line("order", order("order-1", 100_000)),
    ])
    .await;
    let answer = d.before(&swipe(&hash, "r-1", 60_000)).await;
    assert_eq!(answer["reasons"], json!([]), "the card's order covers it: {answer}");
    let over = d.before(&swipe("card-1", "r-2", 60_000)).await;
    assert_eq!(rules_of(&over), ["over_order_value"], "both ids spend the same order: {over}");
}

#[tokio::test]
async fn an_unknown_card_can_be_deactivated_and_stays_so_when_it_becomes_known() {
    for other in [false, true] {
        let d = Daemon::start().await;
        d.before(&swipe("stray", "r-1", 100)).await;
        d.desk_post("/v1/cards/stray/deactivate", json!({"reason": "whose is it"})).await;
        assert_eq!(d.before(&swipe("stray", "r-2", 100)).await["outcome"], "decline");
        let (id, others) = if other { ("card-1", json!(["stray"])) } else { ("stray", json!([])) };
        d.ingest(&[line(
            "card",
            json!({"id": id, "masked_number": "422254XXXXXX7072", "shopper_id": "s", "other_ids": others}),
        )])
        .await;
        let card = d.get("/v1/cards/stray").await;
        assert_eq!(
            (&card["id"], &card["status"]),
            (&json!(id), &json!("deactivated")),
            "learning its name gave it back: {card}"
        );
        assert_eq!(d.before(&swipe(id, "r-3", 100)).await["outcome"], "decline");
        assert_eq!(
            d.items(&format!("/v1/authorizations?card_id={id}")).await.len(),
            3,
            "its past goes with it"
        );
    }
}

#[tokio::test]
async fn ingesting_a_card_again_never_reactivates_it() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    d.ingest(&[line(
        "card",
        json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "shopper_id": "shopper-2"}),
    )])
    .await;
    assert_eq!(d.before(&swipe("card-1", "r-1", 100)).await["outcome"], "decline");
}

#[tokio::test]
async fn a_card_that_nobody_ever_saw_is_404() {
    let d = Daemon::start().await;
    for (method, path) in [(Method::GET, "/v1/cards/none"), (Method::POST, "/v1/cards/none/deactivate")] {
        let (status, answer) = d.desk(method, path, None).await;
        assert_eq!((status, &answer["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}");
    }
}

#[tokio::test]
async fn a_full_card_number_in_a_reason_or_note_is_refused() {
    let d = Daemon::with_small_world().await;
    for body in
        [json!({"reason": "4111111111111111 was stolen"}), json!({"note": "it is 4111-1111-1111-1111"})]
    {
        let (status, answer) = d.desk(Method::POST, "/v1/cards/card-1/deactivate", Some(body)).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("full_card_number")),
            "{answer}"
        );
    }
    assert_eq!(d.get("/v1/cards/card-1").await["status"], "active");
}

#[tokio::test]
async fn the_live_list_shows_shopper_last_swipe_and_open_alerts() {
    let d = Daemon::with_small_world().await;
    d.clock(&after_t0(MINUTE_MS)).await;
    d.before(&swipe("card-1", "r-1", 19_190)).await;
    let cards = d.items("/v1/cards").await;
    assert_eq!(cards.len(), 2);
    let card = &cards[0];
    let expected = json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "status": "active", "shopper": {"id": "shopper-1", "name": "Thandi Nkosi"},
        "last_swipe_at": after_t0(MINUTE_MS), "open_alerts": 1});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&card[field], value, "{field}: {card:#}");
    }
    assert_eq!((&cards[1]["last_swipe_at"], &cards[1]["open_alerts"]), (&Value::Null, &json!(0)));
    assert_eq!(d.items("/v1/cards?q=thandi").await.len(), 1);
    assert_eq!(d.items("/v1/cards?status=deactivated").await.len(), 0);
    assert_eq!(d.desk(Method::GET, "/v1/cards?sort=colour", None).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn twenty_swipes_racing_a_click_are_declined_once_it_is_answered() {
    let d = std::sync::Arc::new(Daemon::with_small_world().await);
    let mut swipes = tokio::task::JoinSet::new();
    for n in 0..20 {
        let d = d.clone();
        swipes.spawn(async move { d.before(&swipe("card-1", &format!("r-{n}"), 100)).await });
    }
    d.desk_post("/v1/cards/card-1/deactivate", json!({})).await;
    let after = d.before(&swipe("card-1", "after the click", 100)).await;
    assert_eq!(after["outcome"], "decline", "the click was answered before this swipe: {after}");
    for answer in swipes.join_all().await {
        assert_eq!(answer["stand_in"], false, "{answer}");
    }
}

#[tokio::test]
async fn another_cards_other_ids_never_free_a_deactivated_card() {
    let d = Daemon::with_small_world().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    let greedy = json!({"id": "card-2", "masked_number": "422254XXXXXX7049", "shopper_id": "shopper-2", "other_ids": ["card-1"]});
    d.ingest_text(line("card", greedy).to_string()).await;
    let answer = d.before(&swipe("card-1", "r-1", 100)).await;
    assert_eq!(
        answer["outcome"], "decline",
        "a slip in the order system gave the thief the card back: {answer}"
    );
}
