//! The one writer: a single task that owns the one writing connection and commits in groups.
//!
//! Work waits in two bounded queues: live (webhook, a person's click) before bulk (ingest, workers). Up to
//! 64 live jobs share one transaction, without waiting to fill it; answers go out after the commit. A
//! decision reads its facts, decides and inserts inside that transaction, so decisions are serialized and
//! crash-safe by construction. The task never sees a request's future: a caller that gives up changes nothing.

mod task;

use crate::swipe::SwipeJob;
use crate::versions::Versions;
use crate::{Database, StoreError, engine};
use fraud::time::UnixMs;
use sqlx::AnyConnection;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use task::{Task, push_backlog};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Jobs in one transaction: enough to share a disk flush, few enough to keep it short.
const BATCH_MAX: usize = 64;
/// Live jobs that may wait; beyond it a swipe gets the fallback at once.
const LIVE_QUEUE_MAX: usize = 8_192;
/// Bulk jobs that may wait; an import then waits for its turn.
const BULK_QUEUE_MAX: usize = 64;
/// How long bulk work may hold the writer while live work could arrive.
const BULK_SLICE: Duration = Duration::from_millis(20);
/// Live batches between two bulk slices while live work never stops, so that imports still move.
const LIVE_BATCHES_PER_BULK: u32 = 8;
/// Stand-ins kept in memory until they can be written.
pub const BACKLOG_MAX: usize = 100_000;
/// How often an unwritable database is tried again.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// Change tags a slow listener may fall behind before it is told to refetch everything.
const TAGS_MAX: usize = 4_096;
/// Far more decisions than one writer makes in a millisecond.
const DECISIONS_PER_MS: i64 = 1_000;

/// Which queue a job waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Live,
    Bulk,
}

/// What changed, for listeners; never personal data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Tag {
    pub kind: &'static str,
    pub id: String,
}

impl Tag {
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Tag { kind, id: id.into() }
    }
}

/// What a job works with inside the transaction.
pub struct Tx<'c> {
    pub connection: &'c mut AnyConnection,
    /// Sent to listeners after the commit.
    pub tags: Vec<Tag>,
    pub versions: &'c Versions,
}

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// Tells the caller how its job ended, once the commit is known.
type Finish = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;
type Run =
    Box<dyn for<'a, 'c> FnOnce(&'a mut Tx<'c>) -> BoxFuture<'a, Result<Finish, (StoreError, Finish)>> + Send>;

pub(crate) enum Job {
    Swipe(Box<SwipeJob>),
    Run(Run),
    /// Moves the last of the log into the database between two transactions, so that the log begins anew.
    Checkpoint,
}

/// Numbers about the writer, for metrics and the bench.
#[derive(Debug, Default)]
pub struct Stats {
    pub live_depth: AtomicI64,
    pub bulk_depth: AtomicI64,
    pub batches: AtomicU64,
    pub jobs: AtomicU64,
    /// Microseconds in all batches, by stage.
    pub wait_us: AtomicU64,
    pub facts_us: AtomicU64,
    pub decide_us: AtomicU64,
    pub insert_us: AtomicU64,
    pub commit_us: AtomicU64,
    /// The latest decision's place in their order; only the writer's task moves it.
    decided_seq: AtomicI64,
}

impl Stats {
    /// The next place in the order of decisions: after every earlier one, and after those of an earlier run.
    pub(crate) fn next_decided(&self, received_at: UnixMs) -> i64 {
        let from_time = received_at.0.saturating_mul(DECISIONS_PER_MS);
        let before = self.decided_seq.load(Ordering::Relaxed);
        let next = from_time.max(before + 1);
        self.decided_seq.store(next, Ordering::Relaxed);
        next
    }

