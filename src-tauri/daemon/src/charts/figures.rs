//! Numbers as people read them on an axis, and the steps that axes take.

/// A count: "1,234" up to 99,999, then "123k", "1.2M", "3bn"; beyond all sense ">999tn".
pub(super) fn count(value: u128) -> String {
    const STEPS: [(u128, &str); 4] =
        [(1_000_000_000_000, "tn"), (1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k")];
    if value < 100_000 {
        return grouped(value);
    }
    if value >= 1_000_000_000_000_000 {
        return ">999tn".to_owned();
    }
    for (unit, name) in STEPS {
        if value >= unit {
            let tenths = value / (unit / 10);
            let (whole, tenth) = (tenths / 10, tenths % 10);
            return if whole >= 10 || tenth == 0 {
                format!("{}{name}", grouped(whole))
            } else {
                format!("{whole}.{tenth}{name}")
            };
        }
    }
    grouped(value)
}

/// All digits, in groups of three.
pub(super) fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time span: "0.4 ms", "21 ms", "1,000 ms", "12.5 s"; `ms` is finite and not negative.
pub(super) fn span(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{} ms", trimmed(ms)),
        ..10_000.0 => format!("{} ms", grouped(ms.round() as u128)),
        ..100_000.0 => format!("{} s", trimmed(ms / 1_000.0)),
        _ => format!("{} s", count((ms / 1_000.0).round() as u128)),
    }
}

/// A tick of the logarithmic axis, which carries the unit in its title.
pub(super) fn tick(ms: f64) -> String {
    if ms < 1.0 { trimmed_to(ms, 3) } else { count(ms.round() as u128) }
}

fn trimmed(value: f64) -> String {
    trimmed_to(value, 1)
}

fn trimmed_to(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The distance of gridlines that divides `max` into at most `lines_max` parts: 1, 2 or 5 times a power of
/// ten.
pub(super) fn step(max: u128, lines_max: u128) -> u128 {
    let wanted = max.div_ceil(lines_max.max(1)).max(1);
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if power * factor >= wanted {
                return power * factor;
            }
        }
        power *= 10;
    }
}
