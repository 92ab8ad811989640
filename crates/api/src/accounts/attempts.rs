//! How often somebody may try to sign in.
//!
//! | counted of | at once | then |
//! |---|---|---|
//! | an account, from one address | 5 | one after 1 s, 2 s, 4 s and so on to 15 min; all forgotten after an hour without one |
//! | an address, on all accounts | 30 | one more each 10 s |
//! | an account, from all addresses | 20 | one more each 30 s |
//!
//! A code that is too long to be guessed is counted of its address alone, and so is the password of somebody who is signed
//! in. Of one address 4 may be under way at a time.
//!
//! The last is not for an address from which somebody has signed in to this account: others' attempts keep nobody out for
//! good. Who guesses from there still has the first to wait for. An address is an IPv4 address, or an IPv6 network of 64 bits, which is the least that one subscriber has.
//!
//! All is kept in memory, in a megabyte, and is gone at a restart. `governor`, which limits the web's changes, takes nothing
//! back, cannot ask of three limits before it counts in any, and forgets nobody while all are busy.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::counts::{Bucket, Failures, Refill};
use self::known::Known;
use self::table::Table;
use crate::domain::UserId;
use crate::process::connection::network_of;

mod counts;
mod known;
mod table;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried<'a> {
    /// A password of whoever is called that, by what names that count as the same have in common
    /// ([`crate::domain::UserName::key`]), whether anybody has that name or not.
    Password(&'a str),
    /// The password of somebody who is signed in, to have another one. Strangers cannot try it, and cannot keep them from it.
    OwnPassword(UserId),
    /// A code that is too long to be guessed: strangers' attempts keep nobody else from using theirs.
    Code,
}

/// Attempts of one network that may be under way at a time.
const MOST_AT_ONCE: usize = 4;
/// Attempts of addresses that are not known to the account that may be under way at a time, of all networks together: they
/// leave places in the queue of hashes to those that are.
const MOST_UNKNOWN_AT_ONCE: usize = 12;
/// When another try makes sense where too many are under way.
const A_MOMENT: Duration = Duration::from_secs(1);

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
    /// How many are under way, of each network that has any.
    under_way: HashMap<Option<IpAddr>, usize>,
    /// How many of addresses that are not known to the account.
    unknown_under_way: usize,
}

/// What an attempt is counted of. Names are hashed: who sends long ones takes no more memory.
#[derive(Debug, Clone, Copy)]
struct Keys {
    pair: u64,
    address: u64,
    account: u64,
    /// What the address is part of, if there is one that can be told from others.
    network: Option<IpAddr>,
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
                under_way: HashMap::new(),
                unknown_under_way: 0,
            })),
            hashes: RandomState::new(),
            clock,
        }
    }

    /// Counts an attempt before it is made, so that many at the same time are as many. All whose `address` is gone already
    /// are one address.
    ///
    /// What is returned tells the outcome; dropped, the attempt has failed.
    ///
    /// # Errors
    /// How long to wait. An attempt that is refused is not counted.
    pub fn begin(&self, tried: Tried<'_>, address: Option<IpAddr>) -> Result<Begun, Duration> {
        let now = (self.clock)();
        let keys = self.keys(tried, address);
        let mut counted = self.counted();
        let known = counted.known.failures(keys.account, keys.address);
        let known = known.copied();
        let failures = known.unwrap_or_else(|| counted.pairs.get(keys.pair));
        let of_address = counted.addresses.get(keys.address).wait(now, BY_ADDRESS);
        let mut wait = failures.wait(now).max(of_address);
        let by_account = known.is_none() && matches!(tried, Tried::Password(_));
        if by_account {
            wait = wait.max(counted.accounts.get(keys.account).wait(now, BY_ACCOUNT));
        }
        let is_known = known.is_some() || matches!(tried, Tried::OwnPassword(_));
        let at_once = counted.under_way.get(&keys.network).copied();
        if at_once.unwrap_or_default() >= MOST_AT_ONCE
            || !is_known && counted.unknown_under_way >= MOST_UNKNOWN_AT_ONCE
        {
            wait = wait.max(A_MOMENT);
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        *counted.under_way.entry(keys.network).or_default() += 1;
        counted.unknown_under_way += usize::from(!is_known);
        counted.change_failures(keys, now, |failures| failures.add(now));
        let addresses = &mut counted.addresses;
        addresses.change(keys.address, now, |bucket| bucket.take(now, BY_ADDRESS));
        if by_account {
            let accounts = &mut counted.accounts;
            accounts.change(keys.account, now, |bucket| bucket.take(now, BY_ACCOUNT));
        }
        drop(counted);
        Ok(Begun {
            attempts: self.clone(),
            keys,
            by_account,
            is_known,
            is_password: matches!(tried, Tried::Password(_)),
        })
    }

    /// Remembers that somebody got in from `address` by another way than their password.
    pub fn remember(&self, name_key: &str, address: Option<IpAddr>) {
        let keys = self.keys(Tried::Password(name_key), address);
        let mut counted = self.counted();
        if keys.network.is_some() {
            counted.known.add(keys.account, keys.address);
        }
    }

    fn keys(&self, tried: Tried<'_>, address: Option<IpAddr>) -> Keys {
        let network = address.map(network_of);
        let account = match tried {
            Tried::Password(name_key) => self.hashes.hash_one(name_key),
            Tried::OwnPassword(user) => self.hashes.hash_one(user),
            Tried::Code => self.hashes.hash_one(()),
        };
        Keys {
            pair: self.hashes.hash_one((account, network)),
            address: self.hashes.hash_one(network),
            account,
            network,
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
    /// Whether it is counted of the account.
    by_account: bool,
    /// Whether it has a place that others leave it.
    is_known: bool,
    /// Whether the address is to be known to the account if it was right.
    is_password: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut counted = self.attempts.counted();
        counted.unknown_under_way -= usize::from(!self.is_known);
        if let Some(at_once) = counted.under_way.get_mut(&self.keys.network) {
            *at_once -= 1;
            if *at_once == 0 {
                counted.under_way.remove(&self.keys.network);
            }
        }
    }
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
        if self.is_password && self.keys.network.is_some() {
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
        if self.by_account {
            let accounts = &mut counted.accounts;
            accounts.change_kept(self.keys.account, |bucket| bucket.give_back(BY_ACCOUNT));
        }
    }
}

#[cfg(test)]
mod tests;
