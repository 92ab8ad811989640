//! What an operator can do when nobody can sign in any more, while the api serves and while it does not.

use rusqlite::Connection;
use serde_json::json;

use crate::support::people::{PASSWORD, Session, account, setup_code};
use crate::support::process::run;
use crate::support::{Process, Store};

const OTHER: &str = "nine quick otters at dawn";

fn output(store: &Store, arguments: &[&str], journal: &str) -> (i32, String, String) {
    let path = store.path();
    let variables = [("DB_PATH", path.to_str().unwrap()), ("DB_JOURNAL", journal)];
    let output = run(arguments, &variables);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[track_caller]
fn code_of(link: &str) -> &str {
    let code = link.strip_prefix("/new-password?code=");
    code.and_then(|code| code.strip_suffix('\n')).unwrap()
}

#[actix_web::test]
async fn a_link_lets_somebody_in_again_while_the_api_serves() {
    for journal in ["wal", "truncate"] {
        let store = Store::new();
        let api = Process::start_with(&store, &[("DB_JOURNAL", journal)]);
        api.ready().await;
        let code = setup_code_of(&store, journal);
        // In the truncate journal it has made room, and is back in a moment.
        api.ready().await;
        let body = account(&code, "Ada L");
        let forgotten = Session::of(api.post("/api/setup").json(&body).send().await);

        let (status, said, _) = output(&store, &["user", "list"], journal);
        assert_eq!((status, said.as_str()), (0, "1\tadministrator\tAda L\n"));
        let (status, link, hint) = output(&store, &["user", "link", "ada l"], journal);
        assert_eq!(status, 0, "{hint}");
        assert!(hint.contains("seven days"), "{hint}");
        let chosen = json!({"code": code_of(&link), "password": OTHER});
        api.ready().await;
        let use_link = || api.post("/api/password-links/accept").json(&chosen).send();
        let session = Session::of(use_link().await);
        api.get("/api/me").by(&session).send().await.expect(200);
        api.get("/api/me").by(&forgotten).send().await.expect(401);
        use_link().await.problem(403, "invitation-not-valid");
        api.stop().await;
    }
}

fn setup_code_of(store: &Store, journal: &str) -> String {
    let (status, code, said) = output(store, &["setup-code"], journal);
    assert_eq!(status, 0, "{said}");
    code
}

#[actix_web::test]
async fn a_link_that_was_made_while_no_api_served_works_afterwards() {
    let store = Store::new();
    let api = Process::start(&store);
    api.ready().await;
    let body = account(&setup_code(&store), "ada");
    api.post("/api/setup").json(&body).send().await.expect(201);
    api.stop().await;
    let (_, link, _) = output(&store, &["user", "link", "ada"], "wal");
    let api = Process::start(&store);
    api.ready().await;
    let chosen = json!({"code": code_of(&link), "password": PASSWORD});
    let request = api.post("/api/password-links/accept").json(&chosen);
    request.send().await.expect(201);
    api.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_done_is_told_in_a_line() {
    let store = Store::new();
    let missing = output(&store, &["user", "list"], "wal");
    assert!(
        missing.0 == 1 && missing.2.contains("does not exist"),
        "{missing:?}"
    );
    let old = Connection::open(store.path()).unwrap();
    let steps = [
        include_str!("../../migrations/0001-tasks.sql"),
        "PRAGMA user_version = 1",
    ];
    old.execute_batch(&steps.join(";")).unwrap();
    drop(old);
    for arguments in [
        &["setup-code"][..],
        &["user", "list"],
        &["user", "link", "ada"],
    ] {
        let (status, _, said) = output(&store, arguments, "wal");
        assert!(status == 1 && said.contains("another schema"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let api = Process::start(&store);
    api.ready().await;
    let (status, said, _) = output(&store, &["user", "list"], "wal");
    assert_eq!((status, said.as_str()), (0, ""));
    let (status, _, said) = output(&store, &["user", "link", "bob"], "wal");
    assert!(status == 1 && said.contains("is called bob"), "{said}");
    let (status, _, said) = output(&store, &["user", "link", " "], "wal");
    assert!(status == 64 && said.contains("is no name"), "{said}");
    api.stop().await;
}
