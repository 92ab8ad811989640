//! HTTP: from a request to a question that the store understands, and from what it says to an answer.

pub mod auth;
mod body;
mod caller;
pub mod error;
mod fields;
mod health;
mod invitations;
mod me;
pub mod openapi;
mod preconditions;
mod query;
pub mod routes;
mod sign_in;
mod tasks;
mod users;
