//! A full card number is nowhere: not on disk, not in the log, not in an answer.

use crate::slack::Receiver;
use crate::support::*;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;

/// Numbers that pass Luhn under a scheme's prefix: published test numbers of Visa, Mastercard, American Express, Diners.
const NUMBERS: [&str; 4] = ["4111111111111111", "5555555555554444", "378282246310005", "30569309025904"];

/// Files below `directory` that hold any of `needles`, byte for byte.
fn found(directory: &Path, needles: &[String]) -> Vec<String> {
    let mut hits = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            hits.extend(found(&path, needles));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for needle in needles {
            if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                hits.push(format!("{needle} in {}", path.display()));
            }
        }
    }
    hits
}

/// The ways people write a number.
fn written(number: &str) -> Vec<String> {
    let four = |by: &str| {
        number.as_bytes().chunks(4).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join(by)
    };
    vec![number.to_owned(), four(" "), four("-")]
}

#[tokio::test]
async fn a_full_number_in_a_swipe_is_cut_decided_alerted_and_left_nowhere() {
    let slack = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    d.patch_settings(json!({"slack_webhook_url": slack.url})).await;
    let mut needles: Vec<String> = NUMBERS.iter().flat_map(|number| written(number)).collect();
    // Long or un-hexadecimal, so that no random id holds them by chance.
    needles.extend([
        "z9137z".into(),
        "913791379137".into(),
        "B4111111111111111^NKOSI/T^2512".into(),
        "4111111111111111D2512".into(),
    ]);
    let mut answers = String::new();
    for (n, form) in NUMBERS.iter().flat_map(|number| written(number)).enumerate() {
        for (place, change) in [
            ("merchant", json!({"merchant": {"name": format!("SHOP {form} END")}})),
            ("city", json!({"merchant": {"city": form}})),
            ("reference", json!({"reference": format!("{form} {n}")})),
            ("unknown field", json!({"extra": {"list": ["x", form]}})),
            ("key-like text", json!({"cardNumber": form})),
        ] {
            let event = with(&swipe("card-1", &format!("{place}-{n}"), 19_190), change);
            let answer = d.before(&event).await;
            assert_eq!(answer["outcome"], "approve", "the swipe is decided all the same: {answer}");
            assert!(
                rules_of(&answer).contains(&"full_card_number".to_owned()),
                "an alert tells ops, {place} {form}: {answer}"
            );
            answers.push_str(&answer.to_string());
            answers.push_str(&d.report("after", &event).await.to_string());
        }
    }
    let secrets = json!({"cvv": "z9137z", "cvc2": 913791379137_u64, "track1": "B4111111111111111^NKOSI/T^2512", "track2": "4111111111111111D2512", "card": {"cvv": "z9137z", "pin": "z9137z"}});
    answers.push_str(&d.before(&with(&swipe("card-1", "cvv", 100), secrets)).await.to_string());
    // Errors, too, say nothing of it.
    let (status, answer) = d
        .hook_raw(
            "before",
            with(&swipe("card-1", "bad", 1), json!({"centsAmount": NUMBERS[0], "currencyCode": NUMBERS[0]}))
                .to_string(),
        )
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    answers.push_str(&answer.to_string());
    let (status, answer) = d.hook_raw("log", json!({"level": "error", "message": format!("could not read {}", NUMBERS[0]), "card": {"id": "card-1"}}).to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    d.clock(T0).await;
    for path in [
        "/v1/authorizations?limit=500",
        "/v1/alerts?limit=500",
        "/v1/bank-events?limit=500",
        "/v1/card-logs",
        "/v1/audit?limit=500",
        "/v1/outbox?limit=500",
        "/v1/notifications",
        "/v1/cards",
        "/metrics",
    ] {
        answers.push_str(&d.get(path).await.to_string());
    }
    answers.extend(slack.taken().iter().map(|message| message.body.clone()));
    let merchants = d.items("/v1/authorizations?limit=500").await;
    assert!(
        merchants.iter().any(|a| a["merchant"] == "SHOP 411111XXXXXX1111 END"),
        "first 6 and last 4 stay: {}",
        merchants[0]
    );
    for needle in &needles {
        assert!(!answers.contains(needle.as_str()), "{needle} came back in an answer");
    }
    assert_eq!(
        found(dir.path(), &needles),
        Vec::<String>::new(),
        "while it runs, write-ahead log and log file included"
    );
    assert_eq!(d.stop().await, Some(0));
    assert_eq!(found(dir.path(), &needles), Vec::<String>::new(), "and after it stopped");
}

#[tokio::test]
async fn what_only_looks_like_a_card_number_is_left_alone() {
    let d = Daemon::with_small_world().await;
    for (n, text) in [
        "4111111111111112",
        "41111111111",
        "600123456789",
        "0821234567",
        "TILL 0042 2026-01-05 19190",
        "1234567890123456",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = d
            .before(&with(&swipe("card-1", &format!("r-{n}"), 100), json!({"merchant": {"name": text}})))
            .await;
        assert!(
            !rules_of(&answer).contains(&"full_card_number".to_owned()),
            "{text}: a false alarm: {answer}"
        );
        assert_eq!(d.decision(&answer).await["merchant"], text, "and the text is kept as it is");
    }
}

#[tokio::test]
async fn references_that_differ_only_in_the_cut_digits_stay_apart() {
    let d = Daemon::with_small_world().await;
    // Both pass Luhn and read the same once cut.
    let one = d.before(&swipe("card-1", "4111111111111111", 100)).await;
    let two = d.before(&swipe("card-1", "4111112111101111", 100)).await;
    assert_eq!(two["duplicate"], false, "{two}");
    let again = d.before(&swipe("card-1", "4111111111111111", 100)).await;
    assert_eq!((&again["duplicate"], &again["decision_id"]), (&json!(true), &one["decision_id"]), "{again}");
}

#[tokio::test]
async fn a_record_with_a_full_number_is_rejected_by_line_and_field_and_left_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    let number = NUMBERS[0];
    let cases: [(&str, Value, &str); 7] = [
        ("shopper", json!({"id": "a", "name": format!("Card {number}")}), "name"),
        ("card", json!({"id": "b", "masked_number": number}), "masked_number"),
        (
            "customer",
            json!({"id": "c", "name": "N", "created_at": T0, "address": "4111 1111 1111 1111, Long St"}),
            "address",
        ),
        (
            "order",
            with(
                &order("d", 100),
                json!({"payments": [{"last4": "1111", "name_on_card": number, "outcome": "approved", "at": T0}]}),
            ),
            "payments[0].name_on_card",
        ),
        (
            "order",
            with(&order("e", 100), json!({"delivery": {"address": "4111-1111-1111-1111"}})),
            "delivery.address",
        ),
        (
            "slip",
            json!({"id": "f", "order_ids": [], "total_cents": 1, "at": T0, "lines": [{"name": number, "quantity": 1, "total_cents": 1}]}),
            "lines[0].name",
        ),
        (
            "shopper",
            json!({"id": "g", "name": "N", "unknown_field": {"deep": [4_111_111_111_111_111_i64]}}),
            "unknown_field.deep[0]",
        ),
    ];
    let mut text: Vec<String> =
        cases.iter().map(|(kind, data, _)| line(kind, data.clone()).to_string()).collect();
    text.push(line("shopper", json!({"id": "good", "name": "N"})).to_string());
    let (status, answer) = d.ingest_text(text.join("\n")).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(1)), "{answer}");
    for (n, (problem, (kind, _, field))) in
        answer["rejected"].as_array().unwrap().iter().zip(&cases).enumerate()
    {
        assert_eq!(
            (&problem["line"], &problem["code"], &problem["field"]),
            (&json!(n + 1), &json!("full_card_number"), &json!(field)),
            "{kind}: {problem}"
        );
    }
    assert!(!answer.to_string().contains(number), "{answer}");
    let needles = written(number);
    assert_eq!(found(dir.path(), &needles), Vec::<String>::new());
    assert_eq!(d.stop().await, Some(0));
    assert_eq!(found(dir.path(), &needles), Vec::<String>::new());
}

