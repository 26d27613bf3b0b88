//! The tables of an MLflow database, as rows of named cells.

use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row(BTreeMap<String, Value>);

impl Row {
    /// The text of a cell, also of a number; empty for null.
    pub(crate) fn text(&self, column: &str) -> String {
        match self.cell(column) {
            Value::Null => String::new(),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            other => panic!("{column} is no text: {other:?}"),
        }
    }

    /// The cell is null.
    pub(crate) fn is_null(&self, column: &str) -> bool {
        *self.cell(column) == Value::Null
    }

    /// The whole number of a cell.
    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of a cell.
    pub(crate) fn real(&self, column: &str) -> f64 {
        match self.cell(column) {
            Value::Real(number) => *number,
            other => panic!("{column} is no number: {other:?}"),
        }
    }

    fn cell(&self, column: &str) -> &Value {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }
}

/// All tables.
pub(crate) struct Tables(BTreeMap<String, Vec<Row>>);

impl Tables {
    /// Reads a database.
    pub(crate) fn read(path: &Path) -> Tables {
        let database = Connection::open(path).expect("a database");
        let mut names = database
            .prepare("select name from sqlite_master where type = 'table'")
            .expect("a list of tables");
        let names = names.query_map([], |row| row.get::<_, String>(0)).expect("names");
        let tables = names.map(|name| {
            let name = name.expect("a name");
            let rows = rows(&database, &name);
            (name, rows)
        });
        Tables(tables.collect())
    }

    /// The rows of a table.
    pub(crate) fn rows(&self, table: &str) -> &[Row] {
        self.0.get(table).unwrap_or_else(|| panic!("no table {table}"))
    }

    /// The rows of a table in which a column holds that text.
    pub(crate) fn with<'a>(
        &'a self,
        table: &str,
        column: &'a str,
        text: &'a str,
    ) -> impl Iterator<Item = &'a Row> {
        self.rows(table).iter().filter(move |row| row.text(column) == text)
    }

    /// Key and value of the rows in which a column holds that text.
    pub(crate) fn pairs(&self, table: &str, column: &str, text: &str) -> Vec<(String, String)> {
        let pair = |row: &Row| (row.text("key"), row.text("value"));
        self.with(table, column, text).map(pair).collect()
    }
}

fn rows(database: &Connection, table: &str) -> Vec<Row> {
    let mut statement = database.prepare(&format!("select * from \"{table}\"")).expect("a table");
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query([]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let cells = columns.iter().enumerate();
        let cells = cells.map(|(at, name)| (name.clone(), row.get(at).expect("a cell")));
        found.push(Row(cells.collect()));
    }
    found
}
