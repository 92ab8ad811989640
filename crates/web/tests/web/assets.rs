//! `/static/...`.

use crate::support::Web;

fn href(html: &str, before: &str) -> String {
    html.split_once(before)
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned()
}

#[actix_web::test]
async fn assets_are_kept_for_good_under_the_name_of_their_content() {
    let web = Web::without_api();
    let home = web.get("/").await.body;
    for (before, kind) in [
        ("rel=\"stylesheet\" href=\"", "text/css; charset=utf-8"),
        ("rel=\"icon\" href=\"", "image/svg+xml"),
    ] {
        let page = web.get(&href(&home, before)).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), kind);
        assert_eq!(
            page.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(!page.body.is_empty());
    }
}

#[actix_web::test]
async fn another_version_s_name_finds_the_asset_but_is_not_kept() {
    let page = Web::without_api()
        .get("/static/style-000000000000.css")
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-cache");
}

#[actix_web::test]
async fn an_asset_seen_before_is_not_sent_again() {
    let web = Web::without_api();
    let path = href(&web.get("/").await.body, "rel=\"stylesheet\" href=\"");
    let etag = web.get(&path).await.header("etag").to_owned();
    for (seen, status) in [
        (etag.as_str(), 304),
        (&*format!("\"x\", {etag}"), 304),
        ("\"x\"", 200),
        ("", 200),
    ] {
        let page = web.get_with(&path, &[("if-none-match", seen)]).await;
        assert_eq!(page.status, status, "{seen}");
        assert_eq!(page.body.is_empty(), status == 304);
        assert_eq!(page.header("etag"), etag);
    }
}
