//! The typed facts a rule may look at, each with its meaning.

use crate::authorization::Swipe;
use crate::link::{Goods, OpenOrder};
use crate::merchant::MerchantMatch;
use crate::time::{HOUR_MS, SAST_OFFSET_MS};
use cel::Env;
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::objects::{Key, Value};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// A fact's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    Flag(bool),
    Whole(i64),
    Text(String),
}

/// One entry of the catalogue: what a rule may name, its type, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FactKind {
    pub path: &'static str,
    pub kind: &'static str,
    pub meaning: &'static str,
}

macro_rules! catalogue {
    ($($path:literal: $kind:literal, $meaning:literal;)*) => {
        /// Every fact there is. A rule that names another does not compile.
        pub const CATALOGUE: &[FactKind] = &[$(FactKind { path: $path, kind: $kind, meaning: $meaning }),*];
    };
}

catalogue! {
    "swipe.amount_cents": "int", "Amount asked for, in cents of `swipe.currency`.";
    "swipe.currency": "string", "ISO 4217 code, upper case.";
    "swipe.country": "string", "ISO 3166 alpha-2 code of the merchant; empty when the bank sent none.";
    "swipe.category": "string", "Merchant category code, four digits; 0000 when unknown.";
    "swipe.merchant": "string", "Merchant's name as the bank wrote it.";
    "swipe.city": "string", "Merchant's city as the bank wrote it.";
    "swipe.hour": "int", "Hour of the day in South Africa, 0 to 23.";
    "swipe.simulated": "bool", "Whether the bank's simulator sent it.";
    "swipe.clock_suspect": "bool", "Whether the bank's time is more than 24 h from ours.";
    "swipe.full_card_number": "bool", "Whether a full card number stood in a text and was cut.";
    "card.known": "bool", "Whether the order system told us of this card.";
    "card.deactivated": "bool", "Whether the card is deactivated.";
    "card.has_shopper": "bool", "Whether the card is given to a shopper.";
    "order.found": "bool", "Whether an order of the shopper was open at the time.";
    "order.value_cents": "int", "Supplied value if known, else basket value; 0 without an order.";
    "order.spent_cents": "int", "What earlier swipes count against the order, in cents.";
    "order.total_cents": "int", "Earlier swipes and this one together, in cents.";
    "order.over_cents": "int", "How far the total exceeds the order's value; negative below it.";
    "order.covers_category": "bool", "Whether the order holds goods that this merchant category sells (liquor, tobacco, airtime).";
    "merchant.partner": "bool", "Whether the merchant matches any partner store.";
    "merchant.comparable": "bool", "Whether the order's store is known to us.";
    "merchant.is_order_store": "bool", "Whether the merchant matches the order's store, its liquor annex included.";
    "merchant.match": "string", "How it matches the order's store: exact, alias, truncated ... none.";
    "event.kind": "string", "Feed gap: what is missing, such as missing_after or missing_before.";
    "event.waiting_minutes": "int", "Feed gap: whole minutes since the event that has no partner.";
}

/// Values of the facts for one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactSet {
    values: Vec<(&'static str, Fact)>,
}

/// What we know of the card when it is swiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardFacts {
    pub known: bool,
    pub deactivated: bool,
    pub has_shopper: bool,
}

/// Which category codes an order's goods make ordinary.
fn covers_category(code: &str, goods: Goods, at_liquor_store: bool) -> bool {
    match code {
        "5921" => goods.liquor || at_liquor_store,
        "5993" => goods.tobacco,
        "4812" | "4814" => goods.airtime,
        _ => false,
    }
}

/// The order a swipe was linked to, as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct OrderFacts<'a> {
    pub order: &'a OpenOrder,
    /// How the merchant matches the order's store; `None` where the store is unknown.
    pub merchant_match: Option<MerchantMatch>,
    pub store_is_liquor: bool,
    /// What this swipe counts against the order, in cents: its amount, less what was reversed since.
    pub counts_cents: i64,
}

impl FactSet {
    /// Facts of a swipe.
    pub fn of_swipe(swipe: &Swipe, card: CardFacts, order: Option<OrderFacts<'_>>, partner: bool) -> Self {
        let flag = Fact::Flag;
        let (value, spent) = order.map_or((0, 0), |o| (o.order.value_cents, o.order.spent_cents));
        let total = spent.saturating_add(order.map_or(swipe.amount_cents, |o| o.counts_cents));
        let matched = order.and_then(|o| o.merchant_match);
        let covers = order.is_some_and(|o| {
            covers_category(&swipe.merchant.category_code, o.order.goods, o.store_is_liquor)
        });
        let hour = (swipe.effective_at().0 + SAST_OFFSET_MS).div_euclid(HOUR_MS).rem_euclid(24);
        FactSet {
            values: vec![
                ("swipe.amount_cents", Fact::Whole(swipe.amount_cents)),
                ("swipe.currency", Fact::Text(swipe.currency.clone())),
                ("swipe.country", Fact::Text(swipe.merchant.country.clone())),
                ("swipe.category", Fact::Text(swipe.merchant.category_code.clone())),
                ("swipe.merchant", Fact::Text(swipe.merchant.name.clone())),
                ("swipe.city", Fact::Text(swipe.merchant.city.clone())),
                ("swipe.hour", Fact::Whole(hour)),
                ("swipe.simulated", flag(swipe.simulated)),
                ("swipe.clock_suspect", flag(swipe.clock_suspect())),
                ("swipe.full_card_number", flag(swipe.had_full_card_number)),
                ("card.known", flag(card.known)),
                ("card.deactivated", flag(card.deactivated)),
                ("card.has_shopper", flag(card.has_shopper)),
                ("order.found", flag(order.is_some())),
                ("order.value_cents", Fact::Whole(value)),
                ("order.spent_cents", Fact::Whole(spent)),
                ("order.total_cents", Fact::Whole(total)),
                ("order.over_cents", Fact::Whole(total.saturating_sub(value))),
                ("order.covers_category", flag(covers)),
                ("merchant.partner", flag(partner)),
                ("merchant.comparable", flag(matched.is_some())),
                ("merchant.is_order_store", flag(matched.is_some_and(MerchantMatch::is_match))),
                ("merchant.match", Fact::Text(matched.map_or("unknown_store", MerchantMatch::as_str).into())),
                ("event.kind", Fact::Text(String::new())),
                ("event.waiting_minutes", Fact::Whole(0)),
            ],
        }
    }

