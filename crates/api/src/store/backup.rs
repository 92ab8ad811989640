//! Copies of the store: made while it is in use, verified before they count, and put back.
//!
//! A copy appears under its name only when it is whole, checked and on the disk.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::filesystem::{self, Journal};
use super::lock::LockFile;
use super::open::{self, Location, beside, folder_of};
use super::schema::{self, Found, SchemaVersion};
use super::{Counts, OpenError, sqlite};

/// Pages copied between two looks whether to stop.
const PAGES_PER_STEP: i32 = 1024;
/// How long a copy waits for locks of others.
const LOCK_DEADLINE: Duration = Duration::from_secs(30);
/// How many of the copies made before schema steps are kept.
const KEEP_BEFORE_SCHEMA_STEP: usize = 3;

/// Follows a copy's name, before the process's id, for as long as it is not finished.
const PART: &str = ".part-";
/// What messages call a copy that does not have its name yet.
const COPY: &str = "the copy";

/// Why no copy was made, or none put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The store cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no store to copy.
    #[error("{0} does not exist")]
    NoStore(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not read the store or write the copy.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is something else.
    #[error("{0} is not a Task Tracker store")]
    NotAStore(String),
    /// The file was written by a newer version of this program.
    #[error("{0} has schema version {1}; use the newer program")]
    Newer(String, SchemaVersion),
    /// The file contradicts itself.
    #[error("{0} is damaged: {1}")]
    Damaged(String, String),
    /// Another program locked the store for too long.
    #[error("{0} stayed locked by another program; try again")]
    Locked(PathBuf),
    /// A store that is in use cannot be replaced.
    #[error("{0} is in use by a running api; stop it first")]
    InUse(PathBuf),
    /// The file is only a part of a store.
    #[error("{0} has a log beside it and is no whole copy; make one with: api backup FILE")]
    NotWhole(PathBuf),
    /// The process is about to end.
    #[error("stopped before the copy was finished")]
    Stopped,
}

/// What a verified store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Where it is.
    pub path: PathBuf,
    /// Its schema version.
    pub schema_version: SchemaVersion,
    /// How many tasks it has.
    pub counts: Counts,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { active, completed } = self.counts;
        write!(
            f,
            "{}: a Task Tracker store, schema version {}, {} tasks ({active} active, {completed} completed), \
             integrity ok",
            self.path.display(),
            self.schema_version,
            active + completed,
        )
    }
}

/// Copies the store at `db_path`, which may be in use, to `target`. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// Why there is no new copy; an older one under the same name is still there then.
pub fn backup(
    db_path: &Path,
    journal: Option<Journal>,
    target: &Path,
) -> Result<Summary, BackupError> {
    with_store(db_path, journal, |source| copy(source, target, &|| false))
}

/// Copies the store at `db_path`, which may be in use, into `out`. The copy is verified before its first byte is
/// written.
///
/// # Errors
/// Why the copy is not, or not wholly, written.
pub fn backup_to(
    db_path: &Path,
    journal: Option<Journal>,
    out: &mut impl Write,
) -> Result<Summary, BackupError> {
    let staged = beside(db_path, &format!(".stream-{}", std::process::id()));
    let mut summary = backup(db_path, journal, &staged)?;
    db_path.clone_into(&mut summary.path);
    let streamed = File::open(&staged)
        .and_then(|mut copy| io::copy(&mut copy, out))
        .and_then(|_| out.flush());
    let removed = fs::remove_file(&staged);
    streamed.and(removed).map_err(|source| BackupError::Io {
        path: staged,
        source,
    })?;
    Ok(summary)
}

/// Verifies the store at `db_path`, which may be in use, and says what it is.
///
/// # Errors
/// What is wrong with it.
pub fn check(db_path: &Path, journal: Option<Journal>) -> Result<Summary, BackupError> {
    with_store(db_path, journal, |source| {
        verify(source, db_path, &db_path.display().to_string())
    })
}

/// Puts the copy that `source` reads in the place of the store at `db_path`. What was there is kept beside it under
/// a dated name, which is returned too. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// Why the store was not replaced. It is as it was then, unless the error is of the very last step.
pub fn restore(
    db_path: &Path,
    journal: Option<Journal>,
    source: &mut impl Read,
) -> Result<(Summary, Option<PathBuf>), BackupError> {
    let location = Location::prepare(db_path, journal)?;
    let lock = location.lock_file()?;
    let io_error = |path: &Path| {
        let path = path.to_owned();
        |source| BackupError::Io { path, source }
    };
    if !lock
        .try_hold()
        .map_err(io_error(&LockFile::path(db_path)))?
    {
        return Err(BackupError::InUse(db_path.to_owned()));
    }
    let staged = beside(db_path, &format!(".restore-{}", std::process::id()));
    let outcome = stage(source, &staged).and_then(|mut summary| {
        db_path.clone_into(&mut summary.path);
        let replaced = set_aside(db_path)?;
        fs::rename(&staged, db_path).map_err(io_error(db_path))?;
        lock.mark_store_exists(db_path).map_err(io_error(db_path))?;
        Ok((summary, replaced))
    });
    if outcome.is_err() {
        // It may not exist; the first error is the one to tell.
        let _ = fs::remove_file(&staged);
    }
    outcome
}

