//! The fields of bodies about people.

use std::net::IpAddr;

use utoipa::ToSchema;

use super::Fields;
use crate::domain::{Attempt, Browser, Password, Secret, UserChanges, UserName};
use crate::http::body::{JsonObject, Value};
use crate::http::error::ApiError;

/// What `POST /api/setup` takes.
#[derive(ToSchema)]
#[schema(as = SetUp)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct SetupSchema {
    /// As the api's log shows it; case, white space and hyphens do not matter.
    code: String,
    name: NameText,
    password: PasswordText,
    /// The client's User-Agent. The first 200 characters are kept.
    #[schema(nullable = false)]
    browser: Option<String>,
    /// The client's IP address, by which attempts are counted; that of the connection if left out.
    #[schema(nullable = false)]
    address: Option<String>,
}

/// What `POST /api/sessions` takes.
#[derive(ToSchema)]
#[schema(as = Credentials)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct CredentialsSchema {
    name: String,
    password: String,
    /// The client's User-Agent. The first 200 characters are kept.
    #[schema(nullable = false)]
    browser: Option<String>,
    /// The client's IP address, by which attempts are counted; that of the connection if left out.
    #[schema(nullable = false)]
    address: Option<String>,
}

/// What `POST /api/invitations/accept` takes.
#[derive(ToSchema)]
#[schema(as = Acceptance)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct AcceptanceSchema {
    /// The code of the invitation.
    code: String,
    name: NameText,
    password: PasswordText,
    /// The client's User-Agent. The first 200 characters are kept.
    #[schema(nullable = false)]
    browser: Option<String>,
    /// The client's IP address, by which attempts are counted; that of the connection if left out.
    #[schema(nullable = false)]
    address: Option<String>,
}

/// What `POST /api/password-links/accept` takes.
#[derive(ToSchema)]
#[schema(as = PasswordByLink)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct PasswordByLinkSchema {
    /// The code of the link.
    code: String,
    password: PasswordText,
    /// The client's User-Agent. The first 200 characters are kept.
    #[schema(nullable = false)]
    browser: Option<String>,
    /// The client's IP address, by which attempts are counted; that of the connection if left out.
    #[schema(nullable = false)]
    address: Option<String>,
}

/// What `POST /api/me/password` takes.
#[derive(ToSchema)]
#[schema(as = PasswordChange)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct PasswordChangeSchema {
    current: String,
    new: PasswordText,
}

/// What `PATCH /api/users/{id}` takes: fields left out stay as they are.
#[derive(ToSchema)]
#[schema(as = UserChanges)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct UserChangesSchema {
    /// Whether they may not sign in.
    #[schema(nullable = false)]
    disabled: Option<bool>,
    /// Whether they may say who has an account.
    #[schema(nullable = false)]
    administrator: Option<bool>,
}

/// An object without fields.
#[derive(ToSchema)]
#[schema(as = NoFields)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct NoFieldsSchema {}

/// A name as it is sent: white space around it is trimmed; then 1 to 64 characters, one of which can be seen, no control
/// characters, no bidirectional overrides. Two names that differ only in case count as the same.
#[derive(ToSchema)]
#[schema(min_length = 1)]
#[allow(dead_code, reason = "a schema")]
struct NameText(String);

/// A new password: at least 12 characters, at most 256 bytes of UTF-8, none of those that are tried first.
#[derive(ToSchema)]
#[schema(min_length = 12, max_length = 256)]
#[allow(dead_code, reason = "a schema")]
struct PasswordText(String);

/// An account to be made with a code: the first one, or that of somebody who was invited.
pub struct NewAccount<C> {
    /// None where it cannot be one.
    pub code: Option<C>,
    /// What they want to be called.
    pub name: UserName,
    /// The password they choose.
    pub password: Password,
    /// What the browser says of itself.
    pub browser: Browser,
    /// Where the person is, as web says.
    pub address: Option<IpAddr>,
}

