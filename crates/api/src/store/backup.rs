//! Copies of the store: made while it is in use, verified before they count, and put back.
//!
//! A copy appears under its name only when it is whole, checked and on the disk.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use super::filesystem::Journal;
use super::open::folder_of;

mod content;
mod copy;
mod error;
mod incoming;
mod limit;
mod names;
mod restore;
mod retention;
mod schema_step;
mod source;
mod staged;
mod target;
mod verify;

pub use error::BackupError;
pub use restore::{open_copy, restore};
pub use verify::Summary;

pub(super) use copy::{copy, copy_by, copy_pages};
pub(super) use limit::{COPY_DEADLINE, Limit};
pub(super) use names::{dated_files, parse_stamp, stamp};
pub(super) use restore::{is_pending, recover};
pub(super) use retention::prune;
pub(super) use schema_step::before_schema_step;
pub(super) use source::{open_for_reading, with_store, with_store_to_write};
pub(super) use staged::remove_leftovers;
pub(super) use target::StoreFiles;
pub(super) use verify::Rules;

use staged::{Kind, Staged};
use target::{check_target, refuse_own};
use verify::verify;

/// Copies the store at `db_path`, which may be in use, to `target`. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// Why there is no new copy; an older one under the same name is still there then.
pub fn backup(
    db_path: &Path,
    journal: Option<Journal>,
    target: &Path,
) -> Result<Summary, BackupError> {
    let target = check_target(db_path, target)?;
    clear(folder_of(&target))?;
    let limit = Limit::new(COPY_DEADLINE);
    copy_by(&target, Rules::Copy, &limit, |staged| {
        with_store(db_path, journal, |source| {
            copy_pages(source, staged, &limit)
        })
    })
}

/// Copies the store at `db_path`, which may be in use, into `out`. The copy is verified before its first byte is
/// written.
///
/// # Errors
/// Why the copy is not, or not wholly, written.
pub fn backup_to(
    db_path: &Path,
    journal: Option<Journal>,
    out: &mut (impl Write + AsFd),
) -> Result<Summary, BackupError> {
    refuse_own(db_path, Path::new("standard output"), &*out)?;
    if !db_path.exists() {
        return Err(BackupError::NoStore(db_path.to_owned()));
    }
    clear(folder_of(db_path))?;
    let limit = Limit::new(COPY_DEADLINE);
    let staged = Staged::create(db_path, Kind::Stream)?;
    with_store(db_path, journal, |source| {
        copy_pages(source, staged.path(), &limit)
    })?;
    let mut summary = copy::into_one_file(staged.path(), Rules::Copy, &limit)?;
    db_path.clone_into(&mut summary.path);
    let streamed = File::open(staged.path())
        .and_then(|mut copy| io::copy(&mut copy, out))
        .and_then(|_| out.flush());
    streamed.map_err(|source| BackupError::Io {
        path: "standard output".into(),
        source,
    })?;
    Ok(summary)
}

/// Verifies the store at `db_path`, which may be in use, and says what it is.
///
/// # Errors
/// What is wrong with it.
pub fn check(db_path: &Path, journal: Option<Journal>) -> Result<Summary, BackupError> {
    let limit = Limit::new(COPY_DEADLINE);
    with_store(db_path, journal, |source| {
        verify(source, db_path, &db_path.display().to_string(), &limit)
    })
}

/// Deletes what copying processes that were killed have left in `folder`.
fn clear(folder: &Path) -> Result<(), BackupError> {
    remove_leftovers(folder, None).map_err(|source| BackupError::Io {
        path: folder.to_owned(),
        source,
    })
}
