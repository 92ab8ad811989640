//! A store's files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

/// A folder for a store, deleted with the last clone of this.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Arc<TempDir>,
}

impl Store {
    /// An empty folder.
    pub fn new() -> Self {
        // In memory where there is such a place: tests are not to wait for the disk, nor for others who use it.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        Self {
            folder: Arc::new(folder.unwrap()),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The SQLite file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }

    /// Opens it as another program would.
    pub fn open(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection
            .busy_timeout(std::time::Duration::from_secs(5))
            .unwrap();
        connection
    }

    /// How many tasks are in it.
    pub fn count(&self) -> i64 {
        self.open()
            .query_row("SELECT count(*) FROM tasks", [], |row| row.get(0))
            .unwrap()
    }

    /// Everything in the folder, by name; apart from the lock file and the reserve of space.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.folder()).unwrap();
        entries
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
            .filter(|(name, _)| name != "tasks.db.lock" && name != "tasks.db.reserve")
            .map(|(name, path)| (name, fs::read(path).unwrap()))
            .collect()
    }
}
