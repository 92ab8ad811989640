//! Who is signed in, as far as it is remembered: most requests ask for nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::end_of_session;
use crate::domain::{SecretHash, SignedIn};

/// Most sessions that are remembered, each of some 400 bytes.
const MOST: usize = 4096;

/// A session as it was read, and until when what was read holds. Times are seconds since the Unix epoch.
#[derive(Debug, Clone)]
pub(super) struct KeptSession {
    pub(super) signed_in: Arc<SignedIn>,
    pub(super) began_at: i64,
    pub(super) last_used_at: i64,
}

impl KeptSession {
    /// Whether it has ended.
    pub(super) fn is_over(&self, now: i64) -> bool {
        end_of_session(self.began_at, self.last_used_at) <= now
    }
}

/// The sessions that are remembered. Any change to who may do what forgets all of them.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct KeptSessions(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// How often all was forgotten.
    generation: u64,
    has_users: Option<bool>,
    sessions: HashMap<SecretHash, KeptSession>,
}

/// How often all had been forgotten when something began to be read: what was read is remembered only if that is so still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// Forgets all when it is dropped. It moves into the change it belongs to, which is dropped once that is committed, and
/// before anybody learns of it.
#[derive(Debug)]
pub(super) struct ForgetAll(KeptSessions);

impl KeptSessions {
    pub(super) fn generation(&self) -> Generation {
        Generation(self.lock().generation)
    }

    /// Whether anybody has an account.
    pub(super) fn has_users(&self) -> Option<bool> {
        self.lock().has_users
    }

    pub(super) fn put_has_users(&self, read_at: Generation, has_users: bool) {
        let mut kept = self.lock();
        if Generation(kept.generation) == read_at {
            kept.has_users = Some(has_users);
        }
    }

    /// The session, and whether it is to be noted now that it was used: so for the first who asks after `touch_after`
    /// seconds.
    pub(super) fn get(
        &self,
        hash: SecretHash,
        now: i64,
        touch_after: i64,
    ) -> Option<(KeptSession, bool)> {
        let mut kept = self.lock();
        let session = kept.sessions.get_mut(&hash)?;
        let touch = !session.is_over(now) && now - session.last_used_at >= touch_after;
        if touch {
            session.last_used_at = now;
        }
        Some((session.clone(), touch))
    }

    pub(super) fn put(&self, read_at: Generation, hash: SecretHash, session: KeptSession) {
        let mut kept = self.lock();
        if Generation(kept.generation) != read_at {
            return;
        }
        if kept.sessions.len() >= MOST {
            kept.sessions = HashMap::new();
        }
        kept.sessions.insert(hash, session);
    }

    /// What a change to who may do what is to have.
    pub(super) fn forget_all(&self) -> ForgetAll {
        ForgetAll(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ForgetAll {
    fn drop(&mut self) {
        let mut kept = self.0.lock();
        *kept = Kept {
            generation: kept.generation + 1,
            ..Kept::default()
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::{ListId, Secret, SessionId, User, UserId};

    fn session(id: i64) -> KeptSession {
        let user = User {
            id: UserId::new(id),
            name: String::new(),
            administrator: false,
            disabled: false,
            created_at: String::new(),
        };
        KeptSession {
            signed_in: Arc::new(SignedIn {
                user,
                list: ListId::new(id),
                session: SessionId::new(id),
            }),
            began_at: 0,
            last_used_at: 0,
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let kept = KeptSessions::default();
        let hash = Secret::draw().hash();
        let before = kept.generation();
        kept.put(before, hash, session(1));
        kept.put_has_users(before, false);
        assert!(kept.get(hash, 0, 10).is_some());
        drop(kept.forget_all());
        assert!(kept.get(hash, 0, 10).is_none() && kept.has_users().is_none());
        kept.put(before, hash, session(1));
        kept.put_has_users(before, false);
        assert!(kept.get(hash, 0, 10).is_none() && kept.has_users().is_none());
    }

    #[test]
    fn one_of_many_who_ask_notes_that_a_session_was_used() {
        let kept = KeptSessions::default();
        let hash = Secret::draw().hash();
        kept.put(kept.generation(), hash, session(1));
        let asked = [0, 9, 10, 11, 19, 20].map(|now| kept.get(hash, now, 10).unwrap().1);
        assert_eq!(asked, [false, false, true, false, false, true]);
    }

    #[test]
    fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
        let kept = KeptSessions::default();
        let day = 24 * 60 * 60;
        let hash = Secret::draw().hash();
        kept.put(kept.generation(), hash, session(1));
        let is_over = |now| kept.get(hash, now, 600).unwrap().0.is_over(now);
        for days in (1..90).step_by(10) {
            assert!(!is_over(days * day), "{days} days");
        }
        assert!(is_over(90 * day), "however much it is used");
        let unused = Secret::draw().hash();
        kept.put(kept.generation(), unused, session(2));
        let (found, touch) = kept.get(unused, 14 * day, 600).unwrap();
        assert!(found.is_over(14 * day) && !touch);
    }

    #[test]
    fn sessions_are_remembered_within_a_limit() {
        let kept = KeptSessions::default();
        for id in 0..3 * MOST as i64 {
            kept.put(kept.generation(), Secret::draw().hash(), session(id));
            assert!(kept.lock().sessions.len() <= MOST);
        }
    }
}
