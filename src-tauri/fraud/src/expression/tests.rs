//! What a rule may say, as tables: what is refused and where, and near it what is not.

use super::*;
use crate::rule::{RuleMode, RuleScope, RuleSet, Severity};
use crate::time::UnixMs;

pub(super) fn rule(expression: &str) -> Rule {
    let words = |words: &[&str]| Parameter::Words(words.iter().map(|w| (*w).to_owned()).collect());
    let parameters = [
        ("on", Parameter::Flag(true)),
        ("minutes", Parameter::Whole(15)),
        ("percent", Parameter::Real(24.5)),
        ("currency", Parameter::Text("ZAR".into())),
        ("categories", words(&["5921", "6011"])),
    ];
    Rule {
        id: "own".into(),
        name: "Own".into(),
        description: String::new(),
        scope: RuleScope::Swipe,
        mode: RuleMode::Live,
        outcome: RuleOutcome::Alert,
        severity: Severity::Info,
        expression: expression.into(),
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        version: 1,
        updated_at: UnixMs(0),
        updated_by: "lead".into(),
    }
}

pub(super) fn lists() -> Lists {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    Lists::new(BTreeMap::from([
        ("deny_merchants".to_owned(), words(&["Shell", "Shell", "x"])),
        ("empty".to_owned(), Vec::new()),
        // Named by shipped rules.
        ("allow_merchants".to_owned(), Vec::new()),
        ("deny_cards".to_owned(), Vec::new()),
        ("Not a name".to_owned(), words(&["x"])),
    ]))
}

/// Line, column and message of what is refused.
fn refused(expression: &str, line: usize, column: usize, part: &str) {
    let bad = Compiled::new(&rule(expression), &lists()).expect_err(expression);
    assert!(bad.message.contains(part), "{expression}: {bad}");
    assert_eq!((bad.line, bad.column), (line, column), "{expression}: {bad}");
}

fn accepted(expression: &str) {
    if let Err(bad) = Compiled::new(&rule(expression), &lists()) {
        panic!("{bad}: {expression}");
    }
}

/// If this fails, a rule that can never work is saved, or the lead is sent to the wrong place in it.
#[test]
fn kinds_that_do_not_fit_are_refused_at_their_place() {
    refused("swipe.amount_cents > \"5\"", 1, 20, "cannot take a whole number and text");
    refused("!swipe.merchant", 1, 7, "wants true or false");
    refused("card.known &&\n  1", 2, 3, "wants true or false, and this is a whole number");
    refused("card.known || p.minutes", 1, 16, "wants true or false");
    refused("swipe.category == 5921", 1, 16, "cannot take text and a whole number");
    refused("swipe.category in [5921, 6011]", 1, 16, "every entry is a whole number");
    refused("swipe.category in p.currency", 1, 16, "wants a list to its right");
    refused("order.value_cents * 1.1 > 5.0", 1, 19, "write double(...)");
    refused("order.value_cents % p.percent == 0", 1, 19, "`%` cannot take");
    refused("-swipe.merchant == \"x\"", 1, 7, "`-` wants a whole number or a decimal number");
    refused("math.ceil(p.minutes) > 1.0", 1, 12, "write double(...)");
    refused("swipe.hour.size() > 1", 1, 6, "`size` wants text");
    refused("swipe.merchant.contains(5)", 1, 25, "`contains` wants text");
    refused("swipe.merchant[0] == \"x\"", 1, 15, "cannot look up a whole number in text");
    refused("swipe.merchant.x == \"x\"", 1, 15, "text has no field `x`");
    refused("p.minutes ? true : false", 1, 2, "wants true or false");
    refused("p.categories.all(c, c > 5)", 1, 23, "cannot take text and a whole number");
    refused("swipe.merchant.all(c, true)", 1, 6, "only a list can be looped over");
    refused("{p.percent: 1} == {}", 1, 3, "a key is text");
    refused("math.greatest(p.categories) > 1", 1, 16, "wants numbers");
}

