//! The writer's task: gathers jobs, commits them together, answers afterwards.

use super::*;
use crate::swipe::{self, SwipeJob};
use crate::versions::Versions;
use crate::{Database, StoreError, engine};
use sqlx::AnyConnection;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{broadcast, mpsc, watch};

pub(super) struct Task {
    pub(super) database: Database,
    pub(super) connection: AnyConnection,
    pub(super) live: mpsc::Receiver<Job>,
    pub(super) bulk: mpsc::Receiver<Job>,
    pub(super) backlog: Arc<Mutex<VecDeque<SwipeJob>>>,
    pub(super) tags: broadcast::Sender<Tag>,
    pub(super) versions: Versions,
    pub(super) publish: watch::Sender<Versions>,
    pub(super) failing: watch::Sender<Option<String>>,
    pub(super) stats: Arc<Stats>,
}

pub(super) fn push_backlog(backlog: &Mutex<VecDeque<SwipeJob>>, job: SwipeJob) {
    let mut backlog = backlog.lock().unwrap_or_else(PoisonError::into_inner);
    if backlog.len() < BACKLOG_MAX {
        backlog.push_back(job);
    } else {
        tracing::error!(authorization.id = %job.authorization_id, "stand-in lost: too many wait to be recorded");
    }
}

impl Task {
    pub(super) async fn run(mut self) {
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
            backlog.drain(..count).map(|job| Job::Swipe(Box::new(job))).collect()
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
                Job::Swipe(job) => swipes.push(*job),
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
        self.failing.send_if_modified(|failing| failing.take().is_some());
        // Before the answers, so that whoever changed a rule reads the change.
        self.publish.send_if_modified(|published| {
            let moved = !Arc::ptr_eq(&published.rules, &self.versions.rules)
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
