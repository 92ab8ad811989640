//! How often somebody may try to sign in.
//!
//! | counted of | at once | then |
//! |---|---|---|
//! | an account, from one address | 5 | one after 1 s, 2 s, 4 s and so on to 15 min; all forgotten after an hour without one |
//! | an address, on all accounts | 30 | one more each 10 s |
//! | an account, from all addresses | 20 | one more each 30 s |
//!
//! The last is not for an address from which somebody has signed in to this account: others' attempts keep nobody out for
//! good. Who guesses from there still has the first to wait for. An address is an IPv4 address, or an IPv6 network of 64 bits, which is the least that one subscriber has.
//!
//! All is kept in memory, in a megabyte, and is gone at a restart. `governor`, which limits the web's changes, takes nothing
//! back, cannot ask of three limits before it counts in any, and forgets nobody while all are busy.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::counts::{Bucket, Failures, Refill};
use self::known::Known;
use self::table::Table;
use crate::process::connection::network_of;

mod counts;
mod known;
mod table;

/// The account of who sets up the first user. No user's name has such a character.
pub const SETUP: &str = "\0setup";
/// The account of who has an invitation.
pub const INVITATION: &str = "\0invitation";

/// Of an address, on all accounts.
const BY_ADDRESS: Refill = Refill {
    at_once: 30,
    each: Duration::from_secs(10),
};
/// Of an account, from all addresses.
const BY_ACCOUNT: Refill = Refill {
    at_once: 20,
    each: Duration::from_secs(30),
};

/// Time since the start, on a clock that only goes on.
type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Counts attempts. Clones share the counts.
#[derive(Clone)]
pub struct Attempts {
    counted: Arc<Mutex<Counted>>,
    /// With a key of this process, so that nobody can choose names whose hashes are the same.
    hashes: RandomState,
    clock: Clock,
}

struct Counted {
    pairs: Table<Failures>,
    addresses: Table<Bucket>,
    accounts: Table<Bucket>,
    known: Known,
}

/// What an attempt is counted of. Names are hashed: who sends long ones takes no more memory.
#[derive(Debug, Clone, Copy)]
struct Keys {
    pair: u64,
    address: u64,
    account: u64,
    /// Whether there is an address that can be told from others.
    has_address: bool,
}

impl Counted {
    /// Changes what has failed of an address on an account, wherever that is counted.
    fn change_failures(&mut self, keys: Keys, now: Duration, change: impl FnOnce(&mut Failures)) {
        match self.known.failures(keys.account, keys.address) {
            Some(failures) => change(failures),
            None => self.pairs.change(keys.pair, now, change),
        }
    }
}

impl Attempts {
    /// Nobody has tried yet.
    #[must_use]
    pub fn new() -> Self {
        let start = Instant::now();
        Self::with_clock(Arc::new(move || start.elapsed()))
    }

    fn with_clock(clock: Clock) -> Self {
        Self {
            counted: Arc::new(Mutex::new(Counted {
                pairs: Table::default(),
                addresses: Table::default(),
                accounts: Table::default(),
                known: Known::default(),
            })),
            hashes: RandomState::new(),
            clock,
        }
    }

    /// Counts an attempt before it is made, so that many at the same time are as many. `account` is what names that count
    /// as the same have in common ([`crate::domain::UserName::key`]), whether anybody has that name or not, or
    /// [`SETUP`] or [`INVITATION`]. All whose `address` is gone already are one address.
    ///
    /// What is returned tells the outcome; dropped, the attempt has failed.
    ///
    /// # Errors
    /// How long to wait. An attempt that is refused is not counted.
    pub fn begin(&self, account: &str, address: Option<IpAddr>) -> Result<Begun, Duration> {
        let now = (self.clock)();
        let keys = self.keys(account, address);
        let mut counted = self.counted();
        let known = counted.known.failures(keys.account, keys.address);
        let known = known.copied();
        let failures = known.unwrap_or_else(|| counted.pairs.get(keys.pair));
        let of_address = counted.addresses.get(keys.address).wait(now, BY_ADDRESS);
        let mut wait = failures.wait(now).max(of_address);
        if known.is_none() {
            wait = wait.max(counted.accounts.get(keys.account).wait(now, BY_ACCOUNT));
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        counted.change_failures(keys, now, |failures| failures.add(now));
        let addresses = &mut counted.addresses;
        addresses.change(keys.address, now, |bucket| bucket.take(now, BY_ADDRESS));
        if known.is_none() {
            let accounts = &mut counted.accounts;
            accounts.change(keys.account, now, |bucket| bucket.take(now, BY_ACCOUNT));
        }
        drop(counted);
        Ok(Begun {
            attempts: self.clone(),
            keys,
            is_known: known.is_some(),
        })
    }

    fn keys(&self, account: &str, address: Option<IpAddr>) -> Keys {
        let network = address.map(network_of);
        Keys {
            pair: self.hashes.hash_one((account, network)),
            address: self.hashes.hash_one(network),
            account: self.hashes.hash_one(account),
            has_address: network.is_some(),
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self::new()
    }
}

/// An attempt that is counted.
#[must_use = "dropped, the attempt has failed"]
pub struct Begun {
    attempts: Attempts,
    keys: Keys,
    /// Whether it is not counted of the account.
    is_known: bool,
}

impl Begun {
    /// The password was right: nothing is held against this address on this account any more, and it is remembered.
    ///
    /// Of the address and of the account only this attempt is given back. Who has an account could otherwise sign in to it
    /// after every 29 guesses of another one, and a stranger's guesses would begin anew whenever the owner signs in.
    pub fn succeeded(self) {
        let mut counted = self.attempts.counted();
        counted.pairs.remove(self.keys.pair);
        self.give_back_buckets(&mut counted);
        if self.keys.has_address {
            counted.known.add(self.keys.account, self.keys.address);
        }
    }

    /// The attempt was not made, since there was no place or something failed: it was no guess.
    pub fn not_made(self) {
        let mut counted = self.attempts.counted();
        let now = (self.attempts.clock)();
        counted.change_failures(self.keys, now, Failures::give_back);
        self.give_back_buckets(&mut counted);
    }

    fn give_back_buckets(&self, counted: &mut Counted) {
        let addresses = &mut counted.addresses;
        addresses.change_kept(self.keys.address, |bucket| bucket.give_back(BY_ADDRESS));
        if !self.is_known {
            let accounts = &mut counted.accounts;
            accounts.change_kept(self.keys.account, |bucket| bucket.give_back(BY_ACCOUNT));
        }
    }
}

#[cfg(test)]
mod tests;