/// If this fails, a rule is saved that gives neither true, false nor an outcome.
#[test]
fn the_result_is_a_flag_or_an_outcome() {
    refused("swipe.amount_cents", 1, 6, "a rule gives true, false or an outcome's name");
    refused("card.known ? \"alert\" : p.minutes", 1, 25, "this is a whole number");
    refused(
        "card.known ? \"none\" : swipe.hour > 25 ? \"maybe\" : \"alert\"",
        1,
        41,
        "\"maybe\" is no outcome",
    );
    refused("[true]", 1, 1, "this is a list");
    refused("list.empty", 1, 5, "a named list");
    accepted("card.known ? true : \"decline\"");
    accepted("card.known ? \"none\" : \"decline_and_deactivate\"");
}

/// If this fails, a call that CEL would only refuse at a swipe is saved, or the lead cannot see what there is.
#[test]
fn unknown_names_and_calls_are_refused_at_their_place() {
    refused("swipe.amout_cents > 1", 1, 6, "there is no fact `swipe.amout_cents`");
    refused("shipe.amount_cents > 1", 1, 6, "there is no `shipe`: facts begin with swipe");
    refused("swipe.hour > p.hours", 1, 15, "no parameter `hours`");
    refused("swipe.merchant in list.deny", 1, 23, "there is no list `deny`");
    refused("swipe.merchant in list", 1, 19, "name one of the lists");
    refused("lower(swipe.merchant) == \"x\"", 1, 6, "there is no `lower`");
    refused("swipe.merchant.lowerAscii() == \"x\"", 1, 26, "there is no `lowerAscii`");
    refused("math.sqrt(2.0) > 1.0", 1, 10, "there is no `math.sqrt`");
    refused("swipe.merchant.contains()", 1, 24, "takes 1 value in its brackets, not 0");
    refused("size(swipe.merchant, 1) > 1", 1, 5, "takes 1 value in its brackets, not 2");
    refused("contains(swipe.merchant, \"x\")", 1, 9, "is written as");
    refused("timestamp(\"2026-01-01T00:00:00Z\").getHours() > 1", 1, 43, "there is no `getHours`");
    refused("5u == 5u", 1, 1, "without `u`");
    refused("swipe.merchant == null", 1, 19, "no `null`");
    refused("b\"x\" == b\"x\"", 1, 1, "bytes");
    refused("google.protobuf.Any{} == 1", 1, 20, "not part of the rule language");
    refused("[1].all(swipe, swipe > 0)", 1, 8, "cannot be called `swipe`");
    refused("list.deny_merchants.all(m, m == \"x\")", 1, 5, "only a list can be looped over");
    refused("size([list.empty]) == 1", 1, 11, "can only stand after `in`");
}

/// If this fails, an ordinary rule cannot be saved.
#[test]
fn the_language_is_what_it_says() {
    for expression in [
        "swipe.merchant in list.deny_merchants && size(list.deny_merchants) > 0",
        "swipe.merchant in (card.known ? list.deny_merchants : list.empty)",
        "swipe.category in p.categories && p.on",
        "p.categories.exists(c, swipe.category.startsWith(c))",
        "p.categories.filter(c, c != \"6011\").size() == 1",
        "p.categories.map(c, c + \"x\").exists_one(c, c == \"5921x\")",
        "{\"ZA\": 5, \"NA\": 7}[swipe.country == \"\" ? \"ZA\" : \"NA\"] > 6",
        "has(p.minutes) && p.categories[0] == \"5921\" && p.categories[0] in [\"5921\", swipe.category]",
        "double(order.over_cents) > math.greatest(double(p.minutes), p.percent / 100.0)",
        "int(p.percent) + swipe.hour % 2 - -3 * 2 >= order.value_cents / 7",
        "string(swipe.amount_cents).endsWith(\"00\") && bool(\"true\")",
        "swipe.merchant.matches(\"(?i)^(shell|engen)\\\\b\") || swipe.merchant.matches(r'\\d{4}')",
        "swipe.amount_cents > 24.5 || p.percent < 3 || math.abs(order.over_cents) > 5",
        "[[1, 2], [3]].all(a, a.exists(b, b > 0)) // a comment",
        "(swipe.hour >= 22 || swipe.hour < 5) && 'it\\'s' + \"\"\"a \"long\" one\"\"\" != swipe.city",
    ] {
        accepted(expression);
    }
}

