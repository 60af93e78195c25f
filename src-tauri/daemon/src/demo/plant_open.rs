//! Planted thefts while an order is open.
//!
//! Every swipe in an order's window belongs to that order, whatever its merchant, so its amount counts
//! towards the order's sum: an extra after the order was paid also fires `over_order_value` unless it stays
//! within the tolerance. Thefts at other merchants therefore happen in orders no other order overlaps.

use super::catalogue::Goods;
use super::order::{self, Order, Want, Worker};
use super::outsiders::{self, Outsider, Till};
use super::plant::{Size, abroad, outsider};
use super::scene::Scene;
use super::stores::{Form, Store};
use super::swipe::{self, HONEST, Swipe};
use super::truth::{
    FOREIGN, MINUTE, Ms, OVER_ORDER_VALUE, RISKY_CATEGORY, UNKNOWN_MERCHANT, WRONG_MERCHANT, far_cents,
    tolerance_cents,
};

/// An extra this small keeps a paid order within its tolerance of at least R25.
const SMALL_CENTS_MAX: i64 = 2_000;

/// Cents above the order's value for a theft of that size.
fn excess_cents(scene: &mut Scene, value_cents: i64, size: Size) -> i64 {
    let tolerance = tolerance_cents(value_cents);
    let far = far_cents(value_cents);
    match size {
        Size::Near => tolerance + scene.dice.between(100, 1_500),
        Size::Middle => scene.dice.between(tolerance + 3_000, far * 4 / 5),
        Size::Far if scene.dice.chance(300) => far + scene.dice.between(100, 2_000),
        Size::Far => scene.dice.between(far * 6 / 5, far * 2),
    }
}

