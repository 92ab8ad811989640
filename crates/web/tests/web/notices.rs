//! Notices belong to the answer they were made for, and are shown once.

use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Web, list_answer, stub, task, task_answer};

async fn api() -> MockServer {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[task(7, "a", "", false)]))
        .mount(&api)
        .await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v1", &task(7, "a", "", false)))
        .mount(&api)
        .await;
    let cleared = ResponseTemplate::new(200).set_body_json(json!({"deleted": 3}));
    Mock::given(method("DELETE"))
        .respond_with(cleared)
        .mount(&api)
        .await;
    api
}

#[actix_web::test]
async fn a_notice_is_shown_on_the_page_its_answer_leads_to_and_then_forgotten() {
    let api = api().await;
    let web = Web::over(&api.uri());
    let answer = web.post("/tasks/clear-completed", &[]).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.ends_with("; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let page = web.follow(&answer).await;
    page.assert_has("<p>3 completed tasks deleted.</p>");
    let (name, _) = cookie.split_once('=').unwrap();
    let forgotten = page.header("set-cookie");
    assert!(
        forgotten.starts_with(&format!("{name}=; Max-Age=0;")),
        "{forgotten}"
    );
}

#[actix_web::test]
async fn no_address_says_what_did_not_happen() {
    let api = api().await;
    let web = Web::over(&api.uri());
    let answer = web.post("/tasks/clear-completed", &[]).await;
    let cookie = answer.cookies().remove(0);
    for (query, cookie) in [
        ("notice=cleared&count=4200", ""),
        ("notice=added", ""),
        ("notice=0a0b0c0d", ""),
        ("notice=0a0b0c0d", cookie.as_str()),
        ("notice=", "notice-=cleared.3"),
        ("notice=0a0b0c0d", "notice-0a0b0c0d=You have won"),
        ("", cookie.as_str()),
    ] {
        let page = web
            .get_with(&format!("/tasks?{query}"), &[("cookie", cookie)])
            .await;
        assert_eq!(page.status, 200, "{query}");
        page.assert_lacks("role=\"status\"");
    }
}

#[actix_web::test]
async fn two_answers_at_a_time_keep_their_notices_apart() {
    let api = api().await;
    let web = Web::over(&api.uri());
    let (added, cleared) = futures_util::join!(
        web.post("/tasks/add", &[("title", "a")]),
        web.post("/tasks/clear-completed", &[]),
    );
    let cookies = [added.cookies(), cleared.cookies()].concat().join("; ");
    for (answer, text) in [
        (added, "Task added."),
        (cleared, "3 completed tasks deleted."),
    ] {
        let location = answer.header("location").to_owned();
        web.get_with(&location, &[("cookie", &cookies)])
            .await
            .assert_has(text);
    }
}

#[actix_web::test]
async fn a_task_added_from_a_page_that_does_not_show_it_is_a_link_away() {
    let api = api().await;
    let web = Web::over(&api.uri());
    for (return_to, link) in [
        ("/tasks", None),
        ("/tasks?show=active", None),
        ("/tasks?show=completed", Some("/tasks#task-7")),
        ("/tasks?after=c1f", Some("/tasks#task-7")),
        (
            "/tasks?show=active&after=c1f",
            Some("/tasks?show=active#task-7"),
        ),
    ] {
        let answer = web
            .post("/tasks/add", &[("title", "a"), ("return_to", return_to)])
            .await;
        assert!(answer.location().starts_with(return_to));
        let page = web.follow(&answer).await;
        page.assert_has("<p>Task added.</p>");
        match link {
            Some(link) => page.assert_has(&format!("<a href=\"{link}\">Show it</a>")),
            None => page.assert_lacks("Show it"),
        }
    }
}

#[actix_web::test]
async fn what_leaves_the_page_leaves_the_person_where_they_were() {
    let api = stub().await;
    let tasks = [9, 8, 7].map(|id| task(id, "a", "", false));
    Mock::given(method("GET"))
        .respond_with(list_answer(&tasks))
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .respond_with(task_answer(200, "v2", &tasks[0]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let page = web.get("/tasks?show=active").await;
    for (id, near) in [(9, 8), (8, 7), (7, 8)] {
        let (_, entry) = page.body.split_once(&format!("id=\"task-{id}\"")).unwrap();
        let (_, rest) = entry.split_once("name=\"return_to\" value=\"").unwrap();
        let (place, _) = rest.split_once('"').unwrap();
        assert_eq!(place, format!("/tasks?show=active#at-{near}"));
        page.assert_has(&format!("id=\"at-{near}\""));
        for (action, notice) in [("delete", "deleted"), ("toggle", "done.9")] {
            let fields = [("completed", "true"), ("return_to", place)];
            let answer = web.post(&format!("/tasks/9/{action}"), &fields).await;
            assert_eq!(
                answer.location(),
                format!("/tasks?show=active&notice={notice}#at-{near}")
            );
        }
    }
    let answer = web.post(
        "/tasks/9/toggle",
        &[("completed", "true"), ("return_to", "/tasks#at-8")],
    );
    assert_eq!(answer.await.location(), "/tasks?notice=done.9#task-9");
}
