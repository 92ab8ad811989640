//! Tests of the whole api: the real application on a port of its own and a fresh SQLite file, or the real binary in a
//! process of its own. One behaviour a file.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests say what went wrong by panicking"
)]

mod support;

// What is asked for.
mod create_task;
mod delete_completed;
mod delete_task;
mod health;
mod list_tasks;
mod openapi;
mod show_task;
mod update_task;

// How it is asked for.
mod accept;
mod authorization;
mod body_format;
mod body_size;
mod conditional_requests;
mod head_size;
mod idempotency;
mod malformed_http;
mod methods;
mod request_id;
mod task_counts;
mod task_ids;
mod text_rules;
mod unknown_path;

// Who asks.
mod administrators;
mod lists_apart;
mod operator;
mod setup;
mod sign_in;
mod who_may;

// The store.
mod disk_full;
mod hand_over;
mod queue_full;
mod restart;
mod store_locked;
mod store_refused;

// The process.
mod client_address;
mod command_line;
mod configuration;
mod connection_limit;
mod crowded;
mod graceful_stop;
mod healthcheck;
mod log_flood;
mod log_lines;
mod memory;
mod panics;
mod slow_clients;
mod start_time;
mod unread_log;

// What is promised to others.
mod contract_files;
mod declared_answers;
