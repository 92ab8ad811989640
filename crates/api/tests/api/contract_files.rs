//! `contract/*.json` at the top of the repository: answers that this api gives and that its client, the web, must be
//! able to read: the web's tests (`crates/web/tests/web/contract.rs`) read each of them with the web's own client.
//! `contract/previous/` has the files of the release before, for the time in which one of the two services is newer than
//! the other; a release copies the files there once it is made.
//!
//! A file holds one exchange: `request` (method, path, the headers that matter, body), `status`, `headers` (those that
//! are not HTTP's own) and `body` (`null` where there is none). Files named `problem-*.json` have a problem document as
//! their body. What differs from run to run has a fixed value: ids begin with 1, times, entity tags, versions and
//! uptimes and request ids are replaced.
//!
//! The tests here fail when an answer is not byte for byte what its file says. `UPDATE_CONTRACT=1 cargo test -p
//! task-tracker-api contract_files` writes the files anew; the difference is then for the review to see, and for the
//! web to follow. A web that is deployed may be older than the api: fields may be added, none may change or go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value, json};
use task_tracker_api::process::api_token::ApiToken;

use crate::panics::Faulty;
use crate::support::contract::DOCUMENT;
use crate::support::people::{PASSWORD, Session, account, credentials, setup_code};
use crate::support::{Answer, Store, TestApi, eventually};

const REQUEST_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const ETAG: &str = "\"0123456789abcdef0123456789abcdef\"";
const TIME: &str = "2026-01-02T03:04:05.678Z";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contract")
}

/// The names of the files there are. `previous/` is none of this release: it has those of the one before.
fn found() -> BTreeSet<String> {
    let names = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".json")).collect()
}

/// What is sent. The token is not part of the file.
#[derive(Clone)]
struct Sent {
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

fn sent(method: Method, path: &'static str) -> Sent {
    Sent {
        method,
        path,
        headers: Vec::new(),
        body: None,
    }
}

impl Sent {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    async fn to(&self, api: &TestApi) -> Answer {
        let mut request = api.request(self.method.clone(), self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        request.send().await
    }

    /// The exchange as a file has it.
    fn file(&self, answer: &Answer) -> Value {
        let headers: BTreeMap<_, _> = self.headers.iter().cloned().collect();
        let mut request = Map::new();
        request.insert("method".to_owned(), json!(self.method.as_str()));
        request.insert("path".to_owned(), json!(self.path));
        if !headers.is_empty() {
            request.insert("headers".to_owned(), json!(headers));
        }
        if let Some(body) = &self.body {
            request.insert("body".to_owned(), body.clone());
        }
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        let of_http = ["connection", "content-length", "date", "transfer-encoding"];
        let headers: BTreeMap<_, _> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| !of_http.contains(name))
            .collect();
        let mut file = json!({
            "request": request,
            "status": answer.status,
            "headers": headers,
            "body": body,
        });
        fix(&mut file);
        file
    }
}

/// Gives what differs from run to run a fixed value.
fn fix(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.to_lowercase().as_str() {
                    "created_at" | "updated_at" | "last_used_at" | "expires_at" => {
                        *value = json!(TIME);
                    }
                    "token" | "code" | "tasks-session" => *value = json!("A".repeat(43)),
                    "etag" | "if-match" | "if-none-match" => {
                        let weak = value.as_str().is_some_and(|tag| tag.starts_with("W/"));
                        *value = json!(format!("{}{ETAG}", if weak { "W/" } else { "" }));
                    }
                    "tasks-version" => *value = json!(&ETAG[1..33]),
                    // Of a state, or of the program.
                    "version" if value.as_str().is_some_and(|text| text.len() == 32) => {
                        *value = json!(&ETAG[1..33]);
                    }
                    "version" => *value = json!("1.2.3"),
                    "git_sha" => *value = json!("0123456789abcdef0123456789abcdef01234567"),
                    "request_id" | "x-request-id" => *value = json!(REQUEST_ID),
                    "uptime_seconds" => *value = json!(60),
                    _ => fix(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fix),
        _ => {}
    }
}

/// The exchanges, by file name.
#[derive(Default)]
struct Files(BTreeMap<String, Value>);

impl Files {
    fn add(&mut self, name: &str, sent: &Sent, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        let before = self.0.insert(format!("{name}.json"), sent.file(answer));
        assert!(before.is_none(), "{name} stands twice");
    }

