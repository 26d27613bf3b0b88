//! The records of an erasure: what stays of what goes.

use super::find::IDS;
use super::salts::{Sharing, to_destroy};
use super::{ErasureOrder, Rows};
use crate::error::{Error, Result};
use crate::event_fields::EVENT_FIELDS;
use crate::events::LeftLeaves;
use crate::later_erasures::LaterErasures;
use crate::ledger::Ledger;
use crate::runs::{merged, runs_of};
use crate::store::Store;
use lineal_proof::record::{Decision, ErasedFile, ErasedRows, ErasedValue, Erasure};
use lineal_proof::{Cid, Hash};
use std::collections::BTreeSet;

/// Most rows of one record: their leaves, fingerprints and buckets of keys are some 13 MB, below the 16
/// of a record.
const ROWS_MAX: usize = 150_000;
/// Most sealed values of one record: some 150 bytes each.
const VALUES_MAX: usize = 50_000;
/// Most that stand in one record with rows.
const VALUES_BESIDE_MAX: usize = 4_096;

impl Store {
    /// The records of a decision that destroys nothing: what was asked for, and that it stays. Of a
    /// refusal the values are not named: what they were is for whoever asked to know.
    pub(super) fn decision_records(
        &self,
        order: &ErasureOrder,
        rows: &Rows,
        values: Vec<ErasedValue>,
    ) -> Vec<Erasure> {
        let mut values = values;
        if order.decision == Decision::Refused {
            values.clear();
        }
        // Nothing has to be known again by a fingerprint: what is named stays.
        values.iter_mut().for_each(|value| value.fingerprint = None);
        let state = self.read_state();
        let batches = rows.iter().map(|(ordinal, rows)| ErasedRows {
            batch: link_of(&state.ledger, *ordinal),
            runs: runs_of(rows.iter().copied()),
            leaves: None,
        });
        let mut batches: Vec<ErasedRows> = batches.collect();
        batches.sort_by_key(|rows| rows.batch);
        vec![Erasure { batches, sealed: values, ..bare(order) }]
    }

    /// The records of an erasure, with the leaves of the rows and what knows them again. Of rows whose salts went
    /// when they were erased elsewhere, leaves are those of there.
    pub(super) fn erasures(
        &self,
        order: &ErasureOrder,
        rows: &Rows,
        values: Vec<ErasedValue>,
        files: Vec<ErasedFile>,
        later: Option<&LaterErasures>,
    ) -> Result<Vec<Erasure>> {
        let mut records = of_values(order, values);
        if let Some(first) = records.first_mut() {
            first.files = files;
        }
        let mut count = 0;
        for (ordinal, own) in rows {
            let own: Vec<u32> = own.iter().copied().collect();
            let is_whole = {
                let state = self.read_state();
                let batch = &state.ledger.batches[*ordinal as usize];
                batch.erased.is_empty() && own.len() == batch.rows as usize
            };
            let mut redaction = if is_whole {
                None
            } else {
                let batch = link_of(&self.read_state().ledger, *ordinal);
                self.redaction(&batch.0)?
            };
            // Of a batch of which nothing is left the root says all; of others each leaf is kept.
            let most = if is_whole { own.len() } else { ROWS_MAX };
            for some in own.chunks(most.max(1)) {
                if count > 0 && count + some.len() > ROWS_MAX {
                    records.push(bare(order));
                    count = 0;
                }
                count += some.len();
                let erased = self.erased_rows(*ordinal, some, is_whole, later)?;
                let prints = self.fingerprints_of(*ordinal, some)?;
                if let Some(record) = records.last_mut() {
                    record.batches.push(erased);
                    record.keys.extend(redaction.as_mut().and_then(|keys| keys.of_rows(some)));
                    record.fingerprints.extend(prints);
                }
            }
        }
        for record in &mut records {
            record.batches.sort_by_key(|rows| (rows.batch, rows.runs.clone()));
            record.keys.sort_by_key(|keys| keys.batch);
            record.fingerprints.sort_unstable();
            record.fingerprints.dedup();
        }
        let unsalted = self.unsalted(rows)?;
        if let Some(first) = records.first_mut() {
            first.unsalted = unsalted;
        }
        Ok(records)
    }

    fn erased_rows(
        &self,
        ordinal: u32,
        rows: &[u32],
        is_whole: bool,
        later: Option<&LaterErasures>,
    ) -> Result<ErasedRows> {
        let batch = link_of(&self.read_state().ledger, ordinal);
        let runs = runs_of(rows.iter().copied());
        if is_whole {
            return Ok(ErasedRows { batch, runs, leaves: None });
        }
        let leaves = self.leaves_of(ordinal, &batch.0, rows, later)?;
        Ok(ErasedRows { batch, runs, leaves: Some(leaves) })
    }

    /// The leaves of rows that are there.
    fn leaves_of(
        &self,
        ordinal: u32,
        revision: &Hash,
        rows: &[u32],
        later: Option<&LaterErasures>,
    ) -> Result<Vec<Hash>> {
        let fields: Vec<_> = EVENT_FIELDS.iter().map(|spec| spec.field).collect();
        let block = self.read_rows_of(ordinal, &fields)?;
        let (seed_id, count, kept) = {
            let state = self.read_state();
            let batch = &state.ledger.batches[ordinal as usize];
            let node = state.ledger.nodes.id(state.ledger.revisions.node(batch.revision));
            // Of a row whose salt went with another's.
            (node, u64::from(batch.rows), state.ledger.kept_leaves(revision))
        };
        let secrets = self.secrets();
        let purpose = "keeping the leaves of what is erased";
        let cover = secrets.keys.need_cover((revision, &seed_id.0[..16]), count, purpose)?;
        let mut leaves = LeftLeaves::new(&block, &cover);
        let elsewhere = later.and_then(|later| later.rows(revision));
        let told = |row: &u32| {
            kept.get(row).or_else(|| elsewhere.and_then(|rows| rows.leaves.get(row))).copied()
        };
        let leaf = |row: &u32| leaves.of(*row).or_else(|| told(row)).ok_or_else(no_salt);
        rows.iter().map(leaf).collect()
    }

