//! Connections that read, and what waits for them.
//!
//! A connection is taken from the pool once for all reads that wait, and carries them out one after the other on a
//! blocking thread: the busier it is, the fewer threads are woken. Where what was read is not taken as fast, because all
//! else is busy, the next ones wait for that: what nobody has taken yet is limited. Those who come as a crowd wait for the
//! crowd, those who come later do not.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection::{BUSY_TIMEOUT, prepare_for_requests};
use super::{StoreError, last_owner};

/// Connections, and threads that read at a time: one a processor. More were no faster, and each keeps pages of its own.
fn most_readers() -> u32 {
    let processors = thread::available_parallelism().map_or(2, NonZero::get);
    u32::try_from(processors).map_or(8, |processors| processors.clamp(2, 8))
}

/// A read is answered within this time: before the web gives up (3 s).
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// So many answers may wait to be taken, each at most a page of [`MAX_PAGE`](super::page::MAX_PAGE) bytes. Nothing else is
/// read meanwhile: here until half of them are taken, by the writer until one is.
pub(super) const MOST_UNTAKEN: usize = 32;

/// While more than so many reads wait, the newest comes first.
const CROWD: usize = 64;

type Read = Box<dyn FnOnce(Result<&Connection, StoreError>, Untaken) + Send>;

/// Connections that cannot write.
pub(super) struct Readers(Arc<Shared>);

/// A pool, and as many threads at most as it has connections.
struct Shared {
    connections: r2d2::Pool<SqliteConnectionManager>,
    queue: Mutex<Queue>,
    untaken: AtomicUsize,
}

/// An answer that was not taken yet, for as long as this lives.
struct Untaken(Arc<Shared>);

#[derive(Default)]
struct Queue {
    /// Each with when it came.
    waiting: VecDeque<(Instant, Read)>,
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
            untaken: AtomicUsize::new(0),
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
        let read = move |connection: Result<&Connection, StoreError>, untaken| {
            // Nobody listens any more where the client has gone.
            if !reply.is_closed() {
                let _ = reply.send((connection.and_then(work), untaken));
            }
        };
        self.0.queue(Box::new(read));
        let answer = timeout(READ_TIMEOUT, answer)
            .await
            .map_err(|_| StoreError::TimedOut)?;
        answer.map_or(Err(StoreError::Stopped), |(read, _untaken)| read)
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
        let now = Instant::now();
        // Whoever waits longer is told that it took too long.
        let is_too_old = |(came, _): &mut (Instant, Read)| now - *came > READ_TIMEOUT;
        while queue.waiting.pop_front_if(is_too_old).is_some() {}
        queue.waiting.push_back((now, read));
        self.set_to_work(queue);
    }

    /// Has one more thread carry out what waits, where there may be one more.
    fn set_to_work(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        if queue.at_work < self.connections.max_size() && !self.is_full() {
            queue.at_work += 1;
            drop(queue);
            let shared = Arc::clone(self);
            // Panics where the system has no thread left.
            let started = catch_unwind(AssertUnwindSafe(|| {
                let runtime = Handle::try_current().ok()?;
                Some(runtime.spawn_blocking(move || shared.carry_out()))
            }));
            if !matches!(started, Ok(Some(_))) {
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
    fn carry_out(self: Arc<Self>) {
        let connection = self.connections.get();
        while let Some(read) = self.next() {
            let connection = connection.as_deref().map_err(|_| StoreError::TimedOut);
            let untaken = Untaken::new(Arc::clone(&self));
            // What panicked answers nothing; the next one is not to blame.
            let _ = catch_unwind(AssertUnwindSafe(|| read(connection, untaken)));
        }
    }

    /// What is read next. Where nothing waits, or nothing may be read, this thread is no longer at work.
    fn next(&self) -> Option<Read> {
        let mut queue = self.lock();
        let next = if self.is_full() {
            None
        } else if queue.waiting.len() > CROWD {
            queue.waiting.pop_back()
        } else {
            queue.waiting.pop_front()
        };
        let next = next.map(|(_, read)| read);
        if next.is_none() {
            queue.at_work -= 1;
        }
        next
    }

    /// Whether nothing may be read before some of what was is taken. Whoever finds that holds the queue's lock, so that
    /// [`Untaken::drop`] comes after it and goes on.
    fn is_full(&self) -> bool {
        self.untaken.load(Ordering::SeqCst) >= MOST_UNTAKEN
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Untaken {
    fn new(shared: Arc<Shared>) -> Self {
        shared.untaken.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        let Self(shared) = self;
        if shared.untaken.fetch_sub(1, Ordering::SeqCst) == MOST_UNTAKEN / 2 {
            let queue = shared.lock();
            if !queue.waiting.is_empty() {
                shared.set_to_work(queue);
            }
        }
    }
}

#[cfg(test)]
mod tests;