    /// Facts of an event of the feed that has waited for its partner.
    pub fn of_gap(kind: &str, waiting_minutes: i64) -> Self {
        let mut facts = Self::sample();
        for (path, value) in &mut facts.values {
            match *path {
                "event.kind" => *value = Fact::Text(kind.to_owned()),
                "event.waiting_minutes" => *value = Fact::Whole(waiting_minutes),
                _ => {}
            }
        }
        facts
    }

    /// Every fact with the empty value of its type: for trying an expression before it is accepted.
    pub fn sample() -> Self {
        let values = CATALOGUE
            .iter()
            .map(|fact| {
                let value = match fact.kind {
                    "bool" => Fact::Flag(false),
                    "int" => Fact::Whole(0),
                    _ => Fact::Text(String::new()),
                };
                (fact.path, value)
            })
            .collect();
        FactSet { values }
    }

    /// Turns every flag on: a second try reaches the branches the first one skips.
    pub fn opposite_sample() -> Self {
        let mut facts = Self::sample();
        for (_, value) in &mut facts.values {
            match value {
                Fact::Flag(on) => *on = true,
                Fact::Whole(n) => *n = 1,
                Fact::Text(text) => text.push('x'),
            }
        }
        facts
    }

    pub fn get(&self, path: &str) -> Option<&Fact> {
        self.values.iter().find(|(name, _)| *name == path).map(|(_, value)| value)
    }

    pub fn whole(&self, path: &str) -> i64 {
        match self.get(path) {
            Some(Fact::Whole(value)) => *value,
            Some(Fact::Flag(_) | Fact::Text(_)) | None => 0,
        }
    }

    pub fn text(&self, path: &str) -> &str {
        match self.get(path) {
            Some(Fact::Text(value)) => value,
            Some(Fact::Flag(_) | Fact::Whole(_)) | None => "",
        }
    }

    pub fn flag(&self, path: &str) -> bool {
        self.get(path) == Some(&Fact::Flag(true))
    }

    /// What the rules saw of card, order and merchant, `{"order":{"found":true,...}}`, for the record. The
    /// swipe's own fields stand in the record already.
    pub fn to_json(&self) -> serde_json::Value {
        let mut roots = serde_json::Map::new();
        for (path, value) in &self.values {
            let Some((root, name)) = path.split_once('.') else { continue };
            if matches!(root, "swipe" | "event") {
                continue;
            }
            let entry =
                roots.entry(root).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            if let serde_json::Value::Object(fields) = entry {
                let value = match value {
                    Fact::Flag(v) => serde_json::Value::from(*v),
                    Fact::Whole(v) => serde_json::Value::from(*v),
                    Fact::Text(v) => serde_json::Value::from(v.as_str()),
                };
                fields.insert(name.to_owned(), value);
            }
        }
        serde_json::Value::Object(roots)
    }

    /// The facts as CEL variables, one map per root; built once for all rules.
    pub(crate) fn variables(&self) -> Variables {
        let mut roots: HashMap<&'static str, HashMap<Key, Value>> = HashMap::new();
        for (path, value) in &self.values {
            let Some((root, name)) = path.split_once('.') else { continue };
            let value = match value {
                Fact::Flag(v) => Value::Bool(*v),
                Fact::Whole(v) => Value::Int(*v),
                Fact::Text(v) => Value::String(Arc::new(v.clone())),
            };
            roots.entry(root).or_default().insert(Key::from(name), value);
        }
        Variables {
            roots: roots
                .into_iter()
                .filter_map(|(root, fields)| Some((root, boxed(fields.into())?)))
                .collect(),
        }
    }
}

/// Facts in the form that expressions read.
pub(crate) struct Variables {
    roots: Vec<(&'static str, Box<dyn Val>)>,
}

/// A value in the form that expressions read.
pub(crate) fn boxed(value: Value) -> Option<Box<dyn Val>> {
    Box::<dyn Val>::try_from(value).ok()
}

/// Facts and one rule's parameters, borrowed: evaluating a rule copies none of them.
pub(crate) struct Scope<'a> {
    pub(crate) facts: &'a Variables,
    pub(crate) parameters: &'a dyn Val,
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if name == "p" {
            return Some(CowVal::Borrowed(self.parameters));
        }
        self.facts
            .roots
            .iter()
            .find(|(root, _)| *root == name)
            .map(|(_, value)| CowVal::Borrowed(value.as_ref()))
    }
}

/// CEL's standard functions and its math extension; built once.
pub(crate) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let mut env = Env::stdlib();
        env.add_extension(cel::extensions::math)
            .unwrap_or_else(|error| panic!("cel's own extension fits cel: {error}"));
        Arc::new(env)
    });
    ENVIRONMENT.clone()
}

/// Reads `swipe.amount_cents` style paths out of the catalogue.
pub fn kind_of(path: &str) -> Option<&'static FactKind> {
    CATALOGUE.iter().find(|fact| fact.path == path)
}

pub fn is_root(name: &str) -> bool {
    CATALOGUE.iter().any(|fact| fact.path.split('.').next() == Some(name))
}
