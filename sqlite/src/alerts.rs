//! Alerts: raised by decisions and feed gaps, worked by people, resolved by late facts.

mod desk;
mod raise;

pub use desk::{
    Act, Alert, AlertCounts, AlertDetail, AlertFilter, AlertReason, TimelineEntry, act, counts, list, read,
};
pub use raise::GapSubject;
pub(crate) use raise::{ReasonChange, explain_gap, raise, raise_gap, revise};
