//! What a server does with each connection.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::DispatchError;
use actix_server::{GracefulShutdownSignal, ServerServiceFactory};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse};

use crate::limits::{KEEP_ALIVE, LINGER, WRITE_BUFFER};
use crate::process::client::TrustedProxies;
use crate::process::connection::{Connection, Places, WriteAnswer};
use crate::process::refusal::Refusal;
use crate::process::request_id::RequestId;

/// What speaks HTTP on each connection of a server with so many `workers`, and hands requests to the app that `app`
/// makes.
///
/// What does not become a request is answered with what `answer` writes: a whole HTTP/1.1 answer that ends the
/// connection. Connections of one address are counted, unless it is that of a trusted proxy, which speaks for many.
pub fn http_service<A, F, B>(
    app: impl Fn() -> A + Send + Clone + 'static,
    answer: impl Fn(Refusal, RequestId) -> Vec<u8> + Send + Clone + 'static,
    TrustedProxies(trusted): TrustedProxies,
    workers: usize,
    stop: GracefulShutdownSignal,
) -> impl ServerServiceFactory<TcpStream>
where
    A: IntoServiceFactory<F, actix_http::Request>,
    F: ServiceFactory<
            actix_http::Request,
            Config = AppConfig,
            Response = actix_web::dev::ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    F::Future: 'static,
    B: MessageBody + 'static,
{
    move || {
        let stop = stop.clone();
        let answer: Rc<WriteAnswer> = Rc::new(answer.clone());
        let trusted = trusted.clone();
        let places = Places::share(workers);
        let app = app()
            .into_factory()
            .map_err(|error: Error| -> HttpResponse<BoxBody> { error.error_response() });
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            // Off: see `Connection`.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .h1_write_buffer_size(WRITE_BUFFER)
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.progress());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |socket: TcpStream| {
            let peer: Option<SocketAddr> = socket.peer_addr().ok();
            let address = peer.map(|peer| peer.ip().to_canonical());
            let counted = address.filter(|address| !trusted.contains(*address));
            let connection =
                Connection::accept(socket, address, counted, &places, Rc::clone(&answer));
            async move { Ok::<_, DispatchError>((connection?, peer)) }
        })
        .and_then(http)
    }
}
