//! Copying: into a file of another name first, which is verified, synced and renamed.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::statvfs::statvfs;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::limit::Limit;
use super::source::LOCK_DEADLINE;
use super::staged::{Kind, Staged};
use super::verify::{self, Rules};
use super::{BackupError, Summary};
use crate::store::open::{self, beside, folder_of};

/// Pages copied between two looks whether to stop.
const PAGES_PER_STEP: i32 = 1024;
/// A copy is given up when the store's log, which cannot be begun anew meanwhile, has grown by this many bytes.
const LOG_GROWTH: u64 = 256 * 1024 * 1024;
/// What messages call a copy that does not have its name yet.
pub(super) const COPY: &str = "the copy";

/// Copies what `source` shows to `target`.
pub(in crate::store) fn copy(
    source: &Connection,
    target: &Path,
    limit: &Limit,
) -> Result<Summary, BackupError> {
    copy_by(target, Rules::Copy, limit, |staged| {
        copy_pages(source, staged, limit)
    })
}

/// Has `pages` write a copy, then verifies it, and gives it the name `target`.
pub(in crate::store) fn copy_by(
    target: &Path,
    rules: Rules,
    limit: &Limit,
    pages: impl FnOnce(&Path) -> Result<(), BackupError>,
) -> Result<Summary, BackupError> {
    let staged = Staged::create(target, Kind::Part)?;
    pages(staged.path())?;
    let mut summary = into_one_file(staged.path(), rules, limit)?;
    target.clone_into(&mut summary.path);
    limit.check()?;
    staged.rename_to(target)?;
    Ok(summary)
}

/// Writes all pages that `source` shows at one moment into the empty file `staged`.
pub(in crate::store) fn copy_pages(
    source: &Connection,
    staged: &Path,
    limit: &Limit,
) -> Result<(), BackupError> {
    let error = |source| limit.error(staged, source);
    // A transaction takes its snapshot with its first read: from then on what is written meanwhile is not in the copy,
    // and does not make it begin anew.
    let snapshot = source
        .is_autocommit()
        .then(|| source.unchecked_transaction())
        .transpose()
        .map_err(error)?;
    let length = length(source).map_err(error)?;
    make_sure_it_fits(staged, length)?;
    let log = || log_length(source);
    let log_before = log();

    let mut target = Connection::open(staged).map_err(error)?;
    // Half a copy is deleted, and a whole one synced: nothing has to be taken back.
    open::set_journal_mode(&target, "OFF").map_err(error)?;
    target
        .pragma_update(None, "synchronous", "OFF")
        .map_err(error)?;
    let start = Instant::now();
    {
        let backup = Backup::new(source, &mut target).map_err(error)?;
        loop {
            match backup.step(PAGES_PER_STEP).map_err(error)? {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked if start.elapsed() > LOCK_DEADLINE => {
                    return Err(BackupError::Locked(staged.to_owned()));
                }
                StepResult::Busy | StepResult::Locked => thread::sleep(Duration::from_millis(10)),
                _ => {}
            }
            limit.check()?;
            let grown = log().saturating_sub(log_before);
            if grown > LOG_GROWTH {
                return Err(BackupError::LogGrew(grown));
            }
        }
    }
    drop(snapshot);
    target.close().map_err(|(_, source)| error(source))
}

/// Length in bytes of what a connection shows.
fn length(connection: &Connection) -> rusqlite::Result<u64> {
    // The first of them reads the file, and so begins the snapshot.
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let pages =
        number("SELECT page_count FROM pragma_page_count(), (SELECT count(*) FROM sqlite_schema)")?;
    let page_size = number("PRAGMA page_size")?;
    Ok(u64::try_from(pages.saturating_mul(page_size)).unwrap_or_default())
}

/// Length in bytes of the log beside the store that a connection reads.
fn log_length(connection: &Connection) -> u64 {
    let log = connection
        .path()
        .map(|path| beside(Path::new(path), "-wal"));
    log.and_then(|log| fs::metadata(log).ok())
        .map_or(0, |log| log.len())
}

/// Makes sure, before anything is written, that the file system takes `length` bytes more.
pub(super) fn make_sure_it_fits(staged: &Path, length: u64) -> Result<(), BackupError> {
    let folder = folder_of(staged);
    // Where the system does not know, writing will tell.
    let Ok(stats) = statvfs(folder) else {
        return Ok(());
    };
    let free = stats
        .blocks_available()
        .saturating_mul(stats.fragment_size());
    if stats.blocks() > 0 && free < length {
        return Err(BackupError::NoRoom {
            folder: folder.to_owned(),
            needed: length,
            free,
        });
    }
    Ok(())
}

/// Takes the log out of the copy, so that it is one file, and verifies it.
pub(super) fn into_one_file(
    path: &Path,
    rules: Rules,
    limit: &Limit,
) -> Result<Summary, BackupError> {
    let error = |source| limit.error(path, source);
    let connection = Connection::open(path).map_err(error)?;
    open::set_journal_mode(&connection, "DELETE").map_err(error)?;
    let summary = verify::verify_copy(&connection, path, COPY, rules, limit)?;
    connection.close().map_err(|(_, source)| error(source))?;
    Ok(summary)
}
