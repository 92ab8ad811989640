//! How many connections there may be at a time, and which of them ends when one more comes: the one that has waited
//! longest for its client.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::progress::State;
use crate::limits::{MAX_CONNECTIONS, MAX_PER_ADDRESS};
use crate::process::in_flight::PORTION;

/// Those who found less than one in so many places taken have a buffer of [`WRITE_BUFFER`](crate::limits::WRITE_BUFFER)
/// for their answers, the others one of a [`PORTION`]: it takes them longer, and what a thousand do not read does not fill
/// the memory.
const CROWD: usize = 8;
/// Connections closed in favour of others are told in the log at most this often.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The connections of one worker thread.
#[derive(Debug)]
pub struct Places {
    most: usize,
    most_per_address: usize,
    taken: RefCell<Vec<Rc<State>>>,
    /// Closed in favour of others since that was told.
    closed: Cell<u64>,
    told: Cell<Option<Instant>>,
}

/// A connection's place for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    places: Rc<Places>,
    state: Rc<State>,
}

impl Places {
    /// The share of one of so many worker threads.
    #[must_use]
    pub fn share(workers: usize) -> Rc<Self> {
        Rc::new(Self {
            most: MAX_CONNECTIONS.div_ceil(workers),
            most_per_address: MAX_PER_ADDRESS.div_ceil(workers),
            taken: RefCell::default(),
            closed: Cell::new(0),
            told: Cell::new(None),
        })
    }

    /// Finds a place for a new connection. None when all that its address may have are busy.
    pub(super) fn admit(self: &Rc<Self>, state: &Rc<State>) -> Option<Place> {
        // Mostly once or not at all: one that was to end stays where a request came in time.
        loop {
            let open = self.open_beside(state);
            if open.of_address >= self.most_per_address {
                let longest = open.longest_of_address?;
                self.evict(&longest, open.all);
            } else if open.all >= self.most
                && let Some(longest) = open.longest
            {
                self.evict(&longest, open.all);
            } else {
                break;
            }
        }
        let mut taken = self.taken.borrow_mut();
        if taken.len() >= self.most / CROWD {
            state.at_once.set(PORTION);
        }
        taken.push(Rc::clone(state));
        Some(Place {
            places: Rc::clone(self),
            state: Rc::clone(state),
        })
    }

    /// Whether others have to end for one more.
    pub(super) fn is_full(&self) -> bool {
        self.taken.borrow().len() >= self.most
    }

    /// Whether there are more than there should be: all were busy when they came.
    pub(super) fn is_over(&self) -> bool {
        self.taken.borrow().len() > self.most
    }

    fn open_beside(&self, state: &State) -> Open {
        let mut open = Open::default();
        let taken = self.taken.borrow();
        for other in taken.iter().filter(|other| !other.evicted.get()) {
            open.all += 1;
            keep_longest(&mut open.longest, other);
            if state.address.is_some() && other.address == state.address {
                open.of_address += 1;
                keep_longest(&mut open.longest_of_address, other);
            }
        }
        open
    }

    fn evict(&self, state: &State, open: usize) {
        state.evicted.set(true);
        state.wake();
        self.closed.set(self.closed.get() + 1);
        let now = Instant::now();
        if self.told.get().is_none_or(|told| now - told >= TELL_EVERY) {
            self.told.set(Some(now));
            log::warn!(
                closed = self.closed.take(), open = open;
                "no place is left: connections that waited longest for their clients are closed for new ones"
            );
        }
    }
}

/// The connections that are open, and are to stay so.
#[derive(Debug, Default)]
struct Open {
    all: usize,
    longest: Option<Rc<State>>,
    /// Those of one address.
    of_address: usize,
    longest_of_address: Option<Rc<State>>,
}

/// Keeps of two connections the one that has waited longer for its client.
fn keep_longest(longest: &mut Option<Rc<State>>, other: &Rc<State>) {
    let since = |state: &Rc<State>| state.waiting_since.get();
    if let Some(waiting) = since(other)
        && longest
            .as_ref()
            .and_then(since)
            .is_none_or(|longest| waiting < longest)
    {
        *longest = Some(Rc::clone(other));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.borrow_mut();
        if let Some(at) = taken
            .iter()
            .position(|state| Rc::ptr_eq(state, &self.state))
        {
            taken.swap_remove(at);
        }
    }
}

/// What stands for a client: an IPv4 address, or the /64 network of an IPv6 address, which is one household.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
