use super::*;
use serde_json::{json, value::RawValue};

fn parse(kind: &str, data: serde_json::Value) -> Result<Record, Problem> {
    let raw = RawValue::from_string(data.to_string()).unwrap();
    Record::parse(kind, &raw).expect("a kind that exists")
}

fn order() -> serde_json::Value {
    json!({"id": "o1", "customer_id": "c1", "store_id": "s1", "placed_at": "2026-01-05T08:00:00Z", "status": "placed",
           "basket_cents": 10_000, "items": [{"name": "Milk", "quantity": 2, "unit_price_cents": 5_000, "category": null}],
           "unknown_field": {"cvv": "123"}})
}

#[test]
fn every_kind_reads_its_required_fields_and_refuses_their_absence() {
    let t = "2026-01-05T08:00:00+02:00";
    let cases = [
        ("store", json!({"id": "s", "name": "Makro Woodmead"})),
        ("shopper", json!({"id": "p", "name": "Thandi Nkosi"})),
        (
            "shift",
            json!({"id": "f", "shopper_id": "p", "starts_at": t, "ends_at": "2026-01-05T17:00:00+02:00"}),
        ),
        ("card", json!({"id": "k", "masked_number": "422254XXXXXX7072"})),
        ("customer", json!({"id": "c", "name": "A Naidoo", "created_at": t})),
        (
            "order",
            json!({"id": "o", "customer_id": "c", "store_id": "s", "placed_at": t, "status": "placed", "basket_cents": 1}),
        ),
        ("slip", json!({"id": "l", "order_ids": [], "total_cents": 5, "at": t})),
        ("complaint", json!({"id": "m", "customer_id": "c", "type": "missing", "at": t})),
        (
            "compensation",
            json!({"id": "n", "customer_id": "c", "complaint_type": "x", "amount_cents": 1, "at": t}),
        ),
        ("exception", json!({"id": "e", "order_id": "o", "at": t})),
        (
            "bank_transaction",
            json!({"id": "b", "card_id": "k", "status": "posted", "amount_cents": -5, "at": t}),
        ),
        ("delivery_area", json!({"id": "d", "polygon": [[28.0, -26.0], [28.1, -26.0], [28.1, -26.1]]})),
    ];
    assert_eq!(cases.len(), KINDS.len());
    for (kind, data) in cases {
        let record = parse(kind, data.clone()).unwrap_or_else(|p| panic!("{kind}: {p:?}"));
        assert_eq!(record.kind(), kind);
        assert_eq!(record.id(), data["id"].as_str().unwrap());
        for field in data.as_object().unwrap().keys() {
            let mut without = data.clone();
            without.as_object_mut().unwrap().remove(field);
            let problem = parse(kind, without).expect_err(field);
            assert_eq!(problem.field.as_deref(), Some(field.as_str()), "{kind}");
        }
    }
    assert!(Record::parse("coupon", &RawValue::from_string("{}".into()).unwrap()).is_none());
}

#[test]
fn unknown_fields_are_dropped_and_null_is_absent() {
    let record = parse("order", order()).unwrap();
    let stored = serde_json::to_string(&record).unwrap();
    assert!(!stored.contains("cvv") && !stored.contains("null"), "{stored}");
}

#[test]
fn a_wrong_field_is_named_by_its_path() {
    for (path, patch, field) in [
        ("basket", json!({"basket_cents": "100"}), "basket_cents"),
        ("float cents", json!({"basket_cents": 1.5}), "basket_cents"),
        ("negative", json!({"basket_cents": -1}), "basket_cents"),
        ("status", json!({"status": "done"}), "status"),
        ("time", json!({"placed_at": "yesterday"}), "placed_at"),
        (
            "item",
            json!({"items": [{"name": "x", "quantity": "two", "unit_price_cents": 1}]}),
            "items[0].quantity",
        ),
        ("item name", json!({"items": [{"quantity": 1, "unit_price_cents": 1}]}), "items[0].name"),
        ("lat", json!({"delivery": {"lat": 91.0, "lng": 28.0}}), "delivery.lat"),
        ("half a place", json!({"delivery": {"lat": 26.0}}), "delivery.lng"),
        ("id", json!({"id": ""}), "id"),
    ] {
        let mut data = order();
        data.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        let problem = parse("order", data).expect_err(path);
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            ("invalid_field", Some(field)),
            "{path}: {problem:?}"
        );
    }
}

#[test]
fn a_full_card_number_is_refused_wherever_it_hides_but_not_in_skus_and_ids() {
    for patch in [
        json!({"items": [{"name": "card 4111 1111 1111 1111", "quantity": 1, "unit_price_cents": 1}]}),
        json!({"delivery": {"address": "5555-5555-5555-4444 Main Rd"}}),
        json!({"payments": [{"outcome": "approved", "at": "2026-01-05T08:00:00Z", "last4": 4111111111111111u64}]}),
        json!({"some_new_field": {"deep": ["4111111111111111"]}}),
    ] {
        let mut data = order();
        data.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        assert_eq!(parse("order", data).expect_err("a card number").code, "full_card_number", "{patch}");
    }
    let mut data = order();
    data["items"][0]["sku"] = json!("4111111111111111");
    data["id"] = json!("4111111111111111");
    assert!(parse("order", data).is_ok(), "skus and ids are exempt");
}
