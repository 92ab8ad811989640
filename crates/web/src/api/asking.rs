//! [`Asking`]: who asks the api, and for which request.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::process::client::Client;
use crate::process::request_id::RequestId;

/// What every call of the api carries. A handler takes it as an argument and hands it on.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// The id of the browser's request: the api logs the same.
    pub request_id: RequestId,
    /// The browser's address, for the log of the api.
    pub client: Option<IpAddr>,
}

impl FromRequest for Asking {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            request_id: RequestId::of(request),
            client: Client::of(request).address,
        }))
    }
}
