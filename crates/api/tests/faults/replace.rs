//! The api's container is replaced under load as a rolling update does it: the new one starts on the same volume while
//! the old one serves, requests go to whichever was found ready last, and the old one is stopped then.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, id};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tempfile::TempDir;

use crate::support::api::{agent, request};
use crate::support::load::{Load, Mix};
use crate::support::{LONG, store, wait_until};

/// How often readiness is asked for: `azure/api.yaml`.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const REPLACEMENTS: u32 = 5;
/// From one replacement to the next: as long as the web repeats a request, which is meant to outlast one of them.
const APART: Duration = Duration::from_secs(3);

#[track_caller]
fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    let said = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        said(&output.stderr)
    );
    said(&output.stdout)
}

/// Containers and their volume, taken away at the end.
struct Containers {
    label: String,
    volume: String,
}

impl Containers {
    fn new() -> Self {
        let label = format!("label=task-tracker-replace={}", id());
        let volume = format!("task-tracker-replace-{}", id());
        docker(&["volume", "create", &volume]);
        Self { label, volume }
    }

    fn start(&self, arguments: &[&str]) -> String {
        let label = self.label.replace("label=", "--label=");
        let mut all = vec!["run", "--detach", &label, "--read-only", "--user=10001"];
        all.extend(["--cap-drop=ALL", "--security-opt=no-new-privileges"]);
        all.extend(["--pids-limit=64", "--memory=64m", "--log-driver=local"]);
        all.extend(arguments);
        docker(&all)
    }

    /// An api on the volume, and its address on this machine.
    fn api(&self) -> (String, SocketAddr) {
        let image = std::env::var("API_IMAGE").expect("API_IMAGE names the image");
        let mount = format!("--volume={}:/data", self.volume);
        let container = self.start(&["--publish=127.0.0.1::8000", &mount, &image]);
        let address = docker(&["port", &container, "8000/tcp"]);
        (container, address.parse().unwrap())
    }

    /// A web on the network of this machine, over the api at `api`.
    fn web(&self, api: SocketAddr) -> SocketAddr {
        let image = std::env::var("WEB_IMAGE").expect("WEB_IMAGE names the image");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (bind, api) = (
            format!("--env=BIND_ADDR={address}"),
            format!("--env=API_URL=http://{api}"),
        );
        self.start(&["--network=host", &bind, &api, &image]);
        wait_until("the web answers", || status(address, "/healthz") == 200);
        address
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        let list = ["ps", "--all", "--quiet", "--filter", &self.label];
        for container in docker(&list).lines() {
            docker(&["rm", "--force", container]);
        }
        docker(&["volume", "rm", &self.volume]);
    }
}

fn status(address: SocketAddr, path: &str) -> u16 {
    let answer = request(&agent(PROBE_EVERY), address, "GET", path, &[], None);
    answer.map_or(0, |answer| answer.status)
}

/// What stands before the containers: passes each request on to one of them.
struct Ingress {
    address: SocketAddr,
    target: Arc<RwLock<SocketAddr>>,
}

impl Ingress {
    fn start(target: SocketAddr) -> Self {
        let target = Arc::new(RwLock::new(target));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = web::Data::from(Arc::clone(&target));
        thread::spawn(move || {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let app = move || {
                App::new()
                    .app_data(shared.clone())
                    .app_data(web::Data::new(client.clone()))
                    .default_service(web::to(pass_on))
            };
            let server = HttpServer::new(app).workers(1).listen(listener).unwrap();
            actix_web::rt::System::new()
                .block_on(server.disable_signals().run())
                .unwrap();
        });
        Self { address, target }
    }
}

