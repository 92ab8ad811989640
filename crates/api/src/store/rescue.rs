//! Saving what an open store holds when its files were taken away.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::backup::{self, Limit};
use super::location::{beside, folder_of};
use super::open_files::{Loss, OpenFiles};
use crate::process::clock;

/// A rescue that takes longer is given up.
const DEADLINE: Duration = Duration::from_secs(60);
/// What the names of rescued stores have after the store's.
const RESCUED: &str = ".rescued-";

/// What became of the content of a store whose files were taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rescue {
    /// It is still in its files.
    NotNeeded,
    /// A verified copy was made.
    Saved(PathBuf),
    /// Why none could be made.
    Failed(String),
}

impl fmt::Display for Rescue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNeeded => f.write_str(
                "everything acknowledged is still in the store's files; put them back where they were and start again",
            ),
            Self::Saved(copy) => write!(
                f,
                "everything acknowledged was saved in {copy}; put it back with: api restore {copy}",
                copy = copy.display()
            ),
            Self::Failed(why) => write!(
                f,
                "what the store held could not be saved ({why}); restore a copy with: api restore FILE"
            ),
        }
    }
}

/// Copies what `connection` still sees to where the store was, or else to one of the `other` folders, and takes away the
/// log, which must not be applied to whatever is put in the store's place.
pub(super) fn rescue(
    connection: &Connection,
    path: &Path,
    files: &OpenFiles,
    other: Option<&Path>,
) -> Rescue {
    let overwritten = matches!(files.loss(), Some(Loss::Overwritten(_)));
    if !overwritten && !files.is_content_lost() {
        return Rescue::NotNeeded;
    }
    let name = format!("{RESCUED}{}", backup::stamp(clock::now()));
    let outcome = if overwritten {
        Rescue::Failed("it was overwritten in place".to_owned())
    } else {
        copy(connection, path, &name, other)
    };
    if overwritten || !files.is_in_place() {
        let log = beside(path, "-wal");
        for left in files.left_beside() {
            let removed = match &outcome {
                Rescue::Failed(_) if left == log => {
                    fs::rename(left, beside(&beside(path, &name), "-wal"))
                }
                _ => fs::remove_file(left),
            };
            if let Err(error) = removed {
                log::error!("{}: {error}", left.display());
            }
        }
    }
    outcome
}

fn copy(connection: &Connection, path: &Path, name: &str, other: Option<&Path>) -> Rescue {
    let file = Path::new(path.file_name().unwrap_or_default());
    let limit = Limit::new(DEADLINE);
    let mut why = "there is no folder for it".to_owned();
    for folder in [Some(folder_of(path)), other].into_iter().flatten() {
        if !folder.is_dir() {
            continue;
        }
        let target = beside(&folder.join(file), name);
        let copied = backup::copy_by(&target, backup::Rules::Kept, &limit, |staged| {
            backup::copy_pages(connection, staged, &limit)
        });
        match copied {
            Ok(_) => return Rescue::Saved(target),
            Err(error) => why = error.to_string(),
        }
    }
    Rescue::Failed(why)
}

/// The newest copy that was rescued of the store at `path`, if there is one beside it.
pub(super) fn newest(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let prefix = format!("{name}{RESCUED}");
    fs::read_dir(folder_of(path))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|found| {
            let found = found.file_name().unwrap_or_default().to_string_lossy();
            found.starts_with(&prefix) && !found.ends_with("-wal") && !found.contains(".part-")
        })
        .max()
}
