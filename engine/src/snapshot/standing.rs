//! What became of each row of a batch: for those who hand over logs and must account for every event
//! that counters count.

use super::{EventRef, Snapshot};
use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::EventBlock;
use std::ops::Range;

/// What stands at a row of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// An event that this view shows.
    Shown,
    /// An event that counters count, and whose content was destroyed on a recorded decision.
    Erased,
    /// An event that is kept, and that this view does not show.
    Restricted,
    /// No event that counts: another row of the same event outweighs it, or the import that brought
    /// it was retracted.
    Uncounted,
}

/// Columns of some rows of a batch, and what became of each of them.
#[derive(Clone, Debug)]
pub struct StandingRows {
    /// The columns that were asked for. Those of rows that are not shown hold what the container
    /// does: whoever hands rows on asks `standing` first.
    pub block: EventBlock,
    /// What became of the rows, in their order.
    pub standing: Vec<Standing>,
}

impl Snapshot {
    /// Is a row there, and of an import that stands as of this view, whether it counts or not?
    #[must_use]
    pub fn has_row(&self, event: EventRef) -> bool {
        let batch = self.listed().of_ordinal(event.batch);
        batch.is_some_and(|batch| batch.has_row(event.row))
    }

    /// Columns of some rows of a part of a batch ([`Snapshot::parts_of`]), and what became of each
    /// row. Rows behind the last one are left out; of a part that the view does not have there are
    /// none.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read or is shorter than that.
    pub fn read_standing(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<StandingRows> {
        let Some(batch) = self.listed().of_ordinal(part) else {
            return Ok(StandingRows { block: EventBlock::new(), standing: Vec::new() });
        };
        let rows = rows.start.min(batch.rows)..rows.end.min(batch.rows);
        let missing = || Error::corrupt("segments", 0, "a manifest says where the rows are");
        let (number, first) = batch.place.ok_or_else(missing)?;
        let first = first as usize;
        let wanted = first + rows.start as usize..first + rows.end as usize;
        let container = self.container(number)?;
        let block = container.read_through(&self.view.decoded, number, wanted, fields)?;
        let of = |row: u32| {
            if batch.shows(row, self.with_restricted) {
                Standing::Shown
            } else if batch.counts(row) {
                Standing::Restricted
            } else if !batch.has_row(row) && batch.counts_erased(row) {
                Standing::Erased
            } else {
                Standing::Uncounted
            }
        };
        Ok(StandingRows { block, standing: rows.map(of).collect() })
    }
}
