//! Starts the web.

fn main() {}
