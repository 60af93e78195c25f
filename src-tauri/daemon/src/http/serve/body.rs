//! The two bodies of a request: the one we receive, with a deadline, and the one we send, which may have to
//! end early.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body as AxumBody, Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::roster::{Phase, Seat};

/// Above the first seconds a body must arrive at no less than one of these a second.
const FLOOR_BYTES: u64 = 1 << 20;

/// Whether a body missed its deadline; outlives the body, which the handler has consumed.
#[derive(Clone)]
pub(super) struct Late(Arc<AtomicBool>);

impl Late {
    pub(super) fn is_late(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body that fails when it arrives too slowly.
///
/// Only waiting for the client counts: data that is already here is handed on, however late the handler asks
/// for it.
pub(super) struct ReceivedBody {
    incoming: Incoming,
    started: Instant,
    timeout: Duration,
    received_bytes: u64,
    deadline: Pin<Box<Sleep>>,
    late: Late,
    seat: Arc<Seat>,
    ended: bool,
}

impl ReceivedBody {
    pub(super) fn new(incoming: Incoming, timeout: Duration, seat: Arc<Seat>) -> Self {
        let ended = incoming.is_end_stream();
        seat.enter(if ended { Phase::Working } else { Phase::Receiving });
        let started = Instant::now();
        Self {
            incoming,
            started,
            timeout,
            received_bytes: 0,
            deadline: Box::pin(tokio::time::sleep_until(started + timeout)),
            late: Late(Arc::new(AtomicBool::new(false))),
            seat,
            ended,
        }
    }

    pub(super) fn late(&self) -> Late {
        self.late.clone()
    }

    fn count(&mut self, bytes: usize) {
        let before = self.received_bytes / FLOOR_BYTES;
        self.received_bytes += bytes as u64;
        let earned = self.received_bytes / FLOOR_BYTES;
        if earned > before {
            self.deadline.as_mut().reset(self.started + self.timeout + Duration::from_secs(earned));
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.seat.enter(Phase::Working);
        }
    }
}

impl Body for ReceivedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.count(frame.data_ref().map_or(0, Bytes::len));
                if self.incoming.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending if self.deadline.as_mut().poll(cx).is_ready() => {
                self.late.0.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the body arrives too slowly"))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// An answer's body; an endless one ends when the program stops.
pub(super) struct SentBody {
    body: AxumBody,
    seat: Arc<Seat>,
    stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl SentBody {
    /// `stop` is given only for a body that would not end by itself.
    pub(super) fn new(body: AxumBody, seat: Arc<Seat>, stop: Option<watch::Receiver<bool>>) -> Self {
        let stopped = stop.map(|mut stop| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move { super::stopped(&mut stop).await })
        });
        Self { body, seat, stopped }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.stopped.as_mut().is_some_and(|stopped| stopped.as_mut().poll(cx).is_ready()) {
            // A finished future must not be polled again; the stream has no more to say.
            self.stopped = None;
            self.body = AxumBody::empty();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        self.seat.answered();
    }
}
