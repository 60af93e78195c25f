//! The typed facts a rule may look at, each with its meaning.

mod swipe;

pub use swipe::{CardFacts, OrderFacts, SwipeInputs};

use crate::authorization::Swipe;
use crate::expression::Parameters;
use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::objects::{Key, Value};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

const CUT_NUMBER: &str = "swipe.full_card_number";

/// Version of the recorded form; 1 had no history, roster and travel.
const RECORDED_VERSION: i64 = 2;

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
    "card.id": "string", "The card's id in the order system; the bank's where that is not known.";
    "card.shopper_id": "string", "Id of the shopper who has the card; empty for none.";
    "card.known": "bool", "Whether the order system told us of this card.";
    "card.deactivated": "bool", "Whether the card is deactivated.";
    "card.has_shopper": "bool", "Whether the card is given to a shopper.";
    "order.id": "string", "Id of the order that the swipe belongs to; empty without one.";
    "order.store_id": "string", "Id of that order's store; empty without one.";
    "order.found": "bool", "Whether an order of the shopper was open at the time.";
    "order.value_cents": "int", "Supplied value if known, else basket value; 0 without an order.";
    "order.spent_cents": "int", "What earlier swipes count against the order, in cents.";
    "order.total_cents": "int", "Earlier swipes and this one together, in cents.";
    "order.over_cents": "int", "How far the total exceeds the order's value; negative below it.";
    "order.covers_category": "bool", "Whether the order holds goods that this merchant category sells (liquor, tobacco, airtime).";
    "order.completed": "bool", "Whether the order was completed at the time of the swipe.";
    "order.cancelled": "bool", "Whether the order was cancelled at the time of the swipe.";
    "order.seconds_since_completion": "int", "Seconds from the order's completion to the swipe, rounded up; 0 before it.";
    "order.swipes_30m": "int", "Swipes for the order in the last 30 minutes, this one included; a second slip for liquor does not count.";
    "merchant.store_id": "string", "Id of the partner store that the merchant names; empty when it names none surely.";
    "merchant.partner": "bool", "Whether the merchant matches any partner store.";
    "merchant.comparable": "bool", "Whether the order's store is known to us.";
    "merchant.is_order_store": "bool", "Whether the merchant matches the order's store, its liquor annex included.";
    "merchant.match": "string", "How it matches the order's store: exact, alias, truncated ... none.";
    "shift.rostered": "bool", "Whether the shopper has any shift within a week of the swipe: without one nothing is known.";
    "shift.off_seconds": "int", "Seconds from the swipe to the shopper's nearest shift, rounded up; 0 within one.";
    "shift.overtime": "bool", "Whether the order began while the shopper was on shift.";
    "shift.swap": "bool", "Whether the swipe is at its order's store while somebody rostered got no orders: a swap.";
    "velocity.backed": "bool", "Whether an order accounts for this swipe: at its store, within its value, the first of its till.";
    "velocity.swipes_1h": "int", "Approved swipes of the card in the last hour, this one included.";
    "velocity.backed_swipes_1h": "int", "Those of them that an order accounts for.";
    "velocity.cents_1h": "int", "Their sum in the last hour, in cents, this one included.";
    "velocity.backed_cents_1h": "int", "The part of that sum that orders account for.";
    "velocity.swipes_24h": "int", "Approved swipes of the card in the last 24 hours, this one included.";
    "velocity.backed_swipes_24h": "int", "Those of them that an order accounts for.";
    "velocity.cents_24h": "int", "Their sum in the last 24 hours, in cents, this one included.";
    "velocity.backed_cents_24h": "int", "The part of that sum that orders account for.";
    "travel.known": "bool", "Whether the card was last at a store whose place we believe, and is at one now.";
    "travel.metres": "int", "Metres in a straight line from where the card last was.";
    "travel.seconds": "int", "Seconds since it was there.";
    "travel.from_store": "string", "Id of the store where the card last was.";
    "event.kind": "string", "Feed gap: what is missing, such as missing_after or missing_before.";
    "event.waiting_minutes": "int", "Feed gap: whole minutes since the event that has no partner.";
}

/// Values of the facts for one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactSet {
    values: Vec<(&'static str, Fact)>,
}

impl FactSet {
    /// Facts of a swipe.
    pub fn of_swipe(inputs: &SwipeInputs<'_>) -> Self {
        let mut values = swipe::values(inputs);
        values.push(("event.kind", Fact::Text(String::new())));
        values.push(("event.waiting_minutes", Fact::Whole(0)));
        FactSet { values }
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
        let (name, value) = self.values.get(position(path)?)?;
        assert_eq!(*name, path, "every set is made in the order of the catalogue, as a test shows");
        Some(value)
    }

    fn get_mut(&mut self, path: &str) -> Option<&mut Fact> {
        self.values.get_mut(position(path)?).map(|(_, value)| value)
    }

