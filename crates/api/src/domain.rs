//! The domain: what a task is, who people are, and which values they can have. A value of these types has been checked.

mod condition;
mod cursor;
mod description;
mod idempotency_key;
mod list_id;
mod list_query;
mod password;
mod secret;
mod setup_code;
mod task;
mod task_id;
mod text;
mod title;
mod user;
mod user_name;
mod version;

pub use condition::{Condition, States, Unmet, Unusable};
pub use cursor::Cursor;
pub use description::Description;
pub use idempotency_key::{IdempotencyKey, ListKey};
pub use list_id::ListId;
pub use list_query::{Limit, ListQuery};
pub use password::{Attempt, Password, PasswordError, PasswordHash};
pub use secret::{Secret, SecretHash};
pub use setup_code::SetupCode;
pub use task::{NewTask, Task, TaskChanges};
pub use task_id::{TaskId, TaskIdError};
pub use text::TextError;
pub use title::Title;
pub use user::{
    Browser, Invitation, InvitationId, NewUser, Session, SessionId, SignedIn, User, UserChanges,
    UserId,
};
pub use user_name::UserName;
pub use version::{Version, VersionError};
