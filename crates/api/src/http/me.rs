//! What belongs to whoever is signed in: who they are, their password, their sessions.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::accounts::attempts::{Attempts, Tried};
use crate::accounts::hashing::Hasher;
use crate::domain::{Session, User};
use crate::http::body::JsonBody;
use crate::http::caller::Person;
use crate::http::error::ApiError;
use crate::http::fields::people::{PasswordChangeSchema, password_change};
use crate::http::preconditions::{require_no_state, unkept};
use crate::http::routes;
use crate::http::sign_in::counted;
use crate::process::client::Client;
use crate::store::{Store, StoreError};

/// What a person calls the session that they ask with.
const CURRENT: &str = "current";

/// Says who is signed in.
#[utoipa::path(get, path = routes::ME, tag = "people", operation_id = "me", responses(
    (status = 200, description = "Who is signed in.", body = User, headers(("Cache-Control"))),
))]
pub async fn show(request: HttpRequest, person: Person) -> Result<HttpResponse, ApiError> {
    unkept(&request, &person.get().user)
}

/// Sets another password, and ends all other sessions.
#[utoipa::path(post, path = routes::MY_PASSWORD, tag = "people",
    request_body(content = PasswordChangeSchema, content_type = "application/json"),
    responses(
        (status = 204, description = "The password is the new one; all other sessions have ended."),
        (status = 403, description = "The current password is another one."),
        (status = 422, description = "A field is not acceptable."),
        (status = 429, description = "Too many passwords were tried."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn change_password(
    request: HttpRequest,
    person: Person,
    body: JsonBody,
    store: web::Data<Store>,
    hasher: web::Data<Hasher>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let me = person.get();
    let asked = password_change(body.0, &me.user.name)?;
    let address = Client::of(&request).address;
    counted(&attempts, Tried::OwnPassword(me.user.id), address, async {
        let present = store.password_of(me.user.id).await?;
        if !hasher.verify(&asked.current, Some(&present)).await? {
            return Err(StoreError::CredentialsRefused.into());
        }
        let new = hasher.hash(&asked.new).await?;
        let changed = store.change_password(me.user.id, me.session, present, new);
        Ok(changed.await?)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the sessions of whoever is signed in, the newest first.
#[utoipa::path(get, path = routes::MY_SESSIONS, tag = "people", operation_id = "my_sessions", responses(
    (status = 200, description = "The sessions.", body = Vec<Session>, headers(("Cache-Control"))),
))]
pub async fn sessions(
    request: HttpRequest,
    person: Person,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let me = person.get();
    unkept(&request, &store.sessions(me.user.id, me.session).await?)
}

/// Ends a session: signs out.
#[utoipa::path(delete, path = routes::MY_SESSION, tag = "people",
    params(("id" = String, Path, pattern = "^(current|[1-9][0-9]*)$", description = "The session, or current: the one that asks.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "There is no session with this id."),
    ))]
pub async fn end_session(
    request: HttpRequest,
    person: Person,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let me = person.get();
    let session = match id.as_str() {
        CURRENT => me.session,
        id => id.parse().map_err(|_| StoreError::UnknownSession)?,
    };
    store.end_session(me.user.id, session).await?;
    Ok(HttpResponse::NoContent().finish())
}