/// If this fails, one rule can hold up every swipe or exhaust the memory.
#[test]
fn what_could_cost_too_much_is_refused() {
    let many = |n: usize, each: &str, between: &str| vec![each; n].join(between);
    let loops = "[1].all(a, [1].all(b, [1].all(c, a + b + c > 0)))";
    refused(loops, 1, 30, "loops may stand at most 2");
    let grid = format!("[{}]", many(120, "1", ","));
    refused(&format!("{grid}.all(a, {grid}.all(b, a + b > 0))"), 1, 246, "takes too long");
    let text = format!("\"{}\"", "x".repeat(1_000));
    let doubled = format!("[{text}].map(a, a + a).map(b, b + b + b + b).map(c, c + c)");
    let again = format!("{doubled}.map(d, d + d + d + d + d + d).size() == 1");
    let bad = Compiled::new(&rule(&again), &lists()).unwrap_err();
    assert!(bad.message.contains("builds too much"), "{bad}");
    accepted(&format!("{doubled}.size() == 1"));
    for (open, close) in [("(", ")"), ("[", "]"), ("!(", ")"), ("-(", ")"), ("size(", ")"), ("[0][", "]")] {
        let deep = format!("{}0{}", open.repeat(600), close.repeat(600));
        let bad = Compiled::new(&rule(&deep), &lists()).unwrap_err();
        assert!(bad.message.contains("nested more than"), "{open}: {bad}");
    }
    for (each, between) in [("1", "+"), ("true", "?1:"), ("1", "<"), ("1", "in "), ("p", "."), ("1", "-")] {
        let long = many(400, each, between);
        let bad = Compiled::new(&rule(&long), &lists()).unwrap_err();
        assert!(bad.message.contains("nested more than"), "{each} {between}: {bad}");
    }
    accepted(&many(120, "swipe.hour > 1", " && "));
    accepted(&many(30, "swipe.hour", " + ").replace("swipe.hour", "1").replacen('1', "swipe.hour > 1", 1));
    refused(&"x".repeat(EXPRESSION_CHARS_MAX + 1), 1, 1, "longer than");
}

/// If this fails, a pattern can take the time or the memory of every swipe.
#[test]
fn patterns_are_written_out_and_small() {
    refused("swipe.merchant.matches(p.currency)", 1, 25, "written out, not computed");
    refused("swipe.merchant.matches(\"(\")", 1, 24, "not a pattern");
    refused("swipe.merchant.matches(\"(.{900}){900}\")", 1, 24, "repeats too much");
    refused(&format!("swipe.city.matches(\"{}\")", "x".repeat(201)), 1, 20, "at most 200 characters");
    let run = |expression: &str| {
        let compiled = Compiled::new(&rule(expression), &lists()).unwrap();
        compiled.run(&FactSet::opposite_sample(), &lists())
    };
    assert_eq!(run("swipe.merchant.matches('^x$') && !swipe.city.matches('y')"), Ok(Verdict::Fires));
    assert_eq!(run("p.categories.all(c, c.matches('^[0-9]{4}$'))"), Ok(Verdict::Fires));
    assert_eq!(run("{'k': 'x'.matches('z')}['k']"), Ok(Verdict::Quiet));
}

