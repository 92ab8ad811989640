//! What people's browsers call this site, and whether they asked for it.
//!
//! A page of another site can have its own name lead to our address ("DNS rebinding"). To the browser our pages are then
//! that site's, and its scripts may read them. All that tells is the name that the browser asked for.

use std::borrow::Borrow;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::{Authority, Uri};
use url::{Host, Origin, Url};

use crate::list_view::TASKS_PATH;
use crate::process::client::Client;

/// `PUBLIC_URL`: where people find the site.
pub const PUBLIC_URL: &str = "PUBLIC_URL";
/// What a proxy says that it was asked for, where it asks us for something else.
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Which names are this site's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnSite {
    /// That of `PUBLIC_URL`.
    Url(Url),
    /// Those that every machine has for itself, with any port: it is forwarded, perhaps.
    Loopback,
    /// Nobody has said so.
    Any,
}

/// What a request was sent to, as it says: a host and perhaps a port, or something that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a>(&'a str);

impl OwnSite {
    /// That of a web listening on `address`, with this `PUBLIC_URL`.
    #[must_use]
    pub fn new(public_url: Option<Url>, address: IpAddr) -> Self {
        match public_url {
            Some(url) if url.host().is_some_and(is_loopback) => Self::Loopback,
            Some(url) => Self::Url(url),
            None if address.to_canonical().is_loopback() => Self::Loopback,
            None => Self::Any,
        }
    }

    /// Whether people find it over TLS, whatever a proxy in front of us says of a request.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        matches!(self, Self::Url(url) if url.scheme() == "https")
    }

    /// Whether this is one of its names. Ports may be others: what is in front of us may have its own.
    #[must_use]
    pub fn is_asked(&self, asked: Asked<'_>) -> bool {
        match self {
            Self::Url(url) => url.host().map(|host| host.to_owned()) == asked.host(),
            Self::Loopback => asked.host().as_ref().is_some_and(is_loopback),
            Self::Any => true,
        }
    }

    /// Whether a page of `origin` is ours, where the request was sent to `asked`.
    #[must_use]
    pub fn is_ours(&self, origin: &Url, asked: Option<Asked<'_>>) -> bool {
        let ours = match self {
            Self::Url(url) => Some(url.origin()),
            // TLS may end before us, so only the origin tells the scheme, and with it the default port.
            Self::Loopback | Self::Any => asked.and_then(|asked| asked.origin(origin.scheme())),
        };
        ours.is_some_and(|ours| ours.is_tuple() && ours == origin.origin())
    }

    /// What links begin with that lead here from elsewhere, where that is known.
    #[must_use]
    pub fn base(&self, asked: Option<Asked<'_>>, over_tls: bool) -> Option<String> {
        let scheme = if over_tls { "https" } else { "http" };
        match self {
            Self::Url(url) => Some(url.origin().ascii_serialization()),
            Self::Loopback | Self::Any => {
                let origin = asked?.origin(scheme)?;
                Some(origin.ascii_serialization())
            }
        }
    }

    /// The tasks, for somebody who asked for another site.
    #[must_use]
    pub fn tasks_url(&self, asked: Asked<'_>) -> String {
        match self {
            Self::Url(url) => format!("{}{TASKS_PATH}", url.as_str().trim_end_matches('/')),
            Self::Loopback => {
                let port = asked.authority().and_then(|asked| asked.port_u16());
                let port = port.map_or_else(String::new, |port| format!(":{port}"));
                format!("http://localhost{port}{TASKS_PATH}")
            }
            Self::Any => TASKS_PATH.to_owned(),
        }
    }
}

impl<'a> Asked<'a> {
    /// What `request` was sent to. None where it does not say, as HTTP/1.0 need not: no browser speaks that.
    #[must_use]
    pub fn of(request: &'a ServiceRequest) -> Option<Self> {
        let client = Client::of(request.request());
        Self::find(request.uri(), request.headers(), client)
    }

    /// The same of a request that is being handled.
    #[must_use]
    pub fn of_handled(request: &'a HttpRequest) -> Option<Self> {
        Self::find(request.uri(), request.headers(), Client::of(request))
    }

    /// A trusted proxy knows best; then what stands in the request line counts, and then `Host` (RFC 9112, section 3.3).
    fn find(uri: &'a Uri, headers: &'a HeaderMap, client: Client) -> Option<Self> {
        // What is no text is no name either.
        let text = |value: &'a HeaderValue| value.to_str().unwrap_or_default();
        let forwarded = headers
            .get_all(&X_FORWARDED_HOST)
            .next_back()
            .filter(|_| client.is_proxied)
            .map(|value| text(value).rsplit(',').next().unwrap_or_default());
        let asked = forwarded
            .or_else(|| uri.authority().map(Authority::as_str))
            .or_else(|| headers.get(HOST).map(text))?;
        Some(Self(asked.trim()))
    }

    fn authority(self) -> Option<Authority> {
        self.0.parse().ok()
    }

    fn host(self) -> Option<Host> {
        Host::parse(self.authority()?.host()).ok()
    }

    fn origin(self, scheme: &str) -> Option<Origin> {
        let authority = self.authority()?;
        let url = Url::parse(&format!("{scheme}://{authority}")).ok()?;
        Some(url.origin())
    }
}

fn is_loopback<S: AsRef<str>>(host: impl Borrow<Host<S>>) -> bool {
    match host.borrow() {
        Host::Domain(name) => {
            let name = name.as_ref().trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests;
