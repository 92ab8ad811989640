//! The table of URLs.

use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, web};

use crate::error::WebError;
use crate::list_view::TASKS_PATH;
use crate::pages::account::{self, ACCOUNT_PATH, PASSWORD_PATH};
use crate::pages::invitation::{self, INVITATION_PATH};
use crate::pages::new_password::{self, NEW_PASSWORD_PATH};
use crate::pages::people::{self, PEOPLE_PATH};
use crate::pages::set_up::{self, SET_UP_PATH};
use crate::pages::sign_in::{self, SIGN_OUT_PATH};
use crate::pages::signed_out::SIGN_IN_PATH;
use crate::pages::{actions, add, edit, home, list};
use crate::sign_in::SignIn;

mod assets;
pub mod health;

/// Adds every URL the web answers.
pub fn configure(config: &mut web::ServiceConfig, sign_in: SignIn) {
    if sign_in == SignIn::Local {
        configure_accounts(config);
    }
    config
        .service(readable("/", home::show))
        .service(readable("/tasks", list::show))
        .service(web::resource("/tasks/add").route(web::post().to(add::submit)))
        .service(
            web::resource("/tasks/clear-completed").route(web::post().to(actions::clear_completed)),
        )
        .service(readable("/tasks/{id}/edit", edit::show).route(web::post().to(edit::submit)))
        .service(web::resource("/tasks/{id}/toggle").route(web::post().to(actions::toggle)))
        .service(web::resource("/tasks/{id}/delete").route(web::post().to(actions::delete)))
        .service(readable(health::READINESS, health::readiness))
        .service(readable(health::LIVENESS, health::liveness))
        .service(readable("/static/{name}", assets::asset))
        .default_service(web::to(unknown));
}

/// Adds those that are there where people have accounts.
fn configure_accounts(config: &mut web::ServiceConfig) {
    config
        .service(readable(SIGN_IN_PATH, sign_in::show).route(web::post().to(sign_in::submit)))
        .service(web::resource(SIGN_OUT_PATH).route(web::post().to(sign_in::sign_out)))
        .service(readable(SET_UP_PATH, set_up::show).route(web::post().to(set_up::submit)))
        .service(
            readable(INVITATION_PATH, invitation::show).route(web::post().to(invitation::submit)),
        )
        .service(
            readable(NEW_PASSWORD_PATH, new_password::show)
                .route(web::post().to(new_password::submit)),
        )
        .service(readable(ACCOUNT_PATH, account::show))
        .service(
            readable(PASSWORD_PATH, account::show_password)
                .route(web::post().to(account::change_password)),
        )
        .service(
            web::resource("/account/sessions/{id}/end").route(web::post().to(account::end_session)),
        )
        .service(readable(PEOPLE_PATH, people::show))
        .service(web::resource("/people/invitations").route(web::post().to(people::invite)))
        .service(
            web::resource("/people/invitations/{id}/withdraw")
                .route(web::post().to(people::withdraw)),
        )
        .service(
            web::resource("/people/{id}/password-link")
                .route(web::post().to(people::make_password_link)),
        )
        .service(web::resource("/people/{id}").route(web::post().to(people::change)));
}

/// A resource that answers `GET`, and `HEAD` with the same head.
fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}

/// A path of ours with a slash too many leads to the one without; any other is unknown.
async fn unknown(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let path = request.path();
    let trimmed = path.trim_end_matches('/');
    let is_ours = trimmed == TASKS_PATH || trimmed.starts_with("/tasks/");
    if !(is_ours && trimmed.len() < path.len() && request.method().is_safe()) {
        return Err(WebError::UnknownPath);
    }
    let query = request.query_string();
    let separator = if query.is_empty() { "" } else { "?" };
    Ok(HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, format!("{trimmed}{separator}{query}")))
        .finish())
}
