//! Who sends a request: the address that the connection comes from, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{HttpMessage, HttpRequest, web};

use crate::process::networks::Networks;

/// What a proxy adds the address to that a request came to it from. `Forwarded` (RFC 7239) is not read: a proxy that
/// does not know it passes on what a client invented.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Networks);

/// The client of a request, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    /// None where the connection was gone before it could be asked.
    pub address: Option<IpAddr>,
    /// Whether the request was handed on by a trusted proxy, whose headers are believed.
    pub is_proxied: bool,
}

impl Client {
    /// That of a request which has just arrived, remembered for [`Self::of`].
    #[must_use]
    pub fn find(request: &ServiceRequest) -> Self {
        let proxies = request.app_data::<web::Data<TrustedProxies>>();
        let peer = request.peer_addr().as_ref().map(SocketAddr::ip);
        let client = match (peer, proxies) {
            (Some(peer), Some(proxies)) => Self::behind(&proxies.0, peer, request.headers()),
            (address, _) => Self {
                address: address.map(|address| address.to_canonical()),
                is_proxied: false,
            },
        };
        request.extensions_mut().insert(client);
        client
    }

    /// That of a request which is being handled.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }

    /// The last of those who handed the request on that is not a trusted proxy.
    fn behind(proxies: &Networks, peer: IpAddr, headers: &HeaderMap) -> Self {
        let mut address = peer.to_canonical();
        let is_proxied = proxies.contains(address);
        let mut hops = headers
            .get_all(&X_FORWARDED_FOR)
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','));
        while proxies.contains(address)
            && let Some(hop) = hops.next().and_then(parse_hop)
        {
            address = hop;
        }
        Self {
            address: Some(address),
            is_proxied,
        }
    }
}

/// Some proxies write the port, too.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim();
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    let address = hop.parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
}
