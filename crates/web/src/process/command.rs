//! What every command of the program needs: exit codes, a way to print, a runtime.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::rt::System;
use tokio::runtime;

/// Exit code of `sysexits.h`: the command was used wrongly.
pub const EX_USAGE: u8 = 64;
/// Exit code of `sysexits.h`: the system does not allow what is needed.
pub const EX_OSERR: u8 = 71;
/// Exit code of `sysexits.h`: the disk can no longer be trusted, or files were taken away.
pub const EX_IOERR: u8 = 74;
/// Exit code of `sysexits.h`: something is configured in a way that cannot work.
pub const EX_CONFIG: u8 = 78;

/// What is written to standard error must be taken within this time.
const ERROR_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes `text` to standard output, for as long as it takes: a person may be reading it page by page.
///
/// # Errors
/// When it is closed.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes `text` to standard error. Nothing is left to say it with if that fails.
pub fn print_error(text: &str) {
    let _ = write_in_time(io::stderr, text.to_owned(), ERROR_TIMEOUT);
}

/// Writes from a thread of its own, which is left behind when it takes too long: a pipe that nobody reads must not keep
/// the process from ending.
fn write_in_time<W: Write + 'static>(
    open: fn() -> W,
    text: String,
    timeout: Duration,
) -> io::Result<()> {
    let (done, written) = mpsc::channel();
    let write = move |text: &str| {
        let mut out = open();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    let own = text.clone();
    // Nobody waits any more if sending fails.
    let spawned = thread::Builder::new().spawn(move || drop(done.send(write(&own))));
    if spawned.is_err() {
        // No thread is left: then it is said from here.
        return write(&text);
    }
    written
        .recv_timeout(timeout)
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Runs `future` to its end on this thread, where servers can be started.
///
/// # Errors
/// When the system has no file left for what a runtime needs.
pub fn run<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(System::with_tokio_rt(move || runtime).block_on(future))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Instant;

    use super::*;

    /// A pipe that nobody reads.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_secs(60));
            Ok(0)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn output_that_nobody_takes_is_given_up() {
        let start = Instant::now();
        let timeout = Duration::from_millis(50);
        let result = write_in_time(|| Full, "text".to_owned(), timeout);
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn output_that_is_taken_is_written() {
        write_in_time(io::sink, "text".to_owned(), ERROR_TIMEOUT).unwrap();
    }
}
