//! What the program can be asked to do, and how each way of failing ends the process.

use std::ffi::OsString;
use std::io;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use thiserror::Error;

use crate::config::Config;
use crate::process::command::{self, EX_CONFIG, EX_OSERR, EX_USAGE};
use crate::process::environment::ConfigError;
use crate::process::healthcheck::{self, HealthcheckError};
use crate::process::telemetry::{self, TelemetryError};
use crate::process::threads::{self, TooFewThreads};
use crate::startup::{Application, StartupError};

/// Threads that serving needs, whatever the processors: the log, the server's own, one that blocks, and one to spare.
const THREADS: usize = 4;

const HELP: &str = "\
The public frontend of Task Tracker: HTML pages over the internal API.

Usage: web [COMMAND]

Without a command, serves pages until SIGTERM or SIGINT.

Commands:
  healthcheck    ask the running service whether it is alive; exit code 0 or 1

Options:
  --version      print the version and the commit it was built from
  --help         print this

Environment (defaults in parentheses):
  BIND_ADDR        address and port to listen on (127.0.0.1:5000)
  API_URL          where the api answers (http://127.0.0.1:8000)
  PUBLIC_URL       where people find the site, such as https://tasks.example.com (any name; on loopback its own)
  API_TOKEN        bearer token the api asks for (none)
  SIGN_IN          local: with a name and a password that the api keeps; or none (none on loopback, else local)
  TRUSTED_PROXIES  whose X-Forwarded- headers are believed, such as 10.0.0.0/8,::1 (nobody's)
  WRITE_RATE       changes a second that one address may make, ten times as many at once; or off (20)
  WRITE_RATE_EXEMPT
                   who may make any number of them (127.0.0.0/8,::1)
  RUST_LOG         log directives, such as info,task_tracker_web=debug (info)
  LOG_FORMAT       text or json (text)
";

/// One run of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Serve until told to stop.
    Serve,
    /// Ask the running service whether it is alive.
    Healthcheck,
    /// Print version and commit.
    Version,
    /// Print how to use the program.
    Help,
}

/// Why a run failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// No such command.
    #[error("{0:?} is not understood; see web --help")]
    Usage(OsString),
    /// A variable of the environment cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system allows too few threads.
    #[error(transparent)]
    Threads(#[from] TooFewThreads),
    /// The log could not be started.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The asynchronous runtime could not be started.
    #[error("cannot start the runtime: {0}")]
    Runtime(#[source] io::Error),
    /// The service could not be started.
    #[error(transparent)]
    Startup(#[from] StartupError),
    /// The service ended in another way than by being told to stop.
    #[error("the server failed: {0}")]
    Serve(#[source] io::Error),
    /// The running service is not well.
    #[error("unhealthy: {0}")]
    Healthcheck(#[from] HealthcheckError),
    /// Standard output is closed.
    #[error("cannot write the answer: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The exit code that tells a supervisor what kind of failure it was.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => EX_USAGE.into(),
            Self::Config(_) => EX_CONFIG.into(),
            Self::Threads(_) => EX_OSERR.into(),
            Self::Startup(failure) if failure.is_configuration() => EX_CONFIG.into(),
            Self::Telemetry(_)
            | Self::Runtime(_)
            | Self::Startup(_)
            | Self::Serve(_)
            | Self::Healthcheck(_)
            | Self::Output(_) => ExitCode::FAILURE,
        }
    }
}

impl Command {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the first argument that is not understood.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Failure> {
        let mut arguments = arguments.into_iter();
        let Some(first) = arguments.next() else {
            return Ok(Self::Serve);
        };
        let command = match first.to_str() {
            Some("healthcheck") => Self::Healthcheck,
            Some("--version" | "-V") => Self::Version,
            Some("--help" | "-h") => Self::Help,
            _ => return Err(Failure::Usage(first)),
        };
        match arguments.next() {
            None => Ok(command),
            Some(extra) => Err(Failure::Usage(extra)),
        }
    }
}

/// Carries `command` out.
///
/// # Errors
/// How it failed.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve => serve(Config::from_env()?),
        Command::Healthcheck => {
            healthcheck::run(Config::from_env()?.bind_addr)?;
            print("healthy\n")
        }
        Command::Version => print(&format!("web {} ({})\n", crate::VERSION, crate::GIT_SHA)),
        Command::Help => print(HELP),
    }
}

fn serve(config: Config) -> Result<(), Failure> {
    // One for each processor serves.
    threads::check(THREADS + available_parallelism().map_or(1, NonZero::get))?;
    let _log = telemetry::init(&config.log)?;
    let served = command::run(async {
        let application = Application::build(config)?;
        application
            .run_until_stopped()
            .await
            .map_err(Failure::Serve)
    });
    served.map_err(Failure::Runtime)?
}

fn print(text: &str) -> Result<(), Failure> {
    command::print(text).map_err(Failure::Output)
}
