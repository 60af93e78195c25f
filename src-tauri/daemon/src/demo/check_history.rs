//! The second opinion's rules that look at what went before: completion, roster, parts, velocity, ways.
//!
//! Each swipe is judged twice: by all that is ever known, and by what was known when it was asked about. What
//! the first says must have been said by the second, or no rule could have found it in time.

use super::check::{self, Fit, Known, Order};
use super::stores::km;
use super::{Hook, What, World};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeSet, HashMap};

/// A swipe as later ones remember it.
pub(super) struct Past {
    pub reference: String,
    pub shopper: String,
    pub said: DateTime<Utc>,
    pub received: DateTime<Utc>,
    /// 0 where it was declined.
    pub cents: i64,
    /// When and by how many cents it was reversed.
    pub reversed: Vec<i64>,
    pub is_at_order: bool,
    pub order: Option<String>,
    pub is_liquor_till: bool,
    /// Whether its order's swipes stayed within its value.
    pub is_within: bool,
    /// Whether it is its order's first at that kind of till.
    pub is_first: bool,
    pub merchant: String,
}

/// Stands among the rules of a swipe that does not go through.
const DECLINED: &str = "declined";

type Fired = HashMap<String, BTreeSet<&'static str>>;
type Totals = HashMap<String, i64>;

/// The rules of every swipe by all that is ever known.
pub(super) fn judge(world: &World, finally: &Known, fit: Fit) -> Fired {
    let mut totals = Totals::new();
    pass(world, finally, true, fit, &mut totals);
    let mut again = totals.clone();
    let mut fired = pass(world, finally, true, fit, &mut again);
    let then = pass(world, finally, false, fit, &mut totals);
    for (reference, rules) in &mut fired {
        let declined = rules.remove(DECLINED);
        assert_eq!(declined, then[reference].contains(DECLINED), "{reference} is declined by hindsight only");
        assert!(rules.is_subset(&then[reference]), "{reference}: {rules:?} by hindsight only");
    }
    fired
}

/// One reading of the world; `totals` are the orders' sums of an earlier reading, and of this one at last.
fn pass(world: &World, finally: &Known, hindsight: bool, fit: Fit, totals: &mut Totals) -> Fired {
    let (mut then, mut sums) = (Known::default(), Totals::new());
    let mut pasts: HashMap<String, Vec<Past>> = HashMap::new();
    let mut places: HashMap<String, (f64, f64, DateTime<Utc>)> = HashMap::new();
    let mut whose: HashMap<String, (String, usize)> = HashMap::new();
    let mut fired = Fired::new();
    for arrival in check::all(world) {
        let (hook, body) = match &arrival.what {
            What::Ingest(line) => {
                then.learn(line);
                continue;
            }
            What::Hook { hook, body } => (*hook, body),
        };
        let reference = check::text(&body["reference"]);
        if hook == Hook::Reversal {
            let (shopper, number) = &whose[reference];
            let past = &mut pasts.get_mut(shopper).expect("known")[*number];
            past.reversed.push(check::cents(body).abs());
            *sums.entry(past.order.clone().expect("an order's swipe")).or_default() -=
                check::cents(body).abs();
        }
        if hook != Hook::Before || reference == "simulation" || fired.contains_key(reference) {
            continue;
        }
        let known = if hindsight { finally } else { &then };
        let Some((mut past, order)) = check::past(finally, known, &mut sums, (arrival.at, body), fit) else {
            fired.insert(reference.to_owned(), BTreeSet::new());
            continue;
        };
        let before = pasts.entry(past.shopper.clone()).or_default();
        let same_till =
            |other: &&Past| other.order == past.order && other.is_liquor_till == past.is_liquor_till;
        past.is_first = !before.iter().filter(same_till).any(|other| left(other) > 0);
        let mut rules = BTreeSet::new();
        fire(&mut rules, past.cents == 0, DECLINED);
        if let Some(order) = &order {
            let since = order.completed.map(|at| past.said - at);
            fire(&mut rules, since > Some(TimeDelta::minutes(10)), "after_completion");
            fire(&mut rules, split(before, &past, order) >= 3, "split_purchase");
        }
        fire(&mut rules, off_shift(known, hindsight, &past, order.as_ref()), "off_shift");
        fire(&mut rules, velocity(before, &past, totals, known), "velocity");
        let is_too_fast = travel(&mut places, known, &past, order.as_ref());
        fire(&mut rules, is_too_fast, "impossible_travel");
        fired.insert(reference.to_owned(), rules);
        whose.insert(reference.to_owned(), (past.shopper.clone(), before.len()));
        before.push(past);
    }
    *totals = sums;
    fired
}

fn fire(rules: &mut BTreeSet<&'static str>, fires: bool, rule: &'static str) {
    if fires {
        rules.insert(rule);
    }
}

