//! The times in the names of files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::store::open::folder_of;

/// A time as it stands in file names: `20261121T094200.123Z`.
pub(in crate::store) fn stamp(time: Timestamp) -> String {
    format!("{time:.3}").replace(['-', ':'], "")
}

/// The time that a name has, if it is one that [`stamp`] gives.
pub(in crate::store) fn parse_stamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|time| stamp(*time) == text)
}

/// The regular files in `folder` whose names are `before`, a time, and something of which `after` approves.
pub(in crate::store) fn dated_files(
    folder: &Path,
    before: &str,
    after: impl Fn(&str) -> bool,
) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    const STAMP: usize = "20261121T094200.123Z".len();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let time = name
            .to_str()
            .and_then(|name| name.strip_prefix(before))
            .and_then(|rest| rest.split_at_checked(STAMP))
            .filter(|(_, rest)| after(rest))
            .and_then(|(time, _)| parse_stamp(time));
        if let Some(time) = time
            && entry.file_type()?.is_file()
        {
            found.push((time, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The regular files beside `path` whose names are that of `path`, `marker`, a time, and something that begins with
/// `after`; only just that where `after` is empty. Oldest first.
pub(super) fn dated_beside(
    path: &Path,
    marker: &str,
    after: &str,
) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    dated_files(folder_of(path), &format!("{name}{marker}"), |rest| {
        rest == after || (!after.is_empty() && rest.starts_with(after))
    })
}
