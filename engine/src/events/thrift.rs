//! What a container says of itself, gone through before the Parquet library reads it.
//!
//! It is in Thrift's compact form. What the library does not know it skips, element by element, and in
//! a list truth values take no byte of it: a few bytes can say two thousand million of them, and lists of
//! such lists keep it busy for ever (found by `tests/fuzz/targets/containers.rs`). Here every element
//! takes a byte at least, so that going through it takes as long as it is.

use parquet::errors::{ParquetError, Result};

/// Structures and lists within another at most; the library skips as many.
const DEPTH_MAX: u32 = 64;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const VARINTS: [u8; 3] = [4, 5, 6];
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Goes through a structure at the beginning of some bytes. Of its own fields `truths`, if there is one,
/// is a list of truth values of a byte each, as the library reads one that it knows.
///
/// # Errors
/// It is cut, or holds what no writer of Parquet makes.
pub(super) fn walk(bytes: &[u8], truths: Option<u16>) -> Result<()> {
    let mut rest = Rest(bytes);
    rest.structure(DEPTH_MAX, truths).ok_or_else(|| {
        ParquetError::General("what it says of itself is whole, and no list longer than it".into())
    })
}

/// What was not gone through yet.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// How many of a list there are, each of a byte at least.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= self.0.len())
    }

    fn structure(&mut self, depth: u32, truths: Option<u16>) -> Option<()> {
        let mut id = 0_u16;
        loop {
            let head = self.byte()?;
            let (kind, step) = (head & 0x0f, head >> 4);
            if kind == 0 {
                return Some(());
            }
            id = match step {
                // Zigzag: fields are numbered from 1.
                0 => u16::try_from(self.varint()? >> 1).ok()?,
                step => id.checked_add(step.into())?,
            };
            match kind {
                TRUE | FALSE => {}
                LIST if truths == Some(id) => self.truths()?,
                kind => self.value(kind, depth)?,
            }
        }
    }

    fn value(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            BYTE => self.skip(1),
            kind if VARINTS.contains(&kind) => self.varint().map(|_| ()),
            DOUBLE => self.skip(8),
            BINARY => {
                let length = self.count()?;
                self.skip(length)
            }
            LIST | SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.value(kind, depth))
            }
            MAP => self.map(depth),
            STRUCT => self.structure(depth, None),
            UUID => self.skip(16),
            // Truth values in a list too.
            _ => None,
        }
    }

    fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.count()?,
            count => usize::from(count),
        };
        // Some writers give an empty list no kind.
        Some((head & 0x0f, count))
    }

    fn map(&mut self, depth: u32) -> Option<()> {
        let count = self.count()?;
        if count == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        (0..count).try_for_each(|_| {
            self.value(kinds >> 4, depth)?;
            self.value(kinds & 0x0f, depth)
        })
    }

    /// A list of truth values of a byte each.
    fn truths(&mut self) -> Option<()> {
        let (kind, count) = self.list()?;
        matches!(kind, TRUE | FALSE).then_some(())?;
        self.skip(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_writer_makes_passes_and_a_list_of_nothing_does_not() {
        // Field 1 a number, field 2 a text, field 3 a list of two numbers, field 4 true.
        let whole = [0x15, 0x02, 0x18, 0x01, b'a', 0x19, 0x25, 0x02, 0x04, 0x11, 0x00];
        assert!(walk(&whole, None).is_ok());
        for end in 0..whole.len() {
            assert!(walk(&whole[..end], None).is_err(), "cut at {end}");
        }
        // Two thousand million truth values, and a list of lists of them.
        let many = [0xf1, 0xff, 0xff, 0xff, 0xff, 0x07];
        let truths = [&[0x19][..], &many, &[0x00]].concat();
        assert!(walk(&truths, None).is_err());
        let lists = [&[0x19, 0x29][..], &many, &many, &[0x00]].concat();
        assert!(walk(&lists, None).is_err());
        assert!(walk(&[0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00], None).is_err());
        // As the library reads a list of them that it knows: a byte each.
        let known = [0x19, 0x21, 0x01, 0x02, 0x00];
        assert!(walk(&known, Some(1)).is_ok());
        assert!(walk(&known, Some(2)).is_err() && walk(&known, None).is_err());
        assert!(walk(&truths, Some(1)).is_err());
        let deep = [vec![0x1c; 100], vec![0x00; 101]].concat();
        assert!(walk(&deep, None).is_err());
    }
}
