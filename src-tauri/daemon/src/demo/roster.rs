//! The roster: who works on which day, and each day's shift with the breaks that an episode tore into it.
//!
//! A shift is told only after its day has been played, so that it covers the work of that day, though the
//! line arrives ahead of it. Every part of a shift has an order that began in it: a shopper on shift without
//! one looks like somebody who swapped.

use super::dice::Dice;
use super::order::{self, Pace, Want, Worker};
use super::scene::{Numbered, Scene, rfc3339};
use super::swipe;
use super::traps;
use super::truth::{HOUR, MINUTE, Ms, SECOND};
use serde_json::json;

/// Days of 1,000 that a shopper works.
const WORKING_PERMILLE: i64 = 860;

/// One working day of a shopper.
pub(super) struct Shift {
    starts: Ms,
    pub ends: Ms,
    told: Ms,
    breaks: Vec<(Ms, Ms)>,
    /// Where its latest part begins.
    part: Ms,
}

/// What the shoppers' rosters must know of each other.
#[derive(Default)]
pub(super) struct Rosters {
    works: Vec<Vec<bool>>,
    /// Times in which somebody is on shift without an order: whoever works then may have swapped.
    idle: Vec<(Ms, Ms)>,
    /// Shoppers whose free day has such a shift.
    lent: Vec<(usize, i64)>,
    /// Thefts outside the roster that must not look like a swap.
    thefts: Vec<Ms>,
}

impl Rosters {
    /// Draws who works on which of `days` days and the day after them.
    pub fn draw(dice: &mut Dice, shoppers: usize, days: i64) -> Self {
        let works =
            (0..shoppers).map(|_| (0..=days).map(|_| dice.chance(WORKING_PERMILLE)).collect()).collect();
        Self { works, ..Self::default() }
    }

    pub fn works(&self, shopper: usize, day: i64) -> bool {
        usize::try_from(day).ok().and_then(|day| self.works[shopper].get(day)).copied().unwrap_or(false)
    }

    pub fn is_lent(&self, shopper: usize, day: i64) -> bool {
        self.lent.contains(&(shopper, day))
    }

    /// Whether somebody idles at `at`, give or take half an hour.
    pub fn is_idle_around(&self, at: Ms) -> bool {
        self.idle.iter().any(|&(from, to)| from - HOUR / 2 <= at && at <= to + HOUR / 2)
    }

    /// Whether a theft would look like a swap if somebody idled between `from` and `to`.
    pub fn is_stolen_in(&self, from: Ms, to: Ms) -> bool {
        self.thefts.iter().any(|&at| from - HOUR / 2 <= at && at <= to + HOUR / 2)
    }

    pub fn idle(&mut self, from: Ms, to: Ms) {
        self.idle.push((from, to));
    }

    pub fn steal(&mut self, at: Ms) {
        self.thefts.push(at);
    }

    pub fn lend(&mut self, shopper: usize, day: i64) {
        self.lent.push((shopper, day));
    }
}

/// Begins a shift, if the shopper has a roster; one that is still running is drawn out instead.
pub(super) fn clock_on(scene: &Scene, worker: &mut Worker, starts: Ms, ends: Ms, told: Ms) {
    if scene.shoppers[worker.shopper].unrostered {
        return;
    }
    let told = told.max(scene.first_midnight());
    match &mut worker.shift {
        Some(shift) => shift.ends = shift.ends.max(ends),
        None => worker.shift = Some(Shift { starts, ends, told, breaks: Vec::new(), part: starts }),
    }
}

/// Ends the shift after the last swipe and tells it.
pub(super) fn clock_off(scene: &mut Scene, worker: &mut Worker) {
    while worker.shift.as_ref().is_some_and(|shift| worker.last_start < shift.part) {
        traps::ordinary(scene, worker);
    }
    let Some(shift) = worker.shift.take() else { return };
    let quarter = 15 * MINUTE;
    let last = scene.book.last(worker.shopper) + MINUTE;
    let ends = shift.ends.max((last + quarter - 1).div_euclid(quarter) * quarter);
    let mut from = shift.starts;
    for (until, again) in shift.breaks {
        tell(scene, worker.shopper, (from, until), shift.told);
        from = again;
    }
    tell(scene, worker.shopper, (from, ends), shift.told);
}

/// Sends one shift, which is told at `at`; its id.
pub(super) fn tell(scene: &mut Scene, shopper: usize, (from, to): (Ms, Ms), at: Ms) -> String {
    let id = format!("shift-{:06}", scene.number(Numbered::Other));
    retell(scene, &id, shopper, (from, to), at);
    id
}

/// Sends a shift again as `shopper`'s.
pub(super) fn retell(scene: &mut Scene, id: &str, shopper: usize, (from, to): (Ms, Ms), at: Ms) {
    let line = json!({
        "id": id,
        "shopper_id": scene.shoppers[shopper].id,
        "starts_at": rfc3339(from),
        "ends_at": rfc3339(to),
    });
    scene.ingest(at, "shift", line);
}

/// The time from which `worker` can be off shift in the middle of the day, with no order open any more; `None`
/// where the roster has no room for it.
pub(super) fn can_leave(scene: &Scene, worker: &Worker) -> Option<Ms> {
    let shift = worker.shift.as_ref()?;
    let from = worker.cursor.max(worker.clear).max(scene.book.last(worker.shopper)) + MINUTE;
    let minutes = (from + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
    let has_order = worker.last_start >= shift.part && worker.last_start + MINUTE < minutes;
    let has_time = minutes + 5 * HOUR < scene.until;
    (worker.pace == Pace::History && has_order && has_time).then_some(minutes)
}

/// Whether everybody on shift at `at` has surely had an order: not in the morning, when shifts begin.
pub(super) fn is_midday(scene: &Scene, at: Ms) -> bool {
    let hour = (at - Scene::midnight(at)) / HOUR;
    (10..17).contains(&hour) && !scene.rosters.is_idle_around(at)
}

/// Off shift from `from` until an ordinary order is assigned.
pub(super) fn resume(scene: &mut Scene, worker: &mut Worker, from: Ms) {
    let mut order = order::plan(scene, worker, Want::ALONE);
    // A shift that begins beside a theft would hold no order yet.
    while scene.rosters.is_stolen_in(order.assigned, order.assigned) {
        worker.cursor = order.assigned + HOUR / 2;
        order = order::plan(scene, worker, Want::ALONE);
    }
    let again = order.assigned.div_euclid(MINUTE) * MINUTE;
    scene.rosters.idle(again, order.assigned + 5 * SECOND);
    leave(worker, from, again);
    swipe::pay(scene, worker.shopper, &order, order.paid, swipe::HONEST);
    order::finish(scene, worker, &order);
}

/// Off shift between two times.
pub(super) fn leave(worker: &mut Worker, from: Ms, again: Ms) {
    if let Some(shift) = &mut worker.shift {
        assert!(from < again, "breaks have a length");
        shift.breaks.push((from, again));
        shift.part = again;
    }
}
