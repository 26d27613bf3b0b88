//! Which events that the index brings have the value for sure: the index holds eight bytes of a
//! keyed hash, the columns decide.
//!
//! A value that many events share (a health check asks the same all day) is compared column by
//! column: one by one, each would cost a page (tests/tests/import/shared_hash.rs).

use super::{EventRef, Snapshot};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::EventValue;
use rayon::prelude::*;

/// Rows that are read together: those of a row group of a container.
const PART_ROWS: u32 = 16_384;
/// From so many events of a part on its columns are read: as many pages cost about as much.
const MANY: usize = 16;

impl Snapshot {
    /// Those of these events, ascending, that have this input hash, and by this algorithm where one
    /// is given.
    pub(super) fn with_hash(
        &self,
        mut candidates: Vec<EventRef>,
        algorithm: Option<&str>,
        value: &[u8],
    ) -> Result<Vec<EventRef>> {
        if candidates.len() < MANY {
            let mut kept = 0;
            for at in 0..candidates.len() {
                if self.is_hit(candidates[at], algorithm, value)? {
                    candidates[kept] = candidates[at];
                    kept += 1;
                }
            }
            candidates.truncate(kept);
            return Ok(candidates);
        }
        let part = |event: &EventRef| (event.batch, event.row / PART_ROWS);
        let parts: Vec<&[EventRef]> = candidates.chunk_by(|a, b| part(a) == part(b)).collect();
        let of_part = |events: &[EventRef]| match events {
            [first, .., last] if events.len() >= MANY => {
                self.with_hash_in(events, first.row..last.row + 1, algorithm, value)
            }
            few => {
                let is_hit = |event: &EventRef| match self.is_hit(*event, algorithm, value) {
                    Ok(hit) => hit.then_some(Ok(*event)),
                    Err(error) => Some(Err(error)),
                };
                few.iter().filter_map(is_hit).collect()
            }
        };
        let found = match parts.as_slice() {
            [] => return Ok(Vec::new()),
            [one] => return of_part(one),
            several => {
                several.par_iter().map(|events| of_part(events)).collect::<Result<Vec<_>>>()?
            }
        };
        Ok(found.into_iter().flatten().collect())
    }

    /// As [`Snapshot::with_hash`], of some rows of one batch.
    fn with_hash_in(
        &self,
        events: &[EventRef],
        rows: std::ops::Range<u32>,
        algorithm: Option<&str>,
        value: &[u8],
    ) -> Result<Vec<EventRef>> {
        let Some(first) = events.first() else { return Ok(Vec::new()) };
        let fields = [EventField::InputHash, EventField::InputAlgorithm];
        let read = self.read_events(first.batch, rows, &fields)?;
        let is_hit = |event: &&EventRef| {
            let row = event.row.saturating_sub(read.first) as usize;
            let has = matches!(read.block.get(row, EventField::InputHash),
                Some(EventValue::Hash(found)) if found == value);
            // An event that does not say how its hash was made is not excluded.
            let said = read.block.text(row, EventField::InputAlgorithm);
            has && algorithm.is_none_or(|wanted| said.is_none_or(|said| said == wanted))
        };
        Ok(events.iter().filter(is_hit).copied().collect())
    }
}
