//! `GET /healthz` and `GET /health`

use serde_json::json;

use crate::support::TestApi;

#[actix_web::test]
async fn liveness_says_what_runs() {
    let api = TestApi::start().await;
    let alive = api.get("/healthz").send().await.expect(200).json();
    assert_eq!(alive["status"], "ok");
    assert_eq!(alive["version"], task_tracker_api::VERSION);
    assert_eq!(alive["git_sha"], task_tracker_api::GIT_SHA);
    assert_eq!(alive["role"], "holder");
    assert_eq!(alive["journal"], "wal");
    assert!(alive["uptime_seconds"].as_u64().unwrap() < 60);
}

#[actix_web::test]
async fn liveness_counts_the_seconds() {
    let api = TestApi::start().await;
    let uptime = async || api.get("/healthz").send().await.json()["uptime_seconds"].as_u64();
    let before = uptime().await;
    crate::support::pause(1100).await;
    assert!(uptime().await > before);
}

#[actix_web::test]
async fn liveness_never_touches_the_store() {
    let api = TestApi::start().await;
    // Neither a lock is noticed nor missing tables. One at a time: without tables there is nothing to wait for.
    let other = api.store.open();
    for change in [
        "BEGIN EXCLUSIVE",
        "DROP TABLE tasks; DROP TABLE list_counts",
    ] {
        other.execute_batch(change).unwrap();
        let start = std::time::Instant::now();
        api.get("/healthz").send().await.expect(200);
        assert!(start.elapsed() < std::time::Duration::from_secs(1));
    }
}

#[actix_web::test]
async fn readiness_is_a_real_read() {
    let api = TestApi::start().await;
    let ready = api.get("/health").send().await.expect(200);
    assert_eq!(ready.json(), json!({"status": "healthy"}));
    api.store
        .open()
        .execute_batch("DROP TABLE list_counts")
        .unwrap();
    let answer = api.get("/health").send().await;
    assert_eq!(answer.header("retry-after"), "1");
    answer.problem(503, "not-ready");
}

#[actix_web::test]
async fn readiness_needs_a_store_that_can_be_written_to() {
    let api = TestApi::start().await;
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    api.get("/health").send().await.problem(503, "not-ready");
    lock.execute_batch("ROLLBACK").unwrap();
    api.get("/health").send().await.expect(200);
}

#[actix_web::test]
async fn what_is_true_now_is_not_kept_by_caches() {
    let api = TestApi::start().await;
    for path in ["/healthz", "/health"] {
        assert_eq!(
            api.get(path).send().await.header("cache-control"),
            "no-store"
        );
    }
}
