//! Taking turns: whoever reads the log, rewrites what lies beside it and records that (an erasure, a
//! compaction, the index) holds the store's turn meanwhile, so that nobody commits in between. Each
//! other commit is a turn of its own.
//!
//! Else rows that an erasure destroys could be packed elsewhere, or be imported once more, while its
//! record is being made, and nothing would name them. The turn is taken before every other lock of the store,
//! and never held while a caller's code runs.

use super::Store;
use std::sync::{MutexGuard, PoisonError};

/// The right to commit, until it is dropped.
pub(crate) struct Turn<'s> {
    commit: u64,
    _held: MutexGuard<'s, ()>,
}

impl Turn<'_> {
    /// The last commit when it was taken: the next one follows on this.
    pub(crate) fn commit(&self) -> u64 {
        self.commit
    }
}

impl Store {
    /// Waits for the turn and takes it.
    pub(crate) fn turn(&self) -> Turn<'_> {
        let held = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { commit: self.commit(), _held: held }
    }
}
