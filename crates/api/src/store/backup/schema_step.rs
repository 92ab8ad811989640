//! The copies that are left beside the store before its schema changes.

use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::BackupError;
use super::copy::{copy_by, copy_pages};
use super::limit::{COPY_DEADLINE, Limit};
use super::names::{dated_beside, stamp};
use super::retention::prune;
use super::verify::Rules;
use crate::process::clock;
use crate::store::OpenError;
use crate::store::open::beside;
use crate::store::schema::SchemaVersion;

/// How many of them are kept.
const KEEP: usize = 3;
/// Stands between the store's name and the time.
const MARKER: &str = ".before-schema-step-";

/// Leaves a verified copy beside the store before its schema changes, and keeps the last few of them.
pub(in crate::store) fn before_schema_step(
    connection: &Connection,
    db_path: &Path,
    version: SchemaVersion,
) -> Result<(), OpenError> {
    let failed = |error: BackupError| OpenError::Io {
        path: db_path.to_owned(),
        source: io::Error::other(format!(
            "no copy could be made before the schema step: {error}"
        )),
    };
    let time = clock::now();
    let target = beside(db_path, &format!("{MARKER}{}-from-{version}", stamp(time)));
    let limit = Limit::new(COPY_DEADLINE);
    let summary = copy_by(&target, Rules::Kept, &limit, |staged| {
        copy_pages(connection, staged, &limit)
    })
    .map_err(failed)?;
    log::info!(copy = target.display().to_string().as_str(); "copied before a schema step: {summary}");
    let copies = dated_beside(db_path, MARKER, "-from-").map_err(|source| OpenError::Io {
        path: db_path.to_owned(),
        source,
    })?;
    prune(&copies, (time, &target), |times| {
        (0..times.len()).map(|place| place < KEEP).collect()
    });
    Ok(())
}
