//! Table tests of the shipped rules: each line one swipe, each rule with a near miss that must not fire.

use super::*;
use crate::authorization::{Merchant, Swipe};
use crate::explain::Extra;
use crate::facts::{CardFacts, FactSet, OrderFacts, SwipeInputs};
use crate::history::{CardHistory, OrderUse, Roster, Tally};
use crate::ids::CardId;
use crate::link::{Goods, OpenOrder};
use crate::lists::Lists;
use crate::merchant::MerchantMatch;
use crate::rule::{Parameter, Rule, RuleMode, RuleSet};
use crate::shipped;
use crate::time::UnixMs;
use crate::travel::Travel;
use std::sync::Arc;

/// One swipe, as the rules may meet it; the default is an honest one.
#[derive(Clone)]
struct Case {
    card: CardFacts,
    cents: i64,
    currency: &'static str,
    country: &'static str,
    category: &'static str,
    order: Option<(i64, i64)>,
    goods: Goods,
    liquor_store: bool,
    matched: Option<MerchantMatch>,
    partner: bool,
    full_number: bool,
    /// Milliseconds since the order's completion.
    completed_ms: Option<i64>,
    used: OrderUse,
    roster: Roster,
    hour: Tally,
    day: Tally,
    /// Metres and milliseconds since the card was last seen.
    travel: Option<(i64, i64)>,
}

const HONEST: Case = Case {
    card: CardFacts { known: true, deactivated: false, has_shopper: true },
    cents: 10_000,
    currency: "ZAR",
    country: "ZA",
    category: "5411",
    order: Some((10_000, 0)),
    goods: Goods { liquor: false, tobacco: false, airtime: false },
    liquor_store: false,
    matched: Some(MerchantMatch::Exact),
    partner: true,
    full_number: false,
    completed_ms: None,
    used: OrderUse { liquor: 0, other: 0, recent_liquor: 0, recent_other: 0 },
    roster: Roster { rostered: true, off_ms: 0, overtime: false, swap: false },
    hour: NO_SWIPES,
    day: NO_SWIPES,
    travel: None,
};

const NO_SWIPES: Tally = Tally { swipes: 0, backed_swipes: 0, cents: 0, backed_cents: 0 };
const NOW: UnixMs = UnixMs(1_767_600_000_000);

fn swipe(case: &Case) -> Swipe {
    Swipe {
        presented_card_id: CardId::parse("card").unwrap(),
        amount_cents: case.cents,
        currency: case.currency.into(),
        merchant: Merchant {
            name: "MAKRO WOODMEAD".into(),
            city: "JHB".into(),
            country: case.country.into(),
            category_code: case.category.into(),
        },
        reference: Some("r".into()),
        occurred_at: NOW,
        received_at: NOW,
        simulated: false,
        had_full_card_number: case.full_number,
        repeat_key: "k".into(),
        reference_key: Some("r".into()),
    }
}

fn facts_of(case: &Case, order: Option<OrderFacts<'_>>) -> FactSet {
    let travel =
        case.travel.map(|(metres, elapsed_ms)| Travel { from_store: "t".into(), metres, elapsed_ms });
    FactSet::of_swipe(&SwipeInputs {
        swipe: &swipe(case),
        card_id: "card",
        shopper_id: Some("shopper"),
        card: case.card,
        order,
        partner: case.partner,
        store_id: Some("s"),
        roster: case.roster,
        history: &CardHistory { hour: case.hour, day: case.day, place: None },
        travel: travel.as_ref(),
        home_currency: "ZAR",
    })
}

fn decide_with(rules: &RuleSet, case: &Case) -> Decision {
    let order = case.order.map(|(value_cents, spent_cents)| OpenOrder {
        order_id: "o".into(),
        store_id: "s".into(),
        status: "picking".into(),
        placed_at: NOW,
        assigned_at: None,
        completed_at: case.completed_ms.map(|ago| NOW.plus(-ago)),
        cancelled_at: None,
        value_cents,
        spent_cents,
        used: case.used,
        delivery: None,
        goods: case.goods,
    });
    let order_facts = order.as_ref().map(|order| OrderFacts {
        order,
        merchant_match: case.matched,
        store_is_liquor: case.liquor_store,
        counts_cents: case.cents,
        tolerated_cents: 2_500,
    });
    decide(rules, &facts_of(case, order_facts), &Extra::default())
}

/// The lists that the shipped rules name, before anybody fills them.
fn empty_lists() -> Arc<Lists> {
    let lists = shipped::LISTS.iter().map(|(name, _)| ((*name).to_owned(), Vec::new()));
    Arc::new(Lists::new(lists.collect()))
}

