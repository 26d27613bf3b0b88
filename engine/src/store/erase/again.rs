//! Doing again what a later log of the same store decided: after an older copy was put back.

use super::{ErasureDone, ErasureOrder, Target};
use crate::error::{Error, Result};
use crate::runs::rows_of;
use crate::snapshot::EventRef;
use crate::store::Store;
use lineal_proof::record::{Decision, Erasure};
use std::collections::BTreeSet;

impl Store {
    /// Erases what an erasure of another log of this store names and is here, on the same decision, restricts
    /// it, or lifts that; none if nothing of it is.
    ///
    /// # Errors
    /// As [`Store::erase`].
    pub(crate) fn erase_again(&self, erasure: &Erasure) -> Result<Option<ErasureDone>> {
        if erasure.decision == Decision::Refused {
            return Ok(None);
        }
        let mut events = Vec::new();
        {
            let state = self.read_state();
            let ledger = &state.ledger;
            for rows in &erasure.batches {
                let batch = ledger.revision(&rows.batch.0).and_then(|at| ledger.batch_of(at));
                // What was recorded behind the copy is not here.
                let Some(batch) = batch else { continue };
                events.extend(rows_of(&rows.runs).map(|row| EventRef { batch, row }));
            }
        }
        // With a subject's key everything goes that is sealed under it; what is restricted is named one by one.
        let sealed = erasure.sealed.iter();
        let mut targets: Vec<Target> = if erasure.decision == Decision::Erased {
            let subjects: BTreeSet<_> = sealed.map(|value| value.subject).collect();
            subjects.into_iter().map(Target::Subject).collect()
        } else {
            sealed.map(|value| Target::Field(value.node, value.field.clone())).collect()
        };
        targets.push(Target::Events(events));
        let who = |who: &Option<String>, what| {
            who.clone().ok_or(Error::Unsaid { what, limit: super::WORDS_MAX })
        };
        let order = ErasureOrder {
            targets,
            decision: erasure.decision,
            basis: erasure.basis.clone(),
            reference: erasure.reference.clone(),
            decided_by: who(&erasure.decided_by, "person who decided")?,
            executed_by: who(&erasure.executed_by, "person who executed")?,
        };
        match self.erase(&order, false) {
            Ok(done) => Ok(Some(done)),
            Err(Error::NothingToErase { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
