//! Investec's programmable-card events: one object for all hooks, loosely documented, so read generously.
//!
//! Numbers may come as strings, codes as numbers, the currency in either case, the time without an offset.
//! What is missing that we cannot decide without (card, amount, currency, merchant) is an error.

use crate::http::ApiError;
use fraud::authorization::{Merchant, SIMULATION, Swipe, reference_key, repeat_key};
use fraud::card_number;
use fraud::ids::CardId;
use fraud::money::AMOUNT_CENTS_MAX;
use fraud::time::UnixMs;
use serde_json::Value;

/// Longest text kept of any field, in characters; the bank's own are under 50.
const TEXT_CHARS_MAX: usize = 200;

/// Reads an event received at `received_at`; `secret` keys its digests.
///
/// # Errors
/// 422 naming the field that is missing or wrong.
pub fn read(body: &Value, received_at: UnixMs, secret: &[u8]) -> Result<Swipe, ApiError> {
    if !body.is_object() {
        return Err(ApiError::wrong("", "expected a JSON object: the bank's event"));
    }
    let presented_card_id = card_id(body)?;
    let amount_cents = amount(body)?;
    let currency = currency(body)?;
    let merchant = merchant(body)?;
    let reference = text(&body["reference"], "reference")?.filter(|reference| !reference.trim().is_empty());
    let simulated = reference.as_deref().is_some_and(|reference| reference.eq_ignore_ascii_case(SIMULATION));
    let reference = reference.filter(|_| !simulated);
    let key = repeat_key(secret, reference.as_deref(), simulated, amount_cents, &currency, &merchant);
    Ok(Swipe {
        presented_card_id,
        amount_cents,
        currency,
        merchant: masked(merchant),
        repeat_key: key,
        reference_key: reference.as_deref().map(|reference| reference_key(secret, reference)),
        reference: reference.map(|reference| clean(&reference)),
        occurred_at: occurred_at(&body["dateTime"], received_at)?,
        received_at,
        simulated,
        had_full_card_number: holds_full_card_number(body, None),
    })
}

fn card_id(body: &Value) -> Result<CardId, ApiError> {
    let id = match &body["card"]["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        Value::Null => return Err(ApiError::wrong("card.id", "the card's id is missing")),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(ApiError::wrong("card.id", "expected the card's id as text"));
        }
    };
    CardId::parse(id).map_err(|bad| ApiError::wrong("card.id", bad.to_string()))
}

fn amount(body: &Value) -> Result<i64, ApiError> {
    let wrong = |message: &str| ApiError::wrong("centsAmount", message);
    let cents = match &body["centsAmount"] {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(cents), _) => Some(cents),
            // 45990.0 is a whole number of cents; 45990.5 is not.
            (None, Some(cents)) if cents.fract() == 0.0 && cents.abs() <= AMOUNT_CENTS_MAX as f64 => {
                Some(cents as i64)
            }
            _ => None,
        },
        Value::String(text) => text.trim().parse().ok(),
        Value::Null => return Err(wrong("the amount in cents is missing")),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match cents {
        Some(cents) if cents.unsigned_abs() <= AMOUNT_CENTS_MAX.unsigned_abs() => Ok(cents),
        Some(_) => Err(wrong("the amount is out of range: at most 10000000000 cents")),
        None => Err(wrong("expected whole cents")),
    }
}

fn currency(body: &Value) -> Result<String, ApiError> {
    match &body["currencyCode"] {
        Value::String(code) if code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic()) => {
            Ok(code.to_ascii_uppercase())
        }
        Value::Null => Err(ApiError::wrong("currencyCode", "the currency is missing")),
        _ => Err(ApiError::wrong("currencyCode", "expected three letters, such as ZAR")),
    }
}

fn merchant(body: &Value) -> Result<Merchant, ApiError> {
    let merchant = &body["merchant"];
    let name = text(&merchant["name"], "merchant.name")?
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| ApiError::wrong("merchant.name", "the merchant's name is missing"))?;
    let country = match &merchant["country"] {
        Value::Object(country) => match country.get("code").or_else(|| country.get("alpha2")) {
            Some(code) => text(code, "merchant.country.code")?,
            None => None,
        },
        other => text(other, "merchant.country")?,
    };
    let category = match &merchant["category"] {
        Value::Object(category) => category.get("code").unwrap_or(&Value::Null),
        other => other,
    };
    let category_code = match category {
        // A number has lost its leading zeros.
        Value::Number(code) => format!("{:0>4}", code.to_string()),
        other => text(other, "merchant.category.code")?.unwrap_or_else(|| "0000".into()),
    };
    let country = country.unwrap_or_default().trim().to_uppercase();
    Ok(Merchant {
        name: tidy(&name),
        city: tidy(&text(&merchant["city"], "merchant.city")?.unwrap_or_default()),
        country: if country == "ZAF" { "ZA".into() } else { tidy(&country) },
        category_code: tidy(&category_code),
    })
}

fn text(value: &Value, field: &'static str) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(ApiError::wrong(field, "expected text")),
    }
}

/// One line without control characters, bounded.
fn tidy(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect();
    line.trim().to_owned()
}

fn clean(text: &str) -> String {
    card_number::mask(&tidy(text)).into_owned()
}

