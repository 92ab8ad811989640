#![allow(clippy::panic, clippy::unwrap_used)]

use actix_web::test::{TestRequest, init_service, read_body, try_call_service};

use super::*;
use crate::process::networks::Networks;
use crate::write_rate::WriteRate;

async fn panics() -> &'static str {
    panic!("with a secret in it")
}

#[actix_web::test]
async fn a_panic_is_a_page_like_any_other_error_and_the_next_request_is_answered() {
    let state = State {
        api: web::Data::new(
            ApiClient::new(
                "http://127.0.0.1:1".parse().unwrap(),
                None,
                InFlight::start(),
            )
            .unwrap(),
        ),
        templates: web::Data::new(Templates::load(false).unwrap()),
        kept_pages: web::Data::new(KeptPages::default()),
        in_flight: InFlight::start(),
        process: web::Data::new(ProcessState::started()),
        proxies: web::Data::new(TrustedProxies(Networks::parse("127.0.0.1").unwrap())),
        site: web::Data::new(OwnSite::Any),
        write_limit: web::Data::new(WriteLimit::new(WriteRate::OFF, Networks::default())),
        sign_in: web::Data::new(SignIn::None),
    };
    let service = init_service(app(state).route("/panics", web::get().to(panics))).await;
    for _ in 0..3 {
        let request = TestRequest::get()
            .uri("/panics")
            .peer_addr("127.0.0.1:1".parse().unwrap())
            .insert_header(("x-forwarded-proto", "https"));
        let Err(error) = try_call_service(&service, request.to_request()).await else {
            panic!("no panic")
        };
        let response = error.error_response();
        assert_eq!(response.status(), 500);
        for name in [
            "content-security-policy",
            "x-request-id",
            "cache-control",
            "strict-transport-security",
        ] {
            assert!(response.headers().contains_key(name), "{name}");
        }
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap_or_else(|_| panic!("no body"));
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            html.contains("Something went wrong on our side") && !html.contains("secret"),
            "{html}"
        );
    }
    let response = try_call_service(&service, TestRequest::get().uri("/").to_request())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(!read_body(response).await.is_empty());
}
