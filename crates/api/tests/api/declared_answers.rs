//! Every answer that the OpenAPI document declares can really be had: each is produced here at least once, or stands on
//! a short list with a reason. Answers that are not declared fail wherever they come up, see [`contract`].

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures_util::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use task_tracker_api::process::api_token::ApiToken;

use self::people::People;
use crate::disk_full::OnSmallDisk;
use crate::support::app::{client, request};
use crate::support::contract::DOCUMENT;
use crate::support::{Answer, Raw, Store, TestApi, eventually};

mod people;

/// Answers that no request can bring about from outside.
const NOT_PRODUCED: [(&str, &str, &str, &str); 13] = [
    (
        "get",
        "/healthz",
        "500",
        "it asks nothing that could fail: only a panic would do it, see panics.rs",
    ),
    (
        "get",
        "/health",
        "500",
        "what fails there is not-ready: only a panic would do it, see panics.rs",
    ),
    (
        "get",
        "/api/openapi.json",
        "500",
        "the document is fixed: only a panic would do it, see panics.rs",
    ),
    (
        "delete",
        "/api/tasks",
        "507",
        "the reserve lets it through: only after a start on a full disk, see full_disk.rs of the fault tests",
    ),
    (
        "delete",
        "/api/tasks/{id}",
        "507",
        "the reserve lets it through: only after a start on a full disk, see full_disk.rs of the fault tests",
    ),
    ("post", "/api/setup", "507", SMALL),
    ("post", "/api/sessions", "507", SMALL),
    ("post", "/api/me/password", "507", SMALL),
    ("patch", "/api/users/{id}", "507", SMALL),
    ("post", "/api/users/{id}/password-link", "507", SMALL),
    ("post", "/api/password-links/accept", "507", SMALL),
    ("post", "/api/invitations", "507", SMALL),
    ("post", "/api/invitations/accept", "507", SMALL),
];
/// Why no full disk refuses what is written of people.
const SMALL: &str =
    "it is short, and finds room in a page that is there: see disk_full.rs, where tasks do not";

/// Apis in each of the states that an answer depends on.
struct Apis {
    client: Client,
    /// In order, with a task, id 1, and one that is completed, id 2.
    sound: TestApi,
    /// Asks for a token.
    guarded: TestApi,
    /// Its tables are gone.
    broken: TestApi,
    /// Another one has its store.
    standby: TestApi,
    _holder: TestApi,
    /// Its disk is full; none where this machine does not let us mount.
    full: Option<OnSmallDisk>,
    people: People,
}

impl Apis {
    async fn start() -> Self {
        let sound = TestApi::start().await;
        sound.add("one").await;
        let guarded = TestApi::start_with(Store::new(), |config| {
            config.api_token = ApiToken::parse(&"secret".repeat(6));
        });
        let broken = TestApi::start().await;
        let tables = "DROP TABLE tasks; DROP TABLE list_counts";
        broken.store.open().execute_batch(tables).unwrap();
        let standby = TestApi::start().await;
        let holder = TestApi::start_on(standby.store.clone()).await;
        eventually("handed over", || async {
            let ready = holder.get("/health").send().await;
            (ready.status == 200).then_some(())
        })
        .await;
        let full = OnSmallDisk::start();
        if let Some(full) = &full {
            let done = full.api.add("one").await.expect(201);
            let path = done.header("location");
            let change = json!({"completed": true});
            full.api
                .request(Method::PATCH, path)
                .json(&change)
                .send()
                .await
                .expect(200);
            full.fill_until_refused().await;
        }
        Self {
            client: client(),
            sound,
            guarded: guarded.await,
            broken,
            standby,
            _holder: holder,
            full,
            people: People::start().await,
        }
    }

