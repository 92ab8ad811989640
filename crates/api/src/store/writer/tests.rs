#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join3;

use super::*;
use crate::store::warnings::Warnings;

fn insert(connection: &Connection, number: i64) -> Result<(), StoreError> {
    connection.execute("INSERT INTO t VALUES (?1)", [number])?;
    Ok(())
}

#[actix_web::test]
async fn a_change_that_is_not_kept_leaves_nothing_and_its_neighbours_alone() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    let hooks = Hooks {
        on_commit: |_: &Connection| {},
        before_answer: || true,
        failed: Arc::new(|_| {}),
    };
    let space = Arc::new(Space::of(Path::new("tasks.db"), None, Warnings::default()));
    let (writer, thread) = Writer::start(
        connection,
        SteadyClock::start(),
        hooks,
        Access::ReadWrite(space),
    )
    .unwrap();
    // Nothing is carried out before all of them wait: they share a transaction.
    let (release, held) = sync_channel::<()>(0);
    let hold = Entry::Read(Box::new(move |_| {
        let _ = held.recv();
    }));
    writer.send(hold).unwrap();
    let changes = join3(
        writer.write(|connection| insert(connection, 1), Effect::Takes),
        writer.write(
            |connection| {
                insert(connection, 2)?;
                Err::<(), _>(StoreError::UnknownTask)
            },
            Effect::Takes,
        ),
        writer.write(
            |connection| -> Result<(), StoreError> {
                insert(connection, 3)?;
                panic!("in the middle of a change")
            },
            Effect::Takes,
        ),
    );
    let (changes, last) = tokio::join!(changes, async {
        let last = writer.write(|connection| insert(connection, 4), Effect::Takes);
        tokio::join!(last, async { drop(release) }).0
    });
    assert!(matches!(changes.0, Ok(())));
    assert!(matches!(changes.1, Err(StoreError::UnknownTask)));
    assert!(matches!(changes.2, Err(StoreError::Stopped)));
    assert!(matches!(last, Ok(())));
    assert_eq!(writer.commits(), 1);
    writer.stop();
    let connection = thread.join().unwrap();
    let mut statement = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
    let numbers = statement.query_map([], |row| row.get::<_, i64>(0));
    let numbers: Vec<_> = numbers.unwrap().map(Result::unwrap).collect();
    assert_eq!(numbers, [1, 4]);
}
