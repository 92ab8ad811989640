//! Space on the disk: a reserve that lets deletes through when none is left, and when there is some again.
//!
//! The reserve is a file beside the store. Without it a full disk could not even be helped by deleting: that is written
//! to the log first. It is given up for a delete and made anew once there is space.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::posix_fallocate;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use rusqlite::Connection;

use super::location::{beside, folder_of};
use super::warnings::{Subject, Warnings};

/// The reserve, in bytes: as much as the log may have that is not in the store yet, so that the log can be brought into
/// the store and written from its beginning again.
const RESERVE: u64 = 4 * 1024 * 1024;
/// On a small disk the reserve is this part of it.
const PART_OF_DISK: u64 = 8;
/// With less than this left, in bytes, a disk counts as full: room for a few changes.
const LEAST: u64 = 64 * 1024;
/// With fewer pages than this, free in its file or that it may grow by, a store takes no new tasks for long.
const LEAST_PAGES: i64 = 16;
/// What SQLite itself limits a file to.
const MOST_PAGES: i64 = 4_294_967_294;
/// The block that is written to see whether there is space.
const PROBE: usize = 4096;

/// The space for one store.
#[derive(Debug)]
pub(super) struct Space {
    folder: PathBuf,
    reserve: PathBuf,
    target: u64,
    most_bytes: Option<u64>,
    full: AtomicBool,
    warnings: Warnings,
}

impl Space {
    /// The space for the store at `path`, whose folder exists. Its file may take `most_bytes`.
    pub(super) fn of(path: &Path, most_bytes: Option<u64>, warnings: Warnings) -> Self {
        let folder = folder_of(path).to_owned();
        let disk =
            statvfs(&folder).map_or(0, |disk| disk.blocks().saturating_mul(disk.fragment_size()));
        Self {
            reserve: beside(path, ".reserve"),
            target: RESERVE.min(disk / PART_OF_DISK),
            folder,
            most_bytes,
            full: AtomicBool::new(false),
            warnings,
        }
    }

    /// The size of the reserve, in bytes.
    pub(super) fn target(&self) -> u64 {
        self.target
    }

    /// Makes the reserve where it is missing and there is space for twice as much.
    pub(super) fn keep_reserve(&self) {
        if !self.has_reserve()
            && self.available().is_none_or(|left| left >= 2 * self.target)
            && let Err(error) = allocate(&self.reserve, self.target)
        {
            log::debug!("no reserve was made: {error}");
            let _ = fs::remove_file(&self.reserve);
        }
    }

    /// Deletes the reserve; whether there was one.
    pub(super) fn give_up_reserve(&self) -> bool {
        let given_up = fs::remove_file(&self.reserve).is_ok();
        if given_up {
            log::warn!("the reserve was given up, so that deletes can be written");
        }
        given_up
    }

    /// Whether the store may not grow at the moment: what deletes leave free in its file is all the room there is.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// A write found no space. Where the disk has some, a quota of the store's own is to blame, and each write is tried.
    pub(super) fn ran_out(&self) {
        if self.has_space() {
            return;
        }
        self.full.store(true, Ordering::Release);
        self.warnings.begin(Subject::Space, || {
            format!(
                "no space is left for {}: until there is some, only what is deleted makes room for more",
                self.folder.display()
            )
        });
    }

    /// Whether there is space again, and if so for the reserve too.
    pub(super) fn look_again(&self) -> bool {
        if !self.is_full() {
            return true;
        }
        if !self.has_space() {
            return false;
        }
        self.keep_reserve();
        // A quota may deny what the disk has.
        if !self.has_reserve() && self.target > 0 {
            return false;
        }
        self.full.store(false, Ordering::Release);
        self.warnings.end(
            Subject::Space,
            "there is space again: everything is written",
        );
        true
    }

    /// Whether there is space for some changes, beside the reserve.
    pub(super) fn has_space(&self) -> bool {
        let needed = match self.has_reserve() {
            true => LEAST,
            false => LEAST.max(2 * self.target),
        };
        self.available().is_none_or(|left| left >= needed) && !is_full(&self.folder)
    }

    /// Limits the size of the file: to what it has while there is no space, so that the log can always be brought into
    /// it, else to `MAX_STORE`.
    pub(super) fn limit(&self, connection: &Connection) -> rusqlite::Result<()> {
        let quota = match self.most_bytes {
            Some(most) => {
                i64::try_from(most).unwrap_or(i64::MAX) / number(connection, "page_size")?.max(1)
            }
            None => MOST_PAGES,
        };
        let pages = match self.is_full() {
            true => quota.min(number(connection, "page_count")?),
            false => quota,
        };
        // Answers with the new limit, which is never less than what the file has.
        connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
    }

    /// Whether the file takes more: the pages that it may grow by and those that are free in it are enough for some changes.
    /// One change may need several.
    pub(super) fn has_room(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let growth = match self.is_full() {
            true => 0,
            false => number(connection, "max_page_count")? - number(connection, "page_count")?,
        };
        Ok(growth + number(connection, "freelist_count")? >= LEAST_PAGES)
    }

    fn has_reserve(&self) -> bool {
        fs::metadata(&self.reserve).is_ok_and(|file| file.len() >= self.target)
    }

    /// Bytes that are left; nothing where the system does not say.
    fn available(&self) -> Option<u64> {
        let disk = statvfs(&self.folder).ok()?;
        Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
    }
}

/// The value of a pragma.
pub(super) fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn allocate(path: &Path, length: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    match posix_fallocate(&file, 0, i64::try_from(length).unwrap_or(i64::MAX)) {
        Ok(()) => Ok(()),
        // NFS before 4.2 cannot: there the blocks are written.
        Err(Errno::EOPNOTSUPP | Errno::EINVAL) => {
            let block = [0; 64 * 1024];
            let mut left = length;
            while left > 0 {
                let part = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                file.write_all(&block[..part])?;
                left -= part as u64;
            }
            file.sync_all()
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an error says that there is no space: the disk is full, or a quota or a limit of the file's size is reached.
pub(super) fn says_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Whether a block cannot be written into `folder` for lack of space. SQLite itself tells only one of the reasons.
pub(super) fn is_full(folder: &Path) -> bool {
    let probe = folder.join(format!(".space-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe)
        .and_then(|mut file| file.write_all(&[1; PROBE]).and_then(|()| file.sync_data()));
    let _ = fs::remove_file(&probe);
    written.is_err_and(|error| says_full(&error))
}

/// Whether the file at `path` may not grow for the process's own limit (`RLIMIT_FSIZE`).
pub(super) fn is_at_size_limit(path: &Path) -> bool {
    let Ok((limit, _)) = getrlimit(Resource::RLIMIT_FSIZE) else {
        return false;
    };
    ["", "-wal", "-journal"].iter().any(|suffix| {
        fs::metadata(beside(path, suffix)).is_ok_and(|file| file.len() + PROBE as u64 >= limit)
    })
}
