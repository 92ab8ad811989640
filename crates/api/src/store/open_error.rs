//! Why a store is not opened.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::location::folder_of;
use super::lock::LockFile;
use super::{rescue, space};

/// Why a store was not opened. Where a file is to blame it was left as it was.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The SQLite this binary is linked with is too old.
    #[error("SQLite {0} can corrupt a store; build with 3.51.3 or newer")]
    OldLibrary(&'static str),
    /// The store's folder cannot be made or used.
    #[error(
        "DB_PATH: cannot use the folder {folder} as user {uid}: {source}; make it writable for that user (chown {uid} {folder})"
    )]
    Folder {
        /// Where the store should be.
        folder: PathBuf,
        /// Who this process is.
        uid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The store is on a share whose locks cannot be trusted.
    #[error(
        "DB_PATH: {0} is on an SMB share, where two hosts could write at once and corrupt it; use a local disk or an NFS share"
    )]
    Smb(PathBuf),
    /// There was a store, and there is none now.
    #[error(
        "DB_PATH: {0} is {1}, but a store was there before; restore a copy{copy}, or delete {lock} to begin anew",
        copy = newest_copy(.0),
        lock = LockFile::path(.0).display()
    )]
    Missing(PathBuf, &'static str),
    /// What was written last was in the log, and there is no log now.
    #[error(
        "DB_PATH: {0}-wal is missing, and with it what was written last to {0}, which was not closed; restore a \
         copy{copy}, or delete {lock} to go on with what is there",
        copy = newest_copy(.0),
        lock = LockFile::path(.0).display()
    )]
    LogMissing(PathBuf),
    /// What is to be a file is something else.
    #[error("DB_PATH: {0} is {1}, where a file is needed; name another path")]
    NotAFile(PathBuf, &'static str),
    /// The store has several names, and a log beside one of them.
    #[error(
        "DB_PATH: {0} has {1} names (hard links), and its log is beside one of them only; delete the others, or name a copy"
    )]
    ManyNames(PathBuf, u64),
    /// Scheduled copies cannot be kept there.
    #[error("BACKUP_DIR: {dir} {why}; name another folder", dir = .dir.display())]
    BackupDir {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no space to open the store in.
    #[error("DB_PATH: no space is left to open {0} ({1}); make some")]
    Full(PathBuf, String),
    /// The file is something else.
    #[error("DB_PATH: {0} is not a Task Tracker store; name another file")]
    Foreign(PathBuf),
    /// The file was written by a newer version of this program.
    #[error(
        "DB_PATH: {path} has schema version {found}, this program knows {known}; start the newer program"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema version.
        found: i32,
        /// The newest one known here.
        known: i32,
    },
    /// The file's content contradicts itself.
    #[error("DB_PATH: {0} is damaged ({1}); restore a copy")]
    Damaged(PathBuf, String),
    /// A file of the store could not be read or written.
    #[error("DB_PATH: {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not open or prepare the store.
    #[error("DB_PATH: {path}: {source}")]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A schema step failed and was undone.
    #[error("DB_PATH: {path}: a schema step failed and was undone: {source}")]
    Migration {
        /// The store.
        path: PathBuf,
        /// Which step and why.
        source: rusqlite_migration::Error,
    },
    /// The connections for reading could not be opened.
    #[error("DB_PATH: {path}: {source}")]
    Pool {
        /// The store.
        path: PathBuf,
        /// What the pool said.
        source: r2d2::Error,
    },
}

impl OpenError {
    /// Whether another start would fail in the same way until somebody changes something.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::OldLibrary(_)
            | Self::Folder { .. }
            | Self::Smb(_)
            | Self::Missing(..)
            | Self::LogMissing(_)
            | Self::NotAFile(..)
            | Self::ManyNames(..)
            | Self::BackupDir { .. }
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Damaged(..) => true,
            Self::Full(..)
            | Self::Io { .. }
            | Self::Sqlite { .. }
            | Self::Migration { .. }
            | Self::Pool { .. } => false,
        }
    }

    /// The same error, or [`Self::Full`] where it comes of a lack of space for the store at `path`.
    pub(super) fn told_apart(self, path: &Path) -> Self {
        let full = match &self {
            Self::Io { source, .. } => space::says_full(source) || space::is_full(folder_of(path)),
            Self::Sqlite { source, .. } => {
                source.sqlite_error_code() == Some(ErrorCode::DiskFull)
                    || space::is_full(folder_of(path))
            }
            Self::Migration { .. } | Self::Pool { .. } => space::is_full(folder_of(path)),
            _ => false,
        };
        match full {
            true => Self::Full(path.to_owned(), self.to_string()),
            false => self,
        }
    }
}

/// For a message that asks to restore a copy: the one that was rescued last, if there is one.
fn newest_copy(path: &Path) -> String {
    rescue::newest(path).map_or(String::new(), |copy| {
        format!(" (what was there last: api restore {})", copy.display())
    })
}
