//! What administrators do: invitations, and what others may do.

use serde_json::{Value, json};

use crate::support::TestApi;
use crate::support::people::{PASSWORD, Session, account};

async fn users(api: &TestApi, by: &Session) -> Vec<Value> {
    let answer = api.get("/api/users").by(by).send().await.expect(200);
    answer.json().as_array().unwrap().clone()
}

#[actix_web::test]
async fn an_invitation_makes_one_account() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let code = api.invite(&ada).await;
    let list = api
        .get("/api/invitations")
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(list.json().as_array().unwrap().len(), 1);
    assert!(!list.text().contains(&code), "it is shown once");

    let accept = |name| {
        api.post("/api/invitations/accept")
            .json(&account(&code, name))
            .send()
    };
    // A name that is taken uses nothing up.
    assert_eq!(accept(" ADA").await.faults(), ["#/name"]);
    let bob = Session::of(accept("bob").await);
    accept("carol").await.problem(403, "invitation-not-valid");
    let list = api.get("/api/invitations").by(&ada).send().await.json();
    assert_eq!(list, json!([]));
    let names: Vec<_> = users(&api, &ada)
        .await
        .iter()
        .map(|user| user["name"].clone())
        .collect();
    assert_eq!(names, ["ada", "bob"]);
    let me = api.get("/api/me").by(&bob).send().await.json();
    assert_eq!(me["administrator"], false);
}

#[actix_web::test]
async fn an_invitation_can_be_taken_back_and_ends_in_time() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let code = api.invite(&ada).await;
    let list = api.get("/api/invitations").by(&ada).send().await.json();
    let path = format!("/api/invitations/{}", list[0]["id"]);
    api.delete(&path).by(&ada).send().await.expect(204);
    api.delete(&path)
        .by(&ada)
        .send()
        .await
        .problem(404, "about:blank");
    let accept = |code: &str| {
        let body = account(code, "bob");
        api.post("/api/invitations/accept").json(&body).send()
    };
    accept(&code).await.problem(403, "invitation-not-valid");
    for wrong in ["", "x", &"A".repeat(43)] {
        accept(wrong).await.problem(403, "invitation-not-valid");
    }
    let late = api.invite(&ada).await;
    let end = "UPDATE invitations SET expires_at = created_at";
    api.store.open().execute(end, []).unwrap();
    accept(&late).await.problem(403, "invitation-not-valid");
    assert_eq!(
        api.get("/api/invitations").by(&ada).send().await.json(),
        json!([])
    );
}

#[actix_web::test]
async fn there_are_only_so_many_invitations() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    for _ in 0..100 {
        api.invite(&ada).await;
    }
    let request = api.post("/api/invitations").by(&ada).json(&json!({}));
    request.send().await.problem(409, "too-many-invitations");
}

#[actix_web::test]
async fn whoever_is_disabled_is_signed_out_at_once_and_cannot_sign_in() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    assert!(api.is_signed_in(&bob).await);
    let set = |disabled: bool| {
        let request = api.patch("/api/users/2").by(&ada);
        request.json(&json!({"disabled": disabled})).send()
    };
    assert_eq!(set(true).await.expect(200).json()["disabled"], true);
    assert!(!api.is_signed_in(&bob).await);
    api.get("/api/tasks")
        .by(&bob)
        .send()
        .await
        .problem(401, "sign-in-required");
    api.try_sign_in("bob", PASSWORD)
        .await
        .problem(403, "credentials-refused");
    set(false).await.expect(200);
    assert!(!api.is_signed_in(&bob).await, "what has ended stays so");
    api.sign_in("bob").await;
}

#[actix_web::test]
async fn somebody_is_always_an_administrator() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    let change = |by: &Session, id: u8, change: Value| {
        let request = api.patch(&format!("/api/users/{id}")).by(by);
        request.json(&change).send()
    };
    for last in [json!({"administrator": false}), json!({"disabled": true})] {
        change(&ada, 1, last)
            .await
            .problem(409, "last-administrator");
    }
    assert!(api.is_signed_in(&ada).await);
    change(&bob, 2, json!({"administrator": true}))
        .await
        .problem(403, "administrators-only");
    change(&ada, 2, json!({"administrator": true}))
        .await
        .expect(200);
    change(&bob, 1, json!({"administrator": false}))
        .await
        .expect(200);
    api.get("/api/users")
        .by(&ada)
        .send()
        .await
        .problem(403, "administrators-only");
    change(&bob, 2, json!({"disabled": true}))
        .await
        .problem(409, "last-administrator");
    for (id, body, status) in [
        ("9", json!({}), 404),
        ("x", json!({}), 404),
        ("2", json!({"disabled": 1}), 422),
        ("2", json!({"name": "x"}), 422),
        ("2", json!({}), 200),
    ] {
        let request = api.patch(&format!("/api/users/{id}")).by(&bob);
        assert_eq!(
            request.json(&body).send().await.status,
            status,
            "{id} {body}"
        );
    }
}

