//! The head of an SQLite file (<https://www.sqlite.org/fileformat.html>), read without SQLite.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{APPLICATION_ID, SchemaVersion};

/// What every SQLite file begins with.
pub(in crate::store) const MAGIC: &[u8] = b"SQLite format 3\0";

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Head {
    page_size: u64,
    /// How journals are kept, as writers and readers must know: 2 with a write-ahead log, else 1.
    pub(in crate::store) journal: [u8; 2],
    /// How often the file has changed, as far as SQLite counts it.
    pub(in crate::store) changes: u32,
    pages: u64,
    /// Current once a schema step is done.
    pub(in crate::store) schema_version: SchemaVersion,
    pub(in crate::store) application_id: i32,
}

impl Head {
    /// How many bytes of the file it takes.
    pub(in crate::store) const LENGTH: usize = 100;

    /// The head of `file`; `None` where that is no SQLite file.
    ///
    /// # Errors
    /// What the system said.
    pub(in crate::store) fn read(file: &File) -> io::Result<Option<Self>> {
        let mut head = [0; Self::LENGTH];
        match file.read_exact_at(&mut head, 0) {
            Ok(()) => Ok(Self::parse(&head)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `None` where this is no SQLite file.
    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        fn part<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
            head.get(at..at + N)?.try_into().ok()
        }
        let page_size = u16::from_be_bytes(part(head, 16)?);
        let valid = head.len() >= Self::LENGTH && head.starts_with(MAGIC);
        valid.then_some(Self {
            // The largest size does not fit the field.
            page_size: if page_size == 1 {
                65_536
            } else {
                page_size.into()
            },
            journal: part(head, 18)?,
            changes: u32::from_be_bytes(part(head, 24)?),
            pages: u32::from_be_bytes(part(head, 28)?).into(),
            schema_version: SchemaVersion::from_be_bytes(part(head, 60)?),
            application_id: i32::from_be_bytes(part(head, 68)?),
        })
    }

    /// Whether it is marked as a Task Tracker store.
    pub(in crate::store) fn is_ours(&self) -> bool {
        self.application_id == APPLICATION_ID
    }

    /// How long the file should be, in bytes.
    pub(in crate::store) fn file_length(&self) -> u64 {
        self.page_size * self.pages
    }
}
