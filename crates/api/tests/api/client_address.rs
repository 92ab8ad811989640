//! Whose request it was: the address of the connection, or the one that a trusted proxy names.

use serde_json::Value;

use crate::support::{Process, Store};

/// What the log says of the client of a request with these headers.
async fn client_of(api: &Process, forwarded_for: &[&str]) -> Value {
    let request = api.get("/api/tasks/1");
    let request = forwarded_for.iter().fold(request, |request, value| {
        request.header("X-Forwarded-For", value)
    });
    let id = request.send().await.header("x-request-id").to_owned();
    let line = api.log_line(|line| line.contains(&id));
    serde_json::from_str::<Value>(&line).unwrap()["client"].clone()
}

fn start(store: &Store, trusted: &str) -> Process {
    Process::start_with(
        store,
        &[("LOG_FORMAT", "json"), ("TRUSTED_PROXIES", trusted)],
    )
}

#[actix_web::test]
async fn a_stranger_cannot_choose_the_address() {
    let store = Store::new();
    for trusted in ["", "10.0.0.0/8, ::1"] {
        let api = start(&store, trusted);
        for forwarded_for in [&[][..], &["203.0.113.7"], &["127.0.0.1, 203.0.113.7"]] {
            assert_eq!(client_of(&api, forwarded_for).await, "127.0.0.1");
        }
        api.stop().await;
    }
}

#[actix_web::test]
async fn a_trusted_proxy_names_the_address() {
    let store = Store::new();
    let api = start(&store, "127.0.0.1,10.0.0.0/8 , 2001:db8::/32");
    for (forwarded_for, expected) in [
        (&[][..], "127.0.0.1"),
        (&["203.0.113.7"], "203.0.113.7"),
        // What stands before the last that is not trusted may be anybody's invention.
        (&["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (&["6.6.6.6,203.0.113.7, 10.9.9.9,10.0.0.1"], "203.0.113.7"),
        (&["6.6.6.6", "203.0.113.7, 10.0.0.1"], "203.0.113.7"),
        (&["203.0.113.7:4711"], "203.0.113.7"),
        (
            &["2001:db9::7, [2001:db8::1]:80, 2001:db8::2"],
            "2001:db9::7",
        ),
        (&["::ffff:203.0.113.7, ::ffff:10.0.0.1"], "203.0.113.7"),
        // Where it cannot be read, what names it is all that is known.
        (&["203.0.113.7, nonsense, 10.0.0.1"], "10.0.0.1"),
        (&["203.0.113.7, "], "127.0.0.1"),
        (&["\u{e9}"], "127.0.0.1"),
        // Nobody but trusted ones.
        (&["10.0.0.2, 10.0.0.1"], "10.0.0.2"),
    ] {
        let client = client_of(&api, forwarded_for).await;
        assert_eq!(client, expected, "{forwarded_for:?}");
    }
}

#[actix_web::test]
async fn what_never_became_a_request_has_the_address_of_its_connection() {
    let store = Store::new();
    let api = start(&store, "");
    let mut connection = api.raw().await;
    connection.send("nonsense\r\n\r\n").await;
    connection.answer("GET", "/api/tasks").await.expect(400);
    let line = api.log_line(|line| line.contains("\"status\":400"));
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["client"], "127.0.0.1", "{line}");
}
