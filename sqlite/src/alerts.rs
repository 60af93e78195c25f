//! Alerts: raised by decisions and feed gaps, worked by people, resolved by late facts.

mod desk;
mod gap;
mod raise;
mod revise;

pub use desk::{
    Act, Alert, AlertCounts, AlertDetail, AlertFilter, AlertReason, TimelineEntry, act, counts, list, read,
};
pub use gap::GapSubject;
pub(crate) use gap::{explain_gap, raise_gap};
pub(crate) use raise::raise;
pub(crate) use revise::{ReasonChange, revise};
