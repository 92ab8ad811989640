//! Who asks: whoever the session of a request is of (`Tasks-Session`), or anybody while nobody has an account.
//!
//! That web is web is proved by the token of [`crate::http::auth`]; this is about the person in front of it. A handler gets
//! at a list, or at what administrators may do, only through the types here.

use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest, web};

use crate::domain::{ListId, Secret, SignedIn};
use crate::http::error::ApiError;
use crate::store::{Store, StoreError};

/// What a session's secret is sent in.
pub const TASKS_SESSION: HeaderName = HeaderName::from_static("tasks-session");

/// Whoever may have tasks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Anybody: nobody has an account.
    Anybody,
    /// Somebody who is signed in.
    Person(Person),
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person(Arc<SignedIn>);

/// Somebody who is signed in and may say who has an account.
#[derive(Debug, Clone)]
pub struct Administrator(Person);

impl Caller {
    /// The list of their own.
    #[must_use]
    pub fn list(&self) -> ListId {
        match self {
            Self::Anybody => ListId::FIRST,
            Self::Person(person) => person.0.list,
        }
    }

    async fn find(request: HttpRequest) -> Result<Self, ApiError> {
        let store = request
            .app_data::<web::Data<Store>>()
            .ok_or(ApiError::Store(StoreError::Stopped))?;
        let mut sent = request.headers().get_all(TASKS_SESSION);
        let Some(value) = sent.next() else {
            return match store.has_users().await? {
                true => Err(ApiError::SignInRequired),
                false => Ok(Self::Anybody),
            };
        };
        let secret = value.to_str().ok().and_then(Secret::parse);
        let Some(secret) = secret.filter(|_| sent.next().is_none()) else {
            return Err(ApiError::SignInRequired);
        };
        let found = store.signed_in(&secret).await?;
        found
            .map(|found| Self::Person(Person(found)))
            .ok_or(ApiError::SignInRequired)
    }
}

impl Person {
    async fn find(request: HttpRequest) -> Result<Self, ApiError> {
        match Caller::find(request).await? {
            Caller::Person(person) => Ok(person),
            Caller::Anybody => Err(ApiError::SignInRequired),
        }
    }

    /// Who it is, and with which session.
    #[must_use]
    pub fn get(&self) -> &SignedIn {
        &self.0
    }
}

impl Administrator {
    async fn find(request: HttpRequest) -> Result<Self, ApiError> {
        let person = Person::find(request).await?;
        match person.0.user.administrator {
            true => Ok(Self(person)),
            false => Err(ApiError::AdministratorsOnly),
        }
    }

    /// Who it is, and with which session.
    #[must_use]
    pub fn get(&self) -> &SignedIn {
        self.0.get()
    }
}

macro_rules! found_by_session {
    ($($who:ident)+) => {$(
        impl FromRequest for $who {
            type Error = ApiError;
            type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                Box::pin(Self::find(request.clone()))
            }
        }
    )+};
}

found_by_session!(Caller Person Administrator);
