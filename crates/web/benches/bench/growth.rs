//! `growth`: what a page of a large store costs beside one of a small store.

use std::path::PathBuf;

use anyhow::Result;

use crate::bench::{Bench, Contender, Work};
use crate::load::{Load, Target};
use crate::report::Measure;
use crate::server::Server;
use crate::store;

const LARGE: u64 = 1_000_000;
const SMALL: u64 = 1_000;
const CLIENTS: u32 = 16;
/// Tasks on a page: 50 on average. They differ, and so do the pages' places, so that hardly a page is asked for again
/// while it is kept.
const LIMITS: std::ops::RangeInclusive<u64> = 30..=70;
/// Neighbouring places a page is taken from.
const PLACES: u64 = 120;
/// The last place has so many tasks after it that a page of every third one is full.
const AFTER_LAST: u64 = 220;

pub fn run(bench: &mut Bench) -> Result<()> {
    let large = bench.store(LARGE)?;
    let small = bench.store(SMALL)?;
    let large = Server::api(&bench.programs, &large)?;
    let small = Server::api(&bench.programs, &small)?;
    let filters = [
        ("", ""),
        (", completed=true", "&completed=true"),
        (", completed=false", "&completed=false"),
    ];
    for (filter, parameter) in filters {
        for place in [Place::First, Place::Middle, Place::Last] {
            let work = |server: &Server, tasks| -> Result<Work> {
                let urls = urls(bench, server, place, tasks, parameter)?;
                Ok(Work::Load(Load::get(Target::File(urls), CLIENTS)))
            };
            let contenders = [
                Contender::new("1,000,000 tasks", &[&large], work(&large, LARGE)?),
                Contender::new("1,000 tasks", &[&small], work(&small, SMALL)?),
            ];
            let title = format!(
                "GET /api/tasks, about 50 of them, {} page{filter}",
                place.name()
            );
            bench.compare(&title, Measure::Cost, &contenders)?;
        }
    }
    Ok(())
}

/// Which part of the list.
#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Middle,
    Last,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Middle => "middle",
            Self::Last => "last",
        }
    }

    /// The highest of the ids after which a page may begin, in a store of `tasks`.
    fn highest(self, tasks: u64) -> u64 {
        match self {
            Self::First => tasks,
            Self::Middle => tasks / 2 + PLACES,
            Self::Last => AFTER_LAST + PLACES,
        }
    }
}

fn urls(
    bench: &Bench,
    server: &Server,
    place: Place,
    tasks: u64,
    parameter: &str,
) -> Result<PathBuf> {
    let highest = place.highest(tasks);
    let cursors = highest - PLACES + 1..=highest;
    let urls = cursors.flat_map(|id| {
        LIMITS.map(move |limit| {
            server.url(&format!(
                "/api/tasks?limit={limit}&after=c1{id:x}{parameter}"
            ))
        })
    });
    store::lines(
        bench.folder(),
        &format!("pages-of-{tasks}-{}{parameter}", place.name()),
        urls,
    )
}
