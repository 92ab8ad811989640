//! `GET /api/tasks`

use serde_json::json;

use crate::support::app::titles;
use crate::support::contract::{DOCUMENT, is_valid};
use crate::support::{Answer, TestApi};

/// Adds `t1`, `t2`, ... and completes every third.
async fn add_many(api: &TestApi, many: usize) {
    for number in 1..=many {
        let path = api.add_path(&format!("t{number}")).await;
        if number % 3 == 0 {
            let change = json!({"completed": true});
            api.patch(&path).json(&change).send().await.expect(200);
        }
    }
}

/// Where `Link` leads, if there is a next page.
fn next(answer: &Answer) -> Option<String> {
    answer.has("link").then(|| {
        let link = answer.header("link").strip_prefix('<').unwrap();
        link.strip_suffix(">; rel=\"next\"").unwrap().to_owned()
    })
}

/// The titles of each page from `path` on.
async fn pages(api: &TestApi, path: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(here) = path {
        let answer = api.get(&here).send().await;
        pages.push(titles(&answer));
        path = next(&answer);
    }
    pages
}

#[actix_web::test]
async fn an_empty_store_gives_an_empty_array() {
    let api = TestApi::start().await;
    let answer = api.get("/api/tasks").send().await.expect(200);
    assert_eq!(answer.text(), "[]");
    assert_eq!(next(&answer), None);
}

#[actix_web::test]
async fn the_newest_comes_first_whatever_the_clock_said() {
    let api = TestApi::start().await;
    add_many(&api, 3).await;
    let jumped = "UPDATE tasks SET created_at = '2001-01-01T00:00:00.000Z' WHERE title = 't3'";
    api.store.open().execute(jumped, []).unwrap();
    // The list that is kept knows nothing of another program's write.
    api.add("t4").await;
    assert_eq!(api.titles().await, ["t4", "t3", "t2", "t1"]);
}

#[actix_web::test]
async fn an_entry_is_the_whole_task_but_for_its_version() {
    let api = TestApi::start().await;
    let mut task = api.add("Buy \"milk\" \\ 牛乳 😀").await;
    task.as_object_mut().unwrap().remove("version");
    assert_eq!(api.get("/api/tasks").send().await.json(), json!([task]));
}

#[actix_web::test]
async fn links_lead_to_the_end_and_no_further() {
    let api = TestApi::start().await;
    add_many(&api, 7).await;
    assert_eq!(
        pages(&api, "/api/tasks?limit=3").await,
        [vec!["t7", "t6", "t5"], vec!["t4", "t3", "t2"], vec!["t1"]]
    );
    // A last page that is full has no link either.
    assert_eq!(pages(&api, "/api/tasks?limit=7").await.len(), 1);
}

#[actix_web::test]
async fn links_keep_the_filter_and_the_limit() {
    let api = TestApi::start().await;
    add_many(&api, 7).await;
    assert_eq!(
        pages(&api, "/api/tasks?completed=false&limit=2").await,
        [vec!["t7", "t5"], vec!["t4", "t2"], vec!["t1"]]
    );
    assert_eq!(
        pages(&api, "/api/tasks?limit=1&completed=true").await,
        [["t6"], ["t3"]]
    );
}

#[actix_web::test]
async fn a_page_is_not_shifted_by_what_is_added_or_deleted_meanwhile() {
    let api = TestApi::start().await;
    add_many(&api, 5).await;
    let first = api.get("/api/tasks?limit=2").send().await;
    api.add("t6").await;
    // The cursor's own task is t4.
    let listed = first.json();
    api.delete(&format!("/api/tasks/{}", listed[1]["id"]))
        .send()
        .await
        .expect(204);
    let second = api.get(&next(&first).unwrap()).send().await;
    assert_eq!(titles(&second), ["t3", "t2"]);
}