fn shipped_set() -> RuleSet {
    RuleSet::compile(1, shipped::rules(UnixMs(0)), &empty_lists()).unwrap()
}

fn check(what: &str, case: Case, outcome: Outcome, rules: &[&str]) {
    let decision = decide_with(&shipped_set(), &case);
    let fired: Vec<&str> = decision.fired.iter().map(|f| f.rule.as_str()).collect();
    assert_eq!((decision.outcome, fired.as_slice()), (outcome, rules), "{what}");
    assert!(decision.failures.is_empty(), "{what}: {:?}", decision.failures);
    for fired in &decision.fired {
        assert!(
            !fired.message.is_empty() && !fired.would_change.is_empty() && !fired.values.is_empty(),
            "{what}: {fired:?}"
        );
    }
}

#[test]
fn each_shipped_rule_fires_on_its_case_and_not_on_its_near_miss() {
    use Outcome::{Approve, Decline};
    let none: &[&str] = &[];
    check("honest", HONEST, Approve, none);
    let card = HONEST.card;
    check(
        "deactivated",
        Case { card: CardFacts { deactivated: true, ..card }, ..HONEST },
        Decline,
        &["card_deactivated"],
    );
    let stranger = CardFacts { known: false, has_shopper: false, ..card };
    check(
        "unknown card",
        Case { card: stranger, order: None, matched: None, ..HONEST },
        Approve,
        &["unknown_card"],
    );
    check("no order", Case { order: None, matched: None, ..HONEST }, Approve, &["no_open_order"]);
    check(
        "wrong merchant",
        Case { matched: Some(MerchantMatch::None), ..HONEST },
        Approve,
        &["wrong_merchant"],
    );
    check("store not told of", Case { matched: None, ..HONEST }, Approve, none);
    for innocent in
        [MerchantMatch::Truncated, MerchantMatch::LiquorAnnex, MerchantMatch::BrandOnly, MerchantMatch::Alias]
    {
        check("innocent spelling", Case { matched: Some(innocent), ..HONEST }, Approve, none);
    }
    check("no partner", Case { partner: false, ..HONEST }, Approve, &["unknown_merchant"]);
    check("fuel", Case { category: "5541", ..HONEST }, Approve, &["risky_category"]);
    check("a category beside the list", Case { category: "5311", ..HONEST }, Approve, none);
    check(
        "liquor without an order for it",
        Case { category: "5921", ..HONEST },
        Approve,
        &["risky_category"],
    );
    let liquor = Goods { liquor: true, ..Goods::default() };
    check("liquor order", Case { category: "5921", goods: liquor, ..HONEST }, Approve, none);
    check("order of a liquor store", Case { category: "5921", liquor_store: true, ..HONEST }, Approve, none);
    check(
        "liquor order, fuel",
        Case { category: "5541", goods: liquor, ..HONEST },
        Approve,
        &["risky_category"],
    );
    check("dollars", Case { currency: "USD", ..HONEST }, Decline, &["foreign"]);
    check("abroad", Case { country: "MZ", ..HONEST }, Decline, &["foreign"]);
    check("country not sent", Case { country: "", ..HONEST }, Approve, none);
    check("card number", Case { full_number: true, ..HONEST }, Approve, &["full_card_number"]);
}

#[test]
fn over_order_value_is_strict_at_both_thresholds() {
    use Outcome::{Approve, Decline};
    // (order value, spent before, this swipe, outcome, fires): max(R25, 10 %) alerts, max(R500, 50 %) declines.
    for (value, spent, cents, outcome, fires) in [
        (10_000, 0, 12_500, Approve, false),
        (10_000, 0, 12_501, Approve, true),
        (10_000, 7_500, 5_000, Approve, false),
        (10_000, 7_501, 5_000, Approve, true),
        (100_000, 0, 110_000, Approve, false),
        (100_000, 0, 110_001, Approve, true),
        (10_000, 0, 60_000, Approve, true),
        (10_000, 0, 60_001, Decline, true),
        (200_000, 0, 300_000, Approve, true),
        (200_000, 0, 300_001, Decline, true),
        (0, 0, 2_500, Approve, false),
    ] {
        let decision = decide_with(&shipped_set(), &Case { order: Some((value, spent)), cents, ..HONEST });
        let fired: Vec<_> = decision.fired.iter().map(|f| f.rule.as_str()).collect();
        assert_eq!(
            (decision.outcome, fired == ["over_order_value"]),
            (outcome, fires),
            "{value} {spent} {cents}: {fired:?}"
        );
    }
}

