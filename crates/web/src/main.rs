//! Reads the configuration, starts the log, runs what was asked for, and turns failure into an exit code.

use std::process::ExitCode;

use task_tracker_web::cli::{self, Command};
use task_tracker_web::process::command;
use task_tracker_web::service;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)).and_then(cli::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            command::print_error(&format!("{}: {failure}\n", service::NAME));
            failure.exit_code()
        }
    }
}
