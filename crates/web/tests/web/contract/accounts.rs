//! What the api says of accounts, sessions and invitations.

use serde_json::Value as Json;
use task_tracker_web::api::asking::Asking;
use task_tracker_web::api::client::ApiClient;
use task_tracker_web::domain::browser::Browser;
use task_tracker_web::domain::secret::Secret;
use task_tracker_web::domain::session_token::SessionToken;
use task_tracker_web::domain::user::{Credentials, SignedIn, User, UserChange};
use task_tracker_web::scope::Scope;
use wiremock::Request;

use super::asking;
use crate::support::contract::ContractFile;

/// The files that are read here.
pub const ABOUT_ACCOUNTS: [&str; 13] = [
    "setup",
    "account-created",
    "session-created",
    "me",
    "sessions",
    "users",
    "user-updated",
    "invitations",
    "invitation-created",
    "invitations-and-links",
    "password-link-created",
    "password-link-used",
    "session-ended",
];

fn text<'a>(object: &'a Json, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

#[track_caller]
fn assert_user(user: &User, file: &Json) {
    assert_eq!(user.id, file["id"]);
    assert_eq!(user.name, text(file, "name"));
    assert_eq!(user.administrator, file["administrator"]);
    assert_eq!(user.disabled, file["disabled"]);
    assert_eq!(time(user.created_at), text(file, "created_at"));
}

/// Asks what the file was the answer to, as whoever asked then, and compares what was read with what stands there.
pub async fn assert_read(client: &ApiClient, file: &ContractFile) {
    let (sent, body) = (&file.request["body"], &file.body);
    let session = SessionToken::parse(text(&file.request["headers"], "Tasks-Session"));
    let asking = Asking {
        client: text(sent, "address").parse().ok(),
        scope: session.map(Scope::Session).or(asking().scope),
        ..asking()
    };
    let credentials = Credentials {
        name: text(sent, "name").to_owned(),
        password: Secret::new(text(sent, "password").to_owned()),
    };
    let browser = Browser::new(text(sent, "browser"));
    let code = Secret::new(text(sent, "code").to_owned());
    let assert_begun = |signed_in: SignedIn| {
        assert_eq!(signed_in.token.expose(), text(body, "token"));
    };
    match file.name.as_str() {
        "setup" => assert_eq!(client.needs_setup(asking).await.unwrap(), body["needed"]),
        "account-created" => {
            let begun = client.set_up(asking, &code, &credentials, &browser).await;
            assert_begun(begun.unwrap());
        }
        "session-created" => {
            let begun = client.sign_in(asking, &credentials, &browser).await;
            assert_begun(begun.unwrap());
        }
        "password-link-used" => {
            let password = &credentials.password;
            let used = client.use_password_link(asking, &code, password, &browser);
            assert_begun(used.await.unwrap());
        }
        "me" => assert_user(&client.me(asking).await.unwrap(), body),
        "sessions" => {
            let (sessions, files) = (client.sessions(asking).await.unwrap(), body.as_array());
            assert_eq!(sessions.len(), files.unwrap().len());
            for (session, file) in sessions.iter().zip(files.unwrap()) {
                assert_eq!(session.id, file["id"]);
                assert_eq!(session.browser, text(file, "browser"));
                assert_eq!(time(session.last_used_at), text(file, "last_used_at"));
                assert_eq!(session.current, file["current"]);
            }
        }
        "users" => {
            let (users, files) = (client.users(asking).await.unwrap(), body.as_array());
            assert_eq!(users.len(), files.unwrap().len());
            for (user, file) in users.iter().zip(files.unwrap()) {
                assert_user(user, file);
            }
        }
        "user-updated" => {
            let change = match (sent["disabled"].as_bool(), sent["administrator"].as_bool()) {
                (Some(disabled), _) => UserChange::Disabled(disabled),
                (None, administrator) => UserChange::Administrator(administrator.unwrap()),
            };
            let id = body["id"].as_i64().unwrap();
            let user = client.change_user(asking, id, change).await.unwrap();
            assert_user(&user, body);
        }
        "invitations" | "invitations-and-links" => {
            let invitations = client.invitations(asking).await.unwrap();
            let files = body.as_array().unwrap();
            assert_eq!(invitations.len(), files.len());
            for (invitation, file) in invitations.iter().zip(files) {
                assert_eq!(invitation.id, file["id"]);
                assert_eq!(invitation.user.as_deref(), file["user"].as_str());
                assert_eq!(time(invitation.created_at), text(file, "created_at"));
                assert_eq!(time(invitation.expires_at), text(file, "expires_at"));
            }
        }
        "invitation-created" => {
            let invitation = client.invite(asking).await.unwrap();
            assert_eq!(invitation.user, None);
            assert_eq!(invitation.code.expose(), text(body, "code"));
            assert_eq!(time(invitation.expires_at), text(body, "expires_at"));
        }
        "password-link-created" => {
            let link = client.create_password_link(asking, 2).await.unwrap();
            assert_eq!(link.code.expose(), text(body, "code"));
            assert_eq!(link.user.as_deref(), body["user"].as_str());
            assert_eq!(time(link.expires_at), text(body, "expires_at"));
        }
        "session-ended" => client.sign_out(asking).await.unwrap(),
        name => panic!("no test reads {name}.json"),
    }
}

/// What is sent is what the api was sent when it gave this answer.
#[track_caller]
pub fn assert_sent(request: &Request, file: &ContractFile) {
    assert_eq!(request.method.as_str(), text(&file.request, "method"));
    assert_eq!(request.url.path(), text(&file.request, "path"));
    let session = text(&file.request["headers"], "Tasks-Session");
    let sent = request.headers.get("tasks-session");
    let sent = sent.map_or("", |sent| sent.to_str().unwrap());
    assert_eq!(sent, session, "{}", file.name);
    if let Some(fields) = file.request["body"].as_object() {
        let sent: Json = request.body_json().unwrap();
        for (name, value) in fields {
            assert_eq!(&sent[name], value, "{}: {name}", file.name);
        }
    }
}
