//! What is one person's is never shown to, changed by or told apart from nothing by somebody else.

use reqwest::Method;
use serde_json::json;

use crate::support::app::titles;
use crate::support::people::Session;
use crate::support::{Answer, TestApi};

struct Two {
    api: TestApi,
    ada: Session,
    bob: Session,
}

impl Two {
    async fn start() -> Self {
        let api = TestApi::start().await;
        let ada = api.set_up("ada").await;
        let bob = api.join(&ada, "bob").await;
        Self { api, ada, bob }
    }

    async fn add(&self, by: &Session, title: &str) -> Answer {
        let request = self.api.post("/api/tasks").by(by);
        request
            .json(&json!({"title": title}))
            .send()
            .await
            .expect(201)
    }

    async fn titles(&self, by: &Session) -> Vec<String> {
        titles(&self.api.get("/api/tasks").by(by).send().await)
    }
}

#[actix_web::test]
async fn each_sees_their_own_list_and_its_counts() {
    let two = Two::start().await;
    two.add(&two.ada, "ada's first").await;
    two.add(&two.bob, "bob's").await;
    let done = two.add(&two.ada, "ada's second").await;
    let change = two.api.patch(done.header("location")).by(&two.ada);
    change
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    // Asked for again and again, so that what is kept is asked, too.
    for _ in 0..3 {
        assert_eq!(two.titles(&two.ada).await, ["ada's second", "ada's first"]);
        assert_eq!(two.titles(&two.bob).await, ["bob's"]);
        for (who, active, completed) in [(&two.ada, "1", "1"), (&two.bob, "1", "0")] {
            let list = two.api.get("/api/tasks").by(who).send().await;
            assert_eq!(list.header("tasks-active"), active);
            assert_eq!(list.header("tasks-completed"), completed);
            let filtered = two
                .api
                .get("/api/tasks?completed=true")
                .by(who)
                .send()
                .await;
            assert_eq!(titles(&filtered).len().to_string(), completed);
        }
    }
}

#[actix_web::test]
async fn a_task_of_somebody_else_is_as_one_that_is_not_there() {
    let two = Two::start().await;
    let path = two
        .add(&two.ada, "ada's")
        .await
        .header("location")
        .to_owned();
    for (method, body) in [
        (Method::GET, None),
        (Method::HEAD, None),
        (Method::PATCH, Some(json!({"title": "bob's"}))),
        (Method::PUT, Some(json!({"completed": true}))),
        (Method::DELETE, None),
    ] {
        for path in [path.as_str(), "/api/tasks/999"] {
            let mut request = two.api.request_by(&two.bob, method.clone(), path);
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answer = request.send().await.expect(404);
            assert!(!answer.has("etag"), "{method} {path}");
        }
    }
    let task = two
        .api
        .get(&path)
        .by(&two.ada)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&task["title"], &task["completed"]),
        (&json!("ada's"), &json!(false))
    );
}

#[actix_web::test]
async fn deleting_what_is_completed_deletes_ones_own() {
    let two = Two::start().await;
    for who in [&two.ada, &two.bob] {
        let made = two.add(who, "done").await;
        let change = two.api.patch(made.header("location")).by(who);
        change
            .json(&json!({"completed": true}))
            .send()
            .await
            .expect(200);
    }
    let request = two.api.delete("/api/tasks?completed=true").by(&two.bob);
    assert_eq!(
        request.send().await.expect(200).json(),
        json!({"deleted": 1})
    );
    assert_eq!(two.titles(&two.ada).await, ["done"]);
    assert_eq!(two.titles(&two.bob).await, [""; 0]);
}

#[actix_web::test]
async fn an_idempotency_key_is_ones_own() {
    let two = Two::start().await;
    let add = |who: &Session, title: &str| {
        let request = two
            .api
            .post("/api/tasks")
            .by(who)
            .header("Idempotency-Key", "key");
        request.json(&json!({"title": title})).send()
    };
    let ada = add(&two.ada, "secret").await.expect(201).json();
    // The same request of somebody else is another one, and so is another request.
    let bob = add(&two.bob, "secret").await.expect(201).json();
    assert_ne!(ada["id"], bob["id"]);
    add(&two.bob, "other")
        .await
        .problem(422, "idempotency-key-reused");
    assert_eq!(
        add(&two.ada, "secret").await.expect(201).json()["id"],
        ada["id"]
    );
    assert_eq!(two.titles(&two.bob).await, ["secret"]);
    assert_eq!(two.titles(&two.ada).await, ["secret"]);
}

#[actix_web::test]
async fn a_change_elsewhere_leaves_a_lists_version() {
    let two = Two::start().await;
    two.add(&two.bob, "bob's").await;
    let before = two.api.get("/api/tasks").by(&two.bob).send().await;
    two.add(&two.ada, "ada's").await;
    let request = two.api.get("/api/tasks").by(&two.bob);
    let same = request.header("If-None-Match", before.header("etag"));
    same.send().await.expect(304);
    let request = two.api.get("/api/tasks").by(&two.ada);
    let other = request.header("If-None-Match", before.header("etag"));
    other.send().await.expect(200);
}

#[actix_web::test]
async fn whoever_is_an_administrator_sees_no_more_tasks() {
    let two = Two::start().await;
    let path = two
        .add(&two.bob, "bob's")
        .await
        .header("location")
        .to_owned();
    two.api
        .get(&path)
        .by(&two.ada)
        .send()
        .await
        .problem(404, "about:blank");
    assert_eq!(two.titles(&two.ada).await, [""; 0]);
}
