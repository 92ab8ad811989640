//! The SQL: every statement there is, one function each.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::page::{Counts, TaskPage};
use crate::clock::now_rfc3339;
use crate::domain::{
    Cursor, Expected, IdempotencyKey, ListQuery, NewTask, Task, TaskChanges, TaskId,
};

/// How long an idempotency key is remembered, in seconds.
const KEY_LIFETIME: i64 = 24 * 60 * 60;

fn borrowed<'row>(row: &'row Row<'_>) -> rusqlite::Result<Task<'row>> {
    let text = |index| -> rusqlite::Result<Cow<'row, str>> {
        Ok(Cow::Borrowed(row.get_ref(index)?.as_str()?))
    };
    Ok(Task {
        id: row.get(0)?,
        title: text(1)?,
        description: text(2)?,
        completed: row.get(3)?,
        created_at: text(4)?,
        updated_at: text(5)?,
    })
}

fn owned(row: &Row<'_>) -> rusqlite::Result<Task<'static>> {
    Ok(Task {
        id: row.get(0)?,
        title: Cow::Owned(row.get(1)?),
        description: Cow::Owned(row.get(2)?),
        completed: row.get(3)?,
        created_at: Cow::Owned(row.get(4)?),
        updated_at: Cow::Owned(row.get(5)?),
    })
}

/// One task.
pub(super) fn task(connection: &Connection, id: TaskId) -> Result<Task<'static>, StoreError> {
    connection
        .prepare_cached("SELECT id, title, description, completed, created_at, updated_at FROM tasks WHERE id = ?1")?
        .query_row([id.get()], owned)
        .optional()?
        .ok_or(StoreError::UnknownTask)
}

/// A page of tasks, written as JSON while the rows are read.
pub(super) fn page(connection: &Connection, query: &ListQuery) -> Result<TaskPage, StoreError> {
    // One transaction, so that tasks and counts are of the same moment.
    let snapshot = connection.unchecked_transaction()?;
    let counts = counts(&snapshot)?;
    let before = query.after.map_or(i64::MAX, |cursor| cursor.last.get());
    let limit = usize::from(query.limit.get());
    // One row more than asked for tells whether there is a next page.
    let rows = i64::from(query.limit.get()) + 1;
    let mut statement = snapshot.prepare_cached(match query.completed {
        None => {
            "SELECT id, title, description, completed, created_at, updated_at FROM tasks \
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
        }
        Some(false) => {
            "SELECT id, title, description, completed, created_at, updated_at FROM tasks \
             WHERE completed = 0 AND id < ?1 ORDER BY id DESC LIMIT ?2"
        }
        Some(true) => {
            "SELECT id, title, description, completed, created_at, updated_at FROM tasks \
             WHERE completed = 1 AND id < ?1 ORDER BY id DESC LIMIT ?2"
        }
    })?;
    let mut rows = statement.query(params![before, rows])?;
    // Room for tasks of a line or two.
    let mut json = Vec::with_capacity(limit * 256);
    json.push(b'[');
    let (mut written, mut last, mut next) = (0, None, None);
    while let Some(row) = rows.next()? {
        if written == limit {
            next = last
                .and_then(|id| TaskId::new(id).ok())
                .map(|last| Cursor { last });
            break;
        }
        if written > 0 {
            json.push(b',');
        }
        let task = borrowed(row)?;
        last = Some(task.id);
        task.write_json(&mut json);
        written += 1;
    }
    json.push(b']');
    Ok(TaskPage::new(json, next, counts))
}

/// How many tasks there are.
pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    connection
        .prepare_cached(
            "SELECT (SELECT tasks FROM task_counts WHERE completed = 0), \
                    (SELECT tasks FROM task_counts WHERE completed = 1)",
        )?
        .query_row([], |row| {
            Ok(Counts {
                active: row.get(0)?,
                completed: row.get(1)?,
            })
        })
}

/// How many tasks there are, counted: for stores of any schema version.
pub(super) fn count_tasks(connection: &Connection) -> rusqlite::Result<Counts> {
    connection.query_row(
        "SELECT count(*) FILTER (WHERE completed = 0), count(*) FILTER (WHERE completed = 1) FROM tasks",
        [],
        |row| Ok(Counts { active: row.get(0)?, completed: row.get(1)? }),
    )
}

/// Makes a task.
pub(super) fn insert(connection: &Connection, new: &NewTask) -> Result<Task<'static>, StoreError> {
    let now = now_rfc3339();
    connection
        .prepare_cached("INSERT INTO tasks (title, description, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)")?
        .execute(params![new.title.as_str(), new.description.as_str(), now])?;
    Ok(created(connection.last_insert_rowid(), new, now))
}

/// A task as it was when it was made.
fn created(id: i64, new: &NewTask, at: String) -> Task<'static> {
    Task {
        id,
        title: Cow::Owned(new.title.as_str().to_owned()),
        description: Cow::Owned(new.description.as_str().to_owned()),
        completed: false,
        created_at: Cow::Owned(at.clone()),
        updated_at: Cow::Owned(at),
    }
}

/// Makes a task, or gives the first answer again where `key` made it before.
pub(super) fn insert_once(
    connection: &Connection,
    new: &NewTask,
    key: &IdempotencyKey,
    unix_seconds: i64,
) -> Result<Task<'static>, StoreError> {
    let fingerprint = new.fingerprint();
    let first = connection
        .prepare_cached(
            "SELECT fingerprint = ?2, task_id, answered_at FROM idempotency_keys WHERE key = ?1 AND expires_at > ?3",
        )?
        .query_row(params![key.as_str(), fingerprint, unix_seconds], |row| {
            Ok((row.get::<_, bool>(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match first {
        Some((true, id, answered_at)) => Ok(created(id, new, answered_at)),
        Some((false, ..)) => Err(StoreError::KeyReused),
        None => {
            let task = insert(connection, new)?;
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

/// Changes a task. A change that changes nothing leaves it as it is, `updated_at` too.
pub(super) fn update(
    connection: &Connection,
    id: TaskId,
    changes: &TaskChanges,
    expected: &Expected,
) -> Result<Task<'static>, StoreError> {
    let before = task(connection, id)?;
    if !expected.holds_for(&before) {
        return Err(StoreError::Changed);
    }
    let mut after = before.clone();
    if let Some(title) = &changes.title {
        after.title = Cow::Owned(title.as_str().to_owned());
    }
    if let Some(description) = &changes.description {
        after.description = Cow::Owned(description.as_str().to_owned());
    }
    if let Some(completed) = changes.completed {
        after.completed = completed;
    }
    if after == before {
        return Ok(before);
    }
    after.updated_at = Cow::Owned(now_rfc3339());
    connection
        .prepare_cached(
            "UPDATE tasks SET title = ?2, description = ?3, completed = ?4, updated_at = ?5 WHERE id = ?1",
        )?
        .execute(params![id.get(), after.title, after.description, after.completed, after.updated_at])?;
    Ok(after)
}

/// Deletes a task.
pub(super) fn delete(
    connection: &Connection,
    id: TaskId,
    expected: &Expected,
) -> Result<(), StoreError> {
    if !expected.holds_for(&task(connection, id)?) {
        return Err(StoreError::Changed);
    }
    connection
        .prepare_cached("DELETE FROM tasks WHERE id = ?1")?
        .execute([id.get()])?;
    Ok(())
}

/// Deletes all completed tasks and says how many there were.
pub(super) fn delete_completed(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM tasks WHERE completed = 1")?
        .execute([])
}
