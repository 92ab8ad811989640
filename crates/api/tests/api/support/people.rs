//! People: accounts and sessions, as web asks for them.

use reqwest::Method;
use serde_json::{Value, json};

use super::app::Request;
use super::{Answer, Store, TestApi};

/// A password that nobody else has.
pub const PASSWORD: &str = "seven slow herons at dusk";

/// What proves that somebody is signed in.
#[derive(Debug, Clone)]
pub struct Session(pub String);

impl Session {
    /// That of an answer which begins one.
    #[track_caller]
    pub fn of(answer: Answer) -> Self {
        let begun = answer.expect(201).json();
        Self(begun["token"].as_str().unwrap().to_owned())
    }
}

impl Request {
    /// As somebody who is signed in.
    pub fn by(self, session: &Session) -> Self {
        self.header("Tasks-Session", &session.0)
    }
}

/// The set-up code of a store.
pub fn setup_code(store: &Store) -> String {
    let code = store
        .open()
        .query_row("SELECT code FROM setup_code", [], |row| row.get(0));
    code.unwrap()
}

/// What somebody signs in with.
pub fn credentials(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password, "browser": "Firefox", "address": "203.0.113.7"})
}

/// What somebody makes an account with.
pub fn account(code: &str, name: &str) -> Value {
    let mut body = credentials(name, PASSWORD);
    body["code"] = code.into();
    body
}

impl TestApi {
    /// Makes the first account.
    pub async fn set_up(&self, name: &str) -> Session {
        let body = account(&setup_code(&self.store), name);
        Session::of(self.post("/api/setup").json(&body).send().await)
    }

    /// The code of a new invitation.
    pub async fn invite(&self, administrator: &Session) -> String {
        let request = self.post("/api/invitations").by(administrator);
        let made = request.json(&json!({})).send().await.expect(201).json();
        made["code"].as_str().unwrap().to_owned()
    }

    /// The code of a new password link.
    pub async fn password_link(&self, administrator: &Session, user: i64) -> String {
        let path = format!("/api/users/{user}/password-link");
        let request = self.post(&path).by(administrator);
        let made = request.json(&json!({})).send().await.expect(201).json();
        made["code"].as_str().unwrap().to_owned()
    }

    /// Has somebody make an account with an invitation.
    pub async fn join(&self, administrator: &Session, name: &str) -> Session {
        let body = account(&self.invite(administrator).await, name);
        let request = self.post("/api/invitations/accept").json(&body);
        Session::of(request.send().await)
    }

    /// Tries to sign in.
    pub async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        let body = credentials(name, password);
        self.post("/api/sessions").json(&body).send().await
    }

    /// Signs in.
    pub async fn sign_in(&self, name: &str) -> Session {
        Session::of(self.try_sign_in(name, PASSWORD).await)
    }

    /// Whether a session is one.
    pub async fn is_signed_in(&self, session: &Session) -> bool {
        let answer = self.get("/api/me").by(session).send().await;
        if answer.status == 200 {
            return true;
        }
        answer.problem(401, "sign-in-required");
        false
    }

    /// A request by somebody who is signed in.
    pub fn request_by(&self, session: &Session, method: Method, path: &str) -> Request {
        self.request(method, path).by(session)
    }
}
