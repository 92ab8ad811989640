//! What the tables of people are asked and told.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::kept::KeptSession;
use super::{INVITED_FOR, MOST_INVITATIONS, MOST_SESSIONS, end_of_session};
use crate::clock::{now_rfc3339, rfc3339};
use crate::domain::{
    Browser, Invitation, InvitationId, ListId, NewUser, PasswordHash, SecretHash, Session,
    SessionId, SetupCode, SignedIn, User, UserChanges, UserId, UserName,
};
use crate::store::StoreError;

/// What a [`User`] is read from.
const USER: &str = "users.id, users.name, users.administrator, users.disabled, users.created_at";

/// Reads [`USER`].
fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId::new(row.get(0)?),
        name: row.get(1)?,
        administrator: row.get(2)?,
        disabled: row.get(3)?,
        created_at: row.get(4)?,
    })
}

pub(super) fn has_users(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM users)")?
        .query_row([], |row| row.get(0))
}

/// Makes sure that what an administrator asks for is asked by one, now, and says who it is: between the request and this
/// change their session may have ended, or they may have become somebody else's equal.
pub(super) fn require_administrator(
    connection: &Connection,
    session: SessionId,
) -> Result<UserId, StoreError> {
    connection
        .prepare_cached(
            "SELECT users.id FROM sessions JOIN users ON users.id = sessions.user_id \
             WHERE sessions.id = ?1 AND users.administrator AND NOT users.disabled",
        )?
        .query_row([session.get()], |row| row.get(0).map(UserId::new))
        .optional()?
        .ok_or(StoreError::NoAdministrator)
}

/// The set-up code, while nobody has an account.
pub(super) fn setup_code(connection: &Connection) -> rusqlite::Result<Option<SetupCode>> {
    let code: Option<String> = connection
        .prepare_cached("SELECT code FROM setup_code WHERE NOT EXISTS (SELECT 1 FROM users)")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(code.as_deref().and_then(SetupCode::parse))
}

pub(super) fn check_setup_code(
    connection: &Connection,
    code: &SetupCode,
) -> Result<(), StoreError> {
    match setup_code(connection)? {
        Some(right) if right.is(code) => Ok(()),
        None if has_users(connection)? => Err(StoreError::AlreadySetUp),
        Some(_) | None => Err(StoreError::SetupCodeWrong),
    }
}

pub(super) fn session(
    connection: &Connection,
    hash: SecretHash,
) -> rusqlite::Result<Option<KeptSession>> {
    let sql = format!(
        "SELECT {USER}, users.list_id, sessions.id, sessions.created_at, sessions.last_used_at \
         FROM sessions JOIN users ON users.id = sessions.user_id \
         WHERE sessions.hash = ?1 AND NOT users.disabled"
    );
    connection
        .prepare_cached(&sql)?
        .query_row([hash.as_bytes()], |row| {
            let signed_in = SignedIn {
                user: user(row)?,
                list: ListId::new(row.get(5)?),
                session: SessionId::new(row.get(6)?),
            };
            Ok(KeptSession {
                signed_in: signed_in.into(),
                began_at: row.get(7)?,
                last_used_at: row.get(8)?,
            })
        })
        .optional()
}

/// Makes the first account: an administrator's, with the list that there is. The set-up code is used up.
pub(super) fn insert_first_user(
    connection: &Connection,
    new: &NewUser,
) -> Result<UserId, StoreError> {
    let id = insert_user_with(connection, new, ListId::FIRST, true)?;
    connection.execute("DELETE FROM setup_code", [])?;
    Ok(id)
}

/// Makes an account, with a list of its own.
pub(super) fn insert_user(connection: &Connection, new: &NewUser) -> Result<UserId, StoreError> {
    connection
        .prepare_cached("INSERT INTO lists (created_at) VALUES (?1)")?
        .execute([now_rfc3339()])?;
    let list = ListId::new(connection.last_insert_rowid());
    insert_user_with(connection, new, list, false)
}

fn insert_user_with(
    connection: &Connection,
    new: &NewUser,
    list: ListId,
    administrator: bool,
) -> Result<UserId, StoreError> {
    let taken = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE name_key = ?1)")?
        .query_row([new.name.key()], |row| row.get(0))?;
    if taken {
        return Err(StoreError::NameTaken);
    }
    connection
        .prepare_cached(
            "INSERT INTO users (name, name_key, password, administrator, list_id, created_at) \
             VALUES (:name, :key, :password, :administrator, :list, :now)",
        )?
        .execute(named_params! {
            ":name": new.name.as_str(),
            ":key": new.name.key(),
            ":password": new.password.as_str(),
            ":administrator": administrator,
            ":list": list.get(),
            ":now": now_rfc3339(),
        })?;
    Ok(UserId::new(connection.last_insert_rowid()))
}

