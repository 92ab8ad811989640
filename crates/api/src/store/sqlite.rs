//! What the tables are asked and told: a function for each question and each change.
//!
//! What SQLite itself is told (locks, journals, schema steps, checks, copies) stands where that is done.

use std::borrow::Cow;
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::StoreError;
use super::page::{Counts, MAX_PAGE, TaskPage};
use crate::clock::{later_than, now_rfc3339};
use crate::domain::{
    Condition, Cursor, ListId, ListKey, ListQuery, NewTask, Task, TaskChanges, TaskId, Unmet,
    Version,
};

/// How long an idempotency key is remembered, in seconds.
const KEY_LIFETIME: i64 = 24 * 60 * 60;

/// What a task is read from: the name of each column, and its SQL where that is another.
const COLUMNS: [(&str, &str); 7] = [
    ("id", "id"),
    ("title", "title"),
    ("description", "description"),
    ("completed", "completed"),
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    (
        "version",
        "iif(version, version, (SELECT id FROM store_identity))",
    ),
];

/// Where the column `name` is among [`COLUMNS`]. To be asked at compile time: for another name it does not compile.
const fn column(name: &str) -> usize {
    let mut index = 0;
    while !is_same(COLUMNS[index].0.as_bytes(), name.as_bytes()) {
        index += 1;
    }
    index
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// The one way from a row of [`COLUMNS`] to a task.
fn read<'row>(row: &'row Row<'_>) -> rusqlite::Result<Task<'row>> {
    let text = |index| -> rusqlite::Result<Cow<'row, str>> {
        Ok(Cow::Borrowed(row.get_ref(index)?.as_str()?))
    };
    let id = row.get(const { column("id") })?;
    Ok(Task {
        id,
        title: text(const { column("title") })?,
        description: text(const { column("description") })?,
        completed: row.get(const { column("completed") })?,
        created_at: text(const { column("created_at") })?,
        updated_at: text(const { column("updated_at") })?,
        version: Version::of_task(id, row.get(const { column("version") })?),
    })
}

fn read_owned(row: &Row<'_>) -> rusqlite::Result<Task<'static>> {
    Ok(read(row)?.into_owned())
}

/// What a change draws, for the version of the task: never 0, which says that nothing was drawn.
fn draw() -> i64 {
    rand::random_range(1..=i64::MAX)
}

/// The statements that read tasks.
struct Statements {
    one: String,
    page: String,
    page_of_active: String,
    page_of_completed: String,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let columns = COLUMNS.map(|(_, sql)| sql).join(", ");
    let page = |filter| {
        format!(
            "SELECT {columns} FROM tasks WHERE list_id = ?1 {filter} AND id < ?2 ORDER BY id DESC LIMIT ?3"
        )
    };
    Statements {
        one: format!("SELECT {columns} FROM tasks WHERE id = ?2 AND list_id = ?1"),
        page: page(""),
        page_of_active: page("AND completed = 0"),
        page_of_completed: page("AND completed = 1"),
    }
});

/// One task of a list.
pub(super) fn task(
    connection: &Connection,
    list: ListId,
    id: TaskId,
) -> Result<Task<'static>, StoreError> {
    connection
        .prepare_cached(&STATEMENTS.one)?
        .query_row([list.get(), id.get()], read_owned)
        .optional()?
        .ok_or(StoreError::UnknownTask)
}

/// A page of a list's tasks, written as JSON while the rows are read.
pub(super) fn page(
    connection: &Connection,
    list: ListId,
    query: &ListQuery,
) -> Result<TaskPage, StoreError> {
    // One transaction, so that tasks and counts are of the same moment.
    let snapshot = connection.unchecked_transaction()?;
    let (counts, version) = counts(&snapshot, list)?;
    let before = query.after.map_or(i64::MAX, |cursor| cursor.last.get());
    let limit = usize::from(query.limit.get());
    // One row more than asked for tells whether there is a next page.
    let rows = i64::from(query.limit.get()) + 1;
    let mut statement = snapshot.prepare_cached(match query.completed {
        None => &STATEMENTS.page,
        Some(false) => &STATEMENTS.page_of_active,
        Some(true) => &STATEMENTS.page_of_completed,
    })?;
    let mut rows = statement.query(params![list.get(), before, rows])?;
    // Room for tasks of a line or two.
    let mut json = Vec::with_capacity((limit * 256).min(MAX_PAGE));
    json.push(b'[');
    let (mut written, mut last, mut next) = (0, None, None);
    while let Some(row) = rows.next()? {
        let end = json.len();
        if written > 0 {
            json.push(b',');
        }
        let task = read(row)?;
        if written < limit {
            task.write_listed(&mut json);
        }
        if written == limit || (written > 0 && json.len() > MAX_PAGE - 1) {
            json.truncate(end);
            next = last
                .and_then(|id| TaskId::new(id).ok())
                .map(|last| Cursor { last });
            break;
        }
        last = Some(task.id);
        written += 1;
    }
    json.push(b']');
    Ok(TaskPage::new(json, next, counts, version))
}