fn changed(id: &str, change: impl Fn(&mut Rule)) -> RuleSet {
    let mut rules = shipped::rules(UnixMs(0));
    change(rules.iter_mut().find(|rule| rule.id == id).unwrap());
    RuleSet::compile(2, rules, &empty_lists()).unwrap()
}

#[test]
fn shadow_is_recorded_without_effect_and_off_is_not_evaluated() {
    let case = Case { currency: "USD", ..HONEST };
    let shadow = decide_with(&changed("foreign", |rule| rule.mode = RuleMode::Shadow), &case);
    assert_eq!((shadow.outcome, shadow.fired.len(), shadow.live().count()), (Outcome::Approve, 1, 0));
    let off = decide_with(&changed("foreign", |rule| rule.mode = RuleMode::Off), &case);
    assert_eq!((off.outcome, off.fired.len()), (Outcome::Approve, 0));
}

#[test]
fn thresholds_are_parameters_whole_or_not() {
    let case = Case { cents: 12_500, ..HONEST };
    let lower = changed("over_order_value", |rule| {
        rule.parameters.insert("over_percent".into(), Parameter::Real(24.5));
        rule.parameters.insert("over_cents".into(), Parameter::Whole(0));
    });
    assert_eq!(decide_with(&lower, &case).fired.len(), 1, "25 % over is above 24.5 %");
    let stronger = changed("no_open_order", |rule| rule.outcome = RuleOutcome::Decline);
    let decision = decide_with(&stronger, &Case { order: None, matched: None, ..HONEST });
    assert_eq!(decision.outcome, Outcome::Decline, "the outcome of a rule is the lead's to choose");
}

#[test]
fn a_rule_that_fails_is_shown_and_never_taken_for_quiet() {
    let fails = changed("foreign", |rule| {
        rule.expression = "swipe.hour >= 0 && 10 / (swipe.amount_cents - 10000) > 0 || swipe.amount_cents == 0 || swipe.amount_cents == 1".into()
    });
    let decision = decide_with(&fails, &HONEST);
    assert_eq!(decision.failures.len(), 1);
    assert!(decision.failures[0].message.to_lowercase().contains("zero"), "{:?}", decision.failures);
}

#[test]
fn a_bad_expression_says_where() {
    for (expression, line, column, part) in [
        ("swipe.amount_cents >", 1, 21, ""),
        ("true &&\n  swipe.amout_cents > 5", 2, 8, "swipe.amout_cents"),
        ("card.known && p.threshold > 1", 1, 16, "threshold"),
        ("customer.id == \"x\"", 1, 9, "customer"),
        ("swipe.amount_cents", 1, 6, "whole number"),
        ("\"maybe\"", 1, 1, "maybe"),
        ("swipe.amount_cents > \"5\"", 1, 20, "text"),
        ("", 1, 1, "empty"),
        ("swipe", 1, 1, "swipe.amount_cents"),
        ("[1].all(a, [1].all(b, [1].all(c, a + b + c > 0)))", 1, 1, "loops"),
    ] {
        let mut rules = shipped::rules(UnixMs(0));
        rules[0].expression = expression.into();
        let (_, bad) = RuleSet::compile(1, rules, &empty_lists()).expect_err(expression);
        assert!(bad.message.contains(part), "{expression}: {bad}");
        if part != "loops" {
            assert_eq!((bad.line, bad.column), (line, column), "{expression}: {bad}");
        }
    }
}

#[test]
fn the_facts_and_their_catalogue_agree() {
    let facts = facts_of(&HONEST, None);
    for fact in crate::facts::CATALOGUE {
        let kind = match facts.get(fact.path) {
            Some(crate::facts::Fact::Flag(_)) => "bool",
            Some(crate::facts::Fact::Whole(_)) => "int",
            Some(crate::facts::Fact::Text(_)) => "string",
            None => "missing",
        };
        assert_eq!(kind, fact.kind, "{}", fact.path);
    }
}

const MINUTE: i64 = 60_000;

#[test]
fn after_completion_starts_after_ten_minutes() {
    let fires: &[&str] = &["after_completion"];
    for (ms, expected) in [
        (None, &[][..]),
        (Some(-MINUTE), &[]),
        (Some(0), &[]),
        (Some(10 * MINUTE), &[]),
        (Some(10 * MINUTE + 1), fires),
        (Some(29 * MINUTE), fires),
    ] {
        check(&format!("{ms:?}"), Case { completed_ms: ms, ..HONEST }, Outcome::Approve, expected);
    }
}

