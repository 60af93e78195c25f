//! Nonsense gets a clear error, keeps nothing, and the process lives.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn raw(d: &Daemon, hook: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let url = format!("{}/v1/webhooks/investec/{hook}", d.partner);
    let response = d.http.post(url).bearer_auth(&d.webhook_key).body(body).send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// Lives, decides, and kept nothing of the nonsense.
async fn unharmed(d: &Daemon) {
    assert!(d.items("/v1/authorizations").await.is_empty(), "nonsense was kept");
    assert!(d.items("/v1/bank-events").await.is_empty(), "nonsense was kept");
    let answer = d.before(&swipe("card-1", "afterwards", 100)).await;
    assert_eq!(answer["stand_in"], false, "the daemon must go on deciding: {answer}");
}

#[tokio::test]
async fn what_is_no_json_is_400_on_every_hook() {
    let d = Daemon::with_small_world().await;
    let whole = swipe("card-1", "r-1", 100).to_string().into_bytes();
    let mut bodies: Vec<Vec<u8>> = vec![
        vec![],
        b"   ".to_vec(),
        b"hello".to_vec(),
        b"{'single': 'quotes'}".to_vec(),
        [&whole[..], b"x"].concat(),
        [&whole[..], &whole[..]].concat(),
        b"{\"a\":\xff\xfe}".to_vec(),
        vec![0; 1_000],
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(),
        format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)).into_bytes(),
        "[".repeat(200_000).into_bytes(),
    ];
    bodies.extend((1..whole.len()).step_by(37).map(|cut| whole[..cut].to_vec()));
    for hook in ["before", "after", "decline", "reversal", "adjustment"] {
        for body in &bodies {
            let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let (status, answer) = raw(&d, hook, body.clone()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{hook}, {} bytes {start:?}: {answer}", body.len());
            assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
        }
    }
    unharmed(&d).await;
}

