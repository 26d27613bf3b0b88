//! Lists that only grow: what a file holds is read where it is mapped, what came since is in memory,
//! or laid aside in pieces.

use crate::error::Result;
use crate::mapping::{Word, Words, as_bytes};
use crate::sections::{Section, Shelf};

/// Bytes of a mapped list that are copied into a new file before their pages are given back.
const COPIED_AT_ONCE: usize = 1 << 20;

/// Numbers of a list that are laid aside together: ids are 4 MiB then.
const LAID_AT_ONCE: usize = 1 << 17;

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

impl Grown<u8> {
    /// Bytes that were added together, none of which are laid aside.
    pub(crate) fn range(&self, from: usize, to: usize) -> &[u8] {
        let base = self.base.len();
        let range = if from >= base && to >= base {
            self.tail.get(from - base..to - base)
        } else {
            self.base.range(from..to)
        };
        range.unwrap_or_default()
    }

    pub(crate) fn extend(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.tail);
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
}
