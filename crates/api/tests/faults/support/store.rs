//! A look into a store with SQLite itself.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::ledger::Row;

/// What is in a store nobody has open.
#[derive(Debug)]
pub struct Content {
    pub rows: Vec<Row>,
    /// What is wrong with the file, if anything is.
    pub corrupt: Option<String>,
}

/// Opens the store at `path`, checks it whole, and reads all tasks. Recovers it first where that is needed.
pub fn read(path: &Path) -> Content {
    read_it(path).unwrap_or_else(|error| Content {
        rows: Vec::new(),
        corrupt: Some(error.to_string()),
    })
}

fn read_it(path: &Path) -> rusqlite::Result<Content> {
    let connection = Connection::open(path)?;
    let integrity: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    let rows = connection
        .prepare("SELECT id, title, completed FROM tasks")?
        .query_map([], |row| {
            Ok(Row {
                id: row.get(0)?,
                title: row.get(1)?,
                completed: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let counts_wrong: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM task_counts AS kept WHERE tasks <> \
         (SELECT count(*) FROM tasks WHERE tasks.completed = kept.completed))",
        [],
        |row| row.get(0),
    )?;
    let corrupt = match (integrity.as_str(), counts_wrong) {
        ("ok", false) => None,
        ("ok", true) => Some("the counts are wrong".to_owned()),
        (found, _) => Some(found.to_owned()),
    };
    Ok(Content { rows, corrupt })
}

/// Adds so many tasks, each with a description of 3,000 characters, to the store at `path`.
pub fn add_long_tasks(path: &Path, tasks: u32) {
    Connection::open(path)
        .unwrap()
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
             INSERT INTO tasks (title, description, created_at, updated_at) \
             SELECT 't' || i, printf('%3000c', 'x'), '', '' FROM n",
            [tasks],
        )
        .unwrap();
}

/// Copies a store nobody writes to, with its journals, to `folder`, so that a look at the copy changes nothing here.
pub fn copy_files(path: &Path, folder: &Path) -> PathBuf {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    for suffix in ["", "-wal", "-journal"] {
        let from = path.with_file_name(format!("{name}{suffix}"));
        let to = folder.join(format!("{name}{suffix}"));
        let _ = std::fs::remove_file(&to);
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
    let _ = std::fs::remove_file(folder.join(format!("{name}-shm")));
    folder.join(name)
}
