//! Tera, which renders the pages.
//!
//! Templates are part of the binary. A debug build reads them from the source tree while that is there, for each page
//! anew, so that a change is seen at once.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use tera::{Context, Tera};

use crate::assets::Asset;

const TEMPLATES: [(&str, &str); 23] = [
    ("base.html", include_str!("../templates/base.html")),
    ("fields.html", include_str!("../templates/fields.html")),
    ("notice.html", include_str!("../templates/notice.html")),
    ("problem.html", include_str!("../templates/problem.html")),
    (
        "saved_version.html",
        include_str!("../templates/saved_version.html"),
    ),
    ("home.html", include_str!("../templates/home.html")),
    ("tasks.html", include_str!("../templates/tasks.html")),
    ("add.html", include_str!("../templates/add.html")),
    ("edit.html", include_str!("../templates/edit.html")),
    ("conflict.html", include_str!("../templates/conflict.html")),
    ("deleted.html", include_str!("../templates/deleted.html")),
    (
        "delete_conflict.html",
        include_str!("../templates/delete_conflict.html"),
    ),
    (
        "password_field.html",
        include_str!("../templates/password_field.html"),
    ),
    (
        "entry_fields.html",
        include_str!("../templates/entry_fields.html"),
    ),
    ("sign_in.html", include_str!("../templates/sign_in.html")),
    ("set_up.html", include_str!("../templates/set_up.html")),
    (
        "invitation.html",
        include_str!("../templates/invitation.html"),
    ),
    (
        "new_password.html",
        include_str!("../templates/new_password.html"),
    ),
    ("account.html", include_str!("../templates/account.html")),
    ("password.html", include_str!("../templates/password.html")),
    ("people.html", include_str!("../templates/people.html")),
    ("link.html", include_str!("../templates/link.html")),
    ("error.html", include_str!("../templates/error.html")),
];

/// What `Cache-Control` says of a page: the browser of the person who asked may keep it, so that going back leads to what
/// they typed into it; it asks again before it shows it otherwise. See `session_cookie` where people sign in.
pub const PAGE_CACHING: &str = "no-cache, private";

/// What every page knows of the site.
#[derive(Clone, Copy, Debug, Default)]
pub struct Site {
    /// Whether people sign in.
    pub has_accounts: bool,
    /// Whether anybody who reaches it has everything.
    pub is_open: bool,
}

/// What a template is given.
pub trait Page: Serialize {
    /// The name of the template.
    const TEMPLATE: &'static str;
}

/// Renders pages.
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
    /// Where templates are read from for each page anew.
    directory: Option<PathBuf>,
    site: Site,
}

impl Templates {
    /// The templates of the binary; with `reload` those of the source tree while it is there.
    ///
    /// # Errors
    /// When a template cannot be parsed.
    pub fn load(reload: bool) -> Result<Self, tera::Error> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let directory = Some(directory).filter(|directory| reload && directory.is_dir());
        Ok(Self {
            tera: parse(None, Site::default())?,
            directory,
            site: Site::default(),
        })
    }

    /// The same for this site.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn with_site(self, site: Site) -> Result<Self, tera::Error> {
        Ok(Self {
            tera: parse(None, site)?,
            site,
            ..self
        })
    }

    /// Whether a page may look different when it is rendered again.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.directory.is_some()
    }

    /// Renders a page.
    ///
    /// # Errors
    /// When the template asks for something it is not given; a test renders every template in every state.
    pub fn render<P: Page>(&self, page: &P) -> Result<String, tera::Error> {
        let context = Context::from_serialize(page)?;
        let mut html = match &self.directory {
            Some(directory) => parse(Some(directory), self.site)?.render(P::TEMPLATE, &context),
            None => self.tera.render(P::TEMPLATE, &context),
        }?;
        // Without the room that was left for more: it is kept until it is sent.
        html.shrink_to_fit();
        Ok(html)
    }
}

fn parse(directory: Option<&Path>, site: Site) -> Result<Tera, tera::Error> {
    let templates = TEMPLATES.map(|(name, embedded)| {
        let read = directory.and_then(|directory| fs::read_to_string(directory.join(name)).ok());
        (name, read.map_or(Cow::Borrowed(embedded), Cow::Owned))
    });
    let mut tera = Tera::new();
    tera.add_raw_templates(templates)?;
    tera.global_context().insert("style", &Asset::Style.href());
    tera.global_context().insert("icon", &Asset::Icon.href());
    tera.global_context()
        .insert("has_accounts", &site.has_accounts);
    tera.global_context().insert("is_open", &site.is_open);
    Ok(tera)
}

/// A response with a page.
#[must_use]
pub fn html(status: StatusCode, body: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, PAGE_CACHING))
        .body(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(Serialize)]
    struct Home {}

    impl Page for Home {
        const TEMPLATE: &'static str = "home.html";
    }

    #[test]
    fn a_changed_template_is_seen_at_once_where_templates_are_reloaded() {
        let directory = tempfile::tempdir().unwrap();
        let templates = Templates {
            tera: parse(None, Site::default()).unwrap(),
            directory: Some(directory.path().to_owned()),
            site: Site::default(),
        };
        assert!(templates.render(&Home {}).unwrap().contains("<h1>"));
        fs::write(directory.path().join("home.html"), "changed").unwrap();
        assert_eq!(templates.render(&Home {}).unwrap(), "changed");
    }
}
