//! What the program can be asked to do, and how each way of failing ends the process.

use std::ffi::OsString;
use std::io;
use std::num::NonZero;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;

use thiserror::Error;

use crate::config::Config;
use crate::domain::{User, UserName};
use crate::process::command::{self, EX_CONFIG, EX_IOERR, EX_OSERR, EX_USAGE};
use crate::process::environment::ConfigError;
use crate::process::healthcheck::{self, HealthcheckError};
use crate::process::telemetry::{self, TelemetryError};
use crate::process::threads::{self, TooFewThreads};
use crate::startup::{Application, StartupError, StopError};
use crate::store::{self, BackupError, OperatorError};

/// Threads that serving needs, whatever the processors: the log, the server's own, the store's keeper, writer,
/// checkpointer, scheduler and check, the pool's three, one that blocks, one that hashes a password, and one to
/// spare.
const THREADS: usize = 13;

const HELP: &str = "\
The internal REST API of Task Tracker.

Usage: api [COMMAND]

Without a command, serves the API until SIGTERM or SIGINT.

Commands:
  healthcheck    ask the running service whether it is alive; exit code 0 or 1
  backup FILE    copy the store, also while it is in use; - writes to standard output
  restore FILE   put a copy in the store's place, while no api runs; - reads standard input
  check          verify the store and say what it is
  setup-code     show the code that the first account is made with
  user list      show who has an account
  user link NAME make a link with which NAME chooses another password, once
  openapi        print the OpenAPI document

Options:
  --version      print the version and the commit it was built from
  --help         print this

Environment (defaults in parentheses):
  BIND_ADDR          address and port to listen on (127.0.0.1:8000)
  DB_PATH            the SQLite file (data/tasks.db)
  DB_JOURNAL         wal or truncate (chosen by the file system)
  MAX_STORE          most the SQLite file, or all copies, may take, such as 2GB (no limit)
  BACKUP_DIR         folder for scheduled copies (none are made)
  BACKUP_EVERY       time between them (1h)
  API_TOKEN          bearer token of 32 characters or more that requests under /api/ must carry (none)
  TRUSTED_PROXIES    whose X-Forwarded- headers are believed, such as 10.0.0.0/8,::1 (nobody's)
  RUST_LOG           log directives, such as info,task_tracker_api=debug (info)
  LOG_FORMAT         text or json (text)
";

/// One run of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Serve until told to stop.
    Serve,
    /// Ask the running service whether it is alive.
    Healthcheck,
    /// Copy the store.
    Backup(CopyFile),
    /// Put a copy in the store's place.
    Restore(CopyFile),
    /// Verify the store.
    Check,
    /// Show the code that the first account is made with.
    SetupCode,
    /// Show who has an account.
    UserList,
    /// Make a link with which somebody chooses another password.
    UserLink(OsString),
    /// Print the OpenAPI document.
    OpenApi,
    /// Print version and commit.
    Version,
    /// Print how to use the program.
    Help,
}

/// Where a copy of the store is written to or read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFile {
    /// Standard output or standard input.
    Standard,
    /// A file.
    Path(PathBuf),
}

impl From<OsString> for CopyFile {
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Standard
        } else {
            Self::Path(argument.into())
        }
    }
}

