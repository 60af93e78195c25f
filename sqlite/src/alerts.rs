//! Alerts: raised by decisions and feed gaps, worked by people, resolved by late facts.

mod desk;
mod gap;
mod raise;
mod revise;

#[cfg(test)]
pub(crate) use desk::ALERT_SQL;
pub use desk::{
    Act, Alert, AlertCounts, AlertDetail, AlertFilter, AlertReason, TimelineEntry, act, counts, list, read,
};
pub use gap::GapSubject;
pub(crate) use gap::{explain_gap, raise_gap};
#[cfg(test)]
pub(crate) use raise::JOINABLE_SQL;
pub(crate) use raise::raise;
pub(crate) use revise::{ReasonChange, revise};
