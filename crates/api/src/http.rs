//! HTTP: from a request to a question that the store understands, and from what it says to an answer.

pub mod auth;
mod body;
pub mod error;
mod fields;
mod health;
pub mod openapi;
mod preconditions;
mod query;
pub mod routes;
mod tasks;
