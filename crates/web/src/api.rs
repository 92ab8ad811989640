//! The only way to the api: one method a request, with deadlines, limits and repeats.

mod accounts;
pub mod asking;
pub mod client;
pub mod error;
mod exchange;
pub mod limits;
pub mod problem;
