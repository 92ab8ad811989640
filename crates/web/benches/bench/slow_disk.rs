//! A disk that takes its time to sync: memory, and a library preloaded into the server that delays each sync.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A folder in memory, where a sync takes no time of its own.
const MEMORY: &str = "/dev/shm";

/// A folder whose syncs take a known time in servers that are started with [`SlowDisk::environment`].
pub struct SlowDisk {
    folder: TempDir,
    library: PathBuf,
    delay: Duration,
}

impl SlowDisk {
    /// Compiles the library with `cc`.
    pub fn new(delay: Duration) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("task-tracker-bench-")
            .tempdir_in(MEMORY)
            .with_context(|| MEMORY.to_owned())?;
        let library = folder.path().join("slow_disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/bench/slow_disk.c");
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .args([&library, &source])
            .status()
            .context("cc, which compiles the library that delays syncs")?;
        ensure!(status.success(), "cc failed");
        Ok(Self {
            folder,
            library,
            delay,
        })
    }

    /// Where the store goes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a server is started with.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("SYNC_DELAY_US", self.delay.as_micros().to_string()),
        ]
    }
}
