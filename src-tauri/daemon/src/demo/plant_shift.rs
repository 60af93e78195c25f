//! Planted thefts outside the roster.

use super::order::{self, Want, Worker};
use super::plant::{self, Gap, Place};
use super::roster;
use super::scene::Scene;
use super::swipe::{self, Swipe};
use super::truth::{MINUTE, Ms, OFF_SHIFT, OPEN_BEFORE, SHIFT_SLACK};

/// A purchase of the shopper's own in a break.
pub(super) fn private(scene: &mut Scene, worker: &mut Worker) {
    let Some(from) = roster::can_leave(scene, worker) else {
        return plant::idle(scene, worker, Place::Partner, Gap::Midway);
    };
    let at = from + SHIFT_SLACK + scene.dice.between(3 * MINUTE, 75 * MINUTE);
    let place = *scene.dice.pick(&[Place::Partner, Place::Partner, Place::Unknown, Place::Risky]);
    plant::steal_idle(scene, worker.shopper, at, place, &[OFF_SHIFT], "theft: shopping in a break");
    worker.cursor = at + OPEN_BEFORE + SHIFT_SLACK;
    roster::resume(scene, worker, from);
}

/// An order that a friend dispatched to a shopper who is off, while everybody on shift has orders.
pub(super) fn friend(scene: &mut Scene, worker: &mut Worker) {
    let Some(from) = roster::can_leave(scene, worker) else {
        return plant::idle(scene, worker, Place::Partner, Gap::Midway);
    };
    let assigned = from + SHIFT_SLACK + scene.dice.between(5 * MINUTE, 40 * MINUTE);
    let order = order::plan_at(scene, worker, Want::MARK, assigned);
    if !roster::is_midday(scene, order.paid) {
        return private(scene, worker);
    }
    dispatched(scene, worker, &order);
    worker.cursor = worker.cursor.max(order.paid + OPEN_BEFORE + SHIFT_SLACK);
    roster::resume(scene, worker, from);
}

/// The same in the evening, when nobody is on shift.
pub(super) fn late_order(scene: &mut Scene, worker: &mut Worker, assigned: Ms) {
    let load = scene.book.load(worker.shopper, assigned);
    if !load.has_room() || scene.shoppers[worker.shopper].unrostered {
        return;
    }
    let order = order::plan_at(scene, worker, Want::MARK, assigned);
    if scene.rosters.is_idle_around(order.paid) {
        return;
    }
    dispatched(scene, worker, &order);
}

fn dispatched(scene: &mut Scene, worker: &mut Worker, order: &order::Order) {
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let till = swipe::till(scene, order.store);
    let story = "theft: an order dispatched by a friend";
    scene.rosters.steal(order.paid);
    swipe::send(scene, &Swipe::theft(worker.shopper, order.paid, cents, till, &[OFF_SHIFT], story));
    swipe::slip(scene, worker.shopper, order, order.store, cents, order.paid);
    order::finish(scene, worker, order);
}
