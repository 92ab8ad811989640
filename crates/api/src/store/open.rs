//! Opening the store: looks before it touches, and refuses what it should not touch.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags};
use thiserror::Error;

use super::backup::BackupError;
use super::filesystem::{self, FileSystem, Journal};
use super::idempotency::KeysInFlight;
use super::keeper::StoreFailure;
use super::lock::LockFile;
use super::page::{KeptPages, TaskPage};
use super::readers::Readers;
use super::schedule::{BackupSchedule, CopyTo, LastBackup, Scheduler};
use super::schema::{self, Found, SchemaVersion};
use super::writer::Writer;
use super::{StoreError, backup, sqlite};
use crate::clock::SteadyClock;
use crate::domain::ListQuery;

/// Older libraries can corrupt a store when its log is reset.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long a statement waits for another program's lock. The web asks twice, and gives up after 3 s: both times it must
/// be told, though the second may have to wait for the end of somebody else's wait too (`LOCK_PATIENCE` of the writer).
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(700);
/// Pages in the log at which it is brought into the store in the background.
const CHECKPOINT_AT: i64 = 1_000;
/// Pages in the log at which the writer does it itself, should the background not keep up.
const CHECKPOINT_BACKSTOP: u32 = 16_384;
/// Up to this size, in bytes, a store is checked whole before it serves; a larger one that was closed cleanly is
/// checked while it serves.
const CHECK_FIRST_BELOW: u64 = 8 * 1024 * 1024;

/// Why a store was not opened. Where a file is to blame it was left as it was.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The SQLite this binary is linked with is too old.
    #[error("SQLite {0} can corrupt a store; build with 3.51.3 or newer")]
    OldLibrary(&'static str),
    /// The store's folder cannot be made or used.
    #[error(
        "DB_PATH: cannot use the folder {folder} as user {uid}: {source}; make it writable for that user (chown {uid} {folder})"
    )]
    Folder {
        /// Where the store should be.
        folder: PathBuf,
        /// Who this process is.
        uid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The store is on a share whose locks cannot be trusted.
    #[error(
        "DB_PATH: {0} is on an SMB share, where two hosts could write at once and corrupt it; use a local disk or an NFS share"
    )]
    Smb(PathBuf),
    /// There was a store, and there is none now.
    #[error("DB_PATH: {0} is {1}, but a store was there before; restore a copy, or delete {lock} to begin anew", lock = LockFile::path(.0).display())]
    Missing(PathBuf, &'static str),
    /// The file is something else.
    #[error("DB_PATH: {0} is not a Task Tracker store; name another file")]
    Foreign(PathBuf),
    /// The file was written by a newer version of this program.
    #[error(
        "DB_PATH: {path} has schema version {found}, this program knows {known}; start the newer program"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema version.
        found: i32,
        /// The newest one known here.
        known: i32,
    },
    /// The file's content contradicts itself.
    #[error("DB_PATH: {0} is damaged ({1}); restore a copy")]
    Damaged(PathBuf, String),
    /// A file of the store could not be read or written.
    #[error("DB_PATH: {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not open or prepare the store.
    #[error("DB_PATH: {path}: {source}")]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A schema step failed and was undone.
    #[error("DB_PATH: {path}: a schema step failed and was undone: {source}")]
    Migration {
        /// The store.
        path: PathBuf,
        /// Which step and why.
        source: rusqlite_migration::Error,
    },
    /// The connections for reading could not be opened.
    #[error("DB_PATH: {path}: {source}")]
    Pool {
        /// The store.
        path: PathBuf,
        /// What the pool said.
        source: r2d2::Error,
    },
}

impl OpenError {
    /// Whether another start would fail in the same way until somebody changes something.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::OldLibrary(_)
            | Self::Folder { .. }
            | Self::Smb(_)
            | Self::Missing(..)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Damaged(..) => true,
            Self::Io { .. } | Self::Sqlite { .. } | Self::Migration { .. } | Self::Pool { .. } => {
                false
            }
        }
    }
}

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

/// What the store is and where, found out before anything is opened.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) path: PathBuf,
    pub(super) journal: Journal,
}

