//! `DELETE /api/tasks?completed=true`

use serde_json::json;

use crate::support::TestApi;

#[actix_web::test]
async fn all_completed_tasks_go_and_are_counted() {
    let api = TestApi::start().await;
    for title in ["one", "two", "three"] {
        let path = api.add_path(title).await;
        if title != "two" {
            let change = json!({"completed": true});
            api.patch(&path).json(&change).send().await.expect(200);
        }
    }
    let delete = async || api.delete("/api/tasks?completed=true").send().await;
    assert_eq!(delete().await.expect(200).json(), json!({"deleted": 2}));
    assert_eq!(api.titles().await, ["two"]);
    assert_eq!(delete().await.expect(200).json(), json!({"deleted": 0}));
}

#[actix_web::test]
async fn nothing_is_deleted_without_exactly_that_filter() {
    let api = TestApi::start().await;
    let path = api.add_path("done").await;
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    for query in [
        "",
        "?",
        "?completed",
        "?completed=",
        "?completed=false",
        "?completed=1",
        "?completed=TRUE",
        "?completed=true&limit=1",
        "?completed=true&completed=true",
        "?completed=true&completed=false",
        "?Completed=true",
        "?completed=%ff",
    ] {
        let answer = api.delete(&format!("/api/tasks{query}")).send().await;
        answer.problem(400, "about:blank");
    }
    assert_eq!(api.titles().await, ["done"]);
}
