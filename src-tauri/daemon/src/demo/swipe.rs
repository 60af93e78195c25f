//! One use of a card: what the bank sends about it, its slip and its posting, and the truth about it.

use super::Hook;
use super::order::Order;
use super::outsiders::{SOUTH_AFRICA, Till, category_names};
use super::scene::{Numbered, Scene, rfc3339};
use super::stores::{CITIES, Form, Store};
use super::truth::{DAY, FEED_GAP, IMPOSSIBLE_TRAVEL, MINUTE, Ms, SECOND, Truth};
use serde_json::{Value, json};

/// When the after-event of an approved swipe comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Seconds to a few minutes later.
    Soon,
    /// Between six and fourteen minutes later.
    Late,
    /// Ahead of its before.
    First,
    /// Never: a feed fault.
    Never,
}

/// A swipe to be sent.
pub(super) struct Swipe {
    pub shopper: usize,
    /// When the daemon is asked.
    pub at: Ms,
    /// How far the till's clock is ahead.
    pub skew: Ms,
    pub cents: i64,
    pub till: Till,
    /// The card id the bank states, where it is not the shopper's usual one.
    pub card: Option<String>,
    pub after: After,
    /// The card id the after-event states, where it is not the before's.
    pub after_card: Option<String>,
    pub fraud: bool,
    pub rules: Vec<&'static str>,
    pub story: &'static str,
    /// Whether its order accounts for it: at the order's store, within its value, the first at such a till.
    pub backed: bool,
    /// Whether the written rules decline it, so that it never goes through.
    pub declined: bool,
    /// What the bank posts in the end, where it is not the swipe's amount (0: nothing).
    pub posted_cents: Option<i64>,
}

/// The story of swipes nothing is special about.
pub(super) const HONEST: &str = "honest";

impl Swipe {
    pub fn honest(shopper: usize, at: Ms, cents: i64, till: Till, story: &'static str) -> Self {
        Self {
            shopper,
            at,
            skew: 0,
            cents,
            till,
            card: None,
            after: After::Soon,
            after_card: None,
            fraud: false,
            rules: Vec::new(),
            story,
            backed: true,
            declined: false,
            posted_cents: None,
        }
    }

