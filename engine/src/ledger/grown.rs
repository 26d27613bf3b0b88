//! Lists that only grow: what a file holds is read where it is mapped, what came since is in memory.

use crate::error::Result;
use crate::mapping::{Word, as_bytes};
use crate::sections::Section;

/// Bytes of a mapped list that are copied into a new file before their pages are given back.
const COPIED_AT_ONCE: usize = 1 << 20;

/// A list of numbers.
pub(crate) struct Grown<T: Word> {
    base: Section<T>,
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
        Grown { base, tail: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.base.len() + self.tail.len()
    }

    /// How many of them are in memory.
    pub(crate) fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// One that is there. Damage of the file was looked for when it was opened.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        match at.checked_sub(self.base.len()) {
            Some(at) => self.tail.get(at).copied(),
            None => self.base.get(at),
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
        push(as_bytes(&self.tail))
    }
}

impl Grown<u8> {
    /// Bytes that were added together.
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
