//! Counts of many keys in bounded memory.
//!
//! Where no more are kept, the least of them are forgotten for new ones. Nobody's counts are made less by that: the most
//! that was ever forgotten, which is one count for all, is where each that is not kept begins. So who has a hundred thousand
//! addresses, or makes up as many names, does not begin anew with any of them, and does not make those who are guessed at
//! begin anew. They only make newcomers begin with a little, and that is over as fast as any count is: to make it much, all
//! that are kept must be much at the same time, which is ten thousand times what one may do.

use std::collections::HashMap;
use std::time::Duration;

/// So many keys are kept in each table.
pub(super) const MAX_KEYS: usize = 10_000;
/// So many are forgotten together, since finding the least takes as long for one.
const AT_ONCE: usize = MAX_KEYS / 8;

/// What is counted of a key.
pub(super) trait Count: Copy + Default {
    /// By which the least is found.
    type Order: Ord + Copy;

    /// Whether it holds nothing against anybody any more.
    fn is_over(&self, now: Duration) -> bool;

    /// The more, the longer it is held against somebody.
    fn order(&self) -> Self::Order;

    /// What allows no more than either.
    fn at_least(self, other: Self) -> Self;
}

/// Counts by key.
#[derive(Default)]
pub(super) struct Table<C> {
    kept: HashMap<u64, C>,
    /// The most that was forgotten.
    forgotten: C,
}

impl<C: Count> Table<C> {
    /// What is counted of a key.
    pub(super) fn get(&self, key: u64) -> C {
        self.kept.get(&key).copied().unwrap_or(self.forgotten)
    }

    /// Changes it, and keeps it.
    pub(super) fn change(&mut self, key: u64, now: Duration, change: impl FnOnce(&mut C)) {
        let mut count = self.get(key);
        change(&mut count);
        if self.kept.len() >= MAX_KEYS && !self.kept.contains_key(&key) {
            self.make_room(now);
        }
        self.kept.insert(key, count);
    }

    /// Changes it where it is kept still.
    pub(super) fn change_kept(&mut self, key: u64, change: impl FnOnce(&mut C)) {
        if let Some(count) = self.kept.get_mut(&key) {
            change(count);
        }
    }

    /// Forgets it, and holds nothing against it but what each begins with.
    pub(super) fn remove(&mut self, key: u64) {
        self.kept.remove(&key);
    }

    fn make_room(&mut self, now: Duration) {
        self.kept.retain(|_, count| !count.is_over(now));
        if self.kept.len() < MAX_KEYS {
            return;
        }
        let mut forgotten = if self.forgotten.is_over(now) {
            C::default()
        } else {
            self.forgotten
        };
        let mut orders: Vec<_> = self.kept.values().map(Count::order).collect();
        let (_, &mut most, _) = orders.select_nth_unstable(AT_ONCE);
        let mut to_forget = AT_ONCE;
        self.kept.retain(|_, count| {
            if to_forget == 0 || count.order() > most {
                return true;
            }
            to_forget -= 1;
            forgotten = forgotten.at_least(*count);
            false
        });
        self.forgotten = forgotten;
    }
}

#[cfg(test)]
impl<C> Table<C> {
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}
