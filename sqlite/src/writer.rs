//! The one writer: a single task that owns the one writing connection and commits in groups.
//!
//! Work waits in two bounded queues: live (webhook, a person's click) before bulk (ingest, workers). Up to
//! 64 live jobs share one transaction, without waiting to fill it; answers go out after the commit. A
//! decision reads its facts, decides and inserts inside that transaction, so decisions are serialized and
//! crash-safe by construction. The task never sees a request's future: a caller that gives up changes nothing.

use crate::swipe::{self, SwipeJob};
use crate::versions::Versions;
use crate::{Database, StoreError, engine};
use sqlx::AnyConnection;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
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
    Swipe(SwipeJob),
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
    /// Unix milliseconds are not known here: counts up with every commit instead.
    pub commits: AtomicU64,
}

impl Stats {
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

struct Task {
    database: Database,
    connection: AnyConnection,
    live: mpsc::Receiver<Job>,
    bulk: mpsc::Receiver<Job>,
    backlog: Arc<Mutex<VecDeque<SwipeJob>>>,
    tags: broadcast::Sender<Tag>,
    versions: Versions,
    publish: watch::Sender<Versions>,
    failing: watch::Sender<Option<String>>,
    stats: Arc<Stats>,
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
            return Err(StoreError::Corrupt(format!("commits are not flushed to the disk: synchronous is {synchronous}")));
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
            let _ = self.live.try_send(Job::Checkpoint).map(|()| self.stats.live_depth.fetch_add(1, Ordering::Relaxed));
        }
        Ok(())
    }

    /// Hands a swipe to the writer; its ticket tells the decision. A full queue puts it among the stand-ins.
    pub fn submit(&self, job: SwipeJob) {
        self.stats.live_depth.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.live.try_send(Job::Swipe(job)) {
            self.stats.live_depth.fetch_sub(1, Ordering::Relaxed);
            if let Job::Swipe(job) = error.into_inner() {
                job.ticket.fail();
                push_backlog(&self.backlog, job);
            }
        }
    }

    /// What changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Tag> {
        self.tags.subscribe()
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

fn push_backlog(backlog: &Mutex<VecDeque<SwipeJob>>, job: SwipeJob) {
    let mut backlog = backlog.lock().unwrap_or_else(PoisonError::into_inner);
    if backlog.len() < BACKLOG_MAX {
        backlog.push_back(job);
    } else {
        tracing::error!(authorization.id = %job.authorization_id, "stand-in lost: too many wait to be recorded");
    }
}

impl Task {
    async fn run(mut self) {
        let mut live_batches = 0;
        loop {
            let failing = self.backlog_waits();
            if live_batches >= LIVE_BATCHES_PER_BULK
                && let Ok(job) = self.bulk.try_recv()
            {
                live_batches = 0;
                self.bulk_slice(job).await;
            }
            let first = tokio::select! {
                biased;
                job = self.live.recv() => job.map(|job| (Lane::Live, job)),
                job = self.bulk.recv() => job.map(|job| (Lane::Bulk, job)),
                () = tokio::time::sleep(RETRY_EVERY), if failing => {
                    self.live_batch(Vec::new()).await;
                    continue;
                }
            };
            match first {
                Some((Lane::Live, job)) => {
                    live_batches += 1;
                    let mut jobs = vec![job];
                    while jobs.len() < BATCH_MAX
                        && let Ok(job) = self.live.try_recv()
                    {
                        jobs.push(job);
                    }
                    self.stats.live_depth.fetch_sub(jobs.len() as i64, Ordering::Relaxed);
                    self.live_batch(jobs).await;
                }
                Some((Lane::Bulk, job)) => {
                    live_batches = 0;
                    self.bulk_slice(job).await;
                }
                None => {
                    // One sender is gone, so all are: the other queue may still hold work.
                    if self.drain().await {
                        return;
                    }
                }
            }
        }
    }

    fn backlog_waits(&self) -> bool {
        !self.backlog.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Finishes what was accepted; true once nothing is left.
    async fn drain(&mut self) -> bool {
        let mut jobs = Vec::new();
        while jobs.len() < BATCH_MAX
            && let Ok(job) = self.live.try_recv().or_else(|_| self.bulk.try_recv())
        {
            jobs.push(job);
        }
        let more = !jobs.is_empty();
        if more || self.backlog_waits() {
            self.live_batch(jobs).await;
        }
        !more
    }

    /// Bulk jobs until the slice is used up or live work waits, each in a transaction of its own.
    async fn bulk_slice(&mut self, first: Job) {
        let started = Instant::now();
        let mut next = Some(first);
        while let Some(job) = next {
            self.stats.bulk_depth.fetch_sub(1, Ordering::Relaxed);
            self.transact(vec![job]).await;
            next = (self.live.is_empty() && started.elapsed() < BULK_SLICE)
                .then(|| self.bulk.try_recv().ok())
                .flatten();
        }
    }

    /// What could not be written before goes first, so that a repeat of it is recognised.
    async fn live_batch(&mut self, jobs: Vec<Job>) {
        let waiting: Vec<Job> = {
            let mut backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
            let count = backlog.len().min(BATCH_MAX);
            backlog.drain(..count).map(Job::Swipe).collect()
        };
        if !waiting.is_empty() {
            self.transact(waiting).await;
        }
        if !jobs.is_empty() {
            self.transact(jobs).await;
        }
    }

    async fn transact(&mut self, jobs: Vec<Job>) {
        self.stats.batches.fetch_add(1, Ordering::Relaxed);
        self.stats.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        let (mut swipes, mut runs) = (Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Swipe(job) => swipes.push(job),
                Job::Run(run) => runs.push(run),
                Job::Checkpoint => {
                    if let Err(error) = engine::checkpoint(&mut self.connection).await {
                        tracing::warn!(%error, "the log could not be moved; it waits for the next time");
                    }
                }
            }
        }
        if swipes.is_empty() && runs.is_empty() {
            return;
        }
        for job in &swipes {
            Stats::add(&self.stats.wait_us, job.queued_at);
        }
        let mut finishes = Vec::new();
        match self.attempt(&mut swipes, runs, &mut finishes).await {
            Ok(tags) => self.committed(swipes, finishes, tags),
            Err(error) => self.failed(error, swipes, finishes).await,
        }
    }

