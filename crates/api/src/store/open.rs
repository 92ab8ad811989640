//! Opening the store: looks before it touches, and refuses what it should not touch.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::Uid;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use thiserror::Error;

use super::filesystem::{FileSystem, Journal};
use super::idempotency::KeysInFlight;
use super::lock::LockFile;
use super::page::{KeptPages, TaskPage};
use super::writer::Writer;
use super::{StoreError, sqlite};
use crate::clock::SteadyClock;
use crate::task::ListQuery;

/// Older libraries can corrupt a store when its log is reset.
const OLDEST_SQLITE: i32 = 3_051_003;
/// "Task" in ASCII, see the first migration.
const APPLICATION_ID: i32 = 0x5461_736b;
/// How long a statement waits for another program's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections that read.
const READERS: u32 = 4;
/// A log longer than this, in bytes, is brought into the store in the background.
const CHECKPOINT_AT: u64 = 4 * 1024 * 1024;
/// Pages in the log at which the writer does it itself, should the background not keep up.
const CHECKPOINT_BACKSTOP: u32 = 16_384;
/// Up to this size, in bytes, a store is checked whole before it serves; a larger one that was closed cleanly is
/// checked while it serves.
const CHECK_FIRST_BELOW: u64 = 8 * 1024 * 1024;

static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(vec![M::up(include_str!("../../migrations/0001-tasks.sql"))]));
/// How many schema steps this binary knows.
const SCHEMA_VERSION: i32 = 1;

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

/// What the store is and where, found out before anything is opened.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) path: PathBuf,
    pub(super) journal: Journal,
}

