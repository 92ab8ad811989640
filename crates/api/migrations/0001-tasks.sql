-- "Task" in ASCII: tells our stores from any other SQLite file.
PRAGMA application_id = 0x5461736b;

CREATE TABLE tasks (
    -- AUTOINCREMENT: an id is never given twice, so no old link or cursor can mean a new task.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    completed INTEGER NOT NULL DEFAULT 0 CHECK (completed IN (0, 1)),
    -- RFC 3339, UTC, milliseconds.
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Pages of one filter, newest first, without a sort.
CREATE INDEX tasks_by_completed ON tasks (completed, id);

-- Which request made which task, so that a repeat makes no second one.
CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    -- SHA-256 of what was asked for.
    fingerprint BLOB NOT NULL,
    task_id INTEGER NOT NULL,
    -- The task's `created_at`: with it the first answer can be given again, whatever became of the task.
    answered_at TEXT NOT NULL,
    -- Seconds since the Unix epoch.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
