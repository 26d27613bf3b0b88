//! The next generation of a container: the same batches in the same rows, without what is erased.

use super::Rows;
use crate::error::{Error, Result};
use crate::event_fields::Group;
use crate::events::{Container, ContainerPart, EventBlock, write_container};
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::runs::{merged, runs_of, within_sorted};
use crate::store::Store;
use crate::transaction::{Repacked, container_path};
use lineal_proof::record::{Manifest, ManifestBatch};
use lineal_proof::{Cid, Hash};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A batch that stands in a container, and what of it is erased now.
struct Standing {
    batch: Cid,
    first_row: u32,
    rows: u32,
    erased: Vec<(u32, u32)>,
}

impl Store {
    /// The next generation of each container in which some of these rows stand: where their batches
    /// are now, and where a batch beside others was before it was packed anew.
    pub(super) fn next_generations(&self, rows: &Rows) -> Result<Vec<Repacked>> {
        let mut all = Vec::new();
        for manifest in self.holding(rows) {
            all.push(self.next_generation(manifest, rows)?);
        }
        Ok(all)
    }

    /// The manifests whose containers are used and hold, or held, some of the batches.
    fn holding(&self, rows: &Rows) -> BTreeSet<u32> {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let used: BTreeSet<u32> =
            ledger.batches.iter().filter_map(|batch| Some(batch.place?.0)).collect();
        let touched = rows.keys().map(|at| ledger.batches[*at as usize].revision);
        let touched: BTreeSet<Hash> = touched.map(|at| ledger.revisions.id(at)).collect();
        let holds = |number: &u32| {
            let (_, manifest) = &ledger.manifests[*number as usize];
            manifest.batches.iter().any(|entry| touched.contains(&entry.batch.0))
        };
        used.into_iter().filter(holds).collect()
    }

    fn next_generation(&self, number: u32, rows: &Rows) -> Result<Repacked> {
        let (place, standing) = {
            let state = self.read_state();
            let ledger: &Ledger = &state.ledger;
            let (_, manifest) = &ledger.manifests[number as usize];
            let mut standing = Vec::new();
            for entry in &manifest.batches {
                let revision = ledger.revision(&entry.batch.0);
                let Some(ordinal) = revision.and_then(|at| ledger.batch_of(at)) else { continue };
                let batch = &ledger.batches[ordinal as usize];
                // What was packed elsewhere since is not carried on.
                if batch.place.is_none_or(|(at, _)| at != number) {
                    continue;
                }
                let new = rows.get(&ordinal).into_iter().flatten().copied();
                let erased = merged(&batch.erased, &runs_of(new));
                let (batch, first_row, rows) = (entry.batch, entry.first_row, entry.rows);
                standing.push(Standing { batch, first_row, rows, erased });
            }
            (container_place(ledger, number), standing)
        };
        let container = Container::open_checked(self.storage(), &place)?;
        let blocks = standing.iter().map(|each| {
            let first = each.first_row as usize;
            container.read_all(first..first + each.rows as usize)
        });
        let blocks: Vec<EventBlock> = blocks.collect::<Result<_>>()?;
        drop(container);
        let all: Vec<Vec<u32>> = standing.iter().map(|each| (0..each.rows).collect()).collect();
        let parts = standing.iter().zip(&blocks).zip(&all);
        let parts: Vec<_> = parts
            .map(|((each, block), rows)| ContainerPart { block, rows, erased: &each.erased })
            .collect();
        let bytes = write_container(&parts, self.id())
            .map_err(|e| Error::corrupt("the next generation", 0, e.to_string()))?;
        check(&bytes, &standing, &blocks)?;
        let mut first_row = 0;
        let mut batches = Vec::with_capacity(standing.len());
        for each in &standing {
            batches.push(ManifestBatch { batch: each.batch, first_row, rows: each.rows });
            first_row += each.rows;
        }
        let manifest = Manifest {
            container: place.id,
            generation: place.generation + 1,
            length: bytes.len() as u64,
            sha256: Hash(Sha256::digest(&bytes).into()),
            batches,
            replaces: Vec::new(),
        };
        let path = container_path(&place.id, manifest.generation);
        Ok(Repacked { manifest, path, bytes })
    }
}

/// Reads it back: each row that stays says what it said, to the byte, and an erased one nothing.
fn check(bytes: &[u8], standing: &[Standing], blocks: &[EventBlock]) -> Result<()> {
    let path = "the next generation";
    let container = Container::open(path, Bytes::held(bytes.to_vec()))?;
    let mut first = 0;
    for (each, before) in standing.iter().zip(blocks) {
        let after = container.read_all(first..first + each.rows as usize)?;
        first += each.rows as usize;
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for row in 0..each.rows {
            let at = row as usize;
            if within_sorted(&each.erased, row) {
                if !after.is_empty_row(at) {
                    return Err(Error::corrupt(path, 0, "an erased row holds nothing"));
                }
                continue;
            }
            for group in [Group::Open, Group::Subject] {
                old.clear();
                new.clear();
                before.write_group(&mut old, at, group);
                after.write_group(&mut new, at, group);
                if old != new {
                    return Err(Error::corrupt(path, 0, "its rows read back as they were written"));
                }
            }
        }
    }
    Ok(())
}
