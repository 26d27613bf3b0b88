//! Doing again what a later log of the same store decided: after an older copy was put back.

use super::missing::MissingSeeds;
use super::trail::{SAID, trail_days};
use super::{ErasureDone, ErasureOrder, How, Reach, Target};
use crate::error::{Error, Result};
use crate::runs::rows_of;
use crate::snapshot::EventRef;
use crate::store::Store;
use lineal_proof::record::{Decision, Erasure};
use std::collections::BTreeSet;

impl Store {
    /// Erases what an erasure of another log of this store names and is here, on the same decision, restricts
    /// it, or lifts that. Of what is erased and is not here the fingerprints are recorded: whatever import
    /// brings it later, it is known. None if there is nothing to do.
    ///
    /// # Errors
    /// As [`Store::erase`].
    pub(crate) fn erase_again(&self, erasure: &Erasure) -> Result<Option<ErasureDone>> {
        if erasure.decision == Decision::Refused {
            return Ok(None);
        }
        let mut events = Vec::new();
        let days;
        {
            let state = self.read_state();
            let ledger = &state.ledger;
            days = trail_days(ledger);
            for rows in &erasure.batches {
                let batch = ledger.revision(&rows.batch.0).and_then(|at| ledger.batch_of(at));
                // What was recorded behind the copy is not here, and is known by its fingerprint.
                let Some(batch) = batch else { continue };
                events.extend(rows_of(&rows.runs).map(|row| EventRef { batch, row }));
            }
        }
        // With a subject's key everything goes that is sealed under it, but of a day of the trail what is named;
        // what is restricted is named one by one.
        let sealed = erasure.sealed.iter();
        let mut targets: Vec<Target> = if erasure.decision == Decision::Erased {
            let (of_trail, others): (Vec<_>, Vec<_>) = sealed.partition(|value| {
                // Of a day of which all waits yet the ledger knows nothing.
                days.contains(&value.subject) || SAID.contains(&value.field.as_str())
            });
            let subjects: BTreeSet<_> = others.into_iter().map(|value| value.subject).collect();
            let of_trail = of_trail.into_iter().cloned().map(Target::Value);
            subjects.into_iter().map(Target::Subject).chain(of_trail).collect()
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
        // What of the trail went with it is named already.
        let ahead = self.ahead_of(erasure, &days);
        let how = How { ahead, ..How::of(Reach::Named, MissingSeeds::Pass) };
        match self.erase_within(&order, how, false) {
            Ok(done) => Ok(Some(done)),
            Err(Error::NothingToErase { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
