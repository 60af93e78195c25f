//! Honest oddities that only look bad beside what went before: completion, several swipes, much shopping,
//! long ways.

use super::Hook;
use super::catalogue::Goods;
use super::order::{self, Order, Want, Worker};
use super::scene::Scene;
use super::stores::Store;
use super::swipe::{self, HONEST, Swipe};
use super::traps::{ordinary, pay_at};
use super::traps_feed::reversal_amount;
use super::truth::{HOUR, MINUTE, Ms, SECOND};

/// Completed by a hasty thumb, and paid minutes later.
pub(super) fn completed_early(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::ALONE);
    let at = order.ended + scene.dice.between(MINUTE, 8 * MINUTE);
    swipe::pay(scene, worker.shopper, &order, at, "trap: completed minutes before the swipe");
    order::finish(scene, worker, &order);
}

/// Paid before completion; the bank asks only long after it.
pub(super) fn completed_late_hook(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::ALONE);
    let said = order.ended - scene.dice.between(MINUTE, 2 * MINUTE);
    let late = scene.dice.between(13 * MINUTE, 25 * MINUTE);
    let till = swipe::till(scene, order.store);
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let story = "trap: webhook long after the swipe";
    let mut swipe = Swipe::honest(worker.shopper, said + late, cents, till, story);
    swipe.skew = -late;
    swipe::send(scene, &swipe);
    swipe::slip(scene, worker.shopper, &order, order.store, cents, said);
    order::finish(scene, worker, &order);
}

/// A small order is completed; the swipe is for a larger one of the same store that is still open.
pub(super) fn completed_other(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: an order completed, another open at its store";
    let grocery = Want { store: |store| store.category() == "5411", ..Want::MARK };
    let small = order::plan(scene, worker, grocery);
    let want = Want { least_cents: small.basket_cents() * 3, ..grocery };
    let assigned = small.assigned + scene.dice.between(MINUTE, 3 * MINUTE);
    let mut large = order::plan_at(scene, worker, want, assigned);
    large.store = small.store;
    let paid = small.ended + scene.dice.between(12 * MINUTE, 25 * MINUTE);
    let ended = paid + scene.dice.between(5 * MINUTE, 20 * MINUTE);
    large.schedule(&mut scene.dice, paid, ended);
    swipe::pay(scene, worker.shopper, &small, small.paid, HONEST);
    swipe::pay(scene, worker.shopper, &large, large.paid, story);
    order::finish(scene, worker, &small);
    order::finish(scene, worker, &large);
}

/// The customer cancels while the shopper stands in the queue; the cashier takes it all back.
pub(super) fn completed_never(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::ALONE);
    order.cancel();
    let at = order.ended + scene.dice.between(12 * MINUTE, 20 * MINUTE);
    let till = swipe::till(scene, order.store);
    let cents = swipe::fair_cents(scene, order.basket_cents());
    let mut swipe = Swipe::honest(worker.shopper, at, cents, till, "trap: cancelled before the swipe");
    swipe.posted_cents = Some(0);
    let sent = swipe::send(scene, &swipe);
    let amount = reversal_amount(scene, cents);
    let back = at + scene.dice.between(5 * MINUTE, 9 * MINUTE);
    swipe::event(scene, Hook::Reversal, back, &sent, amount);
    order::finish(scene, worker, &order);
}

/// Swipes for parts of `order` (thousandths, at) at its own till; those after the first are not backed.
fn in_parts(
    scene: &mut Scene,
    worker: &Worker,
    order: &Order,
    whole_cents: i64,
    parts: &[(i64, Ms)],
    story: &'static str,
) -> Vec<swipe::Sent> {
    let till = swipe::till(scene, order.store);
    let mut sent = Vec::new();
    for (number, &(share, at)) in parts.iter().enumerate() {
        let cents = swipe::fair_cents(scene, whole_cents * share / 1_000);
        let mut swipe = Swipe::honest(worker.shopper, at, cents, till.clone(), story);
        swipe.backed = number == 0;
        sent.push(swipe::send(scene, &swipe));
        swipe::slip(scene, worker.shopper, order, order.store, cents, at);
    }
    sent
}

