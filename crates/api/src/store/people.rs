//! Who has an account, and who is signed in.

use std::sync::Arc;

use rusqlite::Connection;

use super::open::OpenStore;
use super::writer::Effect;
use super::{Store, StoreError};
use crate::domain::{
    Browser, Invitation, InvitationId, NewUser, PasswordHash, Secret, SecretHash, Session,
    SessionId, SetupCode, SignedIn, User, UserChanges, UserId, UserName,
};

mod kept;
mod operator;
mod sql;

pub use self::operator::{OperatorError, password_link, setup_code, users};

pub(super) use self::kept::KeptSessions;
pub(super) use self::sql::delete_expired;

/// A session that nobody uses ends after this time, in seconds: 14 days.
const IDLE: i64 = 14 * DAY;
/// A session ends after this time, in seconds, however much it is used: 90 days.
const LONGEST: i64 = 90 * DAY;
/// How exactly it is kept when a session was last used, in seconds.
const TOUCH_AFTER: i64 = 10 * 60;
/// Most sessions that one person has; the one that was not used for longest makes room for another.
const MOST_SESSIONS: i64 = 100;
/// An invitation can be used for this time, in seconds: 7 days.
const INVITED_FOR: i64 = 7 * DAY;
/// Most invitations that can be used at a time.
const MOST_INVITATIONS: i64 = 100;

const DAY: i64 = 24 * 60 * 60;

/// What somebody who signs in is given: what proves the session from now on, and who they are.
#[derive(Debug)]
pub struct NewSession {
    /// What proves it.
    pub secret: Secret,
    /// Who is signed in.
    pub user: User,
    /// What names that count as the same as theirs have in common.
    pub name_key: String,
}

/// Whom an invitation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invites {
    /// Whoever has it makes an account.
    Anybody,
    /// Somebody who has an account chooses another password.
    Known,
}

