-- People, the sessions they are signed in with, and the lists that tasks belong to.

CREATE TABLE lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- RFC 3339, UTC, milliseconds.
    created_at TEXT NOT NULL
) STRICT;
-- What there was: the list of whoever asks while nobody has an account, and then of whoever has the first one.
INSERT INTO lists (id, created_at) VALUES (1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

ALTER TABLE tasks ADD COLUMN list_id INTEGER NOT NULL DEFAULT 1;
DROP INDEX tasks_by_completed;
-- Pages of one list, and of one filter of it, newest first, without a sort: the id ends each entry of an index.
CREATE INDEX tasks_of_list ON tasks (list_id);
CREATE INDEX tasks_of_list_by_completed ON tasks (list_id, completed);

-- How many tasks each list has, active (0) and completed (1), and the version of each half, as task_counts had them.
CREATE TABLE list_counts (
    list_id INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    completed INTEGER NOT NULL CHECK (completed IN (0, 1)),
    tasks INTEGER NOT NULL DEFAULT 0 CHECK (tasks >= 0),
    version INTEGER NOT NULL,
    PRIMARY KEY (list_id, completed)
) STRICT, WITHOUT ROWID;
INSERT INTO list_counts (list_id, completed, tasks, version) SELECT 1, completed, tasks, version FROM task_counts;

DROP TRIGGER task_inserted;
DROP TRIGGER task_deleted;
DROP TRIGGER task_updated;
DROP TABLE task_counts;
-- For the release before, which knows one list.
CREATE VIEW task_counts AS SELECT completed, tasks, version FROM list_counts WHERE list_id = 1;

CREATE TRIGGER task_inserted AFTER INSERT ON tasks BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id AND new.version = 0;
    UPDATE list_counts SET tasks = tasks + 1, version = random()
        WHERE list_id = new.list_id AND completed = new.completed;
END;
CREATE TRIGGER task_deleted AFTER DELETE ON tasks BEGIN
    UPDATE list_counts SET tasks = tasks - 1, version = random()
        WHERE list_id = old.list_id AND completed = old.completed;
END;
CREATE TRIGGER task_updated AFTER UPDATE ON tasks BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id AND new.version = old.version;
    -- In one statement: between two of them a list whose first task is being made would have less than none.
    UPDATE list_counts
        SET tasks = tasks - (list_id = old.list_id AND completed = old.completed)
            + (list_id = new.list_id AND completed = new.completed), version = random()
        WHERE list_id IN (old.list_id, new.list_id) AND completed IN (old.completed, new.completed);
END;

CREATE TABLE users (
    -- AUTOINCREMENT: what once was somebody's is never somebody else's.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    -- What names that count as the same have in common.
    name_key TEXT NOT NULL UNIQUE,
    -- Argon2id, as a PHC string.
    password TEXT NOT NULL,
    administrator INTEGER NOT NULL DEFAULT 0 CHECK (administrator IN (0, 1)),
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    -- The list of their own.
    list_id INTEGER NOT NULL UNIQUE REFERENCES lists (id),
    created_at TEXT NOT NULL
) STRICT;

-- Times here and below are seconds since the Unix epoch.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of what the browser keeps, which nobody else has.
    hash BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What the browser says of itself.
    browser TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the code in the link.
    hash BLOB NOT NULL UNIQUE,
    -- Who may choose another password with it; NULL: whoever has the link makes an account.
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created_by INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
CREATE INDEX invitations_by_user ON invitations (user_id);

-- What makes the first account, until there is one: 80 random bits.
CREATE TABLE setup_code (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    code TEXT NOT NULL
) STRICT;
INSERT INTO setup_code (only_row, code) VALUES (1, lower(hex(randomblob(10))));

INSERT INTO schema_compatibility (version, served_from) VALUES (4, 3);
-- The release before would show what is somebody's to everybody: it may not serve a store once somebody has an account.
CREATE TRIGGER user_made AFTER INSERT ON users BEGIN
    UPDATE schema_compatibility SET served_from = 4 WHERE version = 4;
END;
CREATE TRIGGER list_made AFTER INSERT ON lists BEGIN
    INSERT INTO list_counts (list_id, completed, version) VALUES (new.id, 0, random()), (new.id, 1, random());
END;
