//! Columns of batches that are read as a whole: a row of them then costs no look-up in the store.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};

use super::columns::algorithm_of;
use crate::source::{EventColumns, EventRef};

/// Rows of a batch that are read at once: those of a row group of a container, a few milliseconds
/// of work, so that a wish to stop is soon heard.
pub(super) const PART_ROWS: u32 = 16_384;
/// Rows whose columns are kept: rows are visited batch by batch, so a few parts are enough.
const ROWS_KEPT: usize = 500_000;

/// A part of a batch's rows: the number of the batch, and which of its parts.
type Part = (u32, u32);

/// The columns at hand, by the number of their batch.
pub(super) struct Blocks {
    /// Parts of which many rows are visited, with where they end.
    visited: BTreeMap<Part, u32>,
    loaded: BTreeMap<Part, Rc<EventColumns>>,
    /// The part that was asked for last: rows are visited one after another.
    last: Option<(Part, Rc<EventColumns>)>,
    order: VecDeque<Part>,
    rows: usize,
    /// By the number of a field: is it read?
    read: [bool; EVENT_FIELDS.len()],
}

impl Blocks {
    /// Of these fields there are columns; others are looked up row by row.
    pub(super) fn with(fields: &[EventField]) -> Blocks {
        let mut read = [false; EVENT_FIELDS.len()];
        // A hash is read with the name of its algorithm.
        let algorithms = fields.iter().copied().filter_map(algorithm_of);
        for field in fields.iter().copied().chain(algorithms) {
            if let Some(is_read) = read.get_mut(field as usize) {
                *is_read = true;
            }
        }
        let (visited, loaded, order) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Blocks { visited, loaded, last: None, order, rows: 0, read }
    }

    /// The fields that are read.
    pub(super) fn fields(&self) -> Vec<EventField> {
        let specs = EVENT_FIELDS.iter().map(|spec| spec.field);
        specs.filter(|field| self.is_read(*field)).collect()
    }

    fn is_read(&self, field: EventField) -> bool {
        self.read.get(field as usize) == Some(&true)
    }

    /// Many of these rows of a batch will be visited; they begin where a part does.
    pub(super) fn visit(&mut self, batch: u32, rows: Range<u32>) {
        self.visited.insert((batch, rows.start / PART_ROWS), rows.end);
    }

    /// The rows that are read together with this one, if the columns of its part are wanted and
    /// this field is one of them.
    pub(super) fn wanted(&self, event: EventRef, field: EventField) -> Option<Range<u32>> {
        let end = *self.visited.get(&part_of(event))?;
        self.is_read(field).then(|| event.row / PART_ROWS * PART_ROWS..end)
    }

    /// The columns of the part that was asked for last, if this event is one of its rows and this
    /// field is read: rows are visited one after another.
    pub(super) fn at_hand(&self, event: EventRef, field: EventField) -> Option<&EventColumns> {
        let (part, columns) = self.last.as_ref()?;
        (*part == part_of(event) && self.is_read(field)).then_some(columns)
    }

    pub(super) fn get(&mut self, event: EventRef) -> Option<Rc<EventColumns>> {
        let part = part_of(event);
        if let Some((known, columns)) = &self.last
            && *known == part
        {
            return Some(Rc::clone(columns));
        }
        let columns = self.loaded.get(&part)?;
        self.last = Some((part, Rc::clone(columns)));
        Some(Rc::clone(columns))
    }

    pub(super) fn keep(&mut self, event: EventRef, columns: Rc<EventColumns>) {
        let part = part_of(event);
        self.last = Some((part, Rc::clone(&columns)));
        self.rows += columns.block.rows();
        match self.loaded.insert(part, columns) {
            Some(before) => self.rows -= before.block.rows(),
            None => self.order.push_back(part),
        }
        while self.rows > ROWS_KEPT && self.order.len() > 1 {
            let oldest = self.order.pop_front().and_then(|oldest| self.loaded.remove(&oldest));
            self.rows -= oldest.map_or(0, |columns| columns.block.rows());
        }
    }
}

fn part_of(event: EventRef) -> Part {
    (event.batch, event.row / PART_ROWS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lineal_engine::events::EventBlock;

    use super::*;

    #[test]
    fn old_columns_go_and_the_last_ones_stay() {
        let columns = |rows: usize| {
            let mut block = EventBlock::new();
            (0..rows).for_each(|_| block.end_row());
            Rc::new(EventColumns { block: Arc::new(block), first: 0, events: Vec::new() })
        };
        let event = |batch: u32, row: u32| EventRef { batch, row };
        let mut blocks = Blocks::with(&[EventField::Time]);
        blocks.visit(1, 0..PART_ROWS);
        blocks.visit(1, PART_ROWS..PART_ROWS + 5);
        assert_eq!(blocks.wanted(event(1, 3), EventField::Time), Some(0..PART_ROWS));
        let rest = PART_ROWS..PART_ROWS + 5;
        assert_eq!(blocks.wanted(event(1, PART_ROWS + 1), EventField::Time), Some(rest));
        assert_eq!(blocks.wanted(event(1, 3), EventField::Decision), None, "it is not read");
        assert_eq!(blocks.wanted(event(2, 3), EventField::Time), None, "few rows are visited");
        blocks.keep(event(1, 0), columns(ROWS_KEPT));
        blocks.keep(event(1, 7), columns(ROWS_KEPT));
        assert!(blocks.get(event(1, 9)).is_some(), "twice is once");
        assert!(blocks.at_hand(event(1, 9), EventField::Time).is_some());
        assert!(blocks.at_hand(event(1, 9), EventField::Decision).is_none(), "it is not read");
        assert!(blocks.at_hand(event(1, PART_ROWS), EventField::Time).is_none());
        assert!(blocks.at_hand(event(2, 9), EventField::Time).is_none());
        assert!(blocks.get(event(1, PART_ROWS)).is_none(), "another part");
        blocks.keep(event(2, 0), columns(ROWS_KEPT + 1));
        assert!(blocks.get(event(1, 0)).is_none() && blocks.get(event(2, 0)).is_some());
    }
}
