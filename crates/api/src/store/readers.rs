//! Connections that read, and what waits for them.
//!
//! A connection is taken from the pool once for all reads that wait, and carries them out one after the other on a
//! blocking thread: the busier it is, the fewer threads are woken.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::connection::{BUSY_TIMEOUT, prepare_for_requests};
use super::{StoreError, last_owner};

/// Connections, and threads that read at a time: one a processor. More were no faster, and each keeps pages of its own.
fn most_readers() -> u32 {
    let processors = thread::available_parallelism().map_or(2, NonZero::get);
    u32::try_from(processors).map_or(8, |processors| processors.clamp(2, 8))
}

/// A read is answered within this time: before the web gives up (3 s).
const READ_TIMEOUT: Duration = Duration::from_secs(2);

type Read = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

/// Connections that cannot write.
pub(super) struct Readers(Arc<Shared>);

/// A pool, and as many threads at most as it has connections.
struct Shared {
    connections: r2d2::Pool<SqliteConnectionManager>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Read>,
    /// Threads that carry reads out.
    at_work: u32,
}

impl Readers {
    /// Opens all of the connections.
    ///
    /// # Errors
    /// When one cannot be opened or prepared.
    pub(super) fn open(path: &Path) -> Result<Self, r2d2::Error> {
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| {
                connection.busy_timeout(BUSY_TIMEOUT)?;
                prepare_for_requests(connection)?;
                connection.pragma_update(None, "query_only", true)
            });
        let connections = r2d2::Pool::builder()
            // All from the start: one that is still being opened when the store closes would leave the log behind.
            .max_size(most_readers())
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(BUSY_TIMEOUT)
            .build(manager)?;
        Ok(Self(Arc::new(Shared {
            connections,
            queue: Mutex::default(),
        })))
    }

    /// Has `work` carried out, off the asynchronous threads.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] where there is no answer within [`READ_TIMEOUT`], or what `work` says.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let read = move |connection: Result<&Connection, StoreError>| {
            // Nobody listens any more where the client has gone.
            if !reply.is_closed() {
                let _ = reply.send(connection.and_then(work));
            }
        };
        self.0.queue(Box::new(read));
        timeout(READ_TIMEOUT, answer)
            .await
            .map_err(|_| StoreError::TimedOut)?
            .unwrap_or(Err(StoreError::Stopped))
    }

    /// Closes all of the connections. Blocks until nobody uses one: a read goes on where the client has gone, and once
    /// the store is another process's, none of its connections may be open here.
    pub(super) fn close(self) {
        drop(last_owner(self.0));
    }
}

impl Shared {
    fn queue(self: &Arc<Self>, read: Read) {
        let mut queue = self.lock();
        queue.waiting.push_back(read);
        if queue.at_work < self.connections.max_size() {
            queue.at_work += 1;
            drop(queue);
            let shared = Arc::clone(self);
            // Panics where the system has no thread left.
            let started = catch_unwind(AssertUnwindSafe(|| {
                spawn_blocking(move || shared.carry_out())
            }));
            if started.is_err() {
                let mut queue = self.lock();
                queue.at_work -= 1;
                if queue.at_work == 0 {
                    // Nobody will come for them: they are answered that it cannot be done.
                    queue.waiting.clear();
                }
            }
        }
    }

    /// Carries out what waits until nothing does.
    fn carry_out(&self) {
        let connection = self.connections.get();
        while let Some(read) = self.next() {
            let connection = connection.as_deref().map_err(|_| StoreError::TimedOut);
            // What panicked answers nothing; the next one is not to blame.
            let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
        }
    }

    /// What waits longest. Where nothing does, this thread is no longer at work.
    fn next(&self) -> Option<Read> {
        let mut queue = self.lock();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.at_work -= 1;
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::future::join_all;
    use rusqlite::ErrorCode;

    use super::*;

    fn readers() -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch("CREATE TABLE t (x)").unwrap();
        let readers = Readers::open(&path).unwrap();
        (folder, readers)
    }

    #[test]
    fn they_have_all_their_settings_and_cannot_write() {
        let (_folder, readers) = readers();
        let all: Vec<_> = (0..readers.0.connections.max_size())
            .map(|_| readers.0.connections.get().unwrap())
            .collect();
        for reader in all {
            for (name, expected) in [
                ("busy_timeout", 700),
                ("query_only", 1),
                ("trusted_schema", 0),
                ("cache_size", -1024),
                ("cell_size_check", 1),
            ] {
                let set = reader.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
                assert_eq!(set.unwrap(), expected, "{name}");
            }
            let written = reader.execute("INSERT INTO t VALUES (1)", []);
            let code = written.unwrap_err().sqlite_error_code();
            assert_eq!(code, Some(ErrorCode::ReadOnly));
        }
    }

    #[actix_web::test]
    async fn they_are_closed_once_what_nobody_waits_for_any_more_is_done() {
        let (_folder, readers) = readers();
        let (began, done) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let read = readers.read({
            let (began, done) = (Arc::clone(&began), Arc::clone(&done));
            move |connection| {
                began.store(true, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(100));
                let found = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0));
                done.store(true, Ordering::Relaxed);
                Ok(found.map(|_: i64| ())?)
            }
        });
        let gone = async {
            while !began.load(Ordering::Relaxed) {
                actix_web::rt::task::yield_now().await;
            }
        };
        futures_util::future::select(Box::pin(read), Box::pin(gone)).await;
        assert!(!done.load(Ordering::Relaxed));
        readers.close();
        assert!(done.load(Ordering::Relaxed));
    }

    #[actix_web::test]
    async fn a_hundred_at_once_are_carried_out_by_few_threads_also_after_panics() {
        let (_folder, readers) = readers();
        for _ in 0..2 {
            let reads = (0..100).map(|number| {
                readers.read(move |connection| {
                    thread::sleep(Duration::from_millis(1));
                    if number % 10 == 0 {
                        panic!("in the middle of a read");
                    }
                    let thread = thread::current().id();
                    let query = "SELECT count(*) + ?1 FROM t";
                    let found =
                        connection.query_row(query, [number], |row| row.get::<_, i32>(0))?;
                    Ok((found, thread))
                })
            });
            let answers = join_all(reads).await;
            let mut threads = std::collections::HashSet::new();
            for (number, answer) in (0..).zip(answers) {
                match answer {
                    Err(StoreError::Stopped) if number % 10 == 0 => {}
                    Ok((found, thread)) if found == number => {
                        threads.insert(thread);
                    }
                    other => panic!("{number}: {other:?}"),
                }
            }
            assert!(
                threads.len() <= readers.0.connections.max_size() as usize,
                "{}",
                threads.len()
            );
        }
    }
}