/// A later moment while the shopper is still out with the order.
fn later(scene: &mut Scene, worker: &Worker, order: &mut Order, till: &Till) -> Ms {
    let at = order.paid + scene.dice.between(2 * MINUTE, 6 * MINUTE);
    let there = till.store.map_or(at, |store| at.max(scene.arrival(worker.shopper, store)));
    let ended = order.ended.max(there - 5 * MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    there
}

/// One swipe at the order's own store for more than the order; a declined one is followed by the honest
/// amount.
pub(super) fn over(scene: &mut Scene, worker: &mut Worker, size: Size) {
    let want = Want { alone: false, ..Want::MARK };
    let order = order::plan(scene, worker, want);
    let cents = order.supplied_cents + excess_cents(scene, order.supplied_cents, size);
    let till = swipe::till(scene, order.store);
    let story = match size {
        Size::Near => "theft: just over what the order is worth",
        Size::Middle => "theft: more than the order is worth",
        Size::Far => "theft: far more than the order is worth",
    };
    let rules = &[OVER_ORDER_VALUE];
    let mut theft = Swipe::theft(worker.shopper, order.paid, cents, till, rules, story);
    theft.declined = size == Size::Far;
    swipe::send(scene, &theft);
    if theft.declined {
        let again = order.paid + scene.dice.between(MINUTE, 3 * MINUTE);
        swipe::pay(scene, worker.shopper, &order, again, HONEST);
    } else {
        swipe::slip(scene, worker.shopper, &order, order.store, cents, order.paid);
    }
    order::finish(scene, worker, &order);
}

/// The order is paid, then something for the shopper at the same store.
pub(super) fn top_up(scene: &mut Scene, worker: &mut Worker, size: Size) {
    let want = Want { alone: false, ..Want::MARK };
    let mut order = order::plan(scene, worker, want);
    let till = swipe::till(scene, order.store);
    extra(scene, worker, &mut order, till, size, &[], "theft: a second swipe for the shopper");
}

/// Pays `order` and then swipes an extra at `till` that exceeds the order's value by `size`.
fn extra(
    scene: &mut Scene,
    worker: &mut Worker,
    order: &mut Order,
    till: Till,
    size: Size,
    rules: &[&'static str],
    story: &'static str,
) {
    let paid = swipe::pay(scene, worker.shopper, order, order.paid, HONEST);
    scene.book.unback_last(worker.shopper);
    let cents = order.supplied_cents + excess_cents(scene, order.supplied_cents, size) - paid;
    let at = later(scene, worker, order, &till);
    let mut theft = Swipe::theft(worker.shopper, at, cents, till, rules, story);
    theft.rules.push(OVER_ORDER_VALUE);
    theft.declined = size == Size::Far;
    swipe::send(scene, &theft);
    order::finish(scene, worker, order);
}

/// Pays `order` and then swipes a little at `till`, within the tolerance.
fn small_extra(
    scene: &mut Scene,
    worker: &mut Worker,
    order: &mut Order,
    till: Till,
    rules: &[&'static str],
    story: &'static str,
) {
    swipe::pay(scene, worker.shopper, order, order.paid, HONEST);
    let cents = scene.dice.between(500, SMALL_CENTS_MAX);
    let at = later(scene, worker, order, &till);
    swipe::send(scene, &Swipe::theft(worker.shopper, at, cents, till, rules, story));
    order::finish(scene, worker, order);
}

/// Swipes within the order's value at `till` in place of the order's purchase; with `cancelled` nothing is
/// delivered.
fn replace(
    scene: &mut Scene,
    worker: &mut Worker,
    mut order: Order,
    till: Till,
    rules: &[&'static str],
    cancelled: bool,
    story: &'static str,
) {
    if let Some(store) = till.store {
        let late = (scene.arrival(worker.shopper, store) - order.paid).max(0);
        order.schedule(&mut scene.dice, order.paid + late, order.ended + late);
    }
    let cents = if cancelled {
        order.cancel();
        order.basket_cents() * scene.dice.between(100, 950) / 1_000
    } else {
        swipe::fair_cents(scene, order.supplied_cents)
    };
    swipe::send(scene, &Swipe::theft(worker.shopper, order.paid, cents, till, rules, story));
    order::finish(scene, worker, &order);
}

/// A store of the same city as `order`'s that `suits`, which is given (the order's, another).
fn another(scene: &mut Scene, order: &Order, suits: fn(&Store, &Store) -> bool) -> usize {
    let own = &scene.stores[order.store];
    let stores = scene.stores.iter().enumerate();
    let found: Vec<usize> = stores
        .filter(|(at, store)| *at != order.store && store.city == own.city && !store.is_astray())
        .filter(|(_, store)| suits(own, store))
        .map(|(at, _)| at)
        .collect();
    *scene.dice.pick(&found)
}

fn other_chain(own: &Store, other: &Store) -> bool {
    own.brand.family != other.brand.family && !other.liquor
}

/// The whole purchase at another chain's partner store.
pub(super) fn other_store(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::MARK);
    let store = another(scene, &order, other_chain);
    let till = swipe::till(scene, store);
    replace(scene, worker, order, till, &[WRONG_MERCHANT], false, "theft: bought at another store");
}

/// The whole purchase at another branch of the order's chain, named in full.
pub(super) fn other_branch(scene: &mut Scene, worker: &mut Worker) {
    let want = Want {
        store: |store| matches!(store.brand.family, "pnp" | "woolworths") && !store.liquor,
        ..Want::MARK
    };
    let order = order::plan(scene, worker, want);
    let store = another(scene, &order, |own, other| own.brand.family == other.brand.family && !other.liquor);
    let till = swipe::till_written(scene, store, Form::Plain);
    replace(scene, worker, order, till, &[WRONG_MERCHANT], false, "theft: bought at another branch");
}

/// A little extra at another chain's partner store.
pub(super) fn other_store_small(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let store = another(scene, &order, other_chain);
    let till = swipe::till(scene, store);
    let story = "theft: a little extra at another store";
    small_extra(scene, worker, &mut order, till, &[WRONG_MERCHANT], story);
}

/// An extra at another chain's partner store beyond the order's value.
pub(super) fn other_store_over(scene: &mut Scene, worker: &mut Worker, size: Size) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let store = another(scene, &order, other_chain);
    let till = swipe::till(scene, store);
    extra(scene, worker, &mut order, till, size, &[WRONG_MERCHANT], "theft: an extra at another store");
}

/// Liquor at another chain's liquor store, for an order without liquor that is then cancelled.
pub(super) fn other_liquor(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::MARK);
    let store = another(scene, &order, |own, other| own.brand.family != other.brand.family && other.liquor);
    let till = swipe::till(scene, store);
    let rules = &[WRONG_MERCHANT, RISKY_CATEGORY];
    replace(scene, worker, order, till, rules, true, "theft: liquor at another store");
}

/// A purchase at one of `list` instead of the order's, which is then cancelled.
pub(super) fn instead(scene: &mut Scene, worker: &mut Worker, list: &[Outsider], more: &[&'static str]) {
    let order = order::plan(scene, worker, Want::MARK);
    let till = outsider(scene, worker.shopper, list);
    let rules = [&[UNKNOWN_MERCHANT, WRONG_MERCHANT], more].concat();
    replace(scene, worker, order, till, &rules, true, "theft: swiped elsewhere instead");
}

/// An extra at a merchant nobody knows, beyond the order's value.
pub(super) fn unknown_extra(scene: &mut Scene, worker: &mut Worker, size: Size) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let till = outsider(scene, worker.shopper, outsiders::UNKNOWN);
    let rules = &[UNKNOWN_MERCHANT, WRONG_MERCHANT];
    extra(scene, worker, &mut order, till, size, rules, "theft: an extra at an unknown merchant");
}

/// A little airtime, fuel or a bet after the order was paid.
pub(super) fn risky_small(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let till = outsider(scene, worker.shopper, outsiders::RISKY);
    let rules = &[UNKNOWN_MERCHANT, WRONG_MERCHANT, RISKY_CATEGORY];
    small_extra(scene, worker, &mut order, till, rules, "theft: a little something risky");
}

/// Liquor at the annex of the order's own store, which lists it as an alias, although nobody ordered liquor.
pub(super) fn annex(scene: &mut Scene, worker: &mut Worker, over: bool) {
    let want = Want { store: |store| store.annex_listed, least_cents: 120_000, ..Want::MARK };
    let mut order = order::plan(scene, worker, want);
    assert!(order.goods == Goods::Grocery, "stores with an annex sell groceries");
    let annex = scene.stores[order.store].annex.unwrap_or(order.store);
    let till = swipe::till(scene, annex);
    let story = "theft: liquor nobody ordered at the annex";
    if over {
        return extra(scene, worker, &mut order, till, Size::Middle, &[RISKY_CATEGORY], story);
    }
    let paid = swipe::pay(scene, worker.shopper, &order, order.paid, HONEST);
    let value = order.supplied_cents;
    let room = value + tolerance_cents(value) - paid;
    let cents = room * scene.dice.between(500, 900) / 1_000;
    let at = later(scene, worker, &mut order, &till);
    let rules = &[RISKY_CATEGORY];
    swipe::send(scene, &Swipe::theft(worker.shopper, at, cents, till, rules, story));
    order::finish(scene, worker, &order);
}

/// A swipe in rand over the border before the order is paid; it is declined and so takes none of the order's
/// value.
pub(super) fn abroad_in_rand(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::MARK);
    let till = abroad(scene, outsiders::ABROAD_IN_RAND);
    let cents = order.supplied_cents * scene.dice.between(100, 900) / 1_000;
    let at = order.assigned + scene.dice.between(MINUTE, 3 * MINUTE);
    let rules = &[FOREIGN, UNKNOWN_MERCHANT, WRONG_MERCHANT];
    let story = "theft: over the border";
    let mut theft = Swipe::theft(worker.shopper, at, cents, till, rules, story);
    theft.declined = true;
    swipe::send(scene, &theft);
    swipe::pay(scene, worker.shopper, &order, order.paid, HONEST);
    order::finish(scene, worker, &order);
}
