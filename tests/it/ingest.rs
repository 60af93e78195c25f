//! The order system's records: whole, in any order, the newest of each.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn record(d: &Daemon, kind: &str, id: &str) -> Value {
    d.get(&format!("/v1/records/{kind}/{id}")).await["data"].clone()
}

fn counts(answer: &Value) -> (u64, u64, usize) {
    (
        answer["accepted"].as_u64().unwrap(),
        answer["unchanged"].as_u64().unwrap(),
        answer["rejected"].as_array().unwrap().len(),
    )
}

/// One full record of every kind.
fn every_kind() -> Vec<(&'static str, Value)> {
    let at = "2026-01-05T07:30:00.000Z";
    vec![
        (
            "store",
            json!({"id": "x", "name": "Makro Woodmead", "merchant_aliases": ["MAKRO WDM"], "kind": "liquor", "lat": -26.06, "lng": 28.09, "partner": false}),
        ),
        ("shopper", json!({"id": "x", "name": "Thandi Nkosi", "phone": "+27821234567"})),
        (
            "shift",
            json!({"id": "x", "shopper_id": "s", "starts_at": at, "ends_at": "2026-01-05T16:00:00.000Z"}),
        ),
        (
            "card",
            json!({"id": "x", "masked_number": "422254XXXXXX7072", "shopper_id": "s", "issuer": "investec", "other_ids": ["y"]}),
        ),
        (
            "customer",
            json!({"id": "x", "name": "A Buyer", "email": "a@example.org", "phone": "+27820000000", "created_at": at, "profile_updated_at": at,
            "address": "1 Long St", "lat": -33.9, "lng": 18.4, "device_id": "d", "total_spend_cents": 1, "total_basket_cents": 2}),
        ),
        (
            "order",
            json!({"id": "x", "customer_id": "c", "store_id": "st", "placed_at": at, "status": "delivered", "shopper_id": "s", "assigned_at": at,
            "completed_at": at, "items": [{"sku": "k", "name": "Milk", "category": "dairy", "quantity": 2.0, "unit_price_cents": 1999, "supplied_quantity": 1.0}],
            "basket_cents": 3998, "supplied_cents": 1999, "tip_cents": -100, "coupon": {"code": "FIRST", "type": "ftb", "discount_cents": 50},
            "delivery": {"address": "1 Long St", "lat": -33.9, "lng": 18.4},
            "payments": [{"card_fingerprint": "f", "last4": "1234", "bank": "b", "name_on_card": "A BUYER", "outcome": "declined", "response": "Do not honour", "at": at}]}),
        ),
        (
            "slip",
            json!({"id": "x", "order_ids": ["o"], "store_id": "st", "shopper_id": "s", "card_id": "c", "total_cents": 1999, "refund": true, "at": at,
            "lines": [{"name": "Milk", "sku": "k", "quantity": 1.0, "total_cents": 1999}]}),
        ),
        (
            "complaint",
            json!({"id": "x", "customer_id": "c", "order_id": "o", "type": "missing_item", "images_required": true, "images_received": false, "at": at}),
        ),
        (
            "compensation",
            json!({"id": "x", "customer_id": "c", "order_id": "o", "complaint_type": "missing_item", "amount_cents": 500, "at": at, "authorized_by": "mod"}),
        ),
        ("exception", json!({"id": "x", "order_id": "o", "customer_id": "c", "manual": true, "at": at})),
        (
            "bank_transaction",
            json!({"id": "x", "card_id": "c", "status": "posted", "amount_cents": 1999, "currency": "ZAR", "merchant_name": "MAKRO", "at": at, "reference": "r"}),
        ),
        (
            "delivery_area",
            json!({"id": "x", "name": "Norwood", "polygon": [[28.0, -26.0], [28.1, -26.0], [28.1, -26.1]]}),
        ),
    ]
}

fn holds(stored: &Value, sent: &Value, path: &str) {
    match (stored, sent) {
        (Value::Object(stored), Value::Object(sent)) => {
            sent.iter().for_each(|(name, value)| holds(&stored[name], value, &format!("{path}.{name}")))
        }
        (Value::Array(stored), Value::Array(sent)) => {
            assert_eq!(stored.len(), sent.len(), "{path}");
            stored.iter().zip(sent).for_each(|(a, b)| holds(a, b, path));
        }
        (stored, sent) => assert_eq!(stored, sent, "{path}: a field of the contract was lost"),
    }
}

#[tokio::test]
async fn all_twelve_kinds_are_kept_whole_and_can_be_read_back() {
    let d = Daemon::start().await;
    let kinds = every_kind();
    assert_eq!(kinds.len(), 12);
    let lines: Vec<Value> = kinds.iter().map(|(kind, data)| line(kind, data.clone())).collect();
    assert_eq!(counts(&d.ingest(&lines).await), (12, 0, 0));
    for (kind, sent) in &kinds {
        holds(&record(&d, kind, "x").await, sent, kind);
        assert_eq!(d.items(&format!("/v1/records/{kind}")).await.len(), 1, "{kind}");
    }
    assert_eq!(counts(&d.ingest(&lines).await), (0, 12, 0), "re-sent lines change nothing");
}

