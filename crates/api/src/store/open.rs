//! Opening the store, and closing it again.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle};

use super::checkpoint::{Checkpointing, checkpoint, checkpoint_at, pages_in_log};
use super::checks::{CheckError, check, check_in_background};
use super::connection::{connect, keep_checkpoint_on_close, leave_log, prepare_for_writing};
use super::copies::copy_to;
use super::failure::StoreFailure;
use super::filesystem::{self, Journal};
use super::idempotency::KeysInFlight;
use super::lock::LockFile;
use super::log_mark::LogMark;
use super::open_files::{HeldFile, Loss, OpenFiles};
use super::page::{KeptPages, TaskPage};
use super::people::KeptSessions;
use super::readers::Readers;
use super::rescue::{self, Rescue};
use super::schedule::{BackupSchedule, LastBackup, Scheduler};
use super::schema::{self, Found, SchemaVersion};
use super::space::Space;
use super::warnings::Warnings;
use super::writer::{Access, Effect, Hooks, Writer};
use super::{OpenError, StoreError, backup, people, sqlite};
use crate::clock::SteadyClock;
use crate::domain::{ListId, ListQuery};

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
    /// Told of what is not as it should be.
    pub(super) warnings: Warnings,
    /// The most bytes the store's file may take.
    pub(super) most_bytes: Option<u64>,
}

/// Where reads are carried out.
pub(super) enum ReadOn {
    /// Connections of their own.
    Readers(Readers),
    /// The writer's connection, the only one that exclusive locking allows.
    Writer,
}

/// The store, open in this process.
pub(super) struct OpenStore {
    pub(super) path: PathBuf,
    pub(super) clock: SteadyClock,
    pub(super) keys_in_flight: KeysInFlight,
    pub(super) kept: KeptPages,
    pub(super) sessions: KeptSessions,
    pub(super) read_on: ReadOn,
    pub(super) writer: Writer,
    pub(super) writer_thread: JoinHandle<Connection>,
    pub(super) checkpointer: Option<(SyncSender<()>, JoinHandle<()>)>,
    pub(super) scheduler: Option<Scheduler>,
    /// Ends a check that is going on in the background.
    pub(super) stop_check: Option<(InterruptHandle, JoinHandle<()>)>,
    pub(super) files: Arc<OpenFiles>,
    pub(super) mark: Option<Arc<LogMark>>,
    pub(super) space: Arc<Space>,
    pub(super) warnings: Warnings,
    pub(super) rescue_to: Option<PathBuf>,
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
        let path = &location.path;
        let io_error = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        backup::recover(path).map_err(io_error)?;
        location.inspect(lock)?;
        // Before SQLite has the files open: closing any handle of a file drops the locks a process has on it.
        location.sync_what_was_left().map_err(io_error)?;
        let unclean = location.log_length() > 0;
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let held = HeldFile::open(path).map_err(io_error)?;
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
        schema::tell_difference(&connection, path);
        people::tell_setup_code(&connection);
        // What an earlier process left in the log goes into the store and is synced again here: a sync that failed
        // there may have left pages that look written and are not.
        checkpoint(&connection, location, "TRUNCATE").map_err(location.sqlite())?;
        keep_checkpoint_on_close(&connection).map_err(location.sqlite())?;
        lock.mark_store_exists(path).map_err(io_error)?;
        let mark = LogMark::begin(lock, path).map_err(io_error)?;
        let warnings = settings.warnings.clone();
        warnings.clear();
        let space = Arc::new(Space::of(path, settings.most_bytes, warnings.clone()));
        space.limit(&connection).map_err(location.sqlite())?;
        space.keep_reserve();

