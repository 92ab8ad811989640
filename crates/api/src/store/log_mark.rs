//! Whether there must be a write-ahead log beside the store: remembered in the lock file, so that a log that somebody
//! deleted after the process was killed is not taken for one that was never there.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::lock::LockFile;

/// What the lock file remembers of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    /// There may be none: the store was closed, or nothing was written since it was opened.
    Unneeded,
    /// There must be one, for as long as the store is what it was then: whoever brings a log into the store changes it.
    Needed(Stamp),
}

/// The length of a store, in bytes, and when it was last written, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) length: u64,
    pub(super) written: i128,
}

impl Stamp {
    /// What the store at `path` is now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            length: found.len(),
            written: i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec()),
        })
    }
}

/// The mark of a store that is open.
#[derive(Debug)]
pub(super) struct LogMark {
    lock: LockFile,
    path: PathBuf,
    needed: Mutex<bool>,
}

impl LogMark {
    /// The mark of the store at `path`, whose log is empty now.
    pub(super) fn begin(lock: &LockFile, path: &Path) -> io::Result<Self> {
        lock.set_log(Log::Unneeded)?;
        Ok(Self {
            lock: lock.clone(),
            path: path.to_owned(),
            needed: Mutex::new(false),
        })
    }

    /// Something was written to the log.
    pub(super) fn written(&self) {
        let mut needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*needed {
            *needed = self.remember();
        }
    }

    /// The log, or a part of it, was brought into the store; `emptied` tells whether nothing is left of it.
    pub(super) fn brought_in(&self, emptied: impl FnOnce() -> bool) {
        let mut needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*needed {
            return;
        }
        if emptied() {
            *needed = self.lock.set_log(Log::Unneeded).is_err();
        } else {
            self.remember();
        }
    }

    /// The store is about to be closed, which takes the log away. Reaches the disk before that does.
    pub(super) fn end(&self) -> io::Result<()> {
        self.lock.set_log(Log::Unneeded)?;
        self.lock.sync()
    }

    /// Whether that worked. Where it did not, a log that is deleted later goes unnoticed; nothing else depends on it.
    fn remember(&self) -> bool {
        let marked = Stamp::of(&self.path).and_then(|stamp| self.lock.set_log(Log::Needed(stamp)));
        marked.is_ok()
    }
}
