//! A small second opinion, for tests only: reads a world's arrivals as a stranger would and recomputes which
//! rules fire on each swipe by the written definitions, without a look at how the world was planted.

use super::check_history::{self, Past};
use super::{Arrival, Hook, What, World};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

const RISKY: &[&str] = &["5921", "5993", "4812", "4814", "6010", "6011", "6540", "5541", "5542", "7995"];
const CITY_NAMES: &[&str] = &["JOHANNESBURG", "CAPE TOWN", "DURBAN", "PRETORIA", "ZA"];

/// How the better fitting of several orders is told.
#[derive(Clone, Copy)]
pub(super) enum Fit {
    /// The remaining value closest to the amount.
    Closest,
    /// Among those the amount fits into, the least left over.
    Tightest,
}

/// One swipe as recomputed.
pub(super) struct Verdict {
    pub reference: String,
    pub rules: Vec<String>,
    /// The sum of the order's swipes in excess of its final value and of its basket, and those two values.
    pub excess: Option<(i64, i64, i64, i64)>,
    /// Whether an order known at the time of the swipe was open, and whether one is by all that ever arrived.
    pub open_then: bool,
    pub open_finally: bool,
    pub known_card: bool,
}

#[derive(Clone)]
pub(super) struct Order {
    pub id: String,
    pub store: String,
    pub start: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
    end: DateTime<Utc>,
    updated: DateTime<Utc>,
    pub value: i64,
    basket: i64,
    pub liquor: bool,
    pub delivery: (f64, f64),
}

pub(super) struct Store {
    pub id: String,
    pub lat: f64,
    pub lng: f64,
    liquor: bool,
    raw: Vec<String>,
    plain: Vec<String>,
}

/// A shift: whose, from, to.
pub(super) type Shift = (String, DateTime<Utc>, DateTime<Utc>);

#[derive(Default)]
pub(super) struct Known {
    pub stores: Vec<Store>,
    cards: HashMap<String, String>,
    pub orders: HashMap<String, BTreeMap<String, Order>>,
    pub shifts: HashMap<String, Shift>,
    afters: HashSet<String>,
}

/// Every arrival of a world in order.
pub(super) fn all(world: &World) -> impl Iterator<Item = &Arrival> {
    world.arrivals.iter().chain(&world.live)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().expect("times are RFC 3339"))
}

fn normal(name: &str) -> String {
    let spaced: String = name
        .to_uppercase()
        .replace('\'', "")
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    let words = spaced.split_whitespace();
    let words: Vec<&str> = words.filter(|word| word.parse::<u64>().is_err()).collect();
    words.join(" ")
}

impl Store {
    fn read(data: &Value) -> Self {
        let aliases = data["merchant_aliases"].as_array().expect("aliases are a list");
        let mut raw: Vec<String> = aliases.iter().map(|alias| text(alias).to_owned()).collect();
        raw.push(text(&data["name"]).to_uppercase());
        let named = |name: &&String| !name.ends_with(|last: char| last.is_ascii_digit());
        let plain = raw.iter().filter(named).map(|name| normal(name)).collect();
        Self {
            id: text(&data["id"]).to_owned(),
            lat: data["lat"].as_f64().expect("a number"),
            lng: data["lng"].as_f64().expect("a number"),
            liquor: data["kind"] == "liquor",
            raw,
            plain,
        }
    }

    pub fn is_named(&self, merchant: &str) -> bool {
        if self.raw.iter().any(|name| name == merchant) {
            return true;
        }
        let is_cut = merchant.len() >= 22;
        let merchant = normal(merchant);
        self.plain.iter().any(|name| {
            if *name == merchant || (is_cut && name.starts_with(&merchant)) {
                return true;
            }
            let Some(rest) = merchant.strip_prefix(name.as_str()) else { return false };
            let Some(rest) = rest.strip_prefix(' ') else { return false };
            CITY_NAMES.iter().any(|city| *city == rest || (is_cut && city.starts_with(rest)))
        })
    }

    fn is_annex_of(&self, other: &Store) -> bool {
        self.liquor && (self.lat - other.lat).abs() < 5e-4 && (self.lng - other.lng).abs() < 5e-4
    }
}

impl Known {
    pub fn learn(&mut self, line: &Value) {
        let data = &line["data"];
        match text(&line["kind"]) {
            "store" => self.stores.push(Store::read(data)),
            "card" => {
                let shopper = text(&data["shopper_id"]).to_owned();
                let others = data["other_ids"].as_array().expect("other ids are a list");
                for id in others.iter().chain([&data["id"]]) {
                    self.cards.insert(text(id).to_owned(), shopper.clone());
                }
            }
            "order" => self.learn_order(data),
            "shift" => {
                let from = time(&data["starts_at"]).expect("shifts begin");
                let to = time(&data["ends_at"]).expect("shifts end");
                let shift = (text(&data["shopper_id"]).to_owned(), from, to);
                self.shifts.insert(text(&data["id"]).to_owned(), shift);
            }
            _ => (),
        }
    }

