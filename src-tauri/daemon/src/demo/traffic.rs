//! The days of each shopper: roster, orders one after the other, and among them the deck's thefts and traps.

use super::order::{Pace, Worker};
use super::plant;
use super::scene::{Numbered, Scene, rfc3339};
use super::traps;
use super::truth::{DAY, HOUR, MINUTE, Ms, SECOND};
use serde_json::json;

/// Thefts among 1,000 episodes of history.
const THEFTS_PERMILLE: i64 = 105;
/// Traps among 1,000 episodes of history.
const TRAPS_PERMILLE: i64 = 170;
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
            if scene.dice.chance(860) {
                working_day(scene, &mut worker, midnight, dense);
            } else if day < days && worker.clear > 0 && scene.dice.chance(60) {
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
    roster(scene, worker.shopper, starts, ends, midnight - 8 * HOUR);
    worker.since = starts + scene.dice.between(10 * MINUTE, 30 * MINUTE);
    worker.cursor = worker.cursor.max(worker.since);
    worker.pace = Pace::History;
    let is_first = worker.clear == 0;
    if is_first && scene.shoppers[worker.shopper].new {
        traps::late_card(scene, worker);
    }
    while worker.cursor < last {
        episode(scene, worker, THEFTS_PERMILLE, TRAPS_PERMILLE);
    }
    let evening = (midnight + 21 * HOUR).max(worker.clear + 5 * MINUTE) + scene.dice.between(0, 2 * HOUR);
    if scene.dice.chance(15) && evening + HOUR < until {
        plant::off_duty(scene, worker.shopper, evening);
    }
}

/// The dense traffic around and after the end of the history.
fn live(scene: &mut Scene, worker: &mut Worker, from: Ms) {
    let known = i64::try_from(scene.shoppers.len()).unwrap_or(1);
    let thefts = LIVE_THEFTS_PERMILLE * i64::from(super::SHOPPERS_DEFAULT) / known;
    let thefts = thefts.clamp(LIVE_THEFTS_PERMILLE, LIVE_THEFTS_PERMILLE_MAX);
    roster(scene, worker.shopper, from, scene.live_end + HOUR, from - HOUR);
    worker.since = from + scene.dice.between(0, 20 * MINUTE);
    worker.cursor = worker.cursor.max(worker.since);
    worker.pace = Pace::Live;
    let is_first = worker.clear == 0;
    if is_first && scene.shoppers[worker.shopper].new {
        traps::late_card(scene, worker);
    }
    while worker.cursor < scene.live_end - 5 * MINUTE {
        episode(scene, worker, thefts, LIVE_TRAPS_PERMILLE);
    }
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

fn roster(scene: &mut Scene, shopper: usize, starts: Ms, ends: Ms, told: Ms) {
    let line = json!({
        "id": format!("shift-{:06}", scene.number(Numbered::Other)),
        "shopper_id": scene.shoppers[shopper].id,
        "starts_at": rfc3339(starts),
        "ends_at": rfc3339(ends),
    });
    let at = told.max(scene.first_midnight());
    scene.ingest(at, "shift", line);
}
