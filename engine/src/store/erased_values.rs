//! Sealed values that are erased. Between the commit of an erasure and the destruction of their keys
//! their bytes can still be opened; from that commit on they are not, by this store and by every view
//! of it, however old.

use super::Store;
use crate::ledger::Ledger;
use lineal_proof::Hash;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// The commitments of erased values, shared by a store and its views.
#[derive(Default, Debug)]
pub(crate) struct ErasedValues {
    /// How many erasures were noted: what was opened before the last of them may be erased.
    count: AtomicU64,
    commitments: RwLock<HashSet<Hash>>,
}

impl ErasedValues {
    /// Those that a log names. A ledger that is not read yet names none: then the index is of the log's
    /// end, and it is written behind the destruction alone (`derived.rs`).
    pub(crate) fn of(ledger: Option<&Ledger>) -> ErasedValues {
        let erased = ErasedValues::default();
        if let Some(ledger) = ledger {
            let values = ledger.destroyed().flat_map(|erasure| &erasure.sealed);
            erased.note(values.map(|value| value.commitment));
        }
        erased
    }

    /// Takes the values of an erasure.
    pub(crate) fn note(&self, erased: impl Iterator<Item = Hash>) {
        let mut commitments = self.commitments.write().unwrap_or_else(PoisonError::into_inner);
        commitments.extend(erased);
        // Behind the values: who sees the count finds them.
        self.count.fetch_add(1, Ordering::Release);
    }

    /// How many erasures were noted.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Is nothing erased?
    pub(crate) fn is_empty(&self) -> bool {
        self.commitments.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Is the value behind a commitment erased?
    pub(crate) fn holds(&self, commitment: &Hash) -> bool {
        self.commitments.read().unwrap_or_else(PoisonError::into_inner).contains(commitment)
    }
}

impl Store {
    /// Takes note of the values of an erasure that is just recorded, and lets go of views that show rows
    /// of before. Called before the log's new end is shown to anybody.
    pub(crate) fn note_erased(&self, values: impl Iterator<Item = Hash>) {
        self.erased_values.note(values);
        self.views.let_go();
    }
}