/// Groceries in two swipes and liquor in a third, within minutes.
pub(super) fn split_liquor(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: two swipes and the liquor slip";
    let want = Want { goods: Goods::Mixed, complete: true, most_cents: 200_000, ..Want::ALONE };
    let mut order = order::plan(scene, worker, want);
    let liquor_cents = order.basket.liquor_cents();
    let second = order.paid + scene.dice.between(2 * MINUTE, 6 * MINUTE);
    let third = second + scene.dice.between(2 * MINUTE, 6 * MINUTE);
    let ended = order.ended.max(third + 4 * MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    let grocery_cents = order.supplied_cents - liquor_cents;
    in_parts(scene, worker, &order, grocery_cents, &[(600, order.paid), (400, second)], story);
    let Some(annex) = scene.stores[order.store].annex.filter(|_| liquor_cents > 0) else {
        return order::finish(scene, worker, &order);
    };
    let till = swipe::till(scene, annex);
    pay_at(scene, worker, &order, annex, (liquor_cents, third), till, story);
    order::finish(scene, worker, &order);
}

/// Three swipes, the first of which was reversed before the third.
pub(super) fn split_reversed(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: three swipes, one of them reversed";
    let mut order = order::plan(scene, worker, Want::MARK);
    let (first, back) = (order.paid, order.paid + scene.dice.between(4 * MINUTE, 5 * MINUTE));
    let second = back + scene.dice.between(MINUTE, 3 * MINUTE);
    let third = second + scene.dice.between(2 * MINUTE, 5 * MINUTE);
    let ended = order.ended.max(third + 4 * MINUTE);
    order.schedule(&mut scene.dice, first, ended);
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let till = swipe::till(scene, order.store);
    let mut wrong = Swipe::honest(worker.shopper, first, cents, till, story);
    wrong.posted_cents = Some(0);
    let sent = swipe::send(scene, &wrong);
    let amount = reversal_amount(scene, cents);
    swipe::event(scene, Hook::Reversal, back, &sent, amount);
    in_parts(scene, worker, &order, order.supplied_cents, &[(550, second), (450, third)], story);
    order::finish(scene, worker, &order);
}

/// Three swipes in three quarters of an hour: the shop had to fetch the rest.
pub(super) fn split_slowly(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let mut gap = || scene.dice.between(23 * MINUTE, 27 * MINUTE);
    let second = order.paid + gap();
    let third = second + gap();
    order.schedule(&mut scene.dice, order.paid, third + 10 * MINUTE);
    let parts = [(500, order.paid), (300, second), (200, third)];
    let story = "trap: three swipes over most of an hour";
    in_parts(scene, worker, &order, order.supplied_cents, &parts, story);
    order::finish(scene, worker, &order);
}

/// Two swipes, and the bank asks about each of them twice.
pub(super) fn split_repeated(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let second = order.paid + scene.dice.between(2 * MINUTE, 6 * MINUTE);
    let ended = order.ended.max(second + 4 * MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    let parts = [(600, order.paid), (400, second)];
    let story = "trap: two swipes, each asked about twice";
    let sent = in_parts(scene, worker, &order, order.supplied_cents, &parts, story);
    for (sent, (_, at)) in sent.iter().zip(parts) {
        let again = at + scene.dice.between(SECOND, 45 * SECOND);
        swipe::repeat(scene, again, sent);
    }
    order::finish(scene, worker, &order);
}

/// Eight or nine small orders of one store, paid within an hour.
pub(super) fn many_orders(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: many small orders at once";
    let number = scene.dice.between(8, 9);
    let grocery = Want {
        store: |store| store.category() == "5411" && !store.is_astray(),
        most_cents: 25_000,
        ..Want::ALONE
    };
    let first = order::plan(scene, worker, Want { complete: true, ..grocery });
    let (store, start) = (first.store, first.assigned);
    let mut orders = vec![first];
    for _ in 1..number {
        // Each is worth a good deal more than the one before, so that no amount fits two of them.
        let last = orders.iter().map(Order::basket_cents).max().unwrap_or(0);
        let least_cents = last * 5 / 4;
        let want = Want { complete: true, least_cents, most_cents: least_cents + 15_000, ..grocery };
        let assigned = start + scene.dice.between(SECOND, 3 * MINUTE);
        let mut order = order::plan_at(scene, worker, want, assigned);
        order.store = store;
        orders.push(order);
    }
    scene.dice.shuffle(&mut orders);
    let mut paid = start + scene.dice.between(6 * MINUTE, 9 * MINUTE);
    let all_paid = paid + number * 6 * MINUTE;
    for order in &mut orders {
        let ended = all_paid + scene.dice.between(5 * MINUTE, 25 * MINUTE);
        order.schedule(&mut scene.dice, paid, ended);
        paid += scene.dice.between(4 * MINUTE, 6 * MINUTE);
        swipe::pay(scene, worker.shopper, order, order.paid, story);
    }
    for order in &orders {
        order::finish(scene, worker, order);
    }
}

/// Four large households in a row, together far more than a card spends on a common day.
pub(super) fn large_orders(scene: &mut Scene, worker: &mut Worker) {
    for _ in 0..4 {
        let want = Want { complete: true, least_cents: scene.dice.between(240_000, 420_000), ..Want::ALONE };
        let order = order::plan(scene, worker, want);
        swipe::pay(scene, worker.shopper, &order, order.paid, "trap: four large households in a day");
        order::finish(scene, worker, &order);
    }
}

/// An order at a store whose record puts it somewhere else.
pub(super) fn astray(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want { store: Store::is_astray, ..Want::ORDINARY });
    let is_astray = scene.stores[order.store].is_astray();
    let story = if is_astray { "trap: store astray on the map" } else { HONEST };
    swipe::pay(scene, worker.shopper, &order, order.paid, story);
    order::finish(scene, worker, &order);
}

/// The liquor till next door, a minute after the groceries.
pub(super) fn next_door(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: next door a minute later";
    let order = order::plan(scene, worker, Want { goods: Goods::Mixed, complete: true, ..Want::ALONE });
    let annex = scene.stores[order.store].annex.unwrap_or(order.store);
    let liquor_cents = order.basket.liquor_cents();
    let grocery_cents = order.supplied_cents - liquor_cents;
    let second = order.paid + scene.dice.between(35 * SECOND, 80 * SECOND);
    for (store, cents, at) in [(order.store, grocery_cents, order.paid), (annex, liquor_cents, second)] {
        let till = swipe::till(scene, store);
        pay_at(scene, worker, &order, store, (cents, at), till, story);
    }
    order::finish(scene, worker, &order);
}

/// Two orders a long drive apart, on the motorway at about the limit's edge.
pub(super) fn fast_drive(scene: &mut Scene, worker: &mut Worker) {
    let grocery = Want { store: |store| store.category() == "5411" && !store.is_astray(), ..Want::ALONE };
    let mut first = order::plan(scene, worker, grocery);
    let here = &scene.stores[first.store];
    let suits = |store: &Store| {
        let km = store.km_to(here);
        let is_other = store.brand.family != here.brand.family;
        is_other && store.category() == "5411" && !store.is_astray() && (30.0..60.0).contains(&km)
    };
    let stores = scene.stores.iter().enumerate();
    let far: Vec<usize> = stores.filter(|(_, store)| suits(store)).map(|(number, _)| number).collect();
    if far.is_empty() {
        return ordinary(scene, worker);
    }
    let there = *scene.dice.pick(&far);
    let km = scene.stores[there].km_to(&scene.stores[first.store]);
    let km_per_hour = scene.dice.between(95, 110) as f64;
    let drive = (km / km_per_hour * HOUR as f64) as Ms;
    let ended = first.ended.max(first.paid + drive - 5 * MINUTE);
    first.schedule(&mut scene.dice, first.paid, ended);
    let assigned = first.paid + scene.dice.between(MINUTE, 3 * MINUTE);
    let story = "trap: a fast drive";
    swipe::pay(scene, worker.shopper, &first, first.paid, HONEST);
    order::finish(scene, worker, &first);
    let mut second = order::plan_at(scene, worker, grocery, assigned);
    second.store = there;
    second.assigned = assigned;
    second.placed = second.placed.min(assigned - 3 * MINUTE);
    let ended = first.paid + drive + scene.dice.between(10 * MINUTE, 20 * MINUTE);
    second.schedule(&mut scene.dice, first.paid + drive, ended);
    swipe::pay(scene, worker.shopper, &second, second.paid, story);
    order::finish(scene, worker, &second);
}