    /// Asks so that the answer has the status, or says that this machine does not let us.
    async fn produce(&self, method: &str, template: &str, status: &str) -> Option<Answer> {
        let is_of_tasks = template.starts_with("/api/tasks") || template == "/api/openapi.json";
        if template.starts_with("/api/") && !is_of_tasks {
            return Some(self.people.produce(self, method, template, status).await);
        }
        let path = match (method, template) {
            ("delete", "/api/tasks") => "/api/tasks?completed=true",
            (_, "/api/tasks/{id}") => "/api/tasks/1",
            _ => template,
        };
        let address = match status {
            "401" => self.guarded.address,
            "500" => self.broken.address,
            "503" => self.standby.address,
            "507" => self.full.as_ref()?.api.address,
            _ => self.sound.address,
        };
        let ask = Ask {
            client: &self.client,
            address,
            method: method.to_uppercase(),
            path,
        };
        let other = "\"00000000000000000000000000000000\"";
        Some(match (status, method, template) {
            ("304", ..) => ask.send(&[("If-None-Match", "*")], None).await,
            ("400", "get", _) => ask.send(&[("If-None-Match", "x")], None).await,
            ("400", "delete", "/api/tasks") => ask.at("/api/tasks").send(&[], None).await,
            ("400", "delete", _) => ask.send(&[("If-Match", "x")], None).await,
            ("400", ..) => ask.send_text("application/json", "{").await,
            ("404", ..) => ask.at("/api/tasks/999").with_body(&[]).await,
            ("408", ..) => ask.send_half_a_head().await,
            ("409", ..) => ask.send_twice_at_once(&self.sound).await,
            ("412", ..) => ask.with_body(&[("If-Match", other)]).await,
            ("413", ..) => ask.send_text("application/json", &" ".repeat(70_000)).await,
            ("415", ..) => ask.send_text("text/plain", "title=a").await,
            ("422", "get", _) => ask.at("/api/tasks?limit=0").send(&[], None).await,
            ("422", ..) => ask.send(&[], Some(json!({"title": ""}))).await,
            ("431", ..) => ask.send(&[("X-Filler", &"x".repeat(17_000))], None).await,
            // Last, since the task is gone afterwards.
            ("204", ..) => ask.at("/api/tasks/2").send(&[], None).await,
            _ => ask.with_body(&[]).await,
        })
    }
}

/// A request to an operation.
struct Ask<'a> {
    client: &'a Client,
    address: SocketAddr,
    method: String,
    path: &'a str,
}

impl<'a> Ask<'a> {
    fn at(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    fn request(&self) -> crate::support::app::Request {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        request(self.client, self.address, method, self.path)
    }

    async fn send(&self, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = self.request();
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn send_text(&self, content_type: &str, body: &str) -> Answer {
        self.request()
            .body(content_type, body.to_owned())
            .send()
            .await
    }

    async fn send_text_as(&self, session: (&str, &str), kind: &str, body: &str) -> Answer {
        let request = self.request().header(session.0, session.1);
        request.body(kind, body.to_owned()).send().await
    }

    /// With a body that is accepted, where the operation takes one.
    async fn with_body(&self, headers: &[(&str, &str)]) -> Answer {
        let takes_one = matches!(self.method.as_str(), "POST" | "PATCH" | "PUT");
        // Long, so that a full disk does not take it.
        let body = json!({"title": "two", "description": "x".repeat(4000)});
        self.send(headers, takes_one.then_some(body)).await
    }

    async fn send_half_a_head(&self) -> Answer {
        let mut connection = Raw::connect(self.address).await;
        let half = format!("{} {} HTTP/1.1\r\nHost: api\r\n", self.method, self.path);
        connection.send(half).await;
        connection.answer(&self.method, self.path).await
    }

    /// Holds the store up, so that one of two requests with one key waits, and the other is told so.
    async fn send_twice_at_once(&self, api: &TestApi) -> Answer {
        let lock = api.store.open();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let headers = [("Idempotency-Key", "twice")];
        let until = |status| {
            eventually("each status", move || async move {
                let answer = self.with_body(&headers).await;
                (answer.status == status).then_some(answer)
            })
        };
        let (_, refused) = tokio::join!(until(503), until(409));
        lock.execute_batch("ROLLBACK").unwrap();
        refused
    }
}

#[actix_web::test]
async fn every_declared_answer_can_be_had() {
    let apis = Apis::start().await;
    let mut declared = BTreeSet::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for status in operation["responses"].as_object().unwrap().keys() {
                declared.insert((status.as_str(), method.as_str(), path.as_str()));
            }
        }
    }
    for (method, path, status, _) in NOT_PRODUCED {
        assert!(
            declared.remove(&(status, method, path)),
            "{method} {path} {status} is not declared"
        );
    }
    assert!(declared.len() > 70);

    // What deletes comes last; what waits, waits together.
    let (slow, mut quick): (Vec<_>, Vec<_>) = declared
        .into_iter()
        .partition(|(status, ..)| *status == "408");
    quick.sort_by_key(|&(status, method, _)| {
        (method == "delete" && status < "300", status == "204")
    });
    let check = async |(status, method, path): (&str, &str, &str)| {
        if let Some(answer) = apis.produce(method, path, status).await {
            assert_eq!(
                answer.status.to_string(),
                status,
                "{method} {path}: {answer:?}"
            );
        }
    };
    let quick = async {
        for one in quick {
            check(one).await;
        }
    };
    tokio::join!(quick, join_all(slow.into_iter().map(check)));
}
