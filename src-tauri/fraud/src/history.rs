//! What went before a swipe: rolling windows of its card and its order. Pure sums; the store finds the rows.
//!
//! A window of length W at an instant t holds what happened in (t - W, t]: one exactly W ago is out.

use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use serde::{Deserialize, Serialize};

/// Windows of the velocity facts.
pub const HOUR_WINDOW_MS: i64 = HOUR_MS;
pub const DAY_WINDOW_MS: i64 = DAY_MS;
/// Window of `order.swipes_30m`.
pub const SPLIT_WINDOW_MS: i64 = 30 * MINUTE_MS;

/// The category of a liquor till: by law its goods stand on a slip of their own.
pub const LIQUOR_TILL: &str = "5921";

/// Swipes of a card in one window: approved, neither reversed nor declined by the bank, in home currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    pub swipes: i64,
    /// Those of them that an order accounts for.
    pub backed_swipes: i64,
    pub cents: i64,
    pub backed_cents: i64,
}

impl Tally {
    /// Adds a swipe that counts `cents`; one that counts nothing is no swipe here.
    pub fn add(&mut self, cents: i64, backed: bool) {
        if cents > 0 {
            self.plus(Tally::of(cents, backed), 1);
        }
    }

    /// Adds (`sign` 1) or takes away (-1) what another tally holds.
    pub fn plus(&mut self, other: Tally, sign: i64) {
        self.swipes += sign * other.swipes;
        self.backed_swipes += sign * other.backed_swipes;
        self.cents = self.cents.saturating_add(sign * other.cents);
        self.backed_cents = self.backed_cents.saturating_add(sign * other.backed_cents);
    }

    fn of(cents: i64, backed: bool) -> Self {
        let (backed_swipes, backed_cents) = if backed { (1, cents) } else { (0, 0) };
        Tally { swipes: 1, backed_swipes, cents, backed_cents }
    }
}

/// What went before on a card, this swipe excluded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardHistory {
    pub hour: Tally,
    pub day: Tally,
    /// The last partner store at which the card credibly was, and when.
    pub place: Option<(String, UnixMs)>,
}

/// How many swipes an order has had, this one excluded; those that count nothing are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderUse {
    /// At liquor tills and elsewhere, ever.
    pub liquor: i64,
    pub other: i64,
    /// The same within [`SPLIT_WINDOW_MS`].
    pub recent_liquor: i64,
    pub recent_other: i64,
}

impl OrderUse {
    /// Whether a swipe at that kind of till is the order's first there.
    pub fn is_first(self, liquor_till: bool) -> bool {
        if liquor_till { self.liquor == 0 } else { self.other == 0 }
    }

    /// Swipes within the window, this one included, as a split purchase counts them: of an order with liquor
    /// one swipe at the liquor till beside others is the second slip that the law asks for.
    pub fn split_count(self, liquor_till: bool, order_has_liquor: bool) -> i64 {
        let liquor = self.recent_liquor + i64::from(liquor_till);
        let other = self.recent_other + i64::from(!liquor_till);
        let lawful = order_has_liquor && liquor > 0 && other > 0;
        liquor + other - i64::from(lawful)
    }
}

/// A shopper's roster around a swipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roster {
    /// Whether there is any shift of the shopper within a week either side.
    pub rostered: bool,
    /// Milliseconds to the nearest shift; 0 within one.
    pub off_ms: i64,
    /// The order began while the shopper was on shift: what follows is overtime.
    pub overtime: bool,
    /// The swipe is at its order's store, and somebody on shift at that time got no orders: they swapped.
    pub swap: bool,
}

/// How far a roster is looked at either side: beyond, it says nothing of today.
pub const ROSTER_REACH_MS: i64 = 7 * DAY_MS;
/// An order that begins this long before or after a shift still belongs to it.
pub const SHIFT_SLACK_MS: i64 = 15 * MINUTE_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_takes_away_what_it_added() {
        let mut tally = Tally::default();
        for (cents, backed) in [(100, true), (250, false), (0, false), (-5, true)] {
            tally.add(cents, backed);
        }
        assert_eq!(tally, Tally { swipes: 2, backed_swipes: 1, cents: 350, backed_cents: 100 });
        let copy = tally;
        tally.plus(copy, -1);
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn grocery_and_liquor_are_two_slips_by_law() {
        let used =
            |recent_other, recent_liquor| OrderUse { recent_other, recent_liquor, ..OrderUse::default() };
        for (before, liquor_till, has_liquor, count) in [
            (used(0, 0), false, false, 1),
            (used(2, 0), false, false, 3),
            (used(1, 0), true, true, 1),
            (used(2, 0), true, true, 2),
            (used(2, 0), true, false, 3),
            (used(2, 1), false, true, 3),
            (used(1, 1), true, true, 2),
            (used(0, 2), true, true, 3),
            (used(3, 0), true, true, 3),
        ] {
            assert_eq!(before.split_count(liquor_till, has_liquor), count, "{before:?} {liquor_till}");
        }
    }
}
