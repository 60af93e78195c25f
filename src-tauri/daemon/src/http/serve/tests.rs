//! Real sockets against small limits. Every wait is bounded by `soon`; a test that would hang fails instead.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;

const LIMIT: Duration = Duration::from_millis(150);
/// Long enough for a loaded machine, far below any limit that the tests leave large.
const SOON: Duration = Duration::from_secs(5);

struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    done: JoinHandle<io::Result<()>>,
}

fn large() -> Limits {
    let hour = Duration::from_secs(3_600);
    Limits {
        connections_max: 256,
        header_timeout: hour,
        body_timeout: hour,
        header_bytes_max: 8 << 10,
        write_stall_timeout: hour,
        stop_timeout: Duration::from_secs(4),
    }
}

fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async move { body.len().to_string() }))
        .route(
            "/small",
            post(|body: Bytes| async move { body.len().to_string() }).layer(DefaultBodyLimit::max(1_024)),
        )
        .route("/peer", get(|Extension(peer): Extension<PeerAddress>| async move { peer.0.to_string() }))
        .layer(DefaultBodyLimit::max(64 << 20))
}

async fn start(limits: Limits, router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let done = tokio::spawn(serve(listener, router, limits, stopped));
    Served { address, stop, done }
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("{what} took longer than {SOON:?}"))
}

async fn connect(served: &Served) -> TcpStream {
    soon("connecting", TcpStream::connect(served.address)).await.unwrap()
}

async fn write(stream: &mut TcpStream, text: &str) {
    soon("writing", stream.write_all(text.as_bytes())).await.unwrap();
}

/// Everything up to the end of the connection; a reset counts as its end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let _ = soon("the end of the connection", stream.read_to_end(&mut seen)).await;
    String::from_utf8(seen).unwrap()
}

/// One answer of known length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let read = async {
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
                if body.len() >= length.parse().unwrap() {
                    return text;
                }
            }
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed after {text:?}");
        }
    };
    soon("an answer", read).await
}

