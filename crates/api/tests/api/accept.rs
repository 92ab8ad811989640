//! `Accept` changes nothing: there is only JSON.

use serde_json::json;

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
        let new = json!({"title": "Buy milk"});
        for (request, status) in [
            (api.get(&path), 200),
            (api.get("/api/tasks"), 200),
            (api.post("/api/tasks").json(&new), 201),
            (api.patch(&path).json(&new), 200),
            (api.delete("/api/tasks?completed=true"), 200),
            (api.get("/health"), 200),
        ] {
            let answer = request.header("Accept", accept).send().await;
            let answer = answer.expect(status);
            assert_eq!(answer.header("content-type"), "application/json");
        }
        let answer = api
            .get("/api/tasks/0")
            .header("Accept", accept)
            .send()
            .await;
        answer.problem(404, "about:blank");
    }
}
