//! The attacks.

use crate::requests;
use crate::stack::LogReader;
use crate::strangers::At::{Api, Web};
use crate::strangers::Step::{Again, Drain, Hold, Read, ReadRefusal, Send, Sip};
use crate::strangers::{Crowd, Step};

/// Many addresses, as a stranger with many machines has them.
const MANY: u32 = 250;

/// Crowds that come at once.
pub struct Attack {
    pub name: &'static str,
    pub crowds: Vec<Crowd>,
    pub reader: LogReader,
    /// What each service may write to its log meanwhile, in bytes a second.
    pub most_logged: f64,
}

fn attack(name: &'static str, crowds: impl Into<Vec<Crowd>>) -> Attack {
    Attack {
        name,
        crowds: crowds.into(),
        reader: LogReader::Reads,
        most_logged: f64::INFINITY,
    }
}

/// So many strangers from one address.
fn web(clients: u32, steps: &'static [Step]) -> Crowd {
    Crowd {
        at: Web,
        clients,
        addresses: 1,
        steps,
    }
}

fn api(clients: u32, steps: &'static [Step]) -> Crowd {
    Crowd {
        at: Api,
        ..web(clients, steps)
    }
}

/// The same from many addresses.
fn from_many(crowds: impl Into<Vec<Crowd>>) -> Vec<Crowd> {
    let mut crowds = crowds.into();
    for crowd in &mut crowds {
        crowd.addresses = MANY;
    }
    crowds
}

/// All of them, from nobody to everybody.
pub fn all() -> Vec<Attack> {
    let mut attacks = vec![attack("nobody attacks", [])];
    attacks.extend(of_memory());
    attacks.extend(of_places());
    attacks.extend(of_the_log());
    attacks.push(attack("all of these at once", mixed()));
    attacks
}

/// Those who want what is kept of them to grow.
fn of_memory() -> Vec<Attack> {
    vec![
        attack(
            "ever new places in the list",
            [
                web(4, &[Send(requests::empty_page), Read, Again]),
                api(4, &[Send(requests::empty_list), Read, Again]),
            ],
        ),
        attack("readers of pages of quotes", [web(16, HEAVY_PAGES)]),
        attack("readers of lists of quotes", [api(16, HEAVY_LISTS)]),
        attack(
            "pipelined and read",
            [
                web(30, &[Send(requests::pipelined_pages), Drain]),
                api(30, &[Send(requests::pipelined_lists), Drain]),
            ],
        ),
        attack(
            "long forms of quotes, answers unread",
            [web(60, &[Send(requests::form_of_quotes), Hold])],
        ),
        attack(
            "the longest bodies without their last byte",
            from_many([
                web(1000, &[Send(requests::form_without_its_end), Hold]),
                api(1500, &[Send(requests::json_without_its_end), Hold]),
            ]),
        ),
        attack(
            "bodies that nobody asked for",
            from_many([web(1200, UNASKED_BODIES), api(1600, UNASKED_BODIES)]),
        ),
        attack(
            "heads of 130 KB",
            [
                web(460, &[Send(requests::long_head), Hold]),
                api(460, &[Send(requests::long_head), Hold]),
            ],
        ),
        attack("forms as fast as they are taken", [web(8, FORMS)]),
    ]
}

/// Those who take places and do not use them.
fn of_places() -> Vec<Attack> {
    vec![
        attack(
            "idle, from one address",
            [web(1200, &[Hold]), api(1200, &[Hold])],
        ),
        attack("idle", from_many([web(1200, &[Hold]), api(1600, &[Hold])])),
        attack(
            "a second head of one byte",
            from_many([web(1200, SECOND_HEADS), api(1600, SECOND_HEADS)]),
        ),
        attack(
            "bodies that stop",
            from_many([web(1200, FORMS_THAT_STOP), api(1600, TASKS_THAT_STOP)]),
        ),
        attack(
            "heads that dribble",
            from_many([web(1200, DRIBBLE), api(1600, DRIBBLE)]),
        ),
        attack(
            "readers who do not read",
            from_many([web(1200, UNREAD_PAGES), api(1600, UNREAD_LISTS)]),
        ),
        attack(
            "readers who sip",
            from_many([
                web(300, &[Send(requests::heavy_page), Sip]),
                api(300, &[Send(requests::heavy_list), Sip]),
            ]),
        ),
        attack(
            "a thousand readers",
            from_many([web(1000, &[Send(requests::empty_page), Read, Again])]),
        ),
        attack(
            "pipelined and not read",
            from_many([
                web(300, &[Send(requests::pipelined_pages), Again]),
                api(300, &[Send(requests::pipelined_lists), Again]),
            ]),
        ),
        attack(
            "5,000 of these at the web",
            from_many([
                web(1000, &[Hold]),
                web(1000, SECOND_HEADS),
                web(1000, FORMS_THAT_STOP),
                web(1000, DRIBBLE),
                web(1000, UNREAD_PAGES),
            ]),
        ),
    ]
}

const UNASKED_BODIES: &[Step] = &[Send(requests::body_of_a_get), Hold];
const HEAVY_PAGES: &[Step] = &[Send(requests::heavy_page), Read, Again];
const HEAVY_LISTS: &[Step] = &[Send(requests::heavy_list), Read, Again];
const FORMS: &[Step] = &[Send(requests::form), Read, Again];
const SECOND_HEADS: &[Step] = &[Send(requests::probe), Read, Send(requests::one_byte), Hold];
const FORMS_THAT_STOP: &[Step] = &[Send(requests::form_that_stops), Hold];
const TASKS_THAT_STOP: &[Step] = &[Send(requests::json_that_stops), Hold];
const DRIBBLE: &[Step] = &[Send(requests::one_byte), Step::Dribble];
const UNREAD_PAGES: &[Step] = &[Send(requests::heavy_page), Hold];
const UNREAD_LISTS: &[Step] = &[Send(requests::heavy_list), Hold];

/// Those who want the log to be long, or to be waited for.
fn of_the_log() -> Vec<Attack> {
    const LONG_PATHS: &[Step] = &[Send(requests::long_path), Drain];
    const LONGEST_PATHS: &[Step] = &[Send(requests::longest_path), Read, Again];
    const MALFORMED: &[Step] = &[Send(requests::malformed), ReadRefusal];
    let short = |name, crowds: [Crowd; 2]| Attack {
        most_logged: 250e3,
        ..attack(name, crowds)
    };
    vec![
        short(
            "paths of 60,000 characters",
            [web(8, LONG_PATHS), api(8, LONG_PATHS)],
        ),
        short(
            "paths of 16,000 characters",
            [web(4, LONGEST_PATHS), api(4, LONGEST_PATHS)],
        ),
        short("what is no request", [web(8, MALFORMED), api(8, MALFORMED)]),
        Attack {
            reader: LogReader::Stares,
            ..attack(
                "a log that nobody reads",
                [
                    web(4, &[Send(requests::redirected), Read, Again]),
                    api(4, &[Send(requests::empty_list), Read, Again]),
                ],
            )
        },
    ]
}

/// A part of each.
fn mixed() -> Vec<Crowd> {
    let attacks = of_memory()
        .into_iter()
        .chain(of_places())
        .chain(of_the_log());
    let crowds = attacks.flat_map(|attack| attack.crowds);
    let part_of = |crowd: Crowd| Crowd {
        clients: crowd.clients.div_ceil(8),
        ..crowd
    };
    crowds.map(part_of).collect()
}