    pub fn theft(
        shopper: usize,
        at: Ms,
        cents: i64,
        till: Till,
        rules: &[&'static str],
        story: &'static str,
    ) -> Self {
        Self {
            fraud: true,
            backed: false,
            rules: rules.to_vec(),
            ..Self::honest(shopper, at, cents, till, story)
        }
    }
}

/// What was sent of a swipe, for events that refer to it.
pub(super) struct Sent {
    reference: String,
    card: String,
    body: Value,
    /// When the bank stated it happened.
    said: Ms,
}

/// A till of `store`, written in one of the ordinary ways.
pub(super) fn till(scene: &mut Scene, store: usize) -> Till {
    let form = *scene.dice.pick(&[Form::Plain, Form::Plain, Form::Branch, Form::Country, Form::City]);
    till_written(scene, store, form)
}

/// A till of `store`, written as `form`.
pub(super) fn till_written(scene: &mut Scene, store: usize, form: Form) -> Till {
    let place_known = scene.dice.chance(300);
    let number = store;
    let store: &Store = &scene.stores[store];
    let city = if place_known { store.place } else { CITIES[store.city].name };
    Till {
        name: store.till_name(form),
        category: store.category(),
        city: city.to_owned(),
        country: SOUTH_AFRICA,
        currency: if place_known { "ZAR" } else { "zar" },
        store: Some(number),
    }
}

/// Sends a swipe with its after or decline, and notes the truth.
pub(super) fn send(scene: &mut Scene, swipe: &Swipe) -> Sent {
    let reference = reference(scene);
    let shopper = &scene.shoppers[swipe.shopper];
    let card = swipe.card.clone().unwrap_or_else(|| shopper.card.clone());
    let account = shopper.account;
    let said = swipe.at - scene.dice.between(200, 1_500) + swipe.skew;
    let text = scene.dice.chance(80);
    let body = body(account, &card, &reference, swipe, said, text);
    scene.hook(swipe.at, Hook::Before, body.clone());
    let sent = Sent { reference, card, body, said };
    enter(scene, swipe, &sent);
    follow(scene, swipe, &sent);
    let mut rules: Vec<String> = swipe.rules.iter().map(ToString::to_string).collect();
    if swipe.after == After::Never {
        rules.push(FEED_GAP.to_owned());
    }
    rules.sort();
    let truth = Truth {
        kind: "authorization".to_owned(),
        id: sent.reference.clone(),
        fraud: swipe.fraud,
        rules,
        story: swipe.story.to_owned(),
    };
    scene.note(swipe.at, truth);
    sent
}

/// Enters a swipe into the scene's book, unless it is a card of nobody's.
fn enter(scene: &mut Scene, swipe: &Swipe, sent: &Sent) {
    let shopper = &scene.shoppers[swipe.shopper];
    if sent.card != shopper.card && Some(&sent.card) != shopper.other_card.as_ref() {
        return;
    }
    if let Some(store) = swipe.till.store.filter(|_| !swipe.rules.contains(&IMPOSSIBLE_TRAVEL)) {
        scene.book.was_at(swipe.shopper, store, sent.said);
    }
    let cents = if swipe.declined { 0 } else { swipe.cents };
    scene.book.enter(swipe.shopper, sent.said, cents, swipe.backed);
}

/// Sends the event that follows the decision, and the posting days later.
fn follow(scene: &mut Scene, swipe: &Swipe, sent: &Sent) {
    if swipe.declined {
        let at = swipe.at + scene.dice.between(800, 20 * SECOND);
        return event(scene, Hook::Decline, at, sent, sent.body["centsAmount"].clone());
    }
    let dice = &mut scene.dice;
    let at = match swipe.after {
        After::Soon if dice.chance(900) => Some(swipe.at + dice.between(2 * SECOND, 90 * SECOND)),
        After::Soon => Some(swipe.at + dice.between(90 * SECOND, 4 * MINUTE)),
        After::Late => Some(swipe.at + dice.between(6 * MINUTE, 14 * MINUTE)),
        After::First => Some(swipe.at - dice.between(300, 3 * SECOND)),
        After::Never => None,
    };
    if let Some(at) = at {
        let mut body = later(scene, sent);
        if let Some(card) = &swipe.after_card {
            body["card"]["id"] = card.as_str().into();
        }
        scene.hook(at, Hook::After, body);
    }
    let posted_at = swipe.at + scene.dice.between(DAY, 3 * DAY);
    let posted_cents = swipe.posted_cents.unwrap_or(swipe.cents);
    if posted_at <= scene.until && swipe.till.currency.eq_ignore_ascii_case("zar") {
        post(scene, swipe, sent, posted_at, posted_cents);
    }
}

fn post(scene: &mut Scene, swipe: &Swipe, sent: &Sent, at: Ms, cents: i64) {
    let reversed = cents == 0;
    let line = json!({
        "id": format!("bank-{:06}", scene.number(Numbered::Other)),
        "card_id": sent.card,
        "status": if reversed { "reversed" } else { "posted" },
        "amount_cents": if reversed { swipe.cents } else { cents },
        "currency": "ZAR",
        "merchant_name": swipe.till.name,
        "at": rfc3339(at),
        "reference": sent.reference,
    });
    scene.ingest(at, "bank_transaction", line);
}

/// Sends an event about a swipe, with `amount` as its `centsAmount`.
pub(super) fn event(scene: &mut Scene, hook: Hook, at: Ms, sent: &Sent, amount: Value) {
    let mut body = later(scene, sent);
    body["centsAmount"] = amount;
    scene.hook(at, hook, body);
}

/// The same object as the bank states it a moment later.
fn later(scene: &mut Scene, sent: &Sent) -> Value {
    let mut body = sent.body.clone();
    body["dateTime"] = rfc3339(sent.said + scene.dice.between(200, 4_000)).into();
    body
}

/// Sends the very same question again: the webhook called twice.
pub(super) fn repeat(scene: &mut Scene, at: Ms, sent: &Sent) {
    scene.hook(at, Hook::Before, sent.body.clone());
}

/// Sends a simulated purchase, which belongs to no order and has no truth.
pub(super) fn simulate(scene: &mut Scene, shopper: usize, at: Ms, till: Till) {
    let cents = scene.dice.between(50, 900) * 100;
    let swipe = Swipe::honest(shopper, at, cents, till, HONEST);
    let known = &scene.shoppers[shopper];
    let body = body(known.account, &known.card, "simulation", &swipe, at - 400, false);
    scene.hook(at, Hook::Before, body.clone());
    let after = at + scene.dice.between(500, 3_000);
    scene.hook(after, Hook::After, body);
}

/// Pays `order` honestly at its own till and hands in the slip; the cents paid.
///
/// Never more than was supplied, nor than the basket, and at most 4 % less.
pub(super) fn pay(scene: &mut Scene, shopper: usize, order: &Order, at: Ms, story: &'static str) -> i64 {
    let till = till(scene, order.store);
    let cents = fair_cents(scene, order.supplied_cents);
    send(scene, &Swipe::honest(shopper, at, cents, till, story));
    slip(scene, shopper, order, order.store, cents, at);
    cents
}

/// What goods worth `value_cents` to the customer honestly cost at the till.
pub(super) fn fair_cents(scene: &mut Scene, value_cents: i64) -> i64 {
    value_cents * scene.dice.between(960, 1_000) / 1_000
}

/// Sends the slip of `cents` that the shopper hands in for `order` after paying at `paid`.
pub(super) fn slip(scene: &mut Scene, shopper: usize, order: &Order, store: usize, cents: i64, paid: Ms) {
    let id = format!("slip-{:06}", scene.number(Numbered::Slip));
    let line = json!({
        "id": id,
        "order_ids": [order.id],
        "store_id": scene.stores[store].id,
        "shopper_id": scene.shoppers[shopper].id,
        "card_id": scene.shoppers[shopper].card,
        "total_cents": cents,
        "at": rfc3339(paid),
    });
    let at = paid + scene.dice.between(2 * MINUTE, 18 * MINUTE);
    scene.ingest(at, "slip", line);
}

/// A reference as no simulator makes it; the running number keeps it unique, the letters keep digit runs
/// short.
fn reference(scene: &mut Scene) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let number = scene.number(Numbered::Swipe);
    let mut letter = || char::from(*scene.dice.pick(LETTERS));
    let (first, second, third) = (letter(), letter(), letter());
    let check = scene.dice.between(100, 999);
    format!("{first}{second}{number:06}{third}{check}")
}

fn body(account: &str, card: &str, reference: &str, swipe: &Swipe, said: Ms, text: bool) -> Value {
    let till = &swipe.till;
    let (key, name) = category_names(till.category);
    let amount = if text { Value::from(swipe.cents.to_string()) } else { Value::from(swipe.cents) };
    let mut body = json!({
        "accountNumber": account,
        "dateTime": rfc3339(said),
        "currencyCode": till.currency,
        "type": "card",
        "reference": reference,
        "card": {"id": card},
        "merchant": {
            "category": {"code": till.category, "key": key, "name": name},
            "name": till.name,
            "city": till.city,
            "country": {
                "code": till.country.code,
                "alpha3": till.country.alpha3,
                "name": till.country.name,
            },
        },
    });
    body["centsAmount"] = amount;
    body
}
