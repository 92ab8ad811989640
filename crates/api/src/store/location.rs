//! Where the store is and what holds it, found out before anything is opened.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Uid;

use super::filesystem::{self, FileSystem, Journal};
use super::lock::LockFile;
use super::log_mark::{Log, Stamp};
use super::schema::{self, Head, MAGIC, SchemaVersion};
use super::{OpenError, backup};

/// Older libraries can corrupt a store when its log is reset.
const OLDEST_SQLITE: i32 = 3_051_003;

/// What makes up a store: the file, what SQLite keeps beside it, and the lock.
pub(super) const PARTS: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];
/// Longer than a process needs to see that its lock file was taken away.
const GIVE_WAY: Duration = Duration::from_millis(250);
/// Symbolic links that are followed, as many as Linux follows.
const MOST_LINKS: u32 = 40;

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
        let path = &resolve(path).map_err(unusable)?;
        let folder = folder_of(path);
        refuse_other_kinds(path)?;
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
        let lock = LockFile::open(&self.path).map_err(|source| match source.kind() {
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
        })?;
        if lock.made() && self.path.exists() {
            // Somebody may have deleted the one that a running process has locked. It ends when it sees that.
            thread::sleep(GIVE_WAY);
        }
        Ok(lock)
    }

    /// Looks at the file without SQLite, which would touch it: whether it can be ours at all.
    pub(super) fn inspect(&self, lock: &LockFile) -> Result<(), OpenError> {
        let io_error = |source| OpenError::Io {
            path: self.path.clone(),
            source,
        };
        if backup::is_pending(&self.path) {
            // What is there, or not, is about to be replaced.
            return Ok(());
        }
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
        if let Log::Needed(stamp) = lock.log().map_err(io_error)?
            && !beside(&self.path, "-wal").exists()
            && Stamp::of(&self.path).is_ok_and(|now| now == stamp)
        {
            return Err(OpenError::LogMissing(self.path.clone()));
        }
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
        // The file's head says it without a connection.
        let head = Head::read(&File::open(&self.path).ok()?).ok()??;
        if head.schema_version <= known || self.journal == Journal::Truncate {
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

/// The one path that all names of the store lead to, so that all processes that open it by any of them share a lock.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            // Relative ones are relative to the folder they are in.
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => {
                let name = path.file_name().unwrap_or_default();
                return Ok(folder_of(&path).canonicalize()?.join(name));
            }
        }
    }
    Err(Errno::ELOOP.into())
}

/// Makes sure that the store and what is beside it are files, or not there: others may hang, or be written to elsewhere.
fn refuse_other_kinds(path: &Path) -> Result<(), OpenError> {
    for suffix in PARTS {
        let path = beside(path, suffix);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        match other_kind(found.file_type()) {
            Some(what) => return Err(OpenError::NotAFile(path, what)),
            None if found.nlink() > 1 => return Err(OpenError::ManyNames(path, found.nlink())),
            None => {}
        }
    }
    Ok(())
}

/// What is no regular file, as messages call it.
pub(super) fn other_kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else {
        Some("a device")
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
