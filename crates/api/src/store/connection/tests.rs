#![allow(clippy::unwrap_used)]

use rusqlite::types::Value;

use super::*;

#[track_caller]
fn assert_settings(connection: &Connection, expected: &[(&str, Value)]) {
    for (name, value) in expected {
        let set = connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0));
        assert_eq!(set.unwrap(), *value, "{name}");
    }
}

#[test]
fn the_writer_has_all_its_settings() {
    for (journal, mode, synchronous, locking) in [
        (Journal::Wal, "wal", 2, "normal"),
        (Journal::Truncate, "truncate", 3, "exclusive"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let location = Location::prepare(&path, Some(journal)).unwrap();
        let connection = connect(&location).unwrap();
        prepare_for_writing(&connection, &location).unwrap();
        let expected = [
            ("busy_timeout", Value::Integer(700)),
            ("journal_mode", Value::Text(mode.to_owned())),
            ("locking_mode", Value::Text(locking.to_owned())),
            ("synchronous", Value::Integer(synchronous)),
            ("foreign_keys", Value::Integer(1)),
            ("trusted_schema", Value::Integer(0)),
            ("cache_size", Value::Integer(-CACHE_KIB)),
            ("cell_size_check", Value::Integer(1)),
        ];
        assert_settings(&connection, &expected);
    }
}

#[test]
fn a_journal_that_stays_another_is_not_written_with() {
    // What is in memory has no log, whatever it is told.
    let connection = Connection::open_in_memory().unwrap();
    let location = Location {
        path: ":memory:".into(),
        journal: Journal::Wal,
    };
    let refused = prepare_for_writing(&connection, &location).unwrap_err();
    assert!(
        refused.to_string().contains("stays memory where wal"),
        "{refused}"
    );
}
