//! Keeps one daemon running: adopts the one that answers, starts one otherwise, starts another when it ends.
//!
//! The daemon outlives the window, so it is started in its own process group and never killed on drop.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{DaemonState, Endpoint, Link, backoff::Backoff, process, ready};

/// Migrations of a large database come before the ready line.
const READY_WAIT: Duration = Duration::from_secs(60);
const HEALTHY_WAIT: Duration = Duration::from_secs(10);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
const HEALTH_POLL: Duration = Duration::from_millis(50);
const HEALTH_EVERY: Duration = Duration::from_secs(2);
/// One missed answer is a busy machine, three in a row are a daemon that hangs.
const HEALTH_MISSES_MAX: u32 = 3;
/// How soon the end of an adopted daemon, which is not our child, is noticed.
const ALIVE_POLL: Duration = Duration::from_millis(200);
const LOG_BOUND_EVERY: Duration = Duration::from_secs(60);
/// A ready line is one short object.
const READY_LINE_BYTES_MAX: u64 = 64 * 1024;

/// Runs for as long as the window lives, pausing while the daemon is stopped for good.
pub async fn run(link: Arc<Link>) {
    let log = log_path(&link.options.data_dir);
    let mut stopping = link.stopping.subscribe();
    loop {
        tokio::select! {
            () = supervise(&link) => {}
            () = keep_log_bounded(&log) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
        link.endpoint.send_replace(None);
        if stopping.wait_for(|stopping| !*stopping).await.is_err() {
            return;
        }
    }
}

async fn supervise(link: &Link) {
    let mut backoff = Backoff::default();
    let mut generation = 0;
    let mut failing = None;
    loop {
        generation += 1;
        let ended = one_life(link, generation).await;
        link.endpoint.send_replace(None);
        let worked = match ended {
            Ok(since) => {
                failing = None;
                link.set_status(
                    DaemonState::Restarting,
                    "The daemon ended and is being started again.",
                    false,
                );
                Instant::now().duration_since(since)
            }
            Err(reason) => {
                // Said once, however often it is tried again in vain.
                if failing.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "no daemon");
                }
                link.set_status(DaemonState::Down, reason.as_str(), false);
                failing = Some(reason);
                Duration::ZERO
            }
        };
        tokio::select! {
            () = tokio::time::sleep(backoff.after(worked)) => {}
            () = link.retry_now.notified() => {}
        }
    }
}