    pub(crate) fn add(counter: &AtomicU64, since: Instant) {
        counter.fetch_add(u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A handle to the writer.
#[derive(Clone)]
pub struct Writer {
    live: mpsc::Sender<Job>,
    bulk: mpsc::Sender<Job>,
    backlog: Arc<Mutex<VecDeque<SwipeJob>>>,
    tags: broadcast::Sender<Tag>,
    versions: watch::Receiver<Versions>,
    failing: watch::Receiver<Option<String>>,
    synchronous: Arc<str>,
    pub stats: Arc<Stats>,
}

impl Writer {
    /// Starts the writer; it ends, all accepted work done, once every handle is dropped.
    ///
    /// # Errors
    /// `StoreError` when its connection cannot be opened.
    pub async fn start(database: &Database) -> Result<(Self, tokio::task::JoinHandle<()>), StoreError> {
        let mut connection = database.writer_connection().await?;
        let synchronous = engine::read_synchronous(database.engine(), &mut connection).await?;
        if !matches!(synchronous.as_str(), "full" | "extra" | "on") {
            return Err(StoreError::Corrupt(format!(
                "commits are not flushed to the disk: synchronous is {synchronous}"
            )));
        }
        let versions = Versions::load(&mut connection).await?;
        let (live_tx, live) = mpsc::channel(LIVE_QUEUE_MAX);
        let (bulk_tx, bulk) = mpsc::channel(BULK_QUEUE_MAX);
        let (publish, watched) = watch::channel(versions.clone());
        let (failing, failing_rx) = watch::channel(None);
        let tags = broadcast::channel(TAGS_MAX).0;
        let backlog = Arc::new(Mutex::new(VecDeque::new()));
        let stats = Arc::new(Stats::default());
        let writer = Writer {
            live: live_tx,
            bulk: bulk_tx,
            backlog: backlog.clone(),
            tags: tags.clone(),
            versions: watched,
            failing: failing_rx,
            synchronous: synchronous.into(),
            stats: stats.clone(),
        };
        let task = Task {
            database: database.clone(),
            connection,
            live,
            bulk,
            backlog,
            tags,
            versions,
            publish,
            failing,
            stats,
        };
        Ok((writer, tokio::spawn(task.run())))
    }

    /// Runs `work` in the writer's next transaction and answers once it is durable.
    ///
    /// # Errors
    /// What `work` answers, or `Storage` when the commit fails, or `Busy` when the writer has stopped.
    pub async fn run<T, F>(&self, lane: Lane, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a, 'c> FnOnce(&'a mut Tx<'c>) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel::<Result<T, StoreError>>();
        let run: Run = Box::new(move |tx| {
            Box::pin(async move {
                match work(tx).await {
                    Ok(value) => {
                        let finish: Finish = Box::new(move |committed| {
                            // A caller that has gone away no longer needs the answer.
                            let _ = reply.send(committed.map(|()| value).map_err(StoreError::of_commit));
                        });
                        Ok(finish)
                    }
                    Err(error) => {
                        let copy = error.of_commit();
                        let finish: Finish = Box::new(move |_| {
                            let _ = reply.send(Err(error));
                        });
                        Err((copy, finish))
                    }
                }
            })
        });
        let (queue, depth) = match lane {
            Lane::Live => (&self.live, &self.stats.live_depth),
            Lane::Bulk => (&self.bulk, &self.stats.bulk_depth),
        };
        depth.fetch_add(1, Ordering::Relaxed);
        if queue.send(Job::Run(run)).await.is_err() {
            depth.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy("stopped"));
        }
        answer.await.unwrap_or(Err(StoreError::Busy("stopped")))
    }

    /// Moves the log of the database into it: the bulk on a connection of its own, while commits go on, then
    /// the little that came meanwhile on the writer's, where nothing can come between. Only then can the log
    /// begin anew instead of growing.
    ///
    /// # Errors
    /// `StoreError` when the engine refuses; the log then waits for the next time.
    pub async fn checkpoint(&self, database: &Database) -> Result<(), StoreError> {
        if database.checkpoint().await? {
            // A full queue means work enough: the next time will do.
            let _ = self
                .live
                .try_send(Job::Checkpoint)
                .map(|()| self.stats.live_depth.fetch_add(1, Ordering::Relaxed));
        }
        Ok(())
    }

    /// Hands a swipe to the writer; its ticket tells the decision. A full queue puts it among the stand-ins.
    pub fn submit(&self, job: SwipeJob) {
        self.stats.live_depth.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.live.try_send(Job::Swipe(Box::new(job))) {
            self.stats.live_depth.fetch_sub(1, Ordering::Relaxed);
            if let Job::Swipe(job) = error.into_inner() {
                job.ticket.fail();
                push_backlog(&self.backlog, *job);
            }
        }
    }

    /// What changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Tag> {
        self.tags.subscribe()
    }

    /// Tells whoever listens that something beside the database has changed.
    pub fn announce(&self, kind: &'static str, id: &str) {
        // Nobody may be listening.
        let _ = self.tags.send(Tag::new(kind, id));
    }

    /// The rules, stores and settings of the latest commit.
    pub fn versions(&self) -> Versions {
        self.versions.borrow().clone()
    }

    /// Why nothing can be written at present.
    pub fn failing(&self) -> Option<String> {
        self.failing.borrow().clone()
    }

    /// How the writer's own connection confirms a commit, read back from the engine.
    pub fn synchronous(&self) -> &str {
        &self.synchronous
    }

    pub fn is_running(&self) -> bool {
        !self.live.is_closed()
    }

    /// Answered swipes that are not recorded yet.
    pub fn backlog_len(&self) -> usize {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
