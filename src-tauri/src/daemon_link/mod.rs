//! The link to `cartwardend`: keeps one running, knows where it listens, calls it and relays its events.
//!
//! Knows HTTP, processes and the data directory; knows nothing of Tauri, screens or SQL.

mod backoff;
mod call;
mod coalesce;
mod events;
mod process;
mod ready;
mod sse;
mod supervise;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::{clock, options::Options};

pub use call::{CallAnswer, CallRequest};
pub use events::follow as follow_events;
pub use supervise::run as supervise;

/// How long a call waits for a daemon that is starting: longer than a restart takes, shorter than a person's patience.
const UP_WAIT: Duration = Duration::from_secs(10);
/// How long a person's "Restart daemon" waits: a graceful stop may take 10 s, a start a few more.
const RESTART_WAIT: Duration = Duration::from_secs(20);

/// Why something did not happen, for the page: it tests `code` and shows `message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkError {
    pub code: &'static str,
    pub message: String,
}

impl LinkError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What the daemon is doing, as the page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaemonState {
    Starting,
    Up,
    Down,
    Restarting,
}

/// The daemon's state with the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaemonStatus {
    pub state: DaemonState,
    pub message: String,
    /// RFC 3339, when this state began.
    pub since: String,
    /// The running daemon was not started by this window.
    pub adopted: bool,
}

/// Where the daemon answers. The token stays in Rust: it is never serialized.
#[derive(Clone)]
pub(crate) struct Endpoint {
    base: String,
    token: Arc<str>,
    pid: Option<u32>,
    /// Counts connections, so that a caller can tell a new daemon from the one that failed it.
    generation: u64,
}

/// One per window; everything that talks to the daemon goes through it.
pub struct Link {
    options: Options,
    http: reqwest::Client,
    status: watch::Sender<DaemonStatus>,
    endpoint: watch::Sender<Option<Endpoint>>,
    stopping: watch::Sender<bool>,
    retry_now: Notify,
    notifications_due: Notify,
    /// The event stream began anew since notifications were last looked for.
    reconnected: AtomicBool,
}

impl Link {
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(options: Options) -> Result<Arc<Self>, reqwest::Error> {
        // Loopback must never go through a proxy of the environment.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(2)).build()?;
        let status = DaemonStatus {
            state: DaemonState::Starting,
            message: "The daemon is starting.".to_owned(),
            since: clock::now_text(),
            adopted: false,
        };
        Ok(Arc::new(Self {
            options,
            http,
            status: watch::channel(status).0,
            endpoint: watch::channel(None).0,
            stopping: watch::channel(false).0,
            retry_now: Notify::new(),
            notifications_due: Notify::new(),
            reconnected: AtomicBool::new(false),
        }))
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn status(&self) -> DaemonStatus {
        self.status.borrow().clone()
    }

    pub fn status_changes(&self) -> watch::Receiver<DaemonStatus> {
        self.status.subscribe()
    }

    /// Returns when a notification may be waiting in the daemon: true after the window was cut off from it.
    pub async fn notifications_due(&self) -> bool {
        self.notifications_due.notified().await;
        self.reconnected.swap(false, Ordering::Relaxed)
    }

    /// Asks the running daemon to stop and waits until the supervisor has a new one up.
    ///
    /// # Errors
    /// `daemon_down` if no new daemon answers in time, `daemon_stuck` if the old one cannot be stopped.
    pub async fn restart(&self) -> Result<(), LinkError> {
        let generation = self.endpoint.borrow().as_ref().map_or(0, |endpoint| endpoint.generation);
        let pid = self.running_pid();
        self.set_status(DaemonState::Restarting, "The daemon is restarting, as asked.", false);
        terminate(pid).await?;
        self.retry_now.notify_one();
        self.endpoint_after(generation, RESTART_WAIT).await.map(|_| ())
    }

    /// Stops the daemon for good: the supervisor starts no other.
    ///
    /// # Errors
    /// `daemon_stuck` if it cannot be stopped; it is supervised again.
    pub async fn stop(&self) -> Result<(), LinkError> {
        let pid = self.running_pid();
        self.stopping.send_replace(true);
        terminate(pid).await.inspect_err(|_| {
            self.stopping.send_replace(false);
        })
    }

    fn running_pid(&self) -> Option<u32> {
        let known = self.endpoint.borrow().as_ref().and_then(|endpoint| endpoint.pid);
        known.or_else(|| ready::read(&self.options.data_dir).and_then(|ready| ready.pid))
    }

    /// The daemon's address, waiting for it to be up.
    async fn endpoint(&self) -> Result<Endpoint, LinkError> {
        self.endpoint_after(0, UP_WAIT).await
    }

    /// The daemon's address once its generation exceeds `generation`.
    async fn endpoint_after(&self, generation: u64, wait: Duration) -> Result<Endpoint, LinkError> {
        let mut changes = self.endpoint.subscribe();
        let is_new = |e: &Option<Endpoint>| e.as_ref().is_some_and(|e| e.generation > generation);
        let found = tokio::time::timeout(wait, changes.wait_for(is_new)).await;
        match found {
            Ok(Ok(endpoint)) => endpoint.clone().ok_or_else(|| self.down()),
            Ok(Err(_)) | Err(_) => Err(self.down()),
        }
    }

    fn down(&self) -> LinkError {
        LinkError::new("daemon_down", self.status.borrow().message.clone())
    }

    /// Tells the page; `message` becomes a sentence of its own there.
    fn set_status(&self, state: DaemonState, message: impl Into<String>, adopted: bool) {
        let mut message = message.into();
        if !message.ends_with('.') {
            message.push('.');
        }
        self.status.send_if_modified(|status| {
            let same = status.state == state && status.message == message && status.adopted == adopted;
            if !same {
                let since = match status.state == state {
                    true => status.since.clone(),
                    false => clock::now_text(),
                };
                *status = DaemonStatus { state, message, since, adopted };
            }
            !same
        });
    }
}

async fn terminate(pid: Option<u32>) -> Result<(), LinkError> {
    match pid {
        Some(pid) => process::terminate(pid).await.map_err(|e| LinkError::new("daemon_stuck", e)),
        None => Ok(()),
    }
}
