//! The first account: who may make it, and what becomes of what was there.

use serde_json::json;

use crate::support::people::{PASSWORD, Session, account, setup_code};
use crate::support::process::run;
use crate::support::{Process, Store, TestApi};

#[actix_web::test]
async fn it_has_the_tasks_that_were_there() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let setup = api.get("/api/setup").send().await.expect(200);
    assert_eq!(setup.json(), json!({"needed": true}));
    assert_eq!(setup.header("cache-control"), "no-store");

    let ada = api.set_up(" Ada ").await;
    let setup = api.get("/api/setup").send().await.expect(200);
    assert_eq!(setup.json(), json!({"needed": false}));
    let me = api.get("/api/me").by(&ada).send().await.expect(200).json();
    assert_eq!(me["name"], "Ada");
    assert_eq!(
        (&me["administrator"], &me["disabled"]),
        (&json!(true), &json!(false))
    );
    let task = api.get(&path).by(&ada).send().await.expect(200).json();
    assert_eq!(task["title"], "Buy milk");
    // From now on nobody else sees them.
    for path in ["/api/tasks", &path] {
        let refused = api.get(path).send().await;
        assert_eq!(
            refused.header("www-authenticate"),
            "Session realm=\"Task Tracker\""
        );
        refused.problem(401, "sign-in-required");
    }
}

#[actix_web::test]
async fn only_whoever_has_the_code_can_make_it_and_only_once() {
    let api = TestApi::start().await;
    let code = setup_code(&api.store);
    let digit = if code.starts_with('0') { '1' } else { '0' };
    let other = format!("{digit}{}", &code[1..]);
    for wrong in ["", "x", &other, &code[1..]] {
        let body = account(wrong, "mallory");
        let refused = api.post("/api/setup").json(&body).send().await;
        refused.problem(403, "setup-code-wrong");
    }
    assert_eq!(api.titles().await, [""; 0], "nobody has an account");
    // As somebody types it who reads it in the log.
    let typed = format!(" {}-{} ", code[..4].to_uppercase(), &code[4..]);
    let body = account(&typed, "ada");
    Session::of(api.post("/api/setup").json(&body).send().await);
    for code in [&code, "", &other] {
        let body = account(code, "mallory");
        let refused = api.post("/api/setup").json(&body).send().await;
        refused.problem(409, "already-set-up");
    }
    let left: i64 = api
        .store
        .open()
        .query_row("SELECT count(*) FROM setup_code", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "the code is of no more use");
}

#[actix_web::test]
async fn what_is_not_acceptable_is_told_at_its_field() {
    let api = TestApi::start().await;
    let code = setup_code(&api.store);
    for (name, password, faults) in [
        ("ada", "short", vec!["#/password"]),
        (" ", PASSWORD, vec!["#/name"]),
        (&"x".repeat(65), "short", vec!["#/name", "#/password"]),
        (
            "ada\u{202e}",
            &"x".repeat(257),
            vec!["#/name", "#/password"],
        ),
    ] {
        let body = json!({"code": code, "name": name, "password": password});
        let refused = api.post("/api/setup").json(&body).send().await;
        assert_eq!(refused.faults(), faults, "{name:?} {password:?}");
    }
    for (body, faults) in [
        (json!({}), vec!["#/code", "#/name", "#/password"]),
        (
            json!({"code": 1, "name": null, "password": true, "address": "here", "browser": 1, "x": 1}),
            vec![
                "#/code",
                "#/name",
                "#/password",
                "#/browser",
                "#/address",
                "#/x",
            ],
        ),
    ] {
        let refused = api.post("/api/setup").json(&body).send().await;
        assert_eq!(refused.faults(), faults);
    }
}

#[actix_web::test]
async fn the_log_and_a_command_show_the_code_until_there_is_an_account() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    api.ready().await;
    let line = api.log_line(|line| line.contains("setup_code"));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let shown = line["setup_code"].as_str().unwrap();
    assert_eq!(shown.replace('-', ""), setup_code(&store));

    let path = store.path();
    let variables = [("DB_PATH", path.to_str().unwrap())];
    let output = run(&["setup-code"], &variables);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{shown}\n")
    );
    assert_eq!(output.status.code(), Some(0));

    let body = account(shown, "ada");
    api.post("/api/setup").json(&body).send().await.expect(201);
    let output = run(&["setup-code"], &variables);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("somebody has an account already"), "{said}");
    api.stop().await;

    let again = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    again.ready().await;
    assert!(!again.log().iter().any(|line| line.contains("setup_code")));
    again.stop().await;
}