#[tokio::test]
async fn article_numbers_and_ids_may_look_like_card_numbers() {
    let d = Daemon::start().await;
    let number = NUMBERS[0];
    let sku = json!({"items": [{"sku": number, "name": "Milk", "quantity": 1, "unit_price_cents": 1}]});
    d.ingest(&[
        line("order", with(&order(number, 100), sku)),
        line("shopper", json!({"id": "6011000990139424", "name": "N"})),
        line(
            "card",
            json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "other_ids": ["5555555555554444"]}),
        ),
    ])
    .await;
    assert_eq!(d.get(&format!("/v1/records/order/{number}")).await["data"]["items"][0]["sku"], number);
}

#[tokio::test]
async fn no_error_repeats_a_full_number_that_it_was_sent() {
    let d = Daemon::with_small_world().await;
    let number = NUMBERS[0];
    let mut answers = vec![d.hook_raw(number, swipe("card-1", "r-1", 1).to_string()).await.1];
    for change in [
        json!({"centsAmount": number}),
        json!({"currencyCode": number}),
        json!({"dateTime": number}),
        json!({"merchant": {"name": {"a": number}}}),
    ] {
        answers.push(d.hook_raw("before", with(&swipe("card-1", "r-1", 1), change).to_string()).await.1);
    }
    for line in [
        format!(r#"{{"kind":"{number}","data":{{}}}}"#),
        format!(r#"{{"kind":{number},"data":{{}}}}"#),
        format!(r#"{{"kind":"order","data":{number}}}"#),
    ] {
        answers.push(d.ingest_text(line).await.1);
    }
    for (method, path, body) in [
        (reqwest::Method::PUT, "/v1/rules/foreign".to_owned(), json!({"mode": number})),
        (reqwest::Method::PATCH, "/v1/settings".to_owned(), json!({"fallback": number})),
        (
            reqwest::Method::POST,
            "/v1/cards/card-1/deactivate".to_owned(),
            json!({"reason": 4_111_111_111_111_111_i64}),
        ),
    ] {
        answers.push(d.desk(method, &path, Some(body)).await.1);
    }
    let echoed: Vec<&Value> = answers.iter().filter(|answer| answer.to_string().contains(number)).collect();
    assert!(
        echoed.is_empty(),
        "what is never stored or logged must not come back for others to log: {echoed:#?}"
    );
    assert_eq!(found(&d.data_dir, &written(number)), Vec::<String>::new());
}
