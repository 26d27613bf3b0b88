//! The map of a checkpoint's last commit, asked name by name, with the records under the names: what is
//! asked is kept for the proof, and nobody reads the records of a whole kind before its size was told.

use super::absent::AbsenceSize;
use super::{Snapshot, Unproved};
use crate::error::{Error, Result};
use crate::record_map::RecordMap;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::absence::run::{leaves_of, prove_run};
use lineal_proof::absence::{EntryValue, MapName, RunRange};
use lineal_proof::bundle::Known;
use lineal_proof::bundle::absent::Asked;
use lineal_proof::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of JSON and base64 that a record takes beside its own, about: its place, and what leads from
/// it to the root of its commit.
const BESIDE_A_RECORD: u64 = 600;
/// Of many records: bytes of JSON that say where one stands, and of a hash in base64.
const PLACE: u64 = 40;
const HASH: u64 = 44;
/// Records under one name whose mean size stands for that of all of them: more would cost a look at each.
const SAMPLED: usize = 16;
/// Records that are read before it is asked whether to go on.
const RECORDS_TOGETHER: usize = 1_024;

/// The map as of a checkpoint, asked name by name; what was asked is kept for the proof.
pub(super) struct InMap<'a> {
    store: &'a Store,
    view: &'a Snapshot,
    map: RecordMap,
    /// The leaves of each run.
    leaves: Vec<Vec<Hash>>,
    /// References by the beginnings of their ids.
    references: BTreeMap<EntryValue, (Hash, Known)>,
    pub(super) ranges: Vec<Vec<RunRange>>,
    pub(super) records: BTreeSet<Hash>,
    /// Bytes of the records.
    pub(super) bytes: u64,
    go_on: &'a (dyn Fn(&AbsenceSize) -> bool + Sync),
}

fn beginning(id: &Hash) -> EntryValue {
    let mut value = EntryValue::default();
    let length = value.len();
    value.copy_from_slice(&id.0[..length]);
    value
}

impl<'a> InMap<'a> {
    pub(super) fn new(
        store: &'a Store,
        view: &'a Snapshot,
        map: RecordMap,
        go_on: &'a (dyn Fn(&AbsenceSize) -> bool + Sync),
    ) -> Result<InMap<'a>> {
        let entries = map.runs.iter().map(|run| run.entries());
        let leaves = entries.map(|entries| entries.map(leaves_of)).collect::<Result<_>>()?;
        let references = {
            let state = store.read_state();
            let all = state.ledger.references.iter().map(|(_, reference)| {
                let id = Hash::of(&reference.encode());
                (beginning(&id), (id, Known::Reference(reference.clone())))
            });
            all.collect()
        };
        let (ranges, records) = (Vec::new(), BTreeSet::new());
        Ok(InMap { store, view, map, leaves, references, ranges, records, bytes: 0, go_on })
    }

    /// The record that begins with these bytes of its id.
    fn known(&self, value: &EntryValue) -> Result<(Hash, Known), Unproved> {
        if let Some(reference) = self.references.get(value) {
            return Ok(reference.clone());
        }
        let rule = "the log holds each record that the map names";
        let none = || Error::corrupt("segments", 0, rule);
        let (id, at) = {
            let state = self.store.read_state();
            let revisions = &state.ledger.revisions;
            let number = revisions.find_beginning(value).ok_or_else(none)?;
            (revisions.id(number), revisions.at(number))
        };
        let revision = self.view.view.revision(at)?;
        Ok((id, Known::Revision(Box::new(revision))))
    }

    /// Asks whether to go on with so many more records, before they are read: of some the size is
    /// looked at.
    fn ask_for(&self, found: &[EntryValue]) -> Result<(), Unproved> {
        if found.len() <= SAMPLED {
            return Ok(());
        }
        let mut sampled = 0;
        for value in found.iter().step_by(found.len().div_ceil(SAMPLED)) {
            // Stubs have no place in the ledger; who needs them is told so when it comes to them.
            sampled += self.known(value).map_or(0, |(_, known)| bytes_of(&known));
        }
        let looked = found.len().div_ceil(found.len().div_ceil(SAMPLED)) as u64;
        // Records of one commit share what leads to its root: the more there are, the less each brings.
        let all = self.store.read_state().ledger.revisions.len().max(found.len());
        let shared = PLACE + u64::from((all / found.len()).ilog2() + 1) * HASH;
        let each = sampled / looked + shared.min(BESIDE_A_RECORD);
        let bytes = self.bytes + each * found.len() as u64;
        let records = (self.records.len() + found.len()) as u64;
        let size = AbsenceSize { bytes, records, ..AbsenceSize::default() };
        match (self.go_on)(&size) {
            true => Ok(()),
            false => Err(Unproved::TooLarge { bytes, records, batches: 0, rows: 0 }),
        }
    }
}

/// Bytes that a record itself takes in the file, about.
fn bytes_of(known: &Known) -> u64 {
    match known {
        Known::Revision(revision) => revision.encode().len() as u64 * 4 / 3,
        _ => 0,
    }
}

impl Asked for InMap<'_> {
    type Error = Unproved;

    fn under(&mut self, name: &MapName) -> Result<Vec<EntryValue>, Unproved> {
        let (mut ranges, mut found) = (Vec::new(), Vec::new());
        for (run, leaves) in self.map.runs.iter().zip(&self.leaves) {
            let range = prove_run(run.entries()?, leaves, name);
            let own = range.entries.iter().filter(|entry| entry.starts_with(&name.0));
            found.extend(own.filter_map(|entry| entry.last_chunk().copied()));
            ranges.push(range);
        }
        self.ranges.push(ranges);
        self.ask_for(&found)?;
        Ok(found)
    }

    fn record(&mut self, value: &EntryValue) -> Result<(Hash, Known), Unproved> {
        let found = self.known(value)?;
        if self.records.insert(found.0) {
            self.bytes += BESIDE_A_RECORD + bytes_of(&found.1);
            let records = self.records.len();
            let so_far = records as u64;
            let size = AbsenceSize {
                bytes: self.bytes,
                records: so_far,
                done: so_far,
                ..AbsenceSize::default()
            };
            if records.is_multiple_of(RECORDS_TOGETHER) && !(self.go_on)(&size) {
                return Err(Unproved::Stopped);
            }
        }
        Ok(found)
    }
}
