//! Load, made by oha (<https://github.com/hatoo/oha>).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::http::Method;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What oha sends where answers may be compressed.
pub const ACCEPT_ENCODING: &str = "gzip, compress, deflate, br";

/// Where requests go.
#[derive(Clone, Debug)]
pub enum Target {
    /// To one URL.
    Url(String),
    /// To URLs that match a regular expression, drawn at random.
    Pattern(String),
    /// To the URLs in a file, drawn at random.
    File(PathBuf),
}

/// What is sent for some time, and what is to come back.
#[derive(Clone, Debug)]
pub struct Load {
    target: Target,
    method: Method,
    clients: u32,
    /// A file whose lines are bodies, drawn at random, and their type.
    bodies: Option<(PathBuf, &'static str)>,
    /// Requests a second; as many as are answered where there is none.
    rate: Option<f64>,
    compressed: bool,
    status: u16,
    /// Refused with 503 is as right as answered.
    may_refuse: bool,
    /// What bodies may be long on average, in bytes.
    length: Option<RangeInclusive<f64>>,
}

impl Load {
    /// `GET`, answered with 200.
    pub fn get(target: Target, clients: u32) -> Self {
        Self {
            target,
            method: Method::GET,
            clients,
            bodies: None,
            rate: None,
            compressed: false,
            status: 200,
            may_refuse: false,
            length: None,
        }
    }

    /// `POST` of JSON, answered with 201.
    pub fn post(target: Target, clients: u32, bodies: &Path) -> Self {
        Self {
            method: Method::POST,
            status: 201,
            bodies: Some((bodies.to_owned(), "application/json")),
            ..Self::get(target, clients)
        }
    }

    /// `PUT` of JSON, answered with 200.
    pub fn put(target: Target, clients: u32, bodies: &Path) -> Self {
        Self {
            method: Method::PUT,
            status: 200,
            ..Self::post(target, clients, bodies)
        }
    }

    /// Every answer's body is of `length` bytes.
    pub fn length(self, length: usize) -> Self {
        let length = length as f64;
        Self {
            length: Some(length..=length),
            ..self
        }
    }

    /// Answers' bodies are of `length` bytes, or nearly so.
    pub fn length_about(self, length: usize) -> Self {
        let length = length as f64;
        Self {
            length: Some(0.97 * length..=1.03 * length),
            ..self
        }
    }

    /// At `rate` requests a second, whether or not earlier ones were answered.
    pub fn rate(self, rate: f64) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    /// Takes compressed answers.
    pub fn compressed(self) -> Self {
        Self {
            compressed: true,
            ..self
        }
    }

    /// An answer of 503 is as right as any.
    pub fn may_refuse(self) -> Self {
        Self {
            may_refuse: true,
            ..self
        }
    }

    /// Sends for `duration` and waits for the last answers.
    pub fn run(&self, oha: &Path, duration: Duration) -> Result<Outcome> {
        self.finish(self.start(oha, duration)?)
    }

    /// Begins to send.
    pub fn start(&self, oha: &Path, duration: Duration) -> Result<Child> {
        let mut command = Command::new(oha);
        command
            .args([
                "--no-tui",
                "--output-format",
                "json",
                "--stats-success-breakdown",
            ])
            .arg("--wait-ongoing-requests-after-deadline")
            .args(["-z", &format!("{}ms", duration.as_millis())])
            .args(["-c", &self.clients.to_string()])
            .args(["-m", self.method.as_str()]);
        if !self.compressed {
            command.arg("--disable-compression");
        }
        if let Some(rate) = self.rate {
            command.args(["-q", &rate.to_string()]);
        }
        if let Some((path, kind)) = &self.bodies {
            command.args(["-T", kind]).arg("-Z").arg(path);
        }
        match &self.target {
            Target::Url(url) => command.arg(url),
            Target::Pattern(pattern) => command.arg("--rand-regex-url").arg(pattern),
            Target::File(path) => command.arg("--urls-from-file").arg(path),
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("oha")
    }

    /// Waits for what was begun, and checks the answers.
    pub fn finish(&self, oha: Child) -> Result<Outcome> {
        let output = oha.wait_with_output()?;
        ensure!(output.status.success(), "oha failed: {}", output.status);
        let summary: Summary = serde_json::from_slice(&output.stdout).context("oha's summary")?;
        let count = |status: u16| summary.statuses.get(&status).copied().unwrap_or_default();
        let (good, refused) = (count(self.status), count(503));
        let mut wrong: Vec<String> = summary
            .statuses
            .iter()
            .filter(|(status, _)| **status != self.status && !(self.may_refuse && **status == 503))
            .map(|(status, count)| format!("{count} answers {status}"))
            .collect();
        let errors = summary.errors.iter();
        wrong.extend(errors.map(|(error, count)| format!("{count} times {error}")));
        let answers = summary.statuses.values().sum::<u64>();
        let average = summary.summary.total_data as f64 / answers as f64;
        if let Some(length) = &self.length
            && wrong.is_empty()
            && !length.contains(&average)
        {
            wrong.push(format!(
                "bodies of {average:.1} bytes instead of {length:?}"
            ));
        }
        let milliseconds = |name| {
            move |percentiles: &Percentiles| {
                percentiles
                    .get(name)
                    .copied()
                    .flatten()
                    .map(|seconds| seconds * 1000.0)
            }
        };
        let taken = summary.taken.as_ref();
        Ok(Outcome {
            good,
            refused,
            answers,
            seconds: summary.summary.total,
            p50_ms: taken.and_then(milliseconds("p50")),
            p99_ms: taken.and_then(milliseconds("p99")),
            refused_p99_ms: summary.refused.as_ref().and_then(milliseconds("p99")),
            wrong,
        })
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Answers of the status expected.
    pub good: u64,
    /// Answers of 503.
    pub refused: u64,
    /// Answers of any status.
    pub answers: u64,
    /// How long it took.
    pub seconds: f64,
    /// Time to answer: half of the 2xx took no longer, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Time to answer: 99 of 100 of the 2xx took no longer, in milliseconds.
    pub p99_ms: Option<f64>,
    /// The same for the others.
    pub refused_p99_ms: Option<f64>,
    /// What was not as expected.
    pub wrong: Vec<String>,
}

impl Outcome {
    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        self.good as f64 / self.seconds
    }
}

type Percentiles = BTreeMap<String, Option<f64>>;

/// What is read of oha's JSON.
#[derive(Deserialize)]
struct Summary {
    summary: Totals,
    #[serde(rename = "statusCodeDistribution")]
    statuses: BTreeMap<u16, u64>,
    #[serde(rename = "errorDistribution")]
    errors: BTreeMap<String, u64>,
    #[serde(rename = "latencyPercentilesSuccessful")]
    taken: Option<Percentiles>,
    #[serde(rename = "latencyPercentilesNotSuccessful")]
    refused: Option<Percentiles>,
}

#[derive(Deserialize)]
struct Totals {
    total: f64,
    #[serde(rename = "totalData")]
    total_data: u64,
}
