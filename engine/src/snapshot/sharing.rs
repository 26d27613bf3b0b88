//! Rows of one log source that share an identity with some rows, found by their ids: of each container only
//! the pages are read among whose rows one of the ids may stand (`engine/src/events/row_index.rs`).
//!
//! A container without such an index, or with fewer rows than there are ids, is read whole; so are all where
//! a derived file is damaged: an index that counts as empty would hide rows.

use super::{EventRef, Snapshot};
use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::{EventBlock, GROUP_ROWS, IdHash, PAGE_ROWS, RowIndex};
use crate::graph::{Batch, Batches};
use crate::runs::rows_of;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// The fields that say who an event is.
const IDS: [EventField; 2] = [EventField::EventId, EventField::LogId];
/// Every row of a container, whatever it has.
const WHOLE: Range<u32> = 0..u32::MAX;

/// What is looked for.
#[derive(Default)]
struct Wanted<'s> {
    sources: Vec<&'s str>,
    /// The number of each identity in a source, by the place of the source among these.
    identities: HashMap<(usize, [u8; 16]), usize>,
    /// The ids that they go by. In no order.
    ids: HashSet<(EventField, IdHash)>,
}

/// Rows of a batch that are read at once: of one row group at most.
struct Stretch<'b> {
    batch: &'b Batch,
    source: usize,
    rows: Range<u32>,
}

/// For each identity of these rows that are alive all rows of it that are alive in the same log source, in log
/// order. What a view is narrowed to does not matter.
pub(super) fn sharing(
    snapshot: &Snapshot,
    of: impl Fn(&Batch) -> &[(u32, u32)],
) -> Result<Vec<Vec<EventRef>>> {
    let batches = snapshot.graph().batches();
    let mut wanted = Wanted::default();
    for batch in batches.iter().filter(|batch| !of(batch).is_empty()) {
        wanted.add_all(snapshot, batch, of(batch))?;
    }
    if wanted.identities.is_empty() {
        return Ok(Vec::new());
    }
    let stretches = wanted.stretches(snapshot, batches)?;
    let fields = wanted.fields();
    let rows_in = |stretch: &Stretch<'_>| wanted.rows_in(snapshot, stretch, fields);
    let found = stretches.par_iter().map(rows_in).collect::<Result<Vec<_>>>()?;
    let mut all: Vec<Vec<EventRef>> = vec![Vec::new(); wanted.identities.len()];
    for (number, row) in found.into_iter().flatten() {
        all[number].push(row);
    }
    Ok(all)
}

impl<'s> Wanted<'s> {
    /// Takes note of some rows of a batch.
    fn add_all(&mut self, snapshot: &'s Snapshot, batch: &Batch, of: &[(u32, u32)]) -> Result<()> {
        let Some(source) = snapshot.graph().key_text(batch.node, 0) else { return Ok(()) };
        let source = self.place_of(source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        let first = first_row(batch)?.1;
        let rows: Vec<u32> = rows_of(of).filter(|row| batch.has_row(*row)).collect();
        let page = |row: u32| (first as usize + row as usize) / PAGE_ROWS;
        for near in rows.chunk_by(|a, b| page(*a) == page(*b)) {
            let [from, ..] = near else { continue };
            let until = near.last().unwrap_or(from) + 1;
            let block = snapshot.read_some(batch, *from..until, &IDS)?;
            for row in near {
                self.add(source, &block, (row - from) as usize);
            }
        }
        Ok(())
    }

    fn add(&mut self, source: usize, block: &EventBlock, row: usize) {
        let (Some(id), Some(identity)) = (id_of(block, row), block.identity(row)) else { return };
        let next = self.identities.len();
        self.identities.entry((source, identity)).or_insert(next);
        self.ids.insert(id);
    }

    fn place_of(&self, source: &str) -> Option<usize> {
        self.sources.iter().position(|known| *known == source)
    }

    /// The fields that tell who a row is, as far as it may be one of these.
    fn fields(&self) -> &'static [EventField] {
        let any_by_log_id = self.ids.iter().any(|(field, _)| *field == EventField::LogId);
        if any_by_log_id { &IDS } else { &IDS[..1] }
    }

