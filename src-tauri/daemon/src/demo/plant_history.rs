//! Planted thefts that show only beside what went before: after an order's completion, in parts, in a rush, or
//! in two places at once.

use super::Hook;
use super::order::{self, Order, Want, Worker};
use super::plant::{self, Gap, Late, Place};
use super::scene::Scene;
use super::stores::Form;
use super::swipe::{self, HONEST, Swipe};
use super::traps_feed::reversal_amount;
use super::truth::{
    AFTER_COMPLETION, CENTS_PER_DAY, HOUR, IMPOSSIBLE_TRAVEL, MINUTE, Ms, NO_OPEN_ORDER, OPEN_BEFORE,
    OVER_ORDER_VALUE, SPLIT_PURCHASE, SWIPES_PER_HOUR, VELOCITY, WRONG_MERCHANT, far_cents, tolerance_cents,
};

/// Kilometres beyond which a store is in another town.
const FAR_KM: f64 = 40.0;
/// Kilometres that nobody drives in the two hours since a card was last used.
const REMOTE_KM: f64 = 400.0;

/// What a card may have been used for in a day for the first two sums of a spree to stay below the limit.
const SPREE_BEFORE_CENTS_MAX: i64 = 200_000;

/// A swipe 12 to 28 minutes after the order was completed, at its store and within its value.
pub(super) fn completed(scene: &mut Scene, worker: &mut Worker, late: Late) {
    let order = order::plan(scene, worker, Want::MARK);
    let shopper = worker.shopper;
    let at = order.ended + scene.dice.between(12 * MINUTE, 28 * MINUTE);
    let value = order.supplied_cents;
    let till = swipe::till(scene, order.store);
    let cents = match late {
        Late::Unused => {
            // A promotion at the till made it cheap; what is left of the order's value is tempting.
            let paid = value * scene.dice.between(550, 750) / 1_000;
            swipe::send(scene, &Swipe::honest(shopper, order.paid, paid, till.clone(), HONEST));
            swipe::slip(scene, shopper, &order, order.store, paid, order.paid);
            (value - paid) * scene.dice.between(500, 990) / 1_000
        }
        Late::Reversed => {
            let paid = swipe::fair_cents(scene, value);
            let mut first = Swipe::honest(shopper, order.paid, paid, till.clone(), HONEST);
            first.posted_cents = Some(0);
            let sent = swipe::send(scene, &first);
            let back = order.paid + scene.dice.between(5 * MINUTE, 7 * MINUTE);
            let amount = reversal_amount(scene, paid);
            swipe::event(scene, Hook::Reversal, back, &sent, amount);
            value * scene.dice.between(500, 990) / 1_000
        }
        Late::Small => {
            swipe::pay(scene, shopper, &order, order.paid, HONEST);
            scene.dice.between(500, 2_000)
        }
    };
    let story = "theft: swiped again after completion";
    swipe::send(scene, &Swipe::theft(shopper, at, cents, till, &[AFTER_COMPLETION], story));
    order::finish(scene, worker, &order);
}

/// One order in three or four swipes, together within its value.
pub(super) fn split(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want { least_cents: 40_000, ..Want::MARK });
    let parts = scene.dice.between(3, 4);
    let times: Vec<Ms> = (0..parts)
        .scan(order.paid, |at, _| {
            let now = *at;
            *at += scene.dice.between(2 * MINUTE, 6 * MINUTE);
            Some(now)
        })
        .collect();
    let last = times.last().copied().unwrap_or(order.paid);
    let ended = order.ended.max(last + 4 * MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    let value = order.supplied_cents;
    let whole = value + tolerance_cents(value) * scene.dice.between(-300, 600) / 1_000;
    let till = swipe::till(scene, order.store);
    let mut left = whole;
    for (number, at) in (1..).zip(times) {
        let share =
            if number == parts { left } else { whole * scene.dice.between(700, 1_200) / 1_000 / parts };
        left -= share;
        let rules: &[&str] = if number >= 3 { &[SPLIT_PURCHASE] } else { &[] };
        let story = "theft: one order in several swipes";
        swipe::send(scene, &Swipe::theft(worker.shopper, at, share, till.clone(), rules, story));
        swipe::slip(scene, worker.shopper, &order, order.store, share, at);
    }
    order::finish(scene, worker, &order);
}

/// When nothing is open, long enough after the card's last use for a count of its own.
fn quiet_hour(scene: &mut Scene, worker: &Worker) -> Ms {
    let after = worker.clear + scene.dice.between(4 * MINUTE, 8 * MINUTE);
    worker.cursor.max(after).max(scene.book.last(worker.shopper) + HOUR + 3 * MINUTE)
}

/// Seven to nine swipes within an hour while nothing is open, at one merchant.
pub(super) fn burst(scene: &mut Scene, worker: &mut Worker, place: Place) {
    let mut at = quiet_hour(scene, worker);
    let (till, rules) = plant::idle_till(scene, worker.shopper, at, place);
    let rules = [rules, &[NO_OPEN_ORDER]].concat();
    let swipes = SWIPES_PER_HOUR + scene.dice.between(1, 3);
    for number in 1..=swipes {
        let cents = scene.dice.between(30, 240) * 100;
        let story = "theft: many swipes in an hour";
        let mut swipe = Swipe::theft(worker.shopper, at, cents, till.clone(), &rules, story);
        if number > SWIPES_PER_HOUR {
            swipe.rules.push(VELOCITY);
        }
        swipe::send(scene, &swipe);
        at += scene.dice.between(90_000, 6 * MINUTE);
    }
    rest(scene, worker, at);
}

