//! Who may ask for what: every route, for everybody it could be asked by. A route without an entry here fails.

use reqwest::Method;
use serde_json::json;
use task_tracker_api::http::routes::ROUTES;

use crate::support::people::Session;
use crate::support::{Answer, TestApi};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// No session is asked for.
    Anybody,
    /// Somebody who is signed in.
    Person,
    /// Somebody who is signed in, and may say who has an account.
    Administrator,
}
use Who::{Administrator, Anybody, Person};

/// Who may ask with which method for which path.
const WHO: [(&str, &str, Who); 29] = [
    ("GET", "/api/tasks", Person),
    ("HEAD", "/api/tasks", Person),
    ("POST", "/api/tasks", Person),
    ("DELETE", "/api/tasks", Person),
    ("GET", "/api/tasks/{id}", Person),
    ("HEAD", "/api/tasks/{id}", Person),
    ("PATCH", "/api/tasks/{id}", Person),
    ("PUT", "/api/tasks/{id}", Person),
    ("DELETE", "/api/tasks/{id}", Person),
    ("GET", "/api/setup", Anybody),
    ("HEAD", "/api/setup", Anybody),
    ("POST", "/api/setup", Anybody),
    ("POST", "/api/sessions", Anybody),
    ("GET", "/api/me", Person),
    ("HEAD", "/api/me", Person),
    ("POST", "/api/me/password", Person),
    ("GET", "/api/me/sessions", Person),
    ("HEAD", "/api/me/sessions", Person),
    ("DELETE", "/api/me/sessions/{id}", Person),
    ("GET", "/api/users", Administrator),
    ("HEAD", "/api/users", Administrator),
    ("PATCH", "/api/users/{id}", Administrator),
    ("POST", "/api/users/{id}/password-link", Administrator),
    ("POST", "/api/password-links/accept", Anybody),
    ("GET", "/api/invitations", Administrator),
    ("HEAD", "/api/invitations", Administrator),
    ("POST", "/api/invitations", Administrator),
    ("POST", "/api/invitations/accept", Anybody),
    ("DELETE", "/api/invitations/{id}", Administrator),
];
/// Paths that say nothing of anybody.
const OF_NOBODY: [&str; 3] = ["/api/openapi.json", "/healthz", "/health"];

fn who(method: &str, path: &str) -> Who {
    if OF_NOBODY.contains(&path) {
        return Anybody;
    }
    let entry = WHO
        .iter()
        .find(|entry| (entry.0, entry.1) == (method, path));
    entry
        .unwrap_or_else(|| panic!("who may {method} {path}?"))
        .2
}

/// Asks with a body that is never accepted, so that nothing is done.
async fn ask(api: &TestApi, session: Option<&str>, method: &str, path: &str) -> Answer {
    let path = path.replace("{id}", "999");
    let mut request = api.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
    if let Some(session) = session {
        request = request.header("Tasks-Session", session);
    }
    if matches!(method, "POST" | "PATCH" | "PUT") {
        request = request.json(&json!({"unknown": 1}));
    }
    request.send().await
}

#[track_caller]
fn assert_let_in(answer: Answer, asked: &str) {
    assert!(![401, 403].contains(&answer.status), "{asked}: {answer:?}");
}

#[track_caller]
fn assert_refused(answer: Answer, method: &str, status: u16, kind: &str) {
    match method {
        "HEAD" => drop(answer.expect(status)),
        _ => drop(answer.problem(status, kind)),
    }
}

#[actix_web::test]
async fn every_route_lets_in_whom_it_is_for_and_nobody_else() {
    let api = TestApi::start().await;
    let administrator = api.set_up("ada").await;
    let person = api.join(&administrator, "bob").await;
    let Session(ended) = api.sign_in("bob").await;
    let current = api.delete("/api/me/sessions/current");
    current.by(&Session(ended.clone())).send().await.expect(204);
    let never = "A".repeat(43);
    let mut asked = 0;
    for route in ROUTES {
        for method in route.methods {
            asked += 1;
            let path = route.path;
            let who = who(method, path);
            for session in [None, Some(ended.as_str()), Some(&never), Some("x")] {
                let answer = ask(&api, session, method, path).await;
                match who {
                    Anybody => assert_let_in(answer, &format!("{method} {path} {session:?}")),
                    Person | Administrator => {
                        assert_refused(answer, method, 401, "sign-in-required");
                    }
                }
            }
            let answer = ask(&api, Some(&person.0), method, path).await;
            match who {
                Anybody | Person => assert_let_in(answer, &format!("{method} {path} as a person")),
                Administrator => assert_refused(answer, method, 403, "administrators-only"),
            }
            let answer = ask(&api, Some(&administrator.0), method, path).await;
            assert_let_in(answer, &format!("{method} {path} as an administrator"));
        }
    }
    assert_eq!(
        asked,
        WHO.len() + 2 * OF_NOBODY.len(),
        "an entry is of no route"
    );
}
