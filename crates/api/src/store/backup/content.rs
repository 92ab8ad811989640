//! What verifying asks of a store's tables.

use rusqlite::{Connection, params};

use crate::store::Counts;

/// Reads every task whole, as it is read to be answered with, and says which ids there are.
///
/// # Errors
/// What SQLite reports, or that a text is not UTF-8.
pub(super) fn for_each_task(
    connection: &Connection,
    mut each: impl FnMut(i64, bool),
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare("SELECT id, completed, title, description, created_at, updated_at FROM tasks")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for text in 2..=5 {
            row.get_ref(text)?.as_str()?;
        }
        each(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// What SQLite remembers of the ids it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    /// How often tasks have one: once, or not at all before the first task.
    pub(super) rows: i64,
    /// The highest id that was given to a task.
    pub(super) highest: i64,
    /// The highest id of a task that is there.
    pub(super) highest_task: i64,
}

/// The sequence that ids of tasks are taken from.
pub(super) fn sequence(connection: &Connection) -> rusqlite::Result<Sequence> {
    connection.query_row(
        "SELECT count(*), coalesce(max(seq), 0), coalesce((SELECT max(id) FROM tasks), 0) \
         FROM sqlite_sequence WHERE name = 'tasks'",
        [],
        |row| {
            Ok(Sequence {
                rows: row.get(0)?,
                highest: row.get(1)?,
                highest_task: row.get(2)?,
            })
        },
    )
}

/// Whether the numbers of tasks that triggers keep are right, where the version is from before there were people: `counts`.
pub(super) fn keeps(connection: &Connection, counts: Counts) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT count(*) = 2 FROM task_counts WHERE tasks = iif(completed, ?2, ?1)",
        params![counts.active, counts.completed],
        |row| row.get(0),
    )
}

/// Puts the numbers of tasks right in a version from before there were people.
pub(super) fn set_counts(connection: &Connection, counts: Counts) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO task_counts (completed, tasks) VALUES (0, ?1), (1, ?2) \
             ON CONFLICT (completed) DO UPDATE SET tasks = excluded.tasks",
            params![counts.active, counts.completed],
        )
        .map(|_| ())
}

/// Draws the versions of the list anew in a version from before there were people, since its numbers are others than
/// those it was told by.
pub(super) fn draw_list_versions(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE task_counts SET version = random()", [])
        .map(|_| ())
}

/// How many tasks each half of each list has.
const COUNTED: &str = "SELECT lists.id AS list_id, half.completed AS completed, count(tasks.id) AS tasks \
     FROM lists, (SELECT 0 AS completed UNION ALL SELECT 1) AS half \
     LEFT JOIN tasks ON tasks.list_id = lists.id AND tasks.completed = half.completed GROUP BY 1, 2";

/// Whether the numbers of tasks that triggers keep for each list are right.
pub(super) fn keeps_lists(connection: &Connection) -> rusqlite::Result<bool> {
    let kept = "SELECT list_id, completed, tasks FROM list_counts";
    // Each has the keys of the other and no more where neither has a row that the other has not.
    connection.query_row(
        &format!(
            "SELECT NOT EXISTS (SELECT * FROM ({COUNTED}) EXCEPT {kept}) \
             AND NOT EXISTS ({kept} EXCEPT SELECT * FROM ({COUNTED}))"
        ),
        [],
        |row| row.get(0),
    )
}

/// Puts the numbers of tasks of each list right, and draws the versions anew, since the lists are others than those they
/// were told by.
pub(super) fn set_list_counts(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "DELETE FROM list_counts; \
         INSERT INTO list_counts (list_id, completed, tasks, version) SELECT *, random() FROM ({COUNTED})"
    ))
}

/// Whether what belongs to a list or to a user belongs to one that is there.
pub(super) fn has_owners(connection: &Connection) -> rusqlite::Result<bool> {
    let lost = "SELECT EXISTS (SELECT 1 FROM tasks WHERE list_id NOT IN (SELECT id FROM lists)) \
                OR EXISTS (SELECT 1 FROM pragma_foreign_key_check)";
    connection.query_row(lost, [], |row| row.get(0).map(|lost: bool| !lost))
}

/// Signs everybody out, and takes back all invitations: some may have ended or been used since the copy was made.
pub(super) fn end_sessions(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM sessions; DELETE FROM invitations")
}

/// Whether the store has the identity that versions of tasks are made of.
pub(super) fn has_identity(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 1 FROM store_identity", [], |row| {
        row.get(0)
    })
}
