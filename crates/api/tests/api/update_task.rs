//! `PATCH` and `PUT /api/tasks/{id}`: JSON Merge Patch (RFC 7396).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApi, pause};

const BOTH: [Method; 2] = [Method::PATCH, Method::PUT];

async fn add_full(api: &TestApi) -> Value {
    let new = json!({"title": "Buy milk", "description": "Two bottles"});
    api.post("/api/tasks")
        .json(&new)
        .send()
        .await
        .expect(201)
        .json()
}

#[actix_web::test]
async fn what_is_left_out_stays_as_it_is() {
    let api = TestApi::start().await;
    for method in BOTH {
        let task = add_full(&api).await;
        let path = format!("/api/tasks/{}", task["id"]);
        for (field, value) in [
            ("title", json!("Buy oat milk")),
            ("description", json!("Three bottles")),
            ("completed", json!(true)),
        ] {
            let before = api.get(&path).send().await.json();
            let change = json!({field: value});
            let answer = api
                .request(method.clone(), &path)
                .json(&change)
                .send()
                .await;
            let mut expected = before.clone();
            expected[field] = value;
            let after = answer.expect(200).json();
            for field in ["updated_at", "version"] {
                expected[field] = after[field].clone();
            }
            assert_eq!(after, expected);
            assert_eq!(api.get(&path).send().await.json(), after);
        }
    }
}

#[actix_web::test]
async fn a_change_gives_a_new_etag_and_a_later_time() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await;
    pause(5).await;
    let change = json!({"completed": true});
    let after = api.patch(&path).json(&change).send().await.expect(200);
    assert_ne!(after.header("etag"), before.header("etag"));
    let (before, after) = (before.json(), after.json());
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
    assert_eq!(after["created_at"], before["created_at"]);
}

#[actix_web::test]
async fn a_change_that_changes_nothing_leaves_time_and_etag() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await;
    pause(5).await;
    for change in [json!({}), json!({"title": "Buy milk", "completed": false})] {
        let after = api.patch(&path).json(&change).send().await.expect(200);
        assert_eq!(after.header("etag"), before.header("etag"));
        assert_eq!(after.json(), before.json());
    }
}

#[actix_web::test]
async fn null_empties_a_description_and_is_no_title_and_no_state() {
    let api = TestApi::start().await;
    for method in BOTH {
        let path = format!("/api/tasks/{}", add_full(&api).await["id"]);
        let send = async |change: Value| {
            api.request(method.clone(), &path)
                .json(&change)
                .send()
                .await
        };
        let changed = send(json!({"description": null})).await.expect(200);
        assert_eq!(changed.json()["description"], "");
        assert_eq!(changed.json()["title"], "Buy milk");
        assert_eq!(send(json!({"title": null})).await.faults(), ["#/title"]);
        assert_eq!(
            send(json!({"completed": null})).await.faults(),
            ["#/completed"]
        );
    }
}

#[actix_web::test]
async fn a_refused_change_changes_nothing_at_all() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await.json();
    for change in [
        json!({"title": "Buy oat milk", "completed": "yes"}),
        json!({"title": "Buy oat milk", "id": 7}),
        json!({"completed": true, "title": ""}),
    ] {
        api.patch(&path)
            .json(&change)
            .send()
            .await
            .problem(422, "validation");
        assert_eq!(api.get(&path).send().await.json(), before);
    }
}

#[actix_web::test]
async fn a_task_that_is_not_there_is_404() {
    let api = TestApi::start().await;
    for method in BOTH {
        let request = api.request(method, "/api/tasks/1");
        let answer = request.json(&json!({"title": "Buy milk"})).send().await;
        answer.problem(404, "about:blank");
    }
    assert!(api.titles().await.is_empty(), "PUT makes no task");
}

#[actix_web::test]
async fn the_merge_patch_media_type_is_accepted() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let body = r#"{"completed":true}"#;
    let request = api.patch(&path).body("application/merge-patch+json", body);
    assert_eq!(request.send().await.expect(200).json()["completed"], true);
}
