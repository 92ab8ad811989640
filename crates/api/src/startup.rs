//! From a [`Config`] to a running service, and from a signal to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_server::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use nix::libc::SIGXFSZ;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use crate::accounts::attempts::Attempts;
use crate::accounts::hashing::Hasher;
use crate::config::Config;
use crate::http::auth::RequiredToken;
use crate::http::error;
use crate::http::routes;
use crate::limits;
use crate::process::api_token::API_TOKEN;
use crate::process::client::TrustedProxies;
use crate::process::clock::{self, ClockError};
use crate::process::environment::BIND_ADDR;
use crate::process::head::refuse_large_heads;
use crate::process::in_flight::{InFlight, count_answers};
use crate::process::listener;
use crate::process::server::http_service;
use crate::process::signals::StopSignals;
use crate::process::state::ProcessState;
use crate::request_log::log_requests;
use crate::service;
use crate::store::{Keeper, Keeping, StoreFailure};

/// Why the service did not start.
#[derive(Debug, Error)]
pub enum StartupError {
    /// The address cannot be listened on.
    #[error("{BIND_ADDR}: cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No answer could have a date.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signal(#[source] io::Error),
    /// The thread that opens the store ended early.
    #[error("opening the store was interrupted")]
    Interrupted,
}

impl StartupError {
    /// Whether starting again would fail in the same way until somebody changes something.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Bind { .. } | Self::Clock(_) => true,
            Self::Store(failure) => failure.is_configuration(),
            Self::Signal(_) | Self::Interrupted => false,
        }
    }
}

/// Why the service ended without being told to.
#[derive(Debug, Error)]
pub enum StopError {
    /// The HTTP server ended.
    #[error("the HTTP server failed: {0}")]
    Server(#[source] io::Error),
    /// The store cannot be kept.
    #[error(transparent)]
    Store(StoreFailure),
    /// The disk cannot be trusted until the store is opened anew, or the store's files were taken away.
    #[error(transparent)]
    StoreUntrusted(StoreFailure),
}

impl StopError {
    /// Whether starting again would fail in the same way until somebody changes something.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Store(failure) => failure.is_configuration(),
            Self::Server(_) | Self::StoreUntrusted(_) => false,
        }
    }
}

/// The service, listening.
pub struct Application {
    port: u16,
    server: Server,
    process: Arc<ProcessState>,
    keeper: Keeper,
    signals: StopSignals,
}

impl Application {
    /// Listens on the configured address and opens the store, or begins to wait for it.
    ///
    /// # Errors
    /// Why it cannot start.
    pub async fn build(config: Config) -> Result<Self, StartupError> {
        if let Err(error) = listener::raise_open_files() {
            log::warn!("cannot raise the limit of open files: {error}");
        }
        // A write beyond the limit of a file's size (RLIMIT_FSIZE) fails then, where it would end the process else.
        let _caught = signal(SignalKind::from_raw(SIGXFSZ)).map_err(StartupError::Signal)?;
        clock::check()?;
        // Before anybody can know that the service is there, and stop it.
        let signals = StopSignals::catch().map_err(StartupError::Signal)?;
        let address = config.bind_addr;
        let bind_error = |source| StartupError::Bind { address, source };
        let listener = listener::listen(address).map_err(bind_error)?;
        let port = listener.local_addr().map_err(bind_error)?.port();
        let db_path = config.db_path.clone();
        let keeping = Keeping {
            journal: config.db_journal,
            backups: config.backups.clone(),
            most_bytes: config.max_store,
        };
        let opening = tokio::task::spawn_blocking(move || Keeper::start(&db_path, keeping));
        let (store, keeper) = opening.await.map_err(|_| StartupError::Interrupted)??;
        let process = Arc::new(ProcessState::started());

        let store = web::Data::new(store);
        let state = web::Data::from(Arc::clone(&process));
        if config.api_token.is_none() {
            log::warn!(
                "{API_TOKEN} is not set: anybody who reaches {address} may read and change everything"
            );
        }
        let token = web::Data::new(RequiredToken(config.api_token));
        let proxies = TrustedProxies(config.trusted_proxies);
        let shared_proxies = web::Data::new(proxies.clone());
        let (hasher, attempts) = (
            web::Data::new(Hasher::new()),
            web::Data::new(Attempts::new()),
        );
        let in_flight = InFlight::start();
        let app = move || {
            App::new()
                .app_data(in_flight)
                .app_data(store.clone())
                .app_data(state.clone())
                .app_data(token.clone())
                .app_data(hasher.clone())
                .app_data(attempts.clone())
                .app_data(shared_proxies.clone())
                .configure(routes::configure)
                .wrap(from_fn(count_answers))
                .wrap(from_fn(refuse_large_heads))
                .wrap(from_fn(log_requests))
        };
        let workers = available_parallelism().map_or(1, usize::from);
        let server = Server::build()
            .workers(workers)
            .max_concurrent_connections(
                limits::MAX_CONNECTIONS.div_ceil(workers) + limits::SPARE_CONNECTIONS,
            )
            .shutdown_timeout(limits::STOP_TIMEOUT.as_secs())
            .disable_signals();
        let stop = server.graceful_shutdown_signal();
        let server = server
            .listen(
                service::NAME,
                listener,
                http_service(app, error::refused, proxies, workers, stop),
            )
            .map_err(bind_error)?
            .run();
        log::info!(
            version = crate::VERSION,
            git_sha = crate::GIT_SHA,
            address = address.ip().to_string().as_str(),
            port = port;
            "listening"
        );
        Ok(Self {
            port,
            server,
            process,
            keeper,
            signals,
        })
    }

    /// The port it listens on: the system's choice where port 0 was asked for.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until SIGTERM or SIGINT, see [`Self::run_until`].
    ///
    /// # Errors
    /// Why it ended otherwise.
    pub async fn run_until_stopped(self) -> Result<(), StopError> {
        let Self {
            server,
            process,
            keeper,
            signals,
            ..
        } = self;
        serve(server, process, keeper, signals.wait()).await
    }

    /// Serves until `stop` is there, then says that it is not ready, finishes the requests in flight, and closes the
    /// store.
    ///
    /// # Errors
    /// Why it ended otherwise.
    pub async fn run_until(
        self,
        stop: impl Future<Output = &'static str>,
    ) -> Result<(), StopError> {
        serve(self.server, self.process, self.keeper, stop).await
    }
}

async fn serve(
    server: Server,
    process: Arc<ProcessState>,
    mut keeper: Keeper,
    stop: impl Future<Output = &'static str>,
) -> Result<(), StopError> {
    let handle = server.handle();
    let stopping = async {
        let reason = stop.await;
        process.begin_to_stop();
        log::info!(reason = reason; "stopping: finishing the requests in flight");
        handle.stop(true).await;
        Ok(())
    };
    tokio::select! {
        ended = async { tokio::try_join!(async { server.await.map_err(StopError::Server) }, stopping) } => {
            ended?;
        }
        failure = keeper.failed() => {
            // The store is not closed: what this process remembers of it must not be written any more.
            return Err(match failure {
                StoreFailure::Untrusted(_) | StoreFailure::Lost { .. } => {
                    StopError::StoreUntrusted(failure)
                }
                StoreFailure::Open(_) | StoreFailure::Lock(_) | StoreFailure::Thread(_) => {
                    StopError::Store(failure)
                }
            });
        }
    }
    let closing = tokio::task::spawn_blocking(move || keeper.stop());
    if closing.await.is_err() {
        log::error!("closing the store was interrupted");
    }
    log::info!("stopped");
    Ok(())
}