impl Location {
    /// Makes the folder if need be and looks at what holds it.
    pub(super) fn prepare(path: &Path) -> Result<Self, OpenError> {
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
        let journal = match FileSystem::of(folder).map_err(|error| unusable(error.into()))? {
            FileSystem::Local => Journal::Wal,
            FileSystem::Nfs => Journal::Truncate,
            FileSystem::Smb => return Err(OpenError::Smb(path.to_owned())),
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
        } else if head.is_empty() || head == MAGIC {
            Ok(())
        } else {
            Err(OpenError::Foreign(self.path.clone()))
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

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Where reads are carried out.
enum Readers {
    /// On connections of their own that cannot write.
    Pool(r2d2::Pool<SqliteConnectionManager>),
    /// On the writer's connection, the only one that exclusive locking allows.
    Writer,
}

/// The store, open in this process.
pub(super) struct OpenStore {
    path: PathBuf,
    pub(super) clock: SteadyClock,
    pub(super) keys_in_flight: KeysInFlight,
    kept: KeptPages,
    readers: Readers,
    writer: Writer,
    writer_thread: JoinHandle<Connection>,
    checkpointer: Option<(SyncSender<()>, JoinHandle<()>)>,
}

impl OpenStore {
    /// Opens, checks and migrates the store. The caller holds the lock.
    pub(super) fn open(
        location: &Location,
        lock: &LockFile,
        untrusted: Arc<dyn Fn(StoreError) + Send + Sync>,
    ) -> Result<Self, OpenError> {
        location.inspect(lock)?;
        let path = &location.path;
        let io_error = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let unclean = location.log_length() > 0;
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut connection = connect(location)?;
        recognise(&connection, location)?;
        let check_later =
            !unclean && length > CHECK_FIRST_BELOW && location.journal == Journal::Wal;
        if !check_later {
            check(&connection, path)?;
        }
        migrate(&mut connection, location)?;
        // What an earlier process left in the log goes into the store and is synced again here: a sync that failed
        // there may have left pages that look written and are not.
        checkpoint(&connection, location, "TRUNCATE").map_err(location.sqlite())?;
        keep_checkpoint_on_close(&connection).map_err(location.sqlite())?;
        lock.mark_store_exists().map_err(io_error)?;
        File::open(folder_of(path))
            .and_then(|folder| folder.sync_all())
            .map_err(io_error)?;

        let (readers, checkpointer) = match location.journal {
            Journal::Wal => (
                Readers::Pool(reader_pool(path)?),
                Some(start_checkpointer(location, Arc::clone(&untrusted))?),
            ),
            Journal::Truncate => (Readers::Writer, None),
        };
        let wake = checkpointer.as_ref().map(|(wake, _)| wake.clone());
        let log = beside(path, "-wal");
        let on_commit = move || {
            if let Some(wake) = &wake
                && fs::metadata(&log).is_ok_and(|metadata| metadata.len() > CHECKPOINT_AT)
            {
                // Full: it has been woken already.
                let _ = wake.try_send(());
            }
        };
        let clock = SteadyClock::start();
        let (writer, writer_thread) =
            Writer::start(connection, clock, on_commit, untrusted).map_err(io_error)?;
        Ok(Self {
            path: path.clone(),
            clock,
            keys_in_flight: KeysInFlight::default(),
            kept: KeptPages::default(),
            readers,
            writer,
            writer_thread,
            checkpointer,
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
        match &self.readers {
            Readers::Pool(pool) => {
                let pool = pool.clone();
                let read = move || work(&*pool.get().map_err(|_| StoreError::Locked)?);
                tokio::task::spawn_blocking(read)
                    .await
                    .unwrap_or(Err(StoreError::Stopped))
            }
            Readers::Writer => self.writer.read(work).await,
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
                let read_only =
                    statvfs(&path).is_ok_and(|stats| stats.flags().contains(FsFlags::ST_RDONLY));
                if read_only {
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
            readers,
            writer,
            writer_thread,
            checkpointer,
            ..
        } = self;
        writer.stop();
        let connection = writer_thread.join();
        if let Some((wake, thread)) = checkpointer {
            drop(wake);
            let _ = thread.join();
        }
        drop(readers);
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

fn keep_checkpoint_on_close(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map(|_| ())
}

/// Makes sure the file is ours or new, and not of a newer program.
fn recognise(connection: &Connection, location: &Location) -> Result<(), OpenError> {
    let path = &location.path;
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let unreadable = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign(path.clone()),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged(path.clone(), error.to_string())
        }
        _ => OpenError::Sqlite {
            path: path.clone(),
            source: error,
        },
    };
    let application_id = read("application_id").map_err(unreadable)?;
    let found = read("user_version").map_err(unreadable)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(unreadable)?;
    let is_new = application_id == 0 && found == 0 && objects == 0;
    if !is_new && application_id != APPLICATION_ID {
        return Err(OpenError::Foreign(path.clone()));
    }
    if found > SCHEMA_VERSION {
        return Err(OpenError::Newer {
            path: path.clone(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    Ok(())
}

/// `PRAGMA quick_check`.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let start = Instant::now();
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| OpenError::Damaged(path.to_owned(), error.to_string()))?;
    log::debug!("quick_check took {:?}", start.elapsed());
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged(
            path.to_owned(),
            found.replace('\n', " "),
        ))
    }
}

/// Sets the connection up for writing and brings the schema up to date.
fn migrate(connection: &mut Connection, location: &Location) -> Result<(), OpenError> {
    let (mode, synchronous) = match location.journal {
        Journal::Wal => ("wal", "FULL"),
        Journal::Truncate => ("truncate", "EXTRA"),
    };
    let prepare = || -> rusqlite::Result<String> {
        let set: String =
            connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
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
    MIGRATIONS
        .to_latest(connection)
        .map_err(|source| OpenError::Migration {
            path: location.path.clone(),
            source,
        })
}

fn checkpoint(connection: &Connection, location: &Location, mode: &str) -> rusqlite::Result<()> {
    match location.journal {
        Journal::Wal => {
            connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
        }
        Journal::Truncate => Ok(()),
    }
}

fn reader_pool(path: &Path) -> Result<r2d2::Pool<SqliteConnectionManager>, OpenError> {
    let manager = SqliteConnectionManager::file(path)
        .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .with_init(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "cell_size_check", true)
        });
    r2d2::Pool::builder()
        .max_size(READERS)
        .min_idle(Some(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_on_check_out(false)
        .connection_timeout(BUSY_TIMEOUT)
        .build(manager)
        .map_err(|source| OpenError::Pool {
            path: path.to_owned(),
            source,
        })
}

/// Starts the thread that brings the log into the store whenever it is woken, beside the writer.
fn start_checkpointer(
    location: &Location,
    untrusted: Arc<dyn Fn(StoreError) + Send + Sync>,
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
                Err(failure @ StoreError::Untrusted(_)) => return untrusted(failure),
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
