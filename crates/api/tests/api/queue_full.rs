//! More writes than the queue takes: refused at once, and nothing that was accepted is lost.

use std::cell::Cell;

use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use crate::support::{TestApi, eventually, skipped};

/// The queue takes 512, the transaction that waits for the lock up to 256.
const POSTS: usize = 900;

#[actix_web::test]
async fn what_does_not_fit_into_the_queue_is_503_at_once() {
    // Each post has a connection, and both of its ends are in this process.
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let needed = 2 * POSTS as u64 + 500;
    if soft < needed && setrlimit(Resource::RLIMIT_NOFILE, needed.min(hard), hard).is_err()
        || hard < needed
    {
        skipped("too few files may be open here");
        return;
    }
    let api = TestApi::start().await;
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();

    let refused = Cell::new(false);
    let client = |number: usize| {
        let (api, refused) = (&api, &refused);
        async move {
            let new = json!({"title": format!("t{number}")});
            let mut accepted = 0;
            // Until one of all finds the queue full; what waits for the lock in vain comes back.
            while !refused.get() {
                let answer = api.post("/api/tasks").json(&new).send().await;
                if answer.status == 201 {
                    accepted += 1;
                    continue;
                }
                assert_eq!(answer.header("retry-after"), "1");
                let problem = answer.problem(503, "store-busy");
                if problem["detail"]
                    .as_str()
                    .unwrap()
                    .contains("More is being written")
                {
                    refused.set(true);
                }
            }
            accepted
        }
    };
    let release = async {
        eventually("a full queue", || async { refused.get().then_some(()) }).await;
        // Reads do not stand in that queue.
        api.get("/api/tasks").send().await.expect(200);
        lock.execute_batch("ROLLBACK").unwrap();
    };
    let (accepted, ()) = tokio::join!(join_all((0..POSTS).map(client)), release);
    let accepted: i64 = accepted.into_iter().sum();
    assert!(accepted > 0, "what waited is carried out");
    assert_eq!(api.store.count(), accepted);
    api.add("afterwards").await;
}
