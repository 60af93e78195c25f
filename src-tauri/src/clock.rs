//! The one place of the window that reads the wall clock, to say since when something holds.

/// Now, as RFC 3339 in UTC with milliseconds.
#[allow(clippy::disallowed_methods, reason = "this is the clock file")]
pub fn now_text() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
