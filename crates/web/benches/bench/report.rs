//! What was measured, as tables.

use std::fmt::Write;

/// The least, the middle and the most of several figures.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    /// None of no figures.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        let at = |index: usize| figures.get(index).copied();
        Some(Self {
            min: at(0)?,
            median: f64::midpoint(at(last / 2)?, at(last.div_ceil(2))?),
            max: at(last)?,
        })
    }

    /// With the middle first, for text: `0.86 (0.83 to 0.87)`.
    pub fn text(self) -> String {
        let [min, median, max] = [self.min, self.median, self.max].map(number);
        format!("{median} ({min} to {max})")
    }
}

/// One round of one contender.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Good answers a second.
    pub rate: f64,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// CPU time of all servers involved for each answer, in microseconds.
    pub cpu_us: Option<f64>,
}

/// All rounds of one contender.
#[derive(Clone, Debug)]
pub struct Rounds {
    pub name: String,
    pub samples: Vec<Sample>,
}

impl Rounds {
    fn spread(&self, figure: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.samples.iter().filter_map(figure))
    }

    /// How many times the figure of `other` this one's is, round by round.
    fn ratio(&self, other: &Self, figure: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
        let pairs = self.samples.iter().zip(&other.samples);
        Spread::of(pairs.filter_map(|(own, other)| Some(figure(own)? / figure(other)?)))
    }
}

/// What a row of the summary compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Good answers a second.
    Throughput,
    /// CPU time for each answer.
    Cost,
}

/// Everything so far.
#[derive(Default)]
pub struct Report {
    summary: Vec<[String; 5]>,
    wrong: Vec<String>,
}

impl Report {
    /// Shows how the first of `contenders` did beside the others.
    pub fn compared(&mut self, title: &str, measure: Measure, contenders: &[Rounds]) {
        let Some((subject, others)) = contenders.split_first() else {
            return;
        };
        println!("\n{title}, {} rounds", subject.samples.len());
        println!(
            "{:24}{:>26}{:>30}{:>10}{:>10}{:>27}{:>26}",
            "",
            "first ÷ this, answers",
            "good answers a second",
            "p50 ms",
            "p99 ms",
            "CPU µs an answer",
            "first ÷ this, CPU"
        );
        for rounds in contenders {
            let is_subject = rounds.name == subject.name;
            let ratio = |figure: fn(&Sample) -> Option<f64>| {
                subject.ratio(rounds, figure).filter(|_| !is_subject)
            };
            let median = |figure: fn(&Sample) -> Option<f64>| {
                rounds
                    .spread(figure)
                    .map_or_else(|| "-".to_owned(), |spread| number(spread.median))
            };
            println!(
                "{:24}{:>26}{:>30}{:>10}{:>10}{:>27}{:>26}",
                rounds.name,
                columns(ratio(rate)),
                columns(rounds.spread(rate)),
                median(|sample| sample.p50_ms),
                median(|sample| sample.p99_ms),
                columns(rounds.spread(cpu)),
                columns(ratio(cpu)),
            );
        }
        let mut ratios = Vec::new();
        for other in others {
            let (ratio, what) = match measure {
                Measure::Throughput => (subject.ratio(other, rate), ""),
                Measure::Cost => (subject.ratio(other, cpu), "CPU "),
            };
            if let Some(ratio) = ratio {
                ratios.push(format!("{what}{} of {}", ratio.text(), other.name));
            }
        }
        let text = |spread: Option<Spread>| spread.map_or_else(|| "-".to_owned(), Spread::text);
        let p99s = contenders.iter().filter_map(|rounds| {
            let p99 = rounds.spread(|sample| sample.p99_ms)?;
            Some(format!("{} ({})", number(p99.median), rounds.name))
        });
        self.summary.push([
            title.to_owned(),
            ratios.join("; "),
            text(subject.spread(rate)),
            p99s.collect::<Vec<_>>().join("; "),
            text(subject.spread(cpu)),
        ]);
    }

    /// Shows a figure that stands by itself.
    pub fn figure(&mut self, title: &str, text: &str) {
        println!("{title:64}  {text}");
        self.summary.push([
            title.to_owned(),
            text.to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
        ]);
    }

    /// Shows an answer that was not as it should be; the run will have failed.
    pub fn wrong(&mut self, who: &str, what: &str) {
        println!("WRONG: {who}: {what}");
        self.wrong.push(format!("{who}: {what}"));
    }

    /// Shows everything once more as a table for `crates/how-fast.md`; true if nothing was wrong.
    pub fn finish(&self) -> bool {
        let mut text = String::new();
        for row in &self.summary {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        println!(
            "\n| work | ratios, median (least to most) | answers a second | p99 ms | CPU µs an answer |\n|---|---|---|---|---|\n{text}"
        );
        for wrong in &self.wrong {
            println!("WRONG: {wrong}");
        }
        self.wrong.is_empty()
    }
}

fn rate(sample: &Sample) -> Option<f64> {
    Some(sample.rate)
}

fn cpu(sample: &Sample) -> Option<f64> {
    sample.cpu_us
}

fn columns(spread: Option<Spread>) -> String {
    spread.map_or_else(
        || "-".to_owned(),
        |Spread { min, median, max }| {
            let [min, median, max] = [min, median, max].map(number);
            format!("{min:>8} {median:>8} {max:>8}")
        },
    )
}

/// Three digits that matter.
fn number(figure: f64) -> String {
    let decimals = match figure.abs() {
        0.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{figure:.decimals$}")
}
