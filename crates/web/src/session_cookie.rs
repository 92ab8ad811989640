//! The cookie that keeps a session: who is signed in.
//!
//! Over TLS its name has the prefix `__Host-` (RFC 6265bis), so that no neighbour of this site and nobody on the way can
//! set another one in its place.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, InvalidHeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};

use crate::cookies::{self, Travels};
use crate::domain::session_token::SessionToken;
use crate::own_site::OwnSite;
use crate::process::client::Client;
use crate::security_headers;
use crate::sign_in::SignIn;
use crate::templates::PAGE_CACHING;

/// The api ends no session later than that.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The cookie as this browser has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    name: &'static str,
    travels: Travels,
}

/// In a response's extensions: the session of the request has ended, or there is none.
struct SignedOut;

impl SessionCookie {
    /// That of a browser which speaks TLS, or does not.
    #[must_use]
    fn new(over_tls: bool) -> Self {
        let (name, travels) = match over_tls {
            true => ("__Host-session", Travels::OverTls),
            false => ("session", Travels::Anyhow),
        };
        Self { name, travels }
    }

    /// That of the browser which sent `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let site = request.app_data::<web::Data<OwnSite>>();
        let over_tls = site.is_some_and(|site| site.is_over_tls())
            || security_headers::is_over_tls(Client::of(request), request.headers());
        Self::new(over_tls)
    }

    /// The session the browser sent, if it is one.
    #[must_use]
    pub fn read(self, request: &HeaderMap) -> Option<SessionToken> {
        SessionToken::parse(cookies::get(request, self.name)?)
    }

    /// Has the browser keep this session, for as long as one can last.
    ///
    /// # Errors
    /// None that is known of: a cookie with a character it cannot have.
    pub fn keep(
        self,
        response: &mut HeaderMap,
        session: &SessionToken,
    ) -> Result<(), InvalidHeaderValue> {
        self.set(response, &session.expose(), KEPT)
    }

    /// Has the browser forget it.
    ///
    /// # Errors
    /// None that is known of: a cookie with a character it cannot have.
    pub fn forget(self, response: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        self.set(response, "", Duration::ZERO)
    }

    fn set(
        self,
        response: &mut HeaderMap,
        value: &str,
        kept: Duration,
    ) -> Result<(), InvalidHeaderValue> {
        cookies::set_for(self.travels, response, self.name, value, kept)
    }
}

/// Notes that who asked is not signed in, or not any more.
pub fn note_signed_out(response: &mut HttpResponse) {
    response.extensions_mut().insert(SignedOut);
}

/// Middleware: has the browser forget a session that has ended, and keep no page: going back after signing out shows none.
///
/// # Errors
/// Those of the handlers.
pub async fn forget_ended_sessions(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if SignIn::of(request.request()) == SignIn::None {
        return next.call(request).await;
    }
    let cookie = SessionCookie::of(request.request());
    let has_one = cookies::get(request.headers(), cookie.name).is_some();
    let mut response = next.call(request).await?;
    let is_over = response
        .response()
        .extensions()
        .get::<SignedOut>()
        .is_some();
    if has_one && is_over {
        cookie.forget(response.headers_mut())?;
    }
    let headers = response.headers_mut();
    if headers
        .get(CACHE_CONTROL)
        .is_some_and(|value| value == PAGE_CACHING)
    {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}
