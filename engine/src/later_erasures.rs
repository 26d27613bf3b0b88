//! What a later log of the same store says was erased. Beside keys that were written after these erasures an older
//! copy is read and put right by it: they lack what was destroyed since, and the log kept leaves and fingerprints.

use crate::runs::merged;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedRows, ErasedValue, Erasure};
use std::collections::{BTreeMap, HashMap};

/// What erasures of a later log destroyed, and what they kept of it.
#[derive(Default)]
pub(crate) struct LaterErasures {
    batches: HashMap<Hash, LaterRows>,
    /// The sealed values by their commitments, with the fingerprints by which they are known again.
    values: HashMap<Hash, Option<Hash>>,
}

/// What they did to one batch.
#[derive(Default)]
pub(crate) struct LaterRows {
    /// Runs of rows that they erased.
    pub(crate) runs: Vec<(u32, u32)>,
    /// Leaves that they kept, of these rows and of rows whose salts went with theirs.
    pub(crate) leaves: BTreeMap<u32, Hash>,
}

impl LaterErasures {
    /// Of these records; what they restrict, lift or refuse destroyed nothing.
    pub(crate) fn of<'e>(erasures: impl Iterator<Item = &'e Erasure>) -> LaterErasures {
        let mut all = LaterErasures::default();
        for erasure in erasures.filter(|erasure| erasure.decision == Decision::Erased) {
            for rows in &erasure.batches {
                let own = all.keep_leaves(rows);
                own.runs = merged(&own.runs, &rows.runs);
            }
            for rows in &erasure.unsalted {
                all.keep_leaves(rows);
            }
            let values = erasure.sealed.iter();
            all.values.extend(values.map(|value| (value.commitment, value.fingerprint)));
        }
        all
    }

    fn keep_leaves(&mut self, rows: &ErasedRows) -> &mut LaterRows {
        let own = self.batches.entry(rows.batch.0).or_default();
        own.leaves.extend(rows.each().filter_map(|(row, leaf)| Some((row, leaf?))));
        own
    }

    /// What they did to a batch, by its revision.
    pub(crate) fn rows(&self, batch: &Hash) -> Option<&LaterRows> {
        self.batches.get(batch)
    }

    /// Did they erase the value behind a commitment?
    pub(crate) fn has_value(&self, commitment: &Hash) -> bool {
        self.values.contains_key(commitment)
    }

    /// Gives values that no key opens any more the fingerprints that are on record.
    pub(crate) fn give_fingerprints(&self, values: &mut [ErasedValue]) {
        for value in values.iter_mut().filter(|value| value.fingerprint.is_none()) {
            value.fingerprint = self.values.get(&value.commitment).copied().flatten();
        }
    }
}
