//! A person's way through the web: the form is posted, the redirect followed, and the page that comes shows the task.
//! oha keeps the method when it follows a redirect, so this load is made here, with the same HTTP library.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use reqwest::header::LOCATION;
use reqwest::{Client, Url};
use tokio::runtime::Builder;

use crate::http;
use crate::load::Outcome;

/// Threads that send; as many as oha uses on two cores.
const THREADS: u32 = 2;

/// What is posted where.
#[derive(Clone, Debug)]
pub struct FormPosts {
    /// The web.
    pub base: String,
    /// People at a time.
    pub clients: u32,
    /// Whether the page has to show the task that was posted, as any but the bare handler's does.
    pub shows_task: bool,
}

impl FormPosts {
    /// Posts for `duration` and waits for the last pages.
    pub fn run(&self, duration: Duration) -> Result<Outcome> {
        let start = Instant::now();
        let deadline = start + duration;
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let posts = self.clone();
                thread::spawn(move || posts.run_thread(deadline))
            })
            .collect();
        let (mut times, mut wrong) = (Vec::new(), Vec::new());
        for thread in threads {
            let outcome = thread.join().map_err(|_| anyhow!("a client panicked"))??;
            times.extend(outcome.0);
            wrong.extend(outcome.1);
        }
        let seconds = start.elapsed().as_secs_f64();
        times.sort_unstable();
        let percentile = |part: f64| {
            let index = (part * times.len() as f64) as usize;
            times
                .get(index)
                .map(|time: &Duration| time.as_secs_f64() * 1000.0)
        };
        Ok(Outcome {
            good: times.len() as u64,
            refused: 0,
            answers: (times.len() + wrong.len()) as u64,
            seconds,
            p50_ms: percentile(0.5),
            p99_ms: percentile(0.99),
            refused_p99_ms: None,
            wrong,
        })
    }

    /// One thread's share: how long each way took, and what went wrong.
    fn run_thread(&self, deadline: Instant) -> Result<(Vec<Duration>, Vec<String>)> {
        let clients = usize::try_from(self.clients / THREADS)?;
        let client = http::client(clients)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let ways = (0..clients).map(|_| self.post_until(deadline, &client));
            let (mut times, mut wrong) = (Vec::new(), Vec::new());
            for (more_times, more_wrong) in futures_util::future::join_all(ways).await {
                times.extend(more_times);
                wrong.extend(more_wrong);
            }
            Ok((times, wrong))
        })
    }

    async fn post_until(&self, deadline: Instant, client: &Client) -> (Vec<Duration>, Vec<String>) {
        let (mut times, mut wrong) = (Vec::new(), Vec::new());
        while Instant::now() < deadline {
            let start = Instant::now();
            match self.post_once(client).await {
                Ok(()) => times.push(start.elapsed()),
                Err(error) => wrong.push(format!("{error:#}")),
            }
        }
        (times, wrong)
    }

    async fn post_once(&self, client: &Client) -> Result<()> {
        let key = format!("{:032x}", rand::random::<u128>());
        let title = format!("Posted as {key}");
        let url = Url::parse(&self.base)?.join("/tasks/add")?;
        let answer = client
            .post(url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "title={}&description=By+a+form&key={key}",
                title.replace(' ', "+")
            ))
            .send()
            .await?;
        let status = answer.status().as_u16();
        // Flask redirects with 302.
        ensure!(
            status == 303 || status == 302,
            "the form was answered with {status}"
        );
        let location = answer.headers().get(LOCATION).context("no Location")?;
        let page = url.join(location.to_str()?)?;
        // A connection can be used again once its answer was read.
        answer.bytes().await?;
        let answer = client.get(page).send().await?;
        let status = answer.status().as_u16();
        ensure!(status == 200, "the page was answered with {status}");
        let text = answer.text().await?;
        ensure!(
            !self.shows_task || text.contains(&title),
            "a page did not show the task just posted"
        );
        Ok(())
    }
}