/// Nothing is assigned until some minutes after `at`.
fn rest(scene: &mut Scene, worker: &mut Worker, at: Ms) {
    worker.cursor = worker.cursor.max(at + OPEN_BEFORE + scene.dice.between(4 * MINUTE, 8 * MINUTE));
}

/// Three or four large sums while nothing is open, together more than a card needs in a day.
pub(super) fn spree(scene: &mut Scene, worker: &mut Worker) {
    let mut at = quiet_hour(scene, worker);
    if scene.book.load(worker.shopper, at).cents > SPREE_BEFORE_CENTS_MAX {
        return burst(scene, worker, Place::Partner);
    }
    let (till, _) = plant::idle_till(scene, worker.shopper, at, Place::Partner);
    let (first, second) = (scene.dice.between(2_000, 2_400) * 100, scene.dice.between(2_000, 2_400) * 100);
    let third = CENTS_PER_DAY - first - second + scene.dice.between(100, 500) * 100;
    let mut sums = vec![(first, false), (second, false), (third, true)];
    if scene.dice.chance(500) {
        sums.push((scene.dice.between(300, 2_000) * 100, true));
    }
    for (cents, is_too_much) in sums {
        let story = "theft: large sums in a day";
        let mut swipe = Swipe::theft(worker.shopper, at, cents, till.clone(), &[NO_OPEN_ORDER], story);
        if is_too_much {
            swipe.rules.push(VELOCITY);
        }
        swipe::send(scene, &swipe);
        at += scene.dice.between(6 * MINUTE, 15 * MINUTE);
    }
    rest(scene, worker, at);
}

/// A store at least `km` away from `from` whose name says plainly which it is.
fn far_store(scene: &mut Scene, from: usize, km: f64) -> usize {
    let here = &scene.stores[from];
    let stores = scene.stores.iter().enumerate();
    let is_plain = |number: usize| {
        let store = &scene.stores[number];
        !store.liquor && !store.is_astray() && !store.is_long()
    };
    let far: Vec<usize> = stores
        .filter(|(_, store)| store.city != here.city && store.km_to(here) > km)
        .map(|(number, _)| number)
        .filter(|number| is_plain(*number))
        .collect();
    *scene.dice.pick(&far)
}

/// Whether the card was at `place` (a store, when) recently, and the map is right about it.
fn is_fresh(scene: &Scene, place: Option<(usize, Ms)>, at: Ms) -> Option<usize> {
    let (store, said) = place?;
    (said + 2 * HOUR > at && !scene.stores[store].is_astray()).then_some(store)
}

/// Somebody else uses the card's number far away while an order is open.
pub(super) fn clone(scene: &mut Scene, worker: &mut Worker) {
    let want = Want { store: |store| !store.is_astray(), ..Want::MARK };
    let mut order = order::plan(scene, worker, want);
    let early = order.assigned + scene.dice.between(MINUTE, 3 * MINUTE);
    let seen = is_fresh(scene, scene.book.place(worker.shopper), early);
    if let Some(from) = seen.filter(|_| scene.dice.chance(400)) {
        let there = far_store(scene, from, REMOTE_KM);
        let cents = scene.dice.between(500, 2_000);
        use_clone(scene, worker, early, cents, there, &[WRONG_MERCHANT]);
        swipe::pay(scene, worker.shopper, &order, order.paid, HONEST);
    } else {
        clone_after(scene, worker, &mut order);
    }
    order::finish(scene, worker, &order);
}

/// The order is paid, and minutes later the card is used elsewhere.
fn clone_after(scene: &mut Scene, worker: &Worker, order: &mut Order) {
    let paid = swipe::pay(scene, worker.shopper, order, order.paid, HONEST);
    let at = order.paid + scene.dice.between(3 * MINUTE, 9 * MINUTE);
    let ended = order.ended.max(at + MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    let there = far_store(scene, order.store, FAR_KM);
    let value = order.supplied_cents;
    if scene.dice.chance(500) {
        let cents = scene.dice.between(500, 2_000);
        return use_clone(scene, worker, at, cents, there, &[WRONG_MERCHANT]);
    }
    scene.book.unback_last(worker.shopper);
    let excess = scene.dice.between(tolerance_cents(value) + 3_000, far_cents(value) * 4 / 5);
    use_clone(scene, worker, at, value - paid + excess, there, &[WRONG_MERCHANT, OVER_ORDER_VALUE]);
}

/// The same while nothing is open.
pub(super) fn clone_idle(scene: &mut Scene, worker: &mut Worker) {
    let after = worker.clear + scene.dice.between(4 * MINUTE, 10 * MINUTE);
    let at = worker.cursor.max(after).max(scene.book.last(worker.shopper) + MINUTE);
    let Some(from) = is_fresh(scene, scene.book.place(worker.shopper), at) else {
        return plant::idle(scene, worker, Place::Partner, Gap::Midway);
    };
    let there = far_store(scene, from, REMOTE_KM);
    let cents = scene.dice.between(6_000, 150_000);
    use_clone(scene, worker, at, cents, there, &[NO_OPEN_ORDER]);
    rest(scene, worker, at);
}

fn use_clone(scene: &mut Scene, worker: &Worker, at: Ms, cents: i64, store: usize, more: &[&'static str]) {
    let till = swipe::till_written(scene, store, Form::Plain);
    let rules = [&[IMPOSSIBLE_TRAVEL], more].concat();
    let story = "theft: the card in two places";
    swipe::send(scene, &Swipe::theft(worker.shopper, at, cents, till, &rules, story));
}
