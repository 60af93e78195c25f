//! Our own loop over hyper: serves a `Router` and bounds what a client may cost. Knows no route, key or
//! record.
//!
//! `axum::serve` lets a silent socket stay open for minutes. Here every wait on a client has an end: for the
//! header, the body, the reading of the answer, and the number of connections. A client that breaks a bound
//! loses its own connection and delays nobody.

mod body;
mod roster;
mod stream;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use body::{ReceivedBody, SentBody};
use roster::{Roster, Seat};
use stream::GuardedStream;

/// hyper's own default of 400 KiB a connection would be 400 MiB for 1,024 of them.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// First wait after an accept error that will not pass at once, such as no file descriptor left.
const ACCEPT_BACKOFF_MIN: Duration = Duration::from_millis(20);
const ACCEPT_BACKOFF_MAX: Duration = Duration::from_secs(1);
/// How long, and how much, of a refused body is read and dropped after the answer, so that the client gets to
/// read the answer; closing on unread data would reset the connection under it.
const LINGER_MAX: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: usize = 64 << 20;
/// At a stop, how long a header that is half here may take to arrive; without all of it there is no request
/// to finish.
const HEADER_GRACE: Duration = Duration::from_millis(300);
/// What a client above the cap is told; written without waiting.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 73\r\n\
retry-after: 1\r\nconnection: close\r\n\r\n\
{\"code\":\"not_ready\",\"message\":\"Too many connections, try again shortly.\"}";

/// What clients of one listener may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections; above it the oldest idle one makes room, or the newcomer is refused.
    pub connections_max: usize,
    /// From the opening of a connection, or the end of an answer, to the end of the next header.
    pub header_timeout: Duration,
    /// From the end of the header to the end of the body; every received MiB adds a second.
    pub body_timeout: Duration,
    /// Request line and header together.
    pub header_bytes_max: usize,
    /// How long a client may leave a filled buffer unread. An open event stream without events never runs
    /// into it.
    pub write_stall_timeout: Duration,
    /// From the order to stop to the end of `serve`; what still runs then is aborted.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            // Half a second below the promised 5 s, which includes noticing and closing.
            header_timeout: Duration::from_millis(4_500),
            body_timeout: Duration::from_millis(4_500),
            header_bytes_max: 32 << 10,
            write_stall_timeout: Duration::from_secs(10),
            stop_timeout: Duration::from_secs(8),
        }
    }
}

/// Who sent a request; an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Serves `router` on `listener` until `stop` turns true or its sender is gone.
///
/// At the stop no connection is accepted any more, requests in flight are answered, idle connections and
/// event streams are ended; it returns within `limits.stop_timeout`.
///
/// # Errors
/// Only if the listener has no local address, which is a listener that never worked; accept errors are waited
/// out.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let limits = Arc::new(limits);
    let roster = Arc::new(Roster::new(limits.connections_max));
    let mut connections = JoinSet::new();
    let mut backoff = ACCEPT_BACKOFF_MIN;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                backoff = ACCEPT_BACKOFF_MIN;
                let Some(seat) = roster.take_seat() else {
                    tracing::warn!(%address, "connection refused, all are busy");
                    // Nothing is lost if this does not go out at once: the client sees the close.
                    let _ = stream.try_write(REFUSAL);
                    continue;
                };
                connections.spawn(connection(
                    stream,
                    peer,
                    seat,
                    router.clone(),
                    limits.clone(),
                    stop.clone(),
                ));
            }
            Err(error) if passes_at_once(&error) => {}
            Err(error) => {
                tracing::warn!(%address, %error, wait_ms = backoff.as_millis(), "cannot accept connections");
                // Out of file descriptors: an idle connection holds one.
                roster.close_idle();
                tokio::select! {
                    () = stopped(&mut stop) => break,
                    () = tokio::time::sleep(backoff) => {}
                }
                backoff = (backoff * 2).min(ACCEPT_BACKOFF_MAX);
            }
        }
    }
    drop(listener);
    let all_done = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.stop_timeout, all_done).await.is_err() {
        tracing::warn!(%address, open = connections.len(), "stopped with requests unfinished");
        connections.shutdown().await;
    }
    Ok(())
}

/// A sender that is gone can never order a stop, so it is taken as one.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The client's fault, over with that client.
fn passes_at_once(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    router: Router,
    limits: Arc<Limits>,
    mut stop: watch::Receiver<bool>,
) {
    // Without it small answers can wait 40 ms for the client's acknowledgement; if it fails, they do.
    let _ = stream.set_nodelay(true);
    let seat = Arc::new(seat);
    let service = request_service(peer, seat.clone(), router, limits.clone(), stop.clone());
    let guarded = GuardedStream::new(stream, limits.write_stall_timeout, seat.clone());
    let mut conn = http1::Builder::new()
        .timer(TokioTimer::new())
        // A client that leaves while it waits has still asked: what it asked is done, and recorded.
        .half_close(true)
        .header_read_timeout(limits.header_timeout)
        .max_header_size(limits.header_bytes_max)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(guarded), service);
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|cx| conn.poll_without_shutdown(cx)) => break ended,
            () = seat.evicted() => return,
            () = stopped(&mut stop), if !stopping => {
                stopping = true;
                Pin::new(&mut conn).graceful_shutdown();
            }
            () = tokio::time::sleep(HEADER_GRACE), if stopping => {
                if seat.awaits_header() {
                    return;
                }
            }
        }
    };
    if let Err(error) = &ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
    if seat.body_unread() || ended.is_err() {
        let stream = conn.into_parts().io.into_inner().into_stream();
        tokio::select! {
            () = linger(stream) => {}
            () = seat.evicted() => {}
        }
    }
}

/// Ends our side and drops what the client still sends, for a while.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut dropped = 0;
        let mut scrap = vec![0_u8; BUFFER_BYTES_MAX];
        while dropped < LINGER_BYTES_MAX {
            match stream.read(&mut scrap).await? {
                0 => break,
                n => dropped += n,
            }
        }
        io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is over.
    let _ = tokio::time::timeout(LINGER_MAX, drain).await;
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<SentBody>, Infallible>> + Send>>;

fn request_service(
    peer: SocketAddr,
    seat: Arc<Seat>,
    router: Router,
    limits: Arc<Limits>,
    stop: watch::Receiver<bool>,
) -> impl Service<Request<Incoming>, Response = Response<SentBody>, Error = Infallible, Future = Answer> + Unpin
{
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| -> Answer {
        let (mut parts, incoming) = request.into_parts();
        parts.extensions.insert(PeerAddress(peer));
        let body = ReceivedBody::new(incoming, limits.body_timeout, seat.clone());
        let late = body.late();
        let answer = router.call(Request::from_parts(parts, Body::new(body)));
        let (seat, stop) = (seat.clone(), stop.clone());
        Box::pin(async move {
            let response = match answer.await {
                // The handler saw its body break off and says something of its own; the cause is ours to
                // tell.
                Ok(_) if late.is_late() => request_timeout(),
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok(send(response, seat, stop))
        })
    })
}

fn send(response: Response<Body>, seat: Arc<Seat>, stop: watch::Receiver<bool>) -> Response<SentBody> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    // Only an endless answer is cut off by a stop.
    let stop = endless.then_some(stop);
    response.map(|body| SentBody::new(body, seat, stop))
}

fn request_timeout() -> Response<Body> {
    const TEXT: &str =
        r#"{"code":"request_timeout","message":"The request body took too long to arrive. Send it again."}"#;
    let mut response = Response::new(Body::from(TEXT));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
