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
    let compatibility = compatibility(&made)?;
    if compatibility != self::compatibility(connection)? {
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
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn store(version: SchemaVersion) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, Found::New, version).unwrap();
        connection
    }

    #[test]
    fn what_the_steps_made_is_accepted_and_nothing_else_is() {
        for version in 1..=KNOWN {
            assert_eq!(difference(&store(version), version).unwrap(), None);
        }
        for (change, says) in [
            (
                "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN DELETE FROM tasks; END",
                "the trigger \"t\"",
            ),
            ("CREATE VIEW v AS SELECT 1", "the view \"v\""),
            ("CREATE TABLE notes (text TEXT)", "the table \"notes\""),
            ("CREATE INDEX i ON tasks (title)", "the index \"i\""),
            (
                "CREATE VIRTUAL TABLE f USING fts5 (text)",
                "the table \"f\"",
            ),
            (
                "DROP INDEX tasks_by_completed",
                "the index tasks_by_completed is missing",
            ),
            (
                "DROP TRIGGER task_updated",
                "the trigger task_updated is missing",
            ),
            ("DROP TABLE idempotency_keys", "is missing"),
            (
                "ALTER TABLE tasks ADD COLUMN more TEXT",
                "the table tasks is another",
            ),
            ("DELETE FROM schema_compatibility", "schema_compatibility"),
            (
                "INSERT INTO schema_compatibility VALUES (4, 1)",
                "schema_compatibility",
            ),
            (
                "DROP INDEX tasks_by_completed; CREATE INDEX tasks_by_completed ON tasks (completed)",
                "is another",
            ),
        ] {
            let changed = store(KNOWN);
            changed.execute_batch(change).unwrap();
            let found = difference(&changed, KNOWN).unwrap().unwrap();
            assert!(found.contains(says), "{change}: {found}");
        }
        // An older version's number on a newer schema, and the other way round.
        assert!(difference(&store(KNOWN), 1).unwrap().is_some());
        assert!(difference(&store(1), KNOWN).unwrap().is_some());
    }

    #[test]
    fn statistics_are_no_difference() {
        let analysed = store(KNOWN);
        analysed
            .execute_batch(
                "INSERT INTO tasks (title, created_at, updated_at) VALUES ('a', '', ''); ANALYZE",
            )
            .unwrap();
        assert_eq!(difference(&analysed, KNOWN).unwrap(), None);
    }

    #[test]
    fn comments_and_white_space_are_no_difference_and_quotes_are() {
        let normal = "CREATE TABLE a ( b TEXT DEFAULT '-- x  y' )";
        for same in [
            "CREATE TABLE a (\n  -- why\n  b   TEXT DEFAULT '-- x  y'\n)",
            "CREATE /* * / **/ TABLE a ( b TEXT\tDEFAULT '-- x  y' )",
        ] {
            assert_eq!(normalise(same), normal);
        }
        assert_ne!(
            normalise("CREATE TABLE a ( b TEXT DEFAULT '-- x y' )"),
            normal
        );
    }
}
