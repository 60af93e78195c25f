//! Which order a swipe belongs to.

use crate::history::OrderUse;
use crate::merchant::MerchantMatch;
use crate::time::{HOUR_MS, MINUTE_MS, UnixMs};
use crate::travel::Place;

/// How long an order without an end stays open (CONTRACT: start + 12 h).
pub const OPEN_ORDER_MS: i64 = 12 * HOUR_MS;

/// Tolerance around an order's life; the parameters of `no_open_order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    pub early_ms: i64,
    pub late_ms: i64,
}

/// PRODUCT: none open within -10/+30 min.
pub const DEFAULT_TOLERANCE: Tolerance = Tolerance { early_ms: 10 * MINUTE_MS, late_ms: 30 * MINUTE_MS };

/// An order of the swiping shopper, reduced to what linking looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOrder {
    pub order_id: String,
    pub store_id: String,
    pub status: String,
    pub placed_at: UnixMs,
    pub assigned_at: Option<UnixMs>,
    pub completed_at: Option<UnixMs>,
    pub cancelled_at: Option<UnixMs>,
    /// `supplied_cents` if present, else `basket_cents`.
    pub value_cents: i64,
    /// What other swipes already count against it, in cents.
    pub spent_cents: i64,
    /// How many swipes it has had.
    pub used: OrderUse,
    /// Where it is delivered, where believed.
    pub delivery: Option<Place>,
    /// Categories of the goods in it that some merchant categories are only fine with.
    pub goods: Goods,
}

/// Which restricted goods an order holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Goods {
    pub liquor: bool,
    pub tobacco: bool,
    pub airtime: bool,
}

impl OpenOrder {
    pub fn started_at(&self) -> UnixMs {
        self.assigned_at.unwrap_or(self.placed_at)
    }

    /// The instant from which, and up to which, a swipe may belong to this order; both inclusive.
    pub fn window(&self, tolerance: Tolerance) -> (UnixMs, UnixMs) {
        let start = self.started_at();
        let end = self.completed_at.or(self.cancelled_at).unwrap_or(start.plus(OPEN_ORDER_MS));
        (start.plus(-tolerance.early_ms), end.plus(tolerance.late_ms))
    }

    pub fn is_open_at(&self, at: UnixMs, tolerance: Tolerance) -> bool {
        let (from, to) = self.window(tolerance);
        from <= at && at <= to
    }
}

/// Chooses the order of a swipe of `amount_cents` at `at`, of those whose window holds `at`: the store that
/// matches the merchant, then the one whose remaining value is nearest the amount, then the oldest.
///
/// `matches` tells how the merchant matches the store of an order, `None` where the store is unknown; it is
/// asked once per open order and answered with the order chosen.
pub fn choose(
    orders: &[OpenOrder],
    at: UnixMs,
    amount_cents: i64,
    tolerance: Tolerance,
    matches: impl Fn(&OpenOrder) -> Option<MerchantMatch>,
) -> Option<(&OpenOrder, Option<MerchantMatch>)> {
    let open = orders.iter().filter(|order| order.is_open_at(at, tolerance));
    open.map(|order| (order, matches(order))).min_by_key(|(order, matched)| {
        let elsewhere = !matched.is_some_and(MerchantMatch::is_match);
        let misfit = (order.value_cents - order.spent_cents - amount_cents).abs();
        (elsewhere, misfit, order.started_at(), order.order_id.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, start_min: i64, end_min: Option<i64>, value: i64, spent: i64) -> OpenOrder {
        OpenOrder {
            order_id: id.into(),
            store_id: id.into(),
            status: "picking".into(),
            placed_at: UnixMs((start_min - 60) * MINUTE_MS),
            assigned_at: Some(UnixMs(start_min * MINUTE_MS)),
            completed_at: end_min.map(|m| UnixMs(m * MINUTE_MS)),
            cancelled_at: None,
            value_cents: value,
            spent_cents: spent,
            used: OrderUse::default(),
            delivery: None,
            goods: Goods::default(),
        }
    }

    #[test]
    fn the_window_is_closed_at_both_edges() {
        let o = order("a", 100, Some(160), 0, 0);
        for (minute_ms, open) in [
            (90 * MINUTE_MS, true),
            (90 * MINUTE_MS - 1, false),
            (190 * MINUTE_MS, true),
            (190 * MINUTE_MS + 1, false),
        ] {
            assert_eq!(o.is_open_at(UnixMs(minute_ms), DEFAULT_TOLERANCE), open, "{minute_ms}");
        }
        let unfinished = order("a", 100, None, 0, 0);
        assert!(
            unfinished.is_open_at(UnixMs(850 * MINUTE_MS), DEFAULT_TOLERANCE),
            "12 h + 30 min after the start"
        );
        assert!(!unfinished.is_open_at(UnixMs(850 * MINUTE_MS + 1), DEFAULT_TOLERANCE));
    }

    #[test]
    fn the_store_comes_first_then_the_fit_then_age() {
        let orders = [
            order("far", 90, None, 5_000, 0),
            order("here", 100, None, 90_000, 0),
            order("old", 80, None, 5_000, 0),
        ];
        let at = UnixMs(120 * MINUTE_MS);
        let pick = |store: &str, cents| {
            choose(&orders, at, cents, DEFAULT_TOLERANCE, |o| {
                Some(if o.store_id == store { MerchantMatch::Exact } else { MerchantMatch::None })
            })
            .map(|(o, _)| o.order_id.as_str())
        };
        assert_eq!(pick("here", 5_000), Some("here"), "the store outweighs the fit");
        assert_eq!(pick("nowhere", 80_000), Some("here"), "the fit outweighs age");
        assert_eq!(pick("nowhere", 5_000), Some("old"), "the oldest of equals");
        let spent = [order("used", 100, None, 5_000, 5_000), order("free", 110, None, 5_000, 0)];
        let chosen = choose(&spent, at, 5_000, DEFAULT_TOLERANCE, |_| None).map(|(o, _)| o.order_id.as_str());
        assert_eq!(chosen, Some("free"), "what is already spent does not fit again");
    }
}
