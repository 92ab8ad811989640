//! `ETag`, `If-None-Match` and `If-Match` (RFC 9110, 13.1).

use reqwest::Method;
use serde_json::json;

use crate::support::TestApi;

const OTHER: &str = "\"00000000000000000000000000000000\"";

#[actix_web::test]
async fn what_the_client_has_is_not_sent_again() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    for path in [path.as_str(), "/api/tasks", "/api/tasks?limit=1"] {
        let etag = api
            .get(path)
            .send()
            .await
            .expect(200)
            .header("etag")
            .to_owned();
        for matching in [
            etag.clone(),
            format!("W/{etag}"),
            "*".to_owned(),
            format!("{OTHER}, {etag}"),
            format!("W/{OTHER},W/{etag} , \"x\""),
        ] {
            let answer = api
                .get(path)
                .header("If-None-Match", &matching)
                .send()
                .await;
            let answer = answer.expect(304);
            assert!(answer.body.is_empty(), "{matching}");
            assert_eq!(answer.header("etag"), etag);
        }
        for other in [OTHER, "\"\"", "W/\"x\"", &etag.replace('"', "")] {
            let answer = api.get(path).header("If-None-Match", other).send().await;
            assert!(!answer.expect(200).body.is_empty(), "{other}");
        }
    }
}

#[actix_web::test]
async fn tags_may_be_spread_over_several_headers() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let etag = api.get(&path).send().await.header("etag").to_owned();
    let request = api.get(&path).header("If-None-Match", OTHER);
    request
        .header("If-None-Match", &etag)
        .send()
        .await
        .expect(304);
}

#[actix_web::test]
async fn a_304_has_the_headers_of_the_200() {
    let api = TestApi::start().await;
    for title in ["one", "two"] {
        api.add(title).await;
    }
    let whole = api.get("/api/tasks?limit=1").send().await.expect(200);
    let request = api.get("/api/tasks?limit=1");
    let short = request
        .header("If-None-Match", whole.header("etag"))
        .send()
        .await
        .expect(304);
    for name in ["etag", "link", "tasks-active", "tasks-completed"] {
        assert_eq!(short.header(name), whole.header(name));
    }
}

#[actix_web::test]
async fn the_etag_of_a_list_changes_with_the_list() {
    let api = TestApi::start().await;
    let mut seen = Vec::new();
    let path = api.add_path("one").await;
    seen.push(etag(&api).await);
    api.add("two").await;
    seen.push(etag(&api).await);
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    seen.push(etag(&api).await);
    api.delete(&path).send().await.expect(204);
    seen.push(etag(&api).await);
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

async fn etag(api: &TestApi) -> String {
    api.get("/api/tasks")
        .send()
        .await
        .expect(200)
        .header("etag")
        .to_owned()
}

#[actix_web::test]
async fn the_etag_of_a_page_covers_its_headers() {
    let api = TestApi::start().await;
    for title in ["one", "two"] {
        api.add(title).await;
    }
    let before = api.get("/api/tasks?limit=1").send().await.expect(200);
    // The page shows the newest task alone; completing the other changes the counts, and nothing else on it.
    api.patch("/api/tasks/1")
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    let after = api.get("/api/tasks?limit=1").send().await.expect(200);
    assert_eq!(before.body, after.body);
    assert_ne!(before.header("etag"), after.header("etag"));
}

#[actix_web::test]
async fn etags_outlive_a_restart() {
    let api = TestApi::start().await;
    let path = api.add_path("one").await;
    let (one, all) = (api.get(&path).send().await, etag(&api).await);
    let api = TestApi::start_on(api.stop().await).await;
    assert_eq!(
        api.get(&path).send().await.header("etag"),
        one.header("etag")
    );
    assert_eq!(etag(&api).await, all);
}

#[actix_web::test]
async fn a_change_meant_for_this_state_is_made() {
    let api = TestApi::start().await;
    for make in [
        |etag: &str| etag.to_owned(),
        |_: &str| "*".to_owned(),
        |etag: &str| format!("{OTHER}, {etag}"),
    ] {
        let path = api.add_path("Buy milk").await;
        let etag = api.get(&path).send().await.header("etag").to_owned();
        let change = json!({"title": "Buy oat milk"});
        let request = api.patch(&path).header("If-Match", &make(&etag));
        let changed = request.json(&change).send().await.expect(200);
        let request = api
            .delete(&path)
            .header("If-Match", &make(changed.header("etag")));
        request.send().await.expect(204);
    }
}

#[actix_web::test]
async fn a_change_meant_for_another_state_is_412_and_not_made() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await;
    let etag = before.header("etag");
    for stale in [
        OTHER.to_owned(),
        // Weak tags never match here.
        format!("W/{etag}"),
        format!("{OTHER}, W/{etag}"),
        etag.replace('"', ""),
        String::new(),
    ] {
        for method in [Method::PATCH, Method::PUT, Method::DELETE] {
            let mut request = api
                .request(method.clone(), &path)
                .header("If-Match", &stale);
            if method != Method::DELETE {
                request = request.json(&json!({"title": "Buy oat milk"}));
            }
            request.send().await.problem(412, "precondition-failed");
        }
    }
    assert_eq!(api.get(&path).send().await.json(), before.json());
}

#[actix_web::test]
async fn of_two_editors_the_second_is_told() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let seen = api.get(&path).send().await.header("etag").to_owned();
    let edit = async |title: &str| {
        let request = api.patch(&path).header("If-Match", &seen);
        request.json(&json!({"title": title})).send().await
    };
    let (one, two) = tokio::join!(edit("one"), edit("two"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[actix_web::test]
async fn a_condition_on_a_task_that_is_not_there_is_404() {
    let api = TestApi::start().await;
    let request = api.delete("/api/tasks/1").header("If-Match", "*");
    request.send().await.problem(404, "about:blank");
}

#[actix_web::test]
async fn a_condition_that_cannot_be_read_is_400() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    api.get(&path)
        .header("If-None-Match", "\"é\"")
        .send()
        .await
        .problem(400, "about:blank");
    api.get("/api/tasks")
        .header("If-None-Match", "\"é\"")
        .send()
        .await
        .problem(400, "about:blank");
    api.delete(&path)
        .header("If-Match", "\"é\"")
        .send()
        .await
        .problem(400, "about:blank");
    let request = api.patch(&path).header("If-Match", "\"é\"");
    request
        .json(&json!({"completed": true}))
        .send()
        .await
        .problem(400, "about:blank");
}