impl Store {
    /// Whether anybody has an account.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let open = self.open()?;
        if let Some(known) = open.sessions.has_users() {
            return Ok(known);
        }
        let read_at = open.sessions.generation();
        let has_users = open
            .read(|connection| Ok(sql::has_users(connection)?))
            .await?;
        open.sessions.put_has_users(read_at, has_users);
        Ok(has_users)
    }

    /// Whoever is signed in with the session that `secret` proves; `None` where it has ended, or never was.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn signed_in(&self, secret: &Secret) -> Result<Option<Arc<SignedIn>>, StoreError> {
        let open = self.open()?;
        let hash = secret.hash();
        let now = open.clock.unix_seconds();
        let read_at = open.sessions.generation();
        let (session, touch) = match open.sessions.get(hash, now, TOUCH_AFTER) {
            Some(known) => known,
            None => {
                let found = open
                    .read(move |connection| Ok(sql::session(connection, hash)?))
                    .await?;
                let Some(found) = found else {
                    return Ok(None);
                };
                open.sessions.put(read_at, hash, found.clone());
                let touched = open.sessions.get(hash, now, TOUCH_AFTER);
                (found, touched.is_some_and(|(_, touch)| touch))
            }
        };
        if session.is_over(now) {
            return Ok(None);
        }
        if touch {
            note_use(open, hash, now);
        }
        Ok(Some(session.signed_in))
    }

    /// Makes sure that the first account can be made with `code`, before much is computed for it.
    ///
    /// # Errors
    /// [`StoreError::AlreadySetUp`], [`StoreError::SetupCodeWrong`], or what SQLite reports.
    pub async fn check_setup_code(&self, code: SetupCode) -> Result<(), StoreError> {
        self.open()?
            .read(move |connection| sql::check_setup_code(connection, &code))
            .await
    }

    /// Makes the first account, an administrator's, whose list is the one there is, and signs in.
    ///
    /// # Errors
    /// As [`Self::check_setup_code`], or what keeps the store from writing.
    pub async fn set_up(
        &self,
        code: SetupCode,
        new: NewUser,
        browser: Browser,
    ) -> Result<NewSession, StoreError> {
        self.sign_in_by(browser, move |connection| {
            sql::check_setup_code(connection, &code)?;
            sql::insert_first_user(connection, &new)
        })
        .await
    }

    /// Who is called `name`, and what tells their password; `None` where nobody is who may sign in.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn credentials(
        &self,
        name: UserName,
    ) -> Result<Option<(UserId, PasswordHash)>, StoreError> {
        self.open()?
            .read(move |connection| Ok(sql::credentials(connection, &name)?))
            .await
    }

    /// What tells the password of somebody who is signed in.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`], or what SQLite reports.
    pub async fn password_of(&self, user: UserId) -> Result<PasswordHash, StoreError> {
        self.open()?
            .read(move |connection| sql::password_of(connection, user))
            .await
    }

    /// Signs `user` in, whose password `verified` tells.
    ///
    /// # Errors
    /// [`StoreError::CredentialsRefused`] where the password is another one by now, or they may not sign in any more; or
    /// what keeps the store from writing.
    pub async fn sign_in(
        &self,
        user: UserId,
        verified: PasswordHash,
        browser: Browser,
    ) -> Result<NewSession, StoreError> {
        self.sign_in_by(browser, move |connection| {
            sql::check_password(connection, user, &verified)?;
            Ok(user)
        })
        .await
    }

    /// Gives somebody another password, where `verified` still tells theirs, and ends all their sessions but `session`.
    ///
    /// # Errors
    /// [`StoreError::CredentialsRefused`], or what keeps the store from writing.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        verified: PasswordHash,
        new: PasswordHash,
    ) -> Result<(), StoreError> {
        self.change_people(Effect::Frees, move |connection| {
            sql::check_password(connection, user, &verified)?;
            Ok(sql::set_password(connection, user, Some(session), &new)?)
        })
        .await
    }

    /// The sessions of a person, the newest first; `current` is the one that asks.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn sessions(
        &self,
        user: UserId,
        current: SessionId,
    ) -> Result<Vec<Session>, StoreError> {
        let open = self.open()?;
        let now = open.clock.unix_seconds();
        open.read(move |connection| Ok(sql::sessions(connection, user, current, now)?))
            .await
    }

    /// Ends a session of a person.
    ///
    /// # Errors
    /// [`StoreError::UnknownSession`], or what keeps the store from writing.
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), StoreError> {
        self.change_people(Effect::Frees, move |connection| {
            sql::delete_session(connection, user, session)
        })
        .await
    }

    /// Everybody who has an account, in the order in which they were made.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.open()?
            .read(|connection| Ok(sql::users(connection)?))
            .await
    }

    /// Changes what somebody may do, where `asking` is an administrator's. Whoever is disabled is signed out everywhere.
    ///
    /// # Errors
    /// [`StoreError::NoAdministrator`], [`StoreError::UnknownUser`], [`StoreError::LastAdministrator`], or what keeps the store
    /// from writing.
    pub async fn update_user(
        &self,
        asking: SessionId,
        user: UserId,
        changes: UserChanges,
    ) -> Result<User, StoreError> {
        self.change_people(Effect::Frees, move |connection| {
            sql::require_administrator(connection, asking)?;
            sql::update_user(connection, user, changes)
        })
        .await
    }

    /// The invitations that can still be used, the newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, StoreError> {
        let open = self.open()?;
        let now = open.clock.unix_seconds();
        open.read(move |connection| Ok(sql::invitations(connection, now)?))
            .await
    }

    /// Makes an invitation, or a password link `to` somebody who has an account, and the code that it can be used with once,
    /// where `asking` is an administrator's.
    ///
    /// # Errors
    /// [`StoreError::NoAdministrator`], [`StoreError::TooManyInvitations`], [`StoreError::UnknownUser`], or what keeps the
    /// store from writing.
    pub async fn invite(
        &self,
        asking: SessionId,
        to: Option<UserId>,
    ) -> Result<(Invitation, Secret), StoreError> {
        let open = self.open()?;
        let secret = Secret::draw();
        let (hash, clock) = (secret.hash(), open.clock);
        let invitation = open
            .write(move |connection| {
                let by = sql::require_administrator(connection, asking)?;
                sql::invite(connection, by, to, hash, clock.unix_seconds())
            })
            .await?;
        Ok((invitation, secret))
    }

    /// Takes an invitation back, where `asking` is an administrator's.
    ///
    /// # Errors
    /// [`StoreError::NoAdministrator`], [`StoreError::UnknownInvitation`], or what keeps the store from writing.
    pub async fn withdraw(
        &self,
        asking: SessionId,
        invitation: InvitationId,
    ) -> Result<(), StoreError> {
        self.open()?
            .write_freeing(move |connection| {
                sql::require_administrator(connection, asking)?;
                sql::withdraw(connection, invitation)
            })
            .await
    }

    /// Makes sure that an invitation can be used, before much is computed for it, and says whether it is a password link.
    ///
    /// # Errors
    /// [`StoreError::InvitationNotValid`], or what SQLite reports.
    pub async fn check_invitation(&self, code: SecretHash) -> Result<Invites, StoreError> {
        let open = self.open()?;
        let now = open.clock.unix_seconds();
        open.read(move |connection| {
            let (_, user) = sql::invitation(connection, code, now)?;
            Ok(user.map_or(Invites::Anybody, |_| Invites::Known))
        })
        .await
    }

    /// Makes the account of somebody who was invited, with a list of their own, and signs in. The invitation is used up.
    ///
    /// # Errors
    /// [`StoreError::InvitationNotValid`], [`StoreError::NameTaken`], or what keeps the store from writing.
    pub async fn accept(
        &self,
        code: SecretHash,
        new: NewUser,
        browser: Browser,
    ) -> Result<NewSession, StoreError> {
        let clock = self.open()?.clock;
        self.sign_in_by(browser, move |connection| {
            match sql::invitation(connection, code, clock.unix_seconds())? {
                (invitation, None) => sql::withdraw(connection, invitation)?,
                (_, Some(_)) => return Err(StoreError::InvitationNotValid),
            }
            sql::insert_user(connection, &new)
        })
        .await
    }

    /// Gives somebody another password by a password link, ends all their sessions, and signs in. The link is used up, and so
    /// are all others of theirs.
    ///
    /// # Errors
    /// [`StoreError::InvitationNotValid`], or what keeps the store from writing.
    pub async fn set_password_by_link(
        &self,
        code: SecretHash,
        new: PasswordHash,
        browser: Browser,
    ) -> Result<NewSession, StoreError> {
        let clock = self.open()?.clock;
        self.sign_in_by(browser, move |connection| {
            let (_, user) = sql::invitation(connection, code, clock.unix_seconds())?;
            let user = user.ok_or(StoreError::InvitationNotValid)?;
            sql::set_password(connection, user, None, &new)?;
            Ok(user)
        })
        .await
    }

    /// Begins a session of whoever `find` says, in one change.
    async fn sign_in_by(
        &self,
        browser: Browser,
        find: impl Fn(&Connection) -> Result<UserId, StoreError> + Send + 'static,
    ) -> Result<NewSession, StoreError> {
        let secret = Secret::draw();
        let (hash, clock) = (secret.hash(), self.open()?.clock);
        let (user, name_key) = self
            .change_people(Effect::Takes, move |connection| {
                let user = find(connection)?;
                let now = clock.unix_seconds();
                Ok(sql::insert_session(connection, user, hash, &browser, now)?)
            })
            .await?;
        Ok(NewSession {
            secret,
            user,
            name_key,
        })
    }

    /// Has a change to who may do what carried out, after which what was remembered of that is forgotten.
    async fn change_people<T: Send + 'static>(
        &self,
        effect: Effect,
        change: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let open = self.open()?;
        let forget = open.sessions.forget_all();
        let change = move |connection: &Connection| {
            let _moved_in = &forget;
            change(connection)
        };
        match effect {
            Effect::Takes => open.write(change).await,
            Effect::Frees => open.write_freeing(change).await,
        }
    }
}

/// Says in the log how the first account is made, as long as there is none.
pub(super) fn tell_setup_code(connection: &Connection) {
    match sql::setup_code(connection) {
        Ok(Some(code)) => log::info!(
            setup_code = code.to_string().as_str();
            "nobody has an account: whoever has this code can make the first one, where web is told SIGN_IN=local"
        ),
        Ok(None) => {}
        // A schema without people.
        Err(error) => log::debug!("no set-up code: {error}"),
    }
}

/// Notes that a session was used, without anybody waiting for it: it is one change in ten minutes of each session, and
/// where it cannot be made now the next may be.
fn note_use(open: Arc<OpenStore>, hash: SecretHash, now: i64) {
    tokio::spawn(async move {
        let noted = open
            .write(move |connection| Ok(sql::touch(connection, hash, now)?))
            .await;
        if let Err(error) = noted {
            log::debug!("it was not noted that a session was used: {error}");
        }
    });
}

/// When a session ends that began at `began` and was used at `used`.
fn end_of_session(began: i64, used: i64) -> i64 {
    (used + IDLE).min(began + LONGEST)
}
