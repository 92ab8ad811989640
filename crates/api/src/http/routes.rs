//! The table of URLs, and what comes of it: the routes, `Allow`, the paths of the OpenAPI document, and the tests' list.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Resource, web};

use crate::http::auth::require_token;
use crate::http::error::ApiError;
use crate::http::{health, invitations, me, openapi, sign_in, tasks, users};

/// A path, and the methods it knows. Any other is answered with 405, and `Allow` lists these.
#[derive(Debug)]
pub struct Route {
    /// As OpenAPI writes it: `{name}` stands for any one segment.
    pub path: &'static str,
    /// In the order of `Allow`.
    pub methods: &'static [&'static str],
}

macro_rules! routes {
    ($(#[doc = $doc:literal] $name:ident = $path:literal {
        $($($method:ident)+ => $module:ident::$handler:ident;)+
    })+) => {
        $(#[doc = $doc] pub const $name: &str = $path;)+

        /// Every URL there is.
        pub const ROUTES: &[Route] = &[$(Route {
            path: $name,
            methods: &[$($(stringify!($method)),+),+],
        }),+];

        /// Each of [`ROUTES`] with its handlers, at a path that is relative to [`API`] where it is below.
        fn resources() -> Vec<Resource> {
            let mut routes = ROUTES.iter();
            vec![$({
                let methods = routes.next().map_or(&[][..], |route| route.methods);
                web::resource($name.strip_prefix(API).unwrap_or($name))
                    $($(.route(web::method(Method::$method).to($module::$handler)))+)+
                    .default_service(web::to(move || refuse(methods)))
            }),+]
        }

        /// The operations of [`ROUTES`] as their handlers describe them.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($module::$handler),+),+))]
        pub(super) struct Operations;
    };
}

/// Where a token is asked for.
pub const API: &str = "/api";

routes! {
    /// All tasks.
    TASKS = "/api/tasks" {
        GET HEAD => tasks::list;
        POST => tasks::create;
        DELETE => tasks::delete_completed;
    }
    /// One task.
    TASK = "/api/tasks/{id}" {
        GET HEAD => tasks::show;
        PATCH PUT => tasks::update;
        DELETE => tasks::delete;
    }
    /// Whether the first account is to be made, and how it is.
    SETUP = "/api/setup" {
        GET HEAD => sign_in::show_setup;
        POST => sign_in::set_up;
    }
    /// Signing in.
    SESSIONS = "/api/sessions" {
        POST => sign_in::sign_in;
    }
    /// Whoever is signed in.
    ME = "/api/me" {
        GET HEAD => me::show;
    }
    /// Their password.
    MY_PASSWORD = "/api/me/password" {
        POST => me::change_password;
    }
    /// Their sessions.
    MY_SESSIONS = "/api/me/sessions" {
        GET HEAD => me::sessions;
    }
    /// One of them.
    MY_SESSION = "/api/me/sessions/{id}" {
        DELETE => me::end_session;
    }
    /// Everybody who has an account.
    USERS = "/api/users" {
        GET HEAD => users::list;
    }
    /// One of them.
    USER = "/api/users/{id}" {
        PATCH => users::update;
    }
    /// A link with which they choose another password.
    PASSWORD_LINK = "/api/users/{id}/password-link" {
        POST => invitations::create_password_link;
    }
    /// Using one.
    USE_PASSWORD_LINK = "/api/password-links/accept" {
        POST => sign_in::use_password_link;
    }
    /// Invitations.
    INVITATIONS = "/api/invitations" {
        GET HEAD => invitations::list;
        POST => invitations::create;
    }
    /// Using one.
    ACCEPT = "/api/invitations/accept" {
        POST => sign_in::accept;
    }
    /// One invitation.
    INVITATION = "/api/invitations/{id}" {
        DELETE => invitations::withdraw;
    }
    /// What describes all of this.
    OPENAPI = "/api/openapi.json" {
        GET HEAD => openapi::show;
    }
    /// Whether the process is alive.
    HEALTHZ = "/healthz" {
        GET HEAD => health::liveness;
    }
    /// Whether it is ready for requests.
    HEALTH = "/health" {
        GET HEAD => health::readiness;
    }
}

/// Adds all routes.
pub fn configure(app: &mut web::ServiceConfig) {
    let mut api = web::scope(API);
    for (route, resource) in ROUTES.iter().zip(resources()) {
        if route.path.starts_with(API) {
            api = api.service(resource);
        } else {
            app.service(resource);
        }
    }
    let api = api.default_service(web::to(unknown_path));
    app.service(api.wrap(from_fn(require_token)))
        .default_service(web::to(unknown_path));
}

async fn refuse(methods: &[&str]) -> Result<&'static str, ApiError> {
    Err(ApiError::MethodNotAllowed(methods.join(", ")))
}

async fn unknown_path() -> Result<&'static str, ApiError> {
    Err(ApiError::UnknownPath)
}
