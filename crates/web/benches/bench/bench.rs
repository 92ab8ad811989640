//! Rounds that take turns.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::bare::Answers;
use crate::baseline::Baseline;
use crate::forms::FormPosts;
use crate::http::Http;
use crate::load::{Load, Outcome};
use crate::machine;
use crate::report::{Measure, Report, Rounds, Sample};
use crate::server::{Programs, Server};
use crate::store::{self, StoreFile};

/// What Task Tracker is called in the tables.
pub const TASK_TRACKER: &str = "Task Tracker";
/// What the bare handler is called in the tables.
pub const BARE: &str = "bare handler";
/// Bodies to choose from: so many that a change that changes nothing is rare.
const BODIES: u64 = 4096;
/// Not counted: connections, caches and the CPU's clock settle.
const WARM_UP: Duration = Duration::from_secs(1);
/// Work in the background begins this long before what is measured, and ends as long after.
const LEAD: Duration = Duration::from_millis(300);

/// What all measurements share.
pub struct Bench {
    pub programs: Programs,
    pub baseline: Rc<Baseline>,
    pub http: Http,
    pub report: Report,
    rounds: u32,
    round: Duration,
    folder: TempDir,
}

/// Work for one of several servers.
pub enum Work {
    /// Requests.
    Load(Load),
    /// Requests, and others meanwhile that are not counted.
    LoadBeside(Load, Load),
    /// Ways through the web.
    Forms(FormPosts),
}

/// One of several to be compared.
pub struct Contender<'a> {
    pub name: &'a str,
    /// Those whose CPU time is counted.
    pub servers: Vec<&'a Server>,
    pub work: Work,
    /// The api in which each good answer is to have made a task.
    pub makes_tasks_in: Option<&'a Server>,
    /// Brought back to this number of tasks after each round, where it lists all at once.
    pub keeps_tasks: Option<u64>,
    /// Whether wrong answers are only left out of the count.
    pub lenient: bool,
}

impl<'a> Contender<'a> {
    /// Whose every answer has to be right.
    pub fn new(name: &'a str, servers: &[&'a Server], work: Work) -> Self {
        Self {
            name,
            servers: servers.to_vec(),
            work,
            makes_tasks_in: None,
            keeps_tasks: None,
            lenient: false,
        }
    }

    /// Somebody else's: wrong answers are only left out of the count.
    pub fn baseline(servers: &[&'a Server], work: Work) -> Self {
        Self {
            lenient: true,
            ..Self::new(crate::baseline::NAME, servers, work)
        }
    }

    /// Each good answer is to have made a task in `api`.
    pub fn makes_tasks_in(self, api: &'a Server) -> Self {
        Self {
            makes_tasks_in: Some(api),
            ..self
        }
    }

    /// After each round the api that tasks are made in is brought back to `tasks` tasks.
    pub fn keeps_tasks(self, tasks: u64) -> Self {
        Self {
            keeps_tasks: Some(tasks),
            ..self
        }
    }
}

