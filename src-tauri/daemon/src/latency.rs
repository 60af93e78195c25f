//! How long answers took, minute by minute.

use fraud::time::{MINUTE_MS, UnixMs};
use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::health::LatencyMinute;

/// Answers slower than this are all the same to the bank: it has given up.
const LONGEST_US: u64 = 60_000_000;

struct Minute {
    start: UnixMs,
    histogram: Histogram<u64>,
    late: i64,
}

/// Gathers latencies of the minute under way, and those of finished minutes until they are written.
pub struct Latency {
    current: Mutex<Option<Minute>>,
    finished: Mutex<Vec<LatencyMinute>>,
}

/// Finished minutes kept while they cannot be written: a day.
const FINISHED_MAX: usize = 1_440;

impl Latency {
    pub fn new() -> Self {
        Latency { current: Mutex::new(None), finished: Mutex::new(Vec::new()) }
    }

    pub fn record(&self, now: UnixMs, took: Duration, late: bool) {
        let start = UnixMs(now.0.div_euclid(MINUTE_MS) * MINUTE_MS);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|minute| minute.start != start) {
            if let Some(done) = current.take() {
                self.finish(&done);
            }
            let Ok(histogram) = Histogram::new_with_bounds(1, LONGEST_US, 2) else { return };
            *current = Some(Minute { start, histogram, late: 0 });
        }
        if let Some(minute) = current.as_mut() {
            minute.histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_US));
            minute.late += i64::from(late);
        }
    }

    fn finish(&self, minute: &Minute) {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if finished.len() < FINISHED_MAX {
            finished.push(summary(minute));
        }
    }

    /// The minute under way and those not yet written; the finished ones are handed over.
    pub fn take(&self) -> Vec<LatencyMinute> {
        let mut taken: Vec<LatencyMinute> =
            std::mem::take(&mut *self.finished.lock().unwrap_or_else(PoisonError::into_inner));
        taken.extend(self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(summary));
        taken
    }
}

fn summary(minute: &Minute) -> LatencyMinute {
    let at = |quantile| i64::try_from(minute.histogram.value_at_quantile(quantile)).unwrap_or(i64::MAX);
    LatencyMinute {
        at: minute.start,
        count: i64::try_from(minute.histogram.len()).unwrap_or(i64::MAX),
        p50_us: at(0.5),
        p99_us: at(0.99),
        max_us: i64::try_from(minute.histogram.max()).unwrap_or(i64::MAX),
        late: minute.late,
    }
}
