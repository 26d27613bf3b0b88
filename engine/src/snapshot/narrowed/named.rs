//! Which systems the rows of a batch name: as its container says of its pages, else read once from the column;
//! and kept, as rows never change.

use super::super::Snapshot;
use crate::event_fields::EventField;
use crate::events::{EventBlock, OneText};
use crate::graph::Batch;
use crate::runs::within_sorted;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Batches of which it is kept; of more it is read each time.
const KEPT: usize = 1 << 18;

/// Where rows stand: the container with its generation, the first row, how many.
type Place = ([u8; 32], u32, u32, u32);

/// What the rows of a batch name that are not erased.
pub(super) struct Named {
    /// The systems, each once.
    pub(super) systems: Vec<String>,
    /// Does some row name none?
    pub(super) unsaid: bool,
}

/// Which systems batches name, as far as that was read: the same for every view of a store.
#[derive(Default)]
pub struct KnownSystems {
    known: Mutex<HashMap<Place, Arc<Named>>>,
}

impl fmt::Debug for KnownSystems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSystems").finish_non_exhaustive()
    }
}

fn place(view: &Snapshot, batch: &Batch) -> Option<Place> {
    let (container, first) = batch.place?;
    let of = view.graph().containers.get(container as usize)?;
    Some((of.id.0, of.generation, first, batch.rows))
}

impl KnownSystems {
    /// What is known of a batch.
    pub(super) fn get(&self, view: &Snapshot, batch: &Batch) -> Option<Arc<Named>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&place(view, batch)?).cloned()
    }

    /// Takes it from the column of a batch.
    pub(super) fn learn(&self, view: &Snapshot, batch: &Batch, block: &EventBlock) -> Arc<Named> {
        let (mut systems, mut unsaid) = (BTreeSet::new(), false);
        let mut last: Option<usize> = None;
        for row in (0..batch.rows).filter(|row| !within_sorted(&batch.erased, *row)) {
            let row = row as usize;
            // Neighbours nearly always name the same.
            if last.is_some_and(|last| block.same_texts(last, row, &[EventField::System])) {
                continue;
            }
            last = Some(row);
            match block.text(row, EventField::System) {
                Some(name) if !systems.contains(name) => drop(systems.insert(name.to_owned())),
                Some(_) => {}
                None => unsaid = true,
            }
        }
        self.keep(view, batch, Named { systems: systems.into_iter().collect(), unsaid })
    }

    /// Takes it from what its container says of all its rows.
    pub(super) fn learn_one(&self, view: &Snapshot, batch: &Batch, one: OneText<'_>) -> Arc<Named> {
        let named = match one {
            OneText::Absent => Named { systems: Vec::new(), unsaid: true },
            OneText::Text(name) => Named { systems: vec![name.to_owned()], unsaid: false },
        };
        self.keep(view, batch, named)
    }

    fn keep(&self, view: &Snapshot, batch: &Batch, named: Named) -> Arc<Named> {
        let named = Arc::new(named);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = place(view, batch).filter(|_| known.len() < KEPT) {
            known.insert(place, Arc::clone(&named));
        }
        named
    }
}
