//! Brings the write-ahead log into the store.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::{LONGEST_LOG, connect};
use super::failure::StoreFailure;
use super::filesystem::Journal;
use super::location::{Location, beside};
use super::log_mark::LogMark;
use super::open::OnFailure;
use super::open_files::OpenFiles;
use super::space::{Space, number};
use super::warnings::{Subject, Warnings};
use super::{OpenError, StoreError};

/// Pages in the log at which it is brought into the store in the background.
const CHECKPOINT_AT: u64 = 1_000;
/// The fewest pages at which that is done, however small the reserve is.
const CHECKPOINT_AT_LEAST: u64 = 32;
/// A page, in bytes.
const PAGE: u64 = 4096;
/// How often the log's length, the space and the names of the store are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const MB: u64 = 1024 * 1024;
/// A log longer than this, in bytes, is warned of. Heavy writing alone makes it two thirds of that.
const WARN_OF_LOG: u64 = 96 * MB;
/// From this many percent of `MAX_STORE` on the store is warned of.
const WARN_OF_QUOTA: u64 = 80;

/// Pages in the log at which it is brought into the store: no more than there would be space for in the reserve.
pub(super) fn checkpoint_at(space: &Space) -> i64 {
    let pages = (space.target() / PAGE).clamp(CHECKPOINT_AT_LEAST, CHECKPOINT_AT);
    i64::try_from(pages).unwrap_or(i64::MAX)
}

pub(super) fn checkpoint(
    connection: &Connection,
    location: &Location,
    mode: &str,
) -> rusqlite::Result<()> {
    match location.journal {
        Journal::Wal => {
            connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
        }
        Journal::Truncate => Ok(()),
    }
}

/// How many pages of the log are not in the store yet.
pub(super) fn pages_in_log(connection: &Connection) -> i64 {
    let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    let asked = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut statement| statement.query_row([], pages));
    asked.unwrap_or_default()
}

/// What the thread that brings the log into the store goes by.
pub(super) struct Checkpointing {
    pub(super) location: Location,
    pub(super) files: Arc<OpenFiles>,
    pub(super) mark: Arc<LogMark>,
    pub(super) space: Arc<Space>,
    pub(super) warnings: Warnings,
    pub(super) most_bytes: Option<u64>,
    pub(super) failed: OnFailure,
}

impl Checkpointing {
    /// Starts the thread that brings the log into the store whenever it is woken, beside the writer, and that looks
    /// after the log's length, the space and the names of the store now and then.
    pub(super) fn start(self) -> Result<(SyncSender<()>, JoinHandle<()>), OpenError> {
        let sqlite = self.location.sqlite();
        let connection = connect(&self.location)?;
        // Nobody is to wait for this thread, nor this thread for others: it comes back soon.
        connection.busy_timeout(Duration::ZERO).map_err(&sqlite)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(&sqlite)?;
        drop(sqlite);
        let path = self.location.path.clone();
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || self.run(&connection, &woken));
        thread
            .map(|thread| (wake, thread))
            .map_err(|source| OpenError::Io { path, source })
    }

    fn run(&self, connection: &Connection, woken: &Receiver<()>) {
        let mut look_at = Instant::now() + LOOK_EVERY;
        loop {
            let left = look_at.saturating_duration_since(Instant::now());
            let outcome = match woken.recv_timeout(left) {
                Ok(()) => self.bring_in(connection, "PASSIVE"),
                Err(RecvTimeoutError::Timeout) => {
                    look_at = Instant::now() + LOOK_EVERY;
                    self.look(connection)
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match outcome {
                Ok(()) => {}
                Err(failure @ StoreError::Untrusted(_)) => {
                    return (self.failed)(StoreFailure::Untrusted(failure));
                }
                // Told by whoever wants to write.
                Err(StoreError::Full | StoreError::Locked) => {}
                Err(error) => log::warn!("the log was not brought into the store: {error}"),
            }
        }
    }

    fn bring_in(&self, connection: &Connection, mode: &str) -> Result<(), StoreError> {
        // Never into a file that somebody has put in the store's place.
        if self.files.check().is_err() {
            return Ok(());
        }
        checkpoint(connection, &self.location, mode)?;
        self.mark.brought_in(|| self.location.log_length() == 0);
        Ok(())
    }

    /// Looks whether all is as it should be, and shortens a log that has become long.
    fn look(&self, connection: &Connection) -> Result<(), StoreError> {
        self.files.look_for_other_names();
        if self.space.look_again() {
            self.space.keep_reserve();
        }
        if let Some(most) = self.most_bytes {
            self.look_at_quota(connection, most)?;
        }
        let outcome = match self.location.log_length() > u64::from(LONGEST_LOG) {
            true => self
                .bring_in(connection, "PASSIVE")
                .and_then(|()| self.bring_in(connection, "TRUNCATE")),
            false => Ok(()),
        };
        let length = self.location.log_length();
        if length > WARN_OF_LOG {
            self.warnings.begin(Subject::Log, || {
                format!(
                    "the log {} has grown to {} MB: a program that reads the store, or a copy being made, keeps it from \
                     being brought into the store; it shrinks once that ends",
                    beside(&self.location.path, "-wal").display(),
                    length / MB
                )
            });
        } else if length <= u64::from(LONGEST_LOG) {
            self.warnings.end(
                Subject::Log,
                "the log was brought into the store, and is short again",
            );
        }
        outcome
    }

    fn look_at_quota(&self, connection: &Connection, most: u64) -> rusqlite::Result<()> {
        let used = used_bytes(connection)?;
        let percent = used.saturating_mul(100) / most.max(1);
        if percent >= WARN_OF_QUOTA {
            self.warnings.begin(Subject::Quota, || {
                format!("the store takes {percent}% of MAX_STORE ({used} of {most} bytes): delete tasks, or raise it")
            });
        } else {
            let text = "the store takes less of MAX_STORE again";
            self.warnings.end(Subject::Quota, text);
        }
        Ok(())
    }
}

/// Bytes of the store's file that something is stored in.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = number(connection, "page_count")? - number(connection, "freelist_count")?;
    Ok(u64::try_from(pages * number(connection, "page_size")?).unwrap_or_default())
}
