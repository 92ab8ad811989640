//! What waits becomes transactions, and is answered after COMMIT.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Entry;
use super::job::{Job, apply, told_apart};
use super::settings::{Access, Hooks};
use crate::clock::SteadyClock;
use crate::store::connection::leave_log;
use crate::store::failure::StoreFailure;
use crate::store::space::Space;
use crate::store::{StoreError, people, sqlite};

/// Most changes in one transaction.
const BATCH: usize = 256;
/// Where another program kept the store locked for as long as a statement waits, changes that have waited longer than this
/// are not tried again after it: each would wait as long once more.
const LOCK_PATIENCE: Duration = Duration::from_millis(400);
/// How often what has expired is looked for.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// Most of a kind that one transaction forgets, so that it stays short.
const PURGE_MOST: usize = 1000;

/// What the thread works with.
pub(super) struct WriterThread<C, B> {
    connection: Connection,
    entries: Receiver<Entry>,
    commits: Arc<AtomicU64>,
    clock: SteadyClock,
    hooks: Hooks<C, B>,
    access: Access,
    /// Whether the store may not grow.
    limited: bool,
    /// Whether another program kept the store locked when the last transaction was to begin.
    was_locked: bool,
    last_batch: usize,
    last_commit: Duration,
}

impl<C: Fn(&Connection), B: Fn() -> bool> WriterThread<C, B> {
    /// A thread that has not begun.
    pub(super) fn new(
        connection: Connection,
        entries: Receiver<Entry>,
        commits: Arc<AtomicU64>,
        clock: SteadyClock,
        hooks: Hooks<C, B>,
        access: Access,
    ) -> Self {
        Self {
            connection,
            entries,
            commits,
            clock,
            hooks,
            access,
            limited: false,
            was_locked: false,
            last_batch: 0,
            last_commit: Duration::ZERO,
        }
    }

