//! What a stranger can do from outside, done to both services as processes of their own, while others use them.
//!
//! `API_BIN` and `WEB_BIN` name the programs; without them those are attacked that cargo builds. Where
//! `ATTACKS_API_URL` and `ATTACKS_WEB_URL` are set, with the ids of the processes behind them in `ATTACKS_API_PID` and
//! `ATTACKS_WEB_PID`, these are attacked instead. `ATTACK` picks the attacks that have it in their names, and
//! `TORTURE=short` gives each of them less time.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod attacks;
mod others;
mod requests;
mod stack;
mod strangers;
mod table;