/// One life of a daemon, adopted or started: the time it came up, returned when it has ended.
///
/// # Errors
/// One sentence if none came up.
async fn one_life(link: &Link, generation: u64) -> Result<Instant, String> {
    let data_dir = &link.options.data_dir;
    if let Some(found) = ready::read(data_dir)
        && is_healthy(link, &found.desk_url).await
    {
        let up = come_up(link, found, generation, true)?;
        let alive = up.endpoint.pid.and_then(process::Alive::of);
        tokio::select! {
            () = watch_health(link, &up) => {}
            () = async {
                match alive {
                    Some(alive) => alive.ended(ALIVE_POLL).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
        return Ok(up.since);
    }

    let (mut child, stdout) = start(link)?;
    let (found, stdout) = wait_ready(&mut child, stdout, &log_path(data_dir)).await?;
    let health = async {
        while !is_healthy(link, &found.desk_url).await {
            tokio::time::sleep(HEALTH_POLL).await;
        }
    };
    if timeout(HEALTHY_WAIT, health).await.is_err() {
        return Err("The daemon started but does not answer.".to_owned());
    }
    let found = ready::Ready { pid: found.pid.or_else(|| child.id()), ..found };
    let up = come_up(link, found, generation, false)?;
    tokio::select! {
        () = watch_health(link, &up) => {}
        // Draining keeps the pipe open, so that a daemon that prints does not fail for it.
        () = drain(stdout) => { let _ = child.wait().await; }
        status = child.wait() => tracing::warn!(?status, "the daemon ended"),
    }
    Ok(up.since)
}

struct Up {
    endpoint: Endpoint,
    adopted: bool,
    since: Instant,
}

fn come_up(link: &Link, found: ready::Ready, generation: u64, adopted: bool) -> Result<Up, String> {
    let token = ready::read_token(&link.options.data_dir)?;
    let endpoint = Endpoint { base: found.desk_url, token: token.into(), pid: found.pid, generation };
    tracing::info!(pid = endpoint.pid, url = endpoint.base, adopted, "the daemon is up");
    link.endpoint.send_replace(Some(endpoint.clone()));
    link.set_status(DaemonState::Up, "The daemon is running.", adopted);
    Ok(Up { endpoint, adopted, since: Instant::now() })
}

/// Watches a living daemon; returns only when it is certain that it is not there.
async fn watch_health(link: &Link, up: &Up) {
    let mut misses = 0;
    loop {
        tokio::time::sleep(HEALTH_EVERY).await;
        let healthy = is_healthy(link, &up.endpoint.base).await;
        if healthy && misses >= HEALTH_MISSES_MAX {
            link.endpoint.send_replace(Some(up.endpoint.clone()));
            link.set_status(DaemonState::Up, "The daemon is running.", up.adopted);
        }
        misses = if healthy { 0 } else { misses + 1 };
        if misses < HEALTH_MISSES_MAX {
            continue;
        }
        if up.endpoint.pid.is_none() {
            return; // Without its number, silence is all that can be known of it.
        }
        link.endpoint.send_replace(None);
        let message = "The daemon is running but does not answer.";
        link.set_status(DaemonState::Down, message, up.adopted);
    }
}

async fn is_healthy(link: &Link, base: &str) -> bool {
    let request = link.http.get(format!("{base}/healthz")).timeout(HEALTH_TIMEOUT);
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}

fn start(link: &Link) -> Result<(Child, ChildStdout), String> {
    let options = &link.options;
    let cannot = |what: &Path, e: io::Error| format!("{} cannot be used: {e}", what.display());
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&options.data_dir)
        .map_err(|e| cannot(&options.data_dir, e))?;
    let log = log_path(&options.data_dir);
    process::bound_log(&log).map_err(|e| cannot(&log, e))?;
    let stderr = process::open_log(&log).map_err(|e| cannot(&log, e))?;

    let program = daemon_path().map_err(|e| format!("The daemon cannot be found: {e}"))?;
    let mut command = Command::new(&program);
    command.arg("serve").arg("--data-dir").arg(&options.data_dir);
    command.arg("--listen").arg(&options.listen);
    if let Some(time) = &options.test_clock {
        command.arg("--test-clock").arg(time);
    }
    // Its own group: Ctrl+C in the terminal of the window must not reach it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).process_group(0);
    let mut child =
        command.spawn().map_err(|e| format!("The daemon cannot be started: {}: {e}", program.display()))?;
    let stdout = child.stdout.take().ok_or("the daemon's stdout is not a pipe")?;
    Ok((child, stdout))
}

/// The daemon lies beside the window's program, in development and installed.
fn daemon_path() -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("cartwardend"))
}

async fn wait_ready(
    child: &mut Child,
    stdout: ChildStdout,
    log: &Path,
) -> Result<(ready::Ready, ChildStdout), String> {
    let mut line = String::new();
    let mut reader = BufReader::new(stdout.take(READY_LINE_BYTES_MAX));
    match timeout(READY_WAIT, reader.read_line(&mut line)).await {
        Ok(Ok(bytes)) if bytes > 0 => {
            let found = ready::parse(&line)?;
            Ok((found, reader.into_inner().into_inner()))
        }
        Ok(Ok(_)) => {
            let status = child.wait().await.map_or_else(|e| e.to_string(), |s| s.to_string());
            let words = process::last_words(log).unwrap_or_else(|| "it said nothing".to_owned());
            Err(format!("The daemon did not start ({status}): {words}"))
        }
        Ok(Err(e)) => Err(format!("The daemon's first line cannot be read: {e}")),
        Err(_) => Err(format!("The daemon is not ready after {} s.", READY_WAIT.as_secs())),
    }
}

async fn drain(mut stdout: ChildStdout) {
    let mut scratch = [0; 1024];
    while stdout.read(&mut scratch).await.is_ok_and(|bytes| bytes > 0) {}
}

async fn keep_log_bounded(log: &Path) {
    loop {
        tokio::time::sleep(LOG_BOUND_EVERY).await;
        if let Err(e) = process::bound_log(log) {
            tracing::warn!(error = %e, "the daemon's log cannot be kept bounded");
        }
    }
}

fn log_path(data_dir: &Path) -> PathBuf {
    data_dir.join("daemon.log")
}
