//! Why a rule fired, in words: values beside thresholds, what speaks against it, what would change it.

mod history;

use crate::decision::{FiredRule, Shown};
use crate::facts::{Fact, FactSet};
use crate::merchant::MerchantMatch;
use crate::money::{format_cents, rand};
use crate::rule::{Parameter, Rule, RuleOutcome, Severity};
use crate::shipped;
use crate::time::UnixMs;

/// What the words need beyond the facts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extra<'a> {
    pub at: Option<UnixMs>,
    pub order_id: Option<&'a str>,
    pub store_name: Option<&'a str>,
    /// The partner store that the merchant matches, where it is not the order's.
    pub other_store: Option<(&'a str, MerchantMatch)>,
    /// Orders that the shopper had on that day but not at that time.
    pub orders_near: usize,
    /// Names of the stores where the card last was and is now.
    pub travelled: Option<(&'a str, &'a str)>,
}

struct Words {
    message: String,
    values: Vec<Shown>,
    counter_evidence: Vec<String>,
    would_change: String,
}

fn shown(label: &str, value: impl Into<String>, threshold: Option<String>) -> Shown {
    Shown { label: label.into(), value: value.into(), threshold }
}

/// Explains a rule that fired with `outcome`.
pub fn fired(rule: &Rule, outcome: RuleOutcome, facts: &FactSet, extra: &Extra<'_>) -> FiredRule {
    let words = match rule.id.as_str() {
        shipped::CARD_DEACTIVATED => card_deactivated(),
        shipped::UNKNOWN_CARD => unknown_card(),
        shipped::NO_OPEN_ORDER => no_open_order(rule, facts, extra),
        shipped::WRONG_MERCHANT => wrong_merchant(facts, extra),
        shipped::UNKNOWN_MERCHANT => unknown_merchant(facts),
        shipped::RISKY_CATEGORY => risky_category(rule, facts),
        shipped::OVER_ORDER_VALUE => over_order_value(rule, facts, extra),
        shipped::FOREIGN => foreign(rule, facts),
        shipped::FULL_CARD_NUMBER => full_card_number(),
        shipped::AFTER_COMPLETION => history::after_completion(rule, facts, extra),
        shipped::OFF_SHIFT => history::off_shift(rule, facts, extra),
        shipped::SPLIT_PURCHASE => history::split_purchase(rule, facts, extra),
        shipped::VELOCITY => history::velocity(rule, facts),
        shipped::IMPOSSIBLE_TRAVEL => history::impossible_travel(rule, facts, extra),
        _ => of_expression(rule, facts),
    };
    // An over-value swipe that only alerts is worth a look, one that declines is urgent.
    let severity = match (rule.id.as_str(), outcome) {
        (shipped::OVER_ORDER_VALUE, RuleOutcome::Alert) => rule.severity.min(Severity::Warning),
        _ => rule.severity,
    };
    FiredRule {
        rule: rule.id.clone(),
        rule_name: rule.name.clone(),
        version: rule.version,
        mode: rule.mode,
        outcome,
        severity,
        message: words.message,
        values: words.values,
        counter_evidence: words.counter_evidence,
        would_change: words.would_change,
    }
}

fn merchant_shown(facts: &FactSet, threshold: Option<String>) -> Shown {
    let city = facts.text("swipe.city");
    let name = facts.text("swipe.merchant");
    let value = if city.is_empty() { name.to_owned() } else { format!("{name}, {city}") };
    shown("Merchant", value, threshold)
}

fn amount(facts: &FactSet) -> String {
    format_cents(facts.whole("swipe.amount_cents"), facts.text("swipe.currency"))
}

fn clock_note(facts: &FactSet) -> Vec<String> {
    if facts.flag("swipe.clock_suspect") {
        vec!["The bank's time is more than 24 h from ours, so the time we received it was used.".into()]
    } else {
        vec![]
    }
}

