//! No byte of one person's page is in another's answer, whoever asks when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{Page, Web, list_answer, session, stub, task, token};

const SESSIONS: u8 = 50;
const CONNECTIONS: usize = 16;

/// Answers each session with a list of its own, of which only the session tells whose it is: every version is the same.
struct OwnLists;

impl Respond for OwnLists {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let Some(session) = request.headers.get("tasks-session") else {
            return ResponseTemplate::new(500);
        };
        let answer = if request.headers.contains_key("if-none-match") {
            ResponseTemplate::new(304).insert_header("etag", "\"list\"")
        } else {
            let title = format!("of {}", session.to_str().unwrap());
            list_answer(&[task(1, &title, "", false)])
        };
        // Long enough for others to come meanwhile.
        answer.set_delay(Duration::from_millis(5))
    }
}

async fn api() -> MockServer {
    let api = stub().await;
    Mock::given(method("GET"))
        .and(path("/api/tasks"))
        .respond_with(OwnLists)
        .mount(&api)
        .await;
    api
}

fn assert_own(page: &Page, number: u8) {
    assert_eq!(page.status, 200);
    let title = format!("of {}", token(number));
    assert_eq!(page.tasks(), [("1".to_owned(), title)]);
    for other in (0..SESSIONS).filter(|other| *other != number) {
        page.assert_lacks(&token(other));
    }
}

#[actix_web::test]
async fn fifty_people_at_a_time_see_their_own_list_and_nothing_else() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    let (end, next) = (Instant::now() + Duration::from_secs(4), AtomicUsize::new(0));
    let pages = join_all((0..CONNECTIONS).map(|connection| {
        let (web, next) = (&web, &next);
        async move {
            let mut pages = 0;
            while Instant::now() < end {
                let turn = next.fetch_add(1, Ordering::Relaxed) + connection;
                let number = u8::try_from(turn % usize::from(SESSIONS)).unwrap();
                let view = ["/tasks", "/tasks?show=active"][turn % 2];
                let page = web.get_with(view, &[("cookie", &session(number))]).await;
                assert_own(&page, number);
                pages += 1;
            }
            pages
        }
    }));
    let pages: usize = pages.await.into_iter().sum();
    assert!(pages > 4 * usize::from(SESSIONS), "{pages}");
    let asked = api.received_requests().await.unwrap();
    let unchanged = asked
        .iter()
        .filter(|request| request.headers.contains_key("if-none-match"));
    assert!(unchanged.count() > pages / 4, "hardly a page was kept");
}

#[actix_web::test]
async fn people_who_come_together_do_not_share_a_load() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    let pages = join_all((0..SESSIONS).map(|number| {
        let web = &web;
        async move {
            web.get_with("/tasks", &[("cookie", &session(number))])
                .await
        }
    }));
    for (number, page) in (0..).zip(pages.await) {
        assert_own(&page, number);
    }
}

#[actix_web::test]
async fn where_nobody_signs_in_no_session_is_read_or_sent() {
    let api = stub().await;
    Mock::given(any())
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .get_with("/tasks", &[("cookie", &session(1))])
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("set-cookie"), "");
    page.assert_lacks("href=\"/account\"");
    for request in api.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("tasks-session"));
    }
}
