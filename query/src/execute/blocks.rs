//! Columns of batches that are read as a whole: a row of them then costs no look-up in the store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;

use crate::source::NodeNo;

/// Batches whose columns are kept: rows are visited batch by batch.
const KEPT: usize = 16;

/// The columns at hand, by the number of their batch.
#[derive(Default)]
pub(super) struct Blocks {
    /// Batches of which every row is visited.
    visited: BTreeMap<u32, NodeNo>,
    loaded: BTreeMap<u32, Arc<EventBlock>>,
    order: VecDeque<u32>,
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
        if self.loaded.insert(batch, block).is_none() {
            self.order.push_back(batch);
        }
        while self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.loaded.remove(&oldest);
            }
        }
    }
}
