//! The table, and what must hold for each of its rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fmt};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::attacks::{self, Attack};
use crate::others::{Others, Seen};
use crate::stack::{LogReader, Seed, Stack};
use crate::strangers::{self, At, Tally};

/// What a container of either service has, in MB.
const MEMORY: f64 = 64.0;
/// Whoever waits this long was kept waiting, however slow the machine is.
const SLOW: Duration = Duration::from_millis(500);
/// Others are at work before the attack.
const BEFORE: Duration = Duration::from_millis(200);

/// One attack and what came of it.
struct Row {
    attack: Attack,
    tally: Arc<Tally>,
    seen: Seen,
    has_ended: bool,
    /// In MB, of api and web. None where it cannot be known.
    memory: [Option<f64>; 2],
    /// Bytes a second, of api and web. None where it is read elsewhere.
    logged: [Option<f64>; 2],
    lost: Vec<String>,
    doubled: Vec<String>,
}

impl Row {
    fn of(attack: Attack, stack: &Stack, time: Duration) -> Self {
        let services = [&stack.api, &stack.web];
        let address_of = |at| match at {
            At::Api => stack.api.address,
            At::Web => stack.web.address,
        };
        let others = Others::start(stack.api.address, stack.web.address, attack.name);
        thread::sleep(BEFORE);
        let (start, before) = (Instant::now(), services.map(|service| service.logged()));
        let tally = strangers::attack(&attack.crowds, address_of, time);
        let (seconds, after) = (start.elapsed(), services.map(|service| service.logged()));
        let seen = others.finish();
        let memory = services.map(|service| service.peak_memory());
        let has_ended = !services.iter().all(|service| service.is_alive());
        let (lost, doubled) = if has_ended {
            Default::default()
        } else {
            compare(&seen, stack.titles())
        };
        let a_second = |of: usize| Some((after[of]? - before[of]?) as f64 / seconds.as_secs_f64());
        Self {
            attack,
            tally,
            seen,
            has_ended,
            memory,
            logged: [a_second(0), a_second(1)],
            lost,
            doubled,
        }
    }

    /// What others were told, or not, in place of what they asked for.
    fn failures(&self) -> Option<String> {
        let Self { attack, seen, .. } = self;
        (seen.failed() > 0).then(|| format!("{}: {:?}", attack.name, seen.failures))
    }

    /// What must not be.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |is: bool, what: String| faults.extend(is.then_some(what));
        fault(self.has_ended, "a process has ended".to_owned());
        for (of, name) in ["api", "web"].into_iter().enumerate() {
            let memory = self.memory[of].unwrap_or_default();
            fault(memory > MEMORY, format!("{name} took {memory:.1} MB"));
            let logged = self.logged[of].unwrap_or_default();
            fault(
                logged > self.attack.most_logged,
                format!("{name} logged {logged:.0} bytes a second"),
            );
        }
        let Self {
            lost,
            doubled,
            seen,
            ..
        } = self;
        fault(!lost.is_empty(), format!("lost: {lost:?}"));
        fault(!doubled.is_empty(), format!("doubled: {doubled:?}"));
        let bare = self.tally.bare.load(Ordering::Relaxed);
        fault(bare > 0, format!("{bare} refusals were not like ours"));
        fault(
            seen.failed() * 20 > seen.took.len() as u64,
            "others were not answered".to_owned(),
        );
        let is_added = seen.added.values().any(|acknowledged| *acknowledged);
        fault(!is_added, "nobody else could add a task".to_owned());
        let p99 = seen.quantile(0.99);
        fault(!is_short() && p99 > SLOW, format!("others waited {p99:?}"));
        faults
    }
}

/// What was acknowledged and is not there, and what is there twice.
fn compare(seen: &Seen, titles: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for title in titles {
        *times.entry(title).or_default() += 1;
    }
    let (mut lost, mut doubled) = (Vec::new(), Vec::new());
    for (title, acknowledged) in &seen.added {
        match times.get(title) {
            None if *acknowledged => lost.push(title.clone()),
            None | Some(1) => {}
            Some(_) => doubled.push(title.clone()),
        }
    }
    (lost, doubled)
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attack,
            tally,
            seen,
            ..
        } = self;
        let clients: u32 = attack.crowds.iter().map(|crowd| crowd.clients).sum();
        let ms = |part| format!("{:.0}", seen.quantile(part).as_secs_f64() * 1000.0);
        let both = |figures: [Option<f64>; 2], unit: f64| {
            let text = |figure: f64| format!("{:.0}", figure / unit);
            figures
                .map(|figure| figure.map_or("-".to_owned(), text))
                .join(", ")
        };
        write!(
            f,
            "| {} | {clients} | {} | {}, {}, {} ms | {} of {} | {} MB | {} KB | {} |",
            attack.name,
            tally.connections.load(Ordering::Relaxed),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            seen.failed(),
            seen.took.len(),
            both(self.memory, 1.0),
            both(self.logged, 1e3),
            self.lost.len() + self.doubled.len(),
        )
    }
}

fn is_short() -> bool {
    env::var("TORTURE").is_ok_and(|form| form == "short")
}

#[test]
#[ignore = "takes minutes: make torture"]
#[allow(clippy::print_stdout)]
fn attacks() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let time = if is_short() {
        Duration::from_millis(1200)
    } else {
        Duration::from_secs(8)
    };
    let only = env::var("ATTACK").unwrap_or_default();
    let given = Stack::given();
    let seed = given.is_none().then(Seed::new);
    println!(
        "| attack | clients | connections | others' p50, p99, most | others failed | peak memory api, web | log a second api, web | lost |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (mut bad, mut failures) = (Vec::new(), Vec::new());
    for attack in attacks::all() {
        // Somebody else reads the log of those that were given.
        let is_possible = given.is_none() || attack.reader == LogReader::Reads;
        if !is_possible || !attack.name.contains(&only) {
            continue;
        }
        let own = seed.as_ref().map(|seed| Stack::start(seed, attack.reader));
        let stack = own.as_ref().or(given.as_ref()).unwrap();
        let row = Row::of(attack, stack, time);
        println!("{row}");
        failures.extend(row.failures());
        let faults = row.faults();
        if !faults.is_empty() {
            bad.push(format!("{}: {}", row.attack.name, faults.join("; ")));
        }
        if row.has_ended && given.is_some() {
            break;
        }
    }
    for failure in failures {
        println!("failed: {failure}");
    }
    for bad in &bad {
        println!("wrong: {bad}");
    }
    assert!(bad.is_empty());
}
