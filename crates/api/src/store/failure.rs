//! Why a store that was to be kept is not.

use std::io;

use thiserror::Error;

use super::open_files::Loss;
use super::rescue::Rescue;
use super::{OpenError, StoreError};

/// The store can no longer be kept by this process.
#[derive(Debug, Error)]
pub enum StoreFailure {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A sync failed: what is in memory may not be what is on the disk.
    #[error("{0}: the process ends, so that the next one reads what is really on the disk")]
    Untrusted(StoreError),
    /// Another program has taken the store's files away. Nothing is written any more.
    #[error("DB_PATH: {loss} while the store was open; {rescue}")]
    Lost {
        /// What it did.
        loss: Loss,
        /// What became of the content.
        rescue: Rescue,
    },
    /// The lock file failed.
    #[error("the lock file failed: {0}")]
    Lock(#[from] io::Error),
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl StoreFailure {
    /// Whether another start would fail in the same way until somebody changes something.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Open(error) => error.is_configuration(),
            Self::Untrusted(_) | Self::Lost { .. } | Self::Lock(_) | Self::Thread(_) => false,
        }
    }
}
