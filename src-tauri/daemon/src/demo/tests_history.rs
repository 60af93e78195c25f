//! Whether the honest oddities beside thefts of history, roster and place are as odd as they claim.

use super::stores::km;
use super::tests::{hooks, lines, parameters};
use super::{Hook, World, generate};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::HashMap;

/// From and to.
type Times = (DateTime<Utc>, DateTime<Utc>);

struct Swipe<'a> {
    story: &'a str,
    rules: &'a [String],
    shopper: &'a str,
    said: DateTime<Utc>,
    cents: i64,
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Every swipe of a known card, in the order of the bank's times.
fn swipes(world: &World) -> Vec<Swipe<'_>> {
    let mut cards: HashMap<&str, &str> = HashMap::new();
    for card in lines(world, "card") {
        let others = card["other_ids"].as_array().unwrap().iter();
        for id in others.chain([&card["id"]]) {
            cards.insert(id.as_str().unwrap(), card["shopper_id"].as_str().unwrap());
        }
    }
    let mut bodies: HashMap<&str, &Value> = HashMap::new();
    for (_, body) in hooks(world, Hook::Before) {
        bodies.insert(body["reference"].as_str().unwrap(), body);
    }
    let swipe = |truth: &'_ super::Truth| -> Option<(&str, DateTime<Utc>, i64)> {
        let body = bodies[truth.id.as_str()];
        let shopper = *cards.get(body["card"]["id"].as_str().unwrap())?;
        let amount = &body["centsAmount"];
        let cents = amount.as_i64().unwrap_or_else(|| amount.as_str().unwrap().parse().unwrap());
        Some((shopper, time(&body["dateTime"]), cents))
    };
    let mut swipes: Vec<Swipe> = Vec::new();
    for truth in &world.truth {
        if let Some((shopper, said, cents)) = swipe(truth) {
            swipes.push(Swipe { story: &truth.story, rules: &truth.rules, shopper, said, cents });
        }
    }
    swipes.sort_by_key(|swipe| swipe.said);
    swipes
}

/// If this fails, stores and deliveries do not lie together, or no store is wrong on the map.
#[test]
fn orders_go_to_homes_near_the_store_and_some_stores_are_astray() {
    let world = generate(&parameters(1));
    let place = |value: &Value| (value["lat"].as_f64().unwrap(), value["lng"].as_f64().unwrap());
    let stores: HashMap<&str, (f64, f64)> =
        lines(&world, "store").map(|store| (store["id"].as_str().unwrap(), place(store))).collect();
    let mut astray: Vec<(f64, f64)> = Vec::new();
    for order in lines(&world, "order") {
        let store = stores[order["store_id"].as_str().unwrap()];
        let way = km(store, place(&order["delivery"]));
        assert!(!(9.0..=50.0).contains(&way), "{way} km: {order}");
        if way > 50.0 && !astray.contains(&store) {
            astray.push(store);
        }
    }
    let is_home = |(lat, lng): &(f64, f64)| (-35.0..=-22.0).contains(lat) && (16.0..=33.0).contains(lng);
    assert!(astray.contains(&(0.0, 0.0)), "{astray:?}");
    assert!(astray.iter().any(|(lat, lng)| *lat > 0.0 && *lng > 0.0), "the sign is lost: {astray:?}");
    assert!(astray.iter().any(|(_, lng)| *lng < 0.0), "swapped: {astray:?}");
    assert_eq!(astray.iter().filter(|place| is_home(place)).count(), 1, "a degree off: {astray:?}");
}

/// If this fails, the roster's traps would tempt nobody, or its thefts could not be found.
#[test]
fn work_outside_the_roster_is_outside_it() {
    let slack = TimeDelta::minutes(15);
    for seed in 1..=3 {
        let world = generate(&parameters(seed));
        let mut shifts: HashMap<&str, Vec<Times>> = HashMap::new();
        for line in lines(&world, "shift") {
            let whose = line["shopper_id"].as_str().unwrap();
            shifts.entry(whose).or_default().push((time(&line["starts_at"]), time(&line["ends_at"])));
        }
        for swipe in swipes(&world) {
            let Some(mine) = shifts.get(swipe.shopper) else {
                let is_said = swipe.rules.iter().any(|rule| rule == "off_shift");
                assert!(!is_said, "without a roster nothing is outside it: {}", swipe.story);
                continue;
            };
            assert_ne!(swipe.story, "trap: no roster at all");
            let covers = |slack: TimeDelta| {
                mine.iter().any(|(from, to)| *from - slack <= swipe.said && swipe.said <= *to + slack)
            };
            match swipe.story {
                "trap: overtime"
                | "trap: swap, roster as it was"
                | "theft: an order dispatched by a friend"
                | "theft: shopping in a break"
                | "theft: off duty" => assert!(!covers(slack), "{} at {}", swipe.story, swipe.said),
                "trap: minutes outside the shift" => assert!(!covers(TimeDelta::zero()) && covers(slack)),
                _ => assert!(covers(slack), "{} at {}", swipe.story, swipe.said),
            }
        }
    }
}

/// If this fails, the big households are too small to be taken for a stolen card.
#[test]
fn big_households_shop_more_than_thieves() {
    let (mut most_swipes, mut most_cents) = (0, 0);
    for seed in 1..=3 {
        let world = generate(&parameters(seed));
        let swipes = swipes(&world);
        for last in &swipes {
            let within = |story: &'static str, hours: i64| {
                let from = last.said - TimeDelta::hours(hours);
                swipes.iter().filter(move |swipe| {
                    swipe.story == story
                        && swipe.shopper == last.shopper
                        && from < swipe.said
                        && swipe.said <= last.said
                })
            };
            most_swipes = most_swipes.max(within("trap: many small orders at once", 1).count());
            let large = within("trap: four large households in a day", 24);
            most_cents = most_cents.max(large.map(|swipe| swipe.cents).sum::<i64>());
        }
    }
    assert!(most_swipes >= 8, "{most_swipes} swipes in an hour");
    assert!((900_000..=2_500_000).contains(&most_cents), "{most_cents} cents in a day");
}
