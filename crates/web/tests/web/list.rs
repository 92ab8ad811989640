//! `GET /` and `GET /tasks`.

use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use crate::support::{Process, Web, client, list_answer, nobody, problem_answer, stub, task};

#[actix_web::test]
async fn the_first_page_leads_to_the_tasks_without_asking_the_api() {
    let web = Web::without_api();
    let page = web.get("/").await;
    assert_eq!(page.status, 200);
    page.assert_has("<h1>");
    page.assert_has("href=\"/tasks\"");
    page.assert_has("<html lang=\"en\">");
}

#[actix_web::test]
async fn tasks_are_shown_with_text_time_and_actions() {
    let api = stub().await;
    let tasks = [
        task(2, "Buy <b>milk</b> & \"honey\"", "one\n  two\n", false),
        task(1, "Rest", "", true),
    ];
    Mock::given(method("GET"))
        .and(path("/api/tasks"))
        .and(query_param("limit", "100"))
        .and(query_param_is_missing("completed"))
        .and(query_param_is_missing("after"))
        .respond_with(list_answer(&tasks))
        .expect(1)
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).get("/tasks").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    page.assert_has(
        "<h3 dir=\"auto\" data-task-title>Buy &lt;b&gt;milk&lt;/b&gt; &amp; &quot;honey&quot;</h3>",
    );
    page.assert_has("<p class=\"text\" dir=\"auto\">one\n  two\n</p>");
    page.assert_has("<time datetime=\"2026-11-20T08:05:00.123Z\">20 Nov 2026, 08:05 UTC</time>");
    page.assert_has("action=\"/tasks/2/toggle\"");
    page.assert_has("name=\"completed\" value=\"true\"");
    page.assert_has("name=\"completed\" value=\"false\"");
    page.assert_has("href=\"/tasks/2/edit\"");
    page.assert_has("action=\"/tasks/2/delete\"");
    page.assert_has("id=\"task-2\"");
    page.assert_has("All <span class=\"count\">2</span>");
    page.assert_has("Active <span class=\"count\">1</span>");
    page.assert_has("Completed <span class=\"count\">1</span>");
    page.assert_has("1 to do, 1 done");
    page.assert_lacks("Changed");
    page.assert_lacks("Older tasks");
}

#[actix_web::test]
async fn filter_and_place_go_to_the_api_and_into_every_form() {
    let api = stub().await;
    let next = "</api/tasks?limit=100&completed=false&after=c1a>; rel=\"next\"";
    Mock::given(method("GET"))
        .and(path("/api/tasks"))
        .and(query_param("completed", "false"))
        .and(query_param("after", "c1f"))
        .respond_with(list_answer(&[task(9, "Nine", "", false)]).insert_header("link", next))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .get("/tasks?show=active&after=c1f&utm_source=mail")
        .await;
    assert_eq!(page.status, 200);
    page.assert_has("<a href=\"/tasks?show=active\" aria-current=\"page\">");
    page.assert_has(
        "href=\"/tasks?show=active&amp;after=c1a\" rel=\"next\" data-older>Older tasks",
    );
    page.assert_has("href=\"/tasks?show=active\">Back to the newest");
    page.assert_has("href=\"/tasks/9/edit?show=active&amp;after=c1f\"");
    assert_eq!(
        page.body
            .matches("name=\"return_to\" value=\"/tasks?show=active&amp;after=c1f\"")
            .count(),
        2
    );
}

#[actix_web::test]
async fn each_add_form_has_a_key_of_its_own() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let keys = [
        web.get("/tasks").await.hidden("key"),
        web.get("/tasks").await.hidden("key"),
    ];
    assert_ne!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| key.len() == 32), "{keys:?}");
}

#[actix_web::test]
async fn addresses_nobody_gave_out_are_refused() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for query in [
        "show=bogus",
        "show=all&show=all",
        "after=",
        "after=a%2Fb",
        "show=%FF",
    ] {
        let page = web.get(&format!("/tasks?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        page.assert_has("href=\"/tasks\">Go to your tasks");
    }
    web.get("/tasks?show=bogus")
        .await
        .assert_has("There is no such list");
}