pub(super) fn credentials(
    connection: &Connection,
    name: &UserName,
) -> rusqlite::Result<Option<(UserId, PasswordHash)>> {
    connection
        .prepare_cached("SELECT id, password FROM users WHERE name_key = ?1 AND NOT disabled")?
        .query_row([name.key()], |row| {
            Ok((UserId::new(row.get(0)?), PasswordHash::new(row.get(1)?)))
        })
        .optional()
}

pub(super) fn password_of(
    connection: &Connection,
    user: UserId,
) -> Result<PasswordHash, StoreError> {
    connection
        .prepare_cached("SELECT password FROM users WHERE id = ?1 AND NOT disabled")?
        .query_row([user.get()], |row| row.get(0).map(PasswordHash::new))
        .optional()?
        .ok_or(StoreError::UnknownUser)
}

/// Makes sure that `verified` tells the password of `user` still, and that they may sign in.
pub(super) fn check_password(
    connection: &Connection,
    user: UserId,
    verified: &PasswordHash,
) -> Result<(), StoreError> {
    match password_of(connection, user) {
        Ok(present) if present.as_str() == verified.as_str() => Ok(()),
        Ok(_) | Err(StoreError::UnknownUser) => Err(StoreError::CredentialsRefused),
        Err(error) => Err(error),
    }
}

/// Sets a password, and ends what whoever knew the last one may have: all sessions but that which asks, if one does, and
/// password links.
pub(super) fn set_password(
    connection: &Connection,
    user: UserId,
    asking: Option<SessionId>,
    new: &PasswordHash,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
        .execute(params![user.get(), new.as_str()])?;
    delete_invitations(connection, user)?;
    connection
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2")?
        .execute(params![user.get(), asking.map(SessionId::get)])
        .map(|_| ())
}

/// Takes back what somebody has made, and the links to what is theirs.
fn delete_invitations(connection: &Connection, user: UserId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM invitations WHERE user_id = ?1 OR created_by = ?1")?
        .execute([user.get()])
        .map(|_| ())
}

/// Begins a session, and says whose it is, and what names that count as theirs have in common.
pub(super) fn insert_session(
    connection: &Connection,
    of: UserId,
    hash: SecretHash,
    browser: &Browser,
    now: i64,
) -> rusqlite::Result<(User, String)> {
    connection
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ?1 \
             ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute([of.get(), MOST_SESSIONS - 1])?;
    connection
        .prepare_cached(
            "INSERT INTO sessions (hash, user_id, browser, created_at, last_used_at, expires_at) \
             VALUES (:hash, :user, :browser, :now, :now, :end)",
        )?
        .execute(named_params! {
            ":hash": hash.as_bytes(),
            ":user": of.get(),
            ":browser": browser.as_str(),
            ":now": now,
            ":end": end_of_session(now, now),
        })?;
    connection
        .prepare_cached(&format!("SELECT {USER}, name_key FROM users WHERE id = ?1"))?
        .query_row([of.get()], |row| Ok((user(row)?, row.get(5)?)))
}

/// Notes that a session was used.
pub(super) fn touch(connection: &Connection, hash: SecretHash, now: i64) -> rusqlite::Result<()> {
    let began: Option<i64> = connection
        .prepare_cached("SELECT created_at FROM sessions WHERE hash = ?1")?
        .query_row([hash.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(began) = began else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE sessions SET last_used_at = ?2, expires_at = ?3 WHERE hash = ?1")?
        .execute(params![hash.as_bytes(), now, end_of_session(began, now)])
        .map(|_| ())
}

pub(super) fn sessions(
    connection: &Connection,
    of: UserId,
    current: SessionId,
    now: i64,
) -> rusqlite::Result<Vec<Session>> {
    connection
        .prepare_cached(
            "SELECT id, browser, created_at, last_used_at FROM sessions \
             WHERE user_id = ?1 AND expires_at > ?2 ORDER BY id DESC",
        )?
        .query_map([of.get(), now], |row| {
            let id = SessionId::new(row.get(0)?);
            Ok(Session {
                id,
                browser: Browser::new(row.get_ref(1)?.as_str()?),
                created_at: rfc3339(row.get(2)?),
                last_used_at: rfc3339(row.get(3)?),
                current: id == current,
            })
        })?
        .collect()
}

pub(super) fn delete_session(
    connection: &Connection,
    of: UserId,
    session: SessionId,
) -> Result<(), StoreError> {
    let ended = connection
        .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND user_id = ?2")?
        .execute([session.get(), of.get()])?;
    match ended {
        0 => Err(StoreError::UnknownSession),
        _ => Ok(()),
    }
}

pub(super) fn users(connection: &Connection) -> rusqlite::Result<Vec<User>> {
    connection
        .prepare_cached(&format!("SELECT {USER} FROM users ORDER BY id"))?
        .query_map([], user)?
        .collect()
}

/// Changes what somebody may do; there stays somebody who may say who has an account.
pub(super) fn update_user(
    connection: &Connection,
    id: UserId,
    changes: UserChanges,
) -> Result<User, StoreError> {
    let changed = connection
        .prepare_cached(&format!(
            "UPDATE users SET disabled = coalesce(?2, disabled), administrator = coalesce(?3, administrator) \
             WHERE id = ?1 RETURNING {USER}"
        ))?
        .query_row(
            params![id.get(), changes.disabled, changes.administrator],
            user,
        )
        .optional()?
        .ok_or(StoreError::UnknownUser)?;
    let administered: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE administrator AND NOT disabled)")?
        .query_row([], |row| row.get(0))?;
    if !administered {
        return Err(StoreError::LastAdministrator);
    }
    // Only of what was taken away: nobody loses a link by being let in again.
    if changes.disabled == Some(true) || changes.administrator == Some(false) {
        connection
            .prepare_cached("DELETE FROM invitations WHERE created_by = ?1")?
            .execute([id.get()])?;
    }
    if changed.disabled {
        delete_invitations(connection, id)?;
        connection
            .prepare_cached("DELETE FROM sessions WHERE user_id = ?1")?
            .execute([id.get()])?;
    }
    Ok(changed)
}

fn invitation_row(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        id: InvitationId::new(row.get(0)?),
        user: row.get(1)?,
        created_at: rfc3339(row.get(2)?),
        expires_at: rfc3339(row.get(3)?),
    })
}

