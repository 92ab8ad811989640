//! Ordinary people at the web and ordinary clients of the api, while strangers attack both.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

/// Whoever is not answered within this time goes away.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// From one request to the next.
const PAUSE: Duration = Duration::from_millis(10);
/// Before something is asked for again that was not done.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
const PEOPLE: usize = 2;
const CLIENTS: usize = 2;
/// A person looks at the list so often before adding to it.
const LOOKS: usize = 3;

/// A client with a connection for each request: as those have it who come anew.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// What was answered.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The path of what comes after it, where there is more.
    pub next: Option<String>,
    pub body: String,
}

pub fn fetch(agent: &ureq::Agent, url: &str) -> Result<Page, ureq::Error> {
    let mut response = agent.get(url).call()?;
    let mut links = response.headers().get_all("link").iter();
    let next = links.find_map(|link| {
        let target = link.to_str().ok()?.strip_suffix(">; rel=\"next\"")?;
        Some(target.strip_prefix('<')?.to_owned())
    });
    Ok(Page {
        status: response.status().as_u16(),
        next,
        body: response.body_mut().read_to_string()?,
    })
}

/// What others have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of every request, failed ones too.
    pub took: Vec<Duration>,
    /// How often something else came than should have.
    pub failures: BTreeMap<String, u64>,
    /// Titles asked for, each with whether that was acknowledged.
    pub added: HashMap<String, bool>,
}

impl Seen {
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// How long the given part of all requests took at the most.
    pub fn quantile(&self, part: f64) -> Duration {
        let mut took = self.took.clone();
        took.sort_unstable();
        let last = took.len().saturating_sub(1);
        let at = (took.len() as f64 * part).ceil() as usize;
        took.get(at.saturating_sub(1).min(last))
            .copied()
            .unwrap_or_default()
    }
}

/// Others at work.
pub struct Others {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Others {
    /// `round` tells their titles from those of another time.
    pub fn start(api: SocketAddr, web: SocketAddr, round: &str) -> Self {
        let (seen, stop) = <(Arc<Mutex<Seen>>, Arc<AtomicBool>)>::default();
        let one = |number: usize, at_work: fn(&mut Other)| {
            let mut other = Other {
                name: format!("{round}, {number}"),
                api: format!("http://{api}"),
                web: format!("http://{web}"),
                agent: agent(),
                seen: Arc::clone(&seen),
                stop: Arc::clone(&stop),
            };
            thread::spawn(move || at_work(&mut other))
        };
        let people = (0..PEOPLE).map(|number| one(number, Other::uses_the_page));
        let clients = (PEOPLE..PEOPLE + CLIENTS).map(|number| one(number, Other::adds_tasks));
        let threads = people.chain(clients).collect();
        Self {
            seen,
            stop,
            threads,
        }
    }

    pub fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

struct Other {
    name: String,
    api: String,
    web: String,
    agent: ureq::Agent,
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
}

impl Other {
    fn has_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Sends a request and keeps how that went. None unless the answer has this status.
    fn ask(
        &self,
        what: &str,
        status: u16,
        send: impl FnOnce(&ureq::Agent) -> Result<Page, ureq::Error>,
    ) -> Option<Page> {
        let start = Instant::now();
        let answer = send(&self.agent);
        let took = start.elapsed();
        let mut seen = self.seen.lock().unwrap();
        seen.took.push(took);
        let failure = match answer {
            Ok(page) if page.status == status => return Some(page),
            Ok(page) => format!("{what}: {}", page.status),
            Err(error) => format!("{what}: {error}"),
        };
        *seen.failures.entry(failure).or_default() += 1;
        None
    }

    /// Asks for a task until that is acknowledged.
    fn add(&self, title: &str, ask: impl Fn() -> Option<Page>) {
        let keep = |acknowledged| {
            let mut seen = self.seen.lock().unwrap();
            seen.added.insert(title.to_owned(), acknowledged);
        };
        keep(false);
        while ask().is_none() {
            if self.has_stopped() {
                return;
            }
            thread::sleep(PAUSE_AFTER_FAILURE);
        }
        keep(true);
    }

    /// Looks at the list, and adds to it.
    fn uses_the_page(&mut self) {
        let list = format!("{}/tasks", self.web);
        for turn in 1.. {
            if self.has_stopped() {
                return;
            }
            let page = self.ask("the list", 200, |agent| fetch(agent, &list));
            match page.as_ref().and_then(|page| key_in(&page.body)) {
                Some(key) if turn % LOOKS == 0 => {
                    let title = format!("{}, form {turn}", self.name);
                    self.add(&title, || self.send_form(&title, key));
                }
                Some(_) => {}
                None => thread::sleep(PAUSE_AFTER_FAILURE),
            }
            thread::sleep(PAUSE);
        }
    }

    fn send_form(&self, title: &str, key: &str) -> Option<Page> {
        let form = [("title", title), ("key", key), ("return_to", "/tasks")];
        let url = format!("{}/tasks/add", self.web);
        self.ask("a form", 303, |agent| {
            page(agent.post(&url).send_form(form)?)
        })
    }

    /// Adds tasks without a page.
    fn adds_tasks(&mut self) {
        let url = format!("{}/api/tasks", self.api);
        for turn in 1.. {
            if self.has_stopped() {
                return;
            }
            let title = format!("{}, task {turn}", self.name);
            let key = title.replace([' ', ','], "-");
            let body = json!({ "title": title }).to_string();
            self.add(&title, || {
                self.ask("a task", 201, |agent| {
                    let request = agent.post(&url).header("idempotency-key", &key);
                    page(request.content_type("application/json").send(&body)?)
                })
            });
            thread::sleep(PAUSE);
        }
    }
}

fn page(mut response: ureq::http::Response<ureq::Body>) -> Result<Page, ureq::Error> {
    Ok(Page {
        status: response.status().as_u16(),
        next: None,
        body: response.body_mut().read_to_string()?,
    })
}

/// The key of the form that adds a task.
fn key_in(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("name=\"key\" value=\"")?;
    Some(rest.split_once('"')?.0)
}
