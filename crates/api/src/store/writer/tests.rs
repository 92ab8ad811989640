#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join_all, join3};

use super::*;
use crate::store::space::Space;
use crate::store::warnings::Warnings;

fn insert(connection: &Connection, number: i64) -> Result<(), StoreError> {
    connection.execute("INSERT INTO t VALUES (?1)", [number])?;
    Ok(())
}

fn writer() -> (Writer, JoinHandle<Connection>) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    let hooks = Hooks {
        on_commit: |_: &Connection| {},
        before_answer: || true,
        failed: Arc::new(|_| {}),
    };
    let space = Arc::new(Space::of(Path::new("tasks.db"), None, Warnings::default()));
    let access = Access::ReadWrite(space);
    Writer::start(connection, SteadyClock::start(), hooks, access).unwrap()
}

/// Keeps the thread busy until what is returned is dropped.
fn hold(writer: &Writer) -> SyncSender<()> {
    let (release, held) = sync_channel::<()>(0);
    let hold = Entry::Read(Box::new(move |_| {
        let _ = held.recv();
    }));
    writer.send(hold).unwrap();
    release
}

#[actix_web::test]
async fn a_change_that_is_not_kept_leaves_nothing_and_its_neighbours_alone() {
    let (writer, thread) = writer();
    // Nothing is carried out before all of them wait: they share a transaction.
    let release = hold(&writer);
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

#[actix_web::test]
async fn few_answers_wait_to_be_taken_and_the_rest_is_read_as_they_are() {
    let (writer, _thread) = writer();
    let carried_out = Arc::new(AtomicUsize::new(0));
    let read = |_| {
        let carried_out = Arc::clone(&carried_out);
        writer.read(move |_| Ok(carried_out.fetch_add(1, Ordering::Relaxed)))
    };
    let mut reads: Vec<_> = (0..1000).map(|number| Box::pin(read(number))).collect();
    // All are asked for, and nobody looks after those that were not answered at once.
    reads.retain_mut(|read| read.as_mut().now_or_never().is_none());
    thread::sleep(Duration::from_millis(100));
    let untaken = reads.len() + carried_out.load(Ordering::Relaxed) - 1000;
    assert!((1..=MOST_UNTAKEN).contains(&untaken), "{untaken}");
    // What nobody wants any more is no reason to wait.
    drop(reads.drain(..100));
    let answers = join_all(reads).await;
    assert!(answers.iter().all(Result::is_ok));
}

#[actix_web::test]
async fn a_read_whose_turn_does_not_come_times_out() {
    let (writer, _thread) = writer();
    let release = hold(&writer);
    let answers = join_all((0..MOST_UNTAKEN + 1).map(|_| writer.read(|_| Ok(())))).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::TimedOut)))
    );
    drop(release);
    assert!(writer.read(|_| Ok(())).await.is_ok());
}