    fn fingerprints_of(&self, ordinal: u32, rows: &[u32]) -> Result<Vec<[u8; 16]>> {
        let source = self.source_of(ordinal);
        let prints = self.secrets().keys.fingerprints()?;
        let block = self.read_rows_of(ordinal, &IDS)?;
        let identified = rows.iter().filter_map(|row| block.identified_by(*row as usize));
        Ok(identified.map(|who| prints.of_event(&source, who)).collect())
    }

    /// Rows whose salts go with those of other batches under the same seed, though they stay.
    fn unsalted(&self, rows: &Rows) -> Result<Vec<ErasedRows>> {
        let found: Vec<(u32, Hash, Vec<u32>)> = {
            let state = self.read_state();
            let ledger: &Ledger = &state.ledger;
            let erased = |ordinal: u32| {
                let new = rows.get(&ordinal).into_iter().flatten().copied();
                merged(&ledger.batches[ordinal as usize].erased, &runs_of(new))
            };
            let secrets = self.secrets();
            let (destroyed, changing) =
                to_destroy(ledger, &secrets.keys, &erased, state.head.commit + 1);
            let lost = |each: Sharing| {
                let count = ledger.batches[each.ordinal as usize].rows;
                let left = destroyed.covers.get(&each.revision)?;
                let left = lineal_proof::cover::Cover::of(left.nodes.clone(), count.into());
                let gone: BTreeSet<u32> = crate::runs::rows_of(&erased(each.ordinal)).collect();
                let is_lost = |row: &u32| {
                    !gone.contains(row)
                        && left.salt(*row).is_none()
                        && each.cover.salt(*row).is_some()
                };
                let lost: Vec<u32> = (0..count).filter(is_lost).collect();
                (!lost.is_empty()).then_some((each.ordinal, each.revision, lost))
            };
            // A batch that shares its seed with no other loses no salt but those of its own rows.
            let shared = changing.len() > 1;
            changing.into_iter().filter(|_| shared).filter_map(lost).collect()
        };
        let mut all = Vec::new();
        for (ordinal, revision, lost) in found {
            for some in lost.chunks(ROWS_MAX) {
                let leaves = Some(self.leaves_of(ordinal, &revision, some, None)?);
                let runs = runs_of(some.iter().copied());
                all.push(ErasedRows { batch: Cid(revision), runs, leaves });
            }
        }
        Ok(all)
    }
}

/// Adds fingerprints of events that are not here, but those that the records have. They stand in a record of
/// their own behind others of rows, which may be as long as a record can be.
pub(super) fn know_again(
    records: &mut Vec<Erasure>,
    order: &ErasureOrder,
    mut prints: Vec<[u8; 16]>,
) {
    let known = |print: &[u8; 16]| {
        records.iter().any(|record| record.fingerprints.binary_search(print).is_ok())
    };
    prints.retain(|print| !known(print));
    prints.sort_unstable();
    prints.dedup();
    if prints.is_empty() {
        return;
    }
    match records.last_mut().filter(|last| last.batches.is_empty()) {
        Some(last) => last.fingerprints = prints,
        None => records.push(Erasure { fingerprints: prints, ..bare(order) }),
    }
}

/// Adds rows that stay without their salts, beside those that the records have.
pub(super) fn keep_unsalted(records: &mut [Erasure], unsalted: Vec<ErasedRows>) {
    let Some(first) = records.first_mut().filter(|_| !unsalted.is_empty()) else { return };
    first.unsalted.extend(unsalted);
    first.unsalted.sort_by_key(|rows| (rows.batch, rows.runs.clone()));
}

/// Of a row whose salt is gone no leaf can be made, and without it no other row of the batch be proved.
fn no_salt() -> Error {
    let what = "the salt of a row that is to be erased".to_owned();
    let instead = "nothing was erased: without its salt its leaf cannot be kept, by which the other rows of its \
                   batch are proved. Where no backup has it, `lineal erase batch` takes all of the batch, and \
                   then nothing of it has to be kept";
    Error::SeedsMissing { what, instead: instead.to_owned() }
}

fn link_of(ledger: &Ledger, ordinal: u32) -> Cid {
    Cid(ledger.revisions.id(ledger.batches[ordinal as usize].revision))
}

/// The records of sealed values; the last has room for rows.
fn of_values(order: &ErasureOrder, values: Vec<ErasedValue>) -> Vec<Erasure> {
    if values.len() <= VALUES_BESIDE_MAX {
        return vec![Erasure { sealed: values, ..bare(order) }];
    }
    let some = values.chunks(VALUES_MAX);
    let some = some.map(|some| Erasure { sealed: some.to_vec(), ..bare(order) });
    some.chain([bare(order)]).collect()
}

/// A record that says who decided what, and names nothing yet.
fn bare(order: &ErasureOrder) -> Erasure {
    Erasure {
        decision: order.decision,
        basis: order.basis.trim().to_owned(),
        reference: order.reference.trim().to_owned(),
        decided_by: Some(order.decided_by.clone()),
        executed_by: Some(order.executed_by.clone()),
        batches: Vec::new(),
        unsalted: Vec::new(),
        keys: Vec::new(),
        fingerprints: Vec::new(),
        sealed: Vec::new(),
        files: Vec::new(),
    }
}
