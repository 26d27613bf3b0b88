//! Knowing events again: the same identity with the same content is a duplicate, with another
//! content a conflict (docs/format.md, section 9; docs/architecture.md, "Events known again").
//!
//! Of live batches only the ids are read; what a row says is read where its event is met again.

use lineal_engine::events::{EventBlock, Weight};
use lineal_engine::{LiveBatch, Result, Store, Suppressed};
use lineal_proof::record::SeenRows;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

/// Names an event: a hash of the id that it goes by.
pub(super) type Identity = [u8; 16];

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
    /// Erased: it stays so.
    Suppressed,
}

/// Rows that are known.
struct Held {
    /// Of a live batch the ids alone, else every field.
    block: Arc<EventBlock>,
    /// The live batch that it is.
    batch: Option<LiveBatch>,
    /// Every field of a live batch, once an event of it was met again.
    whole: Option<EventBlock>,
}

/// Events of a time span that are known: those of live batches, and those staged since.
#[derive(Default)]
pub(super) struct Known {
    places: Places,
    blocks: Vec<Held>,
    seen: BTreeMap<u32, Vec<u32>>,
    /// What was erased of the log source, and how many erasures that is as of.
    erased: Option<Suppressed>,
    erasures: usize,
    /// What a dry run read before and did not write.
    rehearsed: HashMap<Identity, Vec<Weight>>,
}

/// What the rows of a block turned out to be.
pub(super) struct Judgement {
    /// The block.
    pub(super) block: Arc<EventBlock>,
    /// One verdict a row.
    pub(super) verdicts: Vec<Verdict>,
    /// Events of other imports that one of its rows outweighs: that row counts in their place.
    pub(super) displaced: u64,
}

/// Where the events of an id stand, in the order in which they came: a table with open addresses.
/// Ids are compared themselves, so a hash that needs no secrecy and no agreement will do.
#[derive(Default)]
struct Places {
    hasher: RandomState,
    /// Hash and number of a place plus one; zero is free. A power of two, at most half full.
    slots: Vec<(u32, u32)>,
    places: Vec<Place>,
}

impl Places {
    fn hash(&self, identity: (u8, &[u8])) -> u64 {
        self.hasher.hash_one(identity)
    }

    /// The half of a hash that is kept.
    fn mark(hash: u64) -> u32 {
        (hash >> 32) as u32
    }

    /// Adds a place; those of one hash stay in order.
    fn push(&mut self, hash: u64, place: Place) {
        self.places.push(place);
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        if self.slots.len() < 2 * self.places.len() {
            self.grow();
        }
        Places::insert(&mut self.slots, Places::mark(hash), number);
    }

    fn insert(slots: &mut [(u32, u32)], mark: u32, number: u32) {
        let mask = slots.len() - 1;
        let mut at = mark as usize & mask;
        while slots[at].1 != 0 {
            at = (at + 1) & mask;
        }
        slots[at] = (mark, number);
    }

    fn grow(&mut self) {
        let mut old = std::mem::take(&mut self.slots);
        self.slots = vec![(0, 0); (4 * self.places.len()).next_power_of_two().max(1 << 10)];
        // In the order of their numbers, so that those of one hash stay in it.
        old.retain(|(_, number)| *number != 0);
        old.sort_unstable_by_key(|(_, number)| *number);
        for (mark, number) in old {
            Places::insert(&mut self.slots, mark, number);
        }
    }

    /// Places whose hash is this one's, in the order in which they came.
    fn find(&self, hash: u64) -> impl Iterator<Item = Place> + '_ {
        let mark = Places::mark(hash);
        let mask = self.slots.len().wrapping_sub(1);
        let from = mark as usize & mask;
        let slots = (0..self.slots.len()).map(move |step| self.slots[(from + step) & mask]);
        let full = slots.take_while(|(_, number)| *number != 0);
        full.filter(move |(of, _)| *of == mark).map(|(_, number)| self.places[number as usize - 1])
    }
}

impl Known {
    /// Reads the ids of the live batches of a log source that cover a part of a span.
    pub(super) fn load(store: &Store, source: &str, first: i64, last: i64) -> Result<Known> {
        // Before: one that comes between is looked for when the events are written.
        let erasures = store.erasure_count();
        let erased = store.suppressed(source)?;
        let mut known = Known { erased, erasures, ..Known::default() };
        let batches = store.live_batches(source, first, last);
        let blocks = store.read_live_ids(&batches)?;
        for (batch, block) in batches.into_iter().zip(blocks) {
            let number = known.next_number();
            for row in 0..u32::try_from(block.rows()).unwrap_or(u32::MAX) {
                if batch.has_row(row)
                    && let Some(identity) = block.identified_by(row as usize)
                {
                    let hash = known.places.hash(identity);
                    known.places.push(hash, Place { block: number, row });
                }
            }
            known.blocks.push(Held { block: Arc::new(block), batch: Some(batch), whole: None });
        }
        Ok(known)
    }

    /// How many erasures are known here.
    pub(super) fn erasures(&self) -> usize {
        self.erasures
    }