        let readers = match location.journal {
            Journal::Wal => Some(Readers::open(path).map_err(|source| OpenError::Pool {
                path: path.clone(),
                source,
            })?),
            Journal::Truncate => None,
        };
        let files = OpenFiles::record(location, lock, held, warnings.clone());
        let files = Arc::new(files.map_err(io_error)?);
        let mark = readers.is_some().then(|| Arc::new(mark));
        let checkpointer = match &mark {
            Some(mark) => {
                let checkpointing = Checkpointing {
                    location: location.clone(),
                    files: Arc::clone(&files),
                    mark: Arc::clone(mark),
                    space: Arc::clone(&space),
                    warnings: warnings.clone(),
                    most_bytes: settings.most_bytes,
                    failed: Arc::clone(failed),
                };
                Some(checkpointing.start()?)
            }
            None => None,
        };
        let read_on = readers.map_or(ReadOn::Writer, ReadOn::Readers);
        let wake = checkpointer.as_ref().map(|(wake, _)| wake.clone());
        let checkpoint_at = checkpoint_at(&space);
        let on_commit = move |connection: &Connection| {
            if let Some(wake) = &wake
                && pages_in_log(connection) >= checkpoint_at
            {
                // Full: it has been woken already.
                let _ = wake.try_send(());
            }
        };
        let before_answer = {
            let (files, mark) = (Arc::clone(&files), mark.clone());
            move || {
                if let Some(mark) = &mark {
                    mark.written();
                }
                files.check().is_ok()
            }
        };
        let clock = SteadyClock::start();
        let (writer, writer_thread) = Writer::start(
            connection,
            clock,
            Hooks {
                on_commit,
                before_answer,
                failed: Arc::clone(failed),
            },
            Access::ReadWrite(Arc::clone(&space)),
        )
        .map_err(io_error)?;
        let scheduler = match &settings.backups {
            Some(schedule) => {
                let copy_to = copy_to(location, &writer, settings.most_bytes);
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
            sessions: KeptSessions::default(),
            read_on,
            writer,
            writer_thread,
            checkpointer,
            scheduler,
            stop_check,
            files,
            mark,
            space,
            warnings,
            rescue_to: settings.backups.as_ref().map(|backups| backups.dir.clone()),
        })
    }

    /// Makes sure that the store's files are still where they were.
    pub(super) fn check_files(&self) -> Result<(), Loss> {
        self.files.check()
    }

    /// Whether there is space for a store that is only read.
    pub(super) fn has_space(&self) -> bool {
        self.space.has_space()
    }

    /// Saves what can be saved once [`Self::check_files`] has failed. Blocks. Nothing is written to the store any more.
    pub(super) fn rescue(&self) -> Rescue {
        let (path, files) = (self.path.clone(), Arc::clone(&self.files));
        let other = self.rescue_to.clone();
        self.writer
            .call(move |connection| rescue::rescue(connection, &path, &files, other.as_deref()))
            .unwrap_or_else(|| Rescue::Failed("the writer has ended".to_owned()))
    }

    /// A page, from memory where nothing was written since it was read.
    pub(super) async fn list(
        &self,
        list: ListId,
        query: ListQuery,
    ) -> Result<Arc<TaskPage>, StoreError> {
        let commit = self.writer.commits();
        if let Some(page) = self.kept.get(list, &query, commit) {
            return Ok(page);
        }
        let asked = query.clone();
        let page = Arc::new(
            self.read(move |connection| sqlite::page(connection, list, &asked))
                .await?,
        );
        self.kept.put(list, query, commit, &page);
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
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, Effect::Takes).await
    }

    /// As [`Self::write`], for what makes room: it is carried out also where no space is left.
    pub(super) async fn write_freeing<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, Effect::Frees).await
    }

    /// Makes sure that a write could be carried out, without one.
    pub(super) async fn check_writable(&self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let (space, reads_only) = (Arc::clone(&self.space), self.reads_only());
        self.writer
            .read(move |connection| {
                space.look_again();
                if reads_only || !space.has_room(connection)? {
                    return Err(StoreError::Full);
                }
                if filesystem::is_read_only(&path) {
                    return Err(StoreError::ReadOnly);
                }
                connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
                Ok(())
            })
            .await
    }

    /// Whether nothing is written because there was no space when it was opened.
    pub(super) fn reads_only(&self) -> bool {
        self.writer.reads_only()
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
            files,
            mark,
            warnings,
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
        if let (Some(mark), Ok(connection)) = (&mark, &connection)
            && let Err(error) = mark.end()
        {
            log::warn!("{}: the log stays beside it: {error}", path.display());
            leave_log(connection);
        }
        match connection.map(Connection::close) {
            Ok(Ok(())) => {}
            Ok(Err((_, error))) => log::error!("{}: closing failed: {error}", path.display()),
            Err(_panic) => log::error!("{}: the writer panicked", path.display()),
        }
        // Only now: see `HeldFile`.
        drop(files);
        warnings.clear();
    }
}
