//! The lock file beside the store: who holds it, and who waits to take over.
//!
//! Two bytes of one file are locked with `fcntl` (open file description locks, `fcntl(2)`), which the kernel
//! releases when a process ends in whatever way, and which NFS carries to its server.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::filesystem;
use super::location::folder_of;
use super::log_mark::{Log, Stamp};
use super::open_files::FileId;

/// Locked by the process that has the store open.
const HOLDER: i64 = 0;
/// Locked by the process that waits to take over.
const SUCCESSOR: i64 = 1;

/// Written into the lock file once a store was made, so that an empty or missing store is not taken for a new one.
const STORE_EXISTS: &[u8] = b"A Task Tracker store is beside this file.\n";

/// What is remembered of the store's log, after [`STORE_EXISTS`]. Each is as long as the other: it is written over it.
const LOG_UNNEEDED: &str = "no log needed";
const LOG_NEEDED: &str = "a log is needed";
const LOG_LENGTH: usize = 80;

/// The lock file, open in this process. All clones are the same.
#[derive(Debug, Clone)]
pub(super) struct LockFile {
    file: Arc<File>,
    path: PathBuf,
    made: bool,
}

impl LockFile {
    /// The lock file of the store at `db_path`.
    pub(super) fn path(db_path: &Path) -> PathBuf {
        let mut path = db_path.as_os_str().to_owned();
        path.push(".lock");
        path.into()
    }

    /// Opens the lock file, making it if need be.
    pub(super) fn open(db_path: &Path) -> io::Result<Self> {
        let path = Self::path(db_path);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let (file, made) = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Where another process was faster it is the same file.
                (options.create(true).truncate(false).open(&path)?, true)
            }
            opened => (opened?, false),
        };
        Ok(Self {
            file: Arc::new(file),
            path,
            made,
        })
    }

    /// Makes a lock file that says that there was a store, where there is none now.
    pub(super) fn put_back(db_path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .open(Self::path(db_path))?;
        file.write_all_at(STORE_EXISTS, 0)?;
        file.sync_all()
    }

    /// Whether this process has made the file.
    pub(super) fn made(&self) -> bool {
        self.made
    }

    /// Which file this is.
    pub(super) fn id(&self) -> io::Result<FileId> {
        Ok(FileId::from(&self.file.metadata()?))
    }

    /// Whether others that open the lock file still get this one.
    pub(super) fn is_current(&self) -> io::Result<bool> {
        match fs::metadata(&self.path) {
            Ok(found) => Ok(FileId::from(&found) == self.id()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            // It cannot be told now.
            Err(_) => Ok(true),
        }
    }

    /// Takes the store for this process; false while another has it.
    pub(super) fn try_hold(&self) -> io::Result<bool> {
        self.try_lock(HOLDER)
    }

    /// Lets another process take the store.
    pub(super) fn release(&self) -> io::Result<()> {
        self.set(HOLDER, libc::F_UNLCK as libc::c_short)
            .map_err(io::Error::from)
    }

    /// Tells the holder that this process waits to take over; false while another does.
    pub(super) fn try_announce(&self) -> io::Result<bool> {
        self.try_lock(SUCCESSOR)
    }

    /// No longer waits to take over.
    pub(super) fn withdraw(&self) -> io::Result<()> {
        self.set(SUCCESSOR, libc::F_UNLCK as libc::c_short)
            .map_err(io::Error::from)
    }

    /// Whether another process waits to take over.
    pub(super) fn successor_waits(&self) -> io::Result<bool> {
        let mut lock = range(SUCCESSOR, libc::F_WRLCK as libc::c_short);
        fcntl(&*self.file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
    }

    /// Whether a store was made here before.
    pub(super) fn store_existed(&self) -> io::Result<bool> {
        Ok(self.content()?.starts_with(STORE_EXISTS))
    }

    /// Remembers that there is a store at `store`, once its name is on the disk.
    pub(super) fn mark_store_exists(&self, store: &Path) -> io::Result<()> {
        filesystem::sync(folder_of(store))?;
        if self.store_existed()? {
            return Ok(());
        }
        self.file.write_all_at(STORE_EXISTS, 0)?;
        self.file.sync_all()
    }

    /// What is remembered of the store's log.
    pub(super) fn log(&self) -> io::Result<Log> {
        let content = self.content()?;
        let log = content.get(STORE_EXISTS.len()..).unwrap_or_default();
        let stamp = || {
            let numbers = std::str::from_utf8(log).ok()?.strip_prefix(LOG_NEEDED)?;
            let mut numbers = numbers.split_whitespace();
            Some(Stamp {
                length: numbers.next()?.parse().ok()?,
                written: numbers.next()?.parse().ok()?,
            })
        };
        Ok(stamp().map_or(Log::Unneeded, Log::Needed))
    }

    /// Remembers this of the store's log, after [`Self::mark_store_exists`].
    pub(super) fn set_log(&self, log: Log) -> io::Result<()> {
        let text = match log {
            Log::Unneeded => LOG_UNNEEDED.to_owned(),
            Log::Needed(Stamp { length, written }) => format!("{LOG_NEEDED} {length} {written}"),
        };
        let line = format!("{text:<width$}\n", width = LOG_LENGTH - 1);
        self.file
            .write_all_at(line.as_bytes(), STORE_EXISTS.len() as u64)
    }

    /// Has what is remembered reach the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn content(&self) -> io::Result<Vec<u8>> {
        let mut content = vec![0; STORE_EXISTS.len() + LOG_LENGTH];
        let mut length = 0;
        while length < content.len() {
            match self.file.read_at(&mut content[length..], length as u64)? {
                0 => break,
                read => length += read,
            }
        }
        content.truncate(length);
        Ok(content)
    }

    fn try_lock(&self, byte: i64) -> io::Result<bool> {
        try_lock_byte(&self.file, byte)
    }

    fn set(&self, byte: i64, kind: libc::c_short) -> Result<(), Errno> {
        fcntl(&*self.file, FcntlArg::F_OFD_SETLK(&range(byte, kind))).map(|_| ())
    }
}

/// Locks one byte of `file` until it is closed; false while another has it.
pub(super) fn try_lock_byte(file: &File, byte: i64) -> io::Result<bool> {
    let lock = range(byte, libc::F_WRLCK as libc::c_short);
    match fcntl(file, FcntlArg::F_OFD_SETLK(&lock)) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn range(byte: i64, kind: libc::c_short) -> libc::flock {
    libc::flock {
        l_type: kind,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        // Must be zero for open file description locks.
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_remembered_of_the_log_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("tasks.db");
        let lock = LockFile::open(&store).unwrap();
        assert!(lock.made() && !lock.store_existed().unwrap());
        lock.mark_store_exists(&store).unwrap();
        let needed = Log::Needed(Stamp {
            length: u64::MAX,
            written: i128::from(i64::MAX),
        });
        for log in [Log::Unneeded, needed, Log::Unneeded] {
            lock.set_log(log).unwrap();
            let other = LockFile::open(&store).unwrap();
            assert_eq!((other.made(), other.log().unwrap()), (false, log));
            assert!(other.store_existed().unwrap());
        }
    }

    #[test]
    fn a_lock_file_that_was_deleted_or_replaced_is_not_current() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("tasks.db");
        let lock = LockFile::open(&store).unwrap();
        assert!(lock.is_current().unwrap());
        fs::remove_file(LockFile::path(&store)).unwrap();
        assert!(!lock.is_current().unwrap());
        let other = LockFile::open(&store).unwrap();
        assert!(other.is_current().unwrap() && !lock.is_current().unwrap());
    }
}
