#![allow(clippy::unwrap_used)]

use super::*;

fn store(version: SchemaVersion) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, Found::New, version).unwrap();
    connection
}

#[test]
fn what_the_steps_made_is_accepted_and_nothing_else_is() {
    for version in 1..=KNOWN {
        assert_eq!(difference(&store(version), version).unwrap(), None);
    }
    for (change, says) in [
        (
            "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN DELETE FROM tasks; END",
            "the trigger \"t\"",
        ),
        ("CREATE VIEW v AS SELECT 1", "the view \"v\""),
        ("CREATE TABLE notes (text TEXT)", "the table \"notes\""),
        ("CREATE INDEX i ON tasks (title)", "the index \"i\""),
        (
            "CREATE VIRTUAL TABLE f USING fts5 (text)",
            "the table \"f\"",
        ),
        (
            "DROP INDEX tasks_of_list",
            "the index tasks_of_list is missing",
        ),
        (
            "DROP TRIGGER task_updated",
            "the trigger task_updated is missing",
        ),
        ("DROP TABLE idempotency_keys", "is missing"),
        (
            "ALTER TABLE tasks ADD COLUMN more TEXT",
            "the table tasks is another",
        ),
        ("DELETE FROM schema_compatibility", "schema_compatibility"),
        (
            "UPDATE schema_compatibility SET served_from = 1",
            "schema_compatibility",
        ),
        (
            "INSERT INTO schema_compatibility VALUES (5, 1)",
            "schema_compatibility",
        ),
        (
            "DROP INDEX tasks_of_list; CREATE INDEX tasks_of_list ON tasks (title)",
            "is another",
        ),
    ] {
        let changed = store(KNOWN);
        changed.execute_batch(change).unwrap();
        let found = difference(&changed, KNOWN).unwrap().unwrap();
        assert!(found.contains(says), "{change}: {found}");
    }
    // An account makes it a version that the release before may not serve.
    let shared = store(KNOWN);
    shared
        .execute("INSERT INTO users (name, name_key, password, list_id, created_at) VALUES ('a', 'a', '', 1, '')", [])
        .unwrap();
    assert_eq!(difference(&shared, KNOWN).unwrap(), None);
    // An older version's number on a newer schema, and the other way round.
    assert!(difference(&store(KNOWN), 1).unwrap().is_some());
    assert!(difference(&store(1), KNOWN).unwrap().is_some());
}

#[test]
fn statistics_are_no_difference() {
    let analysed = store(KNOWN);
    analysed
        .execute_batch(
            "INSERT INTO tasks (title, created_at, updated_at) VALUES ('a', '', ''); ANALYZE",
        )
        .unwrap();
    assert_eq!(difference(&analysed, KNOWN).unwrap(), None);
}

#[test]
fn comments_and_white_space_are_no_difference_and_quotes_are() {
    let normal = "CREATE TABLE a ( b TEXT DEFAULT '-- x  y' )";
    for same in [
        "CREATE TABLE a (\n  -- why\n  b   TEXT DEFAULT '-- x  y'\n)",
        "CREATE /* * / **/ TABLE a ( b TEXT\tDEFAULT '-- x  y' )",
    ] {
        assert_eq!(normalise(same), normal);
    }
    assert_ne!(
        normalise("CREATE TABLE a ( b TEXT DEFAULT '-- x y' )"),
        normal
    );
}
