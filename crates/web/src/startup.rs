//! Puts the application together, runs it, and stops it gracefully.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use actix_server::Server;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use thiserror::Error as ThisError;

use crate::api::client::ApiClient;
use crate::compression::compress;
use crate::config::Config;
use crate::kept_pages::KeptPages;
use crate::limits;
use crate::list_loader::ListLoader;
use crate::own_site::{OwnSite, PUBLIC_URL};
use crate::pages::error::{refused, render_errors};
use crate::process::client::TrustedProxies;
use crate::process::clock::{self, ClockError};
use crate::process::environment::BIND_ADDR;
use crate::process::head::refuse_large_heads;
use crate::process::in_flight::{InFlight, count_answers};
use crate::process::listener;
use crate::process::networks::{Networks, TRUSTED_PROXIES};
use crate::process::server::http_service;
use crate::process::signals::StopSignals;
use crate::process::state::ProcessState;
use crate::request_log::log_requests;
use crate::routes;
use crate::same_origin::refuse_other_sites;
use crate::security_headers::add_security_headers;
use crate::service;
use crate::session_cookie::forget_ended_sessions;
use crate::sign_in::{SIGN_IN, SignIn};
use crate::templates::{Site, Templates};
use crate::write_rate::{WriteLimit, limit_writes};

/// The web could not be started.
#[derive(Debug, ThisError)]
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
    /// The client for the api cannot be set up.
    #[error("cannot set up the client for the api: {0}")]
    ApiClient(#[from] reqwest::Error),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signal(#[source] io::Error),
    /// A template cannot be parsed.
    #[error("cannot parse the templates: {0}")]
    Templates(#[from] tera::Error),
}

impl StartupError {
    /// Whether another configuration would help, and trying again would not.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Bind { .. } | Self::Clock(_) => true,
            Self::ApiClient(_) | Self::Signal(_) | Self::Templates(_) => false,
        }
    }
}

/// The web, listening but not yet answering.
pub struct Application {
    port: u16,
    server: Server,
    process: Arc<ProcessState>,
    signals: StopSignals,
}

/// What handlers share.
#[derive(Clone)]
struct State {
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
    kept_pages: web::Data<KeptPages>,
    in_flight: InFlight,
    process: web::Data<ProcessState>,
    proxies: web::Data<TrustedProxies>,
    site: web::Data<OwnSite>,
    write_limit: web::Data<WriteLimit>,
    sign_in: web::Data<SignIn>,
}

impl Application {
    /// Loads templates, sets up the clients for the api, and listens.
    ///
    /// # Errors
    /// [`StartupError`]
    pub fn build(config: Config) -> Result<Self, StartupError> {
        let Config {
            bind_addr: address,
            api_url,
            public_url,
            api_token,
            sign_in,
            trusted_proxies,
            write_rate,
            write_rate_exempt,
            log: _,
            reload_templates,
        } = config;
        if let Err(error) = listener::raise_open_files() {
            log::warn!("cannot raise the limit of open files: {error}");
        }
        clock::check()?;
        // Before anybody can know that the service is there, and stop it.
        let signals = StopSignals::catch().map_err(StartupError::Signal)?;
        let bind_failure = |source| StartupError::Bind { address, source };
        let listener = listener::listen(address).map_err(bind_failure)?;
        let port = listener.local_addr().map_err(bind_failure)?.port();

        let workers = available_parallelism().map_or(1, usize::from);
        let in_flight = InFlight::start();
        let new_client = || ApiClient::new(api_url.clone(), api_token.as_ref(), in_flight);
        let client = new_client()?;
        let mut clients = vec![client.clone()];
        for _ in 1..workers {
            clients.push(new_client()?);
        }
        // A worker that is started again finds none left and shares the first.
        let clients = Arc::new(Mutex::new(clients));
        let about_site = Site {
            has_accounts: sign_in == SignIn::Local,
            is_open: sign_in.is_open_on(address.ip()),
        };
        if about_site.is_open {
            log::warn!(
                "{SIGN_IN} is none: whoever reaches {address} can read and change everything"
            );
        }
        let templates = web::Data::new(Templates::load(reload_templates)?.with_site(about_site)?);
        let kept_pages = web::Data::new(KeptPages::default());
        let process = Arc::new(ProcessState::started());
        let shared_process = web::Data::from(Arc::clone(&process));

        let nobody_is_trusted = trusted_proxies == Networks::default();
        let proxies = TrustedProxies(trusted_proxies);
        let shared_proxies = web::Data::new(proxies.clone());
        let site = OwnSite::new(public_url, address.ip());
        if site == OwnSite::Any {
            log::info!("{PUBLIC_URL} is not set: this site answers to every name");
        }
        if site.is_over_tls() && nobody_is_trusted {
            log::warn!(
                "{PUBLIC_URL} is https and {TRUSTED_PROXIES} is not set: whatever comes through the proxy that speaks TLS counts \
                 as one client, whose attempts to sign in slow down everybody's"
            );
        }
        let site = web::Data::new(site);
        let write_limit = web::Data::new(WriteLimit::new(write_rate, write_rate_exempt));

        let sign_in = web::Data::new(sign_in);

        let refusal_templates = templates.clone();
        let refused = move |refusal, id| refused(&refusal_templates, refusal, id);
        let app = move || {
            let own = clients.lock().unwrap_or_else(PoisonError::into_inner).pop();
            app(State {
                api: web::Data::new(own.unwrap_or_else(|| client.clone())),
                templates: templates.clone(),
                kept_pages: kept_pages.clone(),
                in_flight,
                process: shared_process.clone(),
                proxies: shared_proxies.clone(),
                site: site.clone(),
                write_limit: write_limit.clone(),
                sign_in: sign_in.clone(),
            })
        };
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
                http_service(app, refused, proxies, workers, stop),
            )
            .map_err(bind_failure)?
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
            signals,
        })
    }

    /// The port listened on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers requests until SIGTERM or SIGINT; then is not ready at once, and ends when the requests in flight are
    /// answered, or after [`limits::STOP_TIMEOUT`].
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self {
            server,
            process,
            signals,
            ..
        } = self;
        let handle = server.handle();
        let stop = async {
            let signal = signals.wait().await;
            process.begin_to_stop();
            log::info!(signal = signal; "stopping: finishing the requests in flight");
            handle.stop(true).await;
            Ok(())
        };
        tokio::try_join!(server, stop)?;
        log::info!("stopped");
        Ok(())
    }
}

/// Middleware listed last is outermost.
fn app(
    state: State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let list_loader = ListLoader::new(
        state.api.clone(),
        state.templates.clone(),
        state.kept_pages,
        state.in_flight,
    );
    let sign_in = *state.sign_in.as_ref();
    App::new()
        .app_data(state.api)
        .app_data(state.templates)
        .app_data(web::Data::new(list_loader))
        .app_data(state.process)
        .app_data(state.in_flight)
        .app_data(state.proxies)
        .app_data(state.site)
        .app_data(state.write_limit)
        .app_data(state.sign_in)
        .configure(|config| routes::configure(config, sign_in))
        .wrap(from_fn(count_answers))
        .wrap(from_fn(limit_writes))
        .wrap(from_fn(refuse_other_sites))
        .wrap(from_fn(refuse_large_heads))
        .wrap(from_fn(render_errors))
        .wrap(from_fn(forget_ended_sessions))
        .wrap(from_fn(compress))
        .wrap(from_fn(add_security_headers))
        .wrap(from_fn(log_requests))
}

#[cfg(test)]
mod tests;
