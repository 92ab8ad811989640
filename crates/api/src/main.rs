//! Starts the api.

fn main() {}
