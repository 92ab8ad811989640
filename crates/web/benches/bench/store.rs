//! Stores of any size, made in seconds: the api makes the schema, and one transaction fills it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::server::{Programs, Server};

/// A store in a folder of its own, deleted with it.
pub struct StoreFile {
    folder: TempDir,
}

/// The title of the task that was made as the `number`th; of the same length for all below ten million.
pub fn title(number: u64) -> String {
    format!("Task {number:07}: bring back what was lent")
}

/// The description of the same task.
pub fn description(number: u64) -> String {
    format!("Number {number:07} of the list.\nAsk when it is needed again, and write it down here.")
}

impl StoreFile {
    /// A store that is not there yet, in `folder`.
    pub fn empty(folder: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("store-")
            .tempdir_in(folder)?;
        Ok(Self { folder })
    }

    /// A store of `tasks` tasks, every third of them done.
    pub fn filled(folder: &Path, programs: &Programs, tasks: u64) -> Result<Self> {
        let store = Self::empty(folder)?;
        drop(Server::api(programs, &store)?);
        let mut connection = Connection::open(store.path())?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare(
                "INSERT INTO tasks (title, description, completed, created_at, updated_at)
                 SELECT ?1, ?2, ?3 % 3 = 0, made, made
                 FROM (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 1750000000 + ?3, 'unixepoch') AS made)",
            )?;
            for number in 1..=tasks {
                let id = i64::try_from(number)?;
                insert.execute((title(number), description(number), id))?;
            }
        }
        transaction.commit()?;
        connection.close().map_err(|(_, error)| error)?;
        // What is left to be written would slow the first rounds down.
        File::open(store.path())?.sync_all()?;
        Ok(store)
    }

    /// The SQLite file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }
}

/// Writes `lines` into a file beside the stores, for the load generator.
pub fn lines(
    folder: &Path,
    name: &str,
    lines: impl IntoIterator<Item = String>,
) -> Result<PathBuf> {
    let path = folder.join(name);
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    Ok(path)
}