#[actix_web::test]
async fn what_others_add_to_an_address_is_not_read() {
    let api = stub().await;
    Mock::given(method("GET"))
        .and(path("/api/tasks"))
        .and(query_param("completed", "false"))
        .respond_with(list_answer(&[]))
        .expect(4)
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for query in [
        "show=active&utm_source=caf%E9",
        "caf%E9&show=active&%FF=1",
        "show=Active",
        "fbclid=1&fbclid=2&show=ACTIVE",
    ] {
        let page = web.get(&format!("/tasks?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
    }
}

#[actix_web::test]
async fn a_slash_at_the_end_leads_to_the_address_without() {
    let web = Web::without_api();
    for (path, location) in [
        ("/tasks/", "/tasks"),
        ("/tasks//", "/tasks"),
        ("/tasks/?show=active", "/tasks?show=active"),
        ("/tasks/7/edit/", "/tasks/7/edit"),
    ] {
        let page = web.get(path).await;
        assert_eq!(page.status, 308, "{path}");
        assert_eq!(page.header("location"), location);
    }
    for path in [
        "//evil.example/",
        "/tasksevil.example/",
        "/nope/",
        "/%2Ftasks/",
    ] {
        assert_eq!(web.get(path).await.status, 404, "{path}");
    }
    assert_eq!(web.post("/tasks/add/", &[]).await.status, 404);
}

#[actix_web::test]
async fn a_place_the_api_does_not_know_leads_back_to_the_list() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(problem_answer(
            400,
            "validation",
            "This cursor is not known.",
        ))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).get("/tasks?after=zz").await;
    assert_eq!(page.status, 400);
    page.assert_has("href=\"/tasks\">Go to your tasks");
}

#[actix_web::test]
async fn a_hundred_long_tasks_are_shown_on_shorter_pages() {
    let api = stub().await;
    let long = "🍞".repeat(4000);
    let tasks: Vec<_> = (0..100)
        .map(|id| task(id, &"🍯".repeat(200), &long, false))
        .collect();
    Mock::given(method("GET"))
        .and(query_param("limit", "100"))
        .respond_with(list_answer(&tasks))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .and(query_param("limit", "50"))
        .respond_with(list_answer(&tasks[..50]))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).get("/tasks").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("<li class=\"task\"").count(), 50);
}

#[actix_web::test]
async fn head_is_get_without_the_page() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for path in ["/", "/tasks", "/health", "/healthz"] {
        let (get, head) = (web.get(path).await, web.method("HEAD", path).await);
        assert_eq!(
            (head.status, head.body.as_str()),
            (get.status, ""),
            "{path}"
        );
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{path}"
        );
        assert_ne!(head.header("content-length"), "0", "{path}");
    }
}

#[actix_web::test]
async fn the_api_is_sent_the_requests_own_id_and_the_token() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let mut config = crate::support::config(&api.uri());
    config.api_token = task_tracker_web::process::api_token::ApiToken::parse(
        "s3cret-0123456789abcdef0123456789abcdef",
    );
    let foreign = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let page = Web::with(config)
        .get_with("/tasks", &[("traceparent", foreign)])
        .await;
    let id = page.header("x-request-id");
    let request = &api.received_requests().await.unwrap()[0];
    let traceparent = request.headers["traceparent"].to_str().unwrap();
    assert!(
        traceparent.starts_with(&format!("00-{id}-")),
        "{traceparent}"
    );
    for part in foreign.split('-').filter(|part| part.len() > 2) {
        assert!(!traceparent.contains(part), "{traceparent}");
    }
    assert_eq!(
        request.headers["authorization"],
        "Bearer s3cret-0123456789abcdef0123456789abcdef"
    );
}

#[actix_web::test]
async fn redirects_are_not_followed() {
    let api = stub().await;
    Mock::given(method("GET"))
        .and(path("/api/tasks"))
        .respond_with(ResponseTemplate::new(301).insert_header("location", "/elsewhere"))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .and(path("/elsewhere"))
        .respond_with(list_answer(&[]))
        .expect(0)
        .mount(&api)
        .await;
    assert_eq!(Web::over(&api.uri()).get("/tasks").await.status, 502);
}

#[actix_web::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let nobody = nobody();
    let web = Process::start(&[("API_URL", &api.uri()), ("http_proxy", &nobody)]);
    let url = format!("http://127.0.0.1:{}/tasks", web.port);
    assert_eq!(client().get(url).send().await.unwrap().status(), 200);
}