impl Location {
    /// Makes the folder if need be and looks at what holds it. `journal` overrides what that asks for.
    pub(super) fn prepare(path: &Path, journal: Option<Journal>) -> Result<Self, OpenError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(OpenError::OldLibrary(rusqlite::version()));
        }
        let folder = folder_of(path);
        let unusable = |source| OpenError::Folder {
            folder: folder.to_owned(),
            uid: Uid::effective().as_raw(),
            source,
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        let file_system = FileSystem::of(folder).map_err(|error| unusable(error.into()))?;
        let journal = match (journal, file_system) {
            (Some(journal), file_system) => {
                log::warn!("DB_JOURNAL={journal} overrides what a store on {file_system} asks for");
                journal
            }
            (None, FileSystem::Local) => Journal::Wal,
            (None, FileSystem::Nfs) => Journal::Truncate,
            (None, FileSystem::Smb) => return Err(OpenError::Smb(path.to_owned())),
        };
        Ok(Self {
            path: path.to_owned(),
            journal,
        })
    }

    /// Opens the lock file.
    pub(super) fn lock_file(&self) -> Result<LockFile, OpenError> {
        LockFile::open(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::Folder {
                    folder: folder_of(&self.path).to_owned(),
                    uid: Uid::effective().as_raw(),
                    source,
                }
            }
            _ => OpenError::Io {
                path: LockFile::path(&self.path),
                source,
            },
        })
    }

    /// Looks at the file without SQLite, which would touch it: whether it can be ours at all.
    pub(super) fn inspect(&self, lock: &LockFile) -> Result<(), OpenError> {
        const MAGIC: &[u8] = b"SQLite format 3\0";
        let io_error = |source| OpenError::Io {
            path: self.path.clone(),
            source,
        };
        let existed = lock.store_existed().map_err(io_error)?;
        let has_log = self.log_length() > 0;
        let mut head = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file
                .take(MAGIC.len() as u64)
                .read_to_end(&mut head)
                .map_err(io_error)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && (existed || has_log) => {
                return Err(OpenError::Missing(self.path.clone(), "missing"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io_error(error)),
        };
        if head.is_empty() && (existed || has_log) {
            Err(OpenError::Missing(self.path.clone(), "empty"))
        } else if head.is_empty() || head == MAGIC || (!existed && self.is_half_made(&head)) {
            Ok(())
        } else {
            Err(OpenError::Foreign(self.path.clone()))
        }
    }

    /// Whether the power went while the very first transaction was written: the file's first sector has not arrived,
    /// others have, and the journal that SQLite takes it back with is there.
    fn is_half_made(&self, head: &[u8]) -> bool {
        let journal = fs::metadata(beside(&self.path, "-journal"));
        head.iter().all(|byte| *byte == 0) && journal.is_ok_and(|journal| journal.len() > 0)
    }

    /// Syncs the files an earlier process has left. One that was killed may have written what is visible here and yet
    /// not on the disk; it would be answered with, and be gone after a power cut.
    fn sync_what_was_left(&self) -> io::Result<()> {
        for suffix in ["", "-journal", "-wal"] {
            match filesystem::sync(&beside(&self.path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the store, which another process may have open, is newer than what a binary that knows `known` may
    /// serve; `None` also where that cannot be seen from outside.
    pub(super) fn newer_than(&self, known: SchemaVersion) -> Option<OpenError> {
        // `user_version` in the file's head, which is current once a schema step is done. It spares a connection.
        let mut version = [0; 4];
        File::open(&self.path)
            .and_then(|file| file.read_exact_at(&mut version, 60))
            .ok()?;
        if SchemaVersion::from_be_bytes(version) <= known || self.journal == Journal::Truncate {
            return None;
        }
        let connection = backup::open_for_reading(&self.path).ok()?;
        match schema::recognise(&connection, &self.path, known) {
            Err(error @ OpenError::Newer { .. }) => Some(error),
            _ => None,
        }
    }

    /// Length of the write-ahead log in bytes; a store that was closed cleanly has none.
    fn log_length(&self) -> u64 {
        fs::metadata(beside(&self.path, "-wal")).map_or(0, |metadata| metadata.len())
    }

    fn sqlite(&self) -> impl Fn(rusqlite::Error) -> OpenError + '_ {
        |source| OpenError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
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

/// Opens the writer's connection. Until all checks have passed it leaves the log alone when it closes.
fn connect(location: &Location) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        &location.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(location.sqlite())?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(location.sqlite())?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(location.sqlite())?;
    if location.journal == Journal::Truncate {
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(location.sqlite())?;
    }
    Ok(connection)
}

/// Pages of the file that each connection keeps, in KiB: half of what SQLite does by itself, since the system keeps them
/// for all connections together.
const CACHE_KIB: i64 = 1024;

/// What is set for each connection that serves requests, whether it writes or reads.
pub(super) fn prepare_for_requests(connection: &Connection) -> rusqlite::Result<()> {
    // SQLite is built with statistics (STAT4) here, and would plan a statement anew whenever a parameter that its plan
    // may depend on, such as the place a page begins at, has another value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

fn keep_checkpoint_on_close(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map(|_| ())
}

/// Why a check did not end well.
enum CheckError {
    /// The store is about to be closed.
    Interrupted,
    /// The store contradicts itself.
    Damaged(OpenError),
}

/// `PRAGMA quick_check`.
fn check(connection: &Connection, path: &Path) -> Result<(), CheckError> {
    let damaged = |found| CheckError::Damaged(OpenError::Damaged(path.to_owned(), found));
    let start = Instant::now();
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    log::debug!("quick_check took {:?}", start.elapsed());
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(found.replace('\n', " "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Err(CheckError::Interrupted)
        }
        Err(error) => Err(damaged(error.to_string())),
    }
}

/// Sets the connection up for writing.
fn prepare_for_writing(connection: &Connection, location: &Location) -> Result<(), OpenError> {
    let (mode, synchronous) = match location.journal {
        Journal::Wal => ("wal", "FULL"),
        Journal::Truncate => ("truncate", "EXTRA"),
    };
    let prepare = || -> rusqlite::Result<String> {
        let set = set_journal_mode(connection, mode)?;
        prepare_for_requests(connection)?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_BACKSTOP)?;
        Ok(set)
    };
    let set = prepare().map_err(location.sqlite())?;
    if set != mode {
        let source = io::Error::other(format!("the journal stays {set} where {mode} is needed"));
        return Err(OpenError::Io {
            path: location.path.clone(),
            source,
        });
    }
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Sets the journal mode and says which one it is now.
pub(super) fn set_journal_mode(connection: &Connection, mode: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("PRAGMA journal_mode = {mode}"))?;
    let mut rows = statement.query([])?;
    let set = match rows.next()? {
        Some(row) => row.get(0)?,
        None => return Err(rusqlite::Error::QueryReturnedNoRows),
    };
    // The file is changed only after the row: without this step a failure would go unseen, and the store would be
    // written in another mode than the one it says.
    while rows.next()?.is_some() {}
    // After quick_check SQLite leaves a read transaction open here, which holds up the checkpoint; the next read ends
    // it.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(set)
}

fn checkpoint(connection: &Connection, location: &Location, mode: &str) -> rusqlite::Result<()> {
    match location.journal {
        Journal::Wal => {
            connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
        }
        Journal::Truncate => Ok(()),
    }
}

/// How many pages of the log are not in the store yet.
fn pages_in_log(connection: &Connection) -> i64 {
    let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    let asked = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut statement| statement.query_row([], pages));
    asked.unwrap_or_default()
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

/// Checks a store that was closed cleanly while it serves already: the larger it is, the longer a start would take.
fn check_in_background(
    location: &Location,
    failed: OnFailure,
) -> Result<(InterruptHandle, JoinHandle<()>), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(&location.path, flags).map_err(location.sqlite())?;
    let interrupt = connection.get_interrupt_handle();
    let path = location.path.clone();
    let run = move || match check(&connection, &path) {
        Ok(()) => log::info!("the store was checked while serving: ok"),
        Err(CheckError::Interrupted) => {}
        Err(CheckError::Damaged(error)) => failed(StoreFailure::Open(error)),
    };
    let thread = thread::Builder::new()
        .name("store-check".to_owned())
        .spawn(run);
    let path = location.path.clone();
    thread
        .map(|thread| (interrupt, thread))
        .map_err(|source| OpenError::Io { path, source })
}

/// Starts the thread that brings the log into the store whenever it is woken, beside the writer.
fn start_checkpointer(
    location: &Location,
    failed: OnFailure,
) -> Result<(SyncSender<()>, JoinHandle<()>), OpenError> {
    let connection = connect(location)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(location.sqlite())?;
    let location = location.clone();
    let path = location.path.clone();
    let (wake, woken) = sync_channel(1);
    let run = move || {
        while woken.recv().is_ok() {
            match checkpoint(&connection, &location, "PASSIVE").map_err(StoreError::from) {
                Ok(()) => {}
                Err(failure @ StoreError::Untrusted(_)) => {
                    return failed(StoreFailure::Untrusted(failure));
                }
                Err(error) => log::warn!("the log was not brought into the store: {error}"),
            }
        }
    };
    let thread = thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(run);
    thread
        .map(|thread| (wake, thread))
        .map_err(|source| OpenError::Io { path, source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rusqlite::types::Value;

    use super::*;

    #[track_caller]
    fn assert_settings(connection: &Connection, expected: &[(&str, Value)]) {
        for (name, value) in expected {
            let set = connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0));
            assert_eq!(set.unwrap(), *value, "{name}");
        }
    }

    #[test]
    fn the_writer_has_all_its_settings() {
        for (journal, mode, synchronous, locking) in [
            (Journal::Wal, "wal", 2, "normal"),
            (Journal::Truncate, "truncate", 3, "exclusive"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tasks.db");
            let location = Location::prepare(&path, Some(journal)).unwrap();
            let connection = connect(&location).unwrap();
            prepare_for_writing(&connection, &location).unwrap();
            let expected = [
                ("busy_timeout", Value::Integer(700)),
                ("journal_mode", Value::Text(mode.to_owned())),
                ("locking_mode", Value::Text(locking.to_owned())),
                ("synchronous", Value::Integer(synchronous)),
                ("foreign_keys", Value::Integer(1)),
                ("trusted_schema", Value::Integer(0)),
                ("cache_size", Value::Integer(-CACHE_KIB)),
                ("cell_size_check", Value::Integer(1)),
            ];
            assert_settings(&connection, &expected);
        }
    }

    #[test]
    fn a_journal_that_stays_another_is_not_written_with() {
        // What is in memory has no log, whatever it is told.
        let connection = Connection::open_in_memory().unwrap();
        let location = Location {
            path: ":memory:".into(),
            journal: Journal::Wal,
        };
        let refused = prepare_for_writing(&connection, &location).unwrap_err();
        assert!(
            refused.to_string().contains("stays memory where wal"),
            "{refused}"
        );
    }
}