pub(super) fn invitations(connection: &Connection, now: i64) -> rusqlite::Result<Vec<Invitation>> {
    connection
        .prepare_cached(
            "SELECT id, (SELECT name FROM users WHERE users.id = user_id), created_at, expires_at \
             FROM invitations WHERE expires_at > ?1 ORDER BY id DESC",
        )?
        .query_map([now], invitation_row)?
        .collect()
}

pub(super) fn invite(
    connection: &Connection,
    by: UserId,
    to: Option<UserId>,
    code: SecretHash,
    now: i64,
) -> Result<Invitation, StoreError> {
    if let Some(to) = to {
        password_of(connection, to)?;
    }
    let usable: i64 = connection
        .prepare_cached("SELECT count(*) FROM invitations WHERE expires_at > ?1")?
        .query_row([now], |row| row.get(0))?;
    if usable >= MOST_INVITATIONS {
        return Err(StoreError::TooManyInvitations);
    }
    let invitation = connection
        .prepare_cached(
            "INSERT INTO invitations (hash, user_id, created_by, created_at, expires_at) \
             VALUES (:hash, :to, :by, :now, :end) \
             RETURNING id, (SELECT name FROM users WHERE users.id = user_id), created_at, expires_at",
        )?
        .query_row(
            named_params! {
                ":hash": code.as_bytes(),
                ":to": to.map(UserId::get),
                ":by": by.get(),
                ":now": now,
                ":end": now + INVITED_FOR,
            },
            invitation_row,
        )?;
    Ok(invitation)
}

/// The invitation that can be used with `code`, and whose password link it is, if it is one of somebody who may sign in.
pub(super) fn invitation(
    connection: &Connection,
    code: SecretHash,
    now: i64,
) -> Result<(InvitationId, Option<UserId>), StoreError> {
    connection
        .prepare_cached(
            "SELECT invitations.id, user_id FROM invitations LEFT JOIN users ON users.id = user_id \
             WHERE hash = ?1 AND expires_at > ?2 AND NOT coalesce(users.disabled, 0)",
        )?
        .query_row(params![code.as_bytes(), now], |row| {
            let user: Option<i64> = row.get(1)?;
            Ok((InvitationId::new(row.get(0)?), user.map(UserId::new)))
        })
        .optional()?
        .ok_or(StoreError::InvitationNotValid)
}

pub(super) fn withdraw(
    connection: &Connection,
    invitation: InvitationId,
) -> Result<(), StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM invitations WHERE id = ?1")?
        .execute([invitation.get()])?;
    match deleted {
        0 => Err(StoreError::UnknownInvitation),
        _ => Ok(()),
    }
}

/// Forgets sessions and invitations that have ended, `most` of each at a time, and says how many.
pub(in crate::store) fn delete_expired(
    connection: &Connection,
    unix_seconds: i64,
    most: usize,
) -> rusqlite::Result<usize> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut deleted = 0;
    for sql in [
        "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM invitations WHERE id IN \
         (SELECT id FROM invitations WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    ] {
        deleted = deleted.max(
            connection
                .prepare_cached(sql)?
                .execute([unix_seconds, most])?,
        );
    }
    Ok(deleted)
}