fn masked(merchant: Merchant) -> Merchant {
    Merchant {
        name: clean(&merchant.name),
        city: clean(&merchant.city),
        country: clean(&merchant.country),
        category_code: clean(&merchant.category_code),
    }
}

fn occurred_at(value: &Value, received_at: UnixMs) -> Result<UnixMs, ApiError> {
    match value {
        Value::Null => Ok(received_at),
        Value::String(text) => UnixMs::parse(text)
            // Some senders leave out the offset; the bank's own times are UTC.
            .or_else(|_| UnixMs::parse(&format!("{}Z", text.trim())))
            .map_err(|message| ApiError::wrong("dateTime", message)),
        _ => Err(ApiError::wrong("dateTime", "expected a time as text")),
    }
}

/// Whether any text of the event, known field or not, holds a full card number.
fn holds_full_card_number(value: &Value, name: Option<&str>) -> bool {
    let exempt = name.is_some_and(card_number::exempt_field);
    match value {
        Value::String(text) => !exempt && card_number::find(text).is_some(),
        Value::Number(number) => {
            !exempt && name != Some("centsAmount") && card_number::find(&number.to_string()).is_some()
        }
        Value::Array(items) => items.iter().any(|item| holds_full_card_number(item, name)),
        Value::Object(fields) => fields.iter().any(|(name, field)| holds_full_card_number(field, Some(name))),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({"accountNumber":"10011001100","dateTime":"2021-10-15T03:48:13.147Z","centsAmount":10100,"currencyCode":"zar","type":"card",
               "reference":"simulation","card":{"id":"1010101"},"merchant":{"category":{"code":"5411","key":"x","name":"y"},
               "name":"Woolworths","city":"Cape Town","country":{"code":"ZA","alpha3":"ZAF","name":"South Africa"}}})
    }

    fn read_with(patch: Value) -> Result<Swipe, ApiError> {
        let mut event = event();
        for (pointer, value) in patch.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        read(&event, UnixMs(1_700_000_000_000), b"secret")
    }

    #[test]
    fn the_banks_own_example_is_a_simulated_swipe() {
        let swipe = read_with(json!({})).unwrap();
        assert!(swipe.simulated && swipe.reference.is_none() && swipe.reference_key.is_none());
        assert_eq!((swipe.amount_cents, swipe.currency.as_str()), (10_100, "ZAR"));
        assert_eq!((swipe.merchant.country.as_str(), swipe.merchant.category_code.as_str()), ("ZA", "5411"));
    }

    #[test]
    fn loose_types_of_real_tools_are_understood() {
        assert_eq!(read_with(json!({"/centsAmount": "45990"})).unwrap().amount_cents, 45_990);
        assert_eq!(read_with(json!({"/centsAmount": -500.0})).unwrap().amount_cents, -500);
        assert_eq!(read_with(json!({"/card/id": 17})).unwrap().presented_card_id.as_str(), "17");
        assert_eq!(read_with(json!({"/merchant/category": 742})).unwrap().merchant.category_code, "0742");
        assert_eq!(read_with(json!({"/merchant/country": "zaf"})).unwrap().merchant.country, "ZA");
        assert_eq!(
            read_with(json!({"/dateTime": "2023-11-14T22:13:20"})).unwrap().occurred_at,
            UnixMs(1_700_000_000_000)
        );
        assert_eq!(read_with(json!({"/dateTime": null})).unwrap().occurred_at, UnixMs(1_700_000_000_000));
    }

    #[test]
    fn what_cannot_be_decided_names_its_field() {
        for (patch, field) in [
            (json!({"/card/id": null}), "card.id"),
            (json!({"/card/id": ""}), "card.id"),
            (json!({"/card/id": {}}), "card.id"),
            (json!({"/centsAmount": null}), "centsAmount"),
            (json!({"/centsAmount": 1.5}), "centsAmount"),
            (json!({"/centsAmount": "ten"}), "centsAmount"),
            (json!({"/centsAmount": 1e30}), "centsAmount"),
            (json!({"/centsAmount": i64::MIN}), "centsAmount"),
            (json!({"/currencyCode": "rand"}), "currencyCode"),
            (json!({"/merchant/name": []}), "merchant.name"),
            (json!({"/merchant": null}), "merchant.name"),
            (json!({"/dateTime": "yesterday"}), "dateTime"),
        ] {
            let error = read_with(patch.clone()).expect_err("an error");
            assert_eq!(error.field.as_deref(), Some(field), "{patch}");
        }
    }

    #[test]
    fn a_full_card_number_is_cut_wherever_it_stands_and_references_stay_apart() {
        let a = read_with(
            json!({"/reference": "4111111111111111", "/merchant/name": "Shop 4111 1111 1111 1111"}),
        )
        .unwrap();
        assert!(a.had_full_card_number);
        assert_eq!(a.reference.as_deref(), Some("411111XXXXXX1111"));
        assert_eq!(a.merchant.name, "Shop 411111XXXXXX1111");
        let b = read_with(json!({"/reference": "4111112222221111", "/merchant/name": "Shop"})).unwrap();
        assert_ne!(a.reference_key, b.reference_key);
        assert!(read_with(json!({"/track": "4111111111111111"})).unwrap().had_full_card_number);
        assert!(
            !read_with(json!({"/card/id": "4111111111111111"})).unwrap().had_full_card_number,
            "ids are exempt"
        );
    }
}
