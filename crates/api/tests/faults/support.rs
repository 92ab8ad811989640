//! What every test here needs: a folder for a store with a shim between it and the api, api processes, clients that
//! keep it busy and remember what was acknowledged, and a look into the store afterwards.

pub mod api;
pub mod ledger;
pub mod load;
pub mod shim;
pub mod store;

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes, on a machine that does much else.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits until `holds` does.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "waited too long until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sleeps for a random time below `most`.
pub fn sleep_up_to(most: Duration) {
    thread::sleep(most.mul_f64(rand::random()));
}
