//! What the bank tells us after an authorization, and which authorization it belongs to.
//!
//! Sign and link of these events are undocumented: both signs are accepted, the reference decides where
//! there is one, else card, merchant, amount and time; what fits nothing is kept and shown.

use crate::time::{DAY_MS, HOUR_MS, UnixMs};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    After,
    Decline,
    Reversal,
    Adjustment,
}

impl EventKind {
    pub const ALL: [EventKind; 4] =
        [EventKind::After, EventKind::Decline, EventKind::Reversal, EventKind::Adjustment];

    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::After => "after",
            EventKind::Decline => "decline",
            EventKind::Reversal => "reversal",
            EventKind::Adjustment => "adjustment",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How far an event without a reference may lie from its authorization, in milliseconds.
    ///
    /// An after or decline follows within the bank's minutes; a refund may take days to arrive.
    pub fn match_window_ms(self) -> i64 {
        match self {
            EventKind::After | EventKind::Decline => HOUR_MS,
            EventKind::Reversal | EventKind::Adjustment => 7 * DAY_MS,
        }
    }
}

/// What the bank's reports, taken together, say became of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BankState {
    /// We approved and the bank has not reported yet.
    AwaitingAfter,
    /// We declined, so no report has to come.
    NoneExpected,
    ReportedSuccess,
    ReportedDeclined,
    PartlyReversed,
    Reversed,
    /// The bank reports success for a swipe that we declined.
    Contradicted,
}

impl BankState {
    pub fn as_str(self) -> &'static str {
        match self {
            BankState::AwaitingAfter => "awaiting_after",
            BankState::NoneExpected => "none_expected",
            BankState::ReportedSuccess => "reported_success",
            BankState::ReportedDeclined => "reported_declined",
            BankState::PartlyReversed => "partly_reversed",
            BankState::Reversed => "reversed",
            BankState::Contradicted => "contradicted",
        }
    }
}

/// One report, reduced to what settles an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub kind: EventKind,
    pub amount_cents: i64,
    pub received_at: UnixMs,
}

/// Where an authorization stands once all its reports are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    pub state: BankState,
    /// What still counts against the order, in cents, never negative.
    pub net_cents: i64,
    /// Any report that answers "did it happen": the swipe is no feed gap.
    pub reported: bool,
}

/// Settles one authorization from all its reports; their order does not matter.
pub fn settle(approved: bool, amount_cents: i64, reports: &[Report]) -> Settlement {
    let has = |kind| reports.iter().any(|report| report.kind == kind);
    let back: i64 = reports
        .iter()
        .filter(|r| r.kind == EventKind::Reversal)
        .map(|r| r.amount_cents.saturating_abs())
        .sum();
    let amount = amount_cents.max(0);
    let happened = has(EventKind::After) || back > 0;
    let state = match (approved, happened) {
        (false, true) if back >= amount => BankState::Reversed,
        (false, true) => BankState::Contradicted,
        (false, false) => BankState::NoneExpected,
        (true, _) if back >= amount && back > 0 => BankState::Reversed,
        (true, _) if back > 0 => BankState::PartlyReversed,
        (true, true) => BankState::ReportedSuccess,
        (true, false) if has(EventKind::Decline) => BankState::ReportedDeclined,
        (true, false) => BankState::AwaitingAfter,
    };
    let net_cents = match state {
        BankState::NoneExpected | BankState::ReportedDeclined | BankState::Reversed => 0,
        BankState::AwaitingAfter
        | BankState::ReportedSuccess
        | BankState::PartlyReversed
        | BankState::Contradicted => (amount - back).max(0),
    };
    Settlement { state, net_cents, reported: happened || has(EventKind::Decline) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_settle_an_authorization_in_any_order() {
        use BankState as S;
        use EventKind::{After, Decline, Reversal};
        let r = |kind, amount_cents| Report { kind, amount_cents, received_at: UnixMs(0) };
        for (approved, reports, state, net) in [
            (true, vec![], S::AwaitingAfter, 1000),
            (true, vec![r(After, 1000)], S::ReportedSuccess, 1000),
            (true, vec![r(Decline, 1000)], S::ReportedDeclined, 0),
            (true, vec![r(After, 1000), r(Reversal, -1000)], S::Reversed, 0),
            (true, vec![r(Reversal, 400), r(After, 1000)], S::PartlyReversed, 600),
            (true, vec![r(Reversal, 400), r(Reversal, -600)], S::Reversed, 0),
            (false, vec![], S::NoneExpected, 0),
            (false, vec![r(Decline, 1000)], S::NoneExpected, 0),
            (false, vec![r(After, 1000)], S::Contradicted, 1000),
            (false, vec![r(After, 1000), r(Reversal, 1000)], S::Reversed, 0),
        ] {
            let mut reversed = reports.clone();
            reversed.reverse();
            let settled = settle(approved, 1000, &reports);
            assert_eq!((settled.state, settled.net_cents), (state, net), "{reports:?}");
            assert_eq!(settled, settle(approved, 1000, &reversed), "order must not matter: {reports:?}");
        }
    }
}
