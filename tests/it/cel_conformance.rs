//! CEL's own conformance tests, over the part of CEL that rules may use.
//!
//! They come with the npm package `@bufbuild/cel-spec`; every case goes through the checks and the evaluation
//! that a rule goes through. Whatever rules may not use must be refused when it is saved: no case of any
//! section, claimed or not, may give a wrong value.

use crate::card_code::card_code_dir;
use fraud::expression::{ClosedFault, evaluate_closed};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Sections that the rule language covers.
const CLAIMED: [(&str, &[&str]); 11] = [
    ("basic", &["self_eval_zeroish", "self_eval_nonzeroish", "functions"]),
    (
        "comparisons",
        &[
            "eq_literal",
            "ne_literal",
            "lt_literal",
            "gt_literal",
            "lte_literal",
            "gte_literal",
            "in_list_literal",
            "in_map_literal",
        ],
    ),
    ("conversions", &["double", "int", "string", "bool", "identity"]),
    ("fields", &["map_fields", "map_has", "in"]),
    ("fp_math", &["fp_math"]),
    ("integer_math", &["int64_math"]),
    ("lists", &["concatenation", "index", "in", "size"]),
    ("logic", &["conditional", "AND", "OR", "NOT"]),
    ("macros", &["exists", "all", "exists_one", "map", "filter", "nested"]),
    (
        "math_ext",
        &[
            "greatest_int_result",
            "greatest_double_result",
            "least_int_result",
            "least_double_result",
            "ceil",
            "floor",
            "round",
            "trunc",
            "abs",
            "sign",
            "isNaN",
            "isInf",
            "isFinite",
        ],
    ),
    ("string", &["size", "starts_with", "ends_with", "matches", "concatenation", "contains"]),
];

/// Sections about how an expression is written.
const CLAIMED_SYNTAX: [&str; 4] = ["nest", "repeat", "string_literals", "selectors"];

/// What the rule language leaves out, by the words of the refusal: in a claimed section nothing else may be
/// refused that CEL gives a value for.
const LEFT_OUT: [&str; 10] = [
    "write whole numbers without `u`",
    "bytes are not part",
    "there is no `null`",
    "there is no `uint`",
    "there is no `bytes`",
    "there is no `dyn`",
    "there is no `type`",
    "there is no `timestamp`",
    "there is no `duration`",
    // Messages of Protocol Buffers.
    "not part of the rule language",
];

/// Cases of claimed sections that CEL gives a value for and a rule may not use, each with its reason.
const REFUSED: [(&str, &str, &str); 5] = [
    (
        "basic/functions",
        "unbound_is_runtime_error",
        "an unknown function is a slip, even where it is not reached",
    ),
    ("logic/AND", "short_circuit_type_left", "a number is no condition, even where it is not reached"),
    ("logic/AND", "short_circuit_type_right", "a text is no condition, even where it does not decide"),
    ("logic/OR", "short_circuit_type_left", "a number is no condition, even where it is not reached"),
    ("logic/OR", "short_circuit_type_right", "a text is no condition, even where it does not decide"),
];

/// Cases whose value differs, each with its reason. None is wrong in a way that a rule could meet.
const DIFFERS: [(&str, &str, &str); 2] = [
    (
        "conversions/double",
        "string_exp_pos_neg",
        "the package has the neighbour of the nearest number, 1.38e-23",
    ),
    (
        "conversions/double",
        "string_exp_neg_neg",
        "the package has the neighbour of the nearest number, -5.43e-21",
    ),
];

/// How a case came out.
enum Outcome {
    Passed,
    /// Refused when saved, with the words.
    Refused(String),
    /// Another value, or an error where there is a value.
    Differs(String),
}

struct Case {
    section: String,
    name: String,
    test: Value,
}

/// Every case of the package with what it is called, in order.
fn cases() -> Vec<Case> {
    const PRINT: &str = "import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
        process.stdout.write(JSON.stringify(tests));";
    let mut node = Command::new("node");
    node.args(["--input-type=module", "-e", PRINT]).current_dir(card_code_dir());
    let printed = node.output().expect("node prints the package's tests");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let tests: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let mut found = Vec::new();
    for file in tests["suites"].as_array().unwrap() {
        for section in file["suites"].as_array().into_iter().flatten() {
            let path = format!("{}/{}", file["name"].as_str().unwrap(), section["name"].as_str().unwrap());
            for test in section["tests"].as_array().into_iter().flatten() {
                let test = test["original"].clone();
                let name = test["name"].as_str().unwrap_or_default().to_owned();
                found.push(Case { section: path.clone(), name, test });
            }
        }
    }
    found
}

