//! Nobody pushes older lines out of the log: long paths are cut, and of many refused requests most are only counted.

use std::time::Instant;

use serde_json::Value;

use crate::support::{Process, Store, pause};

fn json_lines(api: &Process) -> Vec<Value> {
    let lines = api.log();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[actix_web::test]
async fn a_long_path_is_cut() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    for (path, expected) in [
        (
            format!("/{}", "x".repeat(255)),
            format!("/{}", "x".repeat(255)),
        ),
        (
            format!("/{}", "x".repeat(256)),
            format!("/{}…", "x".repeat(255)),
        ),
        (
            format!("/{}", "x".repeat(15_000)),
            format!("/{}…", "x".repeat(255)),
        ),
    ] {
        let mut connection = api.raw().await;
        connection.request("GET", &path, "").await;
        let answer = connection.unchecked("GET").await;
        assert_eq!(answer.status, 404);
        let id = answer.header("x-request-id");
        let line = api.log_line(|line| line.contains(id));
        assert!(line.len() < 700, "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["path"], expected);
    }
}

#[actix_web::test]
async fn of_many_refused_requests_few_have_a_line_and_the_others_are_counted() {
    const SENT: u64 = 400;
    /// Lines in a second.
    const MOST: u64 = 20;
    let store = Store::new();
    let api = Process::start_with(
        &store,
        &[("LOG_FORMAT", "json"), ("API_TOKEN", &"t".repeat(32))],
    );
    let start = Instant::now();
    for number in 0..SENT {
        let mut connection = api.raw().await;
        match number % 4 {
            0 => connection.send("nonsense\r\n\r\n").await,
            1 => connection.request("GET", "/nothing", "").await,
            2 => connection.request("GET", "/api/tasks", "").await,
            _ => {
                connection
                    .send(format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(17_000)))
                    .await
            }
        }
        let status = connection.unchecked("GET").await.status;
        assert!([400, 401, 404, 431].contains(&status), "{status}");
    }
    let seconds = start.elapsed().as_secs() + 2;
    // Told with the next line when the second is over, here that of a probe, which has none itself.
    pause(1100).await;
    api.get("/healthz").send().await.expect(200);
    let left_out = |lines: &[Value]| -> u64 {
        let counts = lines.iter().filter_map(|line| line["left_out"].as_u64());
        counts.sum()
    };
    let lines_of = |lines: &[Value]| {
        let refused = lines.iter().filter(|line| line["message"] == "request");
        refused.count() as u64
    };
    crate::support::eventually("the count", || async {
        let lines = json_lines(&api);
        (lines_of(&lines) + left_out(&lines) == SENT).then_some(())
    })
    .await;
    let lines = lines_of(&json_lines(&api));
    assert!(
        (MOST..=MOST * seconds).contains(&lines),
        "{lines} in {seconds} s"
    );
}

#[actix_web::test]
async fn what_a_handler_refuses_has_its_line_each_time() {
    let store = Store::new();
    let api = Process::start(&store);
    for _ in 0..60 {
        api.get("/api/tasks/1").send().await.expect(404);
    }
    let count = || {
        let log = api.log();
        log.iter()
            .filter(|line| line.contains("status=404"))
            .count()
    };
    crate::support::eventually("each line", || async { (count() == 60).then_some(()) }).await;
}