fn card_deactivated() -> Words {
    Words {
        message: "A deactivated card was used.".into(),
        values: vec![shown("Card", "deactivated", Some("active".into()))],
        counter_evidence: vec![],
        would_change: "Reactivating the card, with a reason.".into(),
    }
}

fn unknown_card() -> Words {
    Words {
        message: "The order system never told us of this card.".into(),
        values: vec![shown("Card", "not in the order system's feed", None)],
        counter_evidence: vec!["A card often goes by several ids: the feed may list this one later.".into()],
        would_change: "A card record with this id, or with it among its other ids.".into(),
    }
}

fn no_open_order(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let (early, late) = (rule.whole("early_minutes", 10), rule.whole("late_minutes", 30));
    let at = extra.at.map_or_else(|| "the time".to_owned(), UnixMs::clock_sast);
    let mut counter_evidence = clock_note(facts);
    if !facts.flag("card.has_shopper") {
        counter_evidence.push("The card is given to no shopper, so no order could be found.".into());
    }
    if extra.orders_near > 0 {
        let near = extra.orders_near;
        let s = if near == 1 { "" } else { "s" };
        counter_evidence.push(format!("The shopper has {near} other order{s} within 12 h of this swipe."));
    }
    Words {
        message: format!("No order of this card's shopper was open at {at}."),
        values: vec![
            shown(
                "Open orders",
                "0",
                Some(format!("at least 1, from {early} min before it starts to {late} min after it ends")),
            ),
            shown("Amount", amount(facts), None),
        ],
        counter_evidence,
        would_change: "An order assigned to the shopper for that time, even if it is recorded later.".into(),
    }
}

fn wrong_merchant(facts: &FactSet, extra: &Extra<'_>) -> Words {
    let store = extra.store_name.unwrap_or("the order's store");
    let mut counter_evidence = clock_note(facts);
    if let Some((other, how)) = extra.other_store {
        counter_evidence.push(format!("It is a partner store: {other} ({}).", how.phrase()));
    }
    Words {
        message: format!("The swipe was at {}, the order is for {store}.", facts.text("swipe.merchant")),
        values: vec![merchant_shown(facts, Some(store.to_owned()))],
        counter_evidence,
        would_change: format!(
            "An alias for {store}, if this is how the bank writes its name; or an order for that store."
        ),
    }
}

fn unknown_merchant(facts: &FactSet) -> Words {
    Words {
        message: format!("{} is no partner store.", facts.text("swipe.merchant")),
        values: vec![merchant_shown(facts, Some("any partner store or alias".into()))],
        counter_evidence: vec![],
        would_change: "A store record or alias with this name, if it is one of ours.".into(),
    }
}

/// What a category code means, for people.
pub fn category_name(code: &str) -> &'static str {
    match code {
        "5921" => "liquor stores",
        "5993" => "tobacco shops",
        "4812" => "telephone equipment",
        "4814" => "airtime and telephone services",
        "6010" => "cash at a counter",
        "6011" => "cash machine",
        "6540" => "loading of wallets",
        "5541" => "service stations",
        "5542" => "fuel pumps",
        "7995" => "gambling",
        "5411" => "groceries and supermarkets",
        "5912" => "pharmacies",
        "0000" => "not known to the bank",
        _ => "other",
    }
}

fn risky_category(rule: &Rule, facts: &FactSet) -> Words {
    let code = facts.text("swipe.category");
    let listed = match rule.parameters.get("categories") {
        Some(Parameter::Words(words)) => words.join(" "),
        _ => String::new(),
    };
    let mut counter_evidence = vec![];
    if facts.flag("merchant.is_order_store") {
        counter_evidence.push("The merchant is the order's own store.".into());
    }
    Words {
        message: format!("The swipe was for {} and no order calls for that.", category_name(code)),
        values: vec![shown(
            "Category",
            format!("{code} {}", category_name(code)),
            Some(format!("none of {listed}")),
        )],
        counter_evidence,
        would_change: "An order that holds such goods, or taking the category off the list.".into(),
    }
}

