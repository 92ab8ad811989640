//! The copies that are left beside the store before its schema changes.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::BackupError;
use super::copy::copy;
use super::names::{files_with_prefix, remove_unfinished, stamp};
use crate::process::clock;
use crate::store::OpenError;
use crate::store::open::{beside, folder_of};
use crate::store::schema::SchemaVersion;

/// How many of them are kept.
const KEEP_BEFORE_SCHEMA_STEP: usize = 3;

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
    let marker = format!(".before-schema-step-{}-from-{version}", stamp(clock::now()));
    let target = beside(db_path, &marker);
    let summary = copy(connection, &target, &|| false).map_err(failed)?;
    log::info!(copy = target.display().to_string().as_str(); "copied before a schema step: {summary}");
    let prefix = beside(
        Path::new(db_path.file_name().unwrap_or_default()),
        ".before-schema-step-",
    );
    let prune = || -> io::Result<()> {
        remove_unfinished(folder_of(db_path), &prefix.to_string_lossy())?;
        let mut copies = files_with_prefix(folder_of(db_path), &prefix.to_string_lossy())?;
        copies.sort();
        let mut old = copies.iter().rev().skip(KEEP_BEFORE_SCHEMA_STEP);
        old.try_for_each(fs::remove_file)
    };
    prune().map_err(|source| OpenError::Io {
        path: db_path.to_owned(),
        source,
    })
}
