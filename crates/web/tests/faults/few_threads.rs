//! Too few threads allowed.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::support::web_binary;

/// A user that nobody else is: the limit is of all that a user runs.
const USER: u32 = 54_322;

#[test]
fn it_ends_at_once_and_says_how_many_it_needs() {
    for allowed in [1, 2, 3] {
        let mut command = Command::new("timeout");
        command.arg("20");
        if Uid::effective().is_root() {
            command.args(["setpriv", &format!("--reuid={USER}"), "--clear-groups"]);
        }
        let start = Instant::now();
        let output = command
            .args(["prlimit", &format!("--nproc={allowed}")])
            .arg(web_binary())
            .env("BIND_ADDR", "127.0.0.1:0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(71), "{said}");
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
