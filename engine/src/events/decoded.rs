//! Decoded columns of row groups, kept for the next batch that lies beside.
//!
//! A row group holds many small batches, and its columns one dictionary each: decoded batch by batch
//! it would be decoded again for each of them. A batch that is read alone costs its pages only: a
//! column is decoded whole when it is asked for the second time. Of single rows the pages are kept,
//! and the dictionaries, which serve sixteen pages each.

use super::column::Column;
use crate::error::Result;
use parquet::column::page::Page;
use std::collections::{HashMap, HashSet, VecDeque};
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
    columns: HashMap<ColumnPlace, Entry>,
    order: VecDeque<ColumnPlace>,
    bytes: usize,
    /// Columns that were asked for once.
    asked: HashSet<ColumnPlace>,
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

/// Places that are remembered as asked for once; then they are forgotten, which costs some pages.
const ASKED_MAX: usize = 100_000;

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

    /// Was the column asked for before?
    pub(super) fn again(&self, place: ColumnPlace) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.asked.len() >= ASKED_MAX {
            kept.asked.clear();
        }
        !kept.asked.insert(place)
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
        assert!(!decoded.again(place(1, 0)) && decoded.again(place(1, 0)));
        assert!(decoded.get(place(0, 0)).is_none());
        assert!(decoded.get(place(0, 1)).is_some() && decoded.get(place(0, 2)).is_some());
    }
}
