//! Honest oddities of the bank's feed: clocks, repeats, reversals, card ids and the order in which events
//! come.

use super::Hook;
use super::order::{self, Want, Worker};
use super::scene::Scene;
use super::swipe::{self, After, Swipe};
use super::traps::{ordinary, share};
use super::truth::{MINUTE, SECOND};
use serde_json::Value;

/// The till's clock is minutes off, which still falls into the order's window.
pub(super) fn clock_skew(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MAPPED);
    let dice = &mut scene.dice;
    let (after, skew) = if dice.chance(500) {
        // Paid soon after assignment by a clock that is behind: stated before the assignment.
        (dice.between(MINUTE, 2 * MINUTE), -dice.between(4 * MINUTE, 6 * MINUTE))
    } else {
        (order.paid - order.assigned, dice.between(3 * MINUTE, 6 * MINUTE))
    };
    let paid = order.assigned + after;
    order.schedule(dice, paid, order.ended);
    let till = swipe::till(scene, order.store);
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let mut swipe = Swipe::honest(worker.shopper, paid, cents, till, "trap: clock skew");
    swipe.skew = skew;
    swipe::send(scene, &swipe);
    swipe::slip(scene, worker.shopper, &order, order.store, cents, paid);
    order::finish(scene, worker, &order);
}

/// Plays an ordinary order whose only swipe `change` makes odd; what was sent of it is left to `then`.
fn odd(
    scene: &mut Scene,
    worker: &mut Worker,
    want: Want,
    story: &'static str,
    change: impl FnOnce(&mut Swipe),
    then: impl FnOnce(&mut Scene, &Swipe, &swipe::Sent),
) {
    let order = order::plan(scene, worker, want);
    let till = swipe::till(scene, order.store);
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let mut swipe = Swipe::honest(worker.shopper, order.paid, cents, till, story);
    change(&mut swipe);
    let sent = swipe::send(scene, &swipe);
    then(scene, &swipe, &sent);
    swipe::slip(scene, worker.shopper, &order, order.store, cents, order.paid);
    order::finish(scene, worker, &order);
}

/// The bank asks the same question two or three times.
pub(super) fn called_twice(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: webhook called twice";
    let again = |scene: &mut Scene, swipe: &Swipe, sent: &swipe::Sent| {
        let mut at = swipe.at;
        let times = if scene.dice.chance(200) { 2 } else { 1 };
        for _ in 0..times {
            at += scene.dice.between(150, 45 * SECOND);
            swipe::repeat(scene, at, sent);
        }
    };
    odd(scene, worker, Want::ORDINARY, story, |_| (), again);
}

/// The after-event overtakes its before.
pub(super) fn after_first(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: after-event ahead of its before";
    let change = |swipe: &mut Swipe| swipe.after = After::First;
    odd(scene, worker, Want::ORDINARY, story, change, |_, _, _| ());
}

/// The after-event is late, by less than a quarter of an hour.
pub(super) fn after_late(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: late after-event";
    let change = |swipe: &mut Swipe| swipe.after = After::Late;
    odd(scene, worker, Want::ORDINARY, story, change, |_, _, _| ());
}

/// The bank states another id of the same card; half the time only before the purchase.
pub(super) fn other_card_id(scene: &mut Scene, worker: &mut Worker) {
    let shopper = &scene.shoppers[worker.shopper];
    let Some(other) = shopper.other_card.clone() else {
        return ordinary(scene, worker);
    };
    let usual = shopper.card.clone();
    let mixed = scene.dice.chance(500);
    let change = move |swipe: &mut Swipe| {
        swipe.card = Some(other);
        swipe.after_card = mixed.then_some(usual);
    };
    let story = "trap: another id of the same card";
    odd(scene, worker, Want::ORDINARY, story, change, |_, _, _| ());
}

/// A weighed item's price is put right by a few rand afterwards.
pub(super) fn adjusted(scene: &mut Scene, worker: &mut Worker) {
    let adjust = |scene: &mut Scene, swipe: &Swipe, sent: &swipe::Sent| {
        let at = swipe.at + scene.dice.between(5 * MINUTE, 9 * MINUTE);
        let cents = scene.dice.between(100, 900);
        let amount = if scene.dice.chance(500) { cents } else { -cents };
        swipe::event(scene, Hook::Adjustment, at, sent, amount.into());
    };
    odd(scene, worker, Want::ALONE, "trap: small adjustment", |_| (), adjust);
}

/// A simulated purchase in the middle of real ones.
pub(super) fn simulated(scene: &mut Scene, worker: &mut Worker) {
    let shopper = worker.shopper;
    let at = worker.cursor + scene.dice.between(SECOND, 20 * MINUTE);
    let city = scene.shoppers[shopper].city;
    let store = scene.stores.iter().position(|store| store.city == city).unwrap_or(0);
    let till = swipe::till(scene, store);
    swipe::simulate(scene, shopper, at, till);
    ordinary(scene, worker);
}

/// The amount of a reversal, with either sign: the bank does not say which it uses.
pub(super) fn reversal_amount(scene: &mut Scene, cents: i64) -> Value {
    if scene.dice.chance(500) { cents.into() } else { (-cents).into() }
}

/// The cashier made a mistake: the whole swipe is reversed and done again.
pub(super) fn reversed(scene: &mut Scene, worker: &mut Worker) {
    again(scene, worker, (1_000, 1_000), "trap: reversed and swiped again");
}

/// Some goods go back and others are bought instead, for no more.
pub(super) fn partly_reversed(scene: &mut Scene, worker: &mut Worker) {
    again(scene, worker, (100, 400), "trap: reversed in part and swiped again");
}

/// Reverses between the two `parts` (thousandths) of the first swipe and swipes the rest again.
fn again(scene: &mut Scene, worker: &mut Worker, parts: (i64, i64), story: &'static str) {
    let mut order = order::plan(scene, worker, Want::ALONE);
    let dice = &mut scene.dice;
    let back = order.paid + dice.between(5 * MINUTE, 7 * MINUTE);
    let second = back + dice.between(MINUTE, 3 * MINUTE);
    let ended = order.ended.max(second + 4 * MINUTE);
    order.schedule(dice, order.paid, ended);
    let store = order.store;
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let returned = share(&mut scene.dice, cents, parts.0, parts.1);
    let till = swipe::till(scene, store);
    let mut first = Swipe::honest(worker.shopper, order.paid, cents, till.clone(), story);
    first.posted_cents = Some(cents - returned);
    let sent = swipe::send(scene, &first);
    if returned < cents {
        swipe::slip(scene, worker.shopper, &order, store, cents - returned, order.paid);
    }
    let amount = reversal_amount(scene, returned);
    swipe::event(scene, Hook::Reversal, back, &sent, amount);
    let renewed = share(&mut scene.dice, returned, 950, 1_000);
    let mut swipe = Swipe::honest(worker.shopper, second, renewed, till, story);
    swipe.backed = returned == cents;
    swipe::send(scene, &swipe);
    swipe::slip(scene, worker.shopper, &order, store, renewed, second);
    order::finish(scene, worker, &order);
}
