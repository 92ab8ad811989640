//! The pages: each beside its handler, with what its template is given.

pub mod account;
pub mod actions;
pub mod add;
mod conflict;
mod delete_conflict;
mod deleted;
pub mod edit;
mod entry;
pub mod error;
mod fields;
pub mod home;
pub mod invitation;
pub mod list;
pub mod new_password;
mod notice;
mod own_changes;
pub mod people;
pub mod set_up;
pub mod sign_in;
pub mod signed_out;
mod task_id;
mod time;

#[cfg(test)]
mod tests;
