//! Charts are checked as text: well-formed, nothing outside the picture, no two labels on one another.

use super::figures::{count, span, step, tick};
use super::look::text_width;
use super::time_axis::{HOUR_MS, moment, ticks};
use super::*;

/// 2026-01-05 06:00 in Johannesburg.
const START_MS: i64 = 1_767_585_600_000;
const THEMES: [Theme; 2] = [Theme::Dark, Theme::Light];
const SIZES: [(u32, u32); 6] =
    [(240, 120), (400, 160), (640, 220), (1_200, 360), (2_400, 1_200), (300, 1_000)];

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

fn decisions(hours: i64, scale: u64) -> Vec<DecisionBucket> {
    (0..hours)
        .map(|i| {
            let busy = u64::try_from((i * 7) % 24).unwrap();
            let start_ms = START_MS + i * HOUR_MS;
            DecisionBucket {
                start_ms,
                approved: busy * scale,
                declined: busy * scale / 30,
                stand_in: u64::from(i % 9 == 4),
            }
        })
        .collect()
}

fn alerts(hours: i64) -> Vec<AlertBucket> {
    let bucket = |d: DecisionBucket| AlertBucket {
        start_ms: d.start_ms,
        info: d.approved % 5,
        warning: d.approved % 7,
        critical: d.stand_in,
    };
    decisions(hours, 3).into_iter().map(bucket).collect()
}

fn latencies(hours: i64) -> Vec<LatencyPoint> {
    let point = |i: i64| {
        let load = f64::from(i32::try_from(i % 24).unwrap());
        LatencyPoint {
            start_ms: START_MS + i * HOUR_MS,
            p50_ms: 2.0 + load / 9.0,
            p99_ms: 15.0 + load,
            max_ms: 50.0 * load,
        }
    };
    (0..hours).map(point).collect()
}

/// Every chart worth looking at, by name.
fn all(theme: Theme, size: Size) -> Vec<(&'static str, String)> {
    let odd = |start_ms, p50_ms, p99_ms, max_ms| LatencyPoint { start_ms, p50_ms, p99_ms, max_ms };
    let strange = [
        odd(START_MS, 0.0, -3.0, f64::INFINITY),
        odd(START_MS + HOUR_MS, 1e12, f64::NAN, 1e300),
        odd(i64::MAX, 5.0, f64::NEG_INFINITY, 5.0),
        odd(i64::MIN, 5.0, 5.0, 5.0),
    ];
    let at = |start_ms, n| DecisionBucket { start_ms, approved: n, declined: n, stand_in: n };
    vec![
        ("no decisions", decisions_per_hour(&[], theme, size)),
        ("zero decisions", decisions_per_hour(&decisions(24, 0)[..4], theme, size)),
        ("one hour", decisions_per_hour(&decisions(2, 40)[1..], theme, size)),
        ("a day", decisions_per_hour(&decisions(24, 40), theme, size)),
        ("a week", decisions_per_hour(&decisions(168, 4_000), theme, size)),
        ("a year", decisions_per_hour(&decisions(8_760, 40), theme, size)),
        ("a billion", decisions_per_hour(&decisions(24, 1_000_000_000), theme, size)),
        (
            "too many",
            decisions_per_hour(&[at(START_MS, u64::MAX), at(START_MS + HOUR_MS, u64::MAX)], theme, size),
        ),
        ("all of time", decisions_per_hour(&[at(i64::MIN, 3), at(i64::MAX, 3)], theme, size)),
        ("no alerts", alerts_per_hour(&[], theme, size)),
        ("alerts of a day", alerts_per_hour(&alerts(24), theme, size)),
        ("alerts of a week", alerts_per_hour(&alerts(168), theme, size)),
        ("no latency", decision_latency(&[], 1_000.0, theme, size)),
        ("latency of an hour", decision_latency(&latencies(2)[1..], 1_000.0, theme, size)),
        ("latency of a day", decision_latency(&latencies(24), 1_000.0, theme, size)),
        ("latency of a week", decision_latency(&latencies(168), 1_000.0, theme, size)),
        ("strange latency", decision_latency(&strange, f64::NAN, theme, size)),
        ("strange deadline", decision_latency(&strange[..2], -1.0, theme, size)),
        ("far deadline", decision_latency(&latencies(24), 1e15, theme, size)),
    ]
}

