//! Putting a copy in the store's place.
//!
//! The copy is staged and verified first. Once it has the name `.restored-TIME` it will take the store's place, whatever
//! happens: what a process that was killed had begun is finished at the next start.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::copy::into_one_file;
use super::incoming;
use super::limit::{COPY_DEADLINE, Limit};
use super::names::{dated_beside, parse_stamp, stamp};
use super::staged::{Kind, Staged, remove_leftovers};
use super::target::{open_regular, refuse_own};
use super::verify::Rules;
use super::{BackupError, Summary};
use crate::process::clock;
use crate::store::filesystem::{self, Journal};
use crate::store::lock::LockFile;
use crate::store::open::{Location, beside, folder_of};

/// Stands between the store's name and the time in the name of what is about to become the store.
const READY: &str = ".restored-";
/// The same, in the names of what was the store.
const REPLACED: &str = ".replaced-";
/// The files of a store that are moved together.
const MOVED: [&str; 3] = ["", "-wal", "-journal"];

/// Whether a file of this name would be put in a store's place.
pub(super) fn is_ready_name(name: &str) -> bool {
    name.rsplit_once(READY)
        .is_some_and(|(_, time)| parse_stamp(time).is_some())
}

/// Puts the copy that `source` reads in the place of the store at `db_path`. What was there is kept beside it under
/// a dated name, which is returned too. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// Why the store was not replaced. It is as it was then.
pub fn restore(
    db_path: &Path,
    journal: Option<Journal>,
    source: &File,
) -> Result<(Summary, Option<PathBuf>), BackupError> {
    let location = Location::prepare(db_path, journal)?;
    let db_path = &location.path;
    refuse_own(db_path, Path::new("the copy"), source)?;
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
    recover(db_path).map_err(io_error(db_path))?;
    let limit = Limit::new(COPY_DEADLINE);
    let staged = Staged::create(db_path, Kind::Restore)?;
    incoming::receive(source, &staged, &limit)?;
    let mut summary = into_one_file(staged.path(), Rules::Restore, &limit)?;
    db_path.clone_into(&mut summary.path);
    let time = stamp(clock::now());
    staged.rename_to(&beside(db_path, &format!("{READY}{time}")))?;
    let replaced = match put_in_place(db_path, &time) {
        Ok(replaced) => replaced,
        Err(source) => {
            undo(db_path, &time).map_err(io_error(db_path))?;
            return Err(io_error(db_path)(source));
        }
    };
    lock.mark_store_exists(db_path).map_err(io_error(db_path))?;
    Ok((summary, replaced))
}

/// Opens the copy a file holds, for [`restore`] in the place of the store at `db_path`.
///
/// # Errors
/// When it is no file, cannot be read, or is only a part of a store.
pub fn open_copy(db_path: &Path, path: &Path) -> Result<File, BackupError> {
    let file = open_regular(path)?;
    refuse_own(db_path, path, &file)?;
    for log in ["-wal", "-journal"] {
        if fs::metadata(beside(path, log)).is_ok_and(|log| log.len() > 0) {
            return Err(BackupError::NotWhole(path.to_owned()));
        }
    }
    Ok(file)
}

/// Before the store at `db_path` is opened by the process that has its lock: finishes what a killed process had begun,
/// and deletes what it left.
pub(in crate::store) fn recover(db_path: &Path) -> io::Result<()> {
    for (time, _) in dated_beside(db_path, READY, "")? {
        let time = stamp(time);
        let replaced = put_in_place(db_path, &time)?;
        log::warn!(
            "finished a restore that was interrupted: {}",
            db_path.display()
        );
        if let Some(replaced) = replaced {
            log::warn!("what was there is now {}", replaced.display());
        }
    }
    let name = db_path.file_name().unwrap_or_default().to_string_lossy();
    remove_leftovers(folder_of(db_path), Some(&name))
}

/// Whether there is a copy that is about to become the store.
pub(in crate::store) fn is_pending(db_path: &Path) -> bool {
    dated_beside(db_path, READY, "").is_ok_and(|ready| !ready.is_empty())
}

/// Renames the store and its logs to a dated name, and what is ready to the store's. Begun again, it goes on where it
/// was interrupted: the store's name is free until the last step.
fn put_in_place(db_path: &Path, time: &str) -> io::Result<Option<PathBuf>> {
    let aside = beside(db_path, &format!("{REPLACED}{time}"));
    for suffix in MOVED {
        ignore_missing(fs::rename(beside(db_path, suffix), beside(&aside, suffix)))?;
    }
    ignore_missing(fs::remove_file(beside(db_path, "-shm")))?;
    fs::rename(beside(db_path, &format!("{READY}{time}")), db_path)?;
    filesystem::sync(folder_of(db_path))?;
    let something_was = MOVED.iter().any(|suffix| beside(&aside, suffix).exists());
    Ok(something_was.then_some(aside))
}

/// Renames everything back. What is ready goes last: until then the next start would finish it.
fn undo(db_path: &Path, time: &str) -> io::Result<()> {
    let ready = beside(db_path, &format!("{READY}{time}"));
    if !ready.exists() {
        // The last step was done, and only the sync after it failed.
        fs::rename(db_path, &ready)?;
    }
    let aside = beside(db_path, &format!("{REPLACED}{time}"));
    for suffix in MOVED.iter().rev() {
        ignore_missing(fs::rename(beside(&aside, suffix), beside(db_path, suffix)))?;
    }
    fs::remove_file(ready)
}

fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
