//! Hours and dates below a chart, in South African time, which knows no daylight saving.

/// Africa/Johannesburg is two hours ahead of UTC all year.
const SAST_OFFSET_MS: i64 = 2 * HOUR_MS;
pub(super) const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// No label is closer to the next than this.
const SPACING_PX: i64 = 50;
/// Steps that keep midnight on the axis.
const STEPS_HOURS: [i64; 14] = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1_440, 4_320, 8_760];

/// One label of the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    pub at_ms: i64,
    pub text: String,
    /// A date rather than an hour.
    pub date: bool,
}

/// The labels for `from_ms..=to_ms` drawn over `width_px`: hours, with the date at midnight; dates for long
/// spans.
pub(super) fn ticks(from_ms: i64, to_ms: i64, width_px: i32) -> Vec<Tick> {
    let span = i128::from(to_ms) - i128::from(from_ms);
    let room = i128::from((i64::from(width_px) / SPACING_PX).max(1));
    let fitting = |hours: &&i64| i128::from(**hours) * i128::from(HOUR_MS) * room >= span;
    let Some(hours) = STEPS_HOURS.iter().find(fitting) else { return Vec::new() };
    let step = hours * HOUR_MS;
    let first = from_ms.saturating_add(SAST_OFFSET_MS).div_euclid(step).saturating_mul(step);
    (0..)
        .map(|i| first.saturating_add(step.saturating_mul(i)).saturating_sub(SAST_OFFSET_MS))
        .skip_while(|at| *at < from_ms)
        .take_while(|at| *at <= to_ms)
        .take(256)
        .map(|at_ms| {
            let date = at_ms.saturating_add(SAST_OFFSET_MS).rem_euclid(DAY_MS) == 0;
            Tick { at_ms, text: if date { day(at_ms) } else { clock(at_ms) }, date }
        })
        .collect()
}

/// "5 Jan"
pub(super) fn day(at_ms: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day) = civil(at_ms.saturating_add(SAST_OFFSET_MS).div_euclid(DAY_MS));
    let name = usize::try_from(month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or_default();
    format!("{day} {name}")
}

/// "14:00"
fn clock(at_ms: i64) -> String {
    let minutes = at_ms.saturating_add(SAST_OFFSET_MS).rem_euclid(DAY_MS) / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// "5 Jan 2026 14:00"
pub(super) fn moment(at_ms: i64) -> String {
    let (year, _, _) = civil(at_ms.saturating_add(SAST_OFFSET_MS).div_euclid(DAY_MS));
    format!("{} {year} {}", day(at_ms), clock(at_ms))
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
