//! `Idempotency-Key`: a request that is sent again is not carried out again.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, TestApi, eventually, pause};

async fn post(api: &TestApi, key: &str, body: &Value) -> Answer {
    let request = api.post("/api/tasks").header("Idempotency-Key", key);
    request.json(body).send().await
}

#[actix_web::test]
async fn a_repeat_gives_the_first_answer_and_makes_no_second_task() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk", "description": "Two bottles"});
    let first = post(&api, "key-1", &body).await.expect(201);
    let again = post(&api, "key-1", &body).await.expect(201);
    assert_eq!(again.body, first.body);
    for name in ["location", "etag"] {
        assert_eq!(again.header(name), first.header(name));
    }
    assert_eq!(api.titles().await.len(), 1);
}

#[actix_web::test]
async fn a_repeat_shows_the_task_as_it_is_now() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    let first = post(&api, "key-1", &body).await.expect(201);
    let path = first.header("location");
    let change = json!({"title": "other"});
    let changed = api.patch(path).json(&change).send().await.expect(200);
    let again = post(&api, "key-1", &body).await.expect(201);
    assert_eq!(again.body, changed.body);
    assert_eq!(again.header("etag"), changed.header("etag"));
    assert_eq!(again.header("location"), path);
}

#[actix_web::test]
async fn a_repeat_for_a_task_that_was_deleted_since_says_so_and_makes_none() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy oat milk"});
    for (key, delete) in [
        ("key-1", "/api/tasks/1"),
        ("key-2", "/api/tasks?completed=true"),
    ] {
        let made = post(&api, key, &body).await.expect(201);
        let done = api.patch(made.header("location"));
        done.json(&json!({"completed": true}))
            .send()
            .await
            .expect(200);
        let deleted = api.delete(delete).send().await;
        assert!((200..300).contains(&deleted.status));
        for _ in 0..2 {
            let again = post(&api, key, &body).await;
            assert!(!again.has("location") && !again.has("retry-after"));
            again.problem(409, "task-deleted-since");
        }
        assert!(api.titles().await.is_empty());
        // Another body under the key is still another request.
        let other = post(&api, key, &json!({"title": "other"})).await;
        other.problem(422, "idempotency-key-reused");
    }
    post(&api, "key-3", &body).await.expect(201);
    assert_eq!(api.titles().await, ["Buy oat milk"]);
}

#[actix_web::test]
async fn a_request_to_the_release_before_is_the_same_request_to_this_one() {
    let api = TestApi::start().await;
    let body = json!({"title": " Buy milk ", "description": "Two\nbottles"});
    let made = post(&api, "key-1", &body).await.expect(201);
    let (fingerprint, expected): (Vec<u8>, Vec<u8>) = {
        let store = api.store.open();
        let found = "SELECT fingerprint FROM idempotency_keys";
        let found = store.query_row(found, [], |row| row.get(0)).unwrap();
        (found, Sha256::digest("Buy milk\0Two\nbottles").to_vec())
    };
    assert_eq!(fingerprint, expected);
    assert_eq!(post(&api, "key-1", &body).await.body, made.body);
}

#[actix_web::test]
async fn the_same_request_may_be_written_differently() {
    let api = TestApi::start().await;
    let first = post(&api, "key-1", &json!({"title": "Buy milk"}))
        .await
        .expect(201);
    let same = r#"{ "description" : "" , "title" : " Buy\u0020milk " }"#;
    let request = api
        .post("/api/tasks")
        .header("Idempotency-Key", "\"key-1\"");
    let again = request
        .body("application/json", same)
        .send()
        .await
        .expect(201);
    assert_eq!(again.body, first.body);
}

#[actix_web::test]
async fn another_body_under_the_same_key_is_422() {
    let api = TestApi::start().await;
    post(&api, "key-1", &json!({"title": "Buy milk"}))
        .await
        .expect(201);
    for other in [
        json!({"title": "Buy bread"}),
        json!({"title": "Buy milk", "description": "Two bottles"}),
    ] {
        let answer = post(&api, "key-1", &other).await;
        let problem = answer.problem(422, "idempotency-key-reused");
        assert_eq!(problem["errors"][0]["pointer"], "#");
    }
    assert_eq!(api.titles().await, ["Buy milk"]);
}

#[actix_web::test]
async fn other_keys_and_no_keys_make_tasks_of_their_own() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    for key in ["key-1", "key-2", "KEY-1"] {
        post(&api, key, &body).await.expect(201);
    }
    api.add("Buy milk").await;
    api.add("Buy milk").await;
    assert_eq!(api.titles().await.len(), 5);
}

