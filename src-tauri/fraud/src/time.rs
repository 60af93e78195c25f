//! Instants as milliseconds since the Unix epoch, written as RFC 3339 in UTC.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// South Africa keeps one offset all year: UTC+2.
pub const SAST_OFFSET_MS: i64 = 2 * HOUR_MS;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-01-05T08:00:00.000Z")]
pub struct UnixMs(pub i64);

/// Years outside this range are typing errors, and would overflow date arithmetic.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

impl UnixMs {
    /// Parses RFC 3339 with an offset; finer parts than a millisecond are dropped.
    ///
    /// # Errors
    /// A sentence for people when the text is no such time or its year is not in 1970..=2999.
    pub fn parse(text: &str) -> Result<Self, String> {
        use chrono::Datelike;
        let at = DateTime::parse_from_rfc3339(text.trim())
            .map_err(|_| "expected a time like 2026-01-05T08:00:00Z, with an offset".to_owned())?;
        if YEARS.contains(&at.year()) {
            Ok(Self(at.timestamp_millis()))
        } else {
            Err("the year is out of range".into())
        }
    }

    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    pub fn since(self, earlier: UnixMs) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Start of this instant's day in South Africa.
    pub fn start_of_day_sast(self) -> Self {
        Self((self.0 + SAST_OFFSET_MS).div_euclid(DAY_MS) * DAY_MS - SAST_OFFSET_MS)
    }

    /// `14:05` in South Africa.
    pub fn clock_sast(self) -> String {
        let minute = (self.0 + SAST_OFFSET_MS).rem_euclid(DAY_MS) / MINUTE_MS;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// `5 Jan 14:05` in South Africa.
    pub fn day_clock_sast(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0 + SAST_OFFSET_MS)
            .map_or_else(String::new, |at| at.format("%-d %b %H:%M").to_string())
    }
}

impl std::fmt::Display for UnixMs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for UnixMs {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMs {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        UnixMs::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        let at = UnixMs::parse("2021-10-15T05:48:13.147+02:00").unwrap();
        assert_eq!(at.to_string(), "2021-10-15T03:48:13.147Z");
        assert_eq!(at.clock_sast(), "05:48");
        assert_eq!(at.start_of_day_sast().to_string(), "2021-10-14T22:00:00.000Z");
        for bad in ["2021-10-15T05:48:13", "2021-10-15", "", "9999-01-01T00:00:00Z", "yesterday"] {
            assert!(UnixMs::parse(bad).is_err(), "{bad}");
        }
    }
}
