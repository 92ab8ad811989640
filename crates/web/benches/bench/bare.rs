//! The bare handler: what actix-web does by itself, in a process of its own, with the settings of both services. It is
//! the measure of everything else, since it takes out what the machine and the load generator can do.

use std::net::SocketAddr;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Context, Result, bail};
use task_tracker_web::limits;

/// The hidden subcommand that makes this program the bare handler.
pub const SUBCOMMAND: &str = "bare";

/// What it answers, whatever the path.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    /// Length of the body that `GET` is answered with, in bytes.
    pub get: usize,
    /// What `POST` is answered with, after its body was read. 303 leads to `/tasks`.
    pub post: StatusCode,
    /// Length of the body that `POST` and `PUT` are answered with, in bytes.
    pub written: usize,
}

impl Answers {
    /// Only `GET` matters.
    pub fn get(length: usize) -> Self {
        Self {
            get: length,
            post: StatusCode::CREATED,
            written: 200,
        }
    }

    /// As the arguments of the process that answers so at `address`.
    pub fn arguments(self, address: SocketAddr) -> [String; 5] {
        [
            SUBCOMMAND.to_owned(),
            address.to_string(),
            self.get.to_string(),
            self.post.as_u16().to_string(),
            self.written.to_string(),
        ]
    }
}

/// Serves until the process is ended. Takes what [`Answers::arguments`] gives, without the subcommand.
pub fn serve(arguments: &[String]) -> Result<()> {
    let [address, get, post, written] = arguments else {
        bail!("{SUBCOMMAND} takes an address, a length, a status and a length");
    };
    let address: SocketAddr = address.parse().context("the address")?;
    let post = StatusCode::from_u16(post.parse()?)?;
    let get = web::Bytes::from(vec![b'x'; get.parse()?]);
    let written = web::Bytes::from(vec![b'x'; written.parse()?]);
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            let (get, written) = (get.clone(), written.clone());
            App::new().default_service(web::to(move |request: HttpRequest, _body: web::Bytes| {
                let response = if request.method() == Method::GET {
                    answer(StatusCode::OK, &get)
                } else if request.method() == Method::POST {
                    answer(post, &written)
                } else {
                    answer(StatusCode::OK, &written)
                };
                std::future::ready(response)
            }))
        })
        .client_request_timeout(limits::HEAD_TIMEOUT)
        .keep_alive(limits::KEEP_ALIVE)
        .max_connections(limits::MAX_CONNECTIONS)
        .tcp_nodelay(true)
        .bind(address)?
        .run()
        .await?;
        Ok(())
    })
}

fn answer(status: StatusCode, body: &web::Bytes) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SEE_OTHER {
        response.insert_header((LOCATION, "/tasks"));
    }
    response.content_type("application/json").body(body.clone())
}
