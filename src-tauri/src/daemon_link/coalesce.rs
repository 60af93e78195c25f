//! Thins bursts of change events: one screen refetch answers a hundred changes of the same thing.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::events::Changed;

/// At most one event per thing in this time: below what an eye notices, above what a burst needs.
const QUIET: Duration = Duration::from_millis(50);
/// More different things than this at once, and "refetch everything" says it better.
const THINGS_MAX: usize = 1_000;

/// When each thing may be announced again, and whether it must be.
#[derive(Debug, Default)]
pub struct Coalescer {
    things: HashMap<Changed, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    until: Instant,
    again: bool,
}

impl Coalescer {
    /// What to announce now for a change: the first at once, repeats at the end of the quiet time.
    pub fn offer(&mut self, changed: Changed, now: Instant) -> Option<Changed> {
        if let Some(waiting) = self.things.get_mut(&changed) {
            waiting.again = true;
            return None;
        }
        if self.things.len() >= THINGS_MAX {
            self.things.clear();
            return self.offer(Changed::lagged(), now);
        }
        self.things.insert(changed.clone(), Waiting { until: now + QUIET, again: false });
        Some(changed)
    }

    /// What has become due by `now`.
    pub fn due(&mut self, now: Instant) -> Vec<Changed> {
        let mut due = Vec::new();
        self.things.retain(|changed, waiting| {
            if waiting.until > now {
                return true;
            }
            if waiting.again {
                due.push(changed.clone());
                *waiting = Waiting { until: now + QUIET, again: false };
                return true;
            }
            false
        });
        due
    }

    /// When `due` has something to do next.
    pub fn next_due(&self) -> Option<Instant> {
        self.things.values().map(|waiting| waiting.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(id: u32) -> Changed {
        Changed { kind: "alert".to_owned(), id: id.to_string() }
    }

    #[test]
    fn the_first_goes_at_once_and_a_burst_once_more_at_its_end() {
        let (mut coalescer, start) = (Coalescer::default(), Instant::now());
        assert_eq!(coalescer.next_due(), None);
        assert_eq!(coalescer.offer(alert(1), start), Some(alert(1)));
        for _ in 0..100 {
            assert_eq!(coalescer.offer(alert(1), start + QUIET / 2), None);
        }
        assert_eq!(coalescer.offer(alert(2), start + QUIET / 2), Some(alert(2)));
        assert_eq!(coalescer.next_due(), Some(start + QUIET));
        assert_eq!(coalescer.due(start + QUIET / 2), []);
        assert_eq!(coalescer.due(start + QUIET), [alert(1)]);
        assert_eq!(coalescer.due(start + QUIET * 2), []);
        assert_eq!(coalescer.next_due(), None);
        assert_eq!(coalescer.offer(alert(1), start + QUIET * 2), Some(alert(1)));
    }

    #[test]
    fn too_many_things_become_one_refetch() {
        let (mut coalescer, now) = (Coalescer::default(), Instant::now());
        for id in 0..1_000 {
            assert_eq!(coalescer.offer(alert(id), now), Some(alert(id)));
        }
        assert_eq!(coalescer.offer(alert(1_000), now), Some(Changed::lagged()));
        assert!(coalescer.things.len() <= THINGS_MAX);
    }
}
