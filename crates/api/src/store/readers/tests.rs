#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use rusqlite::ErrorCode;

use super::*;

fn readers() -> (tempfile::TempDir, Readers) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let made = Connection::open(&path).unwrap();
    made.execute_batch("CREATE TABLE t (x)").unwrap();
    let readers = Readers::open(&path).unwrap();
    (folder, readers)
}

#[test]
fn they_have_all_their_settings_and_cannot_write() {
    let (_folder, readers) = readers();
    let all: Vec<_> = (0..readers.0.connections.max_size())
        .map(|_| readers.0.connections.get().unwrap())
        .collect();
    for reader in all {
        for (name, expected) in [
            ("busy_timeout", 700),
            ("query_only", 1),
            ("trusted_schema", 0),
            ("cache_size", -1024),
            ("cell_size_check", 1),
        ] {
            let set = reader.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            assert_eq!(set.unwrap(), expected, "{name}");
        }
        let written = reader.execute("INSERT INTO t VALUES (1)", []);
        let code = written.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::ReadOnly));
    }
}

#[actix_web::test]
async fn they_are_closed_once_what_nobody_waits_for_any_more_is_done() {
    let (_folder, readers) = readers();
    let (began, done) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    let read = readers.read({
        let (began, done) = (Arc::clone(&began), Arc::clone(&done));
        move |connection| {
            began.store(true, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(100));
            let found = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0));
            done.store(true, Ordering::Relaxed);
            Ok(found.map(|_: i64| ())?)
        }
    });
    let gone = async {
        while !began.load(Ordering::Relaxed) {
            actix_web::rt::task::yield_now().await;
        }
    };
    futures_util::future::select(Box::pin(read), Box::pin(gone)).await;
    assert!(!done.load(Ordering::Relaxed));
    readers.close();
    assert!(done.load(Ordering::Relaxed));
}

#[actix_web::test]
async fn a_hundred_at_once_are_carried_out_by_few_threads_also_after_panics() {
    let (_folder, readers) = readers();
    for _ in 0..2 {
        let reads = (0..100).map(|number| {
            readers.read(move |connection| {
                thread::sleep(Duration::from_millis(1));
                if number % 10 == 0 {
                    panic!("in the middle of a read");
                }
                let thread = thread::current().id();
                let query = "SELECT count(*) + ?1 FROM t";
                let found = connection.query_row(query, [number], |row| row.get::<_, i32>(0))?;
                Ok((found, thread))
            })
        });
        let answers = join_all(reads).await;
        let mut threads = std::collections::HashSet::new();
        for (number, answer) in (0..).zip(answers) {
            match answer {
                Err(StoreError::Stopped) if number % 10 == 0 => {}
                Ok((found, thread)) if found == number => {
                    threads.insert(thread);
                }
                other => panic!("{number}: {other:?}"),
            }
        }
        assert!(
            threads.len() <= readers.0.connections.max_size() as usize,
            "{}",
            threads.len()
        );
    }
}

#[actix_web::test]
async fn few_answers_wait_to_be_taken_and_the_rest_is_read_as_they_are() {
    let (_folder, readers) = readers();
    let carried_out = Arc::new(AtomicUsize::new(0));
    let read = |_| {
        let carried_out = Arc::clone(&carried_out);
        readers.read(move |_| Ok(carried_out.fetch_add(1, Ordering::Relaxed)))
    };
    let mut reads: Vec<_> = (0..1000).map(|number| Box::pin(read(number))).collect();
    // All are asked for, and nobody looks after those that were not answered at once.
    reads.retain_mut(|read| read.as_mut().now_or_never().is_none());
    thread::sleep(Duration::from_millis(100));
    let untaken = reads.len() + carried_out.load(Ordering::Relaxed) - 1000;
    assert!((1..=40).contains(&untaken), "{untaken}");
    // What nobody wants any more is no reason to wait.
    drop(reads.drain(..100));
    let answers = join_all(reads).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(readers.0.untaken.load(Ordering::Relaxed), 0);
    readers.close();
}

fn wait_while(is_busy: &AtomicBool) {
    while is_busy.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[actix_web::test]
async fn who_comes_after_a_crowd_does_not_wait_for_it() {
    let (_folder, readers) = readers();
    let order = Arc::new(Mutex::new(Vec::new()));
    let is_busy = Arc::new(AtomicBool::new(true));
    let read = |number: usize| {
        let (order, is_busy) = (Arc::clone(&order), Arc::clone(&is_busy));
        readers.read(move |_| {
            wait_while(&is_busy);
            order.lock().unwrap().push(number);
            Ok(())
        })
    };
    let mut reads: Vec<_> = (0..300).map(|number| Box::pin(read(number))).collect();
    for read in &mut reads {
        assert!(read.as_mut().now_or_never().is_none());
    }
    let mut late = Box::pin(read(300));
    assert!(late.as_mut().now_or_never().is_none());
    is_busy.store(false, Ordering::Relaxed);
    late.await.unwrap();
    let before = order.lock().unwrap().len();
    assert!(before < 100, "{before}");
    assert!(join_all(reads).await.iter().all(Result::is_ok));
}

#[actix_web::test]
async fn what_waited_too_long_is_not_kept() {
    let (_folder, readers) = readers();
    let is_busy = Arc::new(AtomicBool::new(true));
    let read = |_| {
        let is_busy = Arc::clone(&is_busy);
        readers.read(move |_| {
            wait_while(&is_busy);
            Ok(())
        })
    };
    let answers = join_all((0..300).map(read)).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(Box::pin(read(300)).now_or_never().is_none());
    assert_eq!(readers.0.lock().waiting.len(), 1);
    is_busy.store(false, Ordering::Relaxed);
}
