//! An answer line by line: JSON objects and CSV.

use serde_json::{Map, Value as Json};

use super::Answer;
use crate::value::Value;

impl Answer {
    /// One JSON object a row, a line each; the columns in their order.
    #[must_use]
    pub fn to_ndjson(&self) -> String {
        let mut out = String::new();
        self.rows.iter().for_each(|row| self.push_ndjson(&mut out, row));
        out
    }

    /// Adds the line of one of its rows as a JSON object.
    pub fn push_ndjson(&self, out: &mut String, row: &[Value]) {
        let cells = self.columns.iter().zip(row);
        let object: Map<String, Json> =
            cells.map(|(column, value)| (column.name.clone(), self.json(value))).collect();
        out.push_str(&Json::Object(object).to_string());
        out.push('\n');
    }

    /// Comma-separated values, quoted after RFC 4180: a header, then a line a row; times in UTC,
    /// absent values empty. Lines end with a line feed alone, for the tools that read lines.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        self.push_csv_header(&mut out);
        self.rows.iter().for_each(|row| self.push_csv(&mut out, row));
        out
    }

    /// Adds the line with the names of the columns.
    pub fn push_csv_header(&self, out: &mut String) {
        let header = self.columns.iter().map(|column| cell(&column.name));
        out.push_str(&header.collect::<Vec<_>>().join(","));
        out.push('\n');
    }

    /// Adds the line of one of its rows, as comma-separated values.
    pub fn push_csv(&self, out: &mut String, row: &[Value]) {
        let cells = row.iter().map(|value| cell(&self.text(value)));
        out.push_str(&cells.collect::<Vec<_>>().join(","));
        out.push('\n');
    }
}

fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_hold_separators_are_quoted() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
    }
}
