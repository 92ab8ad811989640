//! Too few threads allowed.

use std::os::unix::fs::chown;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::support::api::{Scene, assert_exit, binary};

/// A user that nobody else is: the limit is of all that a user runs.
const USER: u32 = 54_321;

#[test]
fn it_ends_at_once_and_says_how_many_it_needs() {
    for allowed in [1, 2, 5, 8, 12] {
        let scene = Scene::default();
        let mut command = Command::new("timeout");
        command.arg("20");
        if Uid::effective().is_root() {
            chown(scene.store(), Some(USER), None).unwrap();
            std::fs::set_permissions(
                scene.beside(""),
                std::os::unix::fs::PermissionsExt::from_mode(0o755),
            )
            .unwrap();
            command.args(["setpriv", &format!("--reuid={USER}"), "--clear-groups"]);
        }
        let start = Instant::now();
        let output = command
            .args(["prlimit", &format!("--nproc={allowed}")])
            .arg(binary())
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("DB_PATH", scene.db())
            .output()
            .unwrap();
        let said = assert_exit(&output, 71);
        assert!(
            said.contains("threads") && said.contains("limit of pids"),
            "{said}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
    }
}
