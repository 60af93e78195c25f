//! What is known to be true about each planted swipe, and the written thresholds the plants are measured by.
//!
//! The thresholds are the defaults of the product's rules table, stated here anew: the demo world must not
//! borrow the rules' own code, or a mistake there would label itself as right.

use serde::{Deserialize, Serialize};

/// What should be said of one swipe once everything has arrived.
///
/// `id` is the swipe's reference at the bank; `rules` are the rules that fire and stay unexplained, sorted,
/// each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// Always "authorization": one line per swipe.
    pub kind: String,
    /// The swipe's reference (1-128 printable characters, unique).
    pub id: String,
    /// Whether the shopper (or someone with the card) stole. A feed fault is not fraud.
    pub fraud: bool,
    /// Identifiers of the rules table, sorted.
    pub rules: Vec<String>,
    /// "honest", "trap: ...", "theft: ..." or "feed fault: ...".
    pub story: String,
}

pub(super) const NO_OPEN_ORDER: &str = "no_open_order";
pub(super) const WRONG_MERCHANT: &str = "wrong_merchant";
pub(super) const UNKNOWN_MERCHANT: &str = "unknown_merchant";
pub(super) const RISKY_CATEGORY: &str = "risky_category";
pub(super) const OVER_ORDER_VALUE: &str = "over_order_value";
pub(super) const FOREIGN: &str = "foreign";
pub(super) const UNKNOWN_CARD: &str = "unknown_card";
pub(super) const FEED_GAP: &str = "feed_gap";
pub(super) const AFTER_COMPLETION: &str = "after_completion";
pub(super) const OFF_SHIFT: &str = "off_shift";
pub(super) const SPLIT_PURCHASE: &str = "split_purchase";
pub(super) const VELOCITY: &str = "velocity";
pub(super) const IMPOSSIBLE_TRAVEL: &str = "impossible_travel";

/// Milliseconds since 1970 (UTC): the demo world's inner time.
pub(super) type Ms = i64;

pub(super) const SECOND: Ms = 1_000;
pub(super) const MINUTE: Ms = 60 * SECOND;
pub(super) const HOUR: Ms = 60 * MINUTE;
pub(super) const DAY: Ms = 24 * HOUR;

/// An order is open from this long before its assignment.
pub(super) const OPEN_BEFORE: Ms = 10 * MINUTE;
/// An order stays open this long after its completion or cancellation.
pub(super) const OPEN_AFTER: Ms = 30 * MINUTE;
/// A swipe without its after-event is a feed gap after this long.
pub(super) const FEED_GAP_AFTER: Ms = 15 * MINUTE;

/// A swipe this far outside the roster still belongs to the shift.
pub(super) const SHIFT_SLACK: Ms = 15 * MINUTE;
/// More swipes of one card in an hour, each without an order, are too many.
pub(super) const SWIPES_PER_HOUR: i64 = 6;
/// More cents on one card in a day, without orders, are too many.
pub(super) const CENTS_PER_DAY: i64 = 800_000;
/// What a swipe weighs that an order accounts for, in hundredths.
pub(super) const BACKED_PERCENT: i64 = 25;

/// The excess in cents above `value_cents` that is still tolerated: the greater of R25 and 10 %.
pub(super) fn tolerance_cents(value_cents: i64) -> i64 {
    (value_cents / 10).max(2_500)
}

/// The excess in cents above `value_cents` beyond which a swipe is declined: the greater of R500 and 50 %.
pub(super) fn far_cents(value_cents: i64) -> i64 {
    (value_cents / 2).max(50_000)
}
