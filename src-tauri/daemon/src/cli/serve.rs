//! `serve`: opens the data directory, starts the writer, the workers and both listeners.

use super::data_dir::{self, Ready};
use super::{Failure, Place, fail};
use crate::app::{App, Deactivated};
use crate::clock::Clock;
use crate::http::access::Keys;
use crate::http::serve::{Limits, serve as serve_http};
use crate::http::{desk, partner};
use crate::latency::Latency;
use crate::metrics::Metrics;
use crate::workers;
use fraud::time::UnixMs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Database, Lane, Writer, rules};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};

/// CONTRACT: exit within 10 s of SIGTERM; the listeners take at most 8 of them.
const WORKERS_STOP: Duration = Duration::from_secs(1);

async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure(format!("cannot listen on {address}: {error}")))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    vec![
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        address.to_string(),
    ]
}

pub async fn serve(
    place: &Place,
    listen: &str,
    desk_listen: &str,
    test: Option<UnixMs>,
) -> Result<(), Failure> {
    let _held = data_dir::hold(&place.data_dir)?;
    let (partner_listener, partner_address) = bind(listen).await?;
    let (desk_listener, desk_address) = bind(desk_listen).await?;
    if test.is_some() && !(partner_address.ip().is_loopback() && desk_address.ip().is_loopback()) {
        return fail("--test-clock is for loopback addresses only");
    }
    let database = Database::open(&place.location()?).await?;
    let (writer, writer_task) = Writer::start(&database).await?;
    let clock = Clock::new(test);
    let now = clock.now();
    writer.run(Lane::Live, move |tx| Box::pin(rules::seed(tx, now))).await?;
    let (stop, stopped) = watch::channel(false);
    let client = |builder: reqwest::ClientBuilder| builder.connect_timeout(Duration::from_secs(5)).build();
    let app = Arc::new(App {
        data_dir: place.data_dir.clone(),
        database: database.clone(),
        writer,
        keys: Keys::default(),
        desk_token: data_dir::desk_token(&place.data_dir)?,
        desk_hosts: hosts(desk_address),
        partner_url: format!("http://{partner_address}"),
        secret: data_dir::digest_secret(&place.data_dir)?,
        started_at: now,
        metrics: Metrics::new(),
        latency: Latency::new(),
        http: client(reqwest::Client::builder())?,
        http_loopback: client(reqwest::Client::builder().no_proxy())?,
        deactivated: Deactivated::default(),
        replays: crate::replay::Replays::default(),
        stepping: Mutex::new(()),
        delivering: Mutex::new(()),
        stop: stopped.clone(),
        clock,
    });
    app.keys.reload(&database).await?;
    app.deactivated.reload(&database).await?;
    let mut workers = workers::start(&app);
    let limits = Limits::default();
    let partner = tokio::spawn(serve_http(
        partner_listener,
        partner::router(app.clone()),
        limits.clone(),
        stopped.clone(),
    ));
    let desk = tokio::spawn(serve_http(desk_listener, desk::router(app.clone()), limits, stopped));
    let ready = Ready {
        event: "ready".into(),
        partner_url: format!("http://{partner_address}"),
        desk_url: format!("http://{desk_address}"),
        version: env!("CARGO_PKG_VERSION").into(),
        pid: std::process::id(),
    };
    data_dir::announce(&place.data_dir, &ready)?;
    println!("{}", serde_json::to_string(&ready)?);
    tracing::info!(partner = %ready.partner_url, desk = %ready.desk_url, "ready");
    until_told(&app).await?;
    tracing::info!("stopping: what is accepted is finished first");
    data_dir::withdraw(&place.data_dir);
    stop.send_replace(true);
    partner.await??;
    desk.await??;
    // A delivery under way is recorded as due again at the next start.
    let _ = tokio::time::timeout(WORKERS_STOP, async { while workers.join_next().await.is_some() {} }).await;
    workers.shutdown().await;
    // The last handle: the writer finishes what it accepted and ends.
    drop(app);
    let _ = tokio::time::timeout(WORKERS_STOP, writer_task).await;
    database.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn until_told(app: &App) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = writer_died(app) => return fail("the writer has stopped: nothing could be recorded"),
    }
    Ok(())
}

/// A daemon without its writer must not go on answering.
async fn writer_died(app: &App) {
    let mut timer = tokio::time::interval(Duration::from_millis(500));
    loop {
        timer.tick().await;
        if !app.writer.is_running() {
            return;
        }
    }
}
