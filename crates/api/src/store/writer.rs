//! The one thread that writes.
//!
//! Changes wait in a bounded queue. The thread takes what waits together into one transaction, each change in a
//! savepoint of its own so that a refused one does not undo its neighbours, and answers only after COMMIT: what was
//! answered is on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::keeper::StoreFailure;
use super::open::OnFailure;
use super::{StoreError, filesystem, sqlite};
use crate::clock::SteadyClock;

/// Changes that may wait; one more is refused at once.
const QUEUE: usize = 1024;
/// Most changes in one transaction.
const BATCH: usize = 256;
/// Where another program kept the store locked for as long as a statement waits, changes that have waited longer than this
/// are not tried again after it: each would wait as long once more.
const LOCK_PATIENCE: Duration = Duration::from_millis(400);
/// How often expired idempotency keys are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// Most expired keys that one transaction forgets, so that it stays short.
const PURGE_MOST: usize = 1000;

/// One entry of the queue.
trait Job: Send {
    /// Carries the change out; true where it is to be kept.
    fn apply(&mut self, connection: &Connection) -> bool;
    /// Answers: with what `apply` found if its transaction was `committed`.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Since when it waits.
    fn asked_at(&self) -> Instant;
}

struct Change<T, F> {
    asked_at: Instant,
    work: Option<F>,
    found: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, StoreError> + Send> Job for Change<T, F> {
    fn apply(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let found = work(connection).map_err(|error| told_apart(connection, error));
        let keep = found.is_ok();
        self.found = Some(found);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.found, committed) {
            // What it was refused for does not depend on the commit.
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(found)), Ok(())) => Ok(found),
            (_, Err(failure)) => Err(failure),
            (None, Ok(())) => Err(StoreError::Stopped),
        };
        // Nobody listens any more where the client has gone; the change stays.
        let _ = self.reply.send(answer);
    }

    fn asked_at(&self) -> Instant {
        self.asked_at
    }
}

enum Entry {
    Write(Box<dyn Job>),
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Stop,
}

/// The way to the writing thread.
#[derive(Clone)]
pub(super) struct Writer {
    queue: SyncSender<Entry>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread with the connection it alone writes with. `failed` is told when a sync failed.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(
        connection: Connection,
        clock: SteadyClock,
        on_commit: impl Fn(&Connection) + Send + 'static,
        failed: OnFailure,
    ) -> io::Result<(Self, JoinHandle<Connection>)> {
        let (queue, entries) = sync_channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let thread = WriterThread {
            connection,
            entries,
            commits: Arc::clone(&commits),
            clock,
            on_commit,
            failed,
            was_locked: false,
            last_batch: 0,
            last_commit: Duration::ZERO,
        };
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run())?;
        Ok((Self { queue, commits }, handle))
    }

    /// How many transactions were committed since the start: what was read at one number is current for as long as
    /// the number stays.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Has `work` carried out in a transaction and waits for the commit.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Entry::Write(Box::new(Change {
            asked_at: Instant::now(),
            work: Some(work),
            found: None,
            reply,
        })))?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Has `work` carried out on the writer's connection, outside of any transaction.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Entry::Read(Box::new(move |connection| {
            let _ = reply.send(work(connection));
        })))?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Has `work` carried out on the writer's connection and blocks until it is; `None` where the writer has ended.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let read = move |connection: &Connection| {
            let _ = reply.send(work(connection));
        };
        self.queue.send(Entry::Read(Box::new(read))).ok()?;
        answer.blocking_recv().ok()
    }

    fn send(&self, entry: Entry) -> Result<(), StoreError> {
        self.queue.try_send(entry).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::QueueFull,
            TrySendError::Disconnected(_) => StoreError::Standby,
        })
    }

    /// Lets the thread finish what waits and end. Blocks while the queue is full.
    pub(super) fn stop(&self) {
        // The thread has ended already where nobody receives.
        let _ = self.queue.send(Entry::Stop);
    }
}

struct WriterThread<C> {
    connection: Connection,
    entries: Receiver<Entry>,
    commits: Arc<AtomicU64>,
    clock: SteadyClock,
    on_commit: C,
    failed: OnFailure,
    /// Whether another program kept the store locked when the last transaction was to begin.
    was_locked: bool,
    last_batch: usize,
    last_commit: Duration,
}

