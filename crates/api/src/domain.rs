//! The domain: what a task is and which values it can have. A value of these types has been checked.

mod condition;
mod cursor;
mod description;
mod idempotency_key;
mod list_query;
mod task;
mod task_id;
mod text;
mod title;
mod version;

pub use condition::{Condition, States, Unmet, Unusable};
pub use cursor::Cursor;
pub use description::Description;
pub use idempotency_key::IdempotencyKey;
pub use list_query::{Limit, ListQuery};
pub use task::{NewTask, Task, TaskChanges};
pub use task_id::{TaskId, TaskIdError};
pub use text::TextError;
pub use title::Title;
pub use version::{Version, VersionError};
