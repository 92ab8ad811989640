//! The domain: what a task is, who people are, and which values they can have. A value of these types has been checked.

mod condition;
mod cursor;
mod description;
mod idempotency_key;
mod list_query;
mod password;
mod task;
mod task_id;
mod text;
mod title;
mod user_name;
mod version;

pub use condition::{Condition, States, Unmet, Unusable};
pub use cursor::Cursor;
pub use description::Description;
pub use idempotency_key::IdempotencyKey;
pub use list_query::{Limit, ListQuery};
pub use password::{Attempt, Password, PasswordError, PasswordHash};
pub use task::{NewTask, Task, TaskChanges};
pub use task_id::{TaskId, TaskIdError};
pub use text::TextError;
pub use title::Title;
pub use user_name::UserName;
pub use version::{Version, VersionError};
