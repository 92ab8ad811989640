//! What every command of the program needs: exit codes, a way to print, a runtime.

use std::io::{self, Write};

use actix_web::rt::System;
use tokio::runtime;

/// Exit code of `sysexits.h`: the command was used wrongly.
pub const EX_USAGE: u8 = 64;
/// Exit code of `sysexits.h`: the disk can no longer be trusted.
pub const EX_IOERR: u8 = 74;
/// Exit code of `sysexits.h`: something is configured in a way that cannot work.
pub const EX_CONFIG: u8 = 78;

/// Writes `text` to standard output.
///
/// # Errors
/// When it is closed.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
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
