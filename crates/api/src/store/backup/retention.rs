//! Which copies are kept.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Deletes those of `copies` that `keep` does not choose, and says how many. `keep` is given times, newest first, and
/// answers for each.
///
/// `made` is the copy that was made last. It counts as the newest, whatever the clock said: copies with later times were
/// made while the clock was wrong, or not by us. They are chosen from for themselves, so that they push nothing out.
pub(in crate::store) fn prune(
    copies: &[(Timestamp, PathBuf)],
    made: (Timestamp, &Path),
    keep: impl Fn(&[Timestamp]) -> Vec<bool>,
) -> usize {
    let others = copies.iter().filter(|(_, path)| path != made.1);
    let (later, earlier): (Vec<_>, Vec<_>) = others.partition(|(time, _)| *time > made.0);
    let mut deleted = 0;
    for (newest, mut others) in [(Some(made.0), earlier), (None, later)] {
        others.sort();
        others.reverse();
        let times: Vec<_> = newest
            .into_iter()
            .chain(others.iter().map(|(time, _)| *time))
            .collect();
        let kept = keep(&times);
        let unneeded = others
            .iter()
            .zip(kept.iter().skip(usize::from(newest.is_some())))
            .filter(|(_, keep)| !**keep);
        for ((_, path), _) in unneeded {
            match fs::remove_file(path) {
                Ok(()) => deleted += 1,
                Err(error) => log::warn!("{} is not needed and stays: {error}", path.display()),
            }
        }
    }
    deleted
}
