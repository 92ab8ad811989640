//! `/people`: who has an account and who is invited, for administrators.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::invitation::INVITATION_PATH;
use super::new_password::NEW_PASSWORD_PATH;
use super::notice::{Notice, page_with_notice, see_other_page};
use super::time::Time;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::error::ApiClientError;
use crate::api::problem::ProblemKind;
use crate::domain::task::parse_id;
use crate::domain::user::{Invitation, NewInvitation, User, UserChange};
use crate::error::{RetryForm, WebError};
use crate::forms::accounts::{ButtonForm, UserForm};
use crate::own_site::{Asked, OwnSite};
use crate::process::client::Client;
use crate::request_body::Submitted;
use crate::security_headers;
use crate::templates::{Page, Templates, html};

/// Where administrators see who has an account.
pub const PEOPLE_PATH: &str = "/people";

/// Data of `people.html`.
#[derive(Debug, Serialize)]
pub struct PeoplePage {
    people: Vec<PersonView>,
    invitations: Vec<InvitationView>,
    /// HTML.
    notice: String,
}

#[derive(Debug, Serialize)]
struct PersonView {
    id: i64,
    name: String,
    administrator: bool,
    disabled: bool,
    since: Time,
    /// Whether it is who asks: nobody shuts themselves out by a slip.
    is_asking: bool,
    buttons: Vec<Button>,
}

/// What can be done with a person.
#[derive(Debug, Serialize)]
struct Button {
    value: &'static str,
    label: &'static str,
}

#[derive(Debug, Serialize)]
struct InvitationView {
    id: i64,
    /// Whose password link it is; none where it is an invitation.
    user: Option<String>,
    made: Time,
    until: Time,
}

impl PeoplePage {
    /// The page for the administrator with this id.
    #[must_use]
    pub fn new(
        asking: i64,
        people: Vec<User>,
        invitations: Vec<Invitation>,
        notice: String,
    ) -> Self {
        let people = people.into_iter().map(|user| PersonView {
            id: user.id,
            administrator: user.administrator,
            disabled: user.disabled,
            since: user.created_at.into(),
            is_asking: user.id == asking,
            buttons: buttons(&user, asking),
            name: user.name,
        });
        let invitations = invitations.into_iter().map(|invitation| InvitationView {
            id: invitation.id,
            user: invitation.user,
            made: invitation.created_at.into(),
            until: invitation.expires_at.into(),
        });
        Self {
            people: people.collect(),
            invitations: invitations.collect(),
            notice,
        }
    }
}

impl Page for PeoplePage {
    const TEMPLATE: &'static str = "people.html";
}

fn buttons(user: &User, asking: i64) -> Vec<Button> {
    if user.id == asking {
        return Vec::new();
    }
    let changes = [
        UserChange::Administrator(!user.administrator),
        UserChange::Disabled(!user.disabled),
    ];
    let buttons = changes.map(|change| Button {
        value: UserForm::value(change),
        label: match change {
            UserChange::Disabled(true) => "Disable",
            UserChange::Disabled(false) => "Enable",
            UserChange::Administrator(true) => "Make administrator",
            UserChange::Administrator(false) => "Remove as administrator",
        },
    });
    buttons.into()
}

/// Data of `link.html`.
#[derive(Debug, Serialize)]
pub struct LinkPage {
    /// What is to be given to whoever it is for.
    pub link: String,
    /// Whose password link it is; none where it is an invitation.
    pub user: Option<String>,
    /// Until when it can be used.
    pub until: Time,
}

impl LinkPage {
    /// For what was just made by whoever sent `request`.
    fn new(request: &HttpRequest, site: &OwnSite, made: NewInvitation) -> Self {
        let over_tls = security_headers::is_over_tls(Client::of(request), request.headers());
        let base = site.base(Asked::of_handled(request), over_tls);
        let path = match made.user {
            None => INVITATION_PATH,
            Some(_) => NEW_PASSWORD_PATH,
        };
        Self {
            link: format!(
                "{}{path}?code={}",
                base.unwrap_or_default(),
                made.code.expose()
            ),
            user: made.user,
            until: made.expires_at.into(),
        }
    }
}

