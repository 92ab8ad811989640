//! An id is a positive 64-bit integer; anything else is the id of no task.

use reqwest::Method;

use crate::support::TestApi;

#[actix_web::test]
async fn what_is_no_id_is_404() {
    let api = TestApi::start().await;
    api.add("first").await;
    for id in [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e0",
        "0x1",
        "1 ",
        "%31%20",
        "%201",
        "one",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551617",
        "99999999999999999999999999999999",
        "%FF",
        "%00",
        "1%00",
        "%D9%A1",
        "1;drop",
    ] {
        for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
            let mut connection = api.raw().await;
            let path = format!("/api/tasks/{}", id.replace(' ', "%20"));
            let body = r#"{"title":"changed"}"#;
            let head = format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
            connection.request(method.as_str(), &path, &head).await;
            connection.send(body).await;
            let answer = connection.answer(method.as_str(), &path).await;
            answer.problem(404, "about:blank");
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn an_escaped_digit_is_the_digit() {
    let api = TestApi::start().await;
    api.add("first").await;
    let mut connection = api.raw().await;
    connection.request("GET", "/api/tasks/%31", "").await;
    connection.answer("GET", "/api/tasks/%31").await.expect(200);
}
