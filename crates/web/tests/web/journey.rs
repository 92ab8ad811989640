//! The way through, over the real api: add, mark as done, filter, edit, conflict, delete, clear.

use std::env::VarError;

use task_tracker_api::config::Config;
use task_tracker_api::startup::Application as Api;
use tempfile::TempDir;

use crate::support::{Page, Web, unescape};

struct World {
    web: Web,
    _store: TempDir,
}

async fn world() -> World {
    let store = tempfile::tempdir().unwrap();
    let db_path = store.path().join("tasks.db").to_str().unwrap().to_owned();
    let config = Config::from_lookup(|name| match name {
        "BIND_ADDR" => Ok("127.0.0.1:0".to_owned()),
        "DB_PATH" => Ok(db_path.clone()),
        "API_TOKEN" => Ok("s3cret-0123456789abcdef0123456789abcdef".to_owned()),
        _ => Err(VarError::NotPresent),
    });
    let config = config.unwrap();
    let api = Api::build(config).await.unwrap();
    let mut config = crate::support::config(&format!("http://127.0.0.1:{}", api.port()));
    config.api_token = task_tracker_web::process::api_token::ApiToken::parse(
        "s3cret-0123456789abcdef0123456789abcdef",
    );
    actix_web::rt::spawn(api.run_until_stopped());
    World {
        web: Web::with(config),
        _store: store,
    }
}

impl World {
    async fn add(&self, title: &str, description: &str) -> Page {
        let key = self.web.get("/tasks").await.hidden("key");
        let page = self
            .web
            .post(
                "/tasks/add",
                &[
                    ("title", title),
                    ("description", description),
                    ("key", &key),
                    ("return_to", "/tasks"),
                ],
            )
            .await;
        self.web.follow(&page).await
    }

