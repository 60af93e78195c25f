//! Expressions that nobody would write: whatever is typed, saving answers with a place and running ends.
//!
//! Every case runs on a thread with the stack of a server's worker, so that a recursion shows.

use super::check::{BUILT_BYTES_MAX, STEPS_MAX};
use super::tests::{lists, rule};
use super::*;
use crate::shipped;
use crate::time::UnixMs;
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// As tokio gives its workers.
const STACK_BYTES: usize = 2 * 1024 * 1024;

const TOKENS: [&str; 71] = [
    "swipe.amount_cents",
    "swipe.merchant",
    "swipe.hour",
    "card.known",
    "order.value_cents",
    "p.minutes",
    "p.percent",
    "p.currency",
    "p.categories",
    "p.on",
    "list.deny_merchants",
    "list",
    "p",
    "math",
    "swipe",
    "x",
    "y",
    "true",
    "false",
    "null",
    "in",
    "has",
    "size",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    ".",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "0",
    "1",
    "-9223372036854775808",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "1e308",
    "1u",
    "\"x\"",
    "'é'",
    "r\"\\\"",
    "\"\"\"",
    "b'x'",
    "\"",
    "'",
    "`",
    "\\",
    "//",
    "\n",
    ".all(x, ",
    ".map(x, ",
    ".matches(",
    "math.greatest(",
    "ÿ",
];

/// Cases per property; `CARTWARDEN_LONG` takes minutes where the ordinary run takes seconds.
fn runner(cases: u32) -> TestRunner {
    let long = std::env::var_os("CARTWARDEN_LONG").is_some();
    let config = Config {
        cases: if long { cases * 50 } else { cases },
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn on_small_stack(what: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(what).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Saves and runs one expression; says whether it was accepted.
fn survives(expression: &str) -> bool {
    let lists = lists();
    let mut rule = rule(expression);
    rule.parameters.extend(shipped::rules(UnixMs(0)).into_iter().flat_map(|shipped| shipped.parameters));
    match Compiled::new(&rule, &lists) {
        Err(bad) => {
            let lines: Vec<&str> = expression.split('\n').collect();
            assert!((1..=lines.len()).contains(&bad.line), "{expression:?}: {bad}");
            let columns = lines[bad.line - 1].chars().count() + 1;
            assert!((1..=columns).contains(&bad.column), "{expression:?}: {bad}");
            assert!(!bad.message.is_empty() && bad.message.chars().count() <= MESSAGE_CHARS_MAX, "{bad}");
            false
        }
        Ok(compiled) => {
            let work = cost(&rule, &lists);
            assert!(work.steps <= STEPS_MAX && work.bytes <= BUILT_BYTES_MAX, "{expression:?}");
            for (hour, cents) in [(0, i64::MIN), (23, i64::MAX), (-1, 0)] {
                let mut facts = FactSet::opposite_sample();
                facts.shift("swipe.hour", hour);
                facts.shift("swipe.amount_cents", cents);
                let scope = Scope { facts: &facts, parameters: &compiled.parameters };
                let variables = Variables { scope, lists: &lists, patterns: &compiled.prepared.patterns };
                let counting = Counting { variables, lookups: AtomicU64::new(0) };
                let mut context = Context::with_env(environment::environment());
                context.set_variable_resolver(&counting);
                let raw = cel::Value::resolve(&compiled.prepared.expression, &context);
                let lookups = counting.lookups.load(Ordering::Relaxed);
                assert!(lookups <= LOOKUPS_PER_STEP * work.steps, "{expression:?}: {lookups}, {work:?}");
                assert!(raw.is_ok() || compiled.run(&facts, &lists).is_err(), "{expression:?}");
            }
            true
        }
    }
}

/// A select is looked up as a whole, then by its root, in each scope around it.
const LOOKUPS_PER_STEP: u64 = 8;

/// Counts what an evaluation really does, to hold against what was reckoned.
struct Counting<'a> {
    variables: Variables<'a>,
    lookups: AtomicU64,
}

impl VariableResolver for Counting<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.variables.resolve(name)
    }
}

fn cost(rule: &Rule, lists: &Lists) -> shape::Work {
    let program = environment::environment().compile(&rule.expression).unwrap();
    Check::new(&rule.parameters, lists).visit(program.expression()).unwrap().1
}

