//! Lists that only grow: what a file holds is read where it is mapped, what came since is in memory,
//! or laid aside in pieces.

use crate::error::Result;
use crate::mapping::{Word, Words, as_bytes};
use crate::sections::{Section, Shelf};

/// Bytes of a mapped list that are copied into a new file before their pages are given back.
const COPIED_AT_ONCE: usize = 1 << 20;

/// Numbers of a list that are laid aside together: ids are 4 MiB then.
const LAID_AT_ONCE: usize = 1 << 17;

/// Bytes that are laid aside together, at least.
const LAID_BYTES_MIN: usize = 4 << 20;

/// A list of numbers.
pub(crate) struct Grown<T: Word> {
    base: Section<T>,
    /// Behind the file's, so many each.
    laid: Vec<Words<T>>,
    tail: Vec<T>,
}

impl<T: Word> Default for Grown<T> {
    fn default() -> Grown<T> {
        Grown::new(Section::default())
    }
}

impl<T: Word> Grown<T> {
    /// A list that goes on from a file's.
    pub(crate) fn new(base: Section<T>) -> Grown<T> {
        Grown { base, laid: Vec::new(), tail: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.base.len() + self.tail_len()
    }

    /// How many of them came since the file.
    pub(crate) fn tail_len(&self) -> usize {
        self.laid.len() * LAID_AT_ONCE + self.tail.len()
    }

    /// Lays aside what is in memory, in whole pieces.
    pub(crate) fn lay_aside(&mut self, shelf: &Shelf) {
        while self.tail.len() >= LAID_AT_ONCE {
            let rest = self.tail.split_off(LAID_AT_ONCE);
            self.laid.push(shelf.lay(std::mem::replace(&mut self.tail, rest)));
        }
    }

    /// One that is there. Damage of the file was looked for when it was opened.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        match at.checked_sub(self.base.len()) {
            Some(at) => self.since(at),
            None => self.base.get(at),
        }
    }

    fn since(&self, at: usize) -> Option<T> {
        match self.laid.get(at / LAID_AT_ONCE) {
            Some(piece) => piece.get(at % LAID_AT_ONCE).copied(),
            None => self.tail.get(at - self.laid.len() * LAID_AT_ONCE).copied(),
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        self.tail.push(item);
    }

    /// Bytes when it is written.
    pub(crate) fn written_bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }

    /// Hands out its bytes from first to last, some at a time.
    pub(crate) fn write(&self, mut push: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let step = COPIED_AT_ONCE / size_of::<T>();
        for first in (0..self.base.len()).step_by(step) {
            let range = first..(first + step).min(self.base.len());
            push(as_bytes(self.base.range(range.clone()).unwrap_or_default()))?;
            self.base.forget(range);
        }
        self.laid.iter().try_for_each(|piece| push(as_bytes(piece)))?;
        push(as_bytes(&self.tail))
    }
}

/// Bytes of things that differ in length, one behind another. What was added together lies together.
#[derive(Default)]
pub(crate) struct GrownBytes {
    base: Section<u8>,
    /// Behind the file's: each with where it ends.
    laid: Vec<(usize, Words<u8>)>,
    tail: Vec<u8>,
}

impl GrownBytes {
    /// Bytes that go on from a file's.
    pub(crate) fn new(base: Section<u8>) -> GrownBytes {
        GrownBytes { base, laid: Vec::new(), tail: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.tail_start() + self.tail.len()
    }

    fn tail_start(&self) -> usize {
        self.laid.last().map_or(self.base.len(), |(end, _)| *end)
    }

    /// Adds what is written.
    pub(crate) fn extend(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.tail);
    }

    /// Bytes that were added together.
    pub(crate) fn range(&self, from: usize, to: usize) -> &[u8] {
        let base = self.base.len();
        let range = if from < base {
            self.base.range(from..to)
        } else if let Some(from_tail) = from.checked_sub(self.tail_start()) {
            self.tail.get(from_tail..to.saturating_sub(self.tail_start()))
        } else {
            let piece = self.laid.partition_point(|(end, _)| *end <= from);
            let start = piece.checked_sub(1).map_or(base, |before| self.laid[before].0);
            self.laid.get(piece).and_then(|(_, bytes)| bytes.get(from - start..to - start))
        };
        range.unwrap_or_default()
    }

    /// Lays aside what is in memory, once it is worth a piece.
    pub(crate) fn lay_aside(&mut self, shelf: &Shelf) {
        if self.tail.len() >= LAID_BYTES_MIN {
            let end = self.len();
            self.laid.push((end, shelf.lay(std::mem::take(&mut self.tail))));
        }
    }

    /// Hands out its bytes from first to last, some at a time.
    pub(crate) fn write(&self, mut push: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        for first in (0..self.base.len()).step_by(COPIED_AT_ONCE) {
            let range = first..(first + COPIED_AT_ONCE).min(self.base.len());
            push(self.base.range(range.clone()).unwrap_or_default())?;
            self.base.forget(range);
        }
        self.laid.iter().try_for_each(|(_, piece)| push(piece))?;
        push(&self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::FileStorage;
    use std::sync::Arc;

    #[test]
    fn a_list_is_the_same_however_much_of_it_is_laid_aside() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::beside(Arc::new(FileStorage::new(folder.path())));
        let mut list = Grown::<u64>::default();
        let count = LAID_AT_ONCE * 3 + 7;
        for at in 0..count {
            list.push(at as u64);
            if at % 1_000 == 0 {
                list.lay_aside(&shelf);
            }
        }
        list.lay_aside(&shelf);
        assert_eq!((list.laid.len(), list.len(), list.tail_len()), (3, count, count));
        assert!((0..count).all(|at| list.get(at) == Some(at as u64)));
        assert_eq!(list.get(count), None);
        let (mut written, expected) = (Vec::new(), (0..count as u64).collect::<Vec<_>>());
        let push = |bytes: &[u8]| {
            written.extend_from_slice(bytes);
            Ok(())
        };
        list.write(push).unwrap();
        assert!(written == as_bytes(&expected) && list.written_bytes() == written.len());
    }

    #[test]
    fn bytes_are_the_same_however_much_of_them_is_laid_aside() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::beside(Arc::new(FileStorage::new(folder.path())));
        let mut bytes = GrownBytes::default();
        let (mut all, mut ends) = (Vec::new(), vec![0]);
        for number in 0..2_000_000_u32 {
            let added = number.to_string().into_bytes();
            bytes.extend(|out| out.extend_from_slice(&added));
            all.extend_from_slice(&added);
            ends.push(all.len());
            if number % 1_000 == 0 {
                bytes.lay_aside(&shelf);
            }
        }
        assert!(bytes.laid.len() == 3 && !bytes.tail.is_empty(), "{}", bytes.laid.len());
        assert_eq!(bytes.len(), all.len());
        for range in ends.windows(2).step_by(7) {
            let [from, to] = *range else { unreachable!("windows of two") };
            assert_eq!(bytes.range(from, to), &all[from..to]);
        }
        let mut written = Vec::new();
        let push = |bytes: &[u8]| {
            written.extend_from_slice(bytes);
            Ok(())
        };
        bytes.write(push).unwrap();
        assert!(written == all);
    }
}
