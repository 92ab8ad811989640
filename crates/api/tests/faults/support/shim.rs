//! The shim between the api and the system: see shim.c beside this file.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::OnceLock;

const SOURCE: &str = include_str!("shim.c");

/// The numbers shared with the shim, in the order of its `enum control`.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    FailKinds,
    FailAfter,
    FailCount,
    FailErrno,
    Seen,
    Failed,
    ReadOnly,
    FileSystem,
    LocksOff,
    ClockOffset,
    SyncDelay,
    Holder,
    ForeignWrites,
    Writes,
    Count,
}

/// Kinds of calls, to be added up.
pub const WRITE: i64 = 1;
pub const SYNC: i64 = 2;
pub const TRUNCATE: i64 = 4;
pub const OPEN: i64 = 8;
pub const NAME: i64 = 16;

/// The locks of the api (fcntl on the lock file).
pub const OUR_LOCKS: i64 = 1;
/// The locks SQLite takes by itself.
pub const SQLITES_LOCKS: i64 = 2;

/// `errno.h`.
pub const EIO: i64 = 5;

/// Compiles the shim with the C compiler that Rust links with, once.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut hasher = DefaultHasher::new();
        SOURCE.hash(&mut hasher);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(folder).unwrap();
        let library = folder.join(format!("shim-{:016x}.so", hasher.finish()));
        if !library.exists() {
            let source = folder.join(format!("shim-{}.c", id()));
            let object = source.with_extension("so");
            fs::write(&source, SOURCE).unwrap();
            let status = Command::new("cc")
                .args(["-std=gnu11", "-O1", "-shared", "-fPIC", "-o"])
                .args([&object, &source])
                .args(["-ldl", "-lpthread"])
                .status()
                .expect("cc runs: it is what Rust links with");
            assert!(status.success(), "the shim does not compile");
            fs::rename(&object, &library).unwrap();
            fs::remove_file(&source).unwrap();
        }
        library
    })
}

/// The numbers shared with the shim of every process that was started with them.
#[derive(Debug)]
pub struct Control {
    pub path: PathBuf,
    file: File,
}

impl Control {
    pub fn new(path: PathBuf) -> Self {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        file.set_len(Number::Count as u64 * 8).unwrap();
        Self { path, file }
    }

    pub fn set(&self, number: Number, value: i64) {
        self.file
            .write_all_at(&value.to_le_bytes(), number as u64 * 8)
            .unwrap();
    }

    pub fn get(&self, number: Number) -> i64 {
        let mut bytes = [0; 8];
        self.file
            .read_exact_at(&mut bytes, number as u64 * 8)
            .unwrap();
        i64::from_le_bytes(bytes)
    }

    /// Has `count` calls of `kinds` fail with an I/O error once `after` of them have succeeded.
    pub fn fail(&self, kinds: i64, after: i64, count: i64) {
        self.set(Number::FailKinds, 0);
        self.set(Number::Seen, 0);
        self.set(Number::Failed, 0);
        self.set(Number::FailAfter, after);
        self.set(Number::FailCount, count);
        self.set(Number::FailErrno, EIO);
        self.set(Number::FailKinds, kinds);
    }

    /// Lets every call through again.
    pub fn heal(&self) {
        self.set(Number::FailKinds, 0);
    }
}
