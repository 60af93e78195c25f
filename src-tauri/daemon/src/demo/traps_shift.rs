//! Honest work outside the roster: overtime, swaps, a roster that was put right too late.

use super::order::{self, Order, Want, Worker};
use super::roster;
use super::scene::Scene;
use super::swipe;
use super::traps::ordinary;
use super::truth::{DAY, HOUR, MINUTE, Ms, SHIFT_SLACK};

/// The order began within the shift and is paid after it.
pub(super) fn overtime(scene: &mut Scene, worker: &mut Worker) {
    if roster::can_leave(scene, worker).is_none() {
        return ordinary(scene, worker);
    }
    let mut order = order::plan(scene, worker, Want::ALONE);
    let from = whole(order.assigned + scene.dice.between(3 * MINUTE, 8 * MINUTE));
    let paid = from + SHIFT_SLACK + scene.dice.between(2 * MINUTE, 20 * MINUTE);
    let ended = paid + scene.dice.between(14 * MINUTE, 26 * MINUTE);
    order.schedule(&mut scene.dice, paid, ended);
    work(scene, worker, &order, "trap: overtime");
    roster::resume(scene, worker, from);
}

/// Some minutes after the shift, or before it.
pub(super) fn edge(scene: &mut Scene, worker: &mut Worker, before: bool) {
    let Some(from) = roster::can_leave(scene, worker) else {
        return ordinary(scene, worker);
    };
    let story = "trap: minutes outside the shift";
    let outside = scene.dice.between(5 * MINUTE, 12 * MINUTE);
    if !before {
        let order = order::plan(scene, worker, Want::ALONE);
        work(scene, worker, &order, story);
        return roster::resume(scene, worker, whole(order.paid - outside));
    }
    let assigned = from + scene.dice.between(20 * MINUTE, 40 * MINUTE);
    let order = order::plan_at(scene, worker, Want::ALONE, assigned);
    let again = whole(order.paid + outside);
    if scene.rosters.is_stolen_in(again, again + 3 * HOUR) {
        return ordinary(scene, worker);
    }
    work(scene, worker, &order, story);
    roster::leave(worker, from, again);
    ordinary(scene, worker);
    scene.rosters.idle(again, worker.last_start + MINUTE);
}

/// The shopper works for somebody who has the day off but stands in the roster; with `corrected`, that
/// shift becomes theirs afterwards.
pub(super) fn swap(scene: &mut Scene, worker: &mut Worker, corrected: bool) {
    let Some((from, order)) = outside(scene, worker) else {
        return ordinary(scene, worker);
    };
    let (starts, ends) = (whole(order.paid - 80 * MINUTE), whole(order.paid + 80 * MINUTE));
    let day = scene.day(order.paid);
    let is_taken = scene.rosters.is_stolen_in(starts, ends);
    let Some(other) = absent(scene, worker.shopper, day).filter(|_| !is_taken) else {
        return ordinary(scene, worker);
    };
    scene.rosters.lend(other, day);
    scene.rosters.idle(starts, ends);
    let told = (scene.first_midnight() + day * DAY - 8 * HOUR).max(scene.first_midnight());
    let shift = roster::tell(scene, other, (starts, ends), told);
    if corrected {
        let at = order.paid + scene.dice.between(30 * MINUTE, 90 * MINUTE);
        roster::retell(scene, &shift, worker.shopper, (starts, ends), at);
    }
    let story = if corrected { "trap: swap, roster corrected later" } else { "trap: swap, roster as it was" };
    work(scene, worker, &order, story);
    roster::resume(scene, worker, from);
}

/// The shift's record arrives long after the swipe.
pub(super) fn late_shift(scene: &mut Scene, worker: &mut Worker) {
    let Some((from, order)) = outside(scene, worker) else {
        return ordinary(scene, worker);
    };
    let at = order.paid + scene.dice.between(20 * MINUTE, 90 * MINUTE);
    let times = (whole(order.assigned - 10 * MINUTE), whole(order.paid + 25 * MINUTE));
    roster::tell(scene, worker.shopper, times, at);
    work(scene, worker, &order, "trap: shift recorded late");
    roster::resume(scene, worker, from);
}

/// An order between two parts of the shift, and the time from which the shopper is off.
fn outside(scene: &mut Scene, worker: &Worker) -> Option<(Ms, Order)> {
    let from = roster::can_leave(scene, worker)?;
    let assigned = from + SHIFT_SLACK + scene.dice.between(5 * MINUTE, 30 * MINUTE);
    Some((from, order::plan_at(scene, worker, Want::ALONE, assigned)))
}

/// Somebody with a roster who has that day off, stole nothing on it and swaps with nobody else.
fn absent(scene: &Scene, but: usize, day: i64) -> Option<usize> {
    let midnight = scene.first_midnight() + day * DAY;
    (0..scene.shoppers.len()).find(|&other| {
        other != but
            && !scene.shoppers[other].unrostered
            && !scene.rosters.works(other, day)
            && !scene.rosters.is_lent(other, day)
            && !scene.book.is_used(other, midnight, midnight + DAY)
    })
}

/// Pays and delivers `order`; nothing else happens for a while.
fn work(scene: &mut Scene, worker: &mut Worker, order: &Order, story: &'static str) {
    swipe::pay(scene, worker.shopper, order, order.paid, story);
    order::finish(scene, worker, order);
    worker.cursor = worker.cursor.max(order.paid + SHIFT_SLACK + 5 * MINUTE);
}

/// The minute that `at` falls in.
fn whole(at: Ms) -> Ms {
    at.div_euclid(MINUTE) * MINUTE
}
