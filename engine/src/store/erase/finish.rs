//! What an erasure destroys behind its commit, in an order in which a crash leaves something to do and
//! nothing undone for good: salts and keys, sealed values, entries of the index, old files. Every step
//! finds out by itself whether it was done.

use super::salts::to_destroy;
use crate::error::{Error, Result};
use crate::runs::within_sorted;
use crate::store::{Store, reading};
use lineal_proof::Hash;
use std::collections::BTreeSet;

impl Store {
    /// Destroys what recorded erasures name and is still there; gives the paths that must wait for
    /// their readers.
    ///
    /// # Errors
    /// What the medium says: what is left is done at the next opening for writing.
    pub(in crate::store) fn finish_erasures(&self) -> Result<Vec<String>> {
        let state = self.state_for_writing()?;
        if state.ledger.destroyed().next().is_none() {
            return Ok(Vec::new());
        }
        let done = || -> Result<()> {
            self.destroy_secrets(&state.ledger)?;
            let batches = &state.ledger.batches;
            let is_erased = |packed: u64| {
                let row = u32::try_from(packed & u64::from(u32::MAX)).unwrap_or(u32::MAX);
                let batch = usize::try_from(packed >> 32).ok().and_then(|at| batches.get(at));
                batch.is_some_and(|batch| within_sorted(&batch.erased, row))
            };
            // Views map runs, and hold what they opened.
            self.views.let_go();
            let files = self.run_files(state.ledger.indexed(state.head.commit));
            files.obey(state.ledger.erasures.len() as u64, &is_erased)
        };
        if let Err(error) = done() {
            // What is on the medium and what is in memory may differ now.
            self.poison(&error);
            return Err(error);
        }
        reading::clear_away(self.storage(), &state.ledger)
    }

    /// Salts and keys first: without them what is left elsewhere is of no use.
    fn destroy_secrets(&self, ledger: &crate::ledger::Ledger) -> Result<()> {
        let mut secrets = self.secrets_mut();
        let erased = |ordinal: u32| ledger.batches[ordinal as usize].erased.clone();
        let commit = ledger.commit();
        let (mut destroyed, _) = to_destroy(ledger, &secrets.keys, &erased, commit);
        let values = ledger.destroyed().flat_map(|erasure| &erasure.sealed);
        let left: Vec<_> =
            values.filter(|value| secrets.register.holds(&value.commitment)).collect();
        destroyed.subjects.extend(left.iter().map(|value| value.subject.0));
        let commitments: BTreeSet<Hash> = left.iter().map(|value| value.commitment).collect();
        if !destroyed.is_empty() {
            // A copy without its keys has no secrets to lose.
            let file_key = self.options.secrets.secret(&format!("seeds {commit}"));
            match secrets.keys.destroy(self.storage(), file_key, &destroyed) {
                Err(Error::NoKey { .. }) => {}
                other => other?,
            }
        }
        if !commitments.is_empty() {
            secrets.register.destroy(self.storage(), &commitments)?;
        }
        Ok(())
    }
}
