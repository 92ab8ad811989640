//! Whose request it was, here and in the api: the address of the connection, or the one that a trusted proxy names.

use crate::support::{Process, RawApi, client, raw_answer};

fn empty_api() -> RawApi {
    let counts = "tasks-active: 0\r\ntasks-completed: 0\r\n";
    RawApi::new(vec![raw_answer("200 OK", "application/json", counts, "[]")])
}

/// The address that the log and the api are told of a request that says it is another's.
async fn told(trusted: &str) -> (String, String) {
    let api = empty_api();
    let web = Process::start(&[("API_URL", &api.url), ("TRUSTED_PROXIES", trusted)]);
    let url = format!("http://127.0.0.1:{}/tasks", web.port);
    let request = client().get(url);
    let request = request.header("X-Forwarded-For", "6.6.6.6, 203.0.113.7");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let log = web.log_once(|log| log.contains("route=/tasks"));
    let after = |text: &str, start: &str| {
        let rest = text.split_once(start).map_or("", |(_, rest)| rest);
        rest.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let request = &api.requests()[0];
    (after(&log, " client="), after(request, "x-forwarded-for: "))
}

#[actix_web::test]
async fn a_stranger_cannot_choose_the_address() {
    let own = "127.0.0.1".to_owned();
    assert_eq!(told("").await, (own.clone(), own));
}

#[actix_web::test]
async fn a_trusted_proxy_names_the_address() {
    let named = "203.0.113.7".to_owned();
    assert_eq!(told("127.0.0.0/8").await, (named.clone(), named));
}

#[actix_web::test]
async fn a_stranger_cannot_say_that_it_spoke_tls() {
    for (trusted, expected) in [("", false), ("10.0.0.1", false), ("127.0.0.1", true)] {
        let web = Process::start(&[("TRUSTED_PROXIES", trusted)]);
        let request = client().get(format!("http://127.0.0.1:{}/", web.port));
        let request = request.header("X-Forwarded-Proto", "https");
        let answer = request.send().await.unwrap();
        let told = answer.headers().contains_key("strict-transport-security");
        assert_eq!(told, expected, "{trusted:?}");
    }
}
