//! Files that are being written, under names that tell them from what is finished.
//!
//! Whoever writes one has its first byte locked (open file description locks, `fcntl(2)`), which the kernel releases
//! when a process ends in whatever way: what nobody has locked was left by a process that was killed.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::libc;

use super::BackupError;
use super::limit::COPY_DEADLINE;
use crate::store::filesystem;
use crate::store::lock::try_lock_byte;
use crate::store::open::{beside, folder_of};

/// What SQLite keeps beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Only the owner reads what people have written down.
const OWNER_ONLY: u32 = 0o600;
/// How often another name is tried.
const ATTEMPTS: u32 = 16;
/// Digits after the marker in a name: 64 random bits, since processes in containers share their numbers.
const DIGITS: usize = 16;

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A copy that gets its name when it is finished.
    Part,
    /// A copy for standard output.
    Stream,
    /// A copy that is about to become the store.
    Restore,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Part, Self::Stream, Self::Restore];

    /// Stands in the name between that of the target and the random digits.
    fn marker(self) -> &'static str {
        match self {
            Self::Part => ".part-",
            Self::Stream => ".stream-",
            Self::Restore => ".restore-",
        }
    }
}

/// A file that is being written. It is deleted unless it gets its final name.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    /// Keeps the lock.
    file: File,
    renamed: bool,
}

impl Staged {
    /// Makes an empty file beside `target` that only its owner can read.
    pub(super) fn create(target: &Path, kind: Kind) -> Result<Self, BackupError> {
        for _ in 0..ATTEMPTS {
            let path = beside(
                target,
                &format!("{}{:0DIGITS$x}", kind.marker(), rand::random::<u64>()),
            );
            match create_locked(&path) {
                Ok(Some(file)) => {
                    return Ok(Self {
                        path,
                        file,
                        renamed: false,
                    });
                }
                // Taken for a leftover before it was locked, or a name that is in use.
                Ok(None) => {}
                Err(source) => return Err(BackupError::Io { path, source }),
            }
        }
        Err(BackupError::Io {
            path: target.to_owned(),
            source: io::ErrorKind::AlreadyExists.into(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Has the content reach the disk, and gives the file its name, in the place of what had it.
    pub(super) fn rename_to(mut self, target: &Path) -> Result<(), BackupError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            |source| BackupError::Io { path, source }
        };
        self.file.sync_all().map_err(io_error(&self.path))?;
        fs::rename(&self.path, target).map_err(io_error(target))?;
        self.renamed = true;
        filesystem::sync(folder_of(target)).map_err(io_error(target))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.renamed {
            // Where this fails the file is a leftover, which the next start or copy deletes.
            let _ = remove_with_sidecars(&self.path);
        }
    }
}

/// `None` where somebody else has a file of this name.
fn create_locked(path: &Path) -> io::Result<Option<File>> {
    let created = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path);
    let file = match created {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        created => created?,
    };
    // Where there are no locks, age tells what is left (see `is_left`).
    let locked = try_lock_byte(&file, 0).unwrap_or(true);
    Ok((locked && is_at(&file, path)).then_some(file))
}

/// Whether `path` still names `file`.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Whether a file of this name would be taken for one that is not finished, wherever it is.
pub(super) fn is_unfinished(name: &str) -> bool {
    unfinished(name, None).is_some()
}

/// The name of the file that is not finished which `name` is or belongs to. Earlier releases put the process's number
/// after the marker, which others may do too: those are ours only after `own`, which is a file's name, or what names
/// begin with where it ends with a hyphen.
fn unfinished<'a>(name: &'a str, own: Option<&str>) -> Option<&'a str> {
    let base = BESIDE
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    let is_ours = Kind::ALL.into_iter().any(|kind| {
        let Some((target, digits)) = base.rsplit_once(kind.marker()) else {
            return false;
        };
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let random = digits.len() == DIGITS && digits.bytes().all(hexadecimal);
        let numbered = (1..=10).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && own.is_some_and(|own| {
                let rest = target.strip_prefix(own);
                rest.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('.') || own.ends_with('-')
                })
            });
        !target.is_empty() && (random || numbered)
    });
    is_ours.then_some(base)
}

/// Deletes what processes that were killed have left in `folder`; what a living process writes stays. `own` is as for
/// [`unfinished`].
pub(in crate::store) fn remove_leftovers(folder: &Path, own: Option<&str>) -> io::Result<()> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if let Some(base) = name.to_str().and_then(|name| unfinished(name, own)) {
            found.insert(folder.join(base));
        }
    }
    for path in found {
        match remove_leftover(&path) {
            Ok(true) => log::info!("deleted what a killed process left: {}", path.display()),
            Ok(false) => {}
            // The others can be deleted nevertheless.
            Err(error) => log::warn!("{} was left and stays: {error}", path.display()),
        }
    }
    Ok(())
}

fn remove_leftover(path: &Path) -> io::Result<bool> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path);
    let file = match opened {
        // Only what SQLite kept beside it is left.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return remove_with_sidecars(path).map(|()| true);
        }
        opened => opened?,
    };
    if !file.metadata()?.is_file() || !is_left(&file)? || !is_at(&file, path) {
        return Ok(false);
    }
    // The lock is kept until the name is gone.
    remove_with_sidecars(path).map(|()| true)
}

/// Whether nobody writes `file` any more. Where the file system has no locks, that is so once no copy can take that
/// long.
fn is_left(file: &File) -> io::Result<bool> {
    if let Ok(free) = try_lock_byte(file, 0) {
        return Ok(free);
    }
    let age = SystemTime::now().duration_since(file.metadata()?.modified()?);
    Ok(age.is_ok_and(|age| age > 2 * COPY_DEADLINE))
}

fn remove_with_sidecars(path: &Path) -> io::Result<()> {
    // The file last: without it what is beside it could not be told from others' files.
    for suffix in BESIDE.into_iter().chain([""]) {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
