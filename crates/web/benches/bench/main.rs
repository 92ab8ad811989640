//! Measures Task Tracker beside a handler that does nothing but answer, and beside any other running server with the
//! same routes. `.ci/bench` builds what it needs and says how to use it.
//!
//! Whatever is compared is measured in rounds that take turns, so that a machine that becomes busier is busier for all.
//! Every answer is checked: the run fails where one was wrong, and never for being slow.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is what this program is for"
)]

mod api_read;
mod api_write;
mod bare;
mod baseline;
mod bench;
mod forms;
mod growth;
mod http;
mod load;
mod machine;
mod memory;
mod mixed;
mod overload;
mod page;
mod report;
mod server;
mod slow_disk;
mod start;
mod store;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::bench::Bench;

type Subcommand = (&'static str, fn(&mut Bench) -> Result<()>);

const SUBCOMMANDS: [Subcommand; 8] = [
    ("api-read", api_read::run),
    ("api-write", api_write::run),
    ("page", page::run),
    ("mixed", mixed::run),
    ("start", start::run),
    ("memory", memory::run),
    ("growth", growth::run),
    ("overload", overload::run),
];

fn main() -> ExitCode {
    // Cargo itself passes --bench.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let outcome = match arguments.split_first() {
        Some((first, settings)) if first == bare::SUBCOMMAND => {
            bare::serve(settings).map(|()| true)
        }
        _ => measure(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the subcommands asked for, all where none is; true if every answer was right.
fn measure(names: &[String]) -> Result<bool> {
    let all = names.is_empty() || names.iter().any(|name| name == "all");
    let known = |name: &String| name == "all" || SUBCOMMANDS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let known = SUBCOMMANDS.map(|(name, _)| name).join(", ");
        bail!("there is no {unknown}; there are {known} and all");
    }
    let mut bench = Bench::prepare(names)?;
    for (name, run) in SUBCOMMANDS {
        if all || names.iter().any(|asked| asked == name) {
            run(&mut bench)?;
        }
    }
    Ok(bench.report.finish())
}
