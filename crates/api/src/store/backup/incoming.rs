//! Reading a copy that may come from anywhere, within bounds of size and time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::BackupError;
use super::copy::{COPY, make_sure_it_fits};
use super::limit::Limit;
use super::staged::Staged;
use crate::store::schema::Head;

/// Largest copy that is accepted, in bytes: some times what a store is meant to grow to.
const LARGEST: u64 = 16 * 1024 * 1024 * 1024;
/// Whoever sends a copy may pause for this long.
const STALL: Duration = Duration::from_secs(60);
/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Writes what `source` reads to `staged`: as many bytes as its head says that it has, and no others.
pub(super) fn receive(source: &File, staged: &Staged, limit: &Limit) -> Result<(), BackupError> {
    let damaged = |what: &str| BackupError::Damaged(COPY.to_owned(), what.to_owned());
    let mut incoming = Incoming { source, limit };
    let mut chunk = vec![0; CHUNK];
    // The head tells what this is and how long it should be, before the disk is filled with it.
    let mut received = 0;
    while received < Head::LENGTH {
        match incoming.read(chunk.get_mut(received..).unwrap_or_default())? {
            0 => break,
            read => received += read,
        }
    }
    let head = Head::parse(chunk.get(..received).unwrap_or_default())
        .filter(Head::is_ours)
        .ok_or(BackupError::NotAStore(COPY.to_owned()))?;
    let length = head.file_length();
    if length > LARGEST {
        return Err(BackupError::TooLarge(length, LARGEST));
    }
    make_sure_it_fits(staged.path(), length)?;
    let mut left = length;
    while received > 0 {
        left = left
            .checked_sub(received as u64)
            .ok_or_else(|| damaged("it is longer than its head says"))?;
        let mut file = staged.file();
        file.write_all(chunk.get(..received).unwrap_or_default())
            .map_err(|source| BackupError::Io {
                path: staged.path().to_owned(),
                source,
            })?;
        received = incoming.read(&mut chunk)?;
    }
    if left > 0 {
        return Err(damaged("it is shorter than its head says"));
    }
    Ok(())
}

struct Incoming<'a> {
    source: &'a File,
    limit: &'a Limit,
}

impl Incoming<'_> {
    /// Waits until there is something to read, but not for ever.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, BackupError> {
        let error = |source| BackupError::Io {
            path: COPY.into(),
            source,
        };
        loop {
            self.limit.check()?;
            let wait = STALL.min(self.limit.left());
            let mut ready = [PollFd::new(self.source.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
            match poll(&mut ready, timeout) {
                Ok(0) => {
                    self.limit.check()?;
                    return Err(BackupError::Stalled(wait));
                }
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(failed) => return Err(error(failed.into())),
            }
            match self.source.read(buffer) {
                Err(again)
                    if matches!(
                        again.kind(),
                        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
                    ) => {}
                read => return read.map_err(error),
            }
        }
    }
}
