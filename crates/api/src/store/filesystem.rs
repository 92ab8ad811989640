//! What holds the store, and how SQLite has to keep its journal there.

use std::fs::File;
use std::path::Path;
use std::{fmt, io};

use nix::sys::statfs::{NFS_SUPER_MAGIC, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};
use serde::Serialize;
use utoipa::ToSchema;

/// Linux's numbers for file systems that nix does not name (`linux/magic.h`).
const CIFS_SUPER_MAGIC: i64 = 0xFF53_4D42;
const SMB2_SUPER_MAGIC: i64 = 0xFE53_4D42;
const SMB_SUPER_MAGIC: i64 = 0x517B;

/// The kinds of file system that matter to SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// On this machine.
    Local,
    /// NFS: locks reach the server, shared memory does not.
    Nfs,
    /// SMB: locks may stay on this machine, so two hosts could write at once.
    Smb,
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "a local disk",
            Self::Nfs => "NFS",
            Self::Smb => "SMB",
        })
    }
}

impl FileSystem {
    /// Asks the system what holds `path`.
    ///
    /// # Errors
    /// What `statfs` reports.
    pub(super) fn of(path: &Path) -> Result<Self, nix::Error> {
        let kind = statfs(path)?.filesystem_type();
        if kind == NFS_SUPER_MAGIC {
            return Ok(Self::Nfs);
        }
        // The type's width differs between platforms; the numbers fit 32 bits.
        #[allow(
            clippy::unnecessary_cast,
            reason = "the number is narrower on other platforms"
        )]
        let number = (kind.0 as i64) & 0xFFFF_FFFF;
        Ok(match number {
            CIFS_SUPER_MAGIC | SMB2_SUPER_MAGIC | SMB_SUPER_MAGIC => Self::Smb,
            _ => Self::Local,
        })
    }
}

/// Has what was written to the file or folder at `path`, by whatever process, reach the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Whether what holds `path` is mounted read-only now.
pub(super) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|stats| stats.flags().contains(FsFlags::ST_RDONLY))
}

/// How SQLite keeps its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Journal {
    /// Write-ahead log, `synchronous=FULL`: for local disks.
    Wal,
    /// Rollback journal, `synchronous=EXTRA`, one connection with exclusive locking: where there is no shared
    /// memory between hosts.
    Truncate,
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wal => "wal",
            Self::Truncate => "truncate",
        })
    }
}
