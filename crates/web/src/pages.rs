//! The pages: each beside its handler, with what its template is given.

pub mod actions;
pub mod add;
mod conflict;
mod delete_conflict;
mod deleted;
pub mod edit;
pub mod error;
mod fields;
pub mod home;
pub mod list;
mod notice;
mod own_changes;
pub mod signed_out;
mod task_id;

#[cfg(test)]
mod tests;
