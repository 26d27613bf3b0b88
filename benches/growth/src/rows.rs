//! The rows of a run: what was measured, and by that what is already done.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::Outcome;

/// The file they stand in, one JSON object a line.
pub(crate) struct Rows {
    file: File,
    found: Vec<Value>,
}

impl Rows {
    /// Reads what an earlier run left; a last line that was cut off is dropped.
    ///
    /// # Errors
    /// What the medium says, or a line in the middle that is no JSON.
    pub(crate) fn open(path: &Path) -> Outcome<Rows> {
        let text = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut found = Vec::new();
        for (number, line) in text[..whole].lines().enumerate() {
            let row = serde_json::from_str(line)
                .map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?;
            found.push(row);
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok(Rows { file, found })
    }

    /// Is there a row of this sort about this number?
    pub(crate) fn has(&self, row: &str, name: &str, number: u64) -> bool {
        self.found.iter().any(|found| found["row"] == row && found[name] == number)
    }

    /// The first row of a sort.
    pub(crate) fn first(&self, row: &str) -> Option<&Value> {
        self.found.iter().find(|found| found["row"] == row)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn add(&mut self, row: Value) -> Outcome {
        println!("{row}");
        self.file.write_all(format!("{row}\n").as_bytes())?;
        self.file.sync_data()?;
        self.found.push(row);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use serde_json::json;

    #[test]
    fn a_cut_line_is_dropped_and_what_is_whole_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.ndjson");
        std::fs::write(&path, "{\"row\":\"day\",\"day\":0}\n{\"row\":\"day\",\"da")
            .expect("written");
        let mut rows = Rows::open(&path).expect("read");
        assert!(rows.has("day", "day", 0) && !rows.has("day", "day", 1));
        rows.add(json!({ "row": "day", "day": 1 })).expect("written");
        let again = Rows::open(&path).expect("read");
        assert!(again.has("day", "day", 1) && !again.has("mark", "day", 1));
        assert_eq!(again.first("day").map(|row| row["day"].clone()), Some(json!(0)));
        std::fs::write(&path, "{\n{}\n").expect("written");
        assert!(Rows::open(&path).is_err());
    }
}