fn over_order_value(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let value = facts.whole("order.value_cents");
    let limit = |cents: &str, percent: &str, c0, p0| {
        let share = match rule.parameters.get(percent) {
            Some(Parameter::Real(p)) => (value as f64 * p / 100.0) as i64,
            _ => value.saturating_mul(rule.whole(percent, p0)) / 100,
        };
        value.saturating_add(share.max(rule.whole(cents, c0)))
    };
    let alert = limit("over_cents", "over_percent", 2_500, 10);
    let decline = limit("decline_over_cents", "decline_over_percent", 50_000, 50);
    let spent = facts.whole("order.spent_cents");
    let mut counter_evidence = vec![];
    if spent > 0 {
        counter_evidence.push(format!(
            "{} of it was spent before this swipe: it may belong to another order, or be reversed yet.",
            rand(spent)
        ));
    }
    counter_evidence.push("Substitutions approved after the swipe raise the value supplied.".into());
    Words {
        message: format!(
            "Swipes for order {} come to {}, its value is {}.",
            extra.order_id.unwrap_or("?"),
            rand(facts.whole("order.total_cents")),
            rand(value)
        ),
        values: vec![
            shown(
                "Swipes for the order",
                rand(facts.whole("order.total_cents")),
                Some(format!("alert above {}, decline above {}", rand(alert), rand(decline))),
            ),
            shown("This swipe", amount(facts), None),
            shown("Value of the order", rand(value), None),
        ],
        counter_evidence,
        would_change: format!(
            "A value supplied of at least {}, or a reversal.",
            rand(facts.whole("order.total_cents"))
        ),
    }
}

fn foreign(rule: &Rule, facts: &FactSet) -> Words {
    let text = |name: &str, default: &str| match rule.parameters.get(name) {
        Some(Parameter::Text(text)) => text.clone(),
        _ => default.to_owned(),
    };
    let country = facts.text("swipe.country");
    let place = if country.is_empty() { "an unknown country" } else { country };
    Words {
        message: format!("A swipe of {} in {place}.", amount(facts)),
        values: vec![
            shown("Currency", facts.text("swipe.currency"), Some(text("currency", "ZAR"))),
            shown(
                "Country",
                if country.is_empty() { "not given" } else { country },
                Some(text("country", "ZA")),
            ),
        ],
        counter_evidence: vec![],
        would_change: "Nothing but the rule's currency and country: our cards are used at home.".into(),
    }
}

fn full_card_number() -> Words {
    Words {
        message: "The bank's event held a full card number; it was cut to first six and last four.".into(),
        values: vec![shown("Full card number", "found and cut", Some("never sent".into()))],
        counter_evidence: vec!["A fault of the sender, not of the shopper.".into()],
        would_change: "The sender masking the number.".into(),
    }
}

/// For a rule of the lead's own: every fact that the expression names.
fn of_expression(rule: &Rule, facts: &FactSet) -> Words {
    let values = crate::facts::CATALOGUE
        .iter()
        .filter(|fact| rule.expression.contains(fact.path))
        .filter_map(|fact| facts.get(fact.path).map(|value| (fact, value)))
        .map(|(fact, value)| {
            let value = match value {
                Fact::Flag(true) => "yes".to_owned(),
                Fact::Flag(false) => "no".to_owned(),
                Fact::Whole(n) if fact.path.ends_with("_cents") => rand(*n),
                Fact::Whole(n) => n.to_string(),
                Fact::Text(text) => text.clone(),
            };
            shown(fact.meaning, value, None)
        })
        .collect();
    let thresholds = rule.parameters.iter().map(|(name, value)| {
        shown(name, serde_json::to_string(value).unwrap_or_default(), Some("parameter of the rule".into()))
    });
    let mut words = Words {
        message: if rule.description.is_empty() { rule.name.clone() } else { rule.description.clone() },
        values,
        counter_evidence: vec![],
        would_change: "Other values of these facts, or other thresholds.".into(),
    };
    words.values.extend(thresholds);
    words
}