impl Page for LinkPage {
    const TEMPLATE: &'static str = "link.html";
}

/// `GET /people`
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    asking: Asking,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let (me, people, invitations) =
        tokio::try_join!(api.me(asking), api.users(asking), api.invitations(asking))?;
    let page = |notice| PeoplePage::new(me.id, people, invitations, notice);
    Ok(page_with_notice(&request, &templates, page)?)
}

/// `POST /people/{id}`
///
/// # Errors
/// [`WebError`]
pub async fn change(
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<UserForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let user = parse_id(&path).ok_or(WebError::UnknownAccount)?;
    match api.change_user(asking, user, form.change).await {
        Ok(_) => see_other_page(PEOPLE_PATH, Notice::UserChanged(form.change)),
        Err(error) if error.is_not_found() => Err(WebError::UnknownAccount),
        Err(error) if error.kind() == Some(ProblemKind::LastAdministrator) => {
            Err(WebError::LastAdministrator)
        }
        Err(error) => Err(not_done(
            error,
            format!("{PEOPLE_PATH}/{user}"),
            vec![("change", UserForm::value(form.change).to_owned())],
        )),
    }
}

/// `POST /people/invitations`: the answer is the only place where the link is seen.
///
/// # Errors
/// [`WebError`]
pub async fn invite(
    request: HttpRequest,
    asking: Asking,
    Submitted(ButtonForm): Submitted<ButtonForm>,
    api: web::Data<ApiClient>,
    site: web::Data<OwnSite>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let action = format!("{PEOPLE_PATH}/invitations");
    let made = api.invite(asking).await;
    let made = made.map_err(|error| not_done(error, action, Vec::new()))?;
    let page = LinkPage::new(&request, &site, made);
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /people/{id}/password-link`: the answer is the only place where the link is seen.
///
/// # Errors
/// [`WebError`]
pub async fn make_password_link(
    request: HttpRequest,
    asking: Asking,
    path: web::Path<String>,
    Submitted(ButtonForm): Submitted<ButtonForm>,
    api: web::Data<ApiClient>,
    site: web::Data<OwnSite>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let user = parse_id(&path).ok_or(WebError::UnknownAccount)?;
    let action = format!("{PEOPLE_PATH}/{user}/password-link");
    let made = match api.create_password_link(asking, user).await {
        Ok(made) => made,
        Err(error) if error.is_not_found() => return Err(WebError::UnknownAccount),
        Err(error) => return Err(not_done(error, action, Vec::new())),
    };
    let page = LinkPage::new(&request, &site, made);
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /people/invitations/{id}/withdraw`
///
/// # Errors
/// [`WebError`]
pub async fn withdraw(
    asking: Asking,
    path: web::Path<String>,
    Submitted(ButtonForm): Submitted<ButtonForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let invitation = parse_id(&path).ok_or(WebError::UnknownPath)?;
    let action = format!("{PEOPLE_PATH}/invitations/{invitation}/withdraw");
    match api.withdraw_invitation(asking, invitation).await {
        Ok(()) => see_other_page(PEOPLE_PATH, Notice::Withdrawn),
        Err(error) => Err(not_done(error, action, Vec::new())),
    }
}

/// A button that did not work, to be pressed again where that may help.
fn not_done(
    source: ApiClientError,
    action: String,
    fields: Vec<(&'static str, String)>,
) -> WebError {
    match source.kind() {
        Some(ProblemKind::AdministratorsOnly) => source.into(),
        // Until one is withdrawn, pressing it again leads here again.
        Some(ProblemKind::TooManyInvitations) => WebError::TooManyInvitations,
        _ => WebError::Action {
            source,
            page: PEOPLE_PATH.to_owned(),
            retry: RetryForm {
                action,
                label: "Try again",
                fields,
            },
        },
    }
}
