//! Why no copy was made, or none put back.

use std::io;
use std::path::PathBuf;

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
    /// Another program locked the store for too long.
    #[error("{0} stayed locked by another program; try again")]
    Locked(PathBuf),
    /// A store that is in use cannot be replaced.
    #[error("{0} is in use by a running api; stop it first")]
    InUse(PathBuf),
    /// The file is only a part of a store.
    #[error("{0} has a log beside it and is no whole copy; make one with: api backup FILE")]
    NotWhole(PathBuf),
    /// The process is about to end.
    #[error("stopped before the copy was finished")]
    Stopped,
}
