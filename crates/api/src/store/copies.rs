//! Scheduled copies of a store that is open, and how much they may take together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::backup::{self, BackupError};
use super::filesystem::Journal;
use super::location::{Location, folder_of};
use super::schedule::{self, CopyTo};
use super::writer::Writer;

/// How scheduled copies are made: beside everything else where readers can be, else by the writer between two writes.
/// All of them together take `most_bytes` at most.
pub(super) fn copy_to(location: &Location, writer: &Writer, most_bytes: Option<u64>) -> CopyTo {
    let path = location.path.clone();
    let copy: CopyTo = match location.journal {
        Journal::Wal => Box::new(move |target, limit| {
            backup::copy(&backup::open_for_reading(&path)?, target, limit)
        }),
        Journal::Truncate => {
            let writer = writer.clone();
            Box::new(move |target, limit| {
                // Writes wait only while pages are copied.
                backup::copy_by(target, backup::Rules::Copy, limit, |staged| {
                    let (staged, limit) = (staged.to_owned(), limit.clone());
                    writer
                        .call(move |connection| backup::copy_pages(connection, &staged, &limit))
                        .unwrap_or(Err(BackupError::Stopped))
                })
            })
        }
    };
    let Some(most_bytes) = most_bytes else {
        return copy;
    };
    let path = location.path.clone();
    Box::new(move |target, limit| {
        let dir = folder_of(target);
        let io_error = |source| BackupError::Io {
            path: dir.to_owned(),
            source,
        };
        // Room for the new one first; the newest stays until that is finished.
        let length = fs::metadata(&path).map_or(0, |store| store.len());
        let newest = newest(dir).map_err(io_error)?;
        let left = most_bytes.saturating_sub(length);
        let mut deleted = keep_within(dir, left, newest.as_deref()).map_err(io_error)?;
        let summary = copy(target, limit)?;
        deleted += keep_within(dir, most_bytes, Some(target)).map_err(io_error)?;
        if deleted > 0 {
            log::warn!(
                "deleted {deleted} of the older copies: all together may take MAX_STORE, {most_bytes} bytes"
            );
        }
        Ok(summary)
    })
}

/// Deletes the oldest copies in `dir` until all others take `most_bytes` at most, and says how many were deleted. `keep`
/// always stays.
///
/// # Errors
/// When the folder cannot be read or a copy cannot be deleted.
fn keep_within(dir: &Path, most_bytes: u64, keep: Option<&Path>) -> io::Result<usize> {
    let mut copies = copies(dir)?;
    copies.sort();
    let mut total: u64 = copies.iter().map(|(_, _, length)| length).sum();
    let mut deleted = 0;
    for (_, path, length) in copies {
        if total <= most_bytes {
            break;
        }
        if keep != Some(path.as_path()) {
            fs::remove_file(&path)?;
            total -= length;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The copy in `dir` that was written last.
fn newest(dir: &Path) -> io::Result<Option<PathBuf>> {
    Ok(copies(dir)?.into_iter().max().map(|(_, path, _)| path))
}

/// When each copy was written, and its length in bytes.
fn copies(dir: &Path) -> io::Result<Vec<(SystemTime, PathBuf, u64)>> {
    let copies = schedule::copies(dir)?.into_iter().map(|(_, path)| {
        let found = fs::metadata(&path)?;
        Ok((found.modified()?, path, found.len()))
    });
    copies.collect()
}
