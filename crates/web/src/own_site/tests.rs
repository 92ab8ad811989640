#![allow(clippy::unwrap_used)]

use super::*;

fn site(public_url: Option<&str>, address: &str) -> OwnSite {
    let public_url = public_url.map(|url| url.parse().unwrap());
    OwnSite::new(public_url, address.parse().unwrap())
}

fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let headers = headers.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        )
    });
    headers.collect()
}

#[test]
fn a_loopback_address_has_the_names_every_machine_has_for_itself() {
    for site in [
        site(None, "127.0.0.1"),
        site(None, "::1"),
        site(Some("http://localhost:5000"), "0.0.0.0"),
        site(Some("http://[::1]:5000"), "0.0.0.0"),
    ] {
        for own in [
            "localhost",
            "localhost:5000",
            "LOCALHOST.:1",
            "tasks.localhost",
            "127.0.0.1:5000",
            "127.1.2.3",
            "[::1]:5000",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(site.is_asked(Asked(own)), "{own}");
        }
        for other in [
            "evil.example",
            "evil.example:5000",
            "localhost.evil.example",
            "notlocalhost",
            "192.168.1.2",
            "[fe80::1]",
            "0.0.0.0",
            "localhost@evil.example",
            "a b",
            "",
        ] {
            assert!(!site.is_asked(Asked(other)), "{other}");
        }
    }
}

#[test]
fn a_public_url_has_its_own_name_and_any_port() {
    let site = site(Some("https://Tasks.example"), "127.0.0.1");
    for own in ["tasks.example", "TASKS.example:443", "tasks.example:8443"] {
        assert!(site.is_asked(Asked(own)), "{own}");
    }
    for other in ["example", "a.tasks.example", "localhost", "127.0.0.1", ""] {
        assert!(!site.is_asked(Asked(other)), "{other}");
    }
    let is_ours = |origin: &str, asked| site.is_ours(&origin.parse().unwrap(), Some(asked));
    assert!(is_ours(
        "https://tasks.example",
        Asked("tasks.example:8080")
    ));
    assert!(!is_ours("http://tasks.example", Asked("tasks.example")));
    assert!(!is_ours(
        "https://tasks.example:8080",
        Asked("tasks.example:8080")
    ));
}

#[test]
fn without_a_word_about_it_every_name_is_ours_and_origins_are_compared_with_it() {
    let site = site(None, "0.0.0.0");
    assert!(site.is_asked(Asked("a.example")));
    let is_ours = |origin: &str, asked| site.is_ours(&origin.parse().unwrap(), asked);
    assert!(is_ours("https://a.example", Some(Asked("A.example:443"))));
    assert!(is_ours("http://[::1]:5000", Some(Asked("[::1]:5000"))));
    assert!(!is_ours("https://b.example", Some(Asked("a.example"))));
    assert!(!is_ours("https://a.example:8443", Some(Asked("a.example"))));
    assert!(!is_ours("data:null", Some(Asked("null"))));
    assert!(!is_ours("https://a.example", None));
}

#[test]
fn a_trusted_proxy_then_the_request_line_then_host_say_what_was_asked_for() {
    let asked = |uri: &str, fields: &[_], is_proxied| {
        let client = Client {
            is_proxied,
            ..Client::default()
        };
        let (uri, headers) = (uri.parse().unwrap(), headers(fields));
        Asked::find(&uri, &headers, client).map(|asked| asked.0.to_owned())
    };
    let forwarded = [
        ("host", "inside:5000"),
        ("x-forwarded-host", "evil, out.example "),
    ];
    assert_eq!(asked("/", &forwarded, true).unwrap(), "out.example");
    assert_eq!(asked("/", &forwarded, false).unwrap(), "inside:5000");
    assert_eq!(asked("http://a:1/", &forwarded, false).unwrap(), "a:1");
    assert_eq!(asked("/", &[("host", "a\u{e9}")], false).unwrap(), "");
    assert_eq!(asked("/", &[], true), None);
}

#[test]
fn who_asked_for_another_name_is_told_ours() {
    let asked = Asked("evil.example:5001");
    assert_eq!(
        site(None, "127.0.0.1").tasks_url(asked),
        "http://localhost:5001/tasks"
    );
    assert_eq!(
        site(Some("https://tasks.example:8443"), "0.0.0.0").tasks_url(asked),
        "https://tasks.example:8443/tasks"
    );
}
