//! The forms about accounts. Names, passwords and codes are handed on as they were typed: the api judges them.

use super::Form;
use crate::domain::local_path::LocalPath;
use crate::domain::secret::Secret;
use crate::domain::user::{Credentials, UserChange};
use crate::urlencoded::{FormError, Pairs};

/// `POST /sign-in`
#[derive(Clone, Debug)]
pub struct SignInForm {
    /// Who they are.
    pub credentials: Credentials,
    /// The page they asked for.
    pub next: Option<LocalPath>,
}

impl Form for SignInForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            credentials: credentials(pairs)?,
            next: next(pairs),
        })
    }
}

/// `POST /set-up` and `POST /invitation`
#[derive(Clone, Debug)]
pub struct NewAccountForm {
    /// What lets them make an account.
    pub code: Secret,
    /// What they chose.
    pub credentials: Credentials,
}

impl Form for NewAccountForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            code: secret(pairs, "code")?,
            credentials: credentials(pairs)?,
        })
    }
}

/// `POST /new-password`
#[derive(Clone, Debug)]
pub struct NewPasswordForm {
    /// What lets them choose one.
    pub code: Secret,
    /// The one they chose.
    pub password: Secret,
}

impl Form for NewPasswordForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            code: secret(pairs, "code")?,
            password: secret(pairs, "password")?,
        })
    }
}

/// `POST /account/password`
#[derive(Clone, Debug)]
pub struct PasswordForm {
    /// Whose it is: for programs that keep passwords, and for nobody else.
    pub name: String,
    /// The one they have.
    pub current: Secret,
    /// The one they chose.
    pub new: Secret,
}

impl Form for PasswordForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            name: pairs.optional("name")?.unwrap_or_default().to_owned(),
            current: secret(pairs, "current")?,
            new: secret(pairs, "new")?,
        })
    }
}

/// `POST /people/{id}`: one of the buttons beside a name.
#[derive(Clone, Copy, Debug)]
pub struct UserForm {
    /// What becomes of them.
    pub change: UserChange,
}

impl UserForm {
    /// The value of the field `change`, for each change there is.
    #[must_use]
    pub fn value(change: UserChange) -> &'static str {
        match change {
            UserChange::Disabled(true) => "disable",
            UserChange::Disabled(false) => "enable",
            UserChange::Administrator(true) => "appoint",
            UserChange::Administrator(false) => "dismiss",
        }
    }
}

impl Form for UserForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let change = match pairs.required("change")? {
            "disable" => UserChange::Disabled(true),
            "enable" => UserChange::Disabled(false),
            "appoint" => UserChange::Administrator(true),
            "dismiss" => UserChange::Administrator(false),
            _ => return Err(FormError::BadValue),
        };
        Ok(Self { change })
    }
}

/// A form that is one button and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct ButtonForm;

impl Form for ButtonForm {
    fn from_pairs(_: &Pairs) -> Result<Self, FormError> {
        Ok(Self)
    }
}

/// The page that somebody asked for who was led to sign in. What is no page of ours is as good as none.
#[must_use]
pub fn next(pairs: &Pairs) -> Option<LocalPath> {
    LocalPath::parse(pairs.optional("next").ok()??)
}

fn credentials(pairs: &Pairs) -> Result<Credentials, FormError> {
    Ok(Credentials {
        name: pairs.required("name")?.to_owned(),
        password: secret(pairs, "password")?,
    })
}

fn secret(pairs: &Pairs, name: &'static str) -> Result<Secret, FormError> {
    Ok(Secret::new(pairs.required(name)?.to_owned()))
}