#[tokio::test]
async fn every_required_field_is_missed_by_name() {
    let d = Daemon::start().await;
    let required: [(&str, &[&str]); 12] = [
        ("store", &["id", "name"]),
        ("shopper", &["id", "name"]),
        ("shift", &["id", "shopper_id", "starts_at", "ends_at"]),
        ("card", &["id", "masked_number"]),
        ("customer", &["id", "name", "created_at"]),
        ("order", &["id", "customer_id", "store_id", "placed_at", "status", "basket_cents"]),
        ("slip", &["id", "order_ids", "total_cents", "at"]),
        ("complaint", &["id", "customer_id", "type", "at"]),
        ("compensation", &["id", "customer_id", "complaint_type", "amount_cents", "at"]),
        ("exception", &["id", "order_id", "at"]),
        ("bank_transaction", &["id", "card_id", "status", "amount_cents", "at"]),
        ("delivery_area", &["id", "polygon"]),
    ];
    for (kind, fields) in required {
        let whole = every_kind().into_iter().find(|(known, _)| *known == kind).unwrap().1;
        // A place is a pair, so half of one is wrong.
        for (name, _) in
            whole.as_object().unwrap().iter().filter(|(name, _)| !matches!(name.as_str(), "lat" | "lng"))
        {
            let mut data = whole.clone();
            data.as_object_mut().unwrap().remove(name);
            let (_, answer) = d.ingest_text(line(kind, data).to_string()).await;
            let rejected = answer["rejected"].as_array().unwrap();
            assert_eq!(
                rejected.is_empty(),
                !fields.contains(&name.as_str()),
                "{kind} without {name}: {answer}"
            );
            if let Some(problem) = rejected.first() {
                assert_eq!(
                    (&problem["field"], &problem["line"]),
                    (&json!(name), &json!(1)),
                    "{kind}: {problem}"
                );
            }
        }
    }
}

#[tokio::test]
async fn good_lines_are_kept_and_bad_ones_are_named_by_their_line() {
    let d = Daemon::start().await;
    let shopper = |id: &str| line("shopper", json!({"id": id, "name": "N"})).to_string();
    let body = [
        shopper("a"),
        "{not json".into(),
        String::new(),
        line("order", json!({"id": "o", "customer_id": "c", "store_id": "s", "placed_at": T0, "status": "eaten", "basket_cents": 1})).to_string(),
        line("unicorn", json!({"id": "u"})).to_string(),
        r#"{"kind":"shopper"}"#.into(),
        r#"["shopper"]"#.into(),
        line("shopper", json!({"id": "b\u{0}", "name": "N"})).to_string(),
        line("order", json!({"id": "o", "customer_id": "c", "store_id": "s", "placed_at": T0, "status": "placed", "basket_cents": -1})).to_string(),
        line("order", json!({"id": "o", "customer_id": "c", "store_id": "s", "placed_at": T0, "status": "placed", "basket_cents": 1,
            "items": [{"name": "M", "quantity": "two", "unit_price_cents": 1}]})).to_string(),
        format!("  {}\r", shopper("z")),
    ]
    .join("\n");
    let (status, answer) = d.ingest_text(body).await;
    assert_eq!(status, StatusCode::OK, "one bad line must not cost the good ones: {answer}");
    assert_eq!(answer["accepted"], 2, "{answer}");
    let lines: Vec<u64> =
        answer["rejected"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7, 8, 9, 10], "line 1 is the first, blank lines count: {answer}");
    for problem in answer["rejected"].as_array().unwrap() {
        assert!(problem["code"].is_string() && !problem["message"].as_str().unwrap().is_empty(), "{problem}");
    }
    assert_eq!(answer["rejected"][7]["field"], "items[0].quantity", "{answer}");
    assert_eq!(record(&d, "shopper", "z").await["name"], "N");
}

