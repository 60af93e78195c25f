//! The world while it is being made: its people and stores, what was sent so far, and the decks plants are
//! dealt from.

use super::book::Book;
use super::cast::{Customer, Shopper};
use super::dice::{Deck, Dice};
use super::plant::{self, Theft};
use super::roster::Rosters;
use super::stores::{self, CITIES, Store};
use super::traps::{self, Trap};
use super::truth::{FEED_GAP, FEED_GAP_AFTER, HOUR, MINUTE, Ms, Truth};
use super::{Arrival, DAYS_MAX, Hook, LIVE_HOURS_MAX, Parameters, SHOPPERS_MAX, What, World};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// Clients of one shopper on average.
const CUSTOMERS_PER_SHOPPER: usize = 8;
/// Shoppers that make another city worth serving.
const SHOPPERS_PER_CITY: usize = 50;

/// Everything the episodes of the story share.
pub(super) struct Scene {
    pub dice: Dice,
    pub stores: Vec<Store>,
    pub cities: usize,
    pub shoppers: Vec<Shopper>,
    pub customers: Vec<Customer>,
    /// The customers near each store.
    pub neighbours: Vec<Vec<usize>>,
    /// What each card did so far.
    pub book: Book,
    /// Who works when.
    pub rosters: Rosters,
    pub thefts: Deck<Theft>,
    pub live_thefts: Deck<Theft>,
    pub traps: Deck<Trap>,
    pub days: i64,
    pub until: Ms,
    pub live_end: Ms,
    arrivals: Vec<Arrival>,
    truth: Vec<(Ms, Truth)>,
    counters: [u64; 4],
}

/// What gets numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbered {
    Order,
    Slip,
    Swipe,
    Other,
}

impl Scene {
    pub fn new(parameters: &Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed);
        let shoppers = parameters.shoppers.clamp(1, SHOPPERS_MAX) as usize;
        let cities = shoppers.div_ceil(SHOPPERS_PER_CITY).clamp(1, CITIES.len());
        let stores = stores::build(&mut dice);
        let days = i64::from(parameters.days.clamp(1, DAYS_MAX));
        let until = parameters.until.timestamp_millis();
        let live_hours = i64::from(parameters.live_hours.min(LIVE_HOURS_MAX));
        let mut scene = Self {
            dice,
            stores,
            cities,
            shoppers: Vec::new(),
            customers: Vec::new(),
            neighbours: Vec::new(),
            book: Book::new(shoppers),
            rosters: Rosters::default(),
            thefts: Deck::new(plant::SAMPLER, plant::DECK),
            live_thefts: Deck::new(&[], plant::DECK),
            traps: Deck::new(&[], traps::DECK),
            days,
            until,
            live_end: until + live_hours * HOUR,
            arrivals: Vec::new(),
            truth: Vec::new(),
            counters: [0; 4],
        };
        for number in 0..shoppers {
            let shopper = Shopper::new(&mut scene.dice, number, cities);
            scene.shoppers.push(shopper);
        }
        scene.rosters = Rosters::draw(&mut scene.dice, shoppers, days);
        let start = scene.first_midnight();
        for number in 0..shoppers * CUSTOMERS_PER_SHOPPER {
            let customer = Customer::new(&mut scene.dice, number, cities, start);
            scene.customers.push(customer);
        }
        scene.settle();
        scene
    }

    /// Notes who lives near which store.
    fn settle(&mut self) {
        /// Nobody delivers groceries much farther.
        const KM_MAX: f64 = 8.0;
        for store in &self.stores {
            let is_near =
                |home: &Customer| stores::km((store.lat, store.lng), (home.lat, home.lng)) <= KM_MAX;
            let homes = self.customers.iter().enumerate();
            self.neighbours.push(homes.filter(|(_, home)| is_near(home)).map(|(at, _)| at).collect());
        }
    }

    /// When a shopper can be at `store` who was last seen where they were last seen.
    pub fn arrival(&self, shopper: usize, store: usize) -> Ms {
        let Some((from, at)) = self.book.place(shopper) else { return Ms::MIN / 2 };
        at + self.drive(from, store)
    }

    /// How long a brisk drive between two stores takes; nothing next door.
    pub fn drive(&self, from: usize, to: usize) -> Ms {
        const KM_PER_HOUR: f64 = 90.0;
        let km = self.stores[from].km_to(&self.stores[to]);
        if km < 4.5 { 0 } else { (km / KM_PER_HOUR * HOUR as f64) as Ms }
    }

    /// The day of the history that `at` falls on, from 0.
    pub fn day(&self, at: Ms) -> i64 {
        (at - self.first_midnight()).div_euclid(24 * HOUR)
    }

    /// Midnight in South Africa (UTC+2 all year) of the day that `at` falls on.
    pub fn midnight(at: Ms) -> Ms {
        let zone = 2 * HOUR;
        let day = 24 * HOUR;
        (at + zone).div_euclid(day) * day - zone
    }

    /// When the history begins.
    pub fn first_midnight(&self) -> Ms {
        Self::midnight(self.until) - self.days * 24 * HOUR
    }

    /// The next number of its kind, from 1.
    pub fn number(&mut self, of: Numbered) -> u64 {
        let counter = &mut self.counters[of as usize];
        *counter += 1;
        *counter
    }

    /// Sends one ingest line.
    pub fn ingest(&mut self, at: Ms, kind: &str, data: Value) {
        let mut line = json!({ "kind": kind });
        line["data"] = data;
        self.arrivals.push(Arrival { at: date_time(at), what: What::Ingest(line) });
    }

    /// Sends one call of the bank's card code.
    pub fn hook(&mut self, at: Ms, hook: Hook, body: Value) {
        self.arrivals.push(Arrival { at: date_time(at), what: What::Hook { hook, body } });
    }

    /// Notes the truth about the swipe that arrives at `at`.
    pub fn note(&mut self, at: Ms, truth: Truth) {
        self.truth.push((at, truth));
    }

    /// A feed fault planted at `at` must have time to show before the arrivals end.
    pub fn has_time_for_feed_gap(&self, at: Ms) -> bool {
        at + FEED_GAP_AFTER + 5 * MINUTE < self.live_end
    }

    /// Sorts what was sent and splits it at the end of the history.
    pub fn close(mut self) -> World {
        self.arrivals.sort_by_key(|arrival| arrival.at);
        self.truth.sort_by_key(|(at, _)| *at);
        let end = self.arrivals.last().map_or(self.until, |last| last.at.timestamp_millis());
        for (at, truth) in &mut self.truth {
            if *at + FEED_GAP_AFTER >= end {
                truth.rules.retain(|rule| rule != FEED_GAP);
            }
        }
        let until = date_time(self.until);
        let history = self.arrivals.partition_point(|arrival| arrival.at <= until);
        let live = self.arrivals.split_off(history);
        World {
            arrivals: self.arrivals,
            live,
            truth: self.truth.into_iter().map(|(_, truth)| truth).collect(),
        }
    }
}

/// The inner time as a date; times stay far inside chrono's range because the parameters do.
pub(super) fn date_time(at: Ms) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn rfc3339(at: Ms) -> String {
    date_time(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}
