//! Requests for the same list at the same time: they share what is asked of the api, and none is shown less than was
//! there when it came.

use std::time::{Duration, Instant};

use actix_web::ResponseError;
use actix_web::body::to_bytes;
use actix_web::web::Data;
use futures_util::future::{join, join_all};
use task_tracker_web::api::asking::Asking;
use task_tracker_web::api::client::ApiClient;
use task_tracker_web::error::WebError;
use task_tracker_web::kept_pages::KeptPages;
use task_tracker_web::list_loader::ListLoader;
use task_tracker_web::list_page::Fresh;
use task_tracker_web::list_view::{ListView, Show};
use task_tracker_web::process::in_flight::InFlight;
use task_tracker_web::process::request_id::RequestId;
use task_tracker_web::request_log::Cause;
use task_tracker_web::scope::Scope;
use task_tracker_web::templates::Templates;
use tokio::task::yield_now;
use tokio::time::timeout;
use wiremock::matchers::{method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{list_answer, stub, task};

const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(2);

fn loader(api: &MockServer) -> ListLoader {
    let client = ApiClient::new(api.uri().parse().unwrap(), None, InFlight::start()).unwrap();
    ListLoader::new(
        Data::new(client),
        Data::new(Templates::load(false).unwrap()),
        Data::new(KeptPages::default()),
        InFlight::start(),
    )
}

/// An api whose list has one task after the other, each answer taking as long as is said.
async fn api(lists: &[(&str, Duration)]) -> MockServer {
    let api = stub().await;
    for (title, delay) in lists {
        let answer = list_answer(&[task(1, title, "", false)])
            .insert_header("etag", format!("\"{title}\""))
            .set_delay(*delay);
        Mock::given(method("GET"))
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&api)
            .await;
    }
    api
}

async fn asked(api: &MockServer, times: usize) {
    let asked = async {
        while api.received_requests().await.unwrap().len() < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LATE, asked).await.expect("the api is asked");
}

fn asking() -> Asking {
    Asking {
        request_id: RequestId::random(),
        client: None,
        scope: Some(Scope::Everybody),
    }
}

async fn load_view(loader: &ListLoader, view: ListView) -> Result<String, WebError> {
    let page = loader.load(asking(), view).await?;
    let body = to_bytes(page.html(&Fresh::placeholders())).await.unwrap();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// The title of the one task on the page.
async fn load(loader: &ListLoader) -> String {
    let page = load_view(loader, ListView::default()).await.unwrap();
    let (_, rest) = page.split_once("data-task-title>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[actix_web::test]
async fn whoever_comes_during_a_load_shares_the_next_one() {
    let api = api(&[("One", SOON), ("Two", SOON), ("Three", SOON)]).await;
    let loader = loader(&api);
    let later = async {
        asked(&api, 1).await;
        let five = || join_all((0..5).map(|_| load(&loader)));
        let even_later = async {
            for _ in 0..10 {
                yield_now().await;
            }
            five().await
        };
        join(five(), even_later).await
    };
    let (first, (later, even_later)) = join(load(&loader), later).await;
    assert_eq!(first, "One");
    assert_eq!([later, even_later].concat(), ["Two"; 10]);
    assert_eq!(load(&loader).await, "Three");
    assert_eq!(api.received_requests().await.unwrap().len(), 3);
}

#[actix_web::test]
async fn whoever_comes_together_shares_a_load() {
    let api = api(&[("One", SOON)]).await;
    let loader = loader(&api);
    assert_eq!(join_all((0..10).map(|_| load(&loader))).await, ["One"; 10]);
}

#[actix_web::test]
async fn views_do_not_share() {
    let api = stub().await;
    for (completed, title) in [("true", "Done"), ("false", "To do")] {
        Mock::given(query_param("completed", completed))
            .respond_with(list_answer(&[task(1, title, "", false)]).set_delay(SOON))
            .expect(1)
            .mount(&api)
            .await;
    }
    let loader = loader(&api);
    let (done, to_do) = join(
        load_view(&loader, ListView::newest(Show::Completed)),
        load_view(&loader, ListView::newest(Show::Active)),
    )
    .await;
    assert!(done.unwrap().contains(">Done<") && to_do.unwrap().contains(">To do<"));
}

#[actix_web::test]
async fn a_load_that_hangs_holds_nobody_up() {
    let api = api(&[("One", LATE), ("Two", SOON), ("Three", SOON)]).await;
    let loader = loader(&api);
    let later = async {
        asked(&api, 1).await;
        let start = Instant::now();
        let later = [load(&loader).await, load(&loader).await];
        (later, start.elapsed())
    };
    let (first, (later, took)) = join(load(&loader), later).await;
    assert_eq!(first, "One");
    assert_eq!(later, ["Two", "Three"]);
    assert!(took < LATE / 2, "{took:?}");
}

#[actix_web::test]
async fn whoever_leaves_takes_nothing_from_the_others() {
    let api = api(&[("One", SOON), ("Two", SOON), ("Three", SOON)]).await;
    let loader = loader(&api);
    let mut leaves = Box::pin(load(&loader));
    assert!(timeout(Duration::ZERO, &mut leaves).await.is_err());
    asked(&api, 1).await;
    let mut leaves_too = Box::pin(load(&loader));
    assert!(timeout(Duration::ZERO, &mut leaves_too).await.is_err());
    let stays = load(&loader);
    drop((leaves, leaves_too));
    assert_eq!(stays.await, "Two");
    assert_eq!(load(&loader).await, "Three");
}

#[actix_web::test]
async fn a_failure_is_told_to_everybody_and_the_next_load_is_another() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(500))
        .up_to_n_times(1)
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[task(1, "Again", "", false)]))
        .mount(&api)
        .await;
    let loader = loader(&api);
    let both = [asking(), asking()];
    let errors = join_all(both.map(|asking| loader.load(asking, ListView::default()))).await;
    for error in errors.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.status_code(), 502);
        // The line in the log leads to the api's own.
        let cause = format!("{:?}", Cause::of(&error));
        assert!(
            cause.contains(&both[0].request_id.to_string())
                && cause.contains("the api's answer (500"),
            "{cause}"
        );
    }
    assert_eq!(load(&loader).await, "Again");
    assert_eq!(api.received_requests().await.unwrap().len(), 2);
}