#[test]
fn off_shift_needs_a_roster_and_neither_overtime_nor_a_swap() {
    let off = |off_ms| Roster { rostered: true, off_ms, overtime: false, swap: false };
    for (what, roster, fires) in [
        ("on shift", off(0), false),
        ("a quarter of an hour", off(15 * MINUTE), false),
        ("a little more", off(15 * MINUTE + 1), true),
        ("no roster at all", Roster { rostered: false, ..off(600 * MINUTE) }, false),
        ("overtime", Roster { overtime: true, ..off(90 * MINUTE) }, false),
        ("swap", Roster { swap: true, ..off(300 * MINUTE) }, false),
        ("deep in the night", off(600 * MINUTE), true),
    ] {
        let expected: &[&str] = if fires { &["off_shift"] } else { &[] };
        check(what, Case { roster, ..HONEST }, Outcome::Approve, expected);
    }
}

#[test]
fn a_split_purchase_is_three_swipes_and_the_second_liquor_slip_is_lawful() {
    let used = |other, liquor| OrderUse { other, liquor, recent_other: other, recent_liquor: liquor };
    let liquor = Goods { liquor: true, ..Goods::default() };
    let grocer = |used| Case { used, ..HONEST };
    let till = |used| Case { used, category: "5921", goods: liquor, ..HONEST };
    let fires: &[&str] = &["split_purchase"];
    check("second", grocer(used(1, 0)), Outcome::Approve, &[]);
    check("third", grocer(used(2, 0)), Outcome::Approve, fires);
    check("long ago", grocer(OrderUse { other: 5, ..OrderUse::default() }), Outcome::Approve, &[]);
    check("groceries twice and liquor", till(used(2, 0)), Outcome::Approve, &[]);
    check("groceries twice and liquor twice", till(used(2, 1)), Outcome::Approve, fires);
}

#[test]
fn velocity_weighs_what_orders_account_for_and_fires_on_other_swipes_only() {
    let tally =
        |swipes, backed_swipes, cents, backed_cents| Tally { swipes, backed_swipes, cents, backed_cents };
    let fires: &[&str] = &["no_open_order", "velocity"];
    let quiet: &[&str] = &["no_open_order"];
    // The swipe of R100 itself has no order, so it counts fully.
    let loose = |hour, day| Case { order: None, matched: None, hour, day, ..HONEST };
    let order = |hour, day| Case { hour, day, ..HONEST };
    let none = NO_SWIPES;
    let sorted = |what: &str, case: Case, rules: &[&str]| {
        let mut fired: Vec<String> =
            decide_with(&shipped_set(), &case).fired.into_iter().map(|f| f.rule).collect();
        fired.sort();
        assert_eq!(fired, rules, "{what}");
    };
    sorted("the sixth in an hour", loose(tally(5, 0, 5, 0), none), quiet);
    sorted("the seventh", loose(tally(6, 0, 6, 0), none), fires);
    sorted("twenty with orders", loose(tally(20, 20, 20, 20), none), quiet);
    sorted("twenty-one with orders", loose(tally(21, 21, 21, 21), none), fires);
    sorted("the seventh has its order", order(tally(6, 0, 6, 0), none), &[]);
    sorted("up to R8000 in a day", loose(none, tally(3, 0, 790_000, 0)), quiet);
    sorted("a cent more", loose(none, tally(3, 0, 790_001, 0)), fires);
    sorted("R31,600 of big households", loose(none, tally(8, 8, 3_160_000, 3_160_000)), quiet);
    sorted("and four cents more", loose(none, tally(8, 8, 3_160_004, 3_160_004)), fires);
    let second = OrderUse { other: 1, ..OrderUse::default() };
    let again = Case { used: second, ..order(tally(6, 1, 6, 1), none) };
    sorted("a second swipe on one order counts fully", again, &["velocity"]);
}

#[test]
fn travel_is_impossible_above_the_speed_and_beyond_the_neighbourhood() {
    let travel = |metres, ms| Case { travel: Some((metres, ms)), ..HONEST };
    let fires: &[&str] = &["impossible_travel"];
    check("60 km in half an hour", travel(60_000, 30 * MINUTE), Outcome::Approve, &[]);
    check("a metre more", travel(60_001, 30 * MINUTE), Outcome::Approve, fires);
    check("next door at once", travel(5_000, 0), Outcome::Approve, &[]);
    check("the next suburb at once", travel(5_001, 0), Outcome::Approve, fires);
    check("to Cape Town overnight", travel(1_260_000, 11 * 60 * MINUTE), Outcome::Approve, &[]);
}
