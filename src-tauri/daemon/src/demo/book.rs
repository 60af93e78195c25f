//! What each card did so far in the story, as far as later episodes must know it: where it was and how much
//! it was used.

use super::truth::{BACKED_PERCENT, DAY, HOUR, MINUTE, Ms};

/// A swipe that went through.
struct Entry {
    said: Ms,
    cents: i64,
    /// Hundredths that it weighs.
    weight: i64,
}

/// One card's use in the past day and hour, at the least favourable reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Load {
    /// Weighted cents of a day.
    pub cents: i64,
    /// Hundredths of swipes of an hour.
    pub swipes: i64,
}

impl Load {
    /// What an ordinary theft or oddity may be added to without the card being used too much.
    const ROOM: Self = Self { cents: 430_000, swipes: 200 };

    pub fn has_room(self) -> bool {
        self.cents <= Self::ROOM.cents && self.swipes <= Self::ROOM.swipes
    }
}

/// The cards' past, by shopper.
pub(super) struct Book {
    entries: Vec<Vec<Entry>>,
    places: Vec<Option<(usize, Ms)>>,
}

impl Book {
    pub fn new(shoppers: usize) -> Self {
        let entries = (0..shoppers).map(|_| Vec::new()).collect();
        Self { entries, places: vec![None; shoppers] }
    }

    /// Enters a swipe; of one that was declined (no cents) only the time counts.
    pub fn enter(&mut self, shopper: usize, said: Ms, cents: i64, backed: bool) {
        let weight = match (cents, backed) {
            (0, _) => 0,
            (_, true) => BACKED_PERCENT,
            (_, false) => 100,
        };
        self.entries[shopper].push(Entry { said, cents, weight });
    }

    /// The latest swipe's order does not account for it after all.
    pub fn unback_last(&mut self, shopper: usize) {
        if let Some(last) = self.entries[shopper].last_mut() {
            last.weight = 100;
        }
    }

    /// The card was at a store.
    pub fn was_at(&mut self, shopper: usize, store: usize, said: Ms) {
        self.places[shopper] = Some((store, said));
    }

    /// The store where the card last was, and when.
    pub fn place(&self, shopper: usize) -> Option<(usize, Ms)> {
        self.places[shopper]
    }

    /// When the card was last used; long ago if never.
    pub fn last(&self, shopper: usize) -> Ms {
        self.entries[shopper].iter().map(|entry| entry.said).max().unwrap_or(0)
    }

    /// Whether the card was used in a time.
    pub fn is_used(&self, shopper: usize, from: Ms, to: Ms) -> bool {
        self.entries[shopper].iter().any(|entry| (from..to).contains(&entry.said))
    }

    /// The card's use before `at`, with some minutes to spare.
    pub fn load(&self, shopper: usize, at: Ms) -> Load {
        let mut load = Load::default();
        for entry in self.entries[shopper].iter().rev() {
            if entry.said + DAY + HOUR > at {
                load.cents += entry.cents * entry.weight / 100;
            }
            if entry.said + HOUR + 2 * MINUTE > at {
                load.swipes += entry.weight;
            }
        }
        load
    }
}
