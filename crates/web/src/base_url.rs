//! URLs that name a site and nothing on it.

use url::Url;

/// Reads `http://` or `https://` with a host and perhaps a port, and nothing more.
#[must_use]
pub fn parse(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare).then_some(url)
}
