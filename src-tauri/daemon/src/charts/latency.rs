//! How long decisions took, on a logarithmic axis, under the deadline they must keep.

use plotters::element::Circle;
use plotters::element::{DashedPathElement, PathElement};
use plotters::style::{Color, RGBColor};

use super::figures::{span, tick};
use super::frame::{self, Area, Drawn, EndLabel, Plot, Words, chart};
use super::look::{Palette, Theme, to_px};
use super::time_axis::{HOUR_MS, moment};
use super::{LatencyPoint, Size};

/// Faster than this is drawn as this: a logarithmic axis has no zero.
const FLOOR_MS: f64 = 0.1;
/// Slower than eleven days is drawn as that.
const CEILING_MS: f64 = 1e9;
const NAME: &str = "Decision time in milliseconds";
const TITLES: &[&str] = &["Decision time in ms, log scale", "Decision time, ms (log)", "Decision time, ms"];
const NONE: &str = "No decisions in this period";
/// Room a label of the axis needs.
const TICK_PX: i32 = 15;

/// One line of the chart.
struct Line {
    name: &'static str,
    ink: RGBColor,
    text: RGBColor,
    width_px: u32,
    value: fn(&LatencyPoint) -> f64,
}

/// Draws the median, the 99th percentile and the maximum of decision times, with the deadline as a dashed
/// line.
///
/// `deadline_ms` that is not a positive number draws no such line. Points may come in any order; a value that
/// is not finite, or a missing period, interrupts its line. Without a single finite value the chart says so.
pub fn decision_latency(points: &[LatencyPoint], deadline_ms: f64, theme: Theme, size: Size) -> String {
    let mut points = points.to_vec();
    points.sort_by_key(|p| p.start_ms);
    let lines = lines(theme.palette());
    let any = points.iter().any(|p| lines.iter().any(|l| (l.value)(p).is_finite()));
    if !any {
        let words = Words { name: NAME, titles: TITLES, summary: format!("{NONE}.") };
        return chart(size, theme, &words, |area, palette| frame::nothing(area, size, NONE, palette));
    }
    let deadline = (deadline_ms.is_finite() && deadline_ms > 0.0).then_some(deadline_ms);
    let words = Words { name: NAME, titles: TITLES, summary: summary(&points, deadline) };
    chart(size, theme, &words, |area, palette| draw(area, &points, &lines, deadline, size, palette))
}

/// From slow to fast, which is from top to bottom.
fn lines(p: Palette) -> [Line; 3] {
    [
        Line { name: "max", ink: p.neutral, text: p.text_quiet, width_px: 1, value: |p| p.max_ms },
        Line { name: "p99", ink: p.accent, text: p.accent, width_px: 2, value: |p| p.p99_ms },
        Line { name: "p50", ink: p.text_quiet, text: p.text_quiet, width_px: 2, value: |p| p.p50_ms },
    ]
}

fn summary(points: &[LatencyPoint], deadline: Option<f64>) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let worst = |value: fn(&LatencyPoint) -> f64| {
        points.iter().map(value).filter(|v| v.is_finite()).fold(0.0_f64, f64::max).min(CEILING_MS)
    };
    let late = deadline.map_or(String::new(), |deadline| {
        let count = points.iter().filter(|p| p.max_ms.is_finite() && p.max_ms > deadline).count();
        let periods = if count == 1 { "1 period".to_owned() } else { format!("{count} periods") };
        format!(" {periods} had a decision slower than the deadline of {}.", span(deadline))
    });
    format!(
        "From {} to {} SAST: highest median {}, highest 99th percentile {}, slowest {}.{late}",
        moment(first.start_ms),
        moment(last.start_ms),
        span(worst(|p| p.p50_ms)),
        span(worst(|p| p.p99_ms)),
        span(worst(|p| p.max_ms)),
    )
}

/// The decades that hold every value and the deadline: powers of ten.
fn decades(points: &[LatencyPoint], lines: &[Line; 3], deadline: Option<f64>) -> (i32, i32) {
    let values =
        points.iter().flat_map(|p| lines.iter().map(move |l| (l.value)(p))).filter(|v| v.is_finite());
    let (low, high) = values
        .chain(deadline)
        .map(|v| v.clamp(FLOOR_MS, CEILING_MS).log10())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = (to_px(low.floor()), to_px(high.ceil()));
    (low, high.max(low + 1))
}

