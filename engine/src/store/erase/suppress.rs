//! Knowing again what was erased, so that importing an archive once more brings nothing back.

use crate::error::Result;
use crate::events::EventBlock;
use crate::keys::Fingerprints;
use crate::store::{State, Store};
use lineal_proof::{Hash, Value};
use std::collections::HashSet;

/// The events of one log source that were erased, as fingerprints.
pub struct Suppressed {
    prints: Fingerprints,
    known: HashSet<[u8; 16]>,
    source: String,
}

impl Suppressed {
    /// Was an event of this identity erased?
    #[must_use]
    pub fn holds(&self, block: &EventBlock, row: usize) -> bool {
        let who = block.identified_by(row);
        who.is_some_and(|who| self.known.contains(&self.prints.of_event(&self.source, who)))
    }
}

impl Store {
    /// What knows the erased events of a log source again; none where nothing was erased.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the index key where something was.
    pub fn suppressed(&self, source: &str) -> Result<Option<Suppressed>> {
        let state = self.read_state();
        let known: HashSet<[u8; 16]> =
            state.ledger.destroyed().flat_map(|erasure| &erasure.fingerprints).copied().collect();
        if known.is_empty() {
            return Ok(None);
        }
        let prints = self.fingerprints()?;
        Ok(Some(Suppressed { prints, known, source: source.to_owned() }))
    }

    /// How many decisions on requests are recorded: who asks what was erased, and commits later, says how
    /// many it knew ([`crate::Transaction::know_erasures`]).
    #[must_use]
    pub fn erasure_count(&self) -> usize {
        self.read_state().ledger.erasures.len()
    }

    /// How many events of a source file are erased, by its keyed digest.
    #[must_use]
    pub fn erased_of_file(&self, digest: &[u8; 16]) -> u64 {
        self.read_state().ledger.erased_of_file(digest)
    }

    /// The commitment of a sealed value that was erased, if this is one: it comes again as what it
    /// was, and nothing is sealed anew.
    pub(in crate::store) fn erased_commitment(
        &self,
        state: &State,
        subject: &Hash,
        field: &str,
        value: &Value,
    ) -> Result<Option<Hash>> {
        if state.ledger.destroyed().all(|erasure| erasure.sealed.is_empty()) {
            return Ok(None);
        }
        let prints = self.fingerprints()?;
        Ok(state.ledger.erased_value(&prints.of_value(subject, field, value)))
    }
}
