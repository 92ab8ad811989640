//! The one thread that writes.
//!
//! Changes wait in a bounded queue. The thread takes what waits together into one transaction, each change in a
//! savepoint of its own so that a refused one does not undo its neighbours, and answers only after COMMIT: what was
//! answered is on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use std::{io, thread};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use self::job::{Change, Job};
use self::transactions::WriterThread;
use super::StoreError;
use super::readers::{MOST_UNTAKEN, READ_TIMEOUT};
use crate::clock::SteadyClock;

mod job;
mod settings;
mod transactions;

pub(super) use self::job::Effect;
pub(super) use self::settings::{Access, Hooks};

/// Changes that may wait; one more is refused at once. Fewer than there can be connections.
const QUEUE: usize = 512;

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
    reads_only: bool,
    /// Turns of reads, each from when it is queued until its answer is taken.
    reads: Arc<Semaphore>,
}

impl Writer {
    /// Starts the thread with the connection it alone writes with.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(
        connection: Connection,
        clock: SteadyClock,
        hooks: Hooks<impl Fn(&Connection) + Send + 'static, impl Fn() -> bool + Send + 'static>,
        access: Access,
    ) -> io::Result<(Self, JoinHandle<Connection>)> {
        let (queue, entries) = sync_channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let reads_only = matches!(access, Access::Read);
        let thread = WriterThread::new(
            connection,
            entries,
            Arc::clone(&commits),
            clock,
            hooks,
            access,
        );
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run())?;
        let writer = Self {
            queue,
            commits,
            reads_only,
            reads: Arc::new(Semaphore::new(MOST_UNTAKEN)),
        };
        Ok((writer, handle))
    }

    /// Whether every change is refused.
    pub(super) fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// How many transactions were committed since the start: what was read at one number is current for as long as
    /// the number stays.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Has `work` carried out in a transaction and waits for the commit.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
        effect: Effect,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Entry::Write(Box::new(Change {
            asked_at: Instant::now(),
            work,
            effect,
            found: None,
            reply,
        })))?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Has `work` carried out on the writer's connection, outside of any transaction.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] where there is no answer within [`READ_TIMEOUT`], what keeps it from being asked, or what
    /// `work` says.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read = async {
            let _turn = self.reads.acquire().await;
            let (reply, answer) = oneshot::channel();
            self.send(Entry::Read(Box::new(move |connection| {
                // Nobody listens any more where the client has gone.
                if !reply.is_closed() {
                    let _ = reply.send(work(connection));
                }
            })))?;
            answer.await.unwrap_or(Err(StoreError::Stopped))
        };
        let answer = timeout(READ_TIMEOUT, read).await;
        answer.unwrap_or(Err(StoreError::TimedOut))
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

#[cfg(test)]
mod tests;