    /// Every fact of a root as a map: what `has(swipe.hour)` asks for.
    fn root(&self, root: &str) -> Option<Box<dyn Val>> {
        let own = |(path, value): &(&'static str, Fact)| {
            let name = path.strip_prefix(root)?.strip_prefix('.')?;
            let value = match value {
                Fact::Flag(v) => Value::Bool(*v),
                Fact::Whole(v) => Value::Int(*v),
                Fact::Text(v) => Value::String(Arc::new(v.clone())),
            };
            Some((Key::from(name), value))
        };
        let fields: HashMap<Key, Value> = self.values.iter().filter_map(own).collect();
        if fields.is_empty() { None } else { Box::<dyn Val>::try_from(Value::from(fields)).ok() }
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

    /// What the rules saw beside the swipe itself, `{"v":2,"order":{"found":true,...}}`, for the record. Facts
    /// that are false, 0 or empty are left out, the swipe's own stand in the record already.
    pub fn to_json(&self) -> serde_json::Value {
        let mut roots = serde_json::Map::new();
        roots.insert("v".into(), RECORDED_VERSION.into());
        for (path, value) in &self.values {
            let Some((root, name)) = path.split_once('.') else { continue };
            // That a number was cut is the one fact of a swipe that its columns do not tell.
            if matches!(root, "swipe" | "event") && *path != CUT_NUMBER {
                continue;
            }
            let value = match value {
                Fact::Flag(false) | Fact::Whole(0) => continue,
                Fact::Flag(true) => serde_json::Value::from(true),
                Fact::Whole(v) => serde_json::Value::from(*v),
                Fact::Text(v) if v.is_empty() => continue,
                Fact::Text(v) => serde_json::Value::from(v.as_str()),
            };
            let entry =
                roots.entry(root).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            if let serde_json::Value::Object(fields) = entry {
                fields.insert(name.to_owned(), value);
            }
        }
        serde_json::Value::Object(roots)
    }

    /// The facts of a past swipe as they were recorded, see [`FactSet::to_json`]; `None` for a record of an
    /// older version, which lacks some.
    pub fn recorded(swipe: &Swipe, recorded: &serde_json::Value) -> Option<Self> {
        if recorded["v"] != RECORDED_VERSION {
            return None;
        }
        let mut facts = Self::sample();
        let mut own = Vec::new();
        swipe::own(swipe, &mut own);
        for (path, value) in &mut facts.values {
            let Some((root, name)) = path.split_once('.') else { continue };
            if root == "swipe" && *path != CUT_NUMBER {
                if let Some(at) = own.iter().position(|(own, _)| own == path) {
                    *value = own.swap_remove(at).1;
                }
                continue;
            }
            let held = &recorded[root][name];
            match value {
                Fact::Flag(flag) => *flag = held.as_bool().unwrap_or(false),
                Fact::Whole(whole) => *whole = held.as_i64().unwrap_or(0),
                Fact::Text(text) => {
                    held.as_str().unwrap_or_default().clone_into(text);
                }
            }
        }
        Some(facts)
    }

    /// Sets a flag: for supposing likewise.
    pub fn set_flag(&mut self, path: &str, on: bool) {
        if let Some(Fact::Flag(value)) = self.get_mut(path) {
            *value = on;
        }
    }

    /// Changes a whole-number fact by `delta`: for supposing that the past had gone otherwise.
    pub fn shift(&mut self, path: &str, delta: i64) {
        if let Some(Fact::Whole(value)) = self.get_mut(path) {
            *value = value.saturating_add(delta);
        }
    }
}

/// Facts and one rule's parameters, borrowed: evaluating a rule copies only the values it names.
pub(crate) struct Scope<'a> {
    pub(crate) facts: &'a FactSet,
    pub(crate) parameters: &'a Parameters,
}

impl VariableResolver for Scope<'_> {
    /// Names are asked for whole (`swipe.hour`) before their root alone is.
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(fact) = self.facts.get(name) {
            return Some(match fact {
                Fact::Flag(value) => CowVal::owned(CelBool::from(*value)),
                Fact::Whole(value) => CowVal::owned(CelInt::from(*value)),
                Fact::Text(value) => CowVal::owned(CelString::from(value.as_str())),
            });
        }
        self.parameters.resolve(name).or_else(|| self.facts.root(name).map(CowVal::Owned))
    }
}

/// Where each fact stands in the catalogue and in every set.
fn position(path: &str) -> Option<usize> {
    static POSITIONS: LazyLock<HashMap<&'static str, usize>> =
        LazyLock::new(|| CATALOGUE.iter().enumerate().map(|(at, fact)| (fact.path, at)).collect());
    POSITIONS.get(path).copied()
}

/// Reads `swipe.amount_cents` style paths out of the catalogue.
pub fn kind_of(path: &str) -> Option<&'static FactKind> {
    CATALOGUE.iter().find(|fact| fact.path == path)
}

pub fn is_root(name: &str) -> bool {
    CATALOGUE.iter().any(|fact| fact.path.split('.').next() == Some(name))
}
