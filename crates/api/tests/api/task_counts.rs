//! `Tasks-Active` and `Tasks-Completed`: counts of the whole store, right after every kind of change.

use serde_json::json;

use crate::support::TestApi;

async fn counts(api: &TestApi, query: &str) -> (i64, i64) {
    let answer = api
        .get(&format!("/api/tasks{query}"))
        .send()
        .await
        .expect(200);
    let count = |name| answer.header(name).parse().unwrap();
    (count("tasks-active"), count("tasks-completed"))
}

#[actix_web::test]
async fn counts_follow_every_change() {
    let api = TestApi::start().await;
    assert_eq!(counts(&api, "").await, (0, 0));
    let first = api.add_path("first").await;
    let second = api.add_path("second").await;
    assert_eq!(counts(&api, "").await, (2, 0));

    for (change, expected) in [
        (json!({"completed": true}), (1, 1)),
        (json!({"completed": true}), (1, 1)),
        (json!({"title": "other"}), (1, 1)),
        (json!({"completed": false}), (2, 0)),
        (json!({"completed": true, "title": "another"}), (1, 1)),
    ] {
        api.patch(&first).json(&change).send().await.expect(200);
        assert_eq!(counts(&api, "").await, expected, "{change}");
    }
    api.delete(&second).send().await.expect(204);
    assert_eq!(counts(&api, "").await, (0, 1));
    let third = api.add_path("third").await;
    api.delete("/api/tasks?completed=true")
        .send()
        .await
        .expect(200);
    assert_eq!(counts(&api, "").await, (1, 0));
    api.patch(&third)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    api.delete(&third).send().await.expect(204);
    assert_eq!(counts(&api, "").await, (0, 0));
}

#[actix_web::test]
async fn a_refused_change_is_not_counted() {
    let api = TestApi::start().await;
    let path = api.add_path("first").await;
    let stale = "\"00000000000000000000000000000000\"";
    let change = json!({"completed": true});
    api.patch(&path)
        .header("If-Match", stale)
        .json(&change)
        .send()
        .await
        .expect(412);
    api.delete(&path)
        .header("If-Match", stale)
        .send()
        .await
        .expect(412);
    api.post("/api/tasks")
        .json(&json!({"title": ""}))
        .send()
        .await
        .expect(422);
    assert_eq!(counts(&api, "").await, (1, 0));
}

#[actix_web::test]
async fn counts_are_of_the_whole_store_on_every_page() {
    let api = TestApi::start().await;
    for title in ["one", "two", "three"] {
        api.add(title).await;
    }
    let path = api.add_path("four").await;
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    for query in [
        "?limit=1",
        "?completed=true",
        "?completed=false",
        "?after=c11",
    ] {
        assert_eq!(counts(&api, query).await, (3, 1), "{query}");
    }
}

#[actix_web::test]
async fn counts_survive_a_restart() {
    let api = TestApi::start().await;
    let path = api.add_path("first").await;
    api.add("second").await;
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    let api = TestApi::start_on(api.stop().await).await;
    assert_eq!(counts(&api, "").await, (1, 1));
}
