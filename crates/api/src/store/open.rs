//! Opening the store, and closing it again.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle};

use super::backup::BackupError;
use super::checkpoint::{CHECKPOINT_AT, checkpoint, pages_in_log, start_checkpointer};
use super::checks::{CheckError, check, check_in_background};
use super::connection::{connect, keep_checkpoint_on_close, prepare_for_writing};
use super::filesystem::{self, Journal};
use super::idempotency::KeysInFlight;
use super::keeper::StoreFailure;
use super::lock::LockFile;
use super::page::{KeptPages, TaskPage};
use super::readers::Readers;
use super::schedule::{BackupSchedule, CopyTo, LastBackup, Scheduler};
use super::schema::{self, Found, SchemaVersion};
use super::writer::Writer;
use super::{OpenError, StoreError, backup, sqlite};
use crate::clock::SteadyClock;
use crate::domain::ListQuery;

// Where copies and the schema's tests look for them.
pub(super) use super::connection::{BUSY_TIMEOUT, set_journal_mode};
pub(super) use super::location::{Location, beside, folder_of};

/// Up to this size, in bytes, a store is checked whole before it serves; a larger one that was closed cleanly is
/// checked while it serves.
const CHECK_FIRST_BELOW: u64 = 8 * 1024 * 1024;

/// What the store is opened with.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The newest schema version this binary knows.
    pub(super) known: SchemaVersion,
    /// Scheduled copies, if any are asked for.
    pub(super) backups: Option<BackupSchedule>,
    /// Told of each scheduled copy.
    pub(super) last_backup: LastBackup,
}

/// Where reads are carried out.
enum ReadOn {
    /// Connections of their own.
    Readers(Readers),
    /// The writer's connection, the only one that exclusive locking allows.
    Writer,
}

/// The store, open in this process.
pub(super) struct OpenStore {
    path: PathBuf,
    pub(super) clock: SteadyClock,
    pub(super) keys_in_flight: KeysInFlight,
    kept: KeptPages,
    read_on: ReadOn,
    writer: Writer,
    writer_thread: JoinHandle<Connection>,
    checkpointer: Option<(SyncSender<()>, JoinHandle<()>)>,
    scheduler: Option<Scheduler>,
    /// Ends a check that is going on in the background.
    stop_check: Option<(InterruptHandle, JoinHandle<()>)>,
}

/// What is told to the keeper by whatever finds out first.
pub(super) type OnFailure = Arc<dyn Fn(StoreFailure) + Send + Sync>;

impl OpenStore {
    /// Opens, checks and migrates the store. The caller holds the lock.
    pub(super) fn open(
        location: &Location,
        lock: &LockFile,
        settings: &Settings,
        failed: &OnFailure,
    ) -> Result<Self, OpenError> {
        let known = settings.known;
        location.inspect(lock)?;
        let path = &location.path;
        let io_error = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        // Before SQLite has the files open: closing any handle of a file drops the locks a process has on it.
        location.sync_what_was_left().map_err(io_error)?;
        let unclean = location.log_length() > 0;
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut connection = connect(location)?;
        if !unclean {
            // Should the file be refused, closing takes away the empty log that looking at it made.
            keep_checkpoint_on_close(&connection).map_err(location.sqlite())?;
        }
        let found = schema::recognise(&connection, path, known)?;
        let check_later =
            !unclean && length > CHECK_FIRST_BELOW && location.journal == Journal::Wal;
        if !check_later {
            match check(&connection, path) {
                Ok(()) => {}
                Err(CheckError::Damaged(error)) => return Err(error),
                // Nobody can interrupt this one.
                Err(CheckError::Interrupted) => {}
            }
        }
        prepare_for_writing(&connection, location)?;
        if let Found::Store(version) = found
            && version < known
        {
            backup::before_schema_step(&connection, path, version)?;
        }
        schema::migrate(&mut connection, found, known).map_err(|source| OpenError::Migration {
            path: path.clone(),
            source,
        })?;
        // What an earlier process left in the log goes into the store and is synced again here: a sync that failed
        // there may have left pages that look written and are not.
        checkpoint(&connection, location, "TRUNCATE").map_err(location.sqlite())?;
        keep_checkpoint_on_close(&connection).map_err(location.sqlite())?;
        lock.mark_store_exists(path).map_err(io_error)?;

        let (read_on, checkpointer) = match location.journal {
            Journal::Wal => {
                let readers = Readers::open(path).map_err(|source| OpenError::Pool {
                    path: path.clone(),
                    source,
                })?;
                let checkpointer = start_checkpointer(location, Arc::clone(failed))?;
                (ReadOn::Readers(readers), Some(checkpointer))
            }
            Journal::Truncate => (ReadOn::Writer, None),
        };
        let wake = checkpointer.as_ref().map(|(wake, _)| wake.clone());
        let on_commit = move |connection: &Connection| {
            if let Some(wake) = &wake
                && pages_in_log(connection) >= CHECKPOINT_AT
            {
                // Full: it has been woken already.
                let _ = wake.try_send(());
            }
        };
        let clock = SteadyClock::start();
        let (writer, writer_thread) =
            Writer::start(connection, clock, on_commit, Arc::clone(failed)).map_err(io_error)?;
        let scheduler = match &settings.backups {
            Some(schedule) => {
                let copy_to = copy_to(location, &writer);
                let last = settings.last_backup.clone();
                Some(Scheduler::start(schedule.clone(), last, copy_to).map_err(io_error)?)
            }
            None => None,
        };
        let stop_check = if check_later {
            Some(check_in_background(location, Arc::clone(failed))?)
        } else {
            None
        };
        Ok(Self {
            path: path.clone(),
            clock,
            keys_in_flight: KeysInFlight::default(),
            kept: KeptPages::default(),
            read_on,
            writer,
            writer_thread,
            checkpointer,
            scheduler,
            stop_check,
        })
    }

