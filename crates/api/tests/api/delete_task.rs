//! `DELETE /api/tasks/{id}`

use crate::support::TestApi;

#[actix_web::test]
async fn a_deleted_task_is_gone_and_the_others_stay() {
    let api = TestApi::start().await;
    let first = api.add_path("Buy milk").await;
    api.add("Buy bread").await;
    let answer = api.delete(&first).send().await.expect(204);
    assert!(answer.body.is_empty());
    api.get(&first).send().await.problem(404, "about:blank");
    assert_eq!(api.titles().await, ["Buy bread"]);
}

#[actix_web::test]
async fn a_task_that_is_not_there_is_404() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    api.delete(&path).send().await.expect(204);
    api.delete(&path).send().await.problem(404, "about:blank");
    api.delete("/api/tasks/999")
        .send()
        .await
        .problem(404, "about:blank");
}

#[actix_web::test]
async fn an_id_is_never_given_twice() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    api.delete(&path).send().await.expect(204);
    assert_ne!(api.add_path("Buy bread").await, path);
}
