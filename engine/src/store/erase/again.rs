//! Doing again what a later log of the same store decided: after an older copy was put back.

use super::missing::MissingSeeds;
use super::trail::{SAID, trail_days};
use super::{ErasureDone, ErasureOrder, How, Reach, Target};
use crate::error::{Error, Result};
use crate::later_erasures::LaterErasures;
use crate::ledger::Ledger;
use crate::runs::{rows_of, runs_of, within_sorted};
use crate::snapshot::EventRef;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedRows, Erasure};
use std::collections::BTreeSet;

impl Store {
    /// Erases what an erasure of another log of this store names and is here, on the same decision, restricts
    /// it, or lifts that. Of what is erased and is not here the fingerprints are recorded: whatever import
    /// brings it later, it is known. None if there is nothing to do. Where the seeds are of after it, leaves and
    /// fingerprints are those that the other log kept (`later`).
    ///
    /// # Errors
    /// As [`Store::erase`].
    pub(crate) fn erase_again(
        &self,
        erasure: &Erasure,
        later: &LaterErasures,
    ) -> Result<Option<ErasureDone>> {
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
        let (unsalted, later) = (self.unsalted_by(erasure), Some(later));
        let named = How::of(Reach::Named, MissingSeeds::Pass);
        let how = How { ahead, unsalted, later, ..named };
        match self.erase_within(&order, how, false) {
            Ok(done) => Ok(Some(done)),
            Err(Error::NothingToErase { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Rows that are here and stay, whose salts are gone by an erasure of another log, with the leaves that it kept.
    fn unsalted_by(&self, erasure: &Erasure) -> Vec<ErasedRows> {
        let state = self.read_state();
        let (ledger, secrets): (&Ledger, _) = (&state.ledger, self.secrets());
        let left = |rows: &ErasedRows| {
            let revision = &rows.batch.0;
            let ordinal = ledger.revision(revision).and_then(|at| ledger.batch_of(at))?;
            let batch = &ledger.batches[ordinal as usize];
            let node = ledger.nodes.id(ledger.revisions.node(batch.revision));
            let cover = secrets.keys.cover(revision, &node.0[..16], batch.rows.into())?;
            let kept = ledger.kept_leaves(revision);
            let is_left = |row: u32| {
                cover.salt(row).is_none()
                    && !within_sorted(&batch.erased, row)
                    && !kept.contains_key(&row)
            };
            let left = rows.each().filter(|(row, _)| is_left(*row));
            let (own, leaves): (Vec<u32>, Vec<Hash>) =
                left.filter_map(|(row, leaf)| Some((row, leaf?))).unzip();
            let (batch, runs) = (rows.batch, runs_of(own));
            (!runs.is_empty()).then_some(ErasedRows { batch, runs, leaves: Some(leaves) })
        };
        erasure.unsalted.iter().filter_map(left).collect()
    }
}
