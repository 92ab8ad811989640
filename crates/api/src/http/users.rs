//! Who has an account, for administrators.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::User;
use crate::http::body::MergePatchBody;
use crate::http::caller::Administrator;
use crate::http::error::ApiError;
use crate::http::fields::people::{UserChangesSchema, user_changes};
use crate::http::preconditions::{require_no_state, unkept};
use crate::http::routes;
use crate::store::{Store, StoreError};

/// Lists everybody who has an account.
#[utoipa::path(get, path = routes::USERS, tag = "people", operation_id = "users", responses(
    (status = 200, description = "Everybody who has an account.", body = Vec<User>, headers(("Cache-Control"))),
    (status = 403, description = "Only administrators may ask."),
))]
pub async fn list(
    request: HttpRequest,
    _: Administrator,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    unkept(&request, &store.users().await?)
}

/// Changes what somebody may do; fields left out stay as they are. Whoever is disabled is signed out everywhere.
#[utoipa::path(patch, path = routes::USER, tag = "people", operation_id = "update_user",
    params(("id" = i64, Path, minimum = 1, description = "The user.")),
    request_body(content(
        (UserChangesSchema = "application/merge-patch+json"),
        (UserChangesSchema = "application/json"),
    )),
    responses(
        (status = 200, description = "The user as it is now.", body = User, headers(("Cache-Control"))),
        (status = 403, description = "Only administrators may do this."),
        (status = 404, description = "There is no user with this id."),
        (status = 409, description = "Nobody would be an administrator any more."),
        (status = 422, description = "A field is not acceptable."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn update(
    request: HttpRequest,
    administrator: Administrator,
    id: web::Path<String>,
    body: MergePatchBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let id = id.parse().map_err(|_| StoreError::UnknownUser)?;
    require_no_state(&request)?;
    let changes = user_changes(body.0)?;
    unkept(
        &request,
        &store
            .update_user(administrator.get().session, id, changes)
            .await?,
    )
}