    /// A page, from memory where nothing was written since it was read.
    pub(super) async fn list(&self, query: ListQuery) -> Result<Arc<TaskPage>, StoreError> {
        let commit = self.writer.commits();
        if let Some(page) = self.kept.get(&query, commit) {
            return Ok(page);
        }
        let asked = query.clone();
        let page = Arc::new(
            self.read(move |connection| sqlite::page(connection, &asked))
                .await?,
        );
        self.kept.put(query, commit, &page);
        Ok(page)
    }

    /// Has `work` carried out on a connection that reads, off the asynchronous threads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.read_on {
            ReadOn::Readers(readers) => readers.read(work).await,
            ReadOn::Writer => self.writer.read(work).await,
        }
    }

    /// Has `work` carried out by the writer, in a transaction that is committed before this answers.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// Makes sure that a write could be carried out, without one.
    pub(super) async fn check_writable(&self) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.writer
            .read(move |connection| {
                if filesystem::is_read_only(&path) {
                    return Err(StoreError::ReadOnly);
                }
                connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
                Ok(())
            })
            .await
    }

    /// Finishes what waits, brings the log into the store and closes it. Blocks.
    pub(super) fn close(self) {
        let Self {
            path,
            read_on,
            writer,
            writer_thread,
            checkpointer,
            scheduler,
            stop_check,
            ..
        } = self;
        if let Some((interrupt, thread)) = stop_check {
            interrupt.interrupt();
            let _ = thread.join();
        }
        if let Some(scheduler) = scheduler {
            scheduler.stop();
        }
        writer.stop();
        let connection = writer_thread.join();
        if let Some((wake, thread)) = checkpointer {
            drop(wake);
            let _ = thread.join();
        }
        match read_on {
            ReadOn::Readers(readers) => readers.close(),
            ReadOn::Writer => {}
        }
        match connection.map(Connection::close) {
            Ok(Ok(())) => {}
            Ok(Err((_, error))) => log::error!("{}: closing failed: {error}", path.display()),
            Err(_panic) => log::error!("{}: the writer panicked", path.display()),
        }
    }
}

/// How scheduled copies are made: beside everything else where readers can be, else by the writer between two writes.
fn copy_to(location: &Location, writer: &Writer) -> CopyTo {
    match location.journal {
        Journal::Wal => {
            let path = location.path.clone();
            Box::new(move |target, should_stop| {
                backup::copy(&backup::open_for_reading(&path)?, target, should_stop)
            })
        }
        Journal::Truncate => {
            let writer = writer.clone();
            Box::new(move |target, _should_stop| {
                let target = target.to_owned();
                writer
                    .call(move |connection| backup::copy(connection, &target, &|| false))
                    .unwrap_or(Err(BackupError::Stopped))
            })
        }
    }
}