/// Name, attributes and text of one element.
type Element = (String, Vec<(String, String)>, String);

/// The elements of a document that is a tree of quoted attributes; panics if it is none.
fn elements(svg: &str) -> Vec<Element> {
    let mut open: Vec<usize> = Vec::new();
    let mut found: Vec<Element> = Vec::new();
    let mut rest = svg.trim();
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>') || !text.contains('&'), "stray mark-up in {text:?}");
        if let Some(at) = open.last() {
            found[*at].2.push_str(text.trim());
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let at = open.pop().expect("an element is open");
            assert_eq!(found[at].0, name);
            continue;
        }
        let closed = tag.ends_with('/');
        let mut attributes = Vec::new();
        let (name, mut list) =
            tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
        while let Some((key, value)) = list.split_once("=\"") {
            let (value, more) = value.split_once('"').expect("an attribute ends");
            assert!(!attributes.iter().any(|(k, _)| k == key.trim()), "{key} twice");
            attributes.push((key.trim().to_owned(), value.to_owned()));
            list = more;
        }
        assert!(list.trim().is_empty(), "left over in <{tag}>: {list:?}");
        found.push((name.to_owned(), attributes, String::new()));
        if !closed {
            open.push(found.len() - 1);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "not closed");
    found
}

fn attribute<'a>(element: &'a Element, key: &str) -> &'a str {
    element.1.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v)
}

/// Left, top, right and bottom of every text, by the same estimate that the layout uses.
fn text_boxes(svg: &str) -> Vec<(i32, i32, i32, i32, String)> {
    let texts = elements(svg).into_iter().filter(|e| e.0 == "text");
    texts
        .map(|e| {
            let number = |key| attribute(&e, key).parse::<f64>().unwrap();
            // The last part of the estimate is a reserve, not ink.
            let width = text_width(&e.2.replace("&gt;", ">"), number("font-size")) * 9 / 10;
            let (x, y) = (number("x") as i32, number("y") as i32);
            let left = match attribute(&e, "text-anchor") {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2,
            };
            let top = if attribute(&e, "dy") == "0.5ex" { y - 6 } else { y };
            (left, top, left + width, top + 12, e.2.clone())
        })
        .collect()
}

#[test]
fn every_chart_is_well_formed_and_says_what_it_shows() {
    for theme in THEMES {
        for (width, height) in SIZES {
            for (name, svg) in all(theme, size(width, height)) {
                let elements = elements(&svg);
                let root = &elements[0];
                assert_eq!((root.0.as_str(), attribute(root, "role")), ("svg", "img"), "{name}");
                assert_eq!(attribute(root, "viewBox"), format!("0 0 {width} {height}"), "{name}");
                assert!(attribute(root, "aria-label").len() > 20, "{name}");
                assert_eq!((elements[1].0.as_str(), elements[2].0.as_str()), ("title", "desc"), "{name}");
                assert!(!elements[1].2.is_empty() && !elements[2].2.is_empty(), "{name}");
                for text in elements.iter().filter(|e| e.0 == "text") {
                    assert_eq!(attribute(text, "font-family"), "Inter Variable, Inter, sans-serif", "{name}");
                }
                assert!(
                    !svg.contains("NaN") && !svg.contains("\"inf") && !svg.contains("-inf"),
                    "{name}: {svg}"
                );
                assert!(svg.len() < 2_000_000, "{name}: {} bytes", svg.len());
            }
        }
    }
}

#[test]
fn no_label_leaves_the_picture_or_covers_another() {
    for (width, height) in SIZES {
        for (name, svg) in all(Theme::Dark, size(width, height)) {
            let boxes = text_boxes(&svg);
            for (i, a) in boxes.iter().enumerate() {
                let inside = a.0 >= 0 && a.1 >= 0 && a.2 <= width as i32 && a.3 <= height as i32;
                assert!(inside, "{name} at {width}x{height}: {a:?}");
                for b in &boxes[i + 1..] {
                    let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                    assert!(apart, "{name} at {width}x{height}: {a:?} covers {b:?}");
                }
            }
        }
    }
}

