//! Reading one record strictly, and saying in a sentence what is wrong with it.

use crate::card_number;
use crate::money::AMOUNT_CENTS_MAX;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// What is wrong with a record, for the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Machine word: `invalid_field`, `full_card_number`.
    pub code: &'static str,
    pub message: String,
    /// Path of the field, such as `items[2].quantity`.
    pub field: Option<String>,
}

impl Problem {
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { code: "invalid_field", message: message.into(), field: Some(field.into()) }
    }
}

/// What one record checks beyond the types of its fields.
pub(super) trait Check {
    fn check(&self) -> Result<(), Problem>;
}

/// Longest free text of one field, in characters: an address or a name, never a document.
const TEXT_CHARS_MAX: usize = 2_000;

pub(super) fn read<T: DeserializeOwned + Check>(data: &RawValue) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(data.get());
    let value: serde_json::Value = serde_path_to_error::deserialize(&mut reader).map_err(problem)?;
    inspect_texts(&value, "", None)?;
    let record: T = serde_path_to_error::deserialize(&value).map_err(problem)?;
    record.check()?;
    Ok(record)
}

fn problem(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let said = error.into_inner().to_string();
    // "missing field `x` at line 1 column 9": the place is in the path, the rest is noise for a person.
    let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match (missing, path.as_str()) {
        (Some(name), "." | "") => name.to_owned(),
        (Some(name), path) => format!("{path}.{name}"),
        (None, path) => path.to_owned(),
    };
    Problem { code: "invalid_field", message, field: (field != ".").then_some(field) }
}

/// Refuses a full card number and over-long texts anywhere in the record.
///
/// Numbers are looked at too: a card number sent without quotes is still a card number.
fn inspect_texts(value: &serde_json::Value, path: &str, name: Option<&str>) -> Result<(), Problem> {
    use serde_json::Value;
    let exempt = name.is_some_and(card_number::exempt_field);
    match value {
        Value::String(text) => inspect_text(text, path, exempt),
        Value::Number(number) if !exempt && !name.is_some_and(|n| n.ends_with("_cents")) => {
            inspect_text(&number.to_string(), path, false)
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| inspect_texts(item, &format!("{path}[{i}]"), name)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            inspect_texts(field, &path, Some(key))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn inspect_text(text: &str, path: &str, exempt: bool) -> Result<(), Problem> {
    if !exempt && card_number::find(text).is_some() {
        return Err(Problem {
            code: "full_card_number",
            message: "a full card number is never accepted: send the first six and last four digits only"
                .into(),
            field: Some(path.to_owned()),
        });
    }
    if text.chars().take(TEXT_CHARS_MAX + 1).count() > TEXT_CHARS_MAX {
        return Err(Problem::field(path, format!("longer than {TEXT_CHARS_MAX} characters")));
    }
    Ok(())
}

pub(super) fn text(field: &str, value: &str) -> Result<(), Problem> {
    if value.trim().is_empty() { Err(Problem::field(field, "must not be empty")) } else { Ok(()) }
}

/// An amount in cents, zero or more.
pub(super) fn cents(field: &str, value: i64) -> Result<(), Problem> {
    if (0..=AMOUNT_CENTS_MAX).contains(&value) {
        Ok(())
    } else {
        Err(Problem::field(field, "cents must be between 0 and 10000000000"))
    }
}

/// An amount in cents that may be negative (a tip that exploits a loophole is a signal, not an error).
pub(super) fn signed_cents(field: &str, value: i64) -> Result<(), Problem> {
    cents(field, value.checked_abs().unwrap_or(i64::MAX))
}

pub(super) fn optional_cents(field: &str, value: Option<i64>) -> Result<(), Problem> {
    value.map_or(Ok(()), |value| cents(field, value))
}

/// Both or neither coordinate, in degrees on the globe.
pub(super) fn place(lat: Option<f64>, lng: Option<f64>, prefix: &str) -> Result<(), Problem> {
    match (lat, lng) {
        (None, None) => Ok(()),
        (Some(lat), Some(lng)) => {
            if !(-90.0..=90.0).contains(&lat) {
                return Err(Problem::field(format!("{prefix}lat"), "latitude must be between -90 and 90"));
            }
            if !(-180.0..=180.0).contains(&lng) {
                return Err(Problem::field(format!("{prefix}lng"), "longitude must be between -180 and 180"));
            }
            Ok(())
        }
        (None, Some(_)) => Err(Problem::field(format!("{prefix}lat"), "lat and lng come together")),
        (Some(_), None) => Err(Problem::field(format!("{prefix}lng"), "lat and lng come together")),
    }
}

pub(super) fn quantity(field: &str, value: f64) -> Result<(), Problem> {
    if value.is_finite() && (0.0..=100_000.0).contains(&value) {
        Ok(())
    } else {
        Err(Problem::field(field, "quantity must be between 0 and 100000"))
    }
}