fn draw(
    area: &Area<'_>,
    points: &[LatencyPoint],
    lines: &[Line; 3],
    deadline: Option<f64>,
    size: Size,
    palette: Palette,
) -> Drawn {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let (low, high) = decades(points, lines, deadline);
    let ticks: Vec<(i32, String)> = (low..=high).map(|power| (power, tick(10_f64.powi(power)))).collect();
    let mut texts: Vec<String> =
        lines.iter().map(|l| format!("{} {}", l.name, last_value(points, l))).collect();
    texts.extend(deadline.map(|d| format!("deadline {}", span(d))));
    let plot = Plot::new(size, ticks.iter().map(|t| t.1.as_str()), texts.iter().map(String::as_str));
    let share = |log: f64| (log - f64::from(low)) / f64::from(high - low);
    let y = |ms: f64| plot.y(share(ms.clamp(FLOOR_MS, CEILING_MS).log10()));
    let every = (TICK_PX * (high - low)).div_euclid(plot.height().max(1)) + 1;
    for (power, text) in ticks.iter().filter(|(power, _)| (power - low) % every == 0) {
        frame::gridline(area, plot, plot.y(share(f64::from(*power))), text, palette)?;
    }
    // A lone point stands in the middle of its hour.
    let (from_ms, to_ms) = if first.start_ms == last.start_ms {
        (first.start_ms.saturating_sub(HOUR_MS / 2), first.start_ms.saturating_add(HOUR_MS / 2))
    } else {
        (first.start_ms, last.start_ms)
    };
    if let Some(deadline) = deadline {
        let ends = [(plot.left, y(deadline)), (plot.right, y(deadline))];
        area.draw(&DashedPathElement::new(ends, 5, 4, palette.critical.stroke_width(1)))?;
    }
    for line in lines {
        for run in runs(points, line) {
            let at = |p: &&LatencyPoint| (plot.x(p.start_ms, from_ms, to_ms), y((line.value)(p)));
            let pixels: Vec<(i32, i32)> = run.iter().map(at).collect();
            match pixels.as_slice() {
                [alone] => area.draw(&Circle::new(*alone, 2, line.ink.filled()))?,
                _ => area.draw(&PathElement::new(pixels, line.ink.stroke_width(line.width_px)))?,
            }
        }
    }
    frame::time_axis(area, plot, from_ms, to_ms, palette)?;
    let mut ends: Vec<EndLabel> = lines
        .iter()
        .zip(&texts)
        .map(|(line, text)| {
            let value = points.iter().rev().map(line.value).find(|v| v.is_finite());
            EndLabel { y: value.map_or(plot.bottom, y), text: text.clone(), mark: line.ink, ink: line.text }
        })
        .collect();
    if let (Some(deadline), Some(text)) = (deadline, texts.last()) {
        ends.push(EndLabel {
            y: y(deadline),
            text: text.clone(),
            mark: palette.critical,
            ink: palette.critical,
        });
    }
    ends.sort_by_key(|e| e.y);
    frame::end_labels(area, plot, &ends)
}

fn last_value(points: &[LatencyPoint], line: &Line) -> String {
    points
        .iter()
        .rev()
        .map(line.value)
        .find(|v| v.is_finite())
        .map_or("none".to_owned(), |v| span(v.clamp(0.0, CEILING_MS)))
}

/// The unbroken stretches of a line.
fn runs<'a>(points: &'a [LatencyPoint], line: &Line) -> Vec<Vec<&'a LatencyPoint>> {
    let apart = |a: &LatencyPoint, b: &LatencyPoint| b.start_ms.saturating_sub(a.start_ms);
    let usual = points.windows(2).map(|w| apart(&w[0], &w[1])).filter(|ms| *ms > 0).min().unwrap_or(HOUR_MS);
    let mut runs: Vec<Vec<&LatencyPoint>> = Vec::new();
    let mut open = false;
    for point in points {
        if !(line.value)(point).is_finite() {
            open = false;
            continue;
        }
        match runs.last_mut() {
            Some(run) if open && run.last().is_some_and(|p| apart(p, point) <= usual + usual / 2) => {
                run.push(point)
            }
            Some(_) | None => runs.push(vec![point]),
        }
        open = true;
    }
    runs
}
