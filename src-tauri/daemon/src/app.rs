//! What every handler and worker shares.

use crate::clock::Clock;
use crate::http::access::Keys;
use crate::latency::Latency;
use crate::metrics::Metrics;
use fraud::ids::CardId;
use fraud::time::UnixMs;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use store::{Database, StoreError, Writer, cards};
use tokio::sync::{Mutex, watch};

/// The daemon's state; no business state but what a stand-in needs when the database cannot be asked.
pub struct App {
    pub data_dir: PathBuf,
    pub database: Database,
    pub writer: Writer,
    pub clock: Clock,
    pub keys: Keys,
    pub desk_token: String,
    /// `Host` values that the desk listener answers to.
    pub desk_hosts: Vec<String>,
    pub partner_url: String,
    /// Keys the digests that recognise repeats.
    pub secret: Vec<u8>,
    pub started_at: UnixMs,
    pub metrics: Metrics,
    pub latency: Latency,
    pub http: reqwest::Client,
    /// For addresses on this machine: no proxy stands between.
    pub http_loopback: reqwest::Client,
    pub deactivated: Deactivated,
    pub replays: crate::replay::Replays,
    /// One step of the workers at a time, whether the timer or a test clock asks for it.
    pub stepping: Mutex<()>,
    pub delivering: Mutex<()>,
    pub stop: watch::Receiver<bool>,
}

/// Ids of deactivated cards: what is never approved, even when nothing can be read or written.
#[derive(Default)]
pub struct Deactivated(RwLock<HashSet<String>>);

impl Deactivated {
    pub fn contains(&self, card: &CardId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(card.as_str())
    }

    /// Reads the ids afresh.
    ///
    /// # Errors
    /// `StoreError` from the database.
    pub async fn reload(&self, database: &Database) -> Result<(), StoreError> {
        let ids = cards::deactivated_ids(database).await?.into_iter().collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ids;
        Ok(())
    }
}

impl App {
    pub fn is_demo(&self) -> bool {
        self.data_dir.join(crate::cli::demo::TRUTH_FILE).exists()
    }

    /// Why swipes cannot be decided at present.
    pub fn not_ready(&self) -> Option<String> {
        if !self.writer.is_running() {
            return Some("the writer has stopped".into());
        }
        self.writer.failing()
    }
}
