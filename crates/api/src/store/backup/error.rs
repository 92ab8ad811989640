//! Why no copy was made, or none put back.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::store::OpenError;
use crate::store::schema::SchemaVersion;

/// Why no copy was made, or none put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The store cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no store to copy.
    #[error("{0} does not exist")]
    NoStore(PathBuf),
    /// A copy cannot be written there, or cannot be what it is made from.
    #[error("{path} {why}; name another file")]
    Target {
        /// What was named.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What should be read is something else than a file.
    #[error("{0} is {1}, not a file (- reads standard input)")]
    NotAFile(PathBuf, &'static str),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not read the store or write the copy.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is something else.
    #[error("{0} is not a Task Tracker store")]
    NotAStore(String),
    /// The file was written by a newer version of this program.
    #[error("{0} has schema version {1}; use the newer program")]
    Newer(String, SchemaVersion),
    /// The file contradicts itself.
    #[error("{0} is damaged: {1}")]
    Damaged(String, String),
    /// The schema is not what this program makes.
    #[error("{0} was changed by another program: {1}; what it would do to tasks is not known")]
    Changed(String, String),
    /// Another program locked the store for too long.
    #[error("{0} stayed locked by another program; try again")]
    Locked(PathBuf),
    /// A store that is in use cannot be replaced.
    #[error("{0} is in use by a running api; stop it first")]
    InUse(PathBuf),
    /// The file is only a part of a store.
    #[error("{0} has a log beside it and is no whole copy; make one with: api backup FILE")]
    NotWhole(PathBuf),
    /// The copy does not fit.
    #[error(
        "{folder}: {needed} bytes are needed and {free} are free; make room, or name a file on another disk"
    )]
    NoRoom {
        /// Where it should be.
        folder: PathBuf,
        /// Its size in bytes.
        needed: u64,
        /// What the file system gives, in bytes.
        free: u64,
    },
    /// The copy is larger than any that is accepted.
    #[error("the copy has {0} bytes, more than the {1} that a store may have")]
    TooLarge(u64, u64),
    /// Something took longer than it may.
    #[error("not finished within {} s; try again when less is going on", .0.as_secs())]
    TookTooLong(Duration),
    /// Nothing came from standard input.
    #[error("nothing came for {} s", .0.as_secs())]
    Stalled(Duration),
    /// So much was written during the copy that the store's log would fill the disk.
    #[error("the store's log grew by {0} bytes during the copy; try again when less is going on")]
    LogGrew(u64),
    /// The process is about to end.
    #[error("stopped before the copy was finished")]
    Stopped,
}

impl BackupError {
    /// Whether the command was used wrongly.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Target { .. } | Self::NotAFile(..))
    }
}