async fn hello(served: &Served) -> String {
    let mut client = connect(served).await;
    write(&mut client, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    answer(&mut client).await
}

async fn stop(served: Served) -> Duration {
    let began = Instant::now();
    served.stop.send(true).unwrap();
    soon("stopping", served.done).await.unwrap().unwrap();
    began.elapsed()
}

#[tokio::test]
async fn requests_are_answered_and_the_connection_kept() {
    let served = start(large(), routes()).await;
    let mut client = connect(&served).await;
    for _ in 0..3 {
        write(&mut client, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer(&mut client).await.ends_with("\r\n\r\nhello"));
    }
    write(&mut client, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabcde").await;
    assert!(answer(&mut client).await.ends_with("\r\n\r\n5"));
    write(
        &mut client,
        "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    )
    .await;
    assert!(answer(&mut client).await.ends_with("\r\n\r\n3"));
    let own = client.local_addr().unwrap();
    write(&mut client, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer(&mut client).await.ends_with(&own.to_string()), "handlers must see who asks");
}

#[tokio::test]
async fn silent_clients_are_closed() {
    let served = start(Limits { header_timeout: LIMIT, ..large() }, routes()).await;
    for (name, sent) in [
        ("no byte", ""),
        ("half a request line", "GET / HT"),
        ("half a header", "GET / HTTP/1.1\r\nhost: x\r\nx-a"),
        ("silent after an answer", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("half a second header", "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HT"),
    ] {
        let mut client = connect(&served).await;
        write(&mut client, sent).await;
        let seen = rest(&mut client).await;
        assert_eq!(seen.matches("hello").count(), sent.matches("\r\n\r\n").count(), "{name}: {seen}");
    }
}

#[tokio::test]
async fn a_header_that_trickles_is_cut_off() {
    let served = start(Limits { header_timeout: LIMIT, ..large() }, routes()).await;
    let mut client = connect(&served).await;
    write(&mut client, "GET / HTTP/1.1\r\n").await;
    let trickle = async {
        while client.write_all(b"x-a: b\r\n").await.is_ok() {
            tokio::time::sleep(LIMIT / 10).await;
        }
    };
    soon("the cut", trickle).await;
}

#[tokio::test]
async fn a_body_that_stops_or_trickles_is_answered_408() {
    let served = start(Limits { body_timeout: LIMIT, ..large() }, routes()).await;
    let mut half = connect(&served).await;
    write(&mut half, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nabc").await;
    let seen = rest(&mut half).await;
    assert!(seen.starts_with("HTTP/1.1 408 ") && seen.contains(r#"{"code":"request_timeout","#), "{seen}");

    let mut slow = connect(&served).await;
    write(&mut slow, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n").await;
    let (mut read, mut send) = slow.split();
    let mut seen = Vec::new();
    tokio::select! {
        end = soon("the cut", read.read_to_end(&mut seen)) => drop(end),
        () = async {
            loop {
                let _ = send.write_all(b"x").await;
                tokio::time::sleep(LIMIT / 10).await;
            }
        } => {}
    }
    assert!(String::from_utf8_lossy(&seen).starts_with("HTTP/1.1 408 "), "{seen:?}");
}

#[tokio::test]
async fn a_large_body_earns_its_time() {
    let served = start(Limits { body_timeout: LIMIT, ..large() }, routes()).await;
    let mut client = connect(&served).await;
    let part = "x".repeat(2 << 20);
    write(
        &mut client,
        &format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{part}", part.len() + 3),
    )
    .await;
    // Two received MiB are worth two seconds more than the small limit.
    tokio::time::sleep(LIMIT * 3).await;
    write(&mut client, "end").await;
    assert!(answer(&mut client).await.ends_with(&format!("\r\n\r\n{}", part.len() + 3)));
}

#[tokio::test]
async fn a_handler_that_is_slow_to_read_is_not_the_clients_fault() {
    let open = Arc::new(Notify::new());
    let gate = open.clone();
    let late = post(|request: Request<Body>| async move {
        gate.notified().await;
        axum::body::to_bytes(request.into_body(), 1_024).await.unwrap().len().to_string()
    });
    let served = start(Limits { body_timeout: LIMIT, ..large() }, Router::new().route("/late", late)).await;
    let mut client = connect(&served).await;
    write(&mut client, "POST /late HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabcde").await;
    tokio::time::sleep(LIMIT * 2).await;
    open.notify_one();
    assert!(answer(&mut client).await.ends_with("\r\n\r\n5"));
}

#[tokio::test]
async fn an_answer_to_an_unread_body_arrives() {
    let served = start(large(), routes()).await;
    for _ in 0..20 {
        let mut client = connect(&served).await;
        let size = 1 << 20;
        write(&mut client, &format!("POST /small HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"))
            .await;
        // A write that fails half way is fine; what counts is that the answer can be read.
        let _ = soon("sending", client.write_all(&vec![b'x'; size])).await;
        let seen = rest(&mut client).await;
        assert!(seen.starts_with("HTTP/1.1 413 "), "{seen}");
    }
}

#[tokio::test]
async fn a_header_above_the_limit_is_answered_431() {
    let served = start(large(), routes()).await;
    let mut client = connect(&served).await;
    write(&mut client, &format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(20 << 10)))
        .await;
    let seen = rest(&mut client).await;
    assert!(seen.starts_with("HTTP/1.1 431 "), "{seen}");
}

/// Tells when it is dropped, which is when the server gives up the answer it belongs to.
struct Dropped(Option<oneshot::Sender<()>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(());
    }
}

fn endless(kind: &'static str, pause: Option<Arc<Notify>>) -> (Router, oneshot::Receiver<()>) {
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(std::sync::Mutex::new(Some(Dropped(Some(sender)))));
    let handler = get(move || async move {
        let state = (sender.lock().unwrap().take(), pause);
        let chunks = stream::unfold(state, |state| async move {
            if let Some(pause) = &state.1 {
                pause.notified().await;
            }
            let size = if state.1.is_some() { 16 } else { 64 << 10 };
            Some((io::Result::Ok(Bytes::from(vec![b'e'; size])), state))
        });
        ([(header::CONTENT_TYPE, kind)], Body::from_stream(chunks))
    });
    (Router::new().route("/endless", handler), dropped)
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    for kind in ["application/octet-stream", "text/event-stream"] {
        let (router, dropped) = endless(kind, None);
        let served = start(Limits { write_stall_timeout: LIMIT, ..large() }, router).await;
        let mut client = connect(&served).await;
        write(&mut client, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
        soon("giving up the answer", dropped).await.unwrap();
    }
}

#[tokio::test]
async fn a_quiet_event_stream_lives_until_the_stop_and_ends_whole() {
    let event = Arc::new(Notify::new());
    let (router, _dropped) = endless("text/event-stream", Some(event.clone()));
    let tight = Limits { header_timeout: LIMIT, body_timeout: LIMIT, write_stall_timeout: LIMIT, ..large() };
    let served = start(tight, router).await;
    let mut client = connect(&served).await;
    write(&mut client, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(LIMIT * 3).await;
    event.notify_one();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("eeee") {
        assert_ne!(soon("an event", client.read_buf(&mut seen)).await.unwrap(), 0);
    }
    stop(served).await;
    assert!(rest(&mut client).await.ends_with("0\r\n\r\n"), "the last chunk says the stream is whole");
}

#[tokio::test]
async fn silent_connections_make_room_and_delay_nobody() {
    let served = start(Limits { connections_max: 8, ..large() }, routes()).await;
    let mut silent = Vec::new();
    for i in 0..8 {
        let mut client = connect(&served).await;
        write(&mut client, ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"][i % 3]).await;
        silent.push(client);
    }
    // Young connections are spared, so the first tries may be refused; then the oldest make room.
    let served_again = async {
        loop {
            let mut client = connect(&served).await;
            let _ = client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
            if rest(&mut client).await.contains("hello") {
                return;
            }
            tokio::time::sleep(LIMIT / 10).await;
        }
    };
    soon("room", served_again).await;
    for _ in 0..50 {
        assert!(hello(&served).await.contains("hello"));
    }
}

#[tokio::test]
async fn above_the_cap_a_client_is_refused_at_once_and_work_goes_on() {
    let (entered, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, pass) = (entered.clone(), gate.clone());
    let slow = get(|| async move {
        enter.notify_one();
        pass.notified().await;
        "done"
    });
    let served = start(Limits { connections_max: 1, ..large() }, Router::new().route("/", slow)).await;
    let mut working = connect(&served).await;
    write(&mut working, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    soon("the handler", entered.notified()).await;
    let mut refused = connect(&served).await;
    let seen = rest(&mut refused).await;
    assert!(seen.starts_with("HTTP/1.1 503 ") && seen.contains(r#""code":"not_ready""#), "{seen}");
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{seen}");
    gate.notify_one();
    assert!(answer(&mut working).await.ends_with("done"));
}

#[tokio::test]
async fn a_stop_finishes_requests_and_closes_the_idle() {
    let (entered, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, pass) = (entered.clone(), gate.clone());
    let slow = get(|| async move {
        enter.notify_one();
        pass.notified().await;
        "done"
    });
    let served = start(large(), routes().route("/slow", slow)).await;
    let mut fresh = connect(&served).await;
    let mut half = connect(&served).await;
    write(&mut half, "GET / HT").await;
    let mut idle = connect(&served).await;
    write(&mut idle, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    answer(&mut idle).await;
    let mut working = connect(&served).await;
    write(&mut working, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    soon("the handler", entered.notified()).await;

    served.stop.send(true).unwrap();
    assert_eq!(rest(&mut fresh).await, "");
    assert_eq!(rest(&mut half).await, "");
    assert_eq!(rest(&mut idle).await, "");
    assert!(!served.done.is_finished(), "a request is in flight");
    gate.notify_one();
    assert!(rest(&mut working).await.ends_with("done"));
    soon("stopping", served.done).await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "the port is free");
}

#[tokio::test]
async fn an_answer_half_read_at_the_stop_arrives_whole() {
    const SIZE: usize = 16 << 20;
    let served = start(large(), Router::new().route("/", get(|| async { vec![b'x'; SIZE] }))).await;
    let mut client = connect(&served).await;
    write(&mut client, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 1_024];
    soon("the first bytes", client.read_exact(&mut first)).await.unwrap();
    served.stop.send(true).unwrap();
    tokio::time::sleep(HEADER_GRACE * 2).await;
    let seen = rest(&mut client).await;
    assert!(seen.len() > SIZE - first.len(), "{}", seen.len());
    soon("stopping", served.done).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stuck_request_does_not_hold_up_the_stop() {
    let entered = Arc::new(Notify::new());
    let enter = entered.clone();
    let stuck = get(|| async move {
        enter.notify_one();
        std::future::pending::<()>().await;
    });
    let served = start(Limits { stop_timeout: LIMIT, ..large() }, Router::new().route("/", stuck)).await;
    let mut client = connect(&served).await;
    write(&mut client, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    soon("the handler", entered.notified()).await;
    assert!(stop(served).await >= LIMIT);
    assert_eq!(rest(&mut client).await, "");
}

#[tokio::test]
async fn hundreds_of_slow_clients_delay_nobody() {
    let served = start(Limits { header_timeout: SOON, body_timeout: SOON, ..large() }, routes()).await;
    let mut slow = Vec::new();
    for i in 0..200 {
        let mut client = connect(&served).await;
        write(
            &mut client,
            ["", "GET", "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\na"][i % 3],
        )
        .await;
        slow.push(client);
    }
    for _ in 0..20 {
        let began = Instant::now();
        assert!(hello(&served).await.contains("hello"));
        assert!(began.elapsed() < SOON / 5, "{:?}", began.elapsed());
    }
}

#[test]
fn only_errors_of_one_client_are_passed_over() {
    assert!(passes_at_once(&io::ErrorKind::ConnectionAborted.into()));
    assert!(!passes_at_once(&io::Error::from_raw_os_error(24)), "EMFILE lasts");
}
