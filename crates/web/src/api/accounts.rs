//! Requests about accounts: signing in and out, sessions, people and invitations.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::asking::Asking;
use super::client::ApiClient;
use super::error::ApiClientError;
use super::exchange::{Call, Repeat, Sender};
use crate::domain::browser::Browser;
use crate::domain::secret::Secret;
use crate::domain::user::{
    Credentials, Invitation, NewInvitation, Session, SignedIn, User, UserChange,
};

/// The body of an answer that says whether the first account is still to be made.
#[derive(Deserialize)]
struct Setup {
    needed: bool,
}

impl ApiClient {
    /// Whether the first account is still to be made.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn needs_setup(&self, asking: Asking) -> Result<bool, ApiClientError> {
        let call = Call {
            sender: Sender::Anybody,
            ..Call::get(asking, "/api/setup".to_owned())
        };
        Ok(self.exchange(call).await?.json::<Setup>()?.needed)
    }

    /// Makes the first account, and signs in.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn set_up(
        &self,
        asking: Asking,
        code: &Secret,
        credentials: &Credentials,
        browser: &Browser,
    ) -> Result<SignedIn, ApiClientError> {
        let mut body = body(asking, credentials, browser);
        body["code"] = code.expose().into();
        self.let_in(asking, "/api/setup", body).await
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn sign_in(
        &self,
        asking: Asking,
        credentials: &Credentials,
        browser: &Browser,
    ) -> Result<SignedIn, ApiClientError> {
        let body = body(asking, credentials, browser);
        self.let_in(asking, "/api/sessions", body).await
    }

    /// Makes the account of somebody who was invited, and signs in.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn accept_invitation(
        &self,
        asking: Asking,
        code: &Secret,
        credentials: &Credentials,
        browser: &Browser,
    ) -> Result<SignedIn, ApiClientError> {
        let mut body = body(asking, credentials, browser);
        body["code"] = code.expose().into();
        self.let_in(asking, "/api/invitations/accept", body).await
    }

    /// Sets the password of somebody who has a password link, and signs in.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn use_password_link(
        &self,
        asking: Asking,
        code: &Secret,
        password: &Secret,
        browser: &Browser,
    ) -> Result<SignedIn, ApiClientError> {
        let mut body = origin(asking, browser);
        body["code"] = code.expose().into();
        body["password"] = password.expose().into();
        self.let_in(asking, "/api/password-links/accept", body)
            .await
    }

    /// A repeat could count as one try more, or leave a session that nobody knows of.
    async fn let_in(
        &self,
        asking: Asking,
        target: &str,
        body: Json,
    ) -> Result<SignedIn, ApiClientError> {
        let call = Call {
            method: Method::POST,
            body: Some(body),
            repeat: Repeat::IfNothingWasDone,
            sender: Sender::Anybody,
            ..Call::get(asking, target.to_owned())
        };
        self.exchange(call).await?.json()
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn me(&self, asking: Asking) -> Result<User, ApiClientError> {
        let call = Call::get(asking, "/api/me".to_owned());
        self.exchange(call).await?.json()
    }

    /// Gives whoever is signed in another password; it ends all their sessions but this one. A repeat would find that
    /// the current password is another.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn change_password(
        &self,
        asking: Asking,
        current: &Secret,
        new: &Secret,
    ) -> Result<(), ApiClientError> {
        let call = Call {
            method: Method::POST,
            body: Some(json!({ "current": current.expose(), "new": new.expose() })),
            repeat: Repeat::IfNothingWasDone,
            ..Call::get(asking, "/api/me/password".to_owned())
        };
        self.exchange(call).await.map(|_| ())
    }

    /// The sessions of whoever is signed in, the newest first.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn sessions(&self, asking: Asking) -> Result<Vec<Session>, ApiClientError> {
        let call = Call::get(asking, "/api/me/sessions".to_owned());
        self.exchange(call).await?.json()
    }

    /// Ends a session of whoever is signed in.
    ///
    /// # Errors
    /// [`ApiClientError`]; that it has ended before is none.
    pub async fn end_session(&self, asking: Asking, session: i64) -> Result<(), ApiClientError> {
        self.remove(asking, format!("/api/me/sessions/{session}"))
            .await
    }

    /// Ends the session that is asked with.
    ///
    /// # Errors
    /// [`ApiClientError`]; that it has ended before is none.
    pub async fn sign_out(&self, asking: Asking) -> Result<(), ApiClientError> {
        let removed = self
            .remove(asking, "/api/me/sessions/current".to_owned())
            .await;
        match removed {
            Err(error) if error.is_signed_out() => Ok(()),
            removed => removed,
        }
    }

    /// Everybody who has an account.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn users(&self, asking: Asking) -> Result<Vec<User>, ApiClientError> {
        let call = Call::get(asking, "/api/users".to_owned());
        self.exchange(call).await?.json()
    }

    /// Changes what somebody may do.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn change_user(
        &self,
        asking: Asking,
        user: i64,
        change: UserChange,
    ) -> Result<User, ApiClientError> {
        let body = match change {
            UserChange::Disabled(disabled) => json!({ "disabled": disabled }),
            UserChange::Administrator(administrator) => json!({ "administrator": administrator }),
        };
        let call = Call {
            method: Method::PATCH,
            body: Some(body),
            ..Call::get(asking, format!("/api/users/{user}"))
        };
        self.exchange(call).await?.json()
    }

    /// The invitations that can still be used.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn invitations(&self, asking: Asking) -> Result<Vec<Invitation>, ApiClientError> {
        let call = Call::get(asking, "/api/invitations".to_owned());
        self.exchange(call).await?.json()
    }

    /// Makes an invitation. A repeat could leave one that nobody has the code of.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn invite(&self, asking: Asking) -> Result<NewInvitation, ApiClientError> {
        let call = Call {
            method: Method::POST,
            body: Some(json!({})),
            repeat: Repeat::IfNothingWasDone,
            ..Call::get(asking, "/api/invitations".to_owned())
        };
        self.exchange(call).await?.json()
    }

    /// Makes a password link for somebody. A repeat could leave one that nobody has the code of.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn create_password_link(
        &self,
        asking: Asking,
        user: i64,
    ) -> Result<NewInvitation, ApiClientError> {
        let call = Call {
            method: Method::POST,
            body: Some(json!({})),
            repeat: Repeat::IfNothingWasDone,
            ..Call::get(asking, format!("/api/users/{user}/password-link"))
        };
        self.exchange(call).await?.json()
    }

    /// Withdraws an invitation or a password link.
    ///
    /// # Errors
    /// [`ApiClientError`]; that it cannot be used any more is none.
    pub async fn withdraw_invitation(
        &self,
        asking: Asking,
        invitation: i64,
    ) -> Result<(), ApiClientError> {
        self.remove(asking, format!("/api/invitations/{invitation}"))
            .await
    }

    async fn remove(&self, asking: Asking, target: String) -> Result<(), ApiClientError> {
        let call = Call {
            method: Method::DELETE,
            ..Call::get(asking, target)
        };
        match self.exchange(call).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Attempts are counted by the address, which is unknown only where the connection is gone already.
fn body(asking: Asking, credentials: &Credentials, browser: &Browser) -> Json {
    let mut body = origin(asking, browser);
    body["name"] = credentials.name.as_str().into();
    body["password"] = credentials.password.expose().into();
    body
}

/// Where a request to sign in comes from.
fn origin(asking: Asking, browser: &Browser) -> Json {
    let mut body = json!({ "browser": browser.as_str() });
    if let Some(address) = asking.client {
        body["address"] = address.to_string().into();
    }
    body
}
