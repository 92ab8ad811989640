//! Whether a store's schema is what the steps make, word for word: a foreign trigger or view would be carried out by
//! whoever serves the store.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::{Found, KNOWN, SchemaVersion, migrate};

/// What `ANALYZE` makes, which says nothing about what is stored.
const STATISTICS: [&str; 2] = [
    "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
];
/// Longest part of a foreign name that is repeated in messages, in characters.
const NAME_SHOWN: usize = 60;

/// Kind and name of an object, and how it is defined: the table it belongs to and its normalised SQL.
type Objects = BTreeMap<(String, String), (String, Option<String>)>;

/// What is different from the schema of `version`, which this binary knows, if anything is.
pub(in crate::store) fn difference(
    connection: &Connection,
    version: SchemaVersion,
) -> rusqlite_migration::Result<Option<String>> {
    let mut made = Connection::open_in_memory()?;
    migrate(&mut made, Found::New, version.min(KNOWN))?;
    let (expected, mut found) = (objects(&made)?, objects(connection)?);
    found.retain(|(kind, name), (_, sql)| {
        let sql = sql.as_deref().unwrap_or_default();
        !(kind == "table" && name.starts_with("sqlite_stat") && STATISTICS.contains(&sql))
    });
    let foreign = found.keys().find(|object| !expected.contains_key(object));
    if let Some((kind, name)) = foreign {
        let name: String = name.chars().take(NAME_SHOWN).collect();
        return Ok(Some(format!(
            "it has the {kind} {name:?}, which is not ours"
        )));
    }
    for (object @ (kind, name), definition) in &expected {
        match found.get(object) {
            None => return Ok(Some(format!("the {kind} {name} is missing"))),
            Some(found) if found != definition => {
                return Ok(Some(format!("the {kind} {name} is another than ours")));
            }
            Some(_) => {}
        }
    }
    if !is_compatible(&compatibility(&made)?, &compatibility(connection)?) {
        return Ok(Some(
            "its schema_compatibility is not that of its version".to_owned(),
        ));
    }
    Ok(None)
}

/// Says in the log what another program has changed, since no copy is made of a store like that.
pub(in crate::store) fn tell_difference(connection: &Connection, path: &Path) {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let found = match version {
        Ok(version) if version <= KNOWN => difference(connection, version),
        // Only the newer program knows.
        Ok(_) => return,
        Err(error) => Err(error.into()),
    };
    match found {
        Ok(None) => {}
        Ok(Some(what)) => log::error!(
            "{} was changed by another program: {what}; no copies are made until that is undone",
            path.display()
        ),
        Err(error) => log::warn!("{}: the schema was not compared: {error}", path.display()),
    }
}

fn objects(connection: &Connection) -> rusqlite::Result<Objects> {
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let objects = statement.query_map([], |row| {
        let sql: Option<String> = row.get(3)?;
        Ok((
            (row.get(0)?, row.get(1)?),
            (row.get(2)?, sql.as_deref().map(normalise)),
        ))
    })?;
    objects.collect()
}

/// The rows of `schema_compatibility`; none where the version has no such table.
fn compatibility(connection: &Connection) -> rusqlite::Result<Vec<(SchemaVersion, SchemaVersion)>> {
    if !connection.table_exists(None, "schema_compatibility")? {
        return Ok(Vec::new());
    }
    connection
        .prepare("SELECT version, served_from FROM schema_compatibility ORDER BY version")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Whether a store may say `found` where its steps say `made`: what is in it can make a version one that fewer releases may
/// serve, never one that more may.
fn is_compatible(
    made: &[(SchemaVersion, SchemaVersion)],
    found: &[(SchemaVersion, SchemaVersion)],
) -> bool {
    let rows = made.iter().zip(found);
    made.len() == found.len()
        && rows
            .into_iter()
            .all(|(made, found)| made.0 == found.0 && (made.1..=made.0).contains(&found.1))
}

/// The SQL without comments, and with one space wherever there is white space: what may differ between releases. What
/// is quoted stays as it is.
fn normalise(sql: &str) -> String {
    let mut normalised = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    let mut space = false;
    while let Some(character) = rest.next() {
        let end = match (character, rest.peek()) {
            ('-', Some('-')) => {
                rest.by_ref().find(|next| *next == '\n');
                space = true;
                continue;
            }
            ('/', Some('*')) => {
                rest.next();
                let mut before = ' ';
                rest.by_ref()
                    .find(|next| std::mem::replace(&mut before, *next) == '*' && *next == '/');
                space = true;
                continue;
            }
            (white, _) if white.is_ascii_whitespace() => {
                space = true;
                continue;
            }
            ('\'' | '"' | '`', _) => Some(character),
            ('[', _) => Some(']'),
            _ => None,
        };
        if std::mem::take(&mut space) && !normalised.is_empty() {
            normalised.push(' ');
        }
        normalised.push(character);
        if let Some(end) = end {
            // A doubled quote ends here and begins anew, which comes to the same.
            for quoted in rest.by_ref() {
                normalised.push(quoted);
                if quoted == end {
                    break;
                }
            }
        }
    }
    normalised
}

#[cfg(test)]
mod tests;
