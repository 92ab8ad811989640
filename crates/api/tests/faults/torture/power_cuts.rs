//! Power cuts, simulated: the shim records every change to the store's folder, and what the clients were told, in one
//! sequence. At a random point of it only what was synced by then is kept for certain; the rest is kept, dropped or torn
//! at random, sector by sector, and so are names that were made, changed or taken away since their folder was synced.
//! Then the store's own code opens what is left.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use task_tracker_api::store::{Journal, Keeper, Keeping};
use tempfile::TempDir;

use super::Tally;
use crate::support::api::Scene;
use crate::support::ledger::{Event, Ledger};
use crate::support::load::{Load, Mix};
use crate::support::shim::Number;
use crate::support::{sleep_up_to, store};

/// What a disk writes whole.
const SECTOR: usize = 512;
/// Not one of the shim's records: an event of a client.
const EVENT: u32 = 100;
/// How many lives of an api one record has.
const LIVES: u32 = 4;

/// An event of a client, as it stands in the record.
pub fn event_record(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + text.len());
    bytes.extend(EVENT.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(text);
    bytes
}

/// One step of the record: `enum record` of shim.c.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Write(String, usize, Vec<u8>),
    SyncBegins(String, u64),
    SyncEnds(u64),
    Truncate(String, usize),
    Create(String),
    Unlink(String),
    Rename(String, String),
    Event(Event),
}

/// The steps of a record so far. Its last one may be cut short: whoever wrote it was killed, or is still at it.
pub fn read_record(path: &Path) -> Vec<Entry> {
    let bytes = fs::read(path).unwrap();
    parse(&bytes[..whole_entries(&bytes)])
}

fn parse(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let (kind, name_length, length) = (number(0), number(4) as usize, number(8) as usize);
        let argument = u64::from_le_bytes(bytes[12..20].try_into().unwrap());
        let name = String::from_utf8(bytes[20..20 + name_length].to_vec()).unwrap();
        let data = bytes[20 + name_length..20 + name_length + length].to_vec();
        bytes = &bytes[20 + name_length + length..];
        // Memory of the processes, not of the disk.
        if name.ends_with("-shm") {
            continue;
        }
        entries.push(match kind {
            1 => Entry::Write(name, argument as usize, data),
            2 => Entry::SyncBegins(name, argument),
            3 => Entry::SyncEnds(argument),
            4 => Entry::Truncate(name, argument as usize),
            5 => Entry::Create(name),
            6 => Entry::Unlink(name),
            7 => Entry::Rename(name, String::from_utf8(data).unwrap()),
            EVENT => Entry::Event(serde_json::from_slice(&data).unwrap()),
            other => panic!("no such record: {other}"),
        });
    }
    entries
}

/// A change to a file's content.
#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// A file: what is on the disk, and what may be.
#[derive(Debug, Clone, Default)]
struct Content {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

fn write(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    if content.len() < at + data.len() {
        content.resize(at + data.len(), 0);
    }
    content[at..at + data.len()].copy_from_slice(data);
}

impl Content {
    /// The first `count` pending changes have reached the disk.
    fn sync(&mut self, count: usize) {
        for change in self.pending.drain(..count) {
            match change {
                Change::Write(at, data) => write(&mut self.synced, at, &data),
                Change::Truncate(length) => self.synced.resize(length, 0),
            }
        }
    }

    /// What a power cut leaves.
    fn cut(&self, random: &mut StdRng) -> Vec<u8> {
        let mut left = self.synced.clone();
        // From "everything arrived" to "nothing did".
        let chance: f64 = *[0.0, 0.1, 0.5, 0.9, 1.0]
            .get(random.random_range(0..5))
            .unwrap();
        for change in &self.pending {
            match change {
                Change::Truncate(length) if random.random_bool(chance) => left.resize(*length, 0),
                Change::Truncate(_) => {}
                Change::Write(at, data) => {
                    let mut from = 0;
                    while from < data.len() {
                        let to = ((at + from) / SECTOR * SECTOR + SECTOR - at).min(data.len());
                        if random.random_bool(chance) {
                            write(&mut left, at + from, &data[from..to]);
                        }
                        from = to;
                    }
                }
            }
        }
        left
    }
}

/// A change to the folder.
#[derive(Debug, Clone)]
enum Naming {
    Set(String, usize),
    Remove(String),
}

/// The folder on its disk.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<Content>,
    /// What processes see.
    names: BTreeMap<String, usize>,
    /// What is on the disk.
    synced_names: BTreeMap<String, usize>,
    pending_names: Vec<Naming>,
    /// Syncs that have begun: the file, and how many of its changes they cover.
    syncs: BTreeMap<u64, (Option<usize>, usize)>,
}

fn rename(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Set(name, file) => {
            names.insert(name.clone(), *file);
        }
        Naming::Remove(name) => {
            names.remove(name);
        }
    }
}

