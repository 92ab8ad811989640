//! From which addresses somebody has signed in to which account.
//!
//! Only who signs in adds to it. The addresses of one account have places of their own, so that who has an account and many
//! addresses makes nobody else's forgotten. What fails from them is counted here: no flood of others' attempts reaches it.

use std::collections::{HashMap, VecDeque};

use super::counts::Failures;

/// Addresses of an account; one more, and the one that was used longest ago is forgotten.
const MAX_ADDRESSES: usize = 16;
/// Accounts; one more, and the one that was signed in to longest ago is forgotten.
const MAX_ACCOUNTS: usize = 4096;

/// Addresses by account.
#[derive(Default)]
pub(super) struct Known {
    accounts: HashMap<u64, Addresses>,
    sign_ins: u64,
}

#[derive(Default)]
struct Addresses {
    /// The one that was used last is the last.
    addresses: VecDeque<(u64, Failures)>,
    /// Which sign-in of all was the last.
    last: u64,
}

impl Known {
    /// What has failed since the last success; `None` where there was none.
    pub(super) fn failures(&mut self, account: u64, address: u64) -> Option<&mut Failures> {
        let known = self.accounts.get_mut(&account)?;
        let mut addresses = known.addresses.iter_mut();
        let known = addresses.find(|(known, _)| *known == address);
        known.map(|(_, failures)| failures)
    }

    /// A success: nothing is held against this address on this account.
    pub(super) fn add(&mut self, account: u64, address: u64) {
        if self.accounts.len() >= MAX_ACCOUNTS && !self.accounts.contains_key(&account) {
            let oldest = self.accounts.iter().min_by_key(|(_, known)| known.last);
            if let Some(oldest) = oldest.map(|(account, _)| *account) {
                self.accounts.remove(&oldest);
            }
        }
        self.sign_ins += 1;
        let known = self.accounts.entry(account).or_default();
        known.last = self.sign_ins;
        known.addresses.retain(|(known, _)| *known != address);
        known.addresses.push_back((address, Failures::default()));
        if known.addresses.len() > MAX_ADDRESSES {
            known.addresses.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_that_were_used_last_are_known() {
        let mut known = Known::default();
        for address in 0..20 {
            known.add(1, address);
            known.add(1, 0);
        }
        known.add(2, 99);
        for (address, is_known) in [(0, true), (4, false), (5, true), (19, true), (99, false)] {
            assert_eq!(known.failures(1, address).is_some(), is_known, "{address}");
        }
        assert!(known.failures(2, 99).is_some());
    }

    #[test]
    fn the_account_that_was_signed_in_to_longest_ago_is_forgotten() {
        let mut known = Known::default();
        for account in 0..MAX_ACCOUNTS as u64 {
            known.add(account, 7);
            known.add(0, 7);
        }
        known.add(u64::MAX, 7);
        assert_eq!(known.accounts.len(), MAX_ACCOUNTS);
        assert!(known.failures(0, 7).is_some());
        assert!(known.failures(u64::MAX, 7).is_some());
        assert!(known.failures(1, 7).is_none());
    }
}
