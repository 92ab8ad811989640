//! The names of copies, finished and unfinished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Follows a copy's name, before the process's id, for as long as it is not finished.
pub(super) const PART: &str = ".part-";

/// Deletes what processes that were killed while they copied have left. Only the holder of the store copies to names
/// that begin with `prefix`, and not while it does this.
pub(in crate::store) fn remove_unfinished(folder: &Path, prefix: &str) -> io::Result<()> {
    let is_part = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().contains(PART)
    };
    let found = files_with_prefix(folder, prefix)?;
    found.iter().filter(is_part).try_for_each(fs::remove_file)
}

pub(super) fn files_with_prefix(folder: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
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
pub(in crate::store) fn stamp(time: Timestamp) -> String {
    format!("{time:.3}").replace(['-', ':'], "")
}
