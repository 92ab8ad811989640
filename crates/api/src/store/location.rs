//! Where the store is and what holds it, found out before anything is opened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::filesystem::{self, FileSystem, Journal};
use super::lock::LockFile;
use super::schema::{self, SchemaVersion};
use super::{OpenError, backup};

/// Older libraries can corrupt a store when its log is reset.
const OLDEST_SQLITE: i32 = 3_051_003;

/// What the store is and where, found out before anything is opened.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) path: PathBuf,
    pub(super) journal: Journal,
}

impl Location {
    /// Makes the folder if need be and looks at what holds it. `journal` overrides what that asks for.
    pub(super) fn prepare(path: &Path, journal: Option<Journal>) -> Result<Self, OpenError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(OpenError::OldLibrary(rusqlite::version()));
        }
        let folder = folder_of(path);
        let unusable = |source| OpenError::Folder {
            folder: folder.to_owned(),
            uid: Uid::effective().as_raw(),
            source,
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        let file_system = FileSystem::of(folder).map_err(|error| unusable(error.into()))?;
        let journal = match (journal, file_system) {
            (Some(journal), file_system) => {
                log::warn!("DB_JOURNAL={journal} overrides what a store on {file_system} asks for");
                journal
            }
            (None, FileSystem::Local) => Journal::Wal,
            (None, FileSystem::Nfs) => Journal::Truncate,
            (None, FileSystem::Smb) => return Err(OpenError::Smb(path.to_owned())),
        };
        Ok(Self {
            path: path.to_owned(),
            journal,
        })
    }

    /// Opens the lock file.
    pub(super) fn lock_file(&self) -> Result<LockFile, OpenError> {
        LockFile::open(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::Folder {
                    folder: folder_of(&self.path).to_owned(),
                    uid: Uid::effective().as_raw(),
                    source,
                }
            }
            _ => OpenError::Io {
                path: LockFile::path(&self.path),
                source,
            },
        })
    }

    /// Looks at the file without SQLite, which would touch it: whether it can be ours at all.
    pub(super) fn inspect(&self, lock: &LockFile) -> Result<(), OpenError> {
        const MAGIC: &[u8] = b"SQLite format 3\0";
        let io_error = |source| OpenError::Io {
            path: self.path.clone(),
            source,
        };
        let existed = lock.store_existed().map_err(io_error)?;
        let has_log = self.log_length() > 0;
        let mut head = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file
                .take(MAGIC.len() as u64)
                .read_to_end(&mut head)
                .map_err(io_error)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && (existed || has_log) => {
                return Err(OpenError::Missing(self.path.clone(), "missing"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io_error(error)),
        };
        if head.is_empty() && (existed || has_log) {
            Err(OpenError::Missing(self.path.clone(), "empty"))
        } else if head.is_empty() || head == MAGIC || (!existed && self.is_half_made(&head)) {
            Ok(())
        } else {
            Err(OpenError::Foreign(self.path.clone()))
        }
    }

    /// Whether the power went while the very first transaction was written: the file's first sector has not arrived,
    /// others have, and the journal that SQLite takes it back with is there.
    fn is_half_made(&self, head: &[u8]) -> bool {
        let journal = fs::metadata(beside(&self.path, "-journal"));
        head.iter().all(|byte| *byte == 0) && journal.is_ok_and(|journal| journal.len() > 0)
    }

    /// Syncs the files an earlier process has left. One that was killed may have written what is visible here and yet
    /// not on the disk; it would be answered with, and be gone after a power cut.
    pub(super) fn sync_what_was_left(&self) -> io::Result<()> {
        for suffix in ["", "-journal", "-wal"] {
            match filesystem::sync(&beside(&self.path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the store, which another process may have open, is newer than what a binary that knows `known` may
    /// serve; `None` also where that cannot be seen from outside.
    pub(super) fn newer_than(&self, known: SchemaVersion) -> Option<OpenError> {
        // `user_version` in the file's head, which is current once a schema step is done. It spares a connection.
        let mut version = [0; 4];
        File::open(&self.path)
            .and_then(|file| file.read_exact_at(&mut version, 60))
            .ok()?;
        if SchemaVersion::from_be_bytes(version) <= known || self.journal == Journal::Truncate {
            return None;
        }
        let connection = backup::open_for_reading(&self.path).ok()?;
        match schema::recognise(&connection, &self.path, known) {
            Err(error @ OpenError::Newer { .. }) => Some(error),
            _ => None,
        }
    }

    /// Length of the write-ahead log in bytes; a store that was closed cleanly has none.
    pub(super) fn log_length(&self) -> u64 {
        fs::metadata(beside(&self.path, "-wal")).map_or(0, |metadata| metadata.len())
    }

    pub(super) fn sqlite(&self) -> impl Fn(rusqlite::Error) -> OpenError + '_ {
        |source| OpenError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
