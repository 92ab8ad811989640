//! What signing in takes beside the store: slow hashes of passwords, and limits on how often they can be guessed.
//!
//! Whoever signs somebody in first asks [`attempts`] whether there may be one more attempt, and only then has
//! [`hashing`] compute what the attempt costs.

pub mod attempts;
pub mod hashing;
