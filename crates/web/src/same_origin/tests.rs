#![allow(clippy::unwrap_used)]

use actix_web::test::TestRequest;

use super::*;

fn passes(headers: &[(&'static str, &'static str)]) -> bool {
    let request = headers
        .iter()
        .fold(TestRequest::post(), |request, header| {
            request.insert_header(*header)
        })
        .to_srv_request();
    refusal(&OwnSite::Any, &request).is_none()
}

#[test]
fn our_own_pages_and_no_page_pass() {
    for headers in [
        &[][..],
        &[("host", "a.example")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://b.example"),
            ("host", "a.example"),
        ],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://a.example"), ("host", "a.example")],
        &[("origin", "https://a.example"), ("host", "A.example:443")],
        &[
            ("origin", "http://127.0.0.1:5000"),
            ("host", "127.0.0.1:5000"),
        ],
        &[("origin", "http://[::1]:5000"), ("host", "[::1]:5000")],
    ] {
        assert!(passes(headers), "{headers:?}");
    }
}

#[test]
fn other_sites_do_not() {
    for headers in [
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://a.example"),
            ("host", "a.example"),
        ][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "")],
        &[("origin", "https://a.example")],
        &[("origin", "null"), ("host", "a.example")],
        &[("origin", "https://b.example"), ("host", "a.example")],
        &[("origin", "https://a.example:8443"), ("host", "a.example")],
        &[
            ("origin", "https://a.example.evil.example"),
            ("host", "a.example"),
        ],
        &[("origin", "data://null"), ("host", "null")],
    ] {
        assert!(!passes(headers), "{headers:?}");
    }
}
