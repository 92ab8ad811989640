//! Copies of the store: made while it is in use, verified before they count, and put back.
//!
//! A copy appears under its name only when it is whole, checked and on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::filesystem::Journal;
use super::open::beside;

mod copy;
mod error;
mod names;
mod restore;
mod schema_step;
mod source;
mod verify;

pub use error::BackupError;
pub use restore::{open_copy, restore};
pub use verify::Summary;

pub(super) use copy::copy;
pub(super) use names::{remove_unfinished, stamp};
pub(super) use schema_step::before_schema_step;
pub(super) use source::open_for_reading;

use source::with_store;
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
