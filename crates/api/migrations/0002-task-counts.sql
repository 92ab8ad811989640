-- How many tasks there are, kept rather than counted: one row each for 0 (active) and 1 (completed).
CREATE TABLE task_counts (
    completed INTEGER PRIMARY KEY CHECK (completed IN (0, 1)),
    tasks INTEGER NOT NULL CHECK (tasks >= 0)
) STRICT;
INSERT INTO task_counts (completed, tasks) VALUES
    (0, (SELECT count(*) FROM tasks WHERE completed = 0)),
    (1, (SELECT count(*) FROM tasks WHERE completed = 1));

CREATE TRIGGER count_inserted AFTER INSERT ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks + 1 WHERE completed = new.completed;
END;
CREATE TRIGGER count_deleted AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks - 1 WHERE completed = old.completed;
END;
CREATE TRIGGER count_moved AFTER UPDATE OF completed ON tasks WHEN old.completed <> new.completed BEGIN
    UPDATE task_counts SET tasks = tasks - 1 WHERE completed = old.completed;
    UPDATE task_counts SET tasks = tasks + 1 WHERE completed = new.completed;
END;

-- Which binaries may serve which schema: a step that only adds (expand) leaves the previous release able to serve, so
-- that a rollback keeps its data; the step that takes away (contract) comes a release later.
CREATE TABLE schema_compatibility (
    -- A schema version, as in PRAGMA user_version.
    version INTEGER PRIMARY KEY,
    -- The oldest schema version whose binaries may serve it.
    served_from INTEGER NOT NULL CHECK (served_from <= version)
) STRICT;
-- The triggers keep the counts right whoever writes.
INSERT INTO schema_compatibility (version, served_from) VALUES (2, 1);