async fn pass_on(
    request: HttpRequest,
    body: web::Bytes,
    target: web::Data<RwLock<SocketAddr>>,
    client: web::Data<reqwest::Client>,
) -> HttpResponse {
    let address = *target.read().unwrap();
    let method = request.method().as_str().parse().unwrap();
    let mut forwarded = client
        .request(method, format!("http://{address}{}", request.uri()))
        .body(body);
    for (name, value) in request.headers() {
        if !["host", "connection", "content-length"].contains(&name.as_str()) {
            forwarded = forwarded.header(name.as_str(), value.as_bytes());
        }
    }
    let Ok(answer) = forwarded.send().await else {
        return HttpResponse::BadGateway().finish();
    };
    let mut response = HttpResponse::build(answer.status().as_u16().try_into().unwrap());
    for (name, value) in answer.headers() {
        if !["connection", "content-length"].contains(&name.as_str()) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    match answer.bytes().await {
        Ok(bytes) => response.body(bytes),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}

/// What people at the web have seen.
#[derive(Debug, Default)]
struct Seen {
    forms: Vec<String>,
    pages: u64,
    /// By status.
    errors: BTreeMap<u16, u64>,
    slowest: Duration,
}

/// People who add tasks at the web and look at the list, one after the other. Nothing is repeated: an error is one a
/// person has seen.
struct People {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl People {
    fn start(web: SocketAddr, count: usize) -> Self {
        let (seen, stop) = <(Arc<Mutex<Seen>>, Arc<AtomicBool>)>::default();
        let threads = (0..count)
            .map(|number| {
                let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
                thread::spawn(move || {
                    let agent = ureq::Agent::config_builder()
                        .http_status_as_error(false)
                        .max_redirects(0)
                        .timeout_global(Some(LONG))
                        .build()
                        .new_agent();
                    for turn in 0_u64.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let title = format!("form {turn} of person {number}");
                        let form = [("title", title.as_str()), ("key", &title.replace(' ', "-"))];
                        let start = Instant::now();
                        let added = agent
                            .post(format!("http://{web}/tasks/add"))
                            .send_form(form);
                        let page = agent.get(format!("http://{web}/tasks")).call();
                        let took = start.elapsed();
                        let added = added.map_or(0, |answer| answer.status().as_u16());
                        let page = page.map_or(0, |answer| answer.status().as_u16());
                        let mut seen = seen.lock().unwrap();
                        seen.slowest = seen.slowest.max(took);
                        match added {
                            303 => seen.forms.push(title),
                            _ => *seen.errors.entry(added).or_default() += 1,
                        }
                        match page {
                            200 => seen.pages += 1,
                            _ => *seen.errors.entry(page).or_default() += 1,
                        }
                        drop(seen);
                        thread::sleep(Duration::from_millis(10));
                    }
                })
            })
            .collect();
        Self {
            seen,
            stop,
            threads,
        }
    }

    fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[test]
#[ignore = "needs a Docker engine and both images: .ci/images/replace"]
#[allow(clippy::print_stdout)]
fn a_rolling_update_under_load() {
    let containers = Containers::new();
    let (mut old, address) = containers.api();
    wait_until("the api is ready", || status(address, "/health") == 200);
    let ingress = Ingress::start(address);
    let web = containers.web(ingress.address);
    let load = Load::start(&[ingress.address], 4, Mix::Keep);
    let people = People::start(web, 4);
    let mut pauses = Vec::new();
    for _ in 0..REPLACEMENTS {
        thread::sleep(APART);
        load.wait_for(100);
        load.reset_gap();
        let (new, address) = containers.api();
        while status(address, "/health") != 200 {
            thread::sleep(PROBE_EVERY);
        }
        *ingress.target.write().unwrap() = address;
        docker(&["stop", "--time=30", &old]);
        load.wait_for(100);
        pauses.push(load.gap().as_millis());
        let code = docker(&["inspect", "--format={{.State.ExitCode}}", &old]);
        assert_eq!(code, "0", "the replaced api ended in order");
        old = new;
    }
    let seen = people.finish();
    let report = load.finish();
    docker(&["stop", "--time=30", &old]);

    let copy = TempDir::new().unwrap();
    let target = copy.path().join("tasks.db");
    docker(&[
        "cp",
        &format!("{old}:/data/tasks.db"),
        target.to_str().unwrap(),
    ]);
    let content = store::read(&target);
    assert_eq!(content.corrupt, None);
    let (from_web, from_api): (Vec<_>, Vec<_>) = content
        .rows
        .into_iter()
        .partition(|row| row.title.starts_with("form "));
    let faults = report.compare(&from_api);
    let mut titles: Vec<_> = from_web.iter().map(|row| row.title.clone()).collect();
    titles.sort_unstable();
    let stored = titles.len();
    titles.dedup();
    let lost = |title: &&String| titles.binary_search(title).is_err();
    let lost = seen.forms.iter().filter(lost).count();

    println!(
        "{REPLACEMENTS} replacements. At the api: {} changes acknowledged, {} lost, {} doubled; refused and repeated: {:?}; pauses {pauses:?} ms",
        report.ledger.acknowledged,
        faults.lost.len(),
        faults.doubled.len(),
        report.refusals,
    );
    println!(
        "At the web: {} forms acknowledged, {lost} lost, {} doubled, {} lists; errors seen: {:?}; slowest form with its list {} ms",
        seen.forms.len(),
        stored - titles.len(),
        seen.pages,
        seen.errors,
        seen.slowest.as_millis()
    );
    assert!(faults.none(), "{faults:#?}");
    assert_eq!((lost, stored), (0, titles.len()));
    assert!(seen.errors.is_empty());
}