impl<C: Fn(&Connection)> WriterThread<C> {
    /// Works until told to stop, then gives the connection back.
    fn run(mut self) -> Connection {
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
        if self.was_locked {
            let out_of_patience = |job: &mut Box<dyn Job>| job.asked_at().elapsed() > LOCK_PATIENCE;
            for job in jobs.extract_if(.., out_of_patience) {
                job.answer(Err(StoreError::Locked));
            }
        }
        self.last_batch = jobs.len();
        let committed = match jobs.is_empty() {
            true => Ok(()),
            false => self.commit(&mut jobs),
        };
        let committed = committed.map_err(|error| told_apart(&self.connection, error));
        let failure = committed.as_ref().err().cloned();
        self.was_locked = matches!(failure, Some(StoreError::Locked));
        for job in jobs {
            job.answer(committed.clone());
        }
        if let Some(failure @ StoreError::Untrusted(_)) = failure {
            // Closing must not carry over into the store what may never have reached the log.
            let _ = self
                .connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            (self.failed)(StoreFailure::Untrusted(failure));
            return true;
        }
        (self.on_commit)(&self.connection);
        match next {
            Some(Entry::Stop) => true,
            Some(Entry::Read(read)) => {
                read(&self.connection);
                false
            }
            Some(Entry::Write(_)) | None => false,
        }
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

    /// Forgets expired idempotency keys and says when to look again.
    fn purge(&mut self) -> Duration {
        match sqlite::delete_expired_keys(&self.connection, self.clock.unix_seconds(), PURGE_MOST) {
            Ok(PURGE_MOST..) => Duration::from_millis(50),
            Ok(_) => PURGE_EVERY,
            Err(error) => {
                log::warn!("expired idempotency keys were not deleted: {error}");
                PURGE_EVERY
            }
        }
    }
}

/// To SQLite a write to a file system that has become read-only is any I/O error.
fn told_apart(connection: &Connection, error: StoreError) -> StoreError {
    match &error {
        StoreError::Sqlite(cause)
            if matches!(
                cause.sqlite_error_code(),
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
            ) && connection
                .path()
                .is_some_and(|path| filesystem::is_read_only(Path::new(path))) =>
        {
            StoreError::ReadOnly
        }
        _ => error,
    }
}

/// Carries one change out in a savepoint.
///
/// # Errors
/// When the transaction itself is lost, and with it the changes before this one.
fn apply(connection: &Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    connection.prepare_cached("SAVEPOINT change")?.execute([])?;
    let keep = catch_unwind(AssertUnwindSafe(|| job.apply(connection))).unwrap_or(false);
    if connection.is_autocommit() {
        // SQLite gave the whole transaction up, as it does on a full disk.
        return Err(StoreError::Full);
    }
    if !keep {
        connection
            .prepare_cached("ROLLBACK TO change")?
            .execute([])?;
    }
    connection.prepare_cached("RELEASE change")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use std::sync::Arc;

    use futures_util::future::join3;

    use super::*;

    fn insert(connection: &Connection, number: i64) -> Result<(), StoreError> {
        connection.execute("INSERT INTO t VALUES (?1)", [number])?;
        Ok(())
    }

    #[actix_web::test]
    async fn a_change_that_is_not_kept_leaves_nothing_and_its_neighbours_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let (writer, thread) =
            Writer::start(connection, SteadyClock::start(), |_| {}, Arc::new(|_| {})).unwrap();
        // Nothing is carried out before all of them wait: they share a transaction.
        let (release, held) = sync_channel::<()>(0);
        let hold = Entry::Read(Box::new(move |_| {
            let _ = held.recv();
        }));
        writer.send(hold).unwrap();
        let changes = join3(
            writer.write(|connection| insert(connection, 1)),
            writer.write(|connection| {
                insert(connection, 2)?;
                Err::<(), _>(StoreError::UnknownTask)
            }),
            writer.write(|connection| -> Result<(), StoreError> {
                insert(connection, 3)?;
                panic!("in the middle of a change")
            }),
        );
        let (changes, last) = tokio::join!(changes, async {
            let last = writer.write(|connection| insert(connection, 4));
            tokio::join!(last, async { drop(release) }).0
        });
        assert!(matches!(changes.0, Ok(())));
        assert!(matches!(changes.1, Err(StoreError::UnknownTask)));
        assert!(matches!(changes.2, Err(StoreError::Stopped)));
        assert!(matches!(last, Ok(())));
        assert_eq!(writer.commits(), 1);
        writer.stop();
        let connection = thread.join().unwrap();
        let mut statement = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
        let numbers = statement.query_map([], |row| row.get::<_, i64>(0));
        let numbers: Vec<_> = numbers.unwrap().map(Result::unwrap).collect();
        assert_eq!(numbers, [1, 4]);
    }
}
