//! Putting a copy in the store's place.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::copy::{COPY, close_into_one_file, sync_file};
use super::names::stamp;
use super::verify::verify;
use super::{BackupError, Summary};
use crate::process::clock;
use crate::store::filesystem::Journal;
use crate::store::lock::LockFile;
use crate::store::open::{Location, beside};

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
    let aside = beside(db_path, &format!(".replaced-{}", stamp(clock::now())));
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