/// What of a swipe was not taken back.
fn left(past: &Past) -> i64 {
    past.cents - past.reversed.iter().sum::<i64>()
}

fn split(before: &[Past], this: &Past, order: &Order) -> usize {
    let from = this.said - TimeDelta::minutes(30);
    let is_recent = |past: &&Past| {
        past.order.as_ref() == Some(&order.id) && past.said > from && past.said <= this.said && left(past) > 0
    };
    let recent = before.iter().filter(is_recent).chain((this.cents > 0).then_some(this));
    let (liquor, other): (Vec<&Past>, Vec<&Past>) = recent.partition(|past| past.is_liquor_till);
    let is_lawful = order.liquor && !liquor.is_empty() && !other.is_empty();
    liquor.len() + other.len() - usize::from(is_lawful)
}

fn off_shift(known: &Known, hindsight: bool, this: &Past, order: Option<&Order>) -> bool {
    let slack = TimeDelta::minutes(15);
    let mine = || known.shifts.values().filter(|(whose, ..)| *whose == this.shopper);
    let within = |days: TimeDelta, at: DateTime<Utc>| {
        mine().any(|(_, from, to)| *from - days <= at && at <= *to + days)
    };
    if !within(TimeDelta::days(7), this.said) || within(slack, this.said) {
        return false;
    }
    if order.is_some_and(|order| within(slack, order.start)) {
        return false;
    }
    let has_swapped = |slack: TimeDelta| {
        this.is_at_order
            && known.shifts.values().any(|(whose, from, to)| {
                let orders = known.orders.get(whose).into_iter().flatten();
                let has_none = orders.filter(|(_, o)| (*from..=*to).contains(&o.start)).count() == 0;
                *whose != this.shopper && *from - slack <= this.said && this.said <= *to + slack && has_none
            })
    };
    let swapped = has_swapped(slack);
    let is_sure = !hindsight || swapped == has_swapped(TimeDelta::zero());
    assert!(is_sure, "{} hangs on minutes of a swap", this.reference);
    !swapped
}

/// Whether the card was used too much, which must not hang on how a half-covered order is read.
fn velocity(before: &[Past], this: &Past, totals: &Totals, known: &Known) -> bool {
    let value = |id: &String| {
        let orders = known.orders.get(&this.shopper);
        orders.and_then(|orders| orders.get(id)).map_or(0, |order| order.value + 2_500.max(order.value / 10))
    };
    let is_backed = |past: &Past, strictly: bool| {
        let order = past.order.as_ref().filter(|_| past.is_at_order && past.is_first && past.is_within);
        order.is_some_and(|id| !strictly || totals.get(id).is_none_or(|total| *total <= value(id)))
    };
    if this.cents == 0 {
        return false;
    }
    let reading = |strictly: bool| {
        let weigh = |past: &Past| if is_backed(past, strictly) { 25 } else { 100 };
        let is_used = |past: &&Past| strictly && past.cents > 0 || left(past) > 0;
        let within = |hours: i64| {
            let from = this.said - TimeDelta::hours(hours);
            let window = move |past: &&Past| past.said > from && past.said <= this.said;
            before.iter().filter(window).filter(is_used).chain(std::iter::once(this))
        };
        let swipes: i64 = within(1).map(weigh).sum();
        let cents: i64 = within(24).map(|past| weigh(past) * past.cents / 100).sum();
        let margin = if strictly { 10_000 } else { -10_000 };
        swipes > 600 || cents + margin > 800_000
    };
    let fires = !is_backed(this, false) && reading(false);
    let strictly = !is_backed(this, true) && reading(true);
    assert_eq!(fires, strictly, "{} of {} hangs on a reading", this.reference, this.received);
    fires
}

fn travel(
    places: &mut HashMap<String, (f64, f64, DateTime<Utc>)>,
    known: &Known,
    this: &Past,
    order: Option<&Order>,
) -> bool {
    let Some(store) = known.stores.iter().find(|store| store.is_named(&this.merchant)) else { return false };
    let place = (store.lat, store.lng);
    let is_near = order.is_none_or(|order| order.store != store.id || km(place, order.delivery) <= 50.0);
    let is_home = (-35.0..=-22.0).contains(&place.0) && (16.0..=33.0).contains(&place.1);
    if !(is_near && is_home) {
        return false;
    }
    let is_too_fast = places.get(&this.shopper).is_some_and(|&(lat, lng, said)| {
        let way = km(place, (lat, lng));
        let hours = (this.said - said).num_milliseconds().max(1) as f64 / 3_600_000.0;
        let speed = way / hours;
        assert!(way < 5.0 || !(115.0..140.0).contains(&speed), "{}: {speed} km/h", this.reference);
        way > 5.0 && speed > 120.0
    });
    if this.is_at_order || !is_too_fast {
        places.insert(this.shopper.clone(), (place.0, place.1, this.said));
    }
    is_too_fast
}
