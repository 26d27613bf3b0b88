//! Of each batch what leads from an event to its row, its batch and its deployment: columns of plain
//! numbers, read where they stand. The first question of a process needs this of one batch or two,
//! and to decode the list of all batches would cost more than the rest of its answer
//! (`query/examples/first_question.rs`).

use super::{Batch, NodeNo};
use crate::sections::{Section, Sections, Tag};

/// Numbers of a batch beside its ordinal: node, deployment, rows, container, first row, state.
const WIDTH: usize = 6;
/// In the place of a container where no manifest says it.
const NO_CONTAINER: u32 = u32::MAX;
/// The state of a batch all of whose rows are events that count.
const WHOLE: u32 = 0;
/// The state of one some of whose rows are not alive or are outweighed: the list says which.
const IN_PART: u32 = 1;

/// What is needed of a batch to read a row of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchPlace {
    pub(crate) node: NodeNo,
    pub(crate) deployment: NodeNo,
    pub(crate) ordinal: u32,
    pub(crate) rows: u32,
    /// Its container among those of the graph, and its first row in it.
    pub(crate) place: Option<(u32, u32)>,
    /// Does every row count, and is shown to everybody?
    pub(super) is_whole: bool,
}

impl BatchPlace {
    pub(crate) fn of(batch: &Batch) -> BatchPlace {
        let Batch { node, deployment, ordinal, rows, place, .. } = *batch;
        let is_whole = batch.kept.is_none()
            && batch.outweighed.is_empty()
            && batch.erased.is_empty()
            && batch.restricted.is_empty();
        BatchPlace { node, deployment, ordinal, rows, place, is_whole }
    }
}

/// The columns of a file, in the order of the log; empty for a graph that was just built.
#[derive(Default)]
pub(crate) struct BatchPlaces {
    /// Ascending.
    ordinals: Section<u32>,
    /// [`WIDTH`] numbers for each of them.
    numbers: Section<u32>,
}

impl BatchPlaces {
    /// None if the two columns are not of the same batches.
    pub(super) fn open(sections: &Sections) -> Option<BatchPlaces> {
        let ordinals = sections.get(Tag::BatchOrdinals, 0);
        let numbers = sections.get(Tag::BatchPlaces, 0);
        let places = BatchPlaces { ordinals, numbers };
        (places.ordinals.len() * WIDTH == places.numbers.len()).then_some(places)
    }

    pub(super) fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// The batch at a place of the columns; none behind their end, or if they are damaged.
    pub(super) fn get(&self, at: usize) -> Option<BatchPlace> {
        let ordinal = self.ordinals.get(at)?;
        let from = at.checked_mul(WIDTH)?;
        let numbers = self.numbers.range(from..from.checked_add(WIDTH)?)?;
        let [node, deployment, rows, container, first_row, state] = *numbers else { return None };
        let place = (container != NO_CONTAINER).then_some((container, first_row));
        Some(BatchPlace { node, deployment, ordinal, rows, place, is_whole: state == WHOLE })
    }

    /// The batch whose revision has this place in the log.
    pub(super) fn of_ordinal(&self, ordinal: u32) -> Option<BatchPlace> {
        // While no import was retracted they are all there, each in its own place.
        let guess = ordinal as usize;
        if self.ordinals.get(guess) == Some(ordinal) {
            return self.get(guess);
        }
        let at = self.ordinals.all()?.binary_search(&ordinal).ok()?;
        self.get(at)
    }

    /// Puts the columns of some batches, which stand in the order of the log.
    pub(super) fn put(batches: &[Batch], sections: &mut Sections) {
        sections.put_all(Tag::BatchOrdinals, 0, 0, batches.iter().map(|b| b.ordinal).collect());
        let numbers = |batch: &Batch| {
            let place = BatchPlace::of(batch);
            let (container, first_row) = place.place.unwrap_or((NO_CONTAINER, 0));
            let state = if place.is_whole { WHOLE } else { IN_PART };
            [place.node, place.deployment, place.rows, container, first_row, state]
        };
        sections.put_all(Tag::BatchPlaces, 0, 0, batches.iter().flat_map(numbers).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(ordinal: u32) -> Batch {
        Batch {
            node: ordinal * 2,
            deployment: ordinal % 3,
            ordinal,
            commit: 1,
            rows: 10 + ordinal,
            events: 0,
            overrides: 0,
            art12: 0,
            first_time: 0,
            last_time: 0,
            place: (ordinal != 7).then_some((ordinal % 2, ordinal * 100)),
            kept: (ordinal == 9).then(Vec::new),
            outweighed: if ordinal == 11 { vec![(0, 1)] } else { Vec::new() },
            erased: if ordinal == 400 { vec![(1, 1)] } else { Vec::new() },
            restricted: if ordinal == 401 { vec![(1, 1)] } else { Vec::new() },
            doubted: Vec::new(),
            months: Vec::new(),
        }
    }

    #[test]
    fn each_batch_is_found_by_its_place_in_the_log_and_no_other() {
        // Two in their own places, and some from which others before them are gone.
        let batches: Vec<Batch> = [0, 1, 3, 7, 8, 9, 11, 400].map(batch).into();
        let mut sections = Sections::new(std::sync::Arc::default());
        BatchPlaces::put(&batches, &mut sections);
        let places = BatchPlaces::open(&sections).unwrap();
        assert_eq!(places.len(), batches.len());
        for batch in &batches {
            let found = places.of_ordinal(batch.ordinal).unwrap();
            let own = (found.node, found.deployment, found.rows, found.place);
            assert_eq!(own, (batch.node, batch.deployment, batch.rows, batch.place));
            let is_whole = ![9, 11, 400, 401].contains(&batch.ordinal);
            assert_eq!((found.ordinal, found.is_whole), (batch.ordinal, is_whole));
        }
        assert!([2, 4, 10, 401].iter().all(|no| places.of_ordinal(*no).is_none()));
        sections.put(Tag::BatchOrdinals, 0, 0, &[3_u32, 7]);
        assert!(BatchPlaces::open(&sections).is_none(), "columns of other batches");
    }
}
