//! Tables whose columns are not known beforehand.

use super::super::error::Error;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many tables an error lists.
const TABLES_LISTED: usize = 12;

/// A database and the columns that its tables have.
pub(super) struct Database<'a> {
    connection: &'a Connection,
    path: PathBuf,
    columns: BTreeMap<String, BTreeSet<String>>,
    garbled: Cell<u64>,
}

impl<'a> Database<'a> {
    /// Asks a database for its tables and columns.
    pub(super) fn new(connection: &'a Connection, path: &Path) -> Result<Database<'a>, Error> {
        let mut database = Database {
            connection,
            path: path.to_owned(),
            columns: BTreeMap::new(),
            garbled: Cell::new(0),
        };
        database.columns = database.probe().map_err(|source| database.failed("tables", source))?;
        Ok(database)
    }

    fn probe(&self) -> rusqlite::Result<BTreeMap<String, BTreeSet<String>>> {
        let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut tables = self.connection.prepare(
            "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type in ('table', 'view')",
        )?;
        let mut rows = tables.query([])?;
        while let Some(row) = rows.next()? {
            columns.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(columns)
    }

    fn failed(&self, what: &'static str, source: rusqlite::Error) -> Error {
        Error::Sqlite { path: self.path.clone(), what, source }
    }

    /// Is there a table of that name?
    pub(super) fn has(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the file, for messages.
    pub(super) fn file(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The names of the tables that there are, for an error.
    pub(super) fn table_names(&self) -> String {
        let names: Vec<_> = self.columns.keys().map(String::as_str).collect();
        match names.len() {
            0 => "no table at all".to_owned(),
            count if count > TABLES_LISTED => {
                let rest = count - TABLES_LISTED;
                format!("{} and {rest} more", names[..TABLES_LISTED].join(", "))
            }
            _ => names.join(", "),
        }
    }

    /// How many texts were not UTF-8.
    pub(super) fn garbled(&self) -> u64 {
        self.garbled.get()
    }

    /// What the database's own check finds first, if anything: rows may be missing without any
    /// error while they are read.
    pub(super) fn damage(&self) -> Result<Option<String>, Error> {
        let found: String = self
            .connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .map_err(|source| self.failed("pages", source))?;
        Ok((found != "ok").then(|| found.replace('\n', " ")))
    }

    /// How many rows a table has; 0 where it is not there.
    pub(super) fn count(&self, table: &'static str) -> Result<u64, Error> {
        if !self.has(table) {
            return Ok(0);
        }
        let sql = format!("select count(*) from \"{table}\"");
        let count: i64 = self
            .connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|source| self.failed(table, source))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Calls `visit` with each row of a table, where a column that is not there is null. A table
    /// that is not there has no rows.
    pub(super) fn each(
        &self,
        table: &'static str,
        columns: &[&str],
        mut visit: impl FnMut(&Cells<'_, '_>),
    ) -> Result<(), Error> {
        let Some(there) = self.columns.get(table) else { return Ok(()) };
        let list: Vec<_> =
            columns
                .iter()
                .map(|column| {
                    if there.contains(*column) {
                        format!("\"{column}\"")
                    } else {
                        "null".to_owned()
                    }
                })
                .collect();
        let sql = format!("select {} from \"{table}\"", list.join(", "));
        let mut read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                visit(&Cells { row, garbled: &self.garbled });
            }
            Ok(())
        };
        read().map_err(|source| self.failed(table, source))
    }
}

/// One row. SQLite's columns hold what was put in, whatever their type says.
pub(super) struct Cells<'a, 'row> {
    row: &'a Row<'row>,
    garbled: &'a Cell<u64>,
}

impl Cells<'_, '_> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self.row.get_ref(column).unwrap_or(ValueRef::Null)
    }

    /// The text, also of a number; `None` for null.
    pub(super) fn text(&self, column: usize) -> Option<String> {
        match self.at(column) {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Some(text.to_owned()),
                Err(_) => {
                    self.garbled.set(self.garbled.get() + 1);
                    Some(String::from_utf8_lossy(bytes).into_owned())
                }
            },
        }
    }

    /// Does something with the text, also of a number, without copying it if it can; empty for null.
    pub(super) fn with_text<T>(&self, column: usize, take: impl FnOnce(&str) -> T) -> T {
        if let ValueRef::Text(bytes) = self.at(column)
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return take(text);
        }
        take(&self.text_or_empty(column))
    }

    /// The text; empty for null.
    pub(super) fn text_or_empty(&self, column: usize) -> String {
        self.text(column).unwrap_or_default()
    }

    /// The text without copying it; empty for what is no text.
    pub(super) fn borrowed(&self, column: usize) -> &str {
        match self.at(column) {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            _ => "",
        }
    }

    /// The bytes of the text; empty for what is no text.
    pub(super) fn bytes(&self, column: usize) -> &[u8] {
        match self.at(column) {
            ValueRef::Text(bytes) => bytes,
            _ => &[],
        }
    }

    /// The text, if it says something.
    pub(super) fn present(&self, column: usize) -> Option<String> {
        self.text(column).filter(|text| !text.is_empty())
    }

    /// The whole number.
    pub(super) fn int(&self, column: usize) -> Option<i64> {
        match self.at(column) {
            ValueRef::Integer(number) => Some(number),
            // A time that some writer stored as 1795289003898.0.
            ValueRef::Real(number) => format!("{number:.0}").parse().ok(),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// The number.
    pub(super) fn real(&self, column: usize) -> Option<f64> {
        match self.at(column) {
            #[expect(clippy::cast_precision_loss, reason = "SQLite stores 1.0 as the integer 1")]
            ValueRef::Integer(number) => Some(number as f64),
            ValueRef::Real(number) => Some(number),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            _ => None,
        }
    }
}
