//! Lines that are made of one request, bounded while they are made: parameters and resources stand
//! in each of them, so that a small body can become much.

use super::ENTRY_BYTES_MAX;
use crate::problem::Problem;
use std::io::{Read, Result};

/// The longest line that the importer takes, with room for an id that is added.
const LINE_MAX: usize = (1 << 20) - 256;

/// The lines of a request so far.
pub(super) struct Lines {
    lines: Vec<Vec<u8>>,
    bytes: usize,
    most: usize,
}

impl Lines {
    /// None yet, of `most` at most.
    pub(super) fn new(most: usize) -> Lines {
        Lines { lines: Vec::new(), bytes: 0, most }
    }

    /// Takes one more.
    ///
    /// # Errors
    /// [`Problem::too_many_entries`]; [`Problem::too_large`] for the line and for all of them.
    pub(super) fn push(&mut self, line: Vec<u8>) -> std::result::Result<(), Problem> {
        if self.lines.len() == self.most {
            return Err(Problem::too_many_entries(self.most));
        }
        if line.len() > LINE_MAX {
            return Err(Problem::too_large(LINE_MAX));
        }
        self.bytes += line.len();
        if self.bytes > ENTRY_BYTES_MAX {
            return Err(Problem::entries_too_large());
        }
        self.lines.push(line);
        Ok(())
    }

    /// All of them.
    pub(super) fn taken(self) -> Vec<Vec<u8>> {
        self.lines
    }
}

/// Lines read one after the other, each with its line end, without a copy of all of them.
pub(crate) struct Chained<'l> {
    lines: std::slice::Iter<'l, Vec<u8>>,
    rest: &'l [u8],
    is_open: bool,
}

impl<'l> Chained<'l> {
    /// Reads these.
    pub(crate) fn of(lines: &'l [Vec<u8>]) -> Chained<'l> {
        Chained { lines: lines.iter(), rest: &[], is_open: false }
    }
}

impl Read for Chained<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.rest.is_empty() {
            if std::mem::take(&mut self.is_open) {
                self.rest = b"\n";
                continue;
            }
            let Some(line) = self.lines.next() else { return Ok(0) };
            (self.rest, self.is_open) = (line, true);
        }
        self.rest.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chained_lines_read_as_if_they_were_joined() {
        let lines = [b"one".to_vec(), Vec::new(), b"three".to_vec()];
        let mut read = Vec::new();
        // A buffer smaller than a line.
        let mut part = [0; 2];
        let mut chained = Chained::of(&lines);
        while let Ok(count @ 1..) = chained.read(&mut part) {
            read.extend_from_slice(&part[..count]);
        }
        assert_eq!(read, b"one\n\nthree\n");
    }

    #[test]
    fn all_lines_together_are_bounded_as_each_is() {
        let mut lines = Lines::new(1_000);
        assert_eq!(lines.push(vec![b'x'; LINE_MAX + 1]).unwrap_err().name, "too-large");
        for _ in 0..ENTRY_BYTES_MAX / LINE_MAX {
            lines.push(vec![b'x'; LINE_MAX]).unwrap();
        }
        assert_eq!(lines.push(vec![b'x'; LINE_MAX]).unwrap_err().name, "too-large");
        let mut few = Lines::new(1);
        few.push(Vec::new()).unwrap();
        assert_eq!(few.push(Vec::new()).unwrap_err().name, "too-many-entries");
    }
}
