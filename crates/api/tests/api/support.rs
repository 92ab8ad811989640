//! What the tests share: the api in this process or in one of its own, and answers that are held against the
//! OpenAPI document before a test looks at them.

pub mod answer;
pub mod app;
pub mod contract;
pub mod files;
pub mod people;
pub mod process;
pub mod raw;

pub use answer::Answer;
pub use app::TestApi;
pub use files::Store;
pub use process::Process;
pub use raw::Raw;

use std::time::{Duration, Instant};

/// Asks again and again until `found` gives something, for half a minute at the most.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut found: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "waited in vain: {what}"
        );
        pause(20).await;
    }
}

/// Waits.
pub async fn pause(milliseconds: u64) {
    actix_web::rt::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Says on the terminal, past the capture of test output, that a test could not be carried out here.
pub fn skipped(why: &str) {
    use std::io::Write;
    let name = std::thread::current().name().map(str::to_owned);
    let name = name.unwrap_or_default();
    let _ = writeln!(std::io::stderr(), "SKIPPED {name}: {why}");
}