/// Somebody who wants to sign in.
pub struct Credentials {
    /// What they say they are called.
    pub name: UserName,
    /// What they say their password is.
    pub password: Attempt,
    /// What the browser says of itself.
    pub browser: Browser,
    /// Where the person is, as web says.
    pub address: Option<IpAddr>,
}

/// A password chosen with a link.
pub struct PasswordByLink {
    /// None where it cannot be one.
    pub code: Option<Secret>,
    /// The password they choose.
    pub password: Password,
    /// What the browser says of itself.
    pub browser: Browser,
    /// Where the person is, as web says.
    pub address: Option<IpAddr>,
}

/// A password to be changed.
pub struct PasswordChange {
    /// What they say it is now.
    pub current: Attempt,
    /// What it is to be.
    pub new: Password,
}

/// Reads what an account is made of, with the code that `parse` reads.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn new_account<C>(
    object: JsonObject,
    parse: fn(&str) -> Option<C>,
) -> Result<NewAccount<C>, ApiError> {
    let mut fields = Fields::new(object);
    let code = fields.required("code", |text| Ok::<_, &str>(parse(text)));
    let name = fields.required("name", UserName::parse);
    let called = name.as_ref().map(UserName::as_str);
    let password = fields.required("password", |text| Password::parse(text, called));
    let (browser, address) = fields.origin();
    fields.finish((|| {
        Some(NewAccount {
            code: code?,
            name: name?,
            password: password?,
            browser,
            address,
        })
    })())
}

/// Reads what somebody wants to sign in with.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn credentials(object: JsonObject) -> Result<Credentials, ApiError> {
    let mut fields = Fields::new(object);
    let name = fields.required("name", UserName::parse);
    let password = fields.required("password", |text| Ok::<_, &str>(Attempt::new(text)));
    let (browser, address) = fields.origin();
    fields.finish((|| {
        Some(Credentials {
            name: name?,
            password: password?,
            browser,
            address,
        })
    })())
}

/// Reads what somebody with a password link has chosen.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn password_by_link(object: JsonObject) -> Result<PasswordByLink, ApiError> {
    let mut fields = Fields::new(object);
    let code = fields.required("code", |text| Ok::<_, &str>(Secret::parse(text)));
    let password = fields.required("password", |text| Password::parse(text, None));
    let (browser, address) = fields.origin();
    fields.finish((|| {
        Some(PasswordByLink {
            code: code?,
            password: password?,
            browser,
            address,
        })
    })())
}

/// Reads the change of a password of somebody who is called `name`.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn password_change(object: JsonObject, name: &str) -> Result<PasswordChange, ApiError> {
    let mut fields = Fields::new(object);
    let current = fields.required("current", |text| Ok::<_, &str>(Attempt::new(text)));
    let new = fields.required("new", |text| Password::parse(text, Some(name)));
    fields.finish((|| {
        Some(PasswordChange {
            current: current?,
            new: new?,
        })
    })())
}

/// Reads changes to what somebody may do.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn user_changes(object: JsonObject) -> Result<UserChanges, ApiError> {
    let mut fields = Fields::new(object);
    let changes = UserChanges {
        disabled: fields.flag("disabled"),
        administrator: fields.flag("administrator"),
    };
    fields.finish(Some(changes))
}

/// Reads an object that has no fields.
///
/// # Errors
/// [`ApiError::Validation`] with every field that it has.
pub fn no_fields(object: JsonObject) -> Result<(), ApiError> {
    Fields::new(object).finish(Some(()))
}

impl Fields {
    /// Where a request to sign in comes from, as web says.
    fn origin(&mut self) -> (Browser, Option<IpAddr>) {
        let browser = self.optional("browser", |fields, value| match value {
            Value::Text(text) => Some(Browser::new(&text)),
            _ => fields.error("browser", "Must be a string."),
        });
        let address = self.optional("address", |fields, value| {
            let address = match value {
                Value::Text(text) => text.parse().ok(),
                _ => None,
            };
            address.or_else(|| fields.error("address", "Must be an IP address."))
        });
        (browser.unwrap_or_default(), address)
    }
}
