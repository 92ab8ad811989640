//! What is changed or deleted is what the person saw, whatever becomes of entity tags on the way, and nobody is in conflict
//! with themselves.

use serde_json::json;
use wiremock::matchers::{header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Page, Web, list_answer, problem_answer, stub, task, task_answer};

fn stale() -> ResponseTemplate {
    problem_answer(412, "precondition-failed", "Stale.")
}

/// As an api answers that has versions in its bodies, behind something that removes entity tags.
fn without_tag(status: u16, version: &str, title: &str) -> ResponseTemplate {
    let mut body = task(7, title, "", false);
    body["version"] = json!(version);
    ResponseTemplate::new(status).set_body_json(body)
}

async fn open_and_save(web: &Web) -> Page {
    let form = web.get("/tasks/7/edit").await;
    assert_eq!(form.status, 200, "{}", form.body);
    let mut fields = vec![("title", "New".to_owned()), ("seen", form.hidden("seen"))];
    if form.body.contains("name=\"version\"") {
        fields.push(("version", form.hidden("version")));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    web.post("/tasks/7/edit", &fields).await
}

#[actix_web::test]
async fn an_entity_tag_made_weak_on_the_way_still_names_the_version() {
    let api = stub().await;
    let weak = task_answer(200, "v1", &task(7, "Old", "", false)).insert_header("etag", "W/\"v1\"");
    Mock::given(method("GET"))
        .respond_with(weak)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v1\""))
        .respond_with(task_answer(200, "v2", &task(7, "New", "", false)))
        .expect(1)
        .mount(&api)
        .await;
    let page = open_and_save(&Web::over(&api.uri())).await;
    assert_eq!(page.location(), "/tasks?notice=saved.7#task-7");
}

#[actix_web::test]
async fn a_version_in_the_body_stands_in_for_an_entity_tag_that_was_removed() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(without_tag(200, "v1", "Old"))
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v1\""))
        .respond_with(without_tag(200, "v2", "New"))
        .expect(1)
        .mount(&api)
        .await;
    let page = open_and_save(&Web::over(&api.uri())).await;
    assert_eq!(page.location(), "/tasks?notice=saved.7#task-7");
}

#[actix_web::test]
async fn without_any_version_the_text_tells_whether_somebody_was_faster() {
    for (now, status) in [("Old", 303), ("Theirs", 409)] {
        let api = stub().await;
        let bare = |title| ResponseTemplate::new(200).set_body_json(task(7, title, "", false));
        Mock::given(method("GET"))
            .respond_with(bare("Old"))
            .up_to_n_times(1)
            .mount(&api)
            .await;
        Mock::given(method("GET"))
            .respond_with(bare(now))
            .mount(&api)
            .await;
        Mock::given(method("PATCH"))
            .respond_with(bare("New"))
            .mount(&api)
            .await;
        let page = open_and_save(&Web::over(&api.uri())).await;
        assert_eq!(page.status, status, "{}", page.body);
    }
}

#[actix_web::test]
async fn ones_own_last_change_is_no_conflict_and_anybody_elses_is() {
    let api = stub().await;
    let seen = task_answer(200, "v1", &task(7, "Seen", "", false));
    Mock::given(method("GET"))
        .respond_with(seen)
        .up_to_n_times(1)
        .mount(&api)
        .await;
    let first = task_answer(200, "v2", &task(7, "First", "", false));
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v1\""))
        .respond_with(first.clone())
        .up_to_n_times(1)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v1\""))
        .respond_with(stale())
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(first)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v2\""))
        .respond_with(task_answer(200, "v3", &task(7, "Second", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let form = web.get("/tasks/7/edit").await;
    let (version, seen) = (form.hidden("version"), form.hidden("seen"));
    let fields = |title| {
        [
            ("title", title),
            ("version", version.as_str()),
            ("seen", seen.as_str()),
        ]
    };
    let saved = web.post("/tasks/7/edit", &fields("First")).await;
    assert_eq!(saved.status, 303);

    // Another browser, with the same form.
    let other = web.post("/tasks/7/edit", &fields("Second")).await;
    assert_eq!(other.status, 409);
    // Back, and the form as it was.
    let cookies = saved.cookies().join("; ");
    let again = web
        .post_with("/tasks/7/edit", &fields("Second"), &[("cookie", &cookies)])
        .await;
    assert_eq!(again.location(), "/tasks?notice=saved.7#task-7");
}

#[actix_web::test]
async fn another_text_in_ones_own_add_form_is_another_task_and_each_only_once() {
    let api = stub().await;
    Mock::given(method("POST"))
        .and(header("idempotency-key", "k-1"))
        .respond_with(task_answer(201, "v1", &task(7, "One", "", false)))
        .up_to_n_times(1)
        .mount(&api)
        .await;
    Mock::given(method("POST"))
        .and(header("idempotency-key", "k-1"))
        .respond_with(problem_answer(422, "idempotency-key-reused", "Reused."))
        .mount(&api)
        .await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v1", &task(8, "Two", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let first = web
        .post("/tasks/add", &[("title", "One"), ("key", "k-1")])
        .await;
    let cookies = first.cookies().join("; ");
    let fields = [("title", "Two"), ("key", "k-1")];
    for _ in 0..2 {
        let second = web
            .post_with("/tasks/add", &fields, &[("cookie", &cookies)])
            .await;
        assert_eq!(second.location(), "/tasks?notice=added.8");
    }
    let requests = api.received_requests().await.unwrap();
    let keys: Vec<_> = requests
        .iter()
        .map(|request| &request.headers["idempotency-key"])
        .collect();
    assert_eq!(keys[2], keys[4], "a double click");
    assert_ne!(keys[2], "k-1");
}

#[actix_web::test]
async fn a_task_that_was_added_and_deleted_since_is_not_shown_as_added() {
    let api = stub().await;
    Mock::given(method("POST"))
        .and(header("idempotency-key", "k-1"))
        .respond_with(problem_answer(409, "task-deleted-since", "Deleted since."))
        .mount(&api)
        .await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v1", &task(8, "Milk", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let page = web
        .post("/tasks/add", &[("title", "Milk"), ("key", "k-1")])
        .await;
    assert_eq!(page.status, 409);
    page.assert_text("Milk", "");
    page.assert_has("added before, and deleted since");
    let anew = web
        .post(
            "/tasks/add",
            &[("title", "Milk"), ("key", &page.hidden("key"))],
        )
        .await;
    assert_eq!(anew.location(), "/tasks?notice=added.8");
}

/// The fields of the form that deletes the one task of the list.
async fn delete_form(web: &Web) -> Vec<(String, String)> {
    let page = web.get("/tasks").await;
    assert!(
        page.body
            .contains("form=\"at-7\" formaction=\"/tasks/7/delete\"")
    );
    let (_, form) = page
        .body
        .split_once("<form class=\"toggle\" id=\"at-7\"")
        .unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    form.split("name=\"")
        .skip(1)
        .map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split_once('"').unwrap().0.to_owned())
        })
        .collect()
}

