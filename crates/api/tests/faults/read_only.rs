//! The store's file system becomes read-only, as Linux makes it after an error of the disk, and writable again.

use crate::support::api::Scene;
use crate::support::shim::Number;

#[test]
fn reads_go_on_writes_are_refused_and_work_again() {
    for journal in ["wal", "truncate"] {
        let scene = Scene::with_journal(journal);
        let api = scene.start_ready();
        assert_eq!(api.post("before").status, 201);
        scene.control.set(Number::ReadOnly, 1);
        for _ in 0..3 {
            let refused = api.post("meanwhile");
            assert_eq!(refused.status, 503, "{journal}: {refused:?}");
            assert_eq!(
                refused.body["type"],
                "urn:task-tracker:problem:store-read-only"
            );
            assert_eq!(refused.retry_after.as_deref(), Some("1"));
        }
        assert_eq!(api.titles(), ["before"]);
        let health = api.get("/health");
        assert_eq!(health.status, 503, "{journal}: {health:?}");
        assert_eq!(api.get("/healthz").status, 200);

        scene.control.set(Number::ReadOnly, 0);
        assert_eq!(api.post("after").status, 201, "{journal}: {:#?}", api.log());
        assert!(api.is_ready());
        assert_eq!(api.titles(), ["after", "before"]);
        assert_eq!(api.stop().code, Some(0));
    }
}