    fn learn_order(&mut self, data: &Value) {
        let Some(shopper) = data["shopper_id"].as_str() else { return };
        let start = time(&data["assigned_at"]).or(time(&data["placed_at"])).expect("placed_at is required");
        let ended = time(&data["completed_at"]).or(time(&data["cancelled_at"]));
        let items = data["items"].as_array().expect("items are a list");
        let is_liquor = |item: &Value| ["wine", "spirits", "liquor"].contains(&text(&item["category"]));
        let basket = data["basket_cents"].as_i64().expect("cents");
        let order = Order {
            id: text(&data["id"]).to_owned(),
            store: text(&data["store_id"]).to_owned(),
            start,
            completed: time(&data["completed_at"]),
            end: ended.unwrap_or(start + TimeDelta::hours(12)) + TimeDelta::minutes(30),
            updated: time(&data["updated_at"]).expect("orders state updated_at"),
            value: data["supplied_cents"].as_i64().unwrap_or(basket),
            basket,
            liquor: items.iter().any(is_liquor),
            delivery: (
                data["delivery"]["lat"].as_f64().expect("a number"),
                data["delivery"]["lng"].as_f64().expect("a number"),
            ),
        };
        let orders = self.orders.entry(shopper.to_owned()).or_default();
        if orders.get(&order.id).is_none_or(|known| known.updated <= order.updated) {
            orders.insert(order.id.clone(), order);
        }
    }

    fn open(&self, shopper: &str, said: DateTime<Utc>) -> Vec<&Order> {
        let orders = self.orders.get(shopper).into_iter().flat_map(BTreeMap::values);
        orders.filter(|order| order.start - TimeDelta::minutes(10) <= said && said <= order.end).collect()
    }

    /// Whether the merchant is the store of the order, or its annex.
    pub fn is_at(&self, order: &Order, merchant: &str) -> bool {
        let store = self.stores.iter().find(|store| store.id == order.store).expect("known store");
        let annexes = self.stores.iter().filter(|other| other.is_annex_of(store));
        store.is_named(merchant) || annexes.into_iter().any(|annex| annex.is_named(merchant))
    }
}

pub(super) fn cents(body: &Value) -> i64 {
    let amount = &body["centsAmount"];
    amount.as_i64().unwrap_or_else(|| text(amount).parse().expect("cents"))
}

/// Judges every swipe of `world`.
pub(super) fn judge(world: &World, fit: Fit) -> Vec<Verdict> {
    let finally = finally(world);
    let mut verdicts = judge_alone(world, &finally, fit);
    let more = check_history::judge(world, &finally, fit);
    for verdict in &mut verdicts {
        verdict.rules.extend(more[&verdict.reference].iter().map(ToString::to_string));
        verdict.rules.sort_unstable();
    }
    verdicts
}

/// All that is ever known.
fn finally(world: &World) -> Known {
    let mut finally = Known::default();
    for arrival in all(world) {
        match &arrival.what {
            What::Ingest(line) => finally.learn(line),
            What::Hook { hook: Hook::After, body } => {
                finally.afters.insert(text(&body["reference"]).to_owned());
            }
            What::Hook { .. } => (),
        }
    }
    finally
}

/// Judges by the rules that look at a swipe and its order alone.
fn judge_alone(world: &World, finally: &Known, fit: Fit) -> Vec<Verdict> {
    let mut then = Known::default();
    let mut verdicts = Vec::new();
    let mut sums: HashMap<String, i64> = HashMap::new();
    let mut linked: HashMap<String, Option<String>> = HashMap::new();
    for arrival in all(world) {
        match &arrival.what {
            What::Ingest(line) => then.learn(line),
            What::Hook { hook: Hook::Before, body } => {
                let reference = text(&body["reference"]);
                if reference == "simulation" || linked.contains_key(reference) {
                    continue;
                }
                let (verdict, order) = verdict(finally, &then, &mut sums, body, fit);
                linked.insert(reference.to_owned(), order);
                verdicts.push(verdict);
            }
            What::Hook { hook: Hook::Reversal, body } => {
                let order =
                    linked[text(&body["reference"])].as_ref().expect("reversals are of orders' swipes");
                *sums.entry(order.clone()).or_default() -= cents(body).abs();
            }
            What::Hook { .. } => (),
        }
    }
    verdicts
}

fn best<'a>(
    known: &'a Known,
    sums: &HashMap<String, i64>,
    shopper: &str,
    body: &Value,
    fit: Fit,
) -> Option<&'a Order> {
    let said = time(&body["dateTime"]).expect("dateTime is stated");
    let merchant = text(&body["merchant"]["name"]);
    let amount = cents(body);
    known.open(shopper, said).into_iter().min_by_key(|order| {
        let elsewhere = !known.is_at(order, merchant);
        let left = order.value - sums.get(&order.id).unwrap_or(&0) - amount;
        let misfit = match fit {
            Fit::Closest => (false, left.abs()),
            Fit::Tightest => (left < 0, left.abs()),
        };
        (elsewhere, misfit, order.start)
    })
}

