//! The files of a store that is open, and whether their names still lead to them.
//!
//! Whoever deletes, moves or replaces one of them under a running process takes away what it writes: it would go on
//! acknowledging changes that nobody can ever read again.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::FileStat;
use thiserror::Error;

use super::filesystem::Journal;
use super::location::{Location, beside};
use super::lock::LockFile;
use super::schema::Head;
use super::warnings::{Subject, Warnings};

/// A head that looks wrong is looked at this often before it counts as overwritten.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// What another program did to the files of an open store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Loss {
    /// The file's name leads to nothing.
    #[error("{0} was deleted or moved by another program")]
    Gone(PathBuf),
    /// The file's name leads to another file.
    #[error("{0} was replaced by another program")]
    Replaced(PathBuf),
    /// The file is the same, what is in it is not.
    #[error("{0} was overwritten by another program")]
    Overwritten(PathBuf),
}

/// One file among all, whatever its names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl From<&FileStat> for FileId {
    fn from(found: &FileStat) -> Self {
        Self {
            device: found.st_dev,
            inode: found.st_ino,
        }
    }
}

impl From<&Metadata> for FileId {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
        }
    }
}

/// The store's own file, open from before SQLite opens it until after SQLite has closed it: to close any handle of a
/// file drops the locks this process has on it.
#[derive(Debug)]
pub(super) struct HeldFile(File);

impl HeldFile {
    /// Opens the file, making it if need be.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        Ok(Self(file))
    }

    /// Opens the file, which is not written to.
    pub(super) fn open_to_read(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }
}

/// Whether SQLite can have made `now` of `before`, the heads of one file.
fn follows(now: &Head, before: &Head, journal: Journal) -> bool {
    // What made the store ours may have been in the log only.
    let application = now.application_id == before.application_id || now.is_ours();
    // A rollback takes the counter back.
    let changes = now.changes >= before.changes || journal == Journal::Truncate;
    now.journal == before.journal && application && changes
}

/// What is open, and under which names.
#[derive(Debug)]
pub(super) struct OpenFiles {
    path: PathBuf,
    journal: Journal,
    held: HeldFile,
    named: Vec<(PathBuf, FileId)>,
    /// The rollback journal, which comes with the first change.
    rollback: OnceLock<FileId>,
    head: Mutex<Head>,
    warnings: Warnings,
    lost: OnceLock<Loss>,
}

impl OpenFiles {
    /// Remembers what SQLite has just opened, all of which is there.
    pub(super) fn record(
        location: &Location,
        lock: &LockFile,
        held: HeldFile,
        warnings: Warnings,
    ) -> io::Result<Self> {
        let path = location.path.clone();
        let head = Head::read(&held.0)?.ok_or(io::ErrorKind::InvalidData)?;
        let mut named = vec![
            (path.clone(), FileId::from(&held.0.metadata()?)),
            (LockFile::path(&path), lock.id()?),
        ];
        for suffix in ["-wal", "-shm"] {
            let path = beside(&path, suffix);
            if let (Journal::Wal, Ok(found)) = (location.journal, fs::metadata(&path)) {
                named.push((path, FileId::from(&found)));
            }
        }
        let files = Self {
            path,
            journal: location.journal,
            held,
            named,
            rollback: OnceLock::new(),
            head: Mutex::new(head),
            warnings,
            lost: OnceLock::new(),
        };
        Ok(files)
    }

    /// Makes sure that every name still leads to the file that is open, and that nobody has overwritten it. What was
    /// lost once stays lost. An older copy of the same store with the same change counter is not noticed where it is
    /// written over the file between two looks.
    pub(super) fn check(&self) -> Result<(), Loss> {
        if let Some(loss) = self.lost.get() {
            return Err(loss.clone());
        }
        let found = self
            .named
            .iter()
            .try_for_each(|(path, id)| same(path, *id))
            .and_then(|()| self.check_rollback())
            .and_then(|()| self.check_content());
        found.map_err(|loss| self.lost.get_or_init(|| loss).clone())
    }

    /// What was lost, if anything was.
    pub(super) fn loss(&self) -> Option<&Loss> {
        self.lost.get()
    }

    /// Whether what was lost is nowhere else: not merely moved, and not only a file that can be made anew.
    pub(super) fn is_content_lost(&self) -> bool {
        let deleted = self.held.0.metadata().is_ok_and(|held| held.nlink() == 0);
        let log = beside(&self.path, "-wal");
        let log_lost = || {
            let known = self.named.iter().find(|(path, _)| *path == log);
            known.is_some_and(|(path, id)| same(path, *id).is_err())
        };
        // A folder that is moved takes the log with it.
        deleted || (self.is_in_place() && log_lost())
    }

    /// Whether the store's name leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        self.named
            .first()
            .is_some_and(|(path, id)| same(path, *id).is_ok())
    }

    /// The store's files beside it that are still the ones that were opened.
    pub(super) fn left_beside(&self) -> impl Iterator<Item = &Path> {
        let lock = LockFile::path(&self.path);
        self.named
            .iter()
            .skip(1)
            .filter(move |(path, id)| *path != lock && same(path, *id).is_ok())
            .map(|(path, _)| path.as_path())
    }

    fn check_rollback(&self) -> Result<(), Loss> {
        if self.journal == Journal::Wal {
            return Ok(());
        }
        let path = beside(&self.path, "-journal");
        match self.rollback.get() {
            Some(id) => same(&path, *id),
            None => {
                if let Ok(found) = fs::metadata(&path) {
                    let _ = self.rollback.set(FileId::from(&found));
                }
                Ok(())
            }
        }
    }

    fn check_content(&self) -> Result<(), Loss> {
        let overwritten = || Loss::Overwritten(self.path.clone());
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..LOOKS {
            match Head::read(&self.held.0) {
                Ok(Some(head)) if follows(&head, &known, self.journal) => {
                    *known = head;
                    return Ok(());
                }
                // SQLite may be in the middle of writing it.
                Ok(_) => thread::sleep(BETWEEN_LOOKS),
                // It cannot be read now; whoever needs it will say so.
                Err(_) => return Ok(()),
            }
        }
        Err(overwritten())
    }

    /// Says where the store has further names: a program that opens it by one of them finds no log beside it.
    pub(super) fn look_for_other_names(&self) {
        match self.held.0.metadata() {
            Ok(held) if held.nlink() > 1 => self.warnings.begin(Subject::Names, || {
                format!(
                    "{} has {} names (hard links): whoever opens it by another corrupts it; delete them",
                    self.path.display(),
                    held.nlink()
                )
            }),
            _ => self
                .warnings
                .end(Subject::Names, "the store has only one name again"),
        }
    }
}

/// Whether `path` leads to the file `id`. Where that cannot be told nothing is known to be lost.
fn same(path: &Path, id: FileId) -> Result<(), Loss> {
    match fs::metadata(path) {
        Ok(found) if FileId::from(&found) == id => Ok(()),
        Ok(_) => Err(Loss::Replaced(path.to_owned())),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE) => {
                Err(Loss::Gone(path.to_owned()))
            }
            _ => Ok(()),
        },
    }
}
