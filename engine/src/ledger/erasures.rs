//! What was erased, as far as the log says it, and what is held.

use super::Ledger;
use crate::runs::{count, merged, without};
use crate::schema::Kind;
use lineal_proof::record::{Decision, ErasedRows, Erasure, Hold};
use lineal_proof::{Hash, KeyPart};
use std::collections::{BTreeMap, BTreeSet};

impl Ledger {
    /// Takes an erasure of the last commit: rows that it names are erased in every view.
    pub(super) fn apply_erasure(&mut self, erasure: Erasure) {
        for rows in &erasure.batches {
            let batch = self.revision(&rows.batch.0).and_then(|revision| self.batch_of(revision));
            if let (Some(batch), Decision::Erased) = (batch, erasure.decision) {
                let erased = &mut self.batches[batch as usize].erased;
                *erased = merged(erased, &rows.runs);
            }
        }
        self.erasures.push((self.commit(), erasure));
    }

    /// Erasures that destroyed something, in the order of the log.
    pub(crate) fn destroyed(&self) -> impl Iterator<Item = &Erasure> {
        let all = self.erasures.iter().map(|(_, erasure)| erasure);
        all.filter(|erasure| erasure.decision == Decision::Erased)
    }

    /// The commitments of sealed values that were erased.
    pub(crate) fn erased_values(&self) -> BTreeSet<Hash> {
        let values = self.destroyed().flat_map(|erasure| &erasure.sealed);
        values.map(|value| value.commitment).collect()
    }

    /// How many sealed values of nodes were erased, by the kinds of these.
    pub(crate) fn erased_values_of(&self) -> BTreeMap<Kind, u64> {
        let values = self.destroyed().flat_map(|erasure| &erasure.sealed);
        let of_nodes = values.filter_map(|value| {
            let node = self.node(&value.node)?;
            Some((value.commitment, self.nodes.kind(node)))
        });
        let mut counts = BTreeMap::new();
        for (_, kind) in of_nodes.collect::<BTreeSet<_>>() {
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }

    /// The rows that are restricted, by the ordinal of their batch: of what was restricted, what was
    /// not lifted since. In the order of the log, so it is the same for every view.
    pub(crate) fn restricted_rows(&self) -> BTreeMap<u32, Vec<(u32, u32)>> {
        let mut restricted: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for (_, erasure) in &self.erasures {
            for rows in &erasure.batches {
                let batch = self.revision(&rows.batch.0).and_then(|at| self.batch_of(at));
                let Some(batch) = batch else { continue };
                let own = restricted.entry(batch).or_default();
                match erasure.decision {
                    Decision::Restricted => *own = merged(own, &rows.runs),
                    Decision::Lifted => *own = without(own, &rows.runs),
                    Decision::Erased | Decision::Refused => {}
                }
            }
        }
        restricted.retain(|_, runs| !runs.is_empty());
        restricted
    }

    /// The commitments of sealed values that are restricted.
    pub(crate) fn restricted_values(&self) -> BTreeSet<Hash> {
        let mut restricted = BTreeSet::new();
        for (_, erasure) in &self.erasures {
            for value in &erasure.sealed {
                match erasure.decision {
                    Decision::Restricted => drop(restricted.insert(value.commitment)),
                    Decision::Lifted => drop(restricted.remove(&value.commitment)),
                    Decision::Erased | Decision::Refused => {}
                }
            }
        }
        restricted
    }

    /// The holds that stood as of a commit, by their names.
    pub(crate) fn standing_holds(&self, as_of: u64) -> BTreeMap<&str, (u64, &Hold)> {
        let mut standing = BTreeMap::new();
        for (commit, hold) in self.holds.iter().filter(|(commit, _)| *commit <= as_of) {
            if hold.release {
                standing.remove(hold.name.as_str());
            } else {
                standing.insert(hold.name.as_str(), (*commit, hold));
            }
        }
        standing
    }

    /// How many events of a source file, by its keyed digest, are erased.
    pub(crate) fn erased_of_file(&self, digest: &[u8; 16]) -> u64 {
        if self.erasures.is_empty() {
            return 0;
        }
        let is_of_file = |revision: u32| {
            let key = self.nodes.key(self.revisions.node(revision));
            matches!(key.0.get(2), Some(KeyPart::Bytes(file)) if file == digest)
        };
        let erased = self.batches.iter().filter(|batch| !batch.erased.is_empty());
        erased.filter(|batch| is_of_file(batch.revision)).map(|batch| count(&batch.erased)).sum()
    }

    /// The leaves that erasures kept of a batch's rows, and of rows whose salts went with them.
    pub(crate) fn kept_leaves(&self, batch: &Hash) -> BTreeMap<u32, Hash> {
        let rows = self.destroyed().flat_map(|e| e.batches.iter().chain(&e.unsalted));
        let own = rows.filter(|rows| rows.batch.0 == *batch).flat_map(ErasedRows::each);
        own.filter_map(|(row, leaf)| Some((row, leaf?))).collect()
    }

    /// The leaves that erasures kept of buckets of a batch's keys, ascending. Of several records that
    /// list a bucket the first counts: later ones no longer knew what had stood in it.
    pub(crate) fn kept_keys(&self, batch: &Hash) -> Vec<(u32, Hash)> {
        let keys = self.destroyed().flat_map(|erasure| &erasure.keys);
        let mut kept: BTreeMap<u32, Hash> = BTreeMap::new();
        for (bucket, leaf) in keys.filter(|keys| keys.batch.0 == *batch).flat_map(|k| &k.buckets) {
            kept.entry(*bucket).or_insert(*leaf);
        }
        kept.into_iter().collect()
    }

    /// The commitment of an erased value that has this fingerprint.
    pub(crate) fn erased_value(&self, fingerprint: &Hash) -> Option<Hash> {
        let values = self.destroyed().flat_map(|erasure| &erasure.sealed);
        let mut same = values.filter(|value| value.fingerprint.as_ref() == Some(fingerprint));
        same.next().map(|value| value.commitment)
    }
}