/// How many tasks a list has, and its version.
pub(super) fn counts(connection: &Connection, list: ListId) -> rusqlite::Result<(Counts, Version)> {
    connection
        .prepare_cached(
            "SELECT active.tasks, completed.tasks, active.version, completed.version \
             FROM list_counts AS active, list_counts AS completed \
             WHERE active.list_id = ?1 AND active.completed = 0 \
             AND completed.list_id = ?1 AND completed.completed = 1",
        )?
        .query_row([list.get()], |row| {
            let counts = Counts {
                active: row.get(0)?,
                completed: row.get(1)?,
            };
            Ok((counts, Version::of_list(row.get(2)?, row.get(3)?)))
        })
}

/// Makes a task, where `condition` holds for the list.
pub(super) fn insert(
    connection: &Connection,
    list: ListId,
    new: &NewTask,
    condition: &Condition,
) -> Result<Task<'static>, StoreError> {
    check_list(connection, list, condition)?;
    let (now, change) = (now_rfc3339(), draw());
    let fields = named_params! {
        ":title": new.title.as_str(),
        ":description": new.description.as_str(),
        ":now": now,
        ":change": change,
        ":list": list.get(),
    };
    connection
        .prepare_cached(
            "INSERT INTO tasks (title, description, created_at, updated_at, version, list_id) \
             VALUES (:title, :description, :now, :now, :change, :list)",
        )?
        .execute(fields)?;
    let id = connection.last_insert_rowid();
    Ok(new.made(id, now, Version::of_task(id, change)))
}

fn check_list(
    connection: &Connection,
    list: ListId,
    condition: &Condition,
) -> Result<(), StoreError> {
    if !condition.is_any() {
        let (_, version) = counts(connection, list)?;
        condition.check(Some(version))?;
    }
    Ok(())
}

/// Makes a task, or gives it again where `key` made it before.
pub(super) fn insert_once(
    connection: &Connection,
    list: ListId,
    new: &NewTask,
    condition: &Condition,
    key: &ListKey,
    unix_seconds: i64,
) -> Result<Task<'static>, StoreError> {
    let fingerprint = new.fingerprint();
    let first = connection
        .prepare_cached(
            "SELECT fingerprint = ?2, task_id FROM idempotency_keys WHERE key = ?1 AND expires_at > ?3",
        )?
        .query_row(params![key.as_str(), fingerprint, unix_seconds], |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    match first {
        Some((true, id)) => connection
            .prepare_cached(&STATEMENTS.one)?
            .query_row([list.get(), id], read_owned)
            .optional()?
            .ok_or(StoreError::DeletedSince),
        Some((false, _)) => Err(StoreError::KeyReused),
        None => {
            let task = insert(connection, list, new, condition)?;
            // `answered_at`: the release before gives its answer again with it.
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, task_id, answered_at, expires_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![key.as_str(), fingerprint, task.id, task.created_at, unix_seconds + KEY_LIFETIME])?;
            Ok(task)
        }
    }
}

/// Forgets expired idempotency keys, `most` of them at a time, and says how many.
pub(super) fn delete_expired_keys(
    connection: &Connection,
    unix_seconds: i64,
    most: usize,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM idempotency_keys WHERE key IN \
             (SELECT key FROM idempotency_keys WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![unix_seconds, i64::try_from(most).unwrap_or(i64::MAX)])
}

/// Changes a task, where `condition` holds for it. A change that changes nothing leaves it as it is, `updated_at` too.
pub(super) fn update(
    connection: &Connection,
    list: ListId,
    id: TaskId,
    changes: &TaskChanges,
    condition: &Condition,
) -> Result<Task<'static>, StoreError> {
    let before = task(connection, list, id)?;
    condition.check_task(&before)?;
    let mut after = changes.applied_to(&before);
    if after == before {
        return Ok(before);
    }
    let change = draw();
    after.version = Version::of_task(after.id, change);
    after.updated_at = Cow::Owned(later_than(&before.updated_at));
    let fields = named_params! {
        ":id": after.id,
        ":title": after.title,
        ":description": after.description,
        ":completed": after.completed,
        ":now": after.updated_at,
        ":change": change,
    };
    connection
        .prepare_cached(
            "UPDATE tasks SET title = :title, description = :description, completed = :completed, \
             updated_at = :now, version = :change WHERE id = :id",
        )?
        .execute(fields)?;
    Ok(after.into_owned())
}

/// Deletes a task, where `condition` holds for it.
pub(super) fn delete(
    connection: &Connection,
    list: ListId,
    id: TaskId,
    condition: &Condition,
) -> Result<(), StoreError> {
    condition.check_task(&task(connection, list, id)?)?;
    connection
        .prepare_cached("DELETE FROM tasks WHERE id = ?2 AND list_id = ?1")?
        .execute([list.get(), id.get()])?;
    Ok(())
}

/// Deletes all completed tasks of a list and says how many there were, where `condition` holds for the list, and where the
/// completed tasks are those of the list of version `as_of`, if one is given.
pub(super) fn delete_completed(
    connection: &Connection,
    list: ListId,
    condition: &Condition,
    as_of: Option<Version>,
) -> Result<usize, StoreError> {
    check_list(connection, list, condition)?;
    if let Some(as_of) = as_of
        && !counts(connection, list)?.1.has_completed_of(as_of)
    {
        return Err(Unmet::Changed.into());
    }
    let deleted = connection
        .prepare_cached("DELETE FROM tasks WHERE list_id = ?1 AND completed = 1")?
        .execute([list.get()])?;
    Ok(deleted)
}
