//! Loads pages of the list: asks the api, and renders what has changed. Requests for the same page, for the same people,
//! at the same time share the work.
//!
//! What a request is shown must be as new as the request, or people would miss what they have just done. So a request
//! never joins a load that has begun: it waits, with others, for the next one, which begins when that has ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{rt, web};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::api::asking::Asking;
use crate::api::client::{ApiClient, Listing};
use crate::api::error::ApiClientError;
use crate::compression::MAX_COMPRESSED;
use crate::error::WebError;
use crate::kept_pages::KeptPages;
use crate::list_page::ListPage;
use crate::list_view::ListView;
use crate::pages::list::contents;
use crate::process::in_flight::InFlight;
use crate::process::request_id::RequestId;
use crate::scope::ScopedView;
use crate::templates::Templates;
use crate::urlencoded::FormError;

/// A load that takes longer than this is not waited for by the next one: the api may answer that at once.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a load takes, in bytes, besides the list and the page.
const LOAD: usize = 8 * 1024;

type Loaded = Result<Arc<ListPage>, Arc<WebError>>;

/// Loads pages of the list. Each worker thread has a loader, as it has its own connections to the api.
#[derive(Clone)]
pub struct ListLoader {
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
    kept_pages: web::Data<KeptPages>,
    in_flight: InFlight,
    under_way: Rc<RefCell<HashMap<ScopedView, Loads>>>,
    /// One long page is compressed at a time: more threads at that would leave little of the processors to this one.
    compressing: Rc<Semaphore>,
}

/// The loads of one view, for the same people.
#[derive(Default)]
struct Loads {
    /// How many have begun.
    begun: u64,
    /// The one that began last.
    current: Option<Load>,
    /// The one that has not begun.
    next: Option<Load>,
}

/// A load, for everybody who waits for it.
#[derive(Clone)]
struct Load {
    page: Shared<LocalBoxFuture<'static, Loaded>>,
    /// Whose id the api is given.
    asked_as: RequestId,
}

impl ListLoader {
    /// A loader with nothing under way.
    #[must_use]
    pub fn new(
        api: web::Data<ApiClient>,
        templates: web::Data<Templates>,
        kept_pages: web::Data<KeptPages>,
        in_flight: InFlight,
    ) -> Self {
        Self {
            api,
            templates,
            kept_pages,
            in_flight,
            under_way: Rc::default(),
            compressing: Rc::new(Semaphore::new(1)),
        }
    }

    /// The page as it is at some time between this call and its end.
    ///
    /// # Errors
    /// [`WebError::Shared`], [`WebError::Overloaded`]; [`ApiClientError::SignedOut`] where nobody is signed in.
    pub async fn load(&self, asking: Asking, view: ListView) -> Result<Arc<ListPage>, WebError> {
        let scope = asking.scope.ok_or(ApiClientError::SignedOut)?;
        let Load { page, asked_as } = self.next(asking, ScopedView { scope, view })?;
        page.await
            .map_err(|error| WebError::Shared { error, asked_as })
    }

    /// The load of this view that has not begun.
    fn next(&self, asking: Asking, shows: ScopedView) -> Result<Load, WebError> {
        let mut under_way = self.under_way.borrow_mut();
        let waiting = under_way.get(&shows).and_then(|loads| loads.next.as_ref());
        // One that panicked has ended without having begun.
        if let Some(next) = waiting.filter(|load| load.page.peek().is_none()) {
            return Ok(next.clone());
        }
        // A task of its own: those who wait for it may leave. So it is counted by itself.
        let share = self.in_flight.take(LOAD)?;
        let loads = under_way.entry(shows.clone()).or_default();
        let run = self.clone().run(asking, shows, loads.current.clone());
        let task = rt::spawn(async move {
            let loaded = run.await;
            drop(share);
            loaded
        });
        let page = task.map(|ended| match ended {
            Ok(loaded) => loaded,
            Err(error) => Err(Arc::new(WebError::BrokenOff(error))),
        });
        let load = Load {
            page: page.boxed_local().shared(),
            asked_as: asking.request_id,
        };
        loads.next = Some(load.clone());
        Ok(load)
    }

    async fn run(self, asking: Asking, shows: ScopedView, before: Option<Load>) -> Loaded {
        if let Some(before) = before {
            // Whether it ended or takes too long, and what came of it, makes no difference.
            let _ = timeout(PATIENCE, before.page).await;
        }
        let number = self.begin(&shows);
        let loaded = self.ask(asking, &shows).await.map_err(Arc::new);
        self.end(&shows, number);
        loaded
    }

    /// From here on nobody joins this load.
    fn begin(&self, shows: &ScopedView) -> u64 {
        let mut under_way = self.under_way.borrow_mut();
        let loads = under_way.entry(shows.clone()).or_default();
        loads.current = loads.next.take();
        loads.begun += 1;
        loads.begun
    }

    fn end(&self, shows: &ScopedView, number: u64) {
        let mut under_way = self.under_way.borrow_mut();
        if let Some(loads) = under_way.get_mut(shows)
            && loads.begun == number
        {
            loads.current = None;
            if loads.next.is_none() {
                under_way.remove(shows);
            }
        }
    }

    /// Sends a page rendered before again when the api says that the list is still the same.
    async fn ask(&self, asking: Asking, shows: &ScopedView) -> Result<Arc<ListPage>, WebError> {
        let view = &shows.view;
        let kept = self.kept_pages.get(shows);
        let seen = kept.as_ref().map(|(version, _)| version);
        let listing = self
            .api
            .list(asking, view, seen)
            .await
            .map_err(unknown_place)?;
        match (listing, kept) {
            (Listing::Unchanged, Some((_, page))) => Ok(page),
            (Listing::Unchanged, None) => Err(WebError::NothingKept),
            (Listing::Changed(mut list), _) => {
                let version = list.etag.take().filter(|_| !self.templates.may_change());
                let page = contents::render(&self.templates, view, list)?;
                let page = self.compressed(page.counted(self.in_flight)?).await?;
                if let Some(version) = version {
                    self.kept_pages
                        .keep(shows.clone(), version, Arc::clone(&page));
                }
                Ok(page)
            }
        }
    }

    /// Compresses a long page, off the thread that serves others. A short one is compressed when that is asked for.
    async fn compressed(&self, page: ListPage) -> Result<Arc<ListPage>, WebError> {
        let page = Arc::new(page);
        if page.rendered_len() > MAX_COMPRESSED {
            // It is never closed, and compressing alone is no matter of right or wrong.
            let _turn = self.compressing.acquire().await.ok();
            let compressing = Arc::clone(&page);
            rt::task::spawn_blocking(move || compressing.compress())
                .await?
                .ok();
        }
        Ok(page)
    }
}

/// A place in the list that the api did not give out.
fn unknown_place(error: ApiClientError) -> WebError {
    match error {
        ApiClientError::Problem(problem) if matches!(problem.status.as_u16(), 400 | 422) => {
            FormError::UnknownPlace.into()
        }
        error => error.into(),
    }
}
