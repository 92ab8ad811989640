//! The ways to a session: the first account, a name with a password, an invitation, a password link.

use std::net::IpAddr;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::attempts::{Attempts, Tried};
use crate::accounts::hashing::Hasher;
use crate::domain::{NewUser, Secret, SecretHash, SetupCode, User};
use crate::http::body::JsonBody;
use crate::http::error::ApiError;
use crate::http::fields::people::{
    AcceptanceSchema, CredentialsSchema, PasswordByLinkSchema, SetupSchema, credentials,
    new_account, password_by_link,
};
use crate::http::preconditions::{require_no_state, unkept};
use crate::http::routes;
use crate::process::client::Client;
use crate::store::{Invites, NewSession, Store, StoreError};

/// Whether the first account is to be made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Setup {
    /// While nobody has an account.
    needed: bool,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub struct SessionCreated {
    /// What proves it, in Tasks-Session. It is shown only now.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    token: String,
    /// Who is signed in.
    user: User,
}

/// Says whether the first account is to be made.
#[utoipa::path(get, path = routes::SETUP, tag = "people", operation_id = "show_setup", responses(
    (status = 200, description = "Whether the first account is to be made.", body = Setup, headers(("Cache-Control"))),
))]
pub async fn show_setup(
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let needed = !store.has_users().await?;
    unkept(&request, &Setup { needed })
}

