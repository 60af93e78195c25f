//! The days of each shopper: roster, orders one after the other, and among them the deck's thefts and traps.

use super::order::{Pace, Worker};
use super::plant;
use super::plant_shift;
use super::roster;
use super::scene::Scene;
use super::traps;
use super::truth::{DAY, HOUR, MINUTE, Ms, SECOND};

/// Thefts among 1,000 episodes of history.
const THEFTS_PERMILLE: i64 = 155;
/// Traps among 1,000 episodes of history.
const TRAPS_PERMILLE: i64 = 190;
/// Thefts among 1,000 evenings after work.
const EVENING_THEFTS_PERMILLE: i64 = 30;
/// Orders among 1,000 evenings that a friend dispatches to a shopper at home.
const EVENING_ORDERS_PERMILLE: i64 = 30;
/// Thefts among 1,000 free days.
const FREE_DAY_THEFTS_PERMILLE: i64 = 60;
/// Thefts among 1,000 live episodes at the default number of shoppers: one in about 50 s.
const LIVE_THEFTS_PERMILLE: i64 = 130;
/// More would leave no honest traffic around the thefts of a small company.
const LIVE_THEFTS_PERMILLE_MAX: i64 = 400;
/// Traps among 1,000 live episodes.
const LIVE_TRAPS_PERMILLE: i64 = 70;
/// The dense pace begins this long before the history ends, so that it is in full swing then.
const LIVE_LEAD: Ms = 45 * MINUTE;

/// Plays every shopper's days and then the live hours.
pub(super) fn run(scene: &mut Scene) {
    let first = scene.first_midnight();
    let days = scene.days;
    let dense = scene.until - LIVE_LEAD;
    for shopper in 0..scene.shoppers.len() {
        let mut worker = Worker::new(shopper);
        for day in 0..=days {
            let midnight = first + day * DAY;
            if scene.rosters.works(shopper, day) {
                working_day(scene, &mut worker, midnight, dense);
                if day < days {
                    roster::clock_off(scene, &mut worker);
                    evening(scene, &mut worker, midnight, dense);
                }
            } else if day < days
                && worker.clear > 0
                && !scene.rosters.is_lent(shopper, day)
                && scene.dice.chance(FREE_DAY_THEFTS_PERMILLE)
            {
                let at = midnight + scene.dice.between(9 * HOUR, 19 * HOUR);
                plant::off_duty(scene, shopper, at);
            }
        }
        live(scene, &mut worker, dense);
    }
}

/// A day from the first order of the morning to the last of the evening, or to `until` where that comes
/// first.
fn working_day(scene: &mut Scene, worker: &mut Worker, midnight: Ms, until: Ms) {
    let starts = midnight + 8 * HOUR + scene.dice.between(0, 5) * 15 * MINUTE;
    let ends = midnight + 17 * HOUR + scene.dice.between(0, 5) * 15 * MINUTE;
    let last = (ends - 40 * MINUTE).min(until - 40 * MINUTE);
    if starts >= last {
        return;
    }
    roster::clock_on(scene, worker, starts, ends, midnight - 8 * HOUR);
    worker.since = starts + scene.dice.between(10 * MINUTE, 30 * MINUTE);
    worker.cursor = worker.cursor.max(worker.since);
    worker.pace = Pace::History;
    first_order(scene, worker);
    while worker.cursor < last {
        episode(scene, worker, THEFTS_PERMILLE, TRAPS_PERMILLE);
    }
}

/// The shift begins with an order; that of a new shopper comes before the record of the card.
fn first_order(scene: &mut Scene, worker: &mut Worker) {
    let is_first = worker.clear == 0;
    if is_first && scene.shoppers[worker.shopper].new {
        traps::late_card(scene, worker);
    } else {
        traps::ordinary(scene, worker);
    }
}

/// Some evenings the card is used although the shopper went home.
fn evening(scene: &mut Scene, worker: &mut Worker, midnight: Ms, until: Ms) {
    let at = (midnight + 21 * HOUR).max(worker.clear + 50 * MINUTE) + scene.dice.between(0, 2 * HOUR);
    if at + 2 * HOUR > until || worker.clear == 0 {
        return;
    }
    let roll = scene.dice.between(1, 1_000);
    if roll <= EVENING_THEFTS_PERMILLE {
        plant::off_duty(scene, worker.shopper, at);
    } else if roll <= EVENING_THEFTS_PERMILLE + EVENING_ORDERS_PERMILLE {
        plant_shift::late_order(scene, worker, at);
    }
}

/// The dense traffic around and after the end of the history.
fn live(scene: &mut Scene, worker: &mut Worker, from: Ms) {
    let known = i64::try_from(scene.shoppers.len()).unwrap_or(1);
    let thefts = LIVE_THEFTS_PERMILLE * i64::from(super::SHOPPERS_DEFAULT) / known;
    let thefts = thefts.clamp(LIVE_THEFTS_PERMILLE, LIVE_THEFTS_PERMILLE_MAX);
    let ends = scene.live_end + HOUR;
    roster::clock_on(scene, worker, from, ends, from - HOUR);
    worker.since = from + scene.dice.between(0, 20 * MINUTE);
    worker.cursor = worker.cursor.max(worker.since);
    worker.pace = Pace::Live;
    first_order(scene, worker);
    while worker.cursor < scene.live_end - 5 * MINUTE {
        episode(scene, worker, thefts, LIVE_TRAPS_PERMILLE);
    }
    roster::clock_off(scene, worker);
}

fn episode(scene: &mut Scene, worker: &mut Worker, thefts: i64, traps: i64) {
    let roll = scene.dice.between(1, 1_000);
    if roll <= thefts {
        plant::theft(scene, worker);
    } else if roll <= thefts + traps {
        traps::trap(scene, worker);
    } else {
        traps::ordinary(scene, worker);
    }
    // A swipe by a stranger takes no time of the shopper's; nothing may happen in the same second.
    worker.cursor += SECOND;
}
