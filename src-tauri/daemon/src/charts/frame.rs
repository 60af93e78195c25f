//! What all charts share: title, axes, labels at the right end, and the words for who cannot see.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Size;
use super::look::{FONT_FAMILY, LABEL_PX, Palette, TITLE_PX, Theme, text_width, to_px};
use super::time_axis::{Tick, day, ticks};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Writing into a string cannot fail; the type is plotters'.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// plotters writes a font size divided by this.
const PLOTTERS_FONT_SCALE: f64 = 1.24;
const EDGE_PX: i32 = 8;
const TITLE_ROW_PX: i32 = 30;
const TIME_ROW_PX: i32 = 22;
/// Height of a label at the right end, with the gap to the next.
const LABEL_ROW_PX: i32 = 14;
/// The mark before such a label, and the gaps around it.
const MARK_PX: i32 = 3;
const MARK_GAP_PX: i32 = 5;

/// A label at the right end of what it names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndLabel {
    /// Where it would stand if it were alone.
    pub y: i32,
    pub text: String,
    /// Colour of the mark, which is that of the bar or line.
    pub mark: RGBColor,
    pub ink: RGBColor,
}

/// The rectangle that data is drawn in, in pixels; `bottom` and `right` are the first ones outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plot {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
    width: i32,
}

impl Plot {
    /// Leaves room for the widest of `y_labels` at the left and of `end_labels` at the right.
    pub(super) fn new<'a>(
        size: Size,
        y_labels: impl Iterator<Item = &'a str>,
        end_labels: impl Iterator<Item = &'a str>,
    ) -> Self {
        let (width, height) = size.clamped();
        let widest = |text: &str| text_width(text, LABEL_PX);
        let left = EDGE_PX + y_labels.map(widest).max().unwrap_or(0) + 6;
        let gutter = end_labels.map(widest).max().unwrap_or(0) + MARK_PX + 2 * MARK_GAP_PX + EDGE_PX;
        let right = (width - gutter).max(left + width / 4);
        Self { left, top: TITLE_ROW_PX, right, bottom: height - TIME_ROW_PX, width }
    }

    pub(super) fn width(self) -> i32 {
        self.right - self.left
    }

    pub(super) fn height(self) -> i32 {
        self.bottom - self.top
    }

    /// The pixel at `share` (0 to 1) of the way up.
    pub(super) fn y(self, share: f64) -> i32 {
        self.bottom - to_px(share.clamp(0.0, 1.0) * f64::from(self.height()))
    }

    /// The pixel of `at_ms` when `from_ms..=to_ms` fills the plot.
    pub(super) fn x(self, at_ms: i64, from_ms: i64, to_ms: i64) -> i32 {
        let span = (i128::from(to_ms) - i128::from(from_ms)).max(1);
        let share = (i128::from(at_ms) - i128::from(from_ms)) * i128::from(self.width()) / span;
        self.left + i32::try_from(share).unwrap_or(0)
    }
}

/// What a chart says in words.
pub(super) struct Words<'a> {
    /// What the chart is called.
    pub name: &'a str,
    /// Titles from long to short; the first that fits is shown.
    pub titles: &'a [&'a str],
    /// One or two sentences with the numbers that matter.
    pub summary: String,
}