/// Makes the first account, an administrator's, with all tasks there are, and signs in.
#[utoipa::path(post, path = routes::SETUP, tag = "people",
    request_body(content = SetupSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The account was made, and a session has begun.", body = SessionCreated, headers(("Cache-Control"))),
        (status = 403, description = "The set-up code is another one."),
        (status = 409, description = "Somebody has an account already."),
        (status = 422, description = "A field is not acceptable."),
        (status = 429, description = "Too many codes were tried."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn set_up(
    request: HttpRequest,
    body: JsonBody,
    store: web::Data<Store>,
    hasher: web::Data<Hasher>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    if store.has_users().await? {
        return Err(StoreError::AlreadySetUp.into());
    }
    let asked = new_account(body.0, SetupCode::parse)?;
    let address = address(&request, asked.address);
    let_in_by_code(&attempts, address, async {
        let code = asked.code.ok_or(StoreError::SetupCodeWrong)?;
        store.check_setup_code(code.clone()).await?;
        let new = NewUser {
            password: hasher.hash(&asked.password).await?,
            name: asked.name,
        };
        Ok(store.set_up(code, new, asked.browser).await?)
    })
    .await
}

/// Signs in.
#[utoipa::path(post, path = routes::SESSIONS, tag = "people",
    request_body(content = CredentialsSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "A session has begun.", body = SessionCreated, headers(("Cache-Control"))),
        (status = 403, description = "Name and password are not those of anybody who may sign in."),
        (status = 422, description = "A field is not acceptable."),
        (status = 429, description = "Too many passwords were tried."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn sign_in(
    request: HttpRequest,
    body: JsonBody,
    store: web::Data<Store>,
    hasher: web::Data<Hasher>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let asked = credentials(body.0)?;
    let address = address(&request, asked.address);
    let name_key = asked.name.key();
    let tried = Tried::Password(&name_key);
    let session = counted(&attempts, tried, address, async {
        let known = store.credentials(asked.name.clone()).await?;
        let hash = known.as_ref().map(|(_, hash)| hash);
        let is_right = hasher.verify(&asked.password, hash).await?;
        let Some((user, hash)) = known.filter(|_| is_right) else {
            return Err(StoreError::CredentialsRefused.into());
        };
        Ok(store.sign_in(user, hash, asked.browser).await?)
    });
    Ok(begun(&session.await?))
}

/// Makes the account of somebody who was invited, with a list of their own, and signs in.
#[utoipa::path(post, path = routes::ACCEPT, tag = "people",
    request_body(content = AcceptanceSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The account was made, and a session has begun.", body = SessionCreated, headers(("Cache-Control"))),
        (status = 403, description = "The invitation was used, was taken back, has ended, or never was."),
        (status = 422, description = "A field is not acceptable."),
        (status = 429, description = "Too many codes were tried."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn accept(
    request: HttpRequest,
    body: JsonBody,
    store: web::Data<Store>,
    hasher: web::Data<Hasher>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let asked = new_account(body.0, Secret::parse)?;
    let address = address(&request, asked.address);
    let_in_by_code(&attempts, address, async {
        let code = hash_of_code(asked.code.as_ref())?;
        require(&store, code, Invites::Anybody).await?;
        let new = NewUser {
            password: hasher.hash(&asked.password).await?,
            name: asked.name,
        };
        Ok(store.accept(code, new, asked.browser).await?)
    })
    .await
}

/// Sets another password with a password link, ends all sessions of its owner, and signs in.
#[utoipa::path(post, path = routes::USE_PASSWORD_LINK, tag = "people",
    request_body(content = PasswordByLinkSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The password was set, and a session has begun.", body = SessionCreated, headers(("Cache-Control"))),
        (status = 403, description = "The link was used, was taken back, has ended, or never was."),
        (status = 422, description = "A field is not acceptable."),
        (status = 429, description = "Too many codes were tried."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn use_password_link(
    request: HttpRequest,
    body: JsonBody,
    store: web::Data<Store>,
    hasher: web::Data<Hasher>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, ApiError> {
    require_no_state(&request)?;
    let asked = password_by_link(body.0)?;
    let address = address(&request, asked.address);
    let_in_by_code(&attempts, address, async {
        let code = hash_of_code(asked.code.as_ref())?;
        require(&store, code, Invites::Known).await?;
        let password = hasher.hash(&asked.password).await?;
        let set = store.set_password_by_link(code, password, asked.browser);
        Ok(set.await?)
    })
    .await
}

/// Makes an attempt with a code. Where it was right the address is known from now on, as after the right password.
async fn let_in_by_code(
    attempts: &Attempts,
    address: Option<IpAddr>,
    attempt: impl Future<Output = Result<NewSession, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let session = counted(attempts, Tried::Code, address, attempt).await?;
    attempts.remember(&session.name_key, address);
    Ok(begun(&session))
}

fn hash_of_code(code: Option<&Secret>) -> Result<SecretHash, StoreError> {
    code.map(Secret::hash).ok_or(StoreError::InvitationNotValid)
}

/// Makes sure that an invitation can be used for what it is to be used for, before much is computed for it.
async fn require(store: &Store, code: SecretHash, what: Invites) -> Result<(), StoreError> {
    match store.check_invitation(code).await? {
        invites if invites == what => Ok(()),
        _ => Err(StoreError::InvitationNotValid),
    }
}

/// Makes an attempt, which is counted before anything is looked up or computed for it. What fails for another reason than
/// that the guess was wrong was none; one whose client has gone may have been.
///
/// # Errors
/// [`ApiError::TooManyAttempts`], or those of `attempt`.
pub async fn counted<T>(
    attempts: &Attempts,
    tried: Tried<'_>,
    address: Option<IpAddr>,
    attempt: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let begun = attempts
        .begin(tried, address)
        .map_err(ApiError::too_many_attempts)?;
    let made = attempt.await;
    match &made {
        Ok(_) => begun.succeeded(),
        Err(ApiError::Store(
            StoreError::SetupCodeWrong
            | StoreError::InvitationNotValid
            | StoreError::CredentialsRefused,
        )) => drop(begun),
        Err(_) => begun.not_made(),
    }
    made
}

/// Where the person is: as web says it, or as the connection does.
fn address(request: &HttpRequest, said: Option<IpAddr>) -> Option<IpAddr> {
    said.or_else(|| Client::of(request).address)
}

fn begun(session: &NewSession) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SessionCreated {
            token: session.secret.expose(),
            user: session.user.clone(),
        })
}