fn verdict(
    finally: &Known,
    then: &Known,
    sums: &mut HashMap<String, i64>,
    body: &Value,
    fit: Fit,
) -> (Verdict, Option<String>) {
    let reference = text(&body["reference"]).to_owned();
    let mut verdict = Verdict {
        reference,
        rules: Vec::new(),
        excess: None,
        open_then: false,
        open_finally: false,
        known_card: false,
    };
    let Some(shopper) = finally.cards.get(text(&body["card"]["id"])) else {
        verdict.rules.push("unknown_card".to_owned());
        return (verdict, None);
    };
    verdict.known_card = true;
    let said = time(&body["dateTime"]).expect("dateTime is stated");
    verdict.open_then = !then.open(shopper, said).is_empty();
    let order = best(finally, sums, shopper, body, fit);
    verdict.open_finally = order.is_some();
    let mut rules: Vec<&str> = Vec::new();
    let merchant = text(&body["merchant"]["name"]);
    let is_at_order = order.is_some_and(|order| finally.is_at(order, merchant));
    let category = text(&body["merchant"]["category"]["code"]);
    let is_liquor_order = category == "5921" && is_at_order && order.is_some_and(|order| order.liquor);
    let is_abroad = body["merchant"]["country"]["code"] != "ZA"
        || !text(&body["currencyCode"]).eq_ignore_ascii_case("zar");
    let mut is_far = false;
    if let Some(order) = order {
        let sum = sums.get(&order.id).unwrap_or(&0) + cents(body);
        let over = sum - order.value;
        verdict.excess = Some((over, sum - order.basket, order.value, order.basket));
        is_far = over > 50_000.max(order.value / 2);
        fire(&mut rules, over > 2_500.max(order.value / 10), "over_order_value");
        if !is_far && !is_abroad {
            sums.insert(order.id.clone(), sum);
        }
    }
    fire(&mut rules, order.is_none(), "no_open_order");
    fire(&mut rules, order.is_some() && !is_at_order, "wrong_merchant");
    let is_partner = finally.stores.iter().any(|store| store.is_named(merchant));
    fire(&mut rules, !is_partner, "unknown_merchant");
    fire(&mut rules, RISKY.contains(&category) && !is_liquor_order, "risky_category");
    fire(&mut rules, is_abroad, "foreign");
    let is_approved = !is_far && !is_abroad;
    let has_after = finally.afters.contains(&verdict.reference);
    assert!(is_approved || !has_after, "a declined swipe has no after-event");
    fire(&mut rules, is_approved && !has_after, "feed_gap");
    rules.sort_unstable();
    verdict.rules = rules.into_iter().map(str::to_owned).collect();
    (verdict, order.map(|order| order.id.clone()))
}

/// Reduces a swipe to what later swipes must know of it, by what is `known`; `None` for an unknown card.
pub(super) fn past(
    finally: &Known,
    known: &Known,
    sums: &mut HashMap<String, i64>,
    (received, body): (DateTime<Utc>, &Value),
    fit: Fit,
) -> Option<(Past, Option<Order>)> {
    let shopper = finally.cards.get(text(&body["card"]["id"]))?.clone();
    let merchant = text(&body["merchant"]["name"]).to_owned();
    let order = best(known, sums, &shopper, body, fit).cloned();
    let amount = cents(body);
    let is_abroad = body["merchant"]["country"]["code"] != "ZA"
        || !text(&body["currencyCode"]).eq_ignore_ascii_case("zar");
    let sum = order.as_ref().map_or(0, |order| sums.get(&order.id).unwrap_or(&0) + amount);
    let is_far = order.as_ref().is_some_and(|order| sum - order.value > 50_000.max(order.value / 2));
    let is_approved = !is_far && !is_abroad;
    if let Some(order) = order.as_ref().filter(|_| is_approved) {
        sums.insert(order.id.clone(), sum);
    }
    let past = Past {
        reference: text(&body["reference"]).to_owned(),
        shopper,
        said: time(&body["dateTime"]).expect("dateTime is stated"),
        received,
        cents: if is_approved { amount } else { 0 },
        reversed: Vec::new(),
        is_at_order: order.as_ref().is_some_and(|order| known.is_at(order, &merchant)),
        order: order.as_ref().map(|order| order.id.clone()),
        is_liquor_till: body["merchant"]["category"]["code"] == "5921",
        is_within: order.as_ref().is_some_and(|order| sum <= order.value + 2_500.max(order.value / 10)),
        is_first: true,
        merchant,
    };
    Some((past, order))
}

fn fire<'a>(rules: &mut Vec<&'a str>, fires: bool, rule: &'a str) {
    if fires {
        rules.push(rule);
    }
}