    /// Everything between begin and commit. On an error the transaction is rolled back.
    async fn attempt(
        &mut self,
        swipes: &mut [SwipeJob],
        runs: Vec<Run>,
        finishes: &mut Vec<(Finish, bool)>,
    ) -> Result<Vec<Tag>, StoreError> {
        sqlx::query(self.database.engine().begin()).execute(&mut self.connection).await?;
        let done = self.work(swipes, runs, finishes).await;
        let committing = Instant::now();
        let done = match done {
            Ok(tags) => match sqlx::query("commit").execute(&mut self.connection).await {
                Ok(_) => Ok(tags),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
        Stats::add(&self.stats.commit_us, committing);
        if done.is_err() {
            // SQLite may have rolled back by itself, so an error here says nothing new.
            let _ = sqlx::query("rollback").execute(&mut self.connection).await;
        }
        done
    }

    async fn work(
        &mut self,
        swipes: &mut [SwipeJob],
        runs: Vec<Run>,
        finishes: &mut Vec<(Finish, bool)>,
    ) -> Result<Vec<Tag>, StoreError> {
        let mut tags = Vec::new();
        let alone = runs.len() == 1 && swipes.is_empty();
        for run in runs {
            if !alone {
                sqlx::query("savepoint job").execute(&mut self.connection).await?;
            }
            let mut tx = Tx { connection: &mut self.connection, tags: Vec::new(), versions: &self.versions };
            match run(&mut tx).await {
                Ok(finish) => {
                    tags.append(&mut tx.tags);
                    finishes.push((finish, true));
                    if !alone {
                        sqlx::query("release savepoint job").execute(&mut self.connection).await?;
                    }
                }
                Err((error, finish)) => {
                    finishes.push((finish, false));
                    if alone {
                        return Err(error);
                    }
                    sqlx::query("rollback to savepoint job").execute(&mut self.connection).await?;
                    sqlx::query("release savepoint job").execute(&mut self.connection).await?;
                }
            }
        }
        // After the jobs, so that a rule published or a card deactivated in this batch already counts.
        self.versions.refresh(&mut self.connection).await?;
        if !swipes.is_empty() {
            let mut tx = Tx { connection: &mut self.connection, tags: Vec::new(), versions: &self.versions };
            swipe::decide_all(&mut tx, swipes, &self.stats).await?;
            tags.append(&mut tx.tags);
        }
        Ok(tags)
    }

    fn committed(&mut self, swipes: Vec<SwipeJob>, finishes: Vec<(Finish, bool)>, tags: Vec<Tag>) {
        self.stats.commits.fetch_add(1, Ordering::Relaxed);
        self.failing.send_if_modified(|failing| failing.take().is_some());
        // Before the answers, so that whoever changed a rule reads the change.
        self.publish.send_if_modified(|published| {
            let moved = published.rules.version != self.versions.rules.version
                || published.settings.version != self.versions.settings.version
                || !Arc::ptr_eq(&published.stores, &self.versions.stores);
            if moved {
                *published = self.versions.clone();
            }
            moved
        });
        for (finish, _) in finishes {
            finish(Ok(()));
        }
        for job in swipes {
            if let Some(correction) = job.answer() {
                push_backlog(&self.backlog, correction);
            }
        }
        for tag in tags {
            // No listener is no fault.
            let _ = self.tags.send(tag);
        }
    }

    async fn failed(&mut self, error: StoreError, mut swipes: Vec<SwipeJob>, finishes: Vec<(Finish, bool)>) {
        for (finish, _) in finishes {
            finish(Err(&error));
        }
        let storage = matches!(error, StoreError::Storage(_));
        if !storage && swipes.len() > 1 {
            // One of them may be at fault: each gets a transaction of its own.
            for job in swipes {
                let mut one = [job];
                let attempt = self.attempt(&mut one, Vec::new(), &mut Vec::new()).await;
                let [job] = one;
                match attempt {
                    Ok(tags) => self.committed(vec![job], Vec::new(), tags),
                    Err(error) => self.give_up(&error, job),
                }
            }
            return;
        }
        if storage || !swipes.is_empty() {
            tracing::error!(error = %error, jobs = swipes.len(), "nothing can be written");
        }
        if storage {
            self.failing.send_replace(Some(error.to_string()));
            self.reconnect().await;
        }
        for job in swipes.drain(..) {
            self.give_up(&error, job);
        }
    }

    /// The swipe gets the fallback; it is recorded as soon as it can be, unless it itself is at fault.
    fn give_up(&self, error: &StoreError, job: SwipeJob) {
        job.ticket.fail();
        let retry = matches!(error, StoreError::Storage(_)) || job.tries < swipe::TRIES_MAX;
        if retry {
            push_backlog(&self.backlog, SwipeJob { tries: job.tries + 1, ..job });
        } else {
            tracing::error!(authorization.id = %job.authorization_id, error = %error, "swipe cannot be recorded");
        }
    }

    /// A connection that saw the disk fail may hold on to the failure; a new one does not.
    async fn reconnect(&mut self) {
        if let Ok(connection) = self.database.writer_connection().await {
            self.connection = connection;
        }
    }
}