#[actix_web::test]
async fn a_page_has_100_tasks_unless_told_otherwise_and_500_at_the_most() {
    let api = TestApi::start().await;
    api.add("first").await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) \
                INSERT INTO tasks (title, created_at, updated_at) \
                SELECT 't' || i, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n";
    api.store.open().execute(many, []).unwrap();
    for (query, length) in [("", 100), ("?limit=1", 1), ("?limit=500", 500)] {
        let answer = api.get(&format!("/api/tasks{query}")).send().await;
        assert_eq!(titles(&answer).len(), length);
        assert!(next(&answer).is_some());
    }
}

#[actix_web::test]
async fn what_a_query_may_not_say_is_refused_and_named() {
    let api = TestApi::start().await;
    for (query, fault) in [
        ("limit=0", "?limit"),
        ("limit=501", "?limit"),
        ("limit=-1", "?limit"),
        ("limit=%2B1", "?limit"),
        ("limit=1.0", "?limit"),
        ("limit=", "?limit"),
        ("limit=99999999999999999999", "?limit"),
        ("completed=", "?completed"),
        ("completed=1", "?completed"),
        ("completed=TRUE", "?completed"),
        ("after=", "?after"),
        ("after=5", "?after"),
        ("after=c10", "?after"),
        ("after=c1FF", "?after"),
        ("after=c1-1", "?after"),
        ("after=c18000000000000000", "?after"),
        ("after=c1ffffffffffffffff", "?after"),
        ("order=asc", "?order"),
        ("Limit=1", "?Limit"),
        ("limit=1&limit=2", "?limit"),
        ("limit=1&limit=1", "?limit"),
    ] {
        let answer = api.get(&format!("/api/tasks?{query}")).send().await;
        assert_eq!(answer.faults(), [fault], "{query}");
    }
    let all = api
        .get("/api/tasks?limit=x&completed=y&after=z")
        .send()
        .await;
    assert_eq!(all.faults(), ["?limit", "?completed", "?after"]);
}

#[actix_web::test]
async fn a_query_that_is_not_utf_8_is_400() {
    let api = TestApi::start().await;
    for query in ["after=%ff", "%ff=1", "completed=tr%c3ue"] {
        let answer = api.get(&format!("/api/tasks?{query}")).send().await;
        answer.problem(400, "about:blank");
    }
}

#[actix_web::test]
async fn a_reader_sees_their_own_write_at_once() {
    let api = TestApi::start().await;
    for number in 0..30 {
        let title = format!("t{number}");
        api.add(&title).await;
        assert_eq!(api.titles().await[0], title);
    }
}

#[actix_web::test]
async fn the_document_accepts_the_cursors_that_the_api_accepts() {
    let api = TestApi::start().await;
    let parameters = DOCUMENT["paths"]["/api/tasks"]["get"]["parameters"]
        .as_array()
        .unwrap();
    let after = parameters
        .iter()
        .find(|parameter| parameter["name"] == "after")
        .unwrap();
    for cursor in [
        "c11",
        "c1fffffffffffffff",
        "c17fffffffffffffff",
        "c18000000000000000",
        "c1ffffffffffffffff",
        "c110000000000000000",
        "c10",
        "c1",
    ] {
        let answer = api.get(&format!("/api/tasks?after={cursor}")).send().await;
        let declared = is_valid(&after["schema"], &json!(cursor));
        assert_eq!(declared, answer.status == 200, "{cursor}");
    }
}

#[actix_web::test]
async fn a_page_of_long_tasks_ends_earlier_and_leads_on() {
    const MOST: usize = 128 * 1024;
    let api = TestApi::start().await;
    // Twice as long in JSON.
    let description = "\"".repeat(4000);
    for number in 1..=40 {
        let new = json!({"title": format!("t{number}"), "description": description});
        api.post("/api/tasks").json(&new).send().await.expect(201);
    }
    let (mut path, mut seen) = (Some("/api/tasks?completed=false".to_owned()), Vec::new());
    while let Some(here) = path {
        let answer = api.get(&here).send().await;
        let length = answer.body.len();
        path = next(&answer);
        assert!(
            length <= MOST && (path.is_none() || length > MOST - 10_000),
            "{length}"
        );
        seen.extend(titles(&answer));
    }
    let all: Vec<_> = (1..=40).rev().map(|number| format!("t{number}")).collect();
    assert_eq!(seen, all);
}