    async fn titles(&self, path: &str) -> Vec<String> {
        let page = self.web.get(path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.tasks().into_iter().map(|(_, title)| title).collect()
    }

    async fn id(&self, title: &str) -> String {
        let tasks = self.web.get("/tasks").await.tasks();
        let task = tasks.into_iter().find(|(_, known)| known == title);
        task.unwrap().0
    }
}

#[actix_web::test]
async fn the_way_through() {
    let world = world().await;
    let web = &world.web;
    web.get("/tasks").await.assert_has("A fresh start");
    world
        .add("  Buy milk  ", "two litres\r\n\r\nof 🥛")
        .await
        .assert_has("Task added.");
    world.add("Call mum", "").await;
    assert_eq!(world.titles("/tasks").await, ["Call mum", "Buy milk"]);
    web.get("/tasks")
        .await
        .assert_has("two litres\n\nof 🥛</p>");

    let milk = world.id("Buy milk").await;
    let done = web
        .post(
            &format!("/tasks/{milk}/toggle"),
            &[("completed", "true"), ("return_to", "/tasks?show=active")],
        )
        .await;
    assert_eq!(
        done.location(),
        format!("/tasks?show=active&notice=done.{milk}")
    );
    assert_eq!(world.titles("/tasks?show=active").await, ["Call mum"]);
    assert_eq!(world.titles("/tasks?show=completed").await, ["Buy milk"]);

    let form = web.get(&format!("/tasks/{milk}/edit")).await;
    let version = form.hidden("version");
    let saved = web
        .post(
            &format!("/tasks/{milk}/edit"),
            &[
                ("title", "Buy oat milk"),
                ("description", "one"),
                ("version", &version),
            ],
        )
        .await;
    assert_eq!(
        saved.location(),
        format!("/tasks?notice=saved.{milk}#task-{milk}")
    );
    let again = web
        .post(
            &format!("/tasks/{milk}/edit"),
            &[
                ("title", "Buy goat milk"),
                ("description", "three"),
                ("version", &version),
            ],
        )
        .await;
    assert_eq!(again.status, 409);
    again.assert_has("Buy oat milk");
    again.assert_text("Buy goat milk", "three");
    let mine = web
        .post(
            &format!("/tasks/{milk}/edit"),
            &[
                ("title", "Buy goat milk"),
                ("description", "three"),
                ("version", &again.hidden("version")),
            ],
        )
        .await;
    assert_eq!(mine.status, 303);
    assert_eq!(world.titles("/tasks").await, ["Call mum", "Buy goat milk"]);

    let mum = world.id("Call mum").await;
    let form = web.get(&format!("/tasks/{mum}/edit")).await;
    assert_eq!(
        web.post(&format!("/tasks/{mum}/delete"), &[])
            .await
            .location(),
        "/tasks?notice=deleted"
    );
    assert_eq!(
        web.post(&format!("/tasks/{mum}/delete"), &[])
            .await
            .location(),
        "/tasks?notice=gone"
    );
    assert_eq!(web.get(&format!("/tasks/{mum}/edit")).await.status, 404);
    let late = web
        .post(
            &format!("/tasks/{mum}/edit"),
            &[("title", "Call her"), ("version", &form.hidden("version"))],
        )
        .await;
    assert_eq!(late.status, 409);
    late.assert_text("Call her", "");
    let fresh = web
        .post(
            "/tasks/add",
            &[("title", "Call her"), ("key", &late.hidden("key"))],
        )
        .await;
    assert_eq!(fresh.status, 303);

    let cleared = web.post("/tasks/clear-completed", &[]).await;
    assert_eq!(cleared.location(), "/tasks?notice=cleared.1#summary");
    assert_eq!(world.titles("/tasks").await, ["Call her"]);
}

#[actix_web::test]
async fn one_key_is_one_task_however_often_it_is_sent() {
    let world = world().await;
    let key = world.web.get("/tasks").await.hidden("key");
    let fields = [("title", "Once"), ("key", key.as_str())];
    let posts = (0..20).map(|_| world.web.post("/tasks/add", &fields));
    for page in futures_util::future::join_all(posts).await {
        assert_eq!(page.location(), "/tasks?notice=added.1");
    }
    assert_eq!(world.titles("/tasks").await, ["Once"]);
    let other = world
        .web
        .post("/tasks/add", &[("title", "Twice"), ("key", &key)])
        .await;
    assert_eq!(other.status, 422);
    other.assert_text("Twice", "");
    assert_eq!(
        world
            .web
            .post(
                "/tasks/add",
                &[("title", "Twice"), ("key", &other.hidden("key"))]
            )
            .await
            .status,
        303
    );
}

#[actix_web::test]
async fn what_the_api_refuses_comes_back_as_typed() {
    let world = world().await;
    for (title, description, wrong) in [
        ("", "kept", "title"),
        ("  \t ", "kept", "title"),
        (&*"x".repeat(201), "kept", "title"),
        ("a\u{202e}b", "kept", "title"),
        ("kept", &*"🍞".repeat(4001), "description"),
        ("kept", "a\u{0}b", "description"),
        ("kept", &*"x".repeat(100_000), "description"),
    ] {
        let page = world
            .web
            .post(
                "/tasks/add",
                &[("title", title), ("description", description), ("key", "k")],
            )
            .await;
        assert_eq!(page.status, 422, "{title:?}");
        page.assert_text(title, description);
        page.assert_has(&format!("id=\"{wrong}-error\""));
        assert_eq!(page.hidden("key"), "k");
    }
    assert!(world.titles("/tasks").await.is_empty());
}

#[actix_web::test]
async fn older_tasks_are_further_down() {
    let world = world().await;
    for number in 1..=101 {
        world
            .web
            .post("/tasks/add", &[("title", &format!("Task {number}"))])
            .await;
    }
    let first = world.web.get("/tasks").await;
    assert_eq!(first.tasks().len(), 100);
    let older = unescape(
        first
            .body
            .split_once("Older tasks")
            .unwrap()
            .0
            .rsplit_once("href=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0,
    );
    assert_eq!(world.titles(&older).await, ["Task 1"]);
    world.web.get(&older).await.assert_has("Back to the newest");
    let page = world.web.get("/tasks?after=zzz").await;
    assert_eq!(page.status, 400, "{}", page.body);
}
