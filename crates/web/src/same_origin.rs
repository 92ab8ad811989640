//! Middleware that refuses what was sent to another site, and what another site makes a browser send.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use url::Url;

use crate::error::WebError;
use crate::own_site::{Asked, OwnSite};
use crate::process::refusal::refuse;
use crate::routes::health;

/// Middleware: lets a request pass only where it was sent to this site, and one that changes something only when it
/// comes from our own pages, or from no page at all (a command line tool sends neither header). What asks whether the
/// process is well may know it by its address alone.
///
/// # Errors
/// Those of the handlers.
pub async fn refuse_other_sites(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let site = request.app_data::<web::Data<OwnSite>>();
    let site = site.map_or(&OwnSite::Any, |site| site.as_ref());
    if let Some(error) = refusal(site, &request) {
        return Ok(refuse(request, error).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn refusal(site: &OwnSite, request: &ServiceRequest) -> Option<WebError> {
    let asked = Asked::of(request);
    if let Some(asked) = asked
        && !health::PATHS.contains(&request.path())
        && !site.is_asked(asked)
    {
        let tasks = site.tasks_url(asked);
        return Some(WebError::OtherSite { tasks });
    }
    let passes = request.method().is_safe() || is_same_origin(site, asked, request.headers());
    (!passes).then_some(WebError::CrossSite)
}

fn is_same_origin(site: &OwnSite, asked: Option<Asked<'_>>, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| Url::parse(origin).ok());
    origin.is_some_and(|origin| site.is_ours(&origin, asked))
}

#[cfg(test)]
mod tests;
