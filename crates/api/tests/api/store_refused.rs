//! A file that is not ours, or not whole, is left as it is: exit code 78, and one line that says what to do.

use std::fs;

use rusqlite::Connection;

use crate::support::{Store, TestApi, process};

/// Starts the api on the store and expects it to refuse, with everything left byte for byte as it was.
#[track_caller]
fn assert_refused(store: &Store, says: &[&str]) {
    let before = store.contents();
    let path = store.path();
    for arguments in [&[][..], &[]] {
        let output = process::run(
            arguments,
            &[
                ("DB_PATH", path.to_str().unwrap()),
                ("BIND_ADDR", "127.0.0.1:0"),
            ],
        );
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{message}");
        let last = message.lines().last().unwrap();
        assert!(last.starts_with("api: DB_PATH: "), "{message}");
        for part in says {
            assert!(last.contains(part), "{part:?} is not in {last:?}");
        }
        let after = store.contents();
        assert_eq!(
            before.keys().collect::<Vec<_>>(),
            after.keys().collect::<Vec<_>>()
        );
        assert!(before == after, "the files were changed");
    }
}

/// A store with enough tasks for many pages.
async fn used_store() -> Store {
    let api = TestApi::start().await;
    api.add("first").await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
                INSERT INTO tasks (title, description, created_at, updated_at) \
                SELECT 't' || i, 'some text', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n";
    api.store.open().execute(many, []).unwrap();
    api.stop().await
}

#[test]
fn a_text_file() {
    let store = Store::new();
    fs::write(store.path(), "Dear diary,\n").unwrap();
    assert_refused(
        &store,
        &["tasks.db is not a Task Tracker store", "name another file"],
    );
}

#[test]
fn random_garbage() {
    let store = Store::new();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let garbage: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(20_000)
    .collect();
    fs::write(store.path(), &garbage).unwrap();
    assert_refused(&store, &["is not a Task Tracker store"]);
}

#[test]
fn garbage_that_begins_as_sqlite_does() {
    let store = Store::new();
    let garbage = [b"SQLite format 3\0".to_vec(), vec![0x5a; 8176]].concat();
    fs::write(store.path(), garbage).unwrap();
    assert_refused(&store, &[]);
}

#[test]
fn the_database_of_another_program() {
    for theirs in [
        "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')",
        "PRAGMA application_id = 0x12345678",
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 1; CREATE TABLE tasks (id INTEGER)",
        "PRAGMA user_version = 7",
    ] {
        let store = Store::new();
        Connection::open(store.path())
            .unwrap()
            .execute_batch(theirs)
            .unwrap();
        assert_refused(&store, &["is not a Task Tracker store"]);
    }
}

#[actix_web::test]
async fn zero_bytes_where_a_store_was() {
    let store = used_store().await;
    fs::write(store.path(), "").unwrap();
    assert_refused(
        &store,
        &[
            "is empty, but a store was there before",
            "restore a copy",
            "tasks.db.lock",
        ],
    );
}

#[actix_web::test]
async fn nothing_where_a_store_was() {
    let store = used_store().await;
    fs::remove_file(store.path()).unwrap();
    assert_refused(
        &store,
        &[
            "is missing, but a store was there before",
            "restore a copy",
            "tasks.db.lock",
        ],
    );
    fs::remove_file(store.folder().join("tasks.db.lock")).unwrap();
    // What the message says helps.
    let api = TestApi::start_on(store).await;
    assert!(api.titles().await.is_empty());
}

#[actix_web::test]
async fn an_empty_file_where_no_store_was_becomes_one() {
    let store = Store::new();
    fs::write(store.path(), "").unwrap();
    let api = TestApi::start_on(store).await;
    api.add("first").await;
}

#[actix_web::test]
async fn a_newer_schema() {
    let store = used_store().await;
    store
        .open()
        .execute_batch("PRAGMA user_version = 999")
        .unwrap();
    assert_refused(&store, &["schema version 999", "start the newer program"]);
}

#[actix_web::test]
async fn a_newer_schema_with_a_log_that_was_not_brought_into_it() {
    let used = used_store().await;
    let newer = used.open();
    newer.execute_batch("PRAGMA user_version = 999").unwrap();
    // As a process that was killed leaves them: what makes the store a newer one is in the log alone.
    let store = Store::new();
    let names = ["tasks.db", "tasks.db-wal"];
    for name in names {
        fs::copy(used.folder().join(name), store.folder().join(name)).unwrap();
    }
    let files = || names.map(|name| fs::read(store.folder().join(name)).ok());
    let before = files();
    for _ in 0..2 {
        let path = store.path();
        let variables = [
            ("DB_PATH", path.to_str().unwrap()),
            ("BIND_ADDR", "127.0.0.1:0"),
        ];
        let output = process::run(&[], &variables);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{message}");
        assert!(message.contains("schema version 999"), "{message}");
        assert!(before == files(), "the files were changed");
    }
}

#[actix_web::test]
async fn a_damaged_page() {
    let store = used_store().await;
    let whole = fs::read(store.path()).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 20);
    // Not the first, which tells what the file is; that is garbage, above.
    for page in [2, 3, pages / 2, pages - 1] {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..200].fill(0xff);
        fs::write(store.path(), damaged).unwrap();
        assert_refused(&store, &["is damaged", "restore a copy"]);
    }
    fs::write(store.path(), whole).unwrap();
    TestApi::start_on(store)
        .await
        .get("/api/tasks")
        .send()
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_file_that_was_cut_short() {
    let store = used_store().await;
    let whole = fs::read(store.path()).unwrap();
    fs::write(store.path(), &whole[..whole.len() / 2]).unwrap();
    assert_refused(&store, &["is damaged", "restore a copy"]);
}

#[test]
fn a_folder_that_cannot_be_used() {
    let store = Store::new();
    fs::write(store.folder().join("file"), "").unwrap();
    let inside = store.folder().join("file/tasks.db");
    let output = process::run(
        &[],
        &[
            ("DB_PATH", inside.to_str().unwrap()),
            ("BIND_ADDR", "127.0.0.1:0"),
        ],
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{message}");
    assert!(
        message.contains("DB_PATH: cannot use the folder"),
        "{message}"
    );
}