#[tokio::test]
async fn a_line_that_is_not_utf8_costs_only_itself() {
    let d = Daemon::start().await;
    let mut body = line("shopper", json!({"id": "a", "name": "N"})).to_string().into_bytes();
    body.extend(b"\n{\"kind\":\"shopper\",\"data\":{\"id\":\"b\",\"name\":\"\xff\xfe\"}}\n");
    body.extend(line("shopper", json!({"id": "c", "name": "Ünïcode"})).to_string().into_bytes());
    let response = d
        .http
        .post(format!("{}/v1/ingest", d.partner))
        .bearer_auth(&d.ingest_key)
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(
        (answer["accepted"].as_u64(), answer["rejected"][0]["line"].as_u64()),
        (Some(2), Some(2)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_line_replaces_the_whole_record_and_absent_means_null() {
    let d = Daemon::start().await;
    d.ingest(&[line("shopper", json!({"id": "a", "name": "N", "phone": "+27820000000"}))]).await;
    let same = d
        .ingest(&[line("shopper", json!({"id": "a", "name": "N", "phone": "+27820000000", "unknown": 1}))])
        .await;
    assert_eq!(counts(&same), (0, 1, 0), "unknown fields are ignored");
    d.ingest(&[line("shopper", json!({"id": "a", "name": "N"}))]).await;
    assert!(record(&d, "shopper", "a").await["phone"].is_null(), "absent = null");
    let null = d.ingest(&[line("shopper", json!({"id": "a", "name": "N", "phone": null}))]).await;
    assert_eq!(counts(&null), (0, 1, 0), "and null = absent");
}

#[tokio::test]
async fn an_older_update_never_overwrites_a_newer_one() {
    let d = Daemon::start().await;
    let of = |name: &str, at: &str| line("shopper", json!({"id": "a", "name": name, "updated_at": at}));
    assert_eq!(counts(&d.ingest(&[of("new", "2026-01-05T08:00:00.000Z")]).await), (1, 0, 0));
    assert_eq!(counts(&d.ingest(&[of("old", "2026-01-05T07:59:59.999Z")]).await), (0, 1, 0));
    assert_eq!(record(&d, "shopper", "a").await["name"], "new", "a late old version won");
    assert_eq!(
        counts(&d.ingest(&[of("older offset", "2026-01-05T09:59:59.999+02:00")]).await),
        (0, 1, 0),
        "the offset counts"
    );
    assert_eq!(counts(&d.ingest(&[of("newer", "2026-01-05T08:00:00.001Z")]).await), (1, 0, 0));
    assert_eq!(record(&d, "shopper", "a").await["name"], "newer");
    // In one body, too.
    d.ingest(&[of("last", "2026-01-05T12:00:00Z"), of("before", "2026-01-05T11:00:00Z")]).await;
    assert_eq!(record(&d, "shopper", "a").await["name"], "last", "also within one body");
}

#[tokio::test]
async fn without_updated_at_the_last_to_arrive_wins() {
    let d = Daemon::start().await;
    let of = |name: &str| line("shopper", json!({"id": "a", "name": name}));
    d.ingest(&[of("one"), of("two"), of("three")]).await;
    assert_eq!(record(&d, "shopper", "a").await["name"], "three");
    d.ingest(&[of("one")]).await;
    assert_eq!(record(&d, "shopper", "a").await["name"], "one", "arrival order wins, also back");
}

#[tokio::test]
async fn references_may_arrive_later_and_lines_in_any_order() {
    let d = Daemon::start().await;
    let mut world = small_world();
    world.push(line("order", order("order-1", 100_000)));
    world.reverse();
    d.ingest(&world).await;
    let answer = d.before(&swipe("card-1", "r-1", 50_000)).await;
    assert_eq!(answer["reasons"], json!([]), "the order of lines must not matter: {answer}");
}

#[tokio::test]
async fn a_body_over_32_mib_is_413_and_one_just_below_is_read() {
    let d = Daemon::start().await;
    let blank = |bytes: usize| "\n".repeat(bytes);
    let (status, answer) = d.ingest_text(blank((32 << 20) + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert!(
        answer["code"].is_string() && answer["message"].is_string(),
        "also this error has the one form: {answer}"
    );
    let (status, answer) = d.ingest_text(blank(32 << 20)).await;
    assert_eq!((status, counts(&answer)), (StatusCode::OK, (0, 0, 0)), "{answer}");
    let (status, _) = d.desk(Method::GET, "/healthz", None).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn ten_thousand_lines_are_counted_right_and_listed_page_by_page() {
    let d = Daemon::start().await;
    let lines: Vec<Value> = (0..10_000)
        .map(|n| line("shopper", json!({"id": format!("s-{n:05}"), "name": format!("N {n}")})))
        .collect();
    assert_eq!(counts(&d.ingest(&lines).await), (10_000, 0, 0));
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let page = d.get(&format!("/v1/records/shopper?limit=500&cursor={cursor}")).await;
        seen += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, 10_000, "a page lost or repeated rows");
    let (status, _) = d.desk(Method::GET, "/v1/records/shopper?limit=501", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "limit is at most 500");
}

#[tokio::test]
async fn an_unknown_kind_or_id_of_record_is_404() {
    let d = Daemon::start().await;
    for path in ["/v1/records/unicorn", "/v1/records/order/none", "/v1/records/unicorn/x"] {
        assert_eq!(d.desk(Method::GET, path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_was_accepted_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    d.kill();
    let d = Daemon::start_in(dir.path()).await;
    assert_eq!(record(&d, "card", "card-1").await["shopper_id"], "shopper-1");
}
