//! `Accept` changes nothing: there is only JSON.

use crate::support::TestApi;

#[actix_web::test]
async fn whatever_is_accepted_the_answer_is_json() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    for accept in [
        "text/html",
        "application/xml;q=1, */*;q=0",
        "*/*",
        "nonsense",
        "",
    ] {
        let answer = api
            .get(&path)
            .header("Accept", accept)
            .send()
            .await
            .expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        let answer = api
            .get("/api/tasks/0")
            .header("Accept", accept)
            .send()
            .await;
        answer.problem(404, "about:blank");
    }
}
