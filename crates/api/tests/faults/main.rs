//! Faults, each produced for real: the api is a process of its own, started on a store of its own.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;
mod torture;

mod backup;
mod backup_target;
mod clock;
mod few_threads;
mod file_system;
mod foreign_copies;
mod full_disk;
mod hand_over;
mod io_errors;
mod kill;
mod leftovers;
mod locked;
mod long_log;
mod other_kinds;
mod power_cut;
mod read_only;
mod replace;
mod schedule;
mod sigterm;
mod taken_away;
mod two_processes;
