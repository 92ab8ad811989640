//! What this service says of itself to [`crate::process`].

/// How the service is called: as its program is.
pub const NAME: &str = "web";
/// What `RUST_LOG` accepts.
pub const LOG_DIRECTIVES: &str = "log directives such as info or info,task_tracker_web=debug";
/// Libraries that are shown from warnings on, unless `RUST_LOG` names them.
pub const QUIET_LIBRARIES: [&str; 1] = ["actix_server"];