/// An api whose list has task 7 as `Seen`, and where it was changed since, to this title.
async fn changed_since(title: &str) -> MockServer {
    let api = stub().await;
    Mock::given(path("/api/tasks"))
        .respond_with(list_answer(&[task(7, "Seen", "", false)]))
        .mount(&api)
        .await;
    let mut current = task(7, title, "", true);
    current["updated_at"] = json!("2026-11-20T08:05:00.124Z");
    Mock::given(method("GET"))
        .respond_with(task_answer(200, "v2", &current))
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .respond_with(task_answer(200, "v2", &current))
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .and(query_param("as_of", "2026-11-20T08:05:00.124Z"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .and(query_param("as_of", "2026-11-20T08:05:00.123Z"))
        .respond_with(stale())
        .mount(&api)
        .await;
    api
}

/// Presses the delete button of a page that was loaded before.
async fn delete(web: &Web, form: &[(String, String)], cookies: &str) -> Page {
    let fields: Vec<_> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    web.post_with("/tasks/7/delete", &fields, &[("cookie", cookies)])
        .await
}

#[actix_web::test]
async fn deleting_on_an_old_page_deletes_nobody_elses_text() {
    let api = changed_since("Theirs").await;
    let web = Web::over(&api.uri());
    let form = delete_form(&web).await;
    let page = delete(&web, &form, "").await;
    assert_eq!(page.status, 409, "{form:?}");
    page.assert_has("<h3 dir=\"auto\">Theirs</h3>");
    let form = [("as_of".to_owned(), page.hidden("as_of"))];
    let deleted = delete(&web, &form, "").await;
    assert_eq!(deleted.location(), "/tasks?notice=deleted");
}

#[actix_web::test]
async fn deleting_asks_nothing_where_the_person_changed_the_task_themselves() {
    let edit = [("title", "Mine"), ("version", "v1")];
    let done = [("completed", "true")];
    for (path, fields) in [("/tasks/7/edit", &edit[..]), ("/tasks/7/toggle", &done)] {
        let api = changed_since("Mine").await;
        let web = Web::over(&api.uri());
        let form = delete_form(&web).await;
        let changed = web.post(path, fields).await;
        let deleted = delete(&web, &form, &changed.cookies().join("; ")).await;
        assert_eq!(deleted.location(), "/tasks?notice=deleted", "{path}");
    }
}

#[actix_web::test]
async fn only_the_completed_tasks_that_were_seen_are_cleared() {
    let api = stub().await;
    let list = list_answer(&[task(7, "a", "", true)]).insert_header("tasks-version", "l1");
    Mock::given(method("GET"))
        .respond_with(list)
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .and(query_param("completed", "true"))
        .and(query_param("as_of", "l1"))
        .respond_with(stale())
        .expect(1)
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let page = web.get("/tasks").await;
    let (_, form) = page
        .body
        .split_once("action=\"/tasks/clear-completed\"")
        .unwrap();
    assert!(form.contains("name=\"version\" value=\"l1\""), "{form}");
    let answer = web
        .post("/tasks/clear-completed", &[("version", "l1")])
        .await;
    assert_eq!(answer.status, 409);
    answer.assert_has("The completed tasks have changed");
    answer.assert_has("href=\"/tasks?show=completed\">Show the completed tasks");
}

#[actix_web::test]
async fn an_api_that_names_no_version_of_its_list_is_asked_without_one() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[task(7, "a", "", true)]))
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .and(query_param_is_missing("as_of"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"deleted": 1})))
        .expect(1)
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let page = web.get("/tasks").await;
    let (_, form) = page
        .body
        .split_once("action=\"/tasks/clear-completed\"")
        .unwrap();
    assert!(!form.split_once("</form>").unwrap().0.contains("version"));
    let answer = web.post("/tasks/clear-completed", &[]).await;
    assert_eq!(answer.location(), "/tasks?notice=cleared.1#summary");
}