/// A value as both sides can be compared: empty lists written out, maps in order, decimal numbers as such.
fn plain(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return match value {
            Value::Array(values) => values.iter().map(plain).collect(),
            other => other.clone(),
        };
    };
    let mut out = serde_json::Map::new();
    for (name, value) in fields {
        let mut own = plain(value);
        match (name.as_str(), value.as_f64()) {
            ("doubleValue", Some(number)) => own = json!(number),
            ("listValue", _) if own.get("values").is_none() => own = json!({ "values": [] }),
            ("mapValue", _) if own.get("entries").is_none() => own = json!({ "entries": [] }),
            ("entries", _) => own.as_array_mut().unwrap().sort_by_key(|entry| entry["key"].to_string()),
            _ => {}
        }
        out.insert(name.clone(), own);
    }
    Value::Object(out)
}

fn outcome(test: &Value) -> Outcome {
    let fails = test.get("evalError").is_some();
    // The suite's own default.
    let wanted = plain(test.get("value").unwrap_or(&json!({ "boolValue": true })));
    match (evaluate_closed(test["expr"].as_str().unwrap()), fails) {
        (Err(ClosedFault::Refused(bad)), _) => Outcome::Refused(bad.message),
        (Err(ClosedFault::Failed(_)), true) => Outcome::Passed,
        (Err(ClosedFault::Failed(message)), false) => Outcome::Differs(message),
        (Ok(value), false) if plain(&value) == wanted => Outcome::Passed,
        (Ok(value), _) => Outcome::Differs(value.to_string()),
    }
}

fn claimed() -> BTreeSet<String> {
    let all = CLAIMED.into_iter().chain([("parse", &CLAIMED_SYNTAX[..])]);
    all.flat_map(|(file, sections)| sections.iter().map(move |section| format!("{file}/{section}"))).collect()
}

fn is_listed(list: &[(&str, &str, &str)], case: &Case) -> bool {
    list.iter().any(|(section, name, _)| *section == case.section && *name == case.name)
}

/// If this fails, a rule means something else here than CEL's definition says, or the claim in the README is wrong.
#[test]
fn the_claimed_part_of_cel_is_cel() {
    let claimed = claimed();
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut bad, mut listed, mut elsewhere, mut bound) = (Vec::new(), 0, 0, 0);
    let all = cases();
    for case in &all {
        let is_claimed = claimed.contains(&case.section);
        // Only what a type checker says is wanted, or names of variables that no rule has.
        if case.test.get("typedResult").is_some() || case.test.get("bindings").is_some() {
            bound += usize::from(is_claimed);
            continue;
        }
        let fails = case.test.get("evalError").is_some();
        let differs = is_listed(&DIFFERS, case);
        let refused = is_listed(&REFUSED, case);
        listed += usize::from(differs || refused);
        let counts = seen.entry(case.section.clone()).or_default();
        let fault = match outcome(&case.test) {
            Outcome::Passed if differs || refused => Some("passes and is listed as an exception".to_owned()),
            Outcome::Passed => {
                counts.0 += 1;
                None
            }
            Outcome::Differs(_) if differs => None,
            Outcome::Differs(got) => Some(format!("gives {got}")),
            Outcome::Refused(why) => {
                counts.1 += 1;
                let known = refused || fails || LEFT_OUT.iter().any(|left_out| why.contains(left_out));
                (is_claimed && !known).then(|| format!("is refused: {why}"))
            }
        };
        elsewhere += usize::from(!is_claimed && fault.is_none());
        bad.extend(
            fault.map(|fault| format!("{} {}: {} {fault}", case.section, case.name, case.test["expr"])),
        );
    }
    assert!(bad.is_empty(), "{} cases:\n{}", bad.len(), bad.join("\n"));
    assert_eq!(listed, DIFFERS.len() + REFUSED.len(), "an exception names no case");
    let mut sum = (0, 0);
    for section in &claimed {
        let (passed, refused) = seen.get(section).copied().unwrap_or_default();
        assert!(passed > 0, "{section} is claimed and nothing in it passes");
        sum = (sum.0 + passed, sum.1 + refused);
    }
    println!(
        "CEL conformance: of {} cases, {} in {} claimed sections pass and {} are refused when saved; \
         {} differ as listed; {bound} need variables; {elsewhere} outside the claim pass or are refused",
        all.len(),
        sum.0,
        claimed.len(),
        sum.1,
        DIFFERS.len(),
    );
    assert!(sum.0 >= 600, "only {} cases pass", sum.0);
}
