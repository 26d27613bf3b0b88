//! Decoded columns of row groups, kept for the next batch that lies beside.
//!
//! A row group holds many small batches, and its columns one dictionary each: decoded batch by batch
//! it would be decoded again for each of them. A batch that is read alone costs its pages only: a
//! column is decoded whole when it is asked for the second time.

use super::column::Column;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of columns that are kept: some dozens of row groups of the columns of one question.
const DECODED_BYTES_MAX: usize = 64 << 20;

/// A column of a row group: container, group, column.
pub(crate) type ColumnPlace = (u32, usize, usize);

/// What was decoded last.
#[derive(Default)]
pub(crate) struct Decoded {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    columns: HashMap<ColumnPlace, Arc<Column>>,
    order: VecDeque<ColumnPlace>,
    bytes: usize,
    /// Columns that were asked for once.
    asked: HashSet<ColumnPlace>,
}

/// Places that are remembered as asked for once; then they are forgotten, which costs some pages.
const ASKED_MAX: usize = 100_000;

impl Decoded {
    /// The column, if it is kept.
    pub(super) fn get(&self, place: ColumnPlace) -> Option<Arc<Column>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).columns.get(&place).cloned()
    }

    /// Was the column asked for before?
    pub(super) fn again(&self, place: ColumnPlace) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.asked.len() >= ASKED_MAX {
            kept.asked.clear();
        }
        !kept.asked.insert(place)
    }

    /// Keeps a column; the oldest go where it becomes too much.
    pub(super) fn keep(&self, place: ColumnPlace, column: Arc<Column>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += column.size();
        match kept.columns.insert(place, column) {
            Some(before) => kept.bytes -= before.size(),
            None => kept.order.push_back(place),
        }
        while kept.bytes > DECODED_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(gone) = kept.columns.remove(&oldest) {
                kept.bytes -= gone.size();
            }
        }
    }
}

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
        let half = DECODED_BYTES_MAX / 9 / 2;
        for group in 0..3 {
            decoded.keep((0, group, 0), column(half));
            decoded.keep((0, group, 0), column(half));
        }
        assert!(!decoded.again((1, 0, 0)) && decoded.again((1, 0, 0)));
        assert!(decoded.get((0, 0, 0)).is_none());
        assert!(decoded.get((0, 1, 0)).is_some() && decoded.get((0, 2, 0)).is_some());
    }
}
