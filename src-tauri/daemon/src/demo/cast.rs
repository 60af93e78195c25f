//! The people: shoppers with their cards, customers with their homes, and the records that introduce them.

use super::dice::Dice;
use super::names;
use super::scene::{Scene, rfc3339};
use super::stores::{self, CITIES};
use super::truth::{DAY, Ms, SECOND};
use serde_json::{Value, json};

/// Every this many shoppers one is new: the card's record arrives after the first swipe.
const NEW_SHOPPER_EVERY: usize = 12;
/// One of this many shoppers has no roster at all.
const UNROSTERED_EVERY: usize = 14;
/// The number of the first shopper whose card's record is late.
const FIRST_NEW_SHOPPER: usize = 3;

/// A shopper and the company card that belongs to them.
pub(super) struct Shopper {
    pub id: String,
    pub city: usize,
    pub card: String,
    /// Another id the bank uses for the same card.
    pub other_card: Option<String>,
    /// The account the card draws on.
    pub account: &'static str,
    /// Whether the card's record arrives only after its first swipe.
    pub new: bool,
    /// Whether there is never a shift of this shopper.
    pub unrostered: bool,
    name: String,
    phone: String,
    last_four: usize,
}

impl Shopper {
    pub fn new(dice: &mut Dice, number: usize, cities: usize) -> Self {
        const ACCOUNTS: &[&str] = &["10011774203", "10011774218", "10012903655"];
        let (first, last) = names::person(dice);
        let other_card = dice.chance(400).then(|| dice.hex(64));
        Self {
            id: format!("shopper-{:04}", number + 1),
            city: number % cities,
            // 7,919 and 9,000,000 share no factor, so no two cards share an id.
            card: format!("{}", 1_000_000 + (number * 7_919 + 301_743) % 9_000_000),
            other_card,
            account: ACCOUNTS[number % ACCOUNTS.len()],
            new: number % NEW_SHOPPER_EVERY == FIRST_NEW_SHOPPER % NEW_SHOPPER_EVERY,
            unrostered: number % UNROSTERED_EVERY == UNROSTERED_EVERY / 2,
            name: format!("{first} {last}"),
            phone: names::phone(dice),
            last_four: (7_072 + number * 37) % 10_000,
        }
    }

    fn line(&self) -> Value {
        json!({"id": self.id, "name": self.name, "phone": self.phone})
    }

    /// The card as the order system sends it.
    pub fn card_line(&self) -> Value {
        let others: Vec<&String> = self.other_card.iter().collect();
        json!({
            "id": self.card,
            "masked_number": format!("422254XXXXXX{:04}", self.last_four),
            "shopper_id": self.id,
            "issuer": "Investec",
            "other_ids": others,
        })
    }
}

/// A customer and their home.
pub(super) struct Customer {
    pub id: String,
    pub name: String,
    pub address: String,
    pub lat: f64,
    pub lng: f64,
    line: Value,
}

impl Customer {
    pub fn new(dice: &mut Dice, number: usize, cities: usize, start: Ms) -> Self {
        let (first, last) = names::person(dice);
        let city = &CITIES[number % cities];
        let place = *dice.pick(PLACES[number % cities]);
        let id = format!("customer-{:05}", number + 1);
        let address = names::address(dice, place, city.name);
        let (lat, lng) = stores::home(dice, number % cities, number / cities);
        let basket_cents = dice.between(40, 6_000) * 1_250;
        let discount = if dice.chance(150) { dice.between(1, 12) } else { 0 };
        let created_at = rfc3339(start - dice.between(2, 900) * DAY - dice.between(0, 80_000) * SECOND);
        let name = format!("{first} {last}");
        let line = json!({
            "id": id,
            "name": name,
            "email": names::email(first, last, number),
            "phone": names::phone(dice),
            "created_at": created_at,
            "address": address,
            "lat": lat,
            "lng": lng,
            "total_spend_cents": basket_cents - basket_cents * discount / 100,
            "total_basket_cents": basket_cents,
        });
        Self { id, name, address, lat, lng, line }
    }
}

/// Suburbs of each city where customers live, in the order of the cities.
const PLACES: [&[&str]; 4] = [
    &["Sandown", "Parkhurst", "Greenside", "Morningside", "Linden", "Rivonia", "Alexandra"],
    &["Observatory", "Newlands", "Green Point", "Pinelands", "Athlone", "Woodstock"],
    &["Berea", "Umbilo", "Reservoir Hills", "Chatsworth", "Glen Anil", "Sherwood"],
    &["Garsfontein", "Arcadia", "Mamelodi", "Queenswood", "Moreleta Park", "Sunnyside"],
];

/// Sends the records of everyone and everything that is there from the start.
pub(super) fn enter(scene: &mut Scene) {
    let at = scene.first_midnight();
    for number in 0..scene.stores.len() {
        let line = scene.stores[number].line();
        scene.ingest(at, "store", line);
    }
    for city in 0..scene.cities {
        scene.ingest(at, "delivery_area", stores::delivery_area(city));
    }
    for number in 0..scene.shoppers.len() {
        let shopper = &scene.shoppers[number];
        let (line, card, new) = (shopper.line(), shopper.card_line(), shopper.new);
        scene.ingest(at, "shopper", line);
        if !new {
            scene.ingest(at, "card", card);
        }
    }
    for number in 0..scene.customers.len() {
        let line = std::mem::take(&mut scene.customers[number].line);
        scene.ingest(at, "customer", line);
    }
}