#[actix_web::test]
async fn a_refused_request_leaves_the_key_free() {
    let api = TestApi::start().await;
    post(&api, "key-1", &json!({"title": ""})).await.expect(422);
    post(&api, "key-1", &json!({"title": "Buy milk"}))
        .await
        .expect(201);
}

#[actix_web::test]
async fn while_the_first_is_in_flight_a_repeat_is_409() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    // Another program's lock holds the first one up.
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let repeats = async {
        pause(200).await;
        let in_flight = eventually("in flight", || async {
            let other = post(&api, "key-1", &json!({"title": "other"})).await;
            (other.status == 409).then_some(other)
        });
        let answer = in_flight.await;
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(409, "idempotency-key-in-flight");
        post(&api, "key-1", &body)
            .await
            .problem(409, "idempotency-key-in-flight");
        lock.execute_batch("ROLLBACK").unwrap();
    };
    // Whichever comes first.
    let first = eventually("the first", || async {
        let answer = post(&api, "key-1", &body).await;
        (answer.status != 409).then_some(answer)
    });
    let (first, ()) = tokio::join!(first, repeats);
    let first = first.expect(201);
    assert_eq!(
        post(&api, "key-1", &body).await.expect(201).body,
        first.body
    );
    assert_eq!(api.titles().await.len(), 1);
}

#[actix_web::test]
async fn a_client_that_hangs_up_leaves_one_task_and_a_free_key() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut connection = api.raw().await;
    let text = body.to_string();
    connection
        .send(format!(
            "POST /api/tasks HTTP/1.1\r\nHost: api\r\nIdempotency-Key: key-1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        ))
        .await;
    // It waits for the lock by now.
    pause(300).await;
    drop(connection);
    lock.execute_batch("ROLLBACK").unwrap();
    let repeated = eventually("free again", || async {
        let again = post(&api, "key-1", &body).await;
        (again.status != 409).then_some(again)
    });
    repeated.await.expect(201);
    assert_eq!(api.titles().await.len(), 1);
}

#[actix_web::test]
async fn a_hundred_posts_at_once_with_one_key_make_one_task() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    // Retries what is in flight, as clients are told to.
    let posts = (0..100).map(|_| async {
        loop {
            let answer = post(&api, "key-1", &body).await;
            if answer.status != 409 {
                return answer;
            }
            pause(20).await;
        }
    });
    let answers = futures_util::future::join_all(posts).await;
    let first = answers[0].body.clone();
    for answer in answers {
        assert_eq!(answer.expect(201).body, first);
    }
    assert_eq!(api.titles().await.len(), 1);
    assert_eq!(api.store.count(), 1);
}

#[actix_web::test]
async fn a_key_outlives_a_restart() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    let first = post(&api, "key-1", &body).await.expect(201);
    let api = TestApi::start_on(api.stop().await).await;
    assert_eq!(
        post(&api, "key-1", &body).await.expect(201).body,
        first.body
    );
    post(&api, "key-1", &json!({"title": "other"}))
        .await
        .problem(422, "idempotency-key-reused");
    assert_eq!(api.titles().await.len(), 1);
}

#[actix_web::test]
async fn a_key_is_forgotten_after_24_hours() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    post(&api, "key-1", &body).await.expect(201);
    let left: i64 = {
        let now = "SELECT expires_at - unixepoch() FROM idempotency_keys";
        api.store
            .open()
            .query_row(now, [], |row| row.get(0))
            .unwrap()
    };
    assert!((86_390..=86_400).contains(&left), "{left}");
    let aged = "UPDATE idempotency_keys SET expires_at = expires_at - 86400";
    api.store.open().execute(aged, []).unwrap();
    post(&api, "key-1", &body).await.expect(201);
    assert_eq!(api.titles().await.len(), 2);
}

#[actix_web::test]
async fn a_key_must_be_one_key_of_visible_ascii() {
    let api = TestApi::start().await;
    let body = json!({"title": "Buy milk"});
    let longest = "k".repeat(255);
    post(&api, &longest, &body).await.expect(201);
    let too_long = "k".repeat(256);
    for key in ["", "\"\"", "two words", "é", "a\"b", "a\\b", &too_long] {
        post(&api, key, &body).await.problem(400, "about:blank");
    }
    let request = api
        .post("/api/tasks")
        .header("Idempotency-Key", "a")
        .header("Idempotency-Key", "a");
    request.json(&body).send().await.problem(400, "about:blank");
    assert_eq!(api.titles().await.len(), 1);
}
