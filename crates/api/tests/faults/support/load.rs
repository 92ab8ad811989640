//! Clients that write without pause, repeat with the same idempotency key what was not acknowledged, and never forget
//! what was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use super::api::{Answer, agent, request};
use super::ledger::{Event, Faults, Ledger, Row, Step};

/// How many tasks are completed and deleted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Half are completed, and most of those deleted: the store stays small.
    All,
    /// Half are completed, none deleted.
    Keep,
}

/// What all clients share.
#[derive(Debug)]
struct Shared {
    targets: RwLock<Vec<SocketAddr>>,
    ledger: Mutex<Ledger>,
    refusals: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<Vec<String>>,
    record: Option<File>,
    stop: AtomicBool,
    progress: Mutex<Progress>,
    mix: Mix,
}

/// When something was last acknowledged, and how long the longest pause was.
#[derive(Debug)]
struct Progress {
    last: Instant,
    gap: Duration,
}

/// Clients at work.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

/// What the clients have seen.
#[derive(Debug, Clone)]
pub struct Report {
    pub ledger: Ledger,
    /// Requests that were not acknowledged, by status or error.
    pub refusals: BTreeMap<String, u64>,
    /// Answers that contradict earlier ones.
    pub violations: Vec<String>,
}

impl Report {
    /// What is wrong with the tasks of a store, and with the answers.
    pub fn compare(&self, rows: &[Row]) -> Faults {
        let mut faults = self.ledger.compare(rows);
        faults.lost.extend(self.violations.iter().cloned());
        faults
    }
}

impl Load {
    pub fn start(targets: &[SocketAddr], clients: usize, mix: Mix) -> Self {
        Self::start_recorded(targets, clients, mix, None)
    }