/// Opens the copy a file holds, for [`restore`].
///
/// # Errors
/// When it cannot be read, or is only a part of a store.
pub fn open_copy(path: &Path) -> Result<File, BackupError> {
    if fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(BackupError::NotWhole(path.to_owned()));
    }
    File::open(path).map_err(|source| BackupError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Leaves a verified copy beside the store before its schema changes, and keeps the last few of them.
pub(super) fn before_schema_step(
    connection: &Connection,
    db_path: &Path,
    version: SchemaVersion,
) -> Result<(), OpenError> {
    let failed = |error: BackupError| OpenError::Io {
        path: db_path.to_owned(),
        source: io::Error::other(format!(
            "no copy could be made before the schema step: {error}"
        )),
    };
    let marker = format!(
        ".before-schema-step-{}-from-{version}",
        stamp(crate::process::clock::now())
    );
    let target = beside(db_path, &marker);
    let summary = copy(connection, &target, &|| false).map_err(failed)?;
    log::info!(copy = target.display().to_string().as_str(); "copied before a schema step: {summary}");
    let prefix = beside(
        Path::new(db_path.file_name().unwrap_or_default()),
        ".before-schema-step-",
    );
    let prune = || -> io::Result<()> {
        remove_unfinished(folder_of(db_path), &prefix.to_string_lossy())?;
        let mut copies = files_with_prefix(folder_of(db_path), &prefix.to_string_lossy())?;
        copies.sort();
        let mut old = copies.iter().rev().skip(KEEP_BEFORE_SCHEMA_STEP);
        old.try_for_each(fs::remove_file)
    };
    prune().map_err(|source| OpenError::Io {
        path: db_path.to_owned(),
        source,
    })
}

/// Deletes what processes that were killed while they copied have left. Only the holder of the store copies to names
/// that begin with `prefix`, and not while it does this.
pub(super) fn remove_unfinished(folder: &Path, prefix: &str) -> io::Result<()> {
    let is_part = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().contains(PART)
    };
    let found = files_with_prefix(folder, prefix)?;
    found.iter().filter(is_part).try_for_each(fs::remove_file)
}

fn files_with_prefix(folder: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A time as it stands in file names: `20261121T094200.123Z`.
pub(super) fn stamp(time: Timestamp) -> String {
    format!("{time:.3}").replace(['-', ':'], "")
}

/// Copies what `source` shows to `target`: into a file of another name first, which is verified, synced and renamed.
pub(super) fn copy(
    source: &Connection,
    target: &Path,
    should_stop: &dyn Fn() -> bool,
) -> Result<Summary, BackupError> {
    let staged = beside(target, &format!("{PART}{}", std::process::id()));
    let finished = copy_pages(source, &staged, should_stop).and_then(|mut summary| {
        target.clone_into(&mut summary.path);
        sync_file(&staged)?;
        fs::rename(&staged, target).map_err(|source| BackupError::Io {
            path: target.to_owned(),
            source,
        })?;
        sync_file(folder_of(target))?;
        Ok(summary)
    });
    if finished.is_err() {
        // It may not exist; the first error is the one to tell.
        let _ = fs::remove_file(&staged);
    }
    finished
}

fn copy_pages(
    source: &Connection,
    staged: &Path,
    should_stop: &dyn Fn() -> bool,
) -> Result<Summary, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: staged.to_owned(),
        source,
    };
    match fs::remove_file(staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::Io {
                path: staged.to_owned(),
                source: error,
            });
        }
        _ => {}
    }
    let mut target = Connection::open(staged).map_err(error)?;
    // One read transaction: what is written meanwhile is not in the copy, and does not make it begin anew.
    let snapshot = source
        .is_autocommit()
        .then(|| source.unchecked_transaction())
        .transpose()
        .map_err(error)?;
    let start = Instant::now();
    {
        let backup = Backup::new(source, &mut target).map_err(error)?;
        loop {
            match backup.step(PAGES_PER_STEP).map_err(error)? {
                StepResult::Done => break,
                _ if should_stop() => return Err(BackupError::Stopped),
                StepResult::Busy | StepResult::Locked if start.elapsed() > LOCK_DEADLINE => {
                    return Err(BackupError::Locked(staged.to_owned()));
                }
                StepResult::Busy | StepResult::Locked => thread::sleep(Duration::from_millis(10)),
                _ => {}
            }
        }
    }
    drop(snapshot);
    let summary = close_into_one_file(target, staged)?;
    Ok(summary)
}

