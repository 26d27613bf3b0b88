//! Which rows an erasure is about: all of an identity, whichever import brought them and whether it is
//! retracted, since each holds what is to go.

use super::{ErasureOrder, Rows, Target};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::{Container, EventBlock};
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::runs::within_sorted;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::record::ErasedFile;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// By what an event is known: its log source, and [`EventBlock::identified_by`].
type Identity = (u8, Vec<u8>);

/// The fields of an identity.
pub(super) const IDS: [EventField; 2] = [EventField::EventId, EventField::LogId];

impl Store {
    /// The rows that an order is about and that are still there.
    pub(super) fn rows_of(&self, order: &ErasureOrder) -> Result<Rows> {
        let mut rows = Rows::new();
        let mut named: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        {
            let state = self.read_state();
            let ledger = &state.ledger;
            for target in &order.targets {
                match target {
                    Target::Events(events) => {
                        for event in events {
                            named.entry(event.batch).or_default().insert(event.row);
                        }
                    }
                    Target::Batch(node) => {
                        for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
                            if ledger.nodes.id(ledger.revisions.node(batch.revision)) == *node {
                                let there = (0..batch.rows)
                                    .filter(|row| !within_sorted(&batch.erased, *row));
                                named.entry(ordinal).or_default().extend(there);
                            }
                        }
                    }
                    Target::Field(..) | Target::Subject(_) | Target::Value(_) => {}
                }
            }
            named.retain(|ordinal, _| (*ordinal as usize) < ledger.batches.len());
        }
        let mut wanted: HashMap<String, HashSet<Identity>> = HashMap::new();
        for (ordinal, own) in named {
            let block = self.ids_of(ordinal)?;
            let source = self.source_of(ordinal);
            for row in own.iter().filter(|row| (**row as usize) < block.rows()) {
                if let Some((tag, id)) = block.identified_by(*row as usize) {
                    wanted.entry(source.clone()).or_default().insert((tag, id.to_vec()));
                }
            }
            rows.entry(ordinal).or_default().extend(own);
        }
        let others = self.rows_of_identities(&wanted)?;
        for (ordinal, own) in others {
            rows.entry(ordinal).or_default().extend(own);
        }
        let state = self.read_state();
        for (ordinal, own) in &mut rows {
            let batch = &state.ledger.batches[*ordinal as usize];
            own.retain(|row| *row < batch.rows && !within_sorted(&batch.erased, *row));
        }
        rows.retain(|_, own| !own.is_empty());
        Ok(rows)
    }

    /// Reads the ids of every batch of these sources: an erasure looks at each, since what it leaves
    /// out stays.
    fn rows_of_identities(&self, wanted: &HashMap<String, HashSet<Identity>>) -> Result<Rows> {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let source_of = |revision: u32| ledger.nodes.key_text(ledger.revisions.node(revision), 0);
        let mut by_manifest: BTreeMap<u32, Vec<(u32, u32, u32)>> = BTreeMap::new();
        for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
            let Some((manifest, first)) = batch.place else { continue };
            if source_of(batch.revision).is_some_and(|source| wanted.contains_key(source)) {
                by_manifest.entry(manifest).or_default().push((ordinal, first, batch.rows));
            }
        }
        let by_manifest: Vec<_> = by_manifest.into_iter().collect();
        let found = by_manifest.par_iter().map(|(manifest, batches)| -> Result<Rows> {
            let mut rows = Rows::new();
            let place = container_place(ledger, *manifest);
            let container = Container::open_checked(self.storage(), &place)?;
            for (ordinal, first, count) in batches {
                let first = *first as usize;
                let block = container.read(first..first + *count as usize, &IDS)?;
                let source = source_of(ledger.batches[*ordinal as usize].revision);
                let Some(wanted) = source.and_then(|source| wanted.get(source)) else { continue };
                let is_wanted = |row: &u32| {
                    let who = block.identified_by(*row as usize);
                    who.is_some_and(|(tag, id)| wanted.contains(&(tag, id.to_vec())))
                };
                let own: BTreeSet<u32> = (0..*count).filter(is_wanted).collect();
                if !own.is_empty() {
                    rows.insert(*ordinal, own);
                }
            }
            Ok(rows)
        });
        let found: Vec<Rows> = found.collect::<Result<_>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The log source of a batch.
    pub(super) fn source_of(&self, ordinal: u32) -> String {
        let state = self.read_state();
        let ledger = &state.ledger;
        let node = ledger.revisions.node(ledger.batches[ordinal as usize].revision);
        ledger.nodes.key_text(node, 0).unwrap_or_default().to_owned()
    }

    fn ids_of(&self, ordinal: u32) -> Result<EventBlock> {
        self.read_rows_of(ordinal, &IDS)
    }

    /// Reads fields of all rows of a batch.
    pub(super) fn read_rows_of(&self, ordinal: u32, fields: &[EventField]) -> Result<EventBlock> {
        let state = self.read_state();
        let batch = &state.ledger.batches[ordinal as usize];
        let Some((manifest, first)) = batch.place else { return Ok(EventBlock::new()) };
        let place = container_place(&state.ledger, manifest);
        let container = Container::open_checked(self.storage(), &place)?;
        let first = first as usize;
        container.read(first..first + batch.rows as usize, fields)
    }

    /// The files in which some of these rows ever stood.
    pub(super) fn files_of(&self, rows: &Rows) -> Vec<ErasedFile> {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let batches = rows.keys().map(|ordinal| ledger.batches[*ordinal as usize].revision);
        let revisions: HashSet<Hash> = batches.map(|at| ledger.revisions.id(at)).collect();
        let mut files: BTreeSet<ErasedFile> = BTreeSet::new();
        for (_, manifest) in &ledger.manifests {
            if manifest.batches.iter().any(|entry| revisions.contains(&entry.batch.0)) {
                let (container, generation) = (manifest.container, manifest.generation);
                files.insert(ErasedFile { container, generation, sha256: manifest.sha256 });
            }
        }
        files.into_iter().collect()
    }
}
