//! The demo world: a grocery company's weeks of honest shopping, with planted thefts and planted innocent
//! oddities.
//!
//! It owns what is said to the daemon (ingest lines and the bank's webhook objects, in order of arrival) and
//! the truth about every swipe. It knows no clock, file, network or database, and it does not know how the
//! rules are built: thefts are planted from the written definitions, so that the rules can be measured
//! against it.

mod book;
mod cast;
mod catalogue;
mod dice;
mod names;
mod order;
mod outsiders;
mod plant;
mod plant_history;
mod plant_open;
mod plant_shift;
mod roster;
mod scene;
mod stores;
mod swipe;
mod traffic;
mod traps;
mod traps_feed;
mod traps_history;
mod traps_shift;
mod truth;

#[cfg(test)]
mod check;
#[cfg(test)]
mod check_history;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_history;

pub use truth::Truth;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Days of history unless told otherwise.
pub const DAYS_DEFAULT: u32 = 14;
/// Shoppers unless told otherwise.
pub const SHOPPERS_DEFAULT: u32 = 200;
/// Hours of traffic after the history unless told otherwise.
pub const LIVE_HOURS_DEFAULT: u32 = 2;
/// More shoppers would share the last four digits of a card.
pub const SHOPPERS_MAX: u32 = 5_000;
/// Bounds the memory of one world.
pub const DAYS_MAX: u32 = 366;
/// Bounds the dense part of one world.
pub const LIVE_HOURS_MAX: u32 = 24;

/// What to generate; the same parameters always give the same world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Any number.
    pub seed: u64,
    /// Whole days of history before the day of `until` (its morning comes on top), 1 to [`DAYS_MAX`].
    pub days: u32,
    /// 1 to [`SHOPPERS_MAX`]; each has one card.
    pub shoppers: u32,
    /// History ends here; years 1971 to 9998, whole milliseconds.
    pub until: DateTime<Utc>,
    /// Dense traffic after `until`, 0 to [`LIVE_HOURS_MAX`]; orders then open are still finished.
    pub live_hours: u32,
}

impl Parameters {
    /// The default world ending at `until`.
    #[must_use]
    pub fn new(seed: u64, until: DateTime<Utc>) -> Self {
        Self { seed, days: DAYS_DEFAULT, shoppers: SHOPPERS_DEFAULT, until, live_hours: LIVE_HOURS_DEFAULT }
    }
}

/// One thing the daemon receives.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When the daemon receives it (UTC, whole milliseconds).
    pub at: DateTime<Utc>,
    /// What it receives.
    pub what: What,
}

/// The content of an arrival.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// One ingest line, `{"kind":...,"data":{...}}`.
    Ingest(Value),
    /// One call of the bank's card code.
    Hook {
        /// Which webhook is called.
        hook: Hook,
        /// The bank's authorization object.
        body: Value,
    },
}

/// The bank's five hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Asks for a decision.
    Before,
    /// The purchase went through.
    After,
    /// The purchase was declined.
    Decline,
    /// The purchase was cancelled in whole or part.
    Reversal,
    /// The amount was changed a little afterwards.
    Adjustment,
}

impl Hook {
    /// The last part of the webhook's path, for example "before".
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Decline => "decline",
            Self::Reversal => "reversal",
            Self::Adjustment => "adjustment",
        }
    }
}

/// A whole demo world.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// History up to `until` inclusive, sorted by arrival.
    pub arrivals: Vec<Arrival>,
    /// Traffic after `until`, sorted by arrival; thins out after `live_hours`.
    pub live: Vec<Arrival>,
    /// One line per swipe (`before` that is neither simulated nor a repeat) of history and live, sorted by
    /// arrival.
    pub truth: Vec<Truth>,
}

/// Generates the world of `parameters`, which are brought within their ranges first.
#[must_use]
pub fn generate(parameters: &Parameters) -> World {
    let mut scene = scene::Scene::new(parameters);
    cast::enter(&mut scene);
    traffic::run(&mut scene);
    scene.close()
}