/// Takes the log out of the copy, so that it is one file, and verifies it.
fn close_into_one_file(connection: Connection, path: &Path) -> Result<Summary, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: path.to_owned(),
        source,
    };
    open::set_journal_mode(&connection, "DELETE").map_err(error)?;
    let summary = verify(&connection, path, COPY)?;
    connection.close().map_err(|(_, source)| error(source))?;
    Ok(summary)
}

/// `PRAGMA integrity_check`, and what the store holds. `name` is what messages call it.
fn verify(connection: &Connection, path: &Path, name: &str) -> Result<Summary, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: path.to_owned(),
        source,
    };
    let recognised = schema::recognise(connection, path, schema::KNOWN);
    let schema_version = match recognised {
        Ok(Found::Store(version)) => version,
        Ok(Found::New) | Err(OpenError::Foreign(_)) => {
            return Err(BackupError::NotAStore(name.to_owned()));
        }
        Err(OpenError::Newer { found, .. }) => {
            return Err(BackupError::Newer(name.to_owned(), found));
        }
        Err(OpenError::Damaged(_, what)) => {
            return Err(BackupError::Damaged(name.to_owned(), what));
        }
        Err(other) => return Err(other.into()),
    };
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(error)?;
    if found != "ok" {
        return Err(BackupError::Damaged(
            name.to_owned(),
            found.replace('\n', " "),
        ));
    }
    let counts = sqlite::count_tasks(connection).map_err(error)?;
    Ok(Summary {
        path: path.to_owned(),
        schema_version,
        counts,
    })
}

/// Gives `work` a connection that reads the store, whether or not an api has it open.
fn with_store<T>(
    db_path: &Path,
    journal: Option<Journal>,
    work: impl FnOnce(&Connection) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    if !db_path.exists() {
        return Err(BackupError::NoStore(db_path.to_owned()));
    }
    let location = Location::prepare(db_path, journal)?;
    match location.journal {
        Journal::Wal => work(&open_for_reading(db_path)?),
        Journal::Truncate => {
            // The holder has the file to itself. It makes room for a moment, as for a successor, and comes back.
            let lock = location.lock_file()?;
            let _place = Borrowed::take(&lock, db_path)?;
            work(&open_for_reading(db_path)?)
        }
    }
}

pub(super) fn open_for_reading(path: &Path) -> Result<Connection, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: path.to_owned(),
        source,
    };
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(error)?;
    connection.busy_timeout(open::BUSY_TIMEOUT).map_err(error)?;
    connection
        .pragma_update(None, "trusted_schema", false)
        .map_err(error)?;
    Ok(connection)
}

/// The store, taken from its holder for a moment.
struct Borrowed<'a>(&'a LockFile);

impl<'a> Borrowed<'a> {
    fn take(lock: &'a LockFile, db_path: &Path) -> Result<Self, BackupError> {
        let io_error = |source| BackupError::Io {
            path: LockFile::path(db_path),
            source,
        };
        let start = Instant::now();
        let borrowed = Self(lock);
        while !lock.try_announce().map_err(io_error)? || !lock.try_hold().map_err(io_error)? {
            if start.elapsed() > LOCK_DEADLINE {
                return Err(BackupError::Locked(db_path.to_owned()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(borrowed)
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        // The kernel lets both go at the latest when the process ends.
        let _ = self.0.release();
        let _ = self.0.withdraw();
    }
}

/// Writes what `source` reads to `staged` and verifies it.
fn stage(source: &mut impl Read, staged: &Path) -> Result<Summary, BackupError> {
    let io_error = |source| BackupError::Io {
        path: staged.to_owned(),
        source,
    };
    let mut file = File::create(staged).map_err(io_error)?;
    io::copy(source, &mut file).map_err(io_error)?;
    drop(file);
    let connection = Connection::open(staged).map_err(|source| BackupError::Sqlite {
        path: staged.to_owned(),
        source,
    })?;
    // Looked at before anything is changed: the file may be something else altogether.
    verify(&connection, staged, COPY)?;
    let summary = close_into_one_file(connection, staged)?;
    sync_file(staged)?;
    Ok(summary)
}

/// Renames the store and its log to a dated name.
fn set_aside(db_path: &Path) -> Result<Option<PathBuf>, BackupError> {
    let aside = beside(
        db_path,
        &format!(".replaced-{}", stamp(crate::process::clock::now())),
    );
    let mut moved = None;
    for suffix in ["", "-wal", "-journal"] {
        let (from, to) = (beside(db_path, suffix), beside(&aside, suffix));
        match fs::rename(&from, &to) {
            Ok(()) => moved = Some(aside.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BackupError::Io { path: from, source }),
        }
    }
    match fs::remove_file(beside(db_path, "-shm")) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(BackupError::Io {
            path: beside(db_path, "-shm"),
            source,
        }),
        _ => Ok(moved),
    }
}

fn sync_file(path: &Path) -> Result<(), BackupError> {
    filesystem::sync(path).map_err(|source| BackupError::Io {
        path: path.to_owned(),
        source,
    })
}