#[test]
fn marks_stay_inside_the_picture() {
    for (width, height) in SIZES {
        for (name, svg) in all(Theme::Light, size(width, height)) {
            for rect in elements(&svg).iter().filter(|e| e.0 == "rect") {
                let number = |key| attribute(rect, key).parse::<i64>().unwrap();
                let (right, bottom) = (number("x") + number("width"), number("y") + number("height"));
                let inside =
                    number("x") >= 0 && number("y") >= 0 && right <= width.into() && bottom <= height.into();
                assert!(inside, "{name} at {width}x{height}: {rect:?}");
            }
        }
    }
}

#[test]
fn equal_input_gives_equal_text_in_any_order() {
    let mut buckets = decisions(24, 40);
    let first = decisions_per_hour(&buckets, Theme::Dark, size(400, 160));
    buckets.reverse();
    assert_eq!(first, decisions_per_hour(&buckets, Theme::Dark, size(400, 160)));
    let mut points = latencies(24);
    let first = decision_latency(&points, 1_000.0, Theme::Dark, size(400, 160));
    points.reverse();
    assert_eq!(first, decision_latency(&points, 1_000.0, Theme::Dark, size(400, 160)));
}

#[test]
fn themes_differ_in_colour_only() {
    let colourless = |svg: &str| -> String {
        let mut out = String::new();
        let mut rest = svg;
        while let Some((before, after)) = rest.split_once('#') {
            out.push_str(before);
            rest = &after[6..];
        }
        out + rest
    };
    for ((name, dark), (_, light)) in
        all(Theme::Dark, size(640, 220)).into_iter().zip(all(Theme::Light, size(640, 220)))
    {
        assert_ne!(dark, light, "{name}");
        assert_eq!(colourless(&dark), colourless(&light), "{name}");
    }
}

#[test]
fn words_give_the_numbers() {
    let svg = decisions_per_hour(&decisions(24, 40), Theme::Dark, size(400, 160));
    let elements = elements(&svg);
    assert_eq!(elements[1].2, "Decisions per hour");
    assert_eq!(
        elements[2].2,
        "11,040 approved, 3 stand-in, 360 declined from 5 Jan 2026 06:00 to 6 Jan 2026 06:00 SAST. \
         Busiest hour 5 Jan 2026 23:00 with 950."
    );
    let texts: Vec<String> = text_boxes(&svg).into_iter().map(|b| b.4).collect();
    for text in [
        "Decisions per hour, totals at right",
        "declined 360",
        "approved 11,040",
        "6 Jan",
        "12:00",
        "SAST",
        "1,000",
    ] {
        assert!(texts.iter().any(|t| t == text), "{text} in {texts:?}");
    }
    let svg = decision_latency(&latencies(24), 1_000.0, Theme::Dark, size(400, 160));
    let texts: Vec<String> = text_boxes(&svg).into_iter().map(|b| b.4).collect();
    for text in ["deadline 1,000 ms", "max 1,150 ms", "p99 38 ms", "p50 4.6 ms", "10,000"] {
        assert!(texts.iter().any(|t| t == text), "{text} in {texts:?}");
    }
    assert!(svg.contains("3 periods had a decision slower than the deadline of 1,000 ms."), "{svg}");
}

#[test]
fn empty_charts_say_so() {
    for (svg, text) in [
        (decisions_per_hour(&[], Theme::Dark, size(400, 160)), "No decisions in this period"),
        (decisions_per_hour(&decisions(4, 0), Theme::Dark, size(400, 160)), "No decisions in this period"),
        (alerts_per_hour(&[], Theme::Light, size(400, 160)), "No alerts in this period"),
        (decision_latency(&[], 1_000.0, Theme::Light, size(400, 160)), "No decisions in this period"),
    ] {
        assert!(text_boxes(&svg).iter().any(|b| b.4 == text), "{svg}");
    }
}