    /// Works until told to stop, then gives the connection back.
    pub(super) fn run(mut self) -> Connection {
        let mut purge_at = Instant::now();
        loop {
            if purge_at <= Instant::now() {
                purge_at = Instant::now() + self.purge();
            }
            match self
                .entries
                .recv_timeout(purge_at.saturating_duration_since(Instant::now()))
            {
                Ok(Entry::Write(first)) => {
                    if self.write_batch(first) {
                        return self.connection;
                    }
                }
                Ok(Entry::Read(read)) => read(&self.connection),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Entry::Stop) | Err(RecvTimeoutError::Disconnected) => return self.connection,
            }
        }
    }

    /// Writes `first` and what waits behind it; true where the thread is to stop afterwards.
    fn write_batch(&mut self, first: Box<dyn Job>) -> bool {
        let mut jobs = vec![first];
        let next = self.collect(&mut jobs);
        if std::mem::take(&mut self.was_locked) {
            let out_of_patience = |job: &mut Box<dyn Job>| job.asked_at().elapsed() > LOCK_PATIENCE;
            for job in jobs.extract_if(.., out_of_patience) {
                job.answer(Err(StoreError::Locked));
            }
        }
        self.last_batch = jobs.len();
        if let Err(failure) = self.carry_out(jobs) {
            leave_log(&self.connection);
            (self.hooks.failed)(StoreFailure::Untrusted(failure));
            return true;
        }
        (self.hooks.on_commit)(&self.connection);
        match next {
            Some(Entry::Stop) => true,
            Some(Entry::Read(read)) => {
                read(&self.connection);
                false
            }
            Some(Entry::Write(_)) | None => false,
        }
    }

    /// Carries changes out and answers them.
    ///
    /// # Errors
    /// Where the outcome of a transaction cannot be told.
    fn carry_out(&mut self, jobs: Vec<Box<dyn Job>>) -> Result<(), StoreError> {
        let Access::ReadWrite(space) = self.access.clone() else {
            return self.answer(jobs, Err(StoreError::Full));
        };
        space.look_again();
        self.keep_limit(&space);
        let mut jobs = match !self.limited || self.makes_room(&space) {
            true => jobs,
            false => self.refuse_takers(jobs)?,
        };
        let mut committed = self.try_commit(&mut jobs);
        let mut last_resort = false;
        while matches!(committed, Err(StoreError::Full)) || jobs.iter().any(|job| job.ran_out()) {
            space.ran_out();
            self.keep_limit(&space);
            // What was committed stays so; only what ran out is done again, if it makes room.
            let (again, done) = match committed {
                Ok(()) => jobs.into_iter().partition(|job| job.ran_out()),
                Err(_) => (jobs, Vec::new()),
            };
            self.answer(done, committed)?;
            jobs = self.refuse_takers(again)?;
            if last_resort {
                return self.answer(jobs, Err(StoreError::Full));
            }
            if !jobs.is_empty() {
                last_resort = true;
                if space.is_full() {
                    space.give_up_reserve();
                }
                self.makes_room(&space);
            }
            committed = self.try_commit(&mut jobs);
        }
        self.answer(jobs, committed)
    }

    /// Brings the log into the store, so that it can be written from its beginning again; whether the store takes more.
    fn makes_room(&self, space: &Space) -> bool {
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        if let Err(error) = self.connection.query_row(checkpoint, [], |_| Ok(())) {
            log::debug!("the log was not brought into the store: {error}");
        }
        space.has_room(&self.connection).unwrap_or(false)
    }

    /// Keeps the store from growing while there is no space, and lets it grow again.
    fn keep_limit(&mut self, space: &Space) {
        if space.is_full() != self.limited {
            match space.limit(&self.connection) {
                Ok(()) => self.limited = space.is_full(),
                Err(error) => log::warn!("the size of the store was not limited: {error}"),
            }
        }
    }

    /// Refuses what may need space, and gives back the rest.
    fn refuse_takers(&self, jobs: Vec<Box<dyn Job>>) -> Result<Vec<Box<dyn Job>>, StoreError> {
        let (free, take) = jobs.into_iter().partition(|job| job.frees());
        self.answer(take, Err(StoreError::Full))?;
        Ok(free)
    }

    /// Answers: with what was found where that was committed, and is in files that others can find.
    fn answer(
        &self,
        jobs: Vec<Box<dyn Job>>,
        committed: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let committed = match committed {
            Ok(()) if !jobs.is_empty() && !(self.hooks.before_answer)() => Err(StoreError::Standby),
            committed => committed,
        };
        for job in jobs {
            job.answer(committed.clone());
        }
        match committed {
            Err(failure @ StoreError::Untrusted(_)) => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn try_commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let committed = self
            .commit(jobs)
            .map_err(|error| told_apart(&self.connection, error));
        self.was_locked = matches!(committed, Err(StoreError::Locked));
        committed
    }

    /// Takes what waits. While fewer wait than the last transaction had, more are likely on their way: they are
    /// waited for, though never longer than the last commit took.
    fn collect(&self, jobs: &mut Vec<Box<dyn Job>>) -> Option<Entry> {
        let deadline = Instant::now() + self.last_commit;
        while jobs.len() < BATCH {
            let entry = match self.entries.try_recv() {
                Err(TryRecvError::Empty) if jobs.len() < self.last_batch => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    self.entries.recv_timeout(left).ok()
                }
                received => received.ok(),
            };
            match entry {
                Some(Entry::Write(job)) => jobs.push(job),
                other => return other,
            }
        }
        None
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let before = self.connection.total_changes();
        let applied = jobs
            .iter_mut()
            .try_for_each(|job| apply(&self.connection, job.as_mut()));
        let start = Instant::now();
        let committed = applied.and_then(|()| Ok(self.connection.execute_batch("COMMIT")?));
        self.last_commit = start.elapsed();
        match committed {
            Ok(()) => {
                if self.connection.total_changes() != before {
                    self.commits.fetch_add(1, Ordering::Release);
                }
                Ok(())
            }
            Err(failure) => {
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    // Neither done nor undone: only another process can tell from the file what holds.
                    return Err(StoreError::Untrusted(Arc::new(error)));
                }
                Err(failure)
            }
        }
    }

    /// Forgets what has expired, idempotency keys, sessions and invitations, and says when to look again.
    fn purge(&mut self) -> Duration {
        if matches!(self.access, Access::Read) {
            return PURGE_EVERY;
        }
        let (connection, now) = (&self.connection, self.clock.unix_seconds());
        let keys = sqlite::delete_expired_keys(connection, now, PURGE_MOST);
        let people = || people::delete_expired(connection, now, PURGE_MOST);
        match keys.and_then(|keys| Ok(keys.max(people()?))) {
            Ok(PURGE_MOST..) => Duration::from_millis(50),
            Ok(_) => PURGE_EVERY,
            Err(error) => {
                log::warn!("what has expired was not deleted: {error}");
                PURGE_EVERY
            }
        }
    }
}
