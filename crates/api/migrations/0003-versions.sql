-- What tells one state of a task, or of the list, from any other, so that a change meant for one is not made to another.
--
-- A version is drawn at random for each change rather than counted: a counter goes back with a copy that is restored,
-- and would then stand for two states.

-- Drawn once: it tells what was there before versions were, which all have 0, from the same in another store.
CREATE TABLE store_identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id INTEGER NOT NULL
) STRICT;
INSERT INTO store_identity (only_row, id) VALUES (1, random());

ALTER TABLE tasks ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
-- Of all active tasks together, and of all completed ones.
ALTER TABLE task_counts ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
UPDATE task_counts SET version = random();

DROP TRIGGER count_inserted;
CREATE TRIGGER count_inserted AFTER INSERT ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks + 1, version = random() WHERE completed = new.completed;
END;
DROP TRIGGER count_deleted;
CREATE TRIGGER count_deleted AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks - 1, version = random() WHERE completed = old.completed;
END;
DROP TRIGGER count_moved;
CREATE TRIGGER count_moved AFTER UPDATE OF completed ON tasks WHEN old.completed <> new.completed BEGIN
    UPDATE task_counts SET tasks = tasks - 1, version = random() WHERE completed = old.completed;
    UPDATE task_counts SET tasks = tasks + 1, version = random() WHERE completed = new.completed;
END;
CREATE TRIGGER count_changed AFTER UPDATE ON tasks WHEN old.completed = new.completed BEGIN
    UPDATE task_counts SET version = random() WHERE completed = new.completed;
END;

-- The release before this does not know of versions, and may serve this schema too.
CREATE TRIGGER version_inserted AFTER INSERT ON tasks WHEN new.version = 0 BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id;
END;
CREATE TRIGGER version_changed AFTER UPDATE ON tasks WHEN new.version = old.version BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id;
END;
INSERT INTO schema_compatibility (version, served_from) VALUES (3, 2);