impl Bench {
    /// Reads the environment and says what is measured where.
    pub fn prepare(command: &[String]) -> Result<Self> {
        let parent = env::var_os("BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
        fs::create_dir_all(&parent)?;
        let folder = tempfile::Builder::new()
            .prefix("task-tracker-bench-")
            .tempdir_in(&parent)?;
        let programs = Programs::find()?;
        let rounds = variable("BENCH_ROUNDS", 5)?;
        let seconds = variable("BENCH_SECONDS", 5.0)?;
        println!("{}", machine::describe(folder.path(), &programs, command)?);
        println!("{rounds} rounds of {seconds} s each take turns");
        Ok(Self {
            programs,
            baseline: Rc::new(Baseline::from_env()?),
            http: Http::new()?,
            report: Report::default(),
            rounds,
            round: Duration::from_secs_f64(seconds),
            folder,
        })
    }

    /// How many rounds are measured.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// How long a round is.
    pub fn round(&self) -> Duration {
        self.round
    }

    /// Where files may be made.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A store of `tasks` tasks.
    pub fn store(&self, tasks: u64) -> Result<StoreFile> {
        StoreFile::filled(self.folder(), &self.programs, tasks)
    }

    /// A bare handler.
    pub fn bare(&self, answers: Answers) -> Result<Server> {
        Server::bare(&self.programs, answers)
    }

    /// A file of bodies that make tasks or change their text.
    pub fn bodies(&self) -> Result<PathBuf> {
        let bodies = (0..BODIES).map(|number| {
            // Within each of the bodies' numbers, and longer than those that are there at the start.
            let (title, description) =
                (store::title(9_000_000 + number), store::description(number));
            serde_json::json!({ "title": title, "description": description }).to_string()
        });
        store::lines(self.folder(), "bodies", bodies)
    }

    /// Has all contenders work in turns and shows how the first did beside the others.
    pub fn compare(
        &mut self,
        title: &str,
        measure: Measure,
        contenders: &[Contender<'_>],
    ) -> Result<()> {
        for contender in contenders {
            self.one_round(title, contender, WARM_UP)?;
        }
        let mut table: Vec<Rounds> = contenders
            .iter()
            .map(|contender| Rounds {
                name: contender.name.to_owned(),
                samples: Vec::new(),
            })
            .collect();
        for _ in 0..self.rounds {
            for (contender, rounds) in contenders.iter().zip(&mut table) {
                rounds
                    .samples
                    .push(self.one_round(title, contender, self.round)?);
            }
        }
        self.report.compared(title, measure, &table);
        Ok(())
    }

    fn one_round(
        &mut self,
        title: &str,
        contender: &Contender<'_>,
        duration: Duration,
    ) -> Result<Sample> {
        let count = |http: &Http| {
            let api = contender.makes_tasks_in;
            api.map(|api| http.count_tasks(&api.base)).transpose()
        };
        let before = count(&self.http)?;
        let (outcome, cpu_us) = self
            .work(contender, duration)
            .with_context(|| format!("{title}, {}", contender.name))?;
        let mut wrong = outcome.wrong.clone();
        if let (Some(before), Some(after)) = (before, count(&self.http)?)
            && after != before + outcome.good
        {
            let made = after - before;
            // An answer that got lost may have made its task too.
            if made < outcome.good || wrong.is_empty() {
                wrong.push(format!("{} tasks acknowledged, {made} there", outcome.good));
            }
        }
        if let (Some(api), Some(tasks)) = (contender.makes_tasks_in, contender.keeps_tasks) {
            self.http.set_tasks(&api.base, tasks)?;
        }
        for wrong in wrong {
            if contender.lenient {
                println!("({title}, {}: {wrong})", contender.name);
            } else {
                self.report
                    .wrong(&format!("{title}, {}", contender.name), &wrong);
            }
        }
        Ok(Sample {
            rate: outcome.rate(),
            p50_ms: outcome.p50_ms,
            p99_ms: outcome.p99_ms,
            cpu_us: cpu_us.map(|cpu_us| cpu_us / outcome.good as f64),
        })
    }

    /// The outcome, and the CPU time that all servers used meanwhile.
    fn work(
        &self,
        contender: &Contender<'_>,
        duration: Duration,
    ) -> Result<(Outcome, Option<f64>)> {
        let cpu_us =
            || -> Option<f64> { contender.servers.iter().map(|server| server.cpu_us()).sum() };
        let oha = self.programs.oha.as_path();
        let measured = |run: &dyn Fn() -> Result<Outcome>| {
            let before = cpu_us();
            let outcome = run()?;
            let used = cpu_us().zip(before).map(|(after, before)| after - before);
            anyhow::Ok((outcome, used))
        };
        match &contender.work {
            Work::Load(load) => measured(&|| load.run(oha, duration)),
            Work::Forms(forms) => measured(&|| forms.run(duration)),
            Work::LoadBeside(load, beside) => {
                let background = beside.start(oha, duration + 2 * LEAD)?;
                sleep(LEAD);
                let measured = measured(&|| load.run(oha, duration));
                let background = beside.finish(background)?;
                let (mut outcome, used) = measured?;
                let wrong = background.wrong.into_iter();
                outcome
                    .wrong
                    .extend(wrong.map(|wrong| format!("in the background {wrong}")));
                Ok((outcome, used))
            }
        }
    }
}

fn variable<T: FromStr>(name: &str, default: T) -> Result<T> {
    match env::var(name) {
        Ok(text) if !text.is_empty() => {
            text.parse().map_err(|_| anyhow!("{name} must be a number"))
        }
        _ => Ok(default),
    }
}
