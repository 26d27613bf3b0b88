//! An answer line by line: JSON objects and CSV.

use serde_json::{Map, Value as Json};

use super::Answer;

impl Answer {
    /// One JSON object a row, a line each; the columns in their order.
    #[must_use]
    pub fn to_ndjson(&self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let cells = self.columns.iter().zip(row);
            let object: Map<String, Json> =
                cells.map(|(column, value)| (column.name.clone(), self.json(value))).collect();
            out.push_str(&Json::Object(object).to_string());
            out.push('\n');
        }
        out
    }

    /// Comma-separated values, quoted after RFC 4180: a header, then a line a row; times in UTC,
    /// absent values empty. Lines end with a line feed alone, for the tools that read lines.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        let header = self.columns.iter().map(|column| cell(&column.name));
        out.push_str(&header.collect::<Vec<_>>().join(","));
        out.push('\n');
        for row in &self.rows {
            let cells = row.iter().map(|value| cell(&self.text(value)));
            out.push_str(&cells.collect::<Vec<_>>().join(","));
            out.push('\n');
        }
        out
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