    fn next_number(&self) -> u32 {
        u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)
    }

    /// Judges the rows of a block, which an import reads, and takes the new ones in.
    pub(super) fn judge(
        &mut self,
        store: &Store,
        import: Option<u64>,
        block: EventBlock,
    ) -> Result<Judgement> {
        let number = self.next_number();
        let mut displaced = 0;
        let mut verdicts = Vec::with_capacity(block.rows());
        let mut alike = Vec::new();
        for row in 0..block.rows() {
            let Some(identity) = block.identified_by(row) else {
                verdicts.push(Verdict::New);
                continue;
            };
            let hash = self.places.hash(identity);
            alike.clear();
            alike.extend(self.places.find(hash).filter(|place| {
                let other = self.blocks.get(place.block as usize);
                let other = other.map_or(&block, |other| &*other.block);
                other.identified_by(place.row as usize) == Some(identity)
            }));
            let mut verdict = self.rehearsed_verdict(&block, row);
            for place in &alike {
                let said = self.of_row((number, &block), store, *place, EventBlock::said)?;
                if said == block.said(row) {
                    verdict = Verdict::Duplicate;
                    if place.block != number && self.blocks[place.block as usize].batch.is_some() {
                        self.seen.entry(place.block).or_default().push(place.row);
                    }
                    break;
                }
                verdict = Verdict::Conflict;
            }
            // What is there under another name for the same line says more than what is not.
            if verdict != Verdict::Duplicate
                && self.erased.as_ref().is_some_and(|erased| erased.holds(&block, row))
            {
                verdicts.push(Verdict::Suppressed);
                continue;
            }
            if verdict == Verdict::Conflict {
                let known = self.heaviest((number, &block), store, import, (row, &alike))?;
                let (own, known) = (block.weight(row), known.filter(|(_, of_others)| *of_others));
                displaced += u64::from(known.is_some_and(|(known, _)| known < own));
            }
            if verdict != Verdict::Duplicate {
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                self.places.push(hash, Place { block: number, row });
            }
            verdicts.push(verdict);
        }
        let block = Arc::new(block);
        self.blocks.push(Held { block: Arc::clone(&block), batch: None, whole: None });
        Ok(Judgement { block, verdicts, displaced })
    }

    /// Something of a known row that all its fields are needed for; of the block that is judged, which has
    /// this number, it may be one.
    fn of_row<T>(
        &mut self,
        (number, judged): (u32, &EventBlock),
        store: &Store,
        place: Place,
        look: impl Fn(&EventBlock, usize) -> T,
    ) -> Result<T> {
        let row = place.row as usize;
        if place.block == number {
            return Ok(look(judged, row));
        }
        let known = &mut self.blocks[place.block as usize];
        let Some(batch) = &known.batch else { return Ok(look(&known.block, row)) };
        let whole = match &mut known.whole {
            Some(whole) => whole,
            none => none.insert(store.read_live(batch)?),
        };
        Ok(look(whole, row))
    }

    /// The weight of the known row that counts before a row is taken in whose identity these have, and
    /// whether another import than this one brought it.
    fn heaviest(
        &mut self,
        judged: (u32, &EventBlock),
        store: &Store,
        import: Option<u64>,
        (row, alike): (usize, &[Place]),
    ) -> Result<Option<(Weight, bool)>> {
        let rehearsed = judged.1.identity(row).and_then(|identity| self.rehearsed.get(&identity));
        let rehearsed = rehearsed.and_then(|weights| weights.iter().max());
        let mut heaviest = rehearsed.map(|weight| (*weight, false));
        for place in alike {
            let weight = self.of_row(judged, store, *place, EventBlock::weight)?;
            let held = self.blocks.get(place.block as usize);
            let batch = held.and_then(|held| held.batch.as_ref());
            let of_others = batch.is_some_and(|batch| Some(batch.import) != import);
            heaviest = heaviest.max(Some((weight, of_others)));
        }
        Ok(heaviest)
    }

    fn rehearsed_verdict(&self, block: &EventBlock, row: usize) -> Verdict {
        if self.rehearsed.is_empty() {
            return Verdict::New;
        }
        let said = block.identity(row).and_then(|identity| self.rehearsed.get(&identity));
        match said {
            None => Verdict::New,
            Some(said) if said.iter().any(|known| known.said() == block.said(row)) => {
                Verdict::Duplicate
            }
            Some(_) => Verdict::Conflict,
        }
    }

    /// Takes in what a dry run read before.
    pub(super) fn rehearse(&mut self, before: HashMap<Identity, Vec<Weight>>) {
        self.rehearsed = before;
    }

    /// What a dry run has read by now.
    pub(super) fn rehearsed(mut self) -> HashMap<Identity, Vec<Weight>> {
        for place in self.places.places {
            let known = &self.blocks[place.block as usize];
            let row = place.row as usize;
            if known.batch.is_none()
                && let Some(identity) = known.block.identity(row)
            {
                self.rehearsed.entry(identity).or_default().push(known.block.weight(row));
            }
        }
        self.rehearsed
    }

    /// Rows of other imports' batches that were found again since last asked, as runs.
    pub(super) fn take_seen(&mut self, import: Option<u64>) -> Vec<SeenRows> {
        let mut all = Vec::new();
        for (block, mut rows) in std::mem::take(&mut self.seen) {
            let Some(batch) = &self.blocks[block as usize].batch else { continue };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_id_are_found_in_the_order_in_which_they_came() {
        let mut places = Places::default();
        assert_eq!(places.find(7).count(), 0);
        for row in 0..5_000_u32 {
            let hash = places.hash((b'e', &(row % 1_700).to_le_bytes()));
            places.push(hash, Place { block: 0, row });
        }
        for id in 0..1_700_u32 {
            let hash = places.hash((b'e', &id.to_le_bytes()));
            let rows: Vec<u32> = places.find(hash).map(|place| place.row).collect();
            let mine: Vec<u32> = rows.into_iter().filter(|row| row % 1_700 == id).collect();
            let expected: Vec<u32> = (0..3).map(|turn| id + turn * 1_700).collect();
            let expected: Vec<u32> = expected.into_iter().filter(|row| *row < 5_000).collect();
            assert_eq!(mine, expected);
        }
    }
}
