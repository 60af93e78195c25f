//! Who is connected and what for, so that at the cap a silent connection makes room for a new one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A client that has been silent for less than this may still be about to speak.
const SILENT_MIN: Duration = Duration::from_millis(200);
/// A body that has been on its way for less than this may still be an honest one.
const RECEIVING_MIN: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first header.
    Fresh,
    /// The next header.
    Idle,
    /// The rest of a body.
    Receiving,
    /// Us.
    Working,
}

/// The open connections of one listener.
pub(super) struct Roster {
    seats_max: usize,
    next: AtomicU64,
    seats: Mutex<BTreeMap<u64, Arc<Place>>>,
}

struct Place {
    state: Mutex<(Phase, Instant)>,
    evicted: Notify,
    body_unread: AtomicBool,
    writing: AtomicBool,
}

/// One connection's seat; dropping it frees it.
pub(super) struct Seat {
    number: u64,
    place: Arc<Place>,
    roster: Arc<Roster>,
}

impl Roster {
    pub(super) fn new(seats_max: usize) -> Self {
        Self { seats_max: seats_max.max(1), next: AtomicU64::new(0), seats: Mutex::new(BTreeMap::new()) }
    }

    /// A seat for a new connection; if all are taken, that of the connection that has kept us waiting
    /// longest.
    pub(super) fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        let taken = lock(&self.seats).len();
        if taken >= self.seats_max && !self.close_idle() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = Arc::new(Place {
            state: Mutex::new((Phase::Fresh, Instant::now())),
            evicted: Notify::new(),
            body_unread: AtomicBool::new(false),
            writing: AtomicBool::new(false),
        });
        lock(&self.seats).insert(number, place.clone());
        Some(Seat { number, place, roster: self.clone() })
    }

    /// Closes the connection that most likely never will say anything; whether there was one.
    ///
    /// First those that never sent a request, then those between two, then those in the middle of a body; of
    /// each kind the one that is silent longest. One that we work for is never closed.
    pub(super) fn close_idle(&self) -> bool {
        let now = Instant::now();
        let mut seats = lock(&self.seats);
        let worst = seats
            .iter()
            .filter_map(|(number, place)| {
                let (phase, since) = *lock(&place.state);
                let (order, patience) = match phase {
                    Phase::Fresh => (0, SILENT_MIN),
                    Phase::Receiving => (2, RECEIVING_MIN),
                    // The end of an answer may still wait for room; the stream's own limit watches over that.
                    Phase::Idle if place.writing.load(Ordering::Relaxed) => return None,
                    Phase::Idle => (1, SILENT_MIN),
                    Phase::Working => return None,
                };
                (now.saturating_duration_since(since) >= patience).then_some((order, since, *number))
            })
            .min();
        let Some(place) = worst.and_then(|(_, _, number)| seats.remove(&number)) else { return false };
        place.evicted.notify_one();
        true
    }
}

impl Seat {
    pub(super) fn enter(&self, phase: Phase) {
        self.place.body_unread.store(phase == Phase::Receiving, Ordering::Relaxed);
        *lock(&self.place.state) = (phase, Instant::now());
    }

    /// The answer has been handed to the socket; a body that was not read keeps its mark.
    pub(super) fn answered(&self) {
        *lock(&self.place.state) = (Phase::Idle, Instant::now());
    }

    /// Whether the last request's body was not read to its end.
    pub(super) fn body_unread(&self) -> bool {
        self.place.body_unread.load(Ordering::Relaxed)
    }

    /// Whether no request is under way and no answer either.
    pub(super) fn awaits_header(&self) -> bool {
        let waits = matches!(lock(&self.place.state).0, Phase::Fresh | Phase::Idle);
        waits && !self.place.writing.load(Ordering::Relaxed)
    }

    /// Whether bytes of an answer wait for room in the socket.
    pub(super) fn set_writing(&self, writing: bool) {
        self.place.writing.store(writing, Ordering::Relaxed);
    }

    /// Resolves when the seat is given to another connection.
    pub(super) async fn evicted(&self) {
        self.place.evicted.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.roster.seats).remove(&self.number);
    }
}

/// No code here panics while it holds a lock, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
