//! Columns of batches that are read as a whole: a row of them then costs no look-up in the store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;

use crate::source::NodeNo;

/// Rows whose columns are kept, beside those of the batch at hand: rows are visited batch by batch,
/// and a batch may hold a million.
const ROWS_KEPT: usize = 500_000;

/// The columns at hand, by the number of their batch.
#[derive(Default)]
pub(super) struct Blocks {
    /// Batches of which every row is visited.
    visited: BTreeMap<u32, NodeNo>,
    loaded: BTreeMap<u32, Arc<EventBlock>>,
    order: VecDeque<u32>,
    rows: usize,
    fields: BTreeSet<EventField>,
}

impl Blocks {
    /// Of these fields there are columns; others are looked up row by row.
    pub(super) fn with(fields: &[EventField]) -> Blocks {
        Blocks { fields: fields.iter().copied().collect(), ..Blocks::default() }
    }

    /// The fields that are read.
    pub(super) fn fields(&self) -> Vec<EventField> {
        self.fields.iter().copied().collect()
    }

    /// Every row of this batch will be visited.
    pub(super) fn visit(&mut self, batch: u32, node: NodeNo) {
        self.visited.insert(batch, node);
    }

    /// The node of a batch whose columns are wanted, if this field is one of them.
    pub(super) fn wanted(&self, batch: u32, field: EventField) -> Option<NodeNo> {
        if self.fields.contains(&field) { self.visited.get(&batch).copied() } else { None }
    }

    pub(super) fn get(&self, batch: u32) -> Option<Arc<EventBlock>> {
        self.loaded.get(&batch).cloned()
    }

    pub(super) fn keep(&mut self, batch: u32, block: Arc<EventBlock>) {
        self.rows += block.rows();
        match self.loaded.insert(batch, block) {
            Some(before) => self.rows -= before.rows(),
            None => self.order.push_back(batch),
        }
        while self.rows > ROWS_KEPT && self.order.len() > 1 {
            let oldest = self.order.pop_front().and_then(|oldest| self.loaded.remove(&oldest));
            self.rows -= oldest.map_or(0, |block| block.rows());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_columns_go_and_the_last_ones_stay() {
        let block = |rows: usize| {
            let mut block = EventBlock::new();
            (0..rows).for_each(|_| block.end_row());
            Arc::new(block)
        };
        let mut blocks = Blocks::with(&[EventField::Time]);
        blocks.visit(1, 7);
        assert_eq!(blocks.wanted(1, EventField::Time), Some(7));
        assert_eq!(blocks.wanted(1, EventField::Decision), None, "it is not read");
        assert_eq!(blocks.wanted(2, EventField::Time), None, "few of its rows are visited");
        blocks.keep(1, block(ROWS_KEPT));
        blocks.keep(1, block(ROWS_KEPT));
        assert!(blocks.get(1).is_some(), "twice is once");
        blocks.keep(2, block(ROWS_KEPT + 1));
        assert!(blocks.get(1).is_none() && blocks.get(2).is_some());
    }
}
