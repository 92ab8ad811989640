//! The same for what is asked about people.

use serde_json::{Value, json};

use super::{Apis, Ask};
use crate::support::people::{PASSWORD, Session, account, credentials, setup_code};
use crate::support::{Answer, Store, TestApi, eventually};

/// A password that nobody has.
const WRONG: &str = "nine quick otters at dawn";
const OTHER: &str = "\"00000000000000000000000000000000\"";

/// Apis in each of the states that an answer about people depends on.
pub struct People {
    /// Nobody has an account, or will.
    new: TestApi,
    /// Nobody has an account yet.
    claimed: TestApi,
    code: String,
    /// Ada is an administrator, Bob and Dora are none.
    sound: TestApi,
    ada: Session,
    bob: Session,
    /// As many invitations as there may be can still be used.
    crowded: TestApi,
    host: Session,
    /// Its tables are gone.
    broken: TestApi,
}

impl People {
    pub async fn start() -> Self {
        let sound = TestApi::start().await;
        let ada = sound.set_up("ada").await;
        let bob = sound.join(&ada, "bob").await;
        sound.join(&ada, "dora").await;
        let crowded = TestApi::start().await;
        let host = crowded.set_up("ada").await;
        for _ in 0..100 {
            crowded.invite(&host).await;
        }
        let broken = TestApi::start_on(Store::new()).await;
        let tables = "DROP TABLE sessions; DROP TABLE invitations; DROP TABLE users";
        broken.store.open().execute_batch(tables).unwrap();
        let claimed = TestApi::start().await;
        Self {
            new: TestApi::start().await,
            code: setup_code(&claimed.store),
            claimed,
            sound,
            ada,
            bob,
            crowded,
            host,
            broken,
        }
    }

    /// Asks so that the answer has the status.
    pub async fn produce(&self, apis: &Apis, method: &str, template: &str, status: &str) -> Answer {
        let api = match (status, method, template) {
            ("401", ..) => &apis.guarded,
            ("500", ..) => &self.broken,
            ("503", ..) => &apis.standby,
            ("409", _, "/api/invitations" | "/api/users/{id}/password-link") => &self.crowded,
            ("403" | "422" | "429", _, "/api/setup") => &self.new,
            ("201", _, "/api/setup") => &self.claimed,
            _ => &self.sound,
        };
        let path = match (status, template) {
            ("404", _) => template.replace("{id}", "999"),
            ("204", "/api/me/sessions/{id}") => "/api/me/sessions/current".to_owned(),
            ("204", "/api/invitations/{id}") => {
                let made = api.post("/api/invitations").by(&self.ada);
                let made = made.json(&json!({})).send().await.expect(201).json();
                format!("/api/invitations/{}", made["id"])
            }
            _ => template.replace("{id}", "1"),
        };
        let ask = Ask {
            client: &apis.client,
            address: api.address,
            method: method.to_uppercase(),
            path: &path,
        };
        let session = match (status, template) {
            (
                "403",
                "/api/users"
                | "/api/users/{id}"
                | "/api/users/{id}/password-link"
                | "/api/invitations"
                | "/api/invitations/{id}",
            ) => self.bob.clone(),
            ("409", "/api/invitations" | "/api/users/{id}/password-link") => self.host.clone(),
            // All others of theirs end.
            ("204", "/api/me/password") => self.sound.sign_in("bob").await,
            // It ends.
            ("204", "/api/me/sessions/{id}") => self.sound.sign_in("ada").await,
            // Never asked for before, so that it is looked for.
            ("500", _) => Session("A".repeat(43)),
            _ => self.ada.clone(),
        };
        let session = ("Tasks-Session", session.0.as_str());
        let body = match method {
            "post" | "patch" => Some(self.body(template, status).await),
            _ => None,
        };
        match status {
            "400" => ask.send(&[session, ("If-Match", "x")], body).await,
            "408" => ask.send_half_a_head().await,
            "412" => ask.send(&[session, ("If-Match", OTHER)], body).await,
            "413" => {
                ask.send_text_as(session, "application/json", &" ".repeat(70_000))
                    .await
            }
            "415" => ask.send_text_as(session, "text/plain", "a").await,
            "422" => ask.send(&[session], Some(json!({"x": 1}))).await,
            "429" => {
                eventually("guesses are slowed down", || async {
                    let answer = ask.send(&[session], body.clone()).await;
                    (answer.status == 429).then_some(answer)
                })
                .await
            }
            "431" => {
                ask.send(&[session, ("X-Filler", &"x".repeat(17_000))], None)
                    .await
            }
            _ => ask.send(&[session], body).await,
        }
    }

    /// A body for the operation and what is to come of it.
    async fn body(&self, template: &str, status: &str) -> Value {
        let is_wrong = matches!(status, "403" | "429");
        match template {
            "/api/setup" if is_wrong => account("x", "ada"),
            "/api/setup" => account(&self.code, "ada"),
            "/api/sessions" if is_wrong => credentials("carol", WRONG),
            "/api/sessions" => credentials("ada", PASSWORD),
            "/api/invitations/accept" if status == "201" => {
                account(&self.sound.invite(&self.ada).await, "carol")
            }
            "/api/password-links/accept" => {
                let code = match status {
                    "201" => self.sound.password_link(&self.ada, 3).await,
                    _ => "A".repeat(43),
                };
                json!({"code": code, "password": PASSWORD})
            }
            "/api/invitations/accept" => account(&"A".repeat(43), "carol"),
            "/api/me/password" if is_wrong => json!({"current": WRONG, "new": PASSWORD}),
            "/api/me/password" => json!({"current": PASSWORD, "new": PASSWORD}),
            "/api/users/{id}" if status == "409" => json!({"administrator": false}),
            _ => json!({}),
        }
    }
}
