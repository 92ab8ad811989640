//! Hand-overs under load in which either side, both or neither is killed at a random moment.

use std::time::Duration;

use super::Tally;
use crate::support::api::{Api, Scene};
use crate::support::load::{Load, Mix};
use crate::support::shim::Number;
use crate::support::{sleep_up_to, store};

pub fn run(journal: &str, rounds: u32) -> Tally {
    let scene = Scene::on_disk(journal);
    let mut tally = Tally::default();
    let mut holder = scene.start_ready();
    let load = Load::start(&[holder.address], 6, Mix::All);
    let mut gaps = Vec::new();
    for round in 1..=rounds {
        load.wait_for(3);
        let successor = match Api::start(&mut scene.command([] as [&str; 0])) {
            Ok(successor) => successor,
            Err(ended) => {
                tally.corrupt.push(format!("{ended:?}"));
                break;
            }
        };
        load.reset_gap();
        load.set_targets(&[holder.address, successor.address]);
        let quiet = round % 4 == 0;
        if quiet {
            successor.wait_ready();
        } else {
            sleep_up_to(Duration::from_millis(120));
        }
        holder = match round % 4 {
            1 => {
                holder.kill();
                successor
            }
            2 => {
                successor.kill();
                holder
            }
            3 => {
                holder.kill();
                sleep_up_to(Duration::from_millis(30));
                successor.kill();
                scene.start()
            }
            // As a rolling update does it.
            _ => {
                holder.stop();
                load.wait_for(1);
                gaps.push(load.gap());
                successor
            }
        };
        load.set_targets(&[holder.address]);
        holder.wait_ready();
        tally.rounds = round;
    }
    load.wait_for(20);
    let report = load.finish();
    holder.kill();
    let foreign = scene.control.get(Number::ForeignWrites);
    if foreign > 0 {
        tally
            .corrupt
            .push(format!("{foreign} writes by two at once"));
    }
    let content = store::read(&scene.db());
    tally.corrupt.extend(content.corrupt);
    tally.faults = report.compare(&content.rows);
    tally.acknowledged = report.ledger.acknowledged;
    gaps.sort();
    if let (Some(median), Some(most)) = (gaps.get(gaps.len() / 2), gaps.last()) {
        tally.remark = format!(
            "{foreign} of {} writes by another than the holder; pause of an undisturbed hand-over: median {} ms, most {} ms",
            scene.control.get(Number::Writes),
            median.as_millis(),
            most.as_millis()
        );
    }
    tally
}