/// Tokens in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(TOKENS.to_vec());
    (prop::collection::vec(token, 1..40), any::<bool>())
        .prop_map(|(tokens, spaced)| tokens.join(if spaced { " " } else { "" }))
}

/// Characters in any order.
fn letters() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::char::any(), 0..60).prop_map(|chars| chars.into_iter().collect())
}

/// Expressions whose kinds fit, to get past the checks and run.
fn well_formed() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("swipe.hour".to_owned()),
        Just("p.minutes".to_owned()),
        Just("swipe.amount_cents".to_owned()),
        Just("size(p.categories)".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-3_i64..9).prop_map(|n| n.to_string()),
    ];
    let text = prop_oneof![
        Just("swipe.merchant".to_owned()),
        Just("p.currency".to_owned()),
        Just("string(swipe.hour)".to_owned()),
        "[a-zA-Z0-9 é]{0,8}".prop_map(|s| format!("'{s}'")),
    ];
    let numbers = number.prop_recursive(3, 12, 2, |inner| {
        let sign = prop::sample::select(vec!["+", "-", "*", "/", "%"]);
        prop_oneof![
            (inner.clone(), sign, inner.clone()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}].map(x, x + {b})[0]")),
        ]
    });
    let texts = text
        .prop_recursive(3, 12, 2, |inner| (inner.clone(), inner).prop_map(|(a, b)| format!("({a} + {b})")));
    let compare = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let method = prop::sample::select(vec!["contains", "startsWith", "endsWith"]);
    let flags = prop_oneof![
        (numbers, compare.clone())
            .prop_flat_map(|(a, sign)| { (-9_i64..9).prop_map(move |b| format!("{a} {sign} {b}")) }),
        (texts.clone(), compare, texts.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        (texts.clone(), method, texts.clone()).prop_map(|(a, method, b)| format!("{a}.{method}({b})")),
        texts.clone().prop_map(|a| format!("{a} in list.deny_merchants")),
        texts.clone().prop_map(|a| format!("{a} in p.categories")),
        texts.prop_map(|a| format!("{a}.matches('^[a-z]+$')")),
    ];
    flags.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.clone().prop_map(|a| format!("p.categories.exists(c, c != '' && {a})")),
            inner.prop_map(|a| format!("[1, 2, 3].all(n, n > 0 || {a})")),
        ]
    })
}

/// A shipped rule with some characters changed, dropped or doubled.
fn mutated() -> impl Strategy<Value = String> {
    let shipped: Vec<String> = shipped::rules(UnixMs(0)).into_iter().map(|rule| rule.expression).collect();
    let change = (any::<prop::sample::Index>(), prop::sample::select(TOKENS.to_vec()), 0..3_u8);
    (prop::sample::select(shipped), prop::collection::vec(change, 1..4)).prop_map(|(expression, changes)| {
        let mut chars: Vec<char> = expression.chars().collect();
        for (at, token, how) in changes {
            let at = at.index(chars.len().max(1)).min(chars.len().saturating_sub(1));
            match how {
                0 if !chars.is_empty() => drop(chars.remove(at)),
                1 => drop(chars.splice(at..at, token.chars())),
                _ if !chars.is_empty() => drop(chars.splice(at..=at, token.chars())),
                _ => {}
            }
        }
        chars.into_iter().collect()
    })
}

/// Tries `cases` expressions; too few accepted ones would try the checks but never the evaluation.
fn check_all<S: Strategy<Value = String> + 'static>(strategy: fn() -> S, cases: u32, accepted_min: u32) {
    on_small_stack(move || {
        let accepted = AtomicU32::new(0);
        let result = runner(cases).run(&strategy(), |expression| {
            accepted.fetch_add(u32::from(survives(&expression)), Ordering::Relaxed);
            Ok(())
        });
        assert!(result.is_ok(), "{result:?}");
        let accepted = accepted.into_inner();
        assert!(accepted >= accepted_min, "only {accepted} of {cases} were accepted");
    });
}

/// If this fails, something typed into the rule editor ends the process or is refused without a place.
#[test]
fn token_soup_is_refused_with_a_place_or_runs() {
    check_all(soup, 8_000, 5);
}

