//! Invitations and password links, for administrators. How one is used: [`crate::http::sign_in`].

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Invitation, Secret};
use crate::http::body::JsonBody;
use crate::http::caller::Administrator;
use crate::http::error::ApiError;
use crate::http::fields::people::{NoFieldsSchema, no_fields};
use crate::http::preconditions::{require_no_state, unkept};
use crate::http::routes;
use crate::store::{Store, StoreError};

/// An invitation, or a password link, that was made.
#[derive(Serialize, ToSchema)]
pub struct InvitationCreated {
    #[serde(flatten)]
    invitation: Invitation,
    /// What it is used with, once. It is shown only now.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    code: String,
}

/// Lists the invitations and password links that can still be used, the newest first.
#[utoipa::path(get, path = routes::INVITATIONS, tag = "people", operation_id = "invitations", responses(
    (status = 200, description = "The invitations.", body = Vec<Invitation>, headers(("Cache-Control"))),
    (status = 403, description = "Only administrators may ask."),
))]
pub async fn list(
    request: HttpRequest,
    _: Administrator,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    unkept(&request, &store.invitations().await?)
}

/// Makes an invitation: whoever has its code may make an account with it, once, within seven days.
#[utoipa::path(post, path = routes::INVITATIONS, tag = "people", operation_id = "invite",
    request_body(content = NoFieldsSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The invitation was made.", body = InvitationCreated, headers(("Cache-Control"))),
        (status = 403, description = "Only administrators may do this."),
        (status = 409, description = "Too many invitations can still be used."),
        (status = 422, description = "A field is not known."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn create(
    request: HttpRequest,
    administrator: Administrator,
    body: JsonBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    no_fields(body.0)?;
    let by = administrator.get().session;
    Ok(created(store.invite(by, None).await?))
}

/// Makes a password link: whoever has its code may choose another password for somebody, once, within seven days.
#[utoipa::path(post, path = routes::PASSWORD_LINK, tag = "people", operation_id = "create_password_link",
    params(("id" = i64, Path, minimum = 1, description = "The user.")),
    request_body(content = NoFieldsSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The link was made.", body = InvitationCreated, headers(("Cache-Control"))),
        (status = 403, description = "Only administrators may do this."),
        (status = 404, description = "There is no user with this id who may sign in."),
        (status = 409, description = "Too many invitations can still be used."),
        (status = 422, description = "A field is not known."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn create_password_link(
    request: HttpRequest,
    administrator: Administrator,
    id: web::Path<String>,
    body: JsonBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let user = id.parse().map_err(|_| StoreError::UnknownUser)?;
    require_no_state(&request)?;
    no_fields(body.0)?;
    let by = administrator.get().session;
    Ok(created(store.invite(by, Some(user)).await?))
}

fn created((invitation, code): (Invitation, Secret)) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(InvitationCreated {
            invitation,
            code: code.expose(),
        })
}

/// Takes an invitation or a password link back.
#[utoipa::path(delete, path = routes::INVITATION, tag = "people", operation_id = "withdraw",
    params(("id" = i64, Path, minimum = 1, description = "The invitation.")),
    responses(
        (status = 204, description = "It cannot be used any more."),
        (status = 403, description = "Only administrators may do this."),
        (status = 404, description = "There is no invitation with this id."),
    ))]
pub async fn withdraw(
    request: HttpRequest,
    administrator: Administrator,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let id = id.parse().map_err(|_| StoreError::UnknownInvitation)?;
    store.withdraw(administrator.get().session, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
