//! The browser's protections are on every response.

use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use wiremock::Mock;
use wiremock::matchers::method;

use crate::support::{Page, Web, config, list_answer, nobody, stub, task, task_answer};

pub fn assert_protected(page: &Page) {
    let csp = page.header("content-security-policy");
    assert!(csp.starts_with("default-src 'none'; "), "{csp}");
    for directive in [
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(csp.split("; ").any(|part| part == directive), "{csp}");
    }
    assert!(
        !csp.contains("unsafe") && !csp.contains("script-src"),
        "{csp}"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert!(page.header("permissions-policy").contains("camera=()"));
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(page.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(page.header("x-request-id").len(), 32);
    // The one cookie there is says what an action did, to nobody else and to no script.
    let cookie = page.header("set-cookie");
    assert!(
        cookie.is_empty() || cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(page.header(name), "", "{name}");
    }
}

#[actix_web::test]
async fn on_pages_redirects_errors_assets_and_304() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v", &task(1, "a", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let home = web.get("/").await;
    let style = home
        .body
        .split_once("rel=\"stylesheet\" href=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    let asset = web.get(&style).await;
    let unchanged = web
        .get_with(&style, &[("if-none-match", asset.header("etag"))])
        .await;
    assert_eq!(unchanged.status, 304);
    let redirect = web.post("/tasks/add", &[("title", "a")]).await;
    assert_eq!(redirect.status, 303);
    let dynamic = [
        home,
        web.get("/tasks").await,
        redirect,
        web.get("/health").await,
        web.get("/nope").await,
        web.method("TRACE", "/").await,
        web.get_with("/", &[("x", &"a".repeat(17_000))]).await,
        web.post_with("/tasks/add", &[], &[("sec-fetch-site", "cross-site")])
            .await,
        web.post_body("/tasks/add", "text/plain", "x", &[]).await,
        Web::without_api().get("/tasks").await,
    ];
    for page in &dynamic {
        assert_protected(page);
        // A page of ours may be kept by the browser of whoever asked for it, for the way back to what they typed.
        let kept = page.status == 200 && page.header("content-type").starts_with("text/html");
        let expected = if kept {
            "no-cache, private"
        } else {
            "no-store"
        };
        assert_eq!(page.header("cache-control"), expected);
    }
    for page in [asset, unchanged] {
        assert_protected(&page);
        assert_eq!(
            page.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
    }
}

#[actix_web::test]
async fn transport_security_only_where_there_is_some() {
    let web = Web::with(Config {
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        ..config(&nobody())
    });
    for (forwarded, expected) in [
        ("https", true),
        ("HTTPS, http", true),
        ("http", false),
        ("http, https", false),
        ("", false),
    ] {
        for path in ["/", "/nope", "/tasks"] {
            let page = web
                .get_with(path, &[("x-forwarded-proto", forwarded)])
                .await;
            assert_eq!(
                !page.header("strict-transport-security").is_empty(),
                expected,
                "{forwarded} {path}"
            );
        }
    }
    assert_eq!(web.get("/").await.header("strict-transport-security"), "");
}

#[actix_web::test]
async fn pages_need_no_exception_from_the_policy() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[task(1, "a", "b", true)]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for path in ["/", "/tasks", "/nope"] {
        let page = web.get(path).await;
        for inline in [
            "<script",
            "<style",
            " style=",
            " onclick=",
            "javascript:",
            "http://",
            "https://",
            "<iframe",
        ] {
            page.assert_lacks(inline);
        }
    }
}