/// If this fails, a character outside ASCII ends the process or moves the place of a fault.
#[test]
fn letter_soup_is_refused_with_a_place() {
    check_all(letters, 2_000, 0);
}

/// If this fails, an expression that passes the checks can fail in a way that is not an error of its own.
#[test]
fn well_formed_expressions_run_within_their_cost() {
    check_all(well_formed, 2_000, 1_000);
}

/// If this fails, a slip of the hand in a shipped rule ends the process.
#[test]
fn mutated_rules_are_refused_with_a_place_or_run() {
    check_all(mutated, 4_000, 20);
}

/// Pieces that nest, chain or never end when they are repeated.
const REPEATED: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "!",
    "-",
    "1?",
    "true?1:",
    "1+",
    "1-",
    "1 in ",
    "1in",
    "1<",
    "1==",
    "a.",
    "a[",
    "a(",
    "[[1].all(x,",
    "[1].map(x,",
    "{1:",
    "has(",
    "size(",
    "!(",
    "-(",
    "1&&",
    "true||",
    "\"",
    "'",
    "\"\"\"",
    "r'",
    "//",
    "\\",
    "`",
    "1,",
    ",",
    "f(1,",
    "math.greatest(",
    "a{b:",
    ".",
    "?",
    ":",
    "- ",
    "true&&(",
    "[1,",
    "x.y(",
    "1.",
    "1e",
    "0x",
    "é",
    "\n",
    "(1)[",
    "\"a\"+",
    "b\"",
    "1u",
];

/// If this fails, a long or deep expression overflows the stack of the thread that saves it.
#[test]
fn depth_and_length_end_in_a_refusal_or_a_value() {
    on_small_stack(|| {
        for unit in REPEATED {
            for times in [1, 2, scan::DEPTH_MAX / 2, scan::DEPTH_MAX, 200, 4_000] {
                let chars: String = unit.repeat(times).chars().take(EXPRESSION_CHARS_MAX - 40).collect();
                for end in ["", "1", "true", ")", "]", "1)]})]})"] {
                    survives(&format!("{chars}{end}"));
                }
                let closed = |close: &str| format!("{chars}1{}", close.repeat(times.min(1_900)));
                for close in [")", "]", "}", ",1)", ")]", ")}", ":1", ":1)"] {
                    survives(&closed(close));
                }
            }
        }
        let digits = "9".repeat(3_900);
        for huge in [digits.clone(), format!("1.{digits}"), format!("1e{digits}"), format!("0x{digits}")] {
            survives(&format!("swipe.hour < {huge}"));
            survives(&format!("string({huge}) == \"\""));
        }
    });
}

/// If this fails, the deepest expression that is accepted overflows a worker's stack.
#[test]
fn the_deepest_accepted_expressions_run() {
    let deepest = |build: fn(usize) -> String| {
        let depths = (1..=scan::DEPTH_MAX).rev();
        let found = depths.map(build).find(|expression| survives(expression));
        found.unwrap_or_else(|| panic!("{} is accepted at some depth", build(2)))
    };
    on_small_stack(move || {
        let forms: [fn(usize) -> String; 9] = [
            |n| format!("{}true{}", "(".repeat(n), ")".repeat(n)),
            |n| format!("{}true{}", "!(".repeat(n), ")".repeat(n)),
            |n| format!("{}1{} == 1", "-(".repeat(n), ")".repeat(n)),
            |n| format!("size({}1{}) == 1", "[".repeat(n), "]".repeat(n)),
            |n| format!("{}1{} == {{}}", "{1: ".repeat(n), "}".repeat(n)),
            |n| format!("{}true", "card.known ? card.deactivated : ".repeat(n)),
            |n| format!("1 {} > 1", "+ swipe.hour ".repeat(n)),
            |n| format!("{}swipe.hour{} > 1.0", "double(".repeat(n), ")".repeat(n)),
            |n| format!("[1].all(x, [2].all(y, {}true{}))", "(x > 0 && ".repeat(n), ")".repeat(n)),
        ];
        for form in forms {
            let expression = deepest(form);
            assert!(expression.len() > 20, "{expression}");
        }
    });
}
