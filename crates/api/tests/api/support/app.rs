//! The real application, in a thread of this process, on a port of its own and a fresh store.

use std::env::VarError;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use task_tracker_api::config::Config;
use task_tracker_api::startup::Application;
use tokio::sync::oneshot;

use super::{Answer, Raw, Store, contract};

/// A running application. Stops when dropped.
pub struct TestApi {
    pub address: SocketAddr,
    pub store: Store,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestApi {
    /// Starts on a fresh store.
    pub async fn start() -> Self {
        Self::start_on(Store::new()).await
    }

    /// Starts on a store that may exist.
    pub async fn start_on(store: Store) -> Self {
        Self::start_with(store, |_| {}).await
    }

    /// Starts with another configuration.
    pub async fn start_with(store: Store, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(store.path());
        change(&mut config);
        let (started, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build(config).await.unwrap();
                let address = SocketAddr::from(([127, 0, 0, 1], application.port()));
                started.send(address).unwrap();
                let stop = async {
                    let _ = stopped.await;
                    "the test is over"
                };
                application.run_until(stop).await.unwrap();
            });
        });
        Self {
            address: address.await.unwrap(),
            store,
            client: client(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Stops as SIGTERM would, and gives the store back.
    pub async fn stop(mut self) -> Store {
        drop(self.stop.take());
        let thread = self.thread.take().unwrap();
        actix_web::rt::task::spawn_blocking(move || thread.join().unwrap())
            .await
            .unwrap();
        self.store.clone()
    }

    /// A request. The path may have a query; it is sent as it stands.
    pub fn request(&self, method: Method, path: &str) -> Request {
        request(&self.client, self.address, method, path)
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Adds a task and gives it.
    pub async fn add(&self, title: &str) -> Value {
        let new = json!({"title": title});
        let answer = self.post("/api/tasks").json(&new).send().await;
        answer.expect(201).json()
    }

    /// Adds a task and gives its path.
    pub async fn add_path(&self, title: &str) -> String {
        format!("/api/tasks/{}", self.add(title).await["id"])
    }

    /// The titles of the newest tasks.
    pub async fn titles(&self) -> Vec<String> {
        titles(&self.get("/api/tasks?limit=500").send().await)
    }

    /// A connection to send anything on.
    pub async fn raw(&self) -> Raw {
        Raw::connect(self.address).await
    }
}

impl Drop for TestApi {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && !thread::panicking()
        {
            // Kept connections would make it wait for them.
            self.client = client();
            let _ = thread.join();
        }
    }
}

/// What every test starts with: the defaults, but for where.
pub fn config(db_path: PathBuf) -> Config {
    let defaults = Config::from_lookup(|_| Err(VarError::NotPresent)).unwrap();
    Config {
        bind_addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        db_path,
        ..defaults
    }
}

/// A client that waits long enough for a loaded machine.
pub fn client() -> Client {
    // A provider that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(Duration::from_secs(30))
        .no_proxy()
        .build()
        .unwrap()
}

/// A request to any address.
pub fn request(client: &Client, address: SocketAddr, method: Method, path: &str) -> Request {
    Request {
        builder: client.request(method.clone(), format!("http://{address}{path}")),
        method: method.to_string(),
        path: path.to_owned(),
        json: None,
    }
}

/// The titles in a list.
#[track_caller]
pub fn titles(list: &Answer) -> Vec<String> {
    let list = list.clone().expect(200).json();
    let tasks = list.as_array().unwrap().iter();
    tasks
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect()
}

/// A request to be sent.
pub struct Request {
    builder: RequestBuilder,
    method: String,
    path: String,
    json: Option<Value>,
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// A body, as `application/json`.
    pub fn json(mut self, body: &Value) -> Self {
        self.json = Some(body.clone());
        self.builder = self.builder.json(body);
        self
    }

    /// A body of any kind.
    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.header("content-type", content_type).body(body);
        self
    }

    /// Sends it, and checks the answer against the OpenAPI document.
    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap()
    }

    /// As [`Self::send`], where no answer may come.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.builder.send().await?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        };
        contract::check(&self.method, &self.path, self.json.as_ref(), &answer);
        Ok(answer)
    }
}
