//! The long form.

pub mod power_cuts;