/// Why a run failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// No such command.
    #[error("{0:?} is not understood; see api --help")]
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
    #[error(transparent)]
    Stop(#[from] StopError),
    /// No copy was made or put back, or the store is not well.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// An operator was not told, or nothing was done.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A command lacks somebody's name.
    #[error("user link needs a name; api user list shows all, see api --help")]
    MissingName,
    /// Nobody could be called that.
    #[error("{0:?} is no name; api user list shows all, see api --help")]
    Name(OsString),
    /// A command lacks its file.
    #[error("{0} needs a file, or - for a stream; see api --help")]
    MissingFile(&'static str),
    /// The running service is not well.
    #[error("unhealthy: {0}")]
    Healthcheck(#[from] HealthcheckError),
    /// Standard input is closed.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// Standard output is closed.
    #[error("cannot write the answer: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The exit code that tells a supervisor what kind of failure it was.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::MissingFile(_) | Self::MissingName | Self::Name(_) => {
                EX_USAGE.into()
            }
            Self::Backup(failure) if failure.is_usage() => EX_USAGE.into(),
            Self::Config(_) => EX_CONFIG.into(),
            Self::Threads(_) => EX_OSERR.into(),
            Self::Startup(failure) if failure.is_configuration() => EX_CONFIG.into(),
            Self::Stop(failure) if failure.is_configuration() => EX_CONFIG.into(),
            Self::Backup(BackupError::Open(error)) if error.is_configuration() => EX_CONFIG.into(),
            Self::Stop(StopError::StoreUntrusted(_)) => EX_IOERR.into(),
            Self::Telemetry(_)
            | Self::Runtime(_)
            | Self::Startup(_)
            | Self::Stop(_)
            | Self::Backup(_)
            | Self::Operator(_)
            | Self::Healthcheck(_)
            | Self::Input(_)
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
            Some("backup") => Self::Backup(
                arguments
                    .next()
                    .ok_or(Failure::MissingFile("backup"))?
                    .into(),
            ),
            Some("restore") => Self::Restore(
                arguments
                    .next()
                    .ok_or(Failure::MissingFile("restore"))?
                    .into(),
            ),
            Some("check") => Self::Check,
            Some("setup-code") => Self::SetupCode,
            Some("user") => match arguments.next() {
                Some(what) if what == "list" => Self::UserList,
                Some(what) if what == "link" => {
                    Self::UserLink(arguments.next().ok_or(Failure::MissingName)?)
                }
                other => return Err(Failure::Usage(other.unwrap_or(first))),
            },
            Some("openapi") => Self::OpenApi,
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
        Command::Backup(target) => {
            let config = Config::from_env()?;
            let (db_path, journal) = (&config.db_path, config.db_journal);
            match target {
                CopyFile::Path(target) => {
                    let summary = store::backup(db_path, journal, &target)?;
                    print(&format!("{summary}\n"))
                }
                // Standard output has the copy: what was copied is told on the other stream.
                CopyFile::Standard => {
                    let summary = store::backup_to(db_path, journal, &mut io::stdout().lock())?;
                    command::print_error(&format!("{summary}\n"));
                    Ok(())
                }
            }
        }
        Command::Restore(copy) => {
            let config = Config::from_env()?;
            let (db_path, journal) = (&config.db_path, config.db_journal);
            let (summary, replaced) = match copy {
                CopyFile::Path(path) => {
                    store::restore(db_path, journal, &store::open_copy(db_path, &path)?)?
                }
                CopyFile::Standard => {
                    let input = io::stdin().as_fd().try_clone_to_owned();
                    store::restore(db_path, journal, &input.map_err(Failure::Input)?.into())?
                }
            };
            let aside = replaced.map_or(String::new(), |path| {
                format!("what was there is now {}\n", path.display())
            });
            print(&format!("{summary}\n{aside}"))
        }
        Command::Check => {
            let config = Config::from_env()?;
            let summary = store::check(&config.db_path, config.db_journal)?;
            print(&format!("{summary}\n"))
        }
        Command::SetupCode => {
            let config = Config::from_env()?;
            let code = store::setup_code(&config.db_path, config.db_journal)?;
            print(&format!("{code}\n"))
        }
        Command::UserList => {
            let config = Config::from_env()?;
            let users = store::users(&config.db_path, config.db_journal)?;
            print(&users.iter().map(described).collect::<String>())
        }
        Command::UserLink(name) => {
            let nobody = || Failure::Name(name.clone());
            let name = UserName::parse(name.to_str().ok_or_else(nobody)?).map_err(|_| nobody())?;
            let config = Config::from_env()?;
            let code = store::password_link(&config.db_path, config.db_journal, &name)?;
            print(&format!("/new-password?code={}\n", code.expose()))?;
            command::print_error(
                "Put the site's address before it. It can be used once, within seven days.\n",
            );
            Ok(())
        }
        Command::OpenApi => print(crate::http::openapi::document()),
        Command::Version => print(&format!("api {} ({})\n", crate::VERSION, crate::GIT_SHA)),
        Command::Help => print(HELP),
    }
}

fn serve(config: Config) -> Result<(), Failure> {
    // One for each processor that serves, and those that read.
    let processors = available_parallelism().map_or(1, NonZero::get);
    threads::check(THREADS + processors + processors.clamp(2, 8))?;
    let _log = telemetry::init(&config.log)?;
    let served = command::run(async {
        let application = Application::build(config).await?;
        application.run_until_stopped().await?;
        Ok(())
    });
    served.map_err(Failure::Runtime)?
}

/// A line about somebody: the id, what they may do, and last the name, which may have spaces.
fn described(user: &User) -> String {
    let may = match (user.disabled, user.administrator) {
        (true, _) => "disabled",
        (false, true) => "administrator",
        (false, false) => "user",
    };
    format!("{}\t{may}\t{}\n", user.id, user.name)
}

fn print(text: &str) -> Result<(), Failure> {
    command::print(text).map_err(Failure::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Option<Command> {
        Command::parse(arguments.iter().map(OsString::from)).ok()
    }

    #[test]
    fn each_command_is_understood() {
        assert_eq!(parse(&[]), Some(Command::Serve));
        assert_eq!(parse(&["healthcheck"]), Some(Command::Healthcheck));
        assert_eq!(parse(&["check"]), Some(Command::Check));
        assert_eq!(parse(&["setup-code"]), Some(Command::SetupCode));
        assert_eq!(parse(&["user", "list"]), Some(Command::UserList));
        assert_eq!(
            parse(&["user", "link", "ada"]),
            Some(Command::UserLink("ada".into()))
        );
        assert_eq!(parse(&["openapi"]), Some(Command::OpenApi));
        assert_eq!(parse(&["--version"]), Some(Command::Version));
        assert_eq!(parse(&["--help"]), Some(Command::Help));
        let file = || CopyFile::Path("copy.db".into());
        assert_eq!(parse(&["backup", "copy.db"]), Some(Command::Backup(file())));
        assert_eq!(
            parse(&["restore", "copy.db"]),
            Some(Command::Restore(file()))
        );
        assert_eq!(
            parse(&["backup", "-"]),
            Some(Command::Backup(CopyFile::Standard))
        );
    }

    #[test]
    fn nothing_else_is() {
        for bad in [
            &["serve"][..],
            &["backup"],
            &["backup", "a", "b"],
            &["check", "a"],
            &["user"],
            &["user", "link"],
            &["user", "link", "ada", "bob"],
            &["user", "list", "ada"],
            &[""],
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
