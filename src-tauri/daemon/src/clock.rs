//! The one place that reads the wall clock and the system's random source.

use fraud::time::UnixMs;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Our time: the machine's, or one that only a test moves.
#[derive(Debug)]
pub struct Clock {
    /// Milliseconds; `REAL` while the machine's clock counts.
    frozen: AtomicI64,
}

const REAL: i64 = i64::MIN;

impl Clock {
    pub fn new(test: Option<UnixMs>) -> Self {
        Clock { frozen: AtomicI64::new(test.map_or(REAL, |at| at.0)) }
    }

    pub fn now(&self) -> UnixMs {
        match self.frozen.load(Ordering::Acquire) {
            REAL => wall(),
            frozen => UnixMs(frozen),
        }
    }

    pub fn is_test(&self) -> bool {
        self.frozen.load(Ordering::Acquire) != REAL
    }

    /// Moves a test clock; a real one stays.
    pub fn set(&self, now: UnixMs) -> bool {
        let test = self.is_test();
        if test {
            self.frozen.store(now.0, Ordering::Release);
        }
        test
    }
}

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "this file is the one place")]
pub fn wall() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// 256 random bits in hexadecimal.
///
/// # Errors
/// When the system has no random source.
pub fn secret() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(hex(&bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An id that sorts by time: prefix, milliseconds, 64 random bits. The system's random source failing is not
/// survivable for a program that must not repeat an id.
pub fn id(prefix: &str, now: UnixMs) -> String {
    let mut bytes = [0_u8; 8];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the system has no random source: {error}");
    }
    format!("{prefix}_{:012x}{}", now.0.max(0), hex(&bytes))
}