#[tokio::test]
async fn what_is_wrong_in_a_field_is_422_and_names_it() {
    let d = Daemon::with_small_world().await;
    let huge = "x".repeat(129);
    for (change, field) in [
        (json!({"card": null}), "card.id"),
        (json!({"card": {"id": ""}}), "card.id"),
        (json!({"card": {"id": huge}}), "card.id"),
        (json!({"card": {"id": "a\u{0}b"}}), "card.id"),
        (json!({"card": {"id": ["card-1"]}}), "card.id"),
        (json!({"centsAmount": null}), "centsAmount"),
        (json!({"centsAmount": "lots"}), "centsAmount"),
        (json!({"centsAmount": 10.5}), "centsAmount"),
        (json!({"centsAmount": 1e300}), "centsAmount"),
        (json!({"centsAmount": i64::MIN}), "centsAmount"),
        (json!({"centsAmount": u64::MAX}), "centsAmount"),
        (json!({"centsAmount": {}}), "centsAmount"),
        (json!({"centsAmount": true}), "centsAmount"),
        (json!({"currencyCode": null}), "currencyCode"),
        (json!({"currencyCode": "rand"}), "currencyCode"),
        (json!({"currencyCode": 710}), "currencyCode"),
        (json!({"merchant": null}), "merchant.name"),
        (json!({"merchant": {"name": null}}), "merchant.name"),
        (json!({"merchant": {"name": ["M"]}}), "merchant.name"),
        (json!({"dateTime": "yesterday"}), "dateTime"),
        (json!({"dateTime": 1_767_600_000}), "dateTime"),
        (json!({"reference": {"a": 1}}), "reference"),
    ] {
        for hook in ["before", "after"] {
            let (status, answer) =
                raw(&d, hook, with(&swipe("card-1", "r-1", 100), change.clone()).to_string().into_bytes())
                    .await;
            assert_eq!(
                (status, &answer["field"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
                "{hook} {change}: {answer}"
            );
        }
    }
    for body in ["[]", "null", "17", "\"text\"", "true", "{}"] {
        let (status, answer) = raw(&d, "before", body.into()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer}");
    }
    unharmed(&d).await;
}

#[tokio::test]
async fn a_body_over_256_kib_is_413_on_both_listeners_and_one_just_below_is_read() {
    let d = Daemon::with_small_world().await;
    const LIMIT: usize = 256 << 10;
    let padded = |bytes: usize| {
        let event = swipe("card-1", "r-1", 100).to_string();
        format!("{event}{}", " ".repeat(bytes - event.len())).into_bytes()
    };
    let (status, answer) = raw(&d, "before", padded(LIMIT + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
    let note = json!({"reason": "x".repeat(LIMIT)});
    let (status, answer) = d.desk(Method::POST, "/v1/cards/card-1/deactivate", Some(note)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert!(answer["code"].is_string(), "{answer}");
    unharmed(&d).await;
    let (status, answer) = raw(&d, "before", padded(LIMIT)).await;
    assert_eq!(status, StatusCode::OK, "exactly 256 KiB is allowed: {answer}");
}

#[tokio::test]
async fn a_long_or_odd_merchant_is_kept_bounded_and_on_one_line() {
    let d = Daemon::with_small_world().await;
    for (n, name) in [
        "M".repeat(100_000),
        "A\u{0}B\nC\r\tD".into(),
        "\u{202e}okraM".into(),
        "💳".repeat(5_000),
        "'; drop table card; --".into(),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = d
            .before(&with(
                &swipe("card-1", &format!("r-{n}"), 100),
                json!({"merchant": {"name": name, "city": name}}),
            ))
            .await;
        let kept = d.decision(&answer).await;
        let merchant = kept["merchant"].as_str().unwrap();
        assert!(merchant.chars().count() <= 1_000 && !merchant.contains(char::is_control), "{merchant:?}");
    }
    assert_eq!(d.items("/v1/cards").await.len(), 2, "and no text is ever run as SQL");
}

#[tokio::test]
async fn the_desk_names_what_is_wrong_too() {
    let d = Daemon::with_small_world().await;
    let url = |path: &str| format!("{}{path}", d.desk);
    for (method, path, body, status) in [
        (Method::POST, "/v1/cards/card-1/deactivate", "{", 400),
        (Method::POST, "/v1/cards/card-1/deactivate", "[1]", 422),
        (Method::POST, "/v1/cards/card-1/deactivate", r#"{"reason": 5}"#, 422),
        (Method::PATCH, "/v1/settings", "", 400),
        (Method::PATCH, "/v1/settings", "[]", 422),
        (Method::PUT, "/v1/rules/foreign", "nope", 400),
        (Method::POST, "/v1/test/clock", r#"{"now": "soon"}"#, 422),
        (Method::POST, "/v1/keys", r#"{"name": "x", "scope": "all"}"#, 422),
        (Method::GET, "/v1/authorizations?from=yesterday", "", 422),
        (Method::GET, "/v1/authorizations/none", "", 404),
        (Method::GET, "/v1/reports/nonsense.svg", "", 404),
        (Method::GET, "/v1/nowhere", "", 404),
        (Method::DELETE, "/v1/cards", "", 405),
        (Method::GET, "/v1/cards/%00", "", 404),
    ] {
        let (found, answer) = d.send(method.clone(), url(path), &d.token, Some(body.into())).await;
        assert_eq!(found.as_u16(), status, "{method} {path} {body}: {answer}");
        assert!(
            answer["code"].is_string() && answer["message"].as_str().is_some_and(|m| !m.is_empty()),
            "{method} {path}: {answer}"
        );
    }
    unharmed(&d).await;
}

#[tokio::test]
async fn deep_or_broken_ingest_lines_are_named_and_the_daemon_lives() {
    let d = Daemon::with_small_world().await;
    let deep = format!(r#"{{"kind":"shopper","data":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!(
        r#"{{"kind":"shopper","data":{{"id":"a","name":"N","x":{}1{}}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for line in [
        deep,
        deep_field,
        "{".repeat(100_000),
        r#"{"kind":5,"data":{}}"#.into(),
        r#"{"data":{},"kind":"shopper"}"#.into(),
    ] {
        let (status, answer) = d.ingest_text(line.clone()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(
            (answer["accepted"].as_u64(), answer["rejected"][0]["line"].as_u64()),
            (Some(0), Some(1)),
            "{}: {answer}",
            &line[..line.len().min(60)]
        );
    }
    unharmed(&d).await;
}