    /// Also appends each event to `record`, as the shim does with changes to files.
    pub fn start_recorded(
        targets: &[SocketAddr],
        clients: usize,
        mix: Mix,
        record: Option<File>,
    ) -> Self {
        let shared = Arc::new(Shared {
            targets: RwLock::new(targets.to_vec()),
            ledger: Mutex::default(),
            refusals: Mutex::default(),
            violations: Mutex::default(),
            record,
            stop: AtomicBool::new(false),
            progress: Mutex::new(Progress {
                last: Instant::now(),
                gap: Duration::ZERO,
            }),
            mix,
        });
        let clients = (0..clients)
            .map(|number| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || Client::new(number, shared).run())
            })
            .collect();
        Self { shared, clients }
    }

    /// Where requests go from now on.
    pub fn set_targets(&self, targets: &[SocketAddr]) {
        *self.shared.targets.write().unwrap() = targets.to_vec();
    }

    pub fn acknowledged(&self) -> u64 {
        self.shared.ledger.lock().unwrap().acknowledged
    }

    /// Waits until `more` further changes were acknowledged.
    #[track_caller]
    pub fn wait_for(&self, more: u64) {
        let before = self.acknowledged();
        let start = Instant::now();
        while self.acknowledged() < before + more {
            assert!(
                start.elapsed() < super::LONG,
                "nothing is acknowledged any more: {:#?}",
                self.shared.refusals.lock().unwrap()
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// What was asked for and acknowledged so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger.lock().unwrap().clone()
    }

    /// Forgets the pauses so far.
    pub fn reset_gap(&self) {
        *self.shared.progress.lock().unwrap() = Progress {
            last: Instant::now(),
            gap: Duration::ZERO,
        };
    }

    /// The longest pause so far, the present one included.
    pub fn gap(&self) -> Duration {
        let progress = self.shared.progress.lock().unwrap();
        progress.gap.max(progress.last.elapsed())
    }

    /// Ends the clients where they are: what they were doing stays unacknowledged.
    pub fn finish(self) -> Report {
        self.shared.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        Report {
            ledger: self.shared.ledger.lock().unwrap().clone(),
            refusals: self.shared.refusals.lock().unwrap().clone(),
            violations: self.shared.violations.lock().unwrap().clone(),
        }
    }
}

struct Client {
    number: usize,
    shared: Arc<Shared>,
    agent: ureq::Agent,
    target: usize,
}

impl Client {
    fn new(number: usize, shared: Arc<Shared>) -> Self {
        Self {
            number,
            shared,
            agent: agent(Duration::from_secs(20)),
            target: number,
        }
    }

    fn run(mut self) {
        for count in 0_u64.. {
            let title = format!("task {count} of client {}", self.number);
            if self.work_on(&title, count).is_none() {
                return;
            }
        }
    }

    /// Takes a task through its life; none where the clients are to end.
    fn work_on(&mut self, title: &str, count: u64) -> Option<()> {
        let body = json!({"title": title, "description": "x".repeat((count % 7 * 100) as usize)});
        let key = title.replace(' ', "-");
        let create = |client: &mut Self| {
            client.until_done(Step::Create, title, "POST", "/api/tasks", Some(&key), &body)
        };
        let id = create(self)?;
        if count % 8 == 1 && create(self)? != id {
            self.violation(format!(
                "the same key made a second task: {title}, first id {id}"
            ));
        }
        let path = format!("/api/tasks/{id}");
        if count % 8 == 3 {
            self.look(&path, title);
        }
        if count.is_multiple_of(2) {
            let done = json!({"completed": true});
            self.until_done(Step::Complete, title, "PATCH", &path, None, &done)?;
        }
        if self.shared.mix == Mix::All && count % 8 < 7 {
            self.until_done(Step::Delete, title, "DELETE", &path, None, &json!(null))?;
        }
        Some(())
    }

    /// Repeats a request until it is acknowledged; none where the clients are to end.
    fn until_done(
        &mut self,
        step: Step,
        title: &str,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &serde_json::Value,
    ) -> Option<i64> {
        self.happened(Event::Asked(step, title.to_owned()));
        let headers: Vec<_> = key
            .map(|key| ("Idempotency-Key", key))
            .into_iter()
            .collect();
        let body = (!body.is_null()).then_some(body);
        let mut tries = 0;
        loop {
            if self.shared.stop.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = self.send(method, path, &headers, body);
            tries += 1;
            match (step, &outcome) {
                (
                    Step::Create,
                    Ok(Answer {
                        status: 201, body, ..
                    }),
                )
                | (
                    Step::Complete,
                    Ok(Answer {
                        status: 200, body, ..
                    }),
                ) => {
                    let id = body["id"].as_i64().unwrap();
                    self.happened(Event::Acknowledged(step, title.to_owned(), id));
                    return Some(id);
                }
                // 404 after the first try: an earlier try whose answer did not arrive has deleted it.
                (Step::Delete, Ok(Answer { status: 204, .. })) => {}
                (Step::Delete, Ok(Answer { status: 404, .. })) if tries > 1 => {}
                (_, Ok(Answer { status, body, .. }))
                    if (400..500).contains(status) && *status != 409 =>
                {
                    self.violation(format!("{method} {path} {title}: {status} {body}"));
                    return Some(0);
                }
                (_, Ok(Answer { status, body, .. })) => {
                    self.refused(format!(
                        "{status} {}",
                        body["type"].as_str().unwrap_or_default()
                    ));
                    continue;
                }
                (_, Err(error)) => {
                    self.refused(kind_of(error));
                    continue;
                }
            }
            self.happened(Event::Acknowledged(step, title.to_owned(), 0));
            return Some(0);
        }
    }

    /// What was acknowledged must be visible at once.
    fn look(&mut self, path: &str, title: &str) {
        match self.send("GET", path, &[], None) {
            Ok(Answer { status: 404, .. }) => self.violation(format!("{title} cannot be read")),
            Ok(Answer { status: 200, .. }) => {}
            Ok(_) | Err(_) => return,
        }
        if let Ok(Answer {
            status: 200, body, ..
        }) = self.send("GET", "/api/tasks?limit=500", &[], None)
        {
            let tasks = body.as_array().unwrap();
            let listed = tasks.iter().any(|task| task["title"] == title);
            if !listed && tasks.len() < 500 {
                self.violation(format!("{title} is not in the list"));
            }
        }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ureq::Error> {
        let address = {
            let targets = self.shared.targets.read().unwrap();
            targets[self.target % targets.len()]
        };
        request(&self.agent, address, method, path, headers, body)
    }

    fn happened(&self, event: Event) {
        if let Some(mut record) = self.shared.record.as_ref() {
            let text = serde_json::to_vec(&event).unwrap();
            record
                .write_all(&super::super::torture::power_cuts::event_record(&text))
                .unwrap();
        }
        if matches!(event, Event::Acknowledged(..)) {
            let mut progress = self.shared.progress.lock().unwrap();
            progress.gap = progress.gap.max(progress.last.elapsed());
            progress.last = Instant::now();
        }
        self.shared.ledger.lock().unwrap().apply(event);
    }

    /// The next try goes to the next server.
    fn refused(&mut self, why: String) {
        *self.shared.refusals.lock().unwrap().entry(why).or_default() += 1;
        self.target += 1;
        thread::sleep(Duration::from_millis(3));
    }

    fn violation(&self, what: String) {
        self.shared.violations.lock().unwrap().push(what);
    }
}

fn kind_of(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => format!("{:?}", error.kind()),
        other => format!("{other}"),
    }
}
