//! The records of CSV, one after another, as the lines that they stand for.

use super::super::csv::record_length;
use super::super::reader::Stop;
use super::{Item, Items, LINE_MAX, Unread};

impl Items<'_> {
    /// The next record of CSV, as the line that it stands for, with the number of the line on which it begins.
    pub(super) fn next_record(&mut self) -> Result<Option<Item<'_>>, Stop> {
        loop {
            let byte = self.window.byte;
            let mut length = record_length(self.window.held());
            while length.is_none() && self.window.held().len() <= LINE_MAX && self.window.fill()? {
                length = record_length(self.window.held());
            }
            let held = self.window.held();
            if held.is_empty() {
                return Ok(None);
            }
            let number = self.number + 1;
            // A quote that is never closed: with the next line a record may begin.
            let is_open = length.is_none() && held.len() > LINE_MAX;
            let length = match length {
                Some(length) => length,
                None if is_open => {
                    held.iter().position(|byte| *byte == b'\n').map_or(held.len(), |end| end + 1)
                }
                None => held.len(),
            };
            let record = &held[..length];
            self.number += line_ends(record);
            if record.iter().all(u8::is_ascii_whitespace) {
                self.window.advance(length);
                continue;
            }
            let columns = self.columns.as_ref().filter(|_| !is_open && length <= LINE_MAX);
            let line = columns.ok_or(Unread::TooLong);
            let line = line.and_then(|columns| columns.line(record).map_err(Unread::Record));
            self.window.advance(length);
            let text = match line {
                Ok(line) => {
                    self.line = line;
                    Ok(self.line.as_slice())
                }
                Err(fault) => Err(fault),
            };
            return Ok(Some(Item { number, byte, text }));
        }
    }
}

/// How many lines end within these bytes: a quoted cell may hold several.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
