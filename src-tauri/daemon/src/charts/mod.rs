//! Draws the charts of the window, the reports and the PNG as SVG, from numbers to text. Knows no database
//! and no clock.
//!
//! The surface is transparent, so a chart lies on any panel of its theme. Equal input gives equal text.

mod counts;
mod figures;
mod frame;
mod latency;
mod look;
#[cfg(test)]
mod tests;
mod time_axis;

pub use counts::{alerts_per_hour, decisions_per_hour};
pub use latency::decision_latency;
pub use look::Theme;

/// Size of a chart in CSS pixels; drawing clamps it to 240..=2400 by 120..=1200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    fn clamped(self) -> (i32, i32) {
        let side = |pixels: u32, min, max| i32::try_from(pixels).unwrap_or(max).clamp(min, max);
        (side(self.width, 240, 2_400), side(self.height, 120, 1_200))
    }
}

/// Decisions of one hour; the three counts are disjoint, `stand_in` holding stand-in answers of either
/// outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionBucket {
    /// Start of the hour, UTC milliseconds.
    pub start_ms: i64,
    pub approved: u64,
    pub declined: u64,
    pub stand_in: u64,
}

/// Alerts raised in one hour, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertBucket {
    /// Start of the hour, UTC milliseconds.
    pub start_ms: i64,
    pub info: u64,
    pub warning: u64,
    pub critical: u64,
}

/// How long decisions of one period took; a value that is not finite is drawn as a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyPoint {
    /// Start of the period, UTC milliseconds.
    pub start_ms: i64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}
