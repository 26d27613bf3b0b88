//! Knowing events again: the same identity with the same content is a duplicate, with another
//! content a conflict (docs/format.md, section 9; docs/architecture.md, "Events known again").

use lineal_engine::events::EventBlock;
use lineal_engine::{LiveBatch, Result, Store};
use lineal_proof::record::SeenRows;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Names an event: a hash of the id that it goes by.
pub(super) type Identity = [u8; 16];
/// What an event says, as a hash.
pub(super) type Said = [u8; 16];

/// A row that is known.
#[derive(Clone, Copy)]
struct Place {
    block: u32,
    row: u32,
}

/// What a row turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Not known yet.
    New,
    /// Known, and says the same.
    Duplicate,
    /// Known, and says something else.
    Conflict,
}

/// Events of a time span that are known: those of live batches, and those staged since.
#[derive(Default)]
pub(super) struct Known {
    places: HashMap<Identity, Vec<Place>>,
    blocks: Vec<Arc<EventBlock>>,
    /// For blocks of live batches: which.
    batches: Vec<Option<LiveBatch>>,
    seen: BTreeMap<u32, Vec<u32>>,
    /// What a dry run read before and did not write.
    rehearsed: HashMap<Identity, Vec<Said>>,
}

impl Known {
    /// Reads the live batches of a log source that cover a part of a span.
    pub(super) fn load(store: &Store, source: &str, first: i64, last: i64) -> Result<Known> {
        let mut known = Known::default();
        for batch in store.live_batches(source, first, last) {
            let block = store.read_live(&batch)?;
            let number = known.push(Arc::new(block), Some(batch));
            let rows = known.blocks.last().map_or(0, |block| block.rows());
            for row in 0..u32::try_from(rows).unwrap_or(u32::MAX) {
                let alive = known.batches.last().and_then(Option::as_ref);
                if alive.is_some_and(|batch| batch.has_row(row)) {
                    known.note(number, row);
                }
            }
        }
        Ok(known)
    }

    fn push(&mut self, block: Arc<EventBlock>, batch: Option<LiveBatch>) -> u32 {
        self.blocks.push(block);
        self.batches.push(batch);
        u32::try_from(self.blocks.len() - 1).unwrap_or(u32::MAX)
    }

    fn note(&mut self, block: u32, row: u32) {
        if let Some(identity) = self.blocks[block as usize].identity(row as usize) {
            self.places.entry(identity).or_default().push(Place { block, row });
        }
    }

    /// Judges the rows of a block and takes the new ones in.
    pub(super) fn judge(&mut self, block: EventBlock) -> (Arc<EventBlock>, Vec<Verdict>) {
        let number = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        let mut verdicts = Vec::with_capacity(block.rows());
        for row in 0..block.rows() {
            let Some(identity) = block.identity(row) else {
                verdicts.push(Verdict::New);
                continue;
            };
            let mut verdict = Verdict::New;
            if let Some(said) = self.rehearsed.get(&identity) {
                let same = said.contains(&block.said(row));
                verdict = if same { Verdict::Duplicate } else { Verdict::Conflict };
            }
            for place in self.places.get(&identity).into_iter().flatten() {
                let other = if place.block == number {
                    block.said(place.row as usize)
                } else {
                    self.blocks[place.block as usize].said(place.row as usize)
                };
                if other == block.said(row) {
                    verdict = Verdict::Duplicate;
                    if place.block != number && self.batches[place.block as usize].is_some() {
                        self.seen.entry(place.block).or_default().push(place.row);
                    }
                    break;
                }
                verdict = Verdict::Conflict;
            }
            if verdict != Verdict::Duplicate {
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                self.places.entry(identity).or_default().push(Place { block: number, row });
            }
            verdicts.push(verdict);
        }
        let block = Arc::new(block);
        self.push(Arc::clone(&block), None);
        (block, verdicts)
    }

    /// Takes in what a dry run read before.
    pub(super) fn rehearse(&mut self, before: HashMap<Identity, Vec<Said>>) {
        self.rehearsed = before;
    }

    /// What a dry run has read by now.
    pub(super) fn rehearsed(mut self) -> HashMap<Identity, Vec<Said>> {
        for (identity, places) in self.places {
            for place in places {
                if self.batches[place.block as usize].is_none() {
                    let said = self.blocks[place.block as usize].said(place.row as usize);
                    self.rehearsed.entry(identity).or_default().push(said);
                }
            }
        }
        self.rehearsed
    }

    /// Rows of other imports' batches that were found again since last asked, as runs.
    pub(super) fn take_seen(&mut self, import: Option<u64>) -> Vec<SeenRows> {
        let mut all = Vec::new();
        for (block, mut rows) in std::mem::take(&mut self.seen) {
            let Some(batch) = &self.batches[block as usize] else { continue };
            // Within one import there is nothing to keep alive: it is retracted as a whole.
            if Some(batch.import) == import {
                continue;
            }
            rows.sort_unstable();
            rows.dedup();
            let mut runs: Vec<(u32, u32)> = Vec::new();
            for row in rows {
                match runs.last_mut() {
                    Some((first, count)) if *first + *count == row => *count += 1,
                    _ => runs.push((row, 1)),
                }
            }
            all.push(SeenRows { batch: batch.revision, runs });
        }
        all.sort_by_key(|rows| rows.batch);
        all
    }
}
