//! The lock file beside the store: who holds it, and who waits to take over.
//!
//! Two bytes of one file are locked with `fcntl` (open file description locks, `fcntl(2)`), which the kernel
//! releases when a process ends in whatever way, and which NFS carries to its server.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::filesystem;
use super::location::folder_of;

/// Locked by the process that has the store open.
const HOLDER: i64 = 0;
/// Locked by the process that waits to take over.
const SUCCESSOR: i64 = 1;

/// Written into the lock file once a store was made, so that an empty or missing store is not taken for a new one.
const STORE_EXISTS: &[u8] = b"A Task Tracker store is beside this file.\n";

/// The lock file, open in this process.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
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
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(Self::path(db_path))?;
        Ok(Self { file })
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
        fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
    }

    /// Whether a store was made here before.
    pub(super) fn store_existed(&self) -> io::Result<bool> {
        let mut file = &self.file;
        let mut content = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(STORE_EXISTS.len() as u64)
            .read_to_end(&mut content)?;
        Ok(content == STORE_EXISTS)
    }

    /// Remembers that there is a store at `store`, once its name is on the disk.
    pub(super) fn mark_store_exists(&self, store: &Path) -> io::Result<()> {
        filesystem::sync(folder_of(store))?;
        if self.store_existed()? {
            return Ok(());
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(STORE_EXISTS)?;
        self.file.sync_all()
    }

    fn try_lock(&self, byte: i64) -> io::Result<bool> {
        match self.set(byte, libc::F_WRLCK as libc::c_short) {
            Ok(()) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, byte: i64, kind: libc::c_short) -> Result<(), Errno> {
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&range(byte, kind))).map(|_| ())
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
