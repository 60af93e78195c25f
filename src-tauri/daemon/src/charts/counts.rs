//! Stacked bars of counts per hour.

use plotters::style::RGBColor;

use super::figures::{count, grouped, step};
use super::frame::{self, Area, Drawn, EndLabel, Plot, Words, chart};
use super::look::{Palette, Theme};
use super::time_axis::{HOUR_MS, moment};
use super::{AlertBucket, DecisionBucket, Size};

/// One decline among thousands is what the reader looks for, so it never vanishes.
const SEGMENT_MIN_PX: i32 = 2;
/// A lone bar is not stretched over the plot.
const BAR_MAX_PX: i32 = 40;
/// One gridline for about this height.
const GRID_PX: i32 = 34;

/// A kind of count; kinds are stacked in their order, the first at the bottom.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    bar: RGBColor,
    ink: RGBColor,
}

struct Hour {
    start_ms: i64,
    counts: [u64; 3],
}

/// Draws approved, stand-in and declined decisions as stacked bars, an hour each.
///
/// Buckets may come in any order and with hours missing. Without a single decision the chart says so.
pub fn decisions_per_hour(buckets: &[DecisionBucket], theme: Theme, size: Size) -> String {
    let hours = buckets
        .iter()
        .map(|b| Hour { start_ms: b.start_ms, counts: [b.approved, b.stand_in, b.declined] })
        .collect();
    let kinds = |p: Palette| {
        [
            Kind { name: "approved", bar: p.neutral, ink: p.text_quiet },
            Kind { name: "stand-in", bar: p.warning, ink: p.warning },
            Kind { name: "declined", bar: p.critical, ink: p.critical },
        ]
    };
    stacked(hours, "Decisions per hour", "No decisions in this period", kinds(theme.palette()), theme, size)
}

/// Draws raised alerts as stacked bars by severity, an hour each.
///
/// Buckets may come in any order and with hours missing. Without a single alert the chart says so.
pub fn alerts_per_hour(buckets: &[AlertBucket], theme: Theme, size: Size) -> String {
    let hours = buckets
        .iter()
        .map(|b| Hour { start_ms: b.start_ms, counts: [b.info, b.warning, b.critical] })
        .collect();
    let kinds = |p: Palette| {
        [
            Kind { name: "info", bar: p.info, ink: p.info },
            Kind { name: "warning", bar: p.warning, ink: p.warning },
            Kind { name: "critical", bar: p.critical, ink: p.critical },
        ]
    };
    stacked(hours, "Alerts raised per hour", "No alerts in this period", kinds(theme.palette()), theme, size)
}

fn stacked(
    mut hours: Vec<Hour>,
    name: &str,
    none: &str,
    kinds: [Kind; 3],
    theme: Theme,
    size: Size,
) -> String {
    hours.sort_by_key(|h| h.start_ms);
    let total: u128 = hours.iter().map(Hour::sum).sum();
    if total == 0 {
        let words = Words { name, titles: &[name], summary: format!("{none}.") };
        return chart(size, theme, &words, |area, palette| frame::nothing(area, size, none, palette));
    }
    let long = format!("{name}, totals at right");
    let words = Words { name, titles: &[&long, name], summary: summary(&hours, kinds) };
    chart(size, theme, &words, |area, palette| bars(area, &hours, kinds, size, palette))
}

impl Hour {
    fn sum(&self) -> u128 {
        self.counts.iter().map(|c| u128::from(*c)).sum()
    }
}

fn summary(hours: &[Hour], kinds: [Kind; 3]) -> String {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return String::new() };
    let totals: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(i, kind)| format!("{} {}", grouped(total_of(hours, i)), kind.name))
        .collect();
    // Of equal hours the first.
    let busiest = hours.iter().rev().max_by_key(|h| h.sum()).map_or(String::new(), |h| {
        format!(" Busiest hour {} with {}.", moment(h.start_ms), grouped(h.sum()))
    });
    format!(
        "{} from {} to {} SAST.{busiest}",
        totals.join(", "),
        moment(first.start_ms),
        moment(last.start_ms.saturating_add(HOUR_MS))
    )
}

