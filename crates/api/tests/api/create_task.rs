//! `POST /api/tasks`

use serde_json::json;

use crate::support::TestApi;

#[actix_web::test]
async fn a_task_is_made_and_can_be_found_at_its_location() {
    let api = TestApi::start().await;
    let new = json!({"title": "Buy milk", "description": "Two bottles"});
    let answer = api.post("/api/tasks").json(&new).send().await.expect(201);

    let task = answer.json();
    assert_eq!(task["title"], "Buy milk");
    assert_eq!(task["description"], "Two bottles");
    assert_eq!(task["completed"], false);
    assert_eq!(task["created_at"], task["updated_at"]);
    assert_eq!(
        answer.header("location"),
        format!("/api/tasks/{}", task["id"])
    );
    let found = api.get(answer.header("location")).send().await.expect(200);
    assert_eq!(found.json(), task);
    assert_eq!(found.header("etag"), answer.header("etag"));
}

#[actix_web::test]
async fn the_description_may_be_left_out() {
    let api = TestApi::start().await;
    assert_eq!(api.add("Buy milk").await["description"], "");
}

#[actix_web::test]
async fn its_times_are_now() {
    let before = now();
    let api = TestApi::start().await;
    let task = api.add("Buy milk").await;
    let created_at = task["created_at"].as_str().unwrap().to_owned();
    assert!(before <= created_at && created_at <= now(), "{created_at}");
}

fn now() -> String {
    task_tracker_api::clock::now_rfc3339()
}

#[actix_web::test]
async fn a_task_without_a_title_is_refused() {
    let api = TestApi::start().await;
    for new in [json!({}), json!({"description": "Two bottles"})] {
        let answer = api.post("/api/tasks").json(&new).send().await;
        assert_eq!(answer.faults(), ["#/title"]);
    }
    assert!(api.titles().await.is_empty());
}

#[actix_web::test]
async fn every_field_that_is_not_acceptable_is_named() {
    let api = TestApi::start().await;
    let new = json!({"title": "", "description": 1, "done": true});
    let mut faults = api.post("/api/tasks").json(&new).send().await.faults();
    faults.sort();
    assert_eq!(faults, ["#/description", "#/done", "#/title"]);
}

#[actix_web::test]
async fn what_a_client_cannot_choose_is_refused() {
    let api = TestApi::start().await;
    for field in ["id", "completed", "created_at", "updated_at"] {
        let new = json!({"title": "Buy milk", field: 1});
        let answer = api.post("/api/tasks").json(&new).send().await;
        assert_eq!(answer.faults(), [format!("#/{field}")]);
    }
}