#[test]
fn one_decline_among_thousands_is_seen() {
    let bucket = DecisionBucket { start_ms: START_MS, approved: 1_000_000, declined: 1, stand_in: 0 };
    let svg = decisions_per_hour(&[bucket], Theme::Light, size(400, 160));
    let red =
        |e: &Element| e.0 == "rect" && attribute(e, "fill") == "#B3231A" && attribute(e, "width") != "3";
    let heights: Vec<String> =
        elements(&svg).iter().filter(|e| red(e)).map(|e| attribute(e, "height").to_owned()).collect();
    assert_eq!(heights, ["2"], "the mark beside the label is 3 wide, the bar is not");
}

#[test]
fn sizes_are_clamped() {
    for (asked, got) in
        [((0, 0), "0 0 240 120"), ((u32::MAX, u32::MAX), "0 0 2400 1200"), ((400, 160), "0 0 400 160")]
    {
        let svg = decisions_per_hour(&decisions(24, 4), Theme::Dark, size(asked.0, asked.1));
        assert_eq!(attribute(&elements(&svg)[0], "viewBox"), got);
    }
}

#[test]
fn colours_reach_the_contrast_they_promise() {
    let light = |c: plotters::style::RGBColor| {
        let part = |v: u8| match f64::from(v) / 255.0 {
            v @ ..0.040_45 => v / 12.92,
            v => ((v + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * part(c.0) + 0.7152 * part(c.1) + 0.0722 * part(c.2)
    };
    let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    let surfaces = |theme| match theme {
        Theme::Dark => {
            [plotters::style::RGBColor(0x0f, 0x11, 0x15), plotters::style::RGBColor(0x15, 0x18, 0x1b)]
        }
        Theme::Light => {
            [plotters::style::RGBColor(0xff, 0xff, 0xff), plotters::style::RGBColor(0xf6, 0xf7, 0xf8)]
        }
    };
    for theme in THEMES {
        let p = theme.palette();
        for surface in surfaces(theme) {
            for ink in [p.text, p.text_quiet, p.accent, p.critical, p.warning, p.info] {
                assert!(contrast(light(ink), light(surface)) >= 4.5, "{ink:?} on {surface:?}");
            }
            assert!(contrast(light(p.neutral), light(surface)) >= 3.0, "{:?} on {surface:?}", p.neutral);
        }
    }
}

#[test]
fn times_are_south_african() {
    assert_eq!(moment(START_MS), "5 Jan 2026 06:00");
    assert_eq!(moment(0), "1 Jan 1970 02:00");
    assert_eq!(moment(1_709_157_600_000), "29 Feb 2024 00:00");
    assert_eq!(moment(-7_200_001), "31 Dec 1969 23:59");
    let day: Vec<String> =
        ticks(START_MS, START_MS + 24 * HOUR_MS, 270).into_iter().map(|t| t.text).collect();
    assert_eq!(day, ["06:00", "12:00", "18:00", "6 Jan", "06:00"]);
    let week: Vec<String> =
        ticks(START_MS, START_MS + 168 * HOUR_MS, 400).into_iter().map(|t| t.text).collect();
    assert_eq!(week, ["6 Jan", "7 Jan", "8 Jan", "9 Jan", "10 Jan", "11 Jan", "12 Jan"]);
    assert!(ticks(i64::MIN, i64::MAX, 400).len() <= 256);
}

#[test]
fn figures_are_short_and_right() {
    for (value, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (99_999, "99,999"),
        (123_456, "123k"),
        (1_000_000, "1M"),
        (1_250_000, "1.2M"),
        (12_500_000, "12M"),
        (2_500_000_000, "2.5bn"),
        (5_000_000_000_000_000, ">999tn"),
    ] {
        assert_eq!(count(value), text);
    }
    for (ms, text) in [
        (0.0, "0 ms"),
        (0.42, "0.4 ms"),
        (9.96, "10 ms"),
        (21.4, "21 ms"),
        (1_000.0, "1,000 ms"),
        (12_500.0, "12.5 s"),
        (1e8, "100k s"),
    ] {
        assert_eq!(span(ms), text);
    }
    assert_eq!(
        (tick(0.1), tick(1.0), tick(10_000.0)),
        ("0.1".to_owned(), "1".to_owned(), "10,000".to_owned())
    );
    assert_eq!((step(0, 3), step(3, 3), step(10, 3), step(1_234, 4), step(9, 0)), (1, 1, 5, 500, 10));
}
