//! What clients asked for and what was acknowledged, and whether a store agrees with it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// One thing a client does to a task. Each is done once to a task at most, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Create,
    Complete,
    Delete,
}

/// Something that happened at a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// It is about to ask for it.
    Asked(Step, String),
    /// It was told that it is done, with the task's id.
    Acknowledged(Step, String, i64),
}

#[derive(Debug, Clone, Default)]
struct Record {
    id: Option<i64>,
    asked_to_complete: bool,
    completed: bool,
    asked_to_delete: bool,
    deleted: bool,
}

/// Everything that happened to every task, by title: no two tasks share one.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    records: HashMap<String, Record>,
    pub acknowledged: u64,
}

/// A task as a store has it.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: i64,
    pub title: String,
    pub completed: bool,
}

/// What is wrong with a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Acknowledged and not there.
    pub lost: Vec<String>,
    /// There more than once, or under another id, or never asked for.
    pub doubled: Vec<String>,
}

impl Faults {
    pub fn none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty()
    }

    pub fn add(&mut self, other: Self) {
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
    }
}

impl Ledger {
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Asked(step, title) => {
                let record = self.records.entry(title).or_default();
                match step {
                    Step::Create => {}
                    Step::Complete => record.asked_to_complete = true,
                    Step::Delete => record.asked_to_delete = true,
                }
            }
            Event::Acknowledged(step, title, id) => {
                self.acknowledged += 1;
                let record = self.records.entry(title).or_default();
                match step {
                    Step::Create => record.id = Some(id),
                    Step::Complete => record.completed = true,
                    Step::Delete => record.deleted = true,
                }
            }
        }
    }

    /// How many tasks were acknowledged.
    pub fn created(&self) -> usize {
        let records = self.records.values();
        records.filter(|record| record.id.is_some()).count()
    }

    /// What was acknowledged here, with what was asked for until `later`: for a copy made between the two.
    pub fn until(mut self, later: &Self) -> Self {
        for (title, record) in &later.records {
            let ours = self.records.entry(title.clone()).or_default();
            ours.asked_to_complete = record.asked_to_complete;
            ours.asked_to_delete = record.asked_to_delete;
        }
        self
    }

    /// Compares with all tasks of a store.
    pub fn compare(&self, rows: &[Row]) -> Faults {
        let mut faults = Faults::default();
        let mut found: HashMap<&str, &Row> = HashMap::new();
        for row in rows {
            if found.insert(&row.title, row).is_some() || !self.records.contains_key(&row.title) {
                faults.doubled.push(format!("{row:?}"));
            }
        }
        for (title, record) in &self.records {
            match (record.id, found.get(title.as_str())) {
                (Some(_), None) if !record.asked_to_delete => {
                    faults.lost.push(format!("{title} {record:?}"))
                }
                (Some(id), Some(row)) if row.id != id => {
                    faults.doubled.push(format!("{row:?} {record:?}"));
                }
                (_, Some(row))
                    if record.deleted
                        || (record.completed && !row.completed)
                        || (row.completed && !record.asked_to_complete) =>
                {
                    faults.lost.push(format!("{row:?} {record:?}"))
                }
                _ => {}
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, title: &str, completed: bool) -> Row {
        let title = title.to_owned();
        Row {
            id,
            title,
            completed,
        }
    }

    #[test]
    fn a_ledger_sees_what_is_lost_and_what_is_doubled() {
        let mut ledger = Ledger::default();
        for (title, id) in [("a", 1), ("b", 2), ("c", 3)] {
            ledger.apply(Event::Asked(Step::Create, title.to_owned()));
            ledger.apply(Event::Acknowledged(Step::Create, title.to_owned(), id));
        }
        ledger.apply(Event::Asked(Step::Complete, "b".to_owned()));
        ledger.apply(Event::Acknowledged(Step::Complete, "b".to_owned(), 2));
        ledger.apply(Event::Asked(Step::Delete, "c".to_owned()));
        let (a, b, c) = (row(1, "a", false), row(2, "b", true), row(3, "c", false));
        let faults = |rows: &[&Row]| {
            let rows: Vec<Row> = rows.iter().map(|row| (*row).clone()).collect();
            let faults = ledger.compare(&rows);
            (faults.lost.len(), faults.doubled.len())
        };
        assert_eq!(faults(&[&a, &b, &c]), (0, 0));
        assert_eq!(faults(&[&a, &b]), (0, 0));
        assert_eq!(faults(&[&b, &c]), (1, 0));
        assert_eq!(faults(&[&a, &row(2, "b", false), &c]), (1, 0));
        assert_eq!(faults(&[&a, &b, &row(4, "a", false)]), (0, 2));
        assert_eq!(faults(&[&a, &b, &row(9, "z", false)]), (0, 1));
    }
}