/// Draws a chart with `draw` and adds the title and what a screen reader says.
pub(super) fn chart(
    size: Size,
    theme: Theme,
    words: &Words<'_>,
    draw: impl FnOnce(&Area<'_>, Palette) -> Drawn,
) -> String {
    let (width, height) = size.clamped();
    let palette = theme.palette();
    let mut svg = String::new();
    let drawn = {
        let backend = SVGBackend::with_string(&mut svg, (width.unsigned_abs(), height.unsigned_abs()));
        let area = backend.into_drawing_area();
        title(&area, width, words.titles, palette)
            .and_then(|()| draw(&area, palette))
            .and_then(|()| area.present())
    };
    let name = words.name;
    match drawn {
        Ok(()) => described(&svg, name, &words.summary),
        // A chart that cannot be drawn still says what it would have shown.
        Err(_) => described(
            "<svg width=\"240\" height=\"120\" xmlns=\"http://www.w3.org/2000/svg\">\n</svg>\n",
            name,
            &words.summary,
        ),
    }
}

fn described(svg: &str, name: &str, summary: &str) -> String {
    let (name, summary) = (escaped(name), escaped(summary));
    let open = format!("<svg role=\"img\" aria-label=\"{name}. {summary}\"");
    let words = format!(">\n<title>{name}</title>\n<desc>{summary}</desc>\n");
    // plotters knows only bold; the window's titles are 600.
    svg.replacen("<svg", &open, 1)
        .replacen(">\n", &words, 1)
        .replace("font-weight=\"bold\"", "font-weight=\"600\"")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn title(area: &Area<'_>, width: i32, titles: &[&str], palette: Palette) -> Drawn {
    let fits = |text: &&&str| text_width(text, TITLE_PX) <= width - 2 * EDGE_PX;
    let text = titles.iter().find(fits).or(titles.last()).copied().unwrap_or_default();
    let font = (FONT_FAMILY, TITLE_PX * PLOTTERS_FONT_SCALE, FontStyle::Bold).into_font();
    let style = font.color(&palette.text).pos(Pos::new(HPos::Left, VPos::Top));
    area.draw(&Text::new(text.to_owned(), (EDGE_PX, EDGE_PX), style))
}

/// Writes `text` in label size.
pub(super) fn label(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    anchor: (HPos, VPos),
    ink: RGBColor,
) -> Drawn {
    let font = (FONT_FAMILY, LABEL_PX * PLOTTERS_FONT_SCALE).into_font();
    area.draw(&Text::new(text.to_owned(), at, font.color(&ink).pos(Pos::new(anchor.0, anchor.1))))
}

/// Fills from `(x0, y0)` up to but without `(x1, y1)`; nothing if that is empty.
pub(super) fn fill(area: &Area<'_>, from: (i32, i32), to: (i32, i32), ink: RGBColor) -> Drawn {
    if to.0 <= from.0 || to.1 <= from.1 {
        return Ok(());
    }
    area.draw(&Rectangle::new([from, to], ink.filled()))
}

/// A gridline with its label at the left; the lowest is the axis.
pub(super) fn gridline(area: &Area<'_>, plot: Plot, y: i32, text: &str, palette: Palette) -> Drawn {
    let ink = if y == plot.bottom { palette.neutral } else { palette.line };
    fill(area, (plot.left, y), (plot.right, y + 1), ink)?;
    label(area, text, (plot.left - 6, y), (HPos::Right, VPos::Center), palette.text_quiet)
}

/// The time axis below the plot, with its zone at the far right.
pub(super) fn time_axis(area: &Area<'_>, plot: Plot, from_ms: i64, to_ms: i64, palette: Palette) -> Drawn {
    let labels: Vec<Tick> = ticks(from_ms, to_ms, plot.width());
    let y = plot.bottom + 7;
    // Without a midnight on the axis nothing else says which day it is.
    let zone =
        if labels.iter().any(|t| t.date) { "SAST".to_owned() } else { format!("{} SAST", day(from_ms)) };
    let zone_right = plot.width - EDGE_PX;
    let zone_left = zone_right - text_width(&zone, LABEL_PX);
    label(area, &zone, (zone_right, y), (HPos::Right, VPos::Top), palette.text_quiet)?;
    for tick in &labels {
        let x = plot.x(tick.at_ms, from_ms, to_ms);
        fill(area, (x, plot.bottom + 1), (x + 1, plot.bottom + 4), palette.neutral)?;
        let half = text_width(&tick.text, LABEL_PX) / 2;
        if x - half < 0 || x + half + 2 > zone_left {
            continue;
        }
        let ink = if tick.date { palette.text } else { palette.text_quiet };
        label(area, &tick.text, (x, y), (HPos::Center, VPos::Top), ink)?;
    }
    Ok(())
}

/// The labels at the right end, moved apart so that none covers another; given from top to bottom.
pub(super) fn end_labels(area: &Area<'_>, plot: Plot, labels: &[EndLabel]) -> Drawn {
    let x = plot.right + MARK_GAP_PX;
    for (label_at, end) in spread(plot, labels).into_iter().zip(labels) {
        fill(area, (x, label_at - 5), (x + MARK_PX, label_at + 5), end.mark)?;
        label(area, &end.text, (x + MARK_PX + MARK_GAP_PX, label_at), (HPos::Left, VPos::Center), end.ink)?;
    }
    Ok(())
}

/// Where the labels stand: in their order, a row apart, inside the plot as far as they fit.
pub(super) fn spread(plot: Plot, labels: &[EndLabel]) -> Vec<i32> {
    let mut at: Vec<i32> = labels.iter().map(|l| l.y.clamp(plot.top, plot.bottom)).collect();
    for i in 1..at.len() {
        at[i] = at[i].max(at[i - 1] + LABEL_ROW_PX);
    }
    let mut floor = plot.bottom - LABEL_ROW_PX / 2 + 3;
    for y in at.iter_mut().rev() {
        *y = (*y).min(floor);
        floor = *y - LABEL_ROW_PX;
    }
    at
}

/// The frame of a chart without data: an axis and a sentence.
pub(super) fn nothing(area: &Area<'_>, size: Size, text: &str, palette: Palette) -> Drawn {
    let (width, height) = size.clamped();
    let bottom = height - TIME_ROW_PX;
    fill(area, (EDGE_PX, bottom), (width - EDGE_PX, bottom + 1), palette.line)?;
    let middle = (width / 2, i32::midpoint(TITLE_ROW_PX, bottom));
    label(area, text, middle, (HPos::Center, VPos::Center), palette.text_quiet)
}
