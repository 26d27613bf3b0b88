//! Decoded columns of row groups, kept for the next batch that lies beside.
//!
//! A row group holds many small batches, and its columns one dictionary each: decoded batch by batch
//! it would be decoded again for each of them. A batch that is read alone costs its pages only, which
//! are kept, as are the dictionaries that serve sixteen of them; a column is decoded whole when more
//! than a few of its pages were wanted.

use super::column::Column;
use crate::error::Result;
use parquet::column::page::Page;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of columns that are kept: some dozens of row groups of the columns of one question.
const DECODED_BYTES_MAX: usize = 64 << 20;

/// A column of a row group, or a page of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ColumnPlace {
    pub(super) container: u32,
    pub(super) group: usize,
    pub(super) index: usize,
    /// The first row of the page within the group, or [`GROUP`], or [`DICTIONARY`].
    pub(super) row: usize,
}

/// In the place of a row: all rows of the group.
pub(super) const GROUP: usize = usize::MAX;
/// In the place of a row: the dictionary of the column.
pub(super) const DICTIONARY: usize = usize::MAX - 1;

/// What was decoded last.
#[derive(Default)]
pub(crate) struct Decoded {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    columns: PlaceMap<Entry>,
    order: VecDeque<ColumnPlace>,
    bytes: usize,
    /// How many pages of a column were decoded.
    pages: PlaceMap<u32>,
}

type PlaceMap<V> = HashMap<ColumnPlace, V, BuildHasherDefault<PlaceHasher>>;

/// Mixes the four numbers of a place, which nobody from outside chooses, so that they need no hash
/// that withstands it: an event that is found by its hash is asked for five of them
/// (`benches/asking.rs`, q9).
#[derive(Default)]
struct PlaceHasher(u64);

/// An odd number with its ones and zeros well mixed: the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for PlaceHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(MIX);
    }

    fn finish(&self) -> u64 {
        // A map asks for the highest bits and for the lowest, of which a product mixes the former.
        self.0 ^ self.0 >> 32
    }
}

#[derive(Clone)]
enum Entry {
    Column(Arc<Column>),
    /// None where the column has none.
    Dictionary(Option<Page>),
}

impl Entry {
    fn size(&self) -> usize {
        match self {
            Entry::Column(column) => column.size(),
            Entry::Dictionary(page) => page.as_ref().map_or(0, |page| page.buffer().len()),
        }
    }
}

/// Columns of which it is remembered how many pages were decoded; then they are forgotten, which
/// costs some pages.
const COUNTED_MAX: usize = 100_000;
/// A column is decoded whole when more of its pages than this were: a quarter of a row group, so
/// that reading all of it costs a quarter too much, and reading little costs little.
const PAGES_MAX: u32 = 4;

impl Decoded {
    /// The column or page, if it is kept.
    pub(super) fn get(&self, place: ColumnPlace) -> Option<Arc<Column>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.columns.get(&place) {
            Some(Entry::Column(column)) => Some(Arc::clone(column)),
            _ => None,
        }
    }

    /// The dictionary of a column, read if it is not kept.
    pub(super) fn dictionary(
        &self,
        place: ColumnPlace,
        read: impl FnOnce() -> Result<Option<Page>>,
    ) -> Result<Option<Page>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Entry::Dictionary(page)) = kept.columns.get(&place) {
            return Ok(page.clone());
        }
        drop(kept);
        let page = read()?;
        self.keep_entry(place, Entry::Dictionary(page.clone()));
        Ok(page)
    }

    /// Were so many pages of a column decoded that it is better decoded whole? Says so once.
    pub(super) fn often(&self, place: ColumnPlace) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_often = kept.pages.get(&place).is_some_and(|pages| *pages > PAGES_MAX);
        if is_often {
            kept.pages.remove(&place);
        }
        is_often
    }

    /// Keeps a page, and counts it.
    pub(super) fn keep_page(&self, place: ColumnPlace, page: Arc<Column>) {
        self.keep(place, page);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.pages.len() >= COUNTED_MAX {
            kept.pages.clear();
        }
        *kept.pages.entry(ColumnPlace { row: GROUP, ..place }).or_default() += 1;
    }

    /// Keeps a column or page; the oldest go where it becomes too much.
    pub(super) fn keep(&self, place: ColumnPlace, column: Arc<Column>) {
        self.keep_entry(place, Entry::Column(column));
    }

    fn keep_entry(&self, place: ColumnPlace, entry: Entry) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += entry.size() + ENTRY_BYTES;
        match kept.columns.insert(place, entry) {
            Some(before) => kept.bytes -= before.size() + ENTRY_BYTES,
            None => kept.order.push_back(place),
        }
        while kept.bytes > DECODED_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(gone) = kept.columns.remove(&oldest) {
                kept.bytes -= gone.size() + ENTRY_BYTES;
            }
        }
    }
}

/// About what an entry costs beside its values.
const ENTRY_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::super::column::Values;
    use super::*;

    #[test]
    fn the_oldest_columns_go_first() {
        let column = |rows: usize| {
            let values = Values::Ints(vec![0; rows]);
            Arc::new(Column { present: vec![true; rows], values })
        };
        let decoded = Decoded::default();
        let half = (DECODED_BYTES_MAX - 2 * ENTRY_BYTES) / 9 / 2;
        let place = |container, group| ColumnPlace { container, group, index: 0, row: GROUP };
        for group in 0..3 {
            decoded.keep(place(0, group), column(half));
            decoded.keep(place(0, group), column(half));
        }
        assert!(decoded.get(place(0, 1)).is_some() && decoded.get(place(0, 2)).is_some());
        for page in 0..=PAGES_MAX as usize {
            assert!(!decoded.often(place(1, 0)), "{page}");
            decoded.keep_page(ColumnPlace { row: page, ..place(1, 0) }, column(1));
        }
        assert!(decoded.often(place(1, 0)) && !decoded.often(place(1, 0)), "said once");
        assert!(decoded.get(place(0, 0)).is_none());
    }
}
