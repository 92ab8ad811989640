//! One line a request, with its id; what people send cannot forge another.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Process, Store, pause};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const FORGED: &str = "x\n2026-01-01T00:00:00.000Z ERROR forged: by a title request_id=1";

/// Sends requests with every kind of text that a person can choose, and gives their number.
async fn send_all(api: &Process) -> usize {
    let mut sent = 0;
    for path in [
        "/api/tasks/%0aERROR%20forged",
        "/api/tasks?after=%0aERROR%20forged",
        "/%22,%22level%22:%22ERROR%22/forged",
        "/\"status=200",
        "/api/tasks/\u{202e}1",
    ] {
        let mut connection = api.raw().await;
        connection
            .request("GET", path, "User-Agent: \"\tERROR forged\r\n")
            .await;
        connection.unchecked("GET").await;
        sent += 1;
    }
    for new in [
        json!({"title": FORGED}),
        json!({"title": "hunter2", "description": FORGED}),
    ] {
        let request = api
            .post("/api/tasks")
            .header(
                "Authorization",
                "Bearer s3cret-0123456789abcdef0123456789abcdef",
            )
            .json(&new);
        request.send().await;
        sent += 1;
    }
    api.get("/api/tasks")
        .header("traceparent", TRACEPARENT)
        .send()
        .await;
    sent + 1
}

/// The lines about requests, when there are so many.
async fn requests(api: &Process, is_one: fn(&str) -> bool, expected: usize) -> Vec<String> {
    let find = || -> Vec<String> { api.log().into_iter().filter(|line| is_one(line)).collect() };
    crate::support::eventually("lines about requests", || async {
        (find().len() >= expected).then_some(())
    })
    .await;
    // No more than those.
    pause(100).await;
    find()
}

#[actix_web::test]
async fn as_text() {
    let store = Store::new();
    let api = Process::start_with(
        &store,
        &[("API_TOKEN", "s3cret-0123456789abcdef0123456789abcdef")],
    );
    let sent = send_all(&api).await;
    let lines = requests(&api, |line| line.contains("::access_log: request "), sent).await;
    // Paths that are no URLs at all never become requests.
    assert_eq!(lines.len(), sent, "{lines:#?}");
    for line in api.log() {
        let time = line.split(' ').next().unwrap();
        assert!(time.ends_with('Z') && time.len() == 24, "{line}");
        assert!(line.split(' ').nth(1).unwrap() == "INFO", "{line}");
        assert!(
            !line.contains("hunter2") && !line.contains("s3cret"),
            "{line}"
        );
    }
    let traced = lines.last().unwrap();
    for part in [
        &format!("trace_id={TRACE_ID}"),
        "method=GET",
        "route=/api/tasks",
        "path=/api/tasks",
        "status=401",
        "duration_ms=",
    ] {
        assert!(traced.contains(part), "{part} is not in {traced}");
    }
}

#[actix_web::test]
async fn as_json() {
    let store = Store::new();
    let api = Process::start_with(
        &store,
        &[
            ("LOG_FORMAT", "json"),
            ("API_TOKEN", "s3cret-0123456789abcdef0123456789abcdef"),
        ],
    );
    let sent = send_all(&api).await;
    let lines = requests(&api, |line| line.contains(r#""message":"request""#), sent).await;
    assert_eq!(lines.len(), sent, "{lines:#?}");
    for line in api.log() {
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["level"], "INFO", "{line}");
        assert!(record["time"].as_str().unwrap().ends_with('Z'));
        assert!(!line.contains("hunter2"), "{line}");
    }
    let traced: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(traced["trace_id"], TRACE_ID);
    assert_eq!(traced["method"], "GET");
    assert_eq!(traced["route"], "/api/tasks");
    assert_eq!(traced["path"], "/api/tasks");
    assert_eq!(traced["status"], 401);
    assert!(traced["duration_ms"].as_f64().unwrap() > 0.0);
}

#[actix_web::test]
async fn the_id_in_the_line_is_the_id_in_the_answer() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    for (method, path) in [
        (Method::GET, "/api/tasks"),
        (Method::GET, "/nothing"),
        (Method::TRACE, "/api/tasks"),
        (Method::DELETE, "/api/tasks"),
    ] {
        let answer = api.request(method, path).send().await;
        let id = answer.header("x-request-id").to_owned();
        let line: Value = serde_json::from_str(&api.log_line(|line| line.contains(&id))).unwrap();
        assert_eq!(line["status"], answer.status);
        assert_eq!(line["path"], path);
    }
}

#[actix_web::test]
async fn the_cause_of_a_500_is_logged_once_and_not_told() {
    let store = Store::new();
    let api = Process::start(&store);
    store.open().execute_batch("DROP TABLE tasks").unwrap();
    let answer = api.get("/api/tasks").send().await;
    let id = answer.header("x-request-id").to_owned();
    let problem = answer.problem(500, "about:blank");
    assert!(!problem.to_string().contains("no such table"), "{problem}");
    api.log_line(|line| line.contains(&id) && line.contains("status=500"));
    let causes: Vec<_> = api
        .log()
        .into_iter()
        .filter(|line| line.contains("no such table"))
        .collect();
    assert_eq!(causes.len(), 1, "{causes:#?}");
    assert!(
        causes[0].contains("ERROR") && causes[0].contains(&id),
        "{causes:?}"
    );
}

#[actix_web::test]
async fn probes_that_succeed_are_not_worth_a_line() {
    let store = Store::new();
    let api = Process::start(&store);
    let probe = api.get("/healthz").send().await.expect(200);
    api.get("/health").send().await.expect(200);
    let last = api.get("/nothing").send().await;
    let last = last.header("x-request-id").to_owned();
    api.log_line(|line| line.contains(&last));
    let id = probe.header("x-request-id");
    assert!(!api.log().iter().any(|line| line.contains(id)));
}

#[actix_web::test]
async fn the_filter_is_obeyed() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("RUST_LOG", "debug")]);
    let probe = api.get("/healthz").send().await.expect(200);
    let id = probe.header("x-request-id").to_owned();
    api.log_line(|line| line.contains(&id) && line.contains("DEBUG"));
}
