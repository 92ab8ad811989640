//! Copying: into a file of another name first, which is verified, synced and renamed.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::names::PART;
use super::source::LOCK_DEADLINE;
use super::verify::verify;
use super::{BackupError, Summary};
use crate::store::filesystem;
use crate::store::open::{self, beside, folder_of};

/// Pages copied between two looks whether to stop.
const PAGES_PER_STEP: i32 = 1024;
/// What messages call a copy that does not have its name yet.
pub(super) const COPY: &str = "the copy";

/// Copies what `source` shows to `target`: into a file of another name first, which is verified, synced and renamed.
pub(in crate::store) fn copy(
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
pub(super) fn close_into_one_file(
    connection: Connection,
    path: &Path,
) -> Result<Summary, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: path.to_owned(),
        source,
    };
    open::set_journal_mode(&connection, "DELETE").map_err(error)?;
    let summary = verify(&connection, path, COPY)?;
    connection.close().map_err(|(_, source)| error(source))?;
    Ok(summary)
}

pub(super) fn sync_file(path: &Path) -> Result<(), BackupError> {
    filesystem::sync(path).map_err(|source| BackupError::Io {
        path: path.to_owned(),
        source,
    })
}
