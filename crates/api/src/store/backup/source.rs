//! Reading, or adding to, a store that may be in use.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::BackupError;
use crate::store::filesystem::Journal;
use crate::store::lock::LockFile;
use crate::store::open::{self, Location};

/// How long the holder may take to make room.
pub(super) const LOCK_DEADLINE: Duration = Duration::from_secs(30);

/// Gives `work` a connection that reads the store, whether or not an api has it open.
pub(in crate::store) fn with_store<T>(
    db_path: &Path,
    journal: Option<Journal>,
    work: impl FnOnce(&Connection) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    if !db_path.exists() {
        return Err(BackupError::NoStore(db_path.to_owned()));
    }
    let location = Location::prepare(db_path, journal)?;
    match location.journal {
        Journal::Wal => work(&open_for_reading(&location.path)?),
        Journal::Truncate => {
            // The holder has the file to itself. It makes room for a moment, as for a successor, and comes back.
            let lock = location.lock_file()?;
            let _place = Borrowed::take(&lock, db_path)?;
            work(&open_for_reading(&location.path)?)
        }
    }
}

/// Gives `work` the path of a store that it may add to, whether or not an api has it open. Where none has, none gets it before
/// `work` is done.
pub(in crate::store) fn with_store_to_write<T>(
    db_path: &Path,
    journal: Option<Journal>,
    work: impl FnOnce(&Path) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    if !db_path.exists() {
        return Err(BackupError::NoStore(db_path.to_owned()));
    }
    let location = Location::prepare(db_path, journal)?;
    let lock = location.lock_file()?;
    match location.journal {
        Journal::Wal => {
            let held = lock.try_hold().map_err(|source| BackupError::Io {
                path: LockFile::path(db_path),
                source,
            })?;
            let done = work(&location.path);
            if held {
                // The kernel lets go at the latest when the process ends.
                let _ = lock.release();
            }
            done
        }
        Journal::Truncate => {
            let _place = Borrowed::take(&lock, db_path)?;
            work(&location.path)
        }
    }
}

/// A connection that reads the store at `path`.
pub(in crate::store) fn open_for_reading(path: &Path) -> Result<Connection, BackupError> {
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