#[actix_web::test]
async fn a_password_link_lets_somebody_choose_another_password_once() {
    const OTHER: &str = "nine quick otters at dawn";
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    let links = [
        api.password_link(&ada, 2).await,
        api.password_link(&ada, 2).await,
    ];
    let list = api.get("/api/invitations").by(&ada).send().await.json();
    assert_eq!(
        (list[0]["user"].as_str(), list.as_array().unwrap().len()),
        (Some("bob"), 2)
    );
    let choose = |code: &str, password: &str| {
        let body = json!({"code": code, "password": password});
        api.post("/api/password-links/accept").json(&body).send()
    };
    assert_eq!(choose(&links[0], "short").await.faults(), ["#/password"]);
    assert!(api.is_signed_in(&bob).await, "nothing was done");
    // An invitation and a link are two things.
    let invitation = api.invite(&ada).await;
    choose(&invitation, OTHER)
        .await
        .problem(403, "invitation-not-valid");
    let body = account(&links[0], "carol");
    let request = api.post("/api/invitations/accept").json(&body);
    request.send().await.problem(403, "invitation-not-valid");

    let again = Session::of(choose(&links[0], OTHER).await);
    let me = api.get("/api/me").by(&again).send().await.json();
    assert_eq!(me["name"], "bob");
    assert!(!api.is_signed_in(&bob).await, "what there was has ended");
    for used in &links {
        choose(used, PASSWORD)
            .await
            .problem(403, "invitation-not-valid");
    }
    api.try_sign_in("bob", PASSWORD)
        .await
        .problem(403, "credentials-refused");
    Session::of(api.try_sign_in("bob", OTHER).await);
}

#[actix_web::test]
async fn whoever_is_disabled_gets_no_password_link() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    api.join(&ada, "bob").await;
    let link = api.password_link(&ada, 2).await;
    let request = api.patch("/api/users/2").by(&ada);
    request
        .json(&json!({"disabled": true}))
        .send()
        .await
        .expect(200);
    let ask = |id: &str| {
        let request = api.post(&format!("/api/users/{id}/password-link")).by(&ada);
        request.json(&json!({})).send()
    };
    for id in ["2", "9", "x"] {
        ask(id).await.problem(404, "about:blank");
    }
    let body = json!({"code": link, "password": PASSWORD});
    let request = api.post("/api/password-links/accept").json(&body);
    request.send().await.problem(403, "invitation-not-valid");
}

#[actix_web::test]
async fn what_an_administrator_made_ends_with_their_office() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    let change = |id: u8, change: Value| {
        let request = api.patch(&format!("/api/users/{id}")).by(&ada);
        request.json(&change).send()
    };
    for end in [json!({"administrator": false}), json!({"disabled": true})] {
        let office = json!({"administrator": true, "disabled": false});
        change(2, office).await.expect(200);
        let bob = if api.is_signed_in(&bob).await {
            bob.clone()
        } else {
            api.sign_in("bob").await
        };
        let link = api.password_link(&bob, 1).await;
        let invitation = api.invite(&bob).await;
        change(2, end).await.expect(200);
        let chosen = json!({"code": link, "password": PASSWORD});
        let request = api.post("/api/password-links/accept").json(&chosen);
        request.send().await.problem(403, "invitation-not-valid");
        let body = account(&invitation, "carol");
        let request = api.post("/api/invitations/accept").json(&body);
        request.send().await.problem(403, "invitation-not-valid");
        assert!(api.is_signed_in(&ada).await);
    }
}

/// What was asked by an administrator who is none any more once the body has arrived.
#[actix_web::test]
async fn whoever_is_disabled_while_they_ask_gets_nothing_done() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    let change = |change: Value| {
        let request = api.patch("/api/users/2").by(&ada);
        request.json(&change).send()
    };
    change(json!({"administrator": true})).await.expect(200);
    let link = api.password_link(&bob, 1).await;
    let list = api.get("/api/invitations").by(&bob).send().await.json();
    let withdraw = format!("/api/invitations/{}", list[0]["id"]);
    let mut asked = Vec::new();
    for (method, path, body) in [
        (
            "PATCH",
            "/api/users/2",
            r#"{"administrator":true,"disabled":false}"#,
        ),
        ("POST", "/api/invitations", "{}"),
        ("POST", "/api/users/1/password-link", "{}"),
        ("DELETE", &withdraw, "{}"),
    ] {
        let mut connection = api.raw().await;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: api\r\nTasks-Session: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            bob.0,
            body.len()
        );
        connection.send(head).await;
        asked.push((connection, method, path.to_owned(), body));
    }
    crate::support::pause(200).await;
    change(json!({"disabled": true})).await.expect(200);
    for (mut connection, method, path, body) in asked {
        // What needs no body was answered before.
        if method != "DELETE" {
            connection.send(body.to_owned()).await;
        }
        let answer = connection.answer(method, &path).await;
        match method {
            "DELETE" => drop(answer.expect(204)),
            _ => drop(answer.problem(403, "administrators-only")),
        }
    }
    assert!(!api.is_signed_in(&bob).await);
    api.try_sign_in("bob", PASSWORD)
        .await
        .problem(403, "credentials-refused");
    let users = users(&api, &ada).await;
    assert_eq!(users[1]["disabled"], true);
    let chosen = json!({"code": link, "password": PASSWORD});
    let request = api.post("/api/password-links/accept").json(&chosen);
    request.send().await.problem(403, "invitation-not-valid");
}
