//! [`Asking`]: who asks the api, and for which request.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::domain::session_token::SessionToken;
use crate::process::client::Client;
use crate::process::request_id::RequestId;
use crate::scope::Scope;
use crate::session_cookie::SessionCookie;
use crate::sign_in::SignIn;

/// What every call of the api carries. A handler takes it as an argument and hands it on.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// The id of the browser's request: the api logs the same.
    pub request_id: RequestId,
    /// The browser's address, for the log of the api.
    pub client: Option<IpAddr>,
    /// Whom the answer is for; none where the person has to sign in first.
    pub scope: Option<Scope>,
}

impl Asking {
    /// The session to ask with.
    #[must_use]
    pub fn session(&self) -> Option<SessionToken> {
        match self.scope? {
            Scope::Everybody => None,
            Scope::Session(token) => Some(token),
        }
    }
}

impl FromRequest for Asking {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let scope = match SignIn::of(request) {
            SignIn::None => Some(Scope::Everybody),
            SignIn::Local => {
                let session = SessionCookie::of(request).read(request.headers());
                session.map(Scope::Session)
            }
        };
        ready(Ok(Self {
            request_id: RequestId::of(request),
            client: Client::of(request).address,
            scope,
        }))
    }
}