/// If this fails, a rule's parameters can outgrow what a swipe can read.
#[test]
fn parameters_are_bounded() {
    let with = |parameter: Parameter| {
        let mut rule = rule("card.known");
        rule.parameters.insert("more".into(), parameter);
        Compiled::new(&rule, &lists()).map_err(|bad| bad.message)
    };
    assert!(with(Parameter::Words(vec!["x".repeat(200); 1_000])).is_ok());
    assert!(with(Parameter::Words(vec!["x".into(); 1_001])).unwrap_err().contains("named list"));
    assert!(with(Parameter::Words(vec!["é".repeat(201)])).unwrap_err().contains("200 characters"));
    assert!(with(Parameter::Text("x".repeat(1_000))).is_ok());
    assert!(with(Parameter::Text("x".repeat(1_001))).unwrap_err().contains("1000 characters"));
    assert!(with(Parameter::Real(f64::NAN)).unwrap_err().contains("no number"));
    let mut many = rule("card.known");
    many.parameters.extend((0..PARAMETERS_MAX).map(|n| (format!("p{n}"), Parameter::Flag(true))));
    assert!(Compiled::new(&many, &lists()).unwrap_err().message.contains("at most 64 parameters"));
    let mut looped = rule("p.codes.exists(c, swipe.merchant.contains(c))");
    looped.parameters.insert("codes".into(), Parameter::Words(vec!["x".into(); 100]));
    assert!(Compiled::new(&looped, &lists()).is_ok());
    looped.parameters.insert("codes".into(), Parameter::Words(vec!["x".into(); 1_000]));
    assert!(Compiled::new(&looped, &lists()).unwrap_err().message.contains("takes too long"));
}

/// If this fails, a merchant on a list passes, or one that is not on it does not.
#[test]
fn an_entry_matches_as_written_or_in_upper_case() {
    let lists = lists();
    let sizes: Vec<_> = lists.sizes().collect();
    assert_eq!(sizes, [("allow_merchants", 0), ("deny_cards", 0), ("deny_merchants", 2), ("empty", 0)]);
    let run = |expression: &str| {
        let compiled = Compiled::new(&rule(expression), &lists).unwrap();
        compiled.run(&FactSet::opposite_sample(), &lists)
    };
    for (entry, verdict) in [
        ("'Shell'", Verdict::Fires),
        ("'SHELL'", Verdict::Fires),
        ("'shell'", Verdict::Quiet),
        ("'Shel'", Verdict::Quiet),
        ("''", Verdict::Quiet),
        ("swipe.merchant", Verdict::Fires),
    ] {
        assert_eq!(run(&format!("{entry} in list.deny_merchants")), Ok(verdict), "{entry}");
        assert_eq!(run(&format!("{entry} in list.empty")), Ok(Verdict::Quiet), "{entry}");
    }
    assert_eq!(run("size(list.deny_merchants) == 2 && list.empty.size() == 0"), Ok(Verdict::Fires));
}

/// If this fails, a rule that broke at a swipe looks as if it had not fired.
#[test]
fn a_fault_at_run_time_is_never_quiet() {
    for (expression, part) in [
        ("swipe.hour > 1 && 10 / (swipe.hour - 2) > 0", "zero"),
        ("swipe.hour > 1 && 10 % (swipe.hour - 2) > 0", "zero"),
        ("swipe.hour > 1 && swipe.hour + 9223372036854775807 > 0", "overflow"),
        ("swipe.hour > 1 && swipe.hour * 9223372036854775807 > 0", "overflow"),
        ("swipe.hour > 1 && -9223372036854775807 - swipe.hour > 0", "overflow"),
        ("swipe.hour > 1 && p.categories[swipe.hour] == ''", "index"),
        ("swipe.hour > 1 && {1: 2}[swipe.hour] == 2", "key"),
        ("swipe.hour > 1 && int('x') == 2", "parse"),
        ("swipe.hour > 1 && (swipe.hour > 5 ? 'x' : 7) in list.empty", "text only"),
        ("swipe.hour > 1 ? p.currency : 'none'", "no outcome"),
    ] {
        let set = RuleSet::compile(1, vec![rule(expression)], &Arc::new(lists())).unwrap();
        let ask = |facts: &FactSet| set.evaluate(RuleScope::Swipe, facts).remove(0).verdict;
        let mut facts = FactSet::opposite_sample();
        assert!(ask(&facts).is_ok(), "{expression}");
        facts.shift("swipe.hour", 1);
        let failed = ask(&facts).unwrap_err();
        assert!(failed.to_lowercase().contains(part), "{expression}: {failed}");
    }
}