impl Disk {
    fn name(&mut self, naming: Naming) {
        rename(&mut self.names, &naming);
        self.pending_names.push(naming);
    }

    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Create(name) => {
                self.files.push(Content::default());
                self.name(Naming::Set(name.clone(), self.files.len() - 1));
            }
            Entry::Write(name, at, data) => {
                let file = self.names[name];
                self.files[file]
                    .pending
                    .push(Change::Write(*at, data.clone()));
            }
            Entry::Truncate(name, length) => {
                let file = self.names[name];
                self.files[file].pending.push(Change::Truncate(*length));
            }
            Entry::Unlink(name) => self.name(Naming::Remove(name.clone())),
            Entry::Rename(from, to) => {
                let file = self.names[from];
                self.name(Naming::Set(to.clone(), file));
                self.name(Naming::Remove(from.clone()));
            }
            Entry::SyncBegins(name, id) if name.is_empty() => {
                self.syncs.insert(*id, (None, self.pending_names.len()));
            }
            Entry::SyncBegins(name, id) => {
                let file = self.names.get(name).copied();
                let covered = file.map_or(0, |file| self.files[file].pending.len());
                self.syncs.insert(*id, (file, covered));
            }
            Entry::SyncEnds(id) => match self.syncs.remove(id) {
                Some((Some(file), covered)) => {
                    self.files[file].sync(covered);
                    // Another sync of the same file that began later covers fewer of what is still pending.
                    for (other, count) in self.syncs.values_mut() {
                        if *other == Some(file) {
                            *count = count.saturating_sub(covered);
                        }
                    }
                }
                Some((None, covered)) => {
                    for naming in self.pending_names.drain(..covered) {
                        rename(&mut self.synced_names, &naming);
                    }
                    for (other, count) in self.syncs.values_mut() {
                        if other.is_none() {
                            *count = count.saturating_sub(covered);
                        }
                    }
                }
                None => {}
            },
            Entry::Event(_) => {}
        }
    }

    /// Writes what a power cut leaves into `folder`.
    fn cut(&self, folder: &Path, random: &mut StdRng) {
        let mut names = self.synced_names.clone();
        // A folder's changes arrive in their order, up to some point.
        let arrived = random.random_range(0..=self.pending_names.len());
        for naming in &self.pending_names[..arrived] {
            rename(&mut names, naming);
        }
        for (name, file) in names {
            fs::write(folder.join(name), self.files[file].cut(random)).unwrap();
        }
    }
}

/// Has the processes of the scene record what they do to its folder, and says where.
pub fn start_recording(scene: &mut Scene) -> PathBuf {
    let path = scene.beside("record");
    fs::write(&path, "").unwrap();
    scene
        .environment
        .push(("FAULT_RECORD", path.display().to_string()));
    path
}

/// Records the lives of a few api processes under load: some are killed, some stop in order, one is followed by a
/// hand-over.
fn record(journal: &str) -> Vec<Entry> {
    let mut scene = Scene::on_disk(journal);
    let path = start_recording(&mut scene);
    // As a disk that takes its time: more is pending at each moment.
    scene.control.set(Number::SyncDelay, 500);
    let events = OpenOptions::new().append(true).open(&path).unwrap();
    let mut api = scene.start();
    let load = Load::start_recorded(&[api.address], 4, Mix::All, Some(events));
    for life in 1..=LIVES {
        load.wait_for(150);
        sleep_up_to(Duration::from_millis(50));
        if life % 2 == 0 {
            api.stop();
        } else {
            api.kill();
        }
        api = scene.start();
        load.set_targets(&[api.address]);
    }
    load.wait_for(50);
    load.finish();
    api.kill();
    read_record(&path)
}

/// How many of the bytes are whole entries.
fn whole_entries(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(head) = bytes.get(end..end + 20) {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        let next = end + 20 + number(4) + number(8);
        if next > bytes.len() {
            break;
        }
        end = next;
    }
    end
}

pub fn run(journal: &str, rounds: u32) -> Tally {
    const CUTS_PER_RECORD: u32 = 500;
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut tally = Tally {
        remark: format!("seed {seed}"),
        ..Tally::default()
    };
    while tally.rounds < rounds {
        let entries = record(journal);
        let mut points: Vec<_> = (0..CUTS_PER_RECORD.min(rounds - tally.rounds))
            .map(|_| random.random_range(0..=entries.len()))
            .collect();
        points.sort_unstable();
        let (mut disk, mut ledger, mut done) = (Disk::default(), Ledger::default(), 0);
        for point in points {
            for entry in &entries[done..point] {
                disk.apply(entry);
                if let Entry::Event(event) = entry {
                    ledger.apply(event.clone());
                }
            }
            done = point;
            one_cut(&disk, &ledger, journal, &mut random, &mut tally);
        }
        tally.acknowledged += ledger.acknowledged;
    }
    tally
}

fn one_cut(disk: &Disk, ledger: &Ledger, journal: &str, random: &mut StdRng, tally: &mut Tally) {
    let (content, refused) = after_a_cut(disk, journal, random);
    tally.corrupt.extend(refused);
    tally.corrupt.extend(content.corrupt);
    tally.faults.add(ledger.compare(&content.rows));
    tally.rounds += 1;
}

/// What the store has after the power was cut now and it was opened again, and why the api would not open it, if so.
pub fn after_a_cut(
    disk: &Disk,
    journal: &str,
    random: &mut StdRng,
) -> (store::Content, Option<String>) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    };
    disk.cut(folder.path(), random);
    let path = folder.path().join("tasks.db");
    let chosen = match journal {
        "truncate" => Journal::Truncate,
        _ => Journal::Wal,
    };
    let keeping = Keeping {
        journal: Some(chosen),
        ..Keeping::default()
    };
    let refused = match Keeper::start(&path, keeping) {
        Ok((_, keeper)) => {
            keeper.stop();
            None
        }
        Err(failure) => Some(failure.to_string()),
    };
    (store::read(&path), refused)
}