    /// Where rows of these may stand, in log order.
    fn stretches<'b>(&self, snapshot: &Snapshot, batches: &'b Batches) -> Result<Vec<Stretch<'b>>> {
        let mut own: Vec<(&Batch, usize, (u32, u32))> = Vec::new();
        for batch in batches {
            let source = snapshot.graph().key_text(batch.node, 0);
            if let Some(source) = source.and_then(|source| self.place_of(source)) {
                own.push((batch, source, first_row(batch)?));
            }
        }
        let containers: BTreeSet<u32> = own.iter().map(|(_, _, (number, _))| *number).collect();
        let pages = self.pages(snapshot, &containers)?;
        let mut stretches = Vec::new();
        for (batch, source, (number, first)) in own {
            let end = first.saturating_add(batch.rows);
            let pages = pages.get(&number).map_or(&[WHOLE] as &[_], Vec::as_slice);
            let pages = &pages[pages.partition_point(|page| page.end <= first)..];
            for page in pages.iter().take_while(|page| page.start < end) {
                for rows in by_groups(page.start.max(first)..page.end.min(end)) {
                    let rows = rows.start - first..rows.end - first;
                    stretches.push(Stretch { batch, source, rows });
                }
            }
        }
        Ok(stretches)
    }

    /// The rows of each container among which these may stand, ascending and apart.
    fn pages(
        &self,
        snapshot: &Snapshot,
        containers: &BTreeSet<u32>,
    ) -> Result<BTreeMap<u32, Vec<Range<u32>>>> {
        let of_one = |number: &u32| {
            let index = snapshot.view.row_index(*number)?;
            let index = index.filter(|index| self.ids.len() <= index.rows());
            Ok((*number, index.map_or_else(|| vec![WHOLE], |index| self.pages_in(index))))
        };
        let found = containers.par_iter().map(of_one).collect::<Result<BTreeMap<_, _>>>()?;
        // Asked behind the look-ups: they may have met it.
        Ok(if snapshot.damage().is_some() { BTreeMap::new() } else { found })
    }

    fn pages_in(&self, index: &RowIndex) -> Vec<Range<u32>> {
        let row = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let of_id = |(field, id): &(EventField, IdHash)| index.find(*field, *id);
        let found = self.ids.iter().flat_map(of_id);
        let mut pages: Vec<(u32, u32)> =
            found.map(|rows| (row(rows.start), row(rows.end))).collect();
        pages.sort_unstable();
        pages.dedup();
        let mut apart: Vec<Range<u32>> = Vec::with_capacity(pages.len());
        for (start, end) in pages {
            match apart.last_mut() {
                Some(before) if before.end >= start => before.end = before.end.max(end),
                _ => apart.push(start..end),
            }
        }
        apart
    }

    /// The rows of a stretch that are wanted, each with the number of its identity.
    fn rows_in(
        &self,
        snapshot: &Snapshot,
        stretch: &Stretch<'_>,
        fields: &[EventField],
    ) -> Result<Vec<(usize, EventRef)>> {
        let Stretch { batch, source, rows } = stretch;
        let block = snapshot.read_some(batch, rows.clone(), fields)?;
        let number_of = |row: usize| {
            // Nearly all are others, which their short hash tells.
            let id = id_of(&block, row).filter(|id| self.ids.contains(id));
            id.and_then(|_| self.identities.get(&(*source, block.identity(row)?)).copied())
        };
        let alive = rows.clone().filter(|row| batch.has_row(*row));
        let found = alive.filter_map(|row| {
            let number = number_of((row - rows.start) as usize)?;
            Some((number, EventRef { batch: batch.ordinal, row }))
        });
        Ok(found.collect())
    }
}

impl Snapshot {
    /// Columns of some rows of a batch, through pages that are kept.
    fn read_some(
        &self,
        batch: &Batch,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventBlock> {
        let (number, first) = first_row(batch)?;
        let first = first as usize;
        let rows = first + rows.start as usize..first + rows.end as usize;
        self.container(number)?.read_through(&self.view.decoded, number, rows, fields)
    }
}

/// The id that a row goes by, as [`EventBlock::identified_by`] has it, and how it is looked up.
fn id_of(block: &EventBlock, row: usize) -> Option<(EventField, IdHash)> {
    let of = |field: EventField| Some((field, IdHash::of(block.text(row, field)?)));
    IDS.into_iter().find_map(of)
}

/// The container of a batch, and its first row there.
fn first_row(batch: &Batch) -> Result<(u32, u32)> {
    let missing = || Error::corrupt("segments", 0, super::events::PLACED);
    batch.place.ok_or_else(missing)
}

/// Some rows of a container, cut where its row groups end.
fn by_groups(rows: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let group = u32::try_from(GROUP_ROWS).unwrap_or(u32::MAX);
    let mut from = rows.start;
    std::iter::from_fn(move || {
        let end = (from / group + 1).saturating_mul(group).min(rows.end);
        let next = from..end;
        from = end;
        (!next.is_empty()).then_some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::by_groups;

    #[test]
    fn rows_are_cut_where_groups_end() {
        let cut = |from: u32, until: u32| -> Vec<(u32, u32)> {
            by_groups(from..until).map(|rows| (rows.start, rows.end)).collect()
        };
        assert_eq!(cut(5, 6), [(5, 6)]);
        assert_eq!(cut(16_383, 32_769), [(16_383, 16_384), (16_384, 32_768), (32_768, 32_769)]);
        assert_eq!(cut(16_384, 32_768), [(16_384, 32_768)]);
        assert_eq!(cut(7, 7), []);
        assert_eq!(cut(u32::MAX - 1, u32::MAX), [(u32::MAX - 1, u32::MAX)]);
    }
}
