//! Faults between a browser and the store, each produced for real: web and api are processes of their own.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

mod api_gone;
mod few_threads;
mod kill;
mod memory;
mod sigterm;