fn total_of(hours: &[Hour], kind: usize) -> u128 {
    hours.iter().map(|h| u128::from(h.counts[kind])).sum()
}

fn bars(area: &Area<'_>, hours: &[Hour], kinds: [Kind; 3], size: Size, palette: Palette) -> Drawn {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return Ok(()) };
    let (from_ms, to_ms) = (first.start_ms, last.start_ms.saturating_add(HOUR_MS));
    let highest = hours.iter().map(Hour::sum).max().unwrap_or(0);
    let texts: Vec<String> =
        (0..3).map(|i| format!("{} {}", kinds[i].name, count(total_of(hours, i)))).collect();
    let lines_max = u128::from((size.clamped().1 / GRID_PX).unsigned_abs()).clamp(2, 6) - 1;
    let step = step(highest, lines_max);
    let top = highest.div_ceil(step) * step;
    let values: Vec<u128> = (0..=top / step).map(|i| i * step).collect();
    let labels: Vec<String> = values.iter().map(|v| count(*v)).collect();
    let plot = Plot::new(size, labels.iter().map(String::as_str), texts.iter().map(String::as_str));
    let share = |value: u128| value as f64 / top as f64;
    for (value, text) in values.iter().zip(&labels) {
        frame::gridline(area, plot, plot.y(share(*value)), text, palette)?;
    }
    let mut tops = [plot.bottom; 3];
    for hour in hours {
        let end_ms = hour.start_ms.saturating_add(HOUR_MS);
        let (left, right) = bar_sides(plot.x(hour.start_ms, from_ms, to_ms), plot.x(end_ms, from_ms, to_ms));
        tops = bar(area, plot, hour, kinds, (left, right), share)?;
    }
    frame::time_axis(area, plot, from_ms, to_ms, palette)?;
    let ends: Vec<EndLabel> = (0..3)
        .rev()
        .map(|i| EndLabel { y: tops[i], text: texts[i].clone(), mark: kinds[i].bar, ink: kinds[i].ink })
        .collect();
    frame::end_labels(area, plot, &ends)
}

/// Leaves a gap between bars where there is room for one.
fn bar_sides(left: i32, right: i32) -> (i32, i32) {
    let width = right - left;
    if width > BAR_MAX_PX {
        let spare = (width - BAR_MAX_PX) / 2;
        return (left + spare, left + spare + BAR_MAX_PX);
    }
    let gap = match width {
        ..=3 => 0,
        4..=8 => 1,
        _ => 2,
    };
    (left, right.max(left + 1) - gap)
}

/// Draws one hour's stack; the middle of each part, for the labels.
fn bar(
    area: &Area<'_>,
    plot: Plot,
    hour: &Hour,
    kinds: [Kind; 3],
    (left, right): (i32, i32),
    share: impl Fn(u128) -> f64,
) -> Result<[i32; 3], plotters::drawing::DrawingAreaErrorKind<std::io::Error>> {
    let mut below = plot.bottom;
    let mut sum = 0;
    let mut middles = [plot.bottom; 3];
    for (i, kind) in kinds.iter().enumerate() {
        sum += u128::from(hour.counts[i]);
        let top = match hour.counts[i] {
            0 => below,
            _ => plot.y(share(sum)).min(below - SEGMENT_MIN_PX),
        };
        // A hair of surface between two parts keeps them apart without colour.
        let gap = i32::from(below < plot.bottom && below - top > SEGMENT_MIN_PX + 1);
        frame::fill(area, (left, top), (right, below - gap), kind.bar)?;
        middles[i] = i32::midpoint(top, below);
        below = top;
    }
    Ok(middles)
}
