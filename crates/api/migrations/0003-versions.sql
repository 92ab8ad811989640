-- What tells one state of a task, or of the list, from any other, so that a change meant for one is not made to another.
--
-- A version is drawn at random for each change rather than counted: a counter goes back with a copy that is restored,
-- and would then stand for two states.

-- Drawn once. It is the version of every task that was not changed since there are versions: the same task in a copy of
-- another store has another one.
CREATE TABLE store_identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id INTEGER NOT NULL
) STRICT;
INSERT INTO store_identity (only_row, id) VALUES (1, random());

-- 0: as the store's identity says.
ALTER TABLE tasks ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
-- Of all active tasks together, and of all completed ones.
ALTER TABLE task_counts ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
UPDATE task_counts SET version = random();

-- The release before this may serve this schema too, and knows nothing of versions: they are drawn here where whoever
-- writes has drawn none.
DROP TRIGGER count_inserted;
DROP TRIGGER count_deleted;
DROP TRIGGER count_moved;
CREATE TRIGGER task_inserted AFTER INSERT ON tasks BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id AND new.version = 0;
    UPDATE task_counts SET tasks = tasks + 1, version = random() WHERE completed = new.completed;
END;
CREATE TRIGGER task_deleted AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks - 1, version = random() WHERE completed = old.completed;
END;
CREATE TRIGGER task_updated AFTER UPDATE ON tasks BEGIN
    UPDATE tasks SET version = random() WHERE id = new.id AND new.version = old.version;
    UPDATE task_counts
        SET tasks = tasks - (completed = old.completed) + (completed = new.completed), version = random()
        WHERE completed IN (old.completed, new.completed);
END;
INSERT INTO schema_compatibility (version, served_from) VALUES (3, 2);