    async fn exchange(&mut self, name: &str, api: &TestApi, sent: Sent, status: u16) -> Answer {
        let answer = sent.to(api).await;
        self.add(name, &sent, &answer, status);
        answer
    }
}

fn new_task(title: &str, description: &str) -> Sent {
    let new = json!({"title": title, "description": description});
    sent(Method::POST, "/api/tasks").body(new)
}

/// A task's life.
async fn tasks(files: &mut Files) {
    let api = TestApi::start().await;
    let list = |path| sent(Method::GET, path);
    files
        .exchange("task-list-empty", &api, list("/api/tasks"), 200)
        .await;
    let text = "Two bottles,\n\tnot one: \u{201c}fresh\u{201d} & <b>cold</b> \u{1f95b}";
    let key = new_task("Buy milk", text)
        .header("Idempotency-Key", "0f8fad5b-d9cb-469f-a165-70867728950e");
    let made = files.exchange("task-created", &api, key, 201).await;
    files
        .exchange("task", &api, sent(Method::GET, "/api/tasks/1"), 200)
        .await;
    let etag = made.header("etag");
    let same = sent(Method::GET, "/api/tasks/1").header("If-None-Match", etag);
    files.exchange("task-not-modified", &api, same, 304).await;
    let change = sent(Method::PATCH, "/api/tasks/1").header("If-Match", etag);
    let change = change.body(json!({"completed": true}));
    files
        .exchange("task-updated", &api, change.clone(), 200)
        .await;
    files
        .exchange("problem-precondition-failed", &api, change, 412)
        .await;
    let weak = sent(Method::DELETE, "/api/tasks/1").header("If-Match", &format!("W/{etag}"));
    files
        .exchange("problem-unusable-entity-tag", &api, weak, 412)
        .await;
    for title in ["Buy bread", "مرحبا"] {
        new_task(title, "").to(&api).await.expect(201);
    }
    files
        .exchange("task-list", &api, list("/api/tasks?limit=2"), 200)
        .await;
    files
        .exchange(
            "task-list-last",
            &api,
            list("/api/tasks?limit=2&after=c12"),
            200,
        )
        .await;
    let cleared = sent(Method::DELETE, "/api/tasks?completed=true");
    files.exchange("deleted", &api, cleared, 200).await;
    let again = new_task("Buy milk", text)
        .header("Idempotency-Key", "0f8fad5b-d9cb-469f-a165-70867728950e");
    files
        .exchange("problem-task-deleted-since", &api, again, 409)
        .await;
    files
        .exchange(
            "task-deleted",
            &api,
            sent(Method::DELETE, "/api/tasks/2"),
            204,
        )
        .await;
    files
        .exchange(
            "problem-not-found",
            &api,
            sent(Method::GET, "/api/tasks/2"),
            404,
        )
        .await;
    files.exchange("health", &api, list("/health"), 200).await;
    files.exchange("healthz", &api, list("/healthz"), 200).await;
}

/// What a request itself is refused for.
async fn refused_requests(files: &mut Files) {
    let api = TestApi::start().await;
    let invalid = new_task(" ", "a\0b");
    files
        .exchange("problem-validation", &api, invalid, 422)
        .await;
    let invalid = sent(Method::GET, "/api/tasks?limit=0");
    files
        .exchange("problem-validation-query", &api, invalid, 422)
        .await;
    let unfiltered = sent(Method::DELETE, "/api/tasks");
    files
        .exchange("problem-bad-request", &api, unfiltered, 400)
        .await;
    let unknown = sent(Method::PUT, "/api/tasks").body(json!({}));
    files
        .exchange("problem-method-not-allowed", &api, unknown, 405)
        .await;
    let untyped = sent(Method::POST, "/api/tasks");
    files
        .exchange("problem-unsupported-media-type", &api, untyped, 415)
        .await;
    let guarded = TestApi::start_with(Store::new(), |config| {
        config.api_token = ApiToken::parse(&"secret".repeat(6))
    })
    .await;
    files
        .exchange(
            "problem-unauthorized",
            &guarded,
            sent(Method::GET, "/api/tasks"),
            401,
        )
        .await;

    // Too long to be written down.
    let long = new_task("Buy milk", &"x".repeat(70_000));
    let answer = long.to(&api).await;
    files.add(
        "problem-payload-too-large",
        &sent(Method::POST, "/api/tasks"),
        &answer,
        413,
    );
    let long = sent(Method::GET, "/api/tasks").header("X-Filler", &"x".repeat(17_000));
    let answer = long.to(&api).await;
    files.add(
        "problem-head-too-large",
        &sent(Method::GET, "/api/tasks"),
        &answer,
        431,
    );
}

/// Accounts and sessions.
async fn people(files: &mut Files) {
    let api = TestApi::start().await;
    let post = |path, body| sent(Method::POST, path).body(body);
    files
        .exchange("setup", &api, sent(Method::GET, "/api/setup"), 200)
        .await;
    let code = setup_code(&api.store);
    let wrong = post("/api/setup", account("x", "ada"));
    files
        .exchange("problem-setup-code-wrong", &api, wrong, 403)
        .await;
    let set_up = post("/api/setup", account(&code, "ada"));
    let begun = files
        .exchange("account-created", &api, set_up.clone(), 201)
        .await;
    let again = post("/api/sessions", credentials("ada", PASSWORD));
    files.exchange("session-created", &api, again, 201).await;
    files
        .exchange("problem-already-set-up", &api, set_up, 409)
        .await;
    files
        .exchange(
            "problem-sign-in-required",
            &api,
            sent(Method::GET, "/api/tasks"),
            401,
        )
        .await;
    let Session(ada) = Session::of(begun);
    let by = |session: &str, sent: Sent| sent.header("Tasks-Session", session);
    for (name, path) in [("me", "/api/me"), ("sessions", "/api/me/sessions")] {
        let asked = by(&ada, sent(Method::GET, path));
        files.exchange(name, &api, asked, 200).await;
    }
    let invite = by(&ada, post("/api/invitations", json!({})));
    let invited = files
        .exchange("invitation-created", &api, invite.clone(), 201)
        .await;
    let invited = invited.json()["code"].as_str().unwrap().to_owned();
    let list = by(&ada, sent(Method::GET, "/api/invitations"));
    files.exchange("invitations", &api, list, 200).await;
    let accept = post("/api/invitations/accept", account(&invited, "bob"));
    let Session(bob) = Session::of(accept.to(&api).await);
    files
        .exchange("problem-invitation-not-valid", &api, accept, 403)
        .await;
    for _ in 0..100 {
        invite.to(&api).await.expect(201);
    }
    files
        .exchange("problem-too-many-invitations", &api, invite, 409)
        .await;
    let users = sent(Method::GET, "/api/users");
    files
        .exchange("users", &api, by(&ada, users.clone()), 200)
        .await;
    files
        .exchange("problem-administrators-only", &api, by(&bob, users), 403)
        .await;
    let change = |path, body| by(&ada, sent(Method::PATCH, path).body(body));
    let link = by(&ada, post("/api/users/2/password-link", json!({})));
    api.store
        .open()
        .execute("DELETE FROM invitations WHERE id > 2", [])
        .unwrap();
    let link = files
        .exchange("password-link-created", &api, link, 201)
        .await;
    let list = by(&ada, sent(Method::GET, "/api/invitations"));
    files
        .exchange("invitations-and-links", &api, list, 200)
        .await;
    let code = link.json()["code"].clone();
    let chosen =
        json!({"code": code, "password": PASSWORD, "browser": "Firefox", "address": "203.0.113.7"});
    let used = post("/api/password-links/accept", chosen);
    files.exchange("password-link-used", &api, used, 201).await;
    let disable = change("/api/users/2", json!({"disabled": true}));
    files.exchange("user-updated", &api, disable, 200).await;
    let last = change("/api/users/1", json!({"administrator": false}));
    files
        .exchange("problem-last-administrator", &api, last, 409)
        .await;
    let end = by(&ada, sent(Method::DELETE, "/api/me/sessions/current"));
    files.exchange("session-ended", &api, end, 204).await;
    let guess = post("/api/sessions", credentials("ada", "nine quick otters"));
    files
        .exchange("problem-credentials-refused", &api, guess.clone(), 403)
        .await;
    let mut refused = eventually("guesses are slowed down", || async {
        let answer = guess.to(&api).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    // How long that takes differs from run to run.
    let wait = refused.headers.get_mut("retry-after").unwrap();
    *wait = HeaderValue::from_static("30");
    files.add("problem-too-many-attempts", &guess, &refused, 429);
}

/// What the state of the store refuses.
async fn refused_by_the_store(files: &mut Files) {
    let api = TestApi::start().await;
    let keyed = |title| new_task(title, "").header("Idempotency-Key", "key");
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Of two with one key, one waits for the lock, in vain, and the other is told so meanwhile.
    let until = |status| {
        let api = &api;
        eventually("each status", move || async move {
            let answer = keyed("Buy milk").to(api).await;
            (answer.status == status).then_some(answer)
        })
    };
    let (waited, repeated) = tokio::join!(until(503), until(409));
    files.add("problem-store-busy", &keyed("Buy milk"), &waited, 503);
    files.add(
        "problem-idempotency-key-in-flight",
        &keyed("Buy milk"),
        &repeated,
        409,
    );
    let unready = sent(Method::GET, "/health");
    files
        .exchange("problem-not-ready", &api, unready, 503)
        .await;
    lock.execute_batch("ROLLBACK").unwrap();
    keyed("Buy milk").to(&api).await.expect(201);
    files
        .exchange(
            "problem-idempotency-key-reused",
            &api,
            keyed("Buy bread"),
            422,
        )
        .await;

    let holder = TestApi::start_on(api.store.clone()).await;
    eventually("handed over", || async {
        let ready = holder.get("/health").send().await;
        (ready.status == 200).then_some(())
    })
    .await;
    files
        .exchange(
            "problem-standby",
            &api,
            sent(Method::GET, "/api/tasks"),
            503,
        )
        .await;
    files
        .exchange("healthz-standby", &api, sent(Method::GET, "/healthz"), 200)
        .await;
}

/// What cannot be had everywhere or at once, from handlers that fail on purpose.
async fn faults(files: &mut Files) {
    let faulty = Faulty::start();
    for (name, path, status) in [
        ("problem-internal-server-error", "/panic", 500),
        ("problem-store-full", "/full", 507),
        ("problem-store-read-only", "/read-only", 503),
        ("problem-overloaded", "/overloaded", 503),
        ("problem-request-timeout", "/slow", 408),
    ] {
        let answer = faulty.answer(path).await;
        files.add(name, &sent(Method::POST, "/api/tasks"), &answer, status);
    }
}

#[actix_web::test]
async fn answers_are_as_their_files_say() {
    let mut files = Files::default();
    tasks(&mut files).await;
    refused_requests(&mut files).await;
    people(&mut files).await;
    refused_by_the_store(&mut files).await;
    faults(&mut files).await;
    let files: BTreeMap<String, String> = files
        .0
        .into_iter()
        .map(|(name, file)| (name, serde_json::to_string_pretty(&file).unwrap() + "\n"))
        .collect();

    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        for stale in found() {
            fs::remove_file(folder().join(stale)).unwrap();
        }
        for (name, text) in &files {
            fs::write(folder().join(name), text).unwrap();
        }
    }
    assert_eq!(
        found(),
        files.keys().cloned().collect(),
        "in {}",
        folder().display()
    );
    for (name, text) in files {
        let found = fs::read_to_string(folder().join(&name)).unwrap();
        assert!(
            found == text,
            "contract/{name} says\n{found}but the answer is\n{text}"
        );
    }
}

#[test]
fn every_kind_of_problem_has_its_file() {
    let mut kinds = BTreeSet::new();
    collect_kinds(&DOCUMENT["paths"], &mut kinds);
    assert!(kinds.len() > 5);
    for kind in kinds {
        let path = folder().join(format!("problem-{kind}.json"));
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(
            file["body"]["type"],
            format!("urn:task-tracker:problem:{kind}")
        );
    }
}

fn collect_kinds(value: &Value, kinds: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            kinds.extend(
                text.strip_prefix("urn:task-tracker:problem:")
                    .map(str::to_owned),
            );
        }
        Value::Object(fields) => fields
            .values()
            .for_each(|value| collect_kinds(value, kinds)),
        Value::Array(items) => items.iter().for_each(|value| collect_kinds(value, kinds)),
        _ => {}
    }
}
