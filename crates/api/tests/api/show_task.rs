//! `GET /api/tasks/{id}`

use crate::support::TestApi;

#[actix_web::test]
async fn a_task_is_shown_as_it_was_made() {
    let api = TestApi::start().await;
    let task = api.add("Buy milk").await;
    let path = format!("/api/tasks/{}", task["id"]);
    assert_eq!(api.get(&path).send().await.expect(200).json(), task);
}

#[actix_web::test]
async fn a_task_that_is_not_there_is_404() {
    let api = TestApi::start().await;
    api.get("/api/tasks/1")
        .send()
        .await
        .problem(404, "about:blank");
}

#[actix_web::test]
async fn its_fields_come_in_one_order() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let answer = api.get(&path).send().await.expect(200);
    let places = [
        "id",
        "title",
        "description",
        "completed",
        "created_at",
        "updated_at",
    ]
    .map(|field| answer.text().find(&format!("\"{field}\":")).unwrap());
    assert!(places.is_sorted(), "{}", answer.text());
}
