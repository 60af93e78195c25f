//! Evaluates an expression that names no facts, as rules are evaluated: for CEL's own conformance tests.

use super::{BadExpression, Parameters, Scope, prepare};
use crate::facts::FactSet;
use crate::lists::Lists;
use cel::objects::{Key, Value};
use serde_json::json;
use std::collections::BTreeMap;

/// Why a closed expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosedFault {
    /// A rule with it could not be saved.
    #[error("refused: {0}")]
    Refused(BadExpression),
    /// It was accepted and failed when it ran.
    #[error("failed: {0}")]
    Failed(String),
}

/// Evaluates an expression without facts, parameters and lists; any kind of value may come out.
///
/// The value is in the form of CEL's own tests: `{"int64Value": "5"}`, `{"listValue": {"values": [...]}}`.
///
/// # Errors
/// `ClosedFault` says whether it was refused before it ran or failed while it did.
pub fn evaluate_closed(source: &str) -> Result<serde_json::Value, ClosedFault> {
    let (parameters, lists) = (BTreeMap::new(), Lists::default());
    let prepared = prepare(source, &parameters, &lists, |check, node| check.visit(node).map(|_| ()))
        .map_err(ClosedFault::Refused)?;
    let (facts, none) = (FactSet::sample(), Parameters::default());
    let scope = Scope { facts: &facts, parameters: &none };
    let value = prepared.value(scope, &lists).map_err(ClosedFault::Failed)?;
    tagged(&value).ok_or_else(|| ClosedFault::Failed(format!("gives a {}", value.type_of())))
}

fn tagged(value: &Value) -> Option<serde_json::Value> {
    match value {
        Value::Bool(v) => Some(json!({ "boolValue": v })),
        Value::Int(v) => Some(json!({ "int64Value": v.to_string() })),
        Value::UInt(v) => Some(json!({ "uint64Value": v.to_string() })),
        Value::Float(v) if v.is_finite() => Some(json!({ "doubleValue": v })),
        Value::Float(v) if v.is_nan() => Some(json!({ "doubleValue": "NaN" })),
        Value::Float(v) => Some(json!({ "doubleValue": if *v > 0.0 { "Infinity" } else { "-Infinity" } })),
        Value::String(v) => Some(json!({ "stringValue": v.as_str() })),
        Value::List(values) => {
            let values: Option<Vec<_>> = values.iter().map(tagged).collect();
            Some(json!({ "listValue": { "values": values? } }))
        }
        Value::Map(map) => {
            let entry = |(key, value): (&Key, &Value)| {
                Some(json!({ "key": tagged(&Value::from(key))?, "value": tagged(value)? }))
            };
            let mut entries: Vec<_> = map.map.iter().map(entry).collect::<Option<_>>()?;
            entries.sort_by_key(|entry| entry["key"].to_string());
            Some(json!({ "mapValue": { "entries": entries } }))
        }
        _ => None,
    }
}
