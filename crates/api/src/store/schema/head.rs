//! The head of an SQLite file (<https://www.sqlite.org/fileformat.html>), read without SQLite.

use super::APPLICATION_ID;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Head {
    page_size: u64,
    pages: u64,
    application_id: i32,
}

impl Head {
    /// How many bytes of the file it takes.
    pub(in crate::store) const LENGTH: u64 = 100;

    /// `None` where this is no SQLite file.
    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let bytes = head.get(at..at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let page_size = u16::from_be_bytes(head.get(16..18)?.try_into().ok()?);
        let valid = head.len() as u64 >= Self::LENGTH && head.starts_with(MAGIC);
        valid.then_some(Self {
            // The largest size does not fit the field.
            page_size: if page_size == 1 {
                65_536
            } else {
                page_size.into()
            },
            pages: number(28)?.into(),
            application_id: number(68)?.cast_signed(),
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
