//! The records of CSV, one after another, as the lines that they stand for.

use super::super::csv::record_length;
use super::super::reader::Stop;
use super::{Item, Items, LINE_MAX};

impl Items<'_> {
    /// The next record of CSV, as the line that it stands for.
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
            self.number += 1;
            let number = self.number;
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
            if record.iter().all(u8::is_ascii_whitespace) {
                self.window.advance(length);
                continue;
            }
            let line = self.columns.as_ref().filter(|_| !is_open && length <= LINE_MAX);
            // What fits no columns stays as it stands: whoever reads it says that it is no JSON.
            self.line = line.map_or_else(Vec::new, |columns| {
                columns.line(record).unwrap_or_else(|| record.trim_ascii_end().to_vec())
            });
            self.window.advance(length);
            let text = (!self.line.is_empty()).then_some(self.line.as_slice());
            return Ok(Some(Item { number, byte, text }));
        }
    }
}
