//! The CSV of Datadog's Log Explorer: columns as somebody chose them, made into the lines that an
//! archive has.
//!
//! There is no id of the log among the columns, so a line goes by what it says, and whoever exports
//! other columns exports other lines: it is the weakest form of logs.

use std::fmt;

use serde_json::{Map, Value};

/// Columns by the names that they have in the Explorer, and in an archive.
const COLUMNS: [(&str, &str); 12] = [
    ("date", "date"),
    ("timestamp", "date"),
    ("host", "host"),
    ("service", "service"),
    ("source", "source"),
    ("status", "status"),
    ("message", "message"),
    ("content", "message"),
    ("tags", "tags"),
    ("id", "_id"),
    ("_id", "_id"),
    ("log id", "_id"),
];
/// Most columns: the Explorer shows some dozens.
const COLUMNS_MAX: usize = 1_000;

/// Why a record is no line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RecordFault {
    /// It ends within quotes.
    Unclosed,
    /// Its bytes are no text.
    NotUtf8,
    /// It has another number of columns than the first line.
    Columns {
        /// Of the record.
        found: usize,
        /// Of the first line.
        expected: usize,
    },
}

impl fmt::Display for RecordFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordFault::Unclosed => {
                out.write_str("the row ends within quotes: the file may have been cut off")
            }
            RecordFault::NotUtf8 => out.write_str("the row is not UTF-8"),
            RecordFault::Columns { found, expected } => {
                let columns = if *found == 1 { "column" } else { "columns" };
                write!(out, "the row has {found} {columns} where the header has {expected}")
            }
        }
    }
}

/// The columns of an export, by its first line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// Reads a first line; `None` if it is not that of an export: a date, and one more that logs have.
    pub(super) fn of(line: &[u8]) -> Option<Columns> {
        // The message of a log may hold such a list itself.
        if line.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let columns = cells(line)?;
        let known = |wanted: &dyn Fn(&str) -> bool| {
            columns.iter().any(|column| archived(column).is_some_and(wanted))
        };
        let fits = columns.len() <= COLUMNS_MAX
            && known(&|name| name == "date")
            && known(&|name| matches!(name, "host" | "service" | "message" | "status" | "_id"));
        fits.then_some(Columns(columns))
    }

    /// A record as a line of an archive.
    pub(super) fn line(&self, record: &[u8]) -> Result<Vec<u8>, RecordFault> {
        if record.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            return Err(RecordFault::Unclosed);
        }
        let cells = cells(record).ok_or(RecordFault::NotUtf8)?;
        let (found, expected) = (cells.len(), self.0.len());
        if found != expected {
            return Err(RecordFault::Columns { found, expected });
        }
        let (mut line, mut attributes) = (Map::new(), Map::new());
        for (column, cell) in self.0.iter().zip(cells) {
            if cell.is_empty() {
                continue;
            }
            match archived(column) {
                Some(name) if !line.contains_key(name) => {
                    line.insert(name.to_owned(), Value::String(cell))
                }
                _ => {
                    let name = column.trim().trim_start_matches('@');
                    attributes.insert(name.to_owned(), Value::String(cell))
                }
            };
        }
        line.insert("attributes".to_owned(), Value::Object(attributes));
        Ok(Value::Object(line).to_string().into_bytes())
    }
}

/// What the column is called in an archive.
fn archived(column: &str) -> Option<&'static str> {
    let column = column.trim();
    COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, name)| *name)
}

/// The cells of one record; `None` if it is no UTF-8.
fn cells(record: &[u8]) -> Option<Vec<String>> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record);
    let Some(cells) = reader.records().next() else { return Some(Vec::new()) };
    Some(cells.ok()?.iter().map(str::to_owned).collect())
}

/// How long the record is that these bytes begin with, its line end with it: a quoted cell may hold
/// line ends. `None` if it goes on behind them.
pub(super) fn record_length(bytes: &[u8]) -> Option<usize> {
    let mut in_quotes = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\n' if !in_quotes => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_the_line_that_an_archive_has() {
        let columns =
            Columns::of(b"\"Date\",Host,Service,\"@ai.model.version\",Content\r\n").unwrap();
        let record = b"2025-11-03T14:00:00Z,h,,2,\"a \"\"b\"\"\nc\"\n";
        assert_eq!(record_length(record), Some(record.len()));
        let line: Value = serde_json::from_slice(&columns.line(record).unwrap()).unwrap();
        let expected = serde_json::json!({
            "date": "2025-11-03T14:00:00Z", "host": "h", "message": "a \"b\"\nc",
            "attributes": { "ai.model.version": "2" },
        });
        assert_eq!(line, expected);
        let fault = |record: &[u8]| columns.line(record).unwrap_err().to_string();
        assert_eq!(fault(b"too,few\n"), "the row has 2 columns where the header has 5");
        assert_eq!(fault(b"one\n"), "the row has 1 column where the header has 5");
        assert_eq!(fault(b"1,2,3,4,5,6\n"), "the row has 6 columns where the header has 5");
        assert_eq!(fault(b"2025,h,s,2,\xff\n"), "the row is not UTF-8");
        assert!(fault(b"2025,h,s,2,\"cut off\n").starts_with("the row ends within quotes"));
        assert_eq!(record_length(b"a,\"open\n"), None);
    }

    #[test]
    fn other_tables_are_no_exports_of_logs() {
        let query = "{\"message\":\"select id,timestamp,status,host from t\"}\n";
        for line in ["name,age\n", "date,amount\n", "host,service\n", "", "{\"date\":1}\n", query] {
            assert_eq!(Columns::of(line.as_bytes()), None, "{line}");
        }
    }
}
