//! What was decided of requests to erase: the records, as a list for people.

use crate::error::Result;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedRows, Erasure, Hold};
use std::collections::BTreeSet;

/// A decision, as one commit records it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionInfo {
    /// The commit.
    pub commit: u64,
    /// When it was recorded, ns.
    pub recorded: i64,
    /// What was decided.
    pub decision: Decision,
    /// The legal ground.
    pub basis: String,
    /// The reference of the request.
    pub reference: String,
    /// The actor keys of who decided and of who did it.
    pub decided_by: Option<String>,
    /// As above.
    pub executed_by: Option<String>,
    /// Rows that are named.
    pub rows: u64,
    /// Sealed values that are named.
    pub values: u64,
}

/// All that a store's log decided about erasing, to be done again in an older copy of it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DecisionLog {
    /// The store's id.
    pub store: [u8; 16],
    /// The commits and what they decided, in the order of the log.
    pub steps: Vec<(u64, DecidedStep)>,
}

/// A record that decides about erasing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecidedStep {
    /// That something is erased, restricted, lifted or refused.
    Erasure(Erasure),
    /// That something must not be, or may be again.
    Hold(Hold),
}

impl Store {
    /// Every decision about erasing, as it is recorded.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] if the log cannot be read.
    pub fn decision_log(&self) -> Result<DecisionLog> {
        let state = self.read_state();
        let ledger = state.ledger.load()?;
        let erasures = ledger.erasures.iter();
        let erasures = erasures.map(|(at, one)| (*at, DecidedStep::Erasure(one.clone())));
        let holds = ledger.holds.iter().map(|(at, one)| (*at, DecidedStep::Hold(one.clone())));
        let mut steps: Vec<(u64, DecidedStep)> = erasures.chain(holds).collect();
        steps.sort_by_key(|(commit, _)| *commit);
        Ok(DecisionLog { store: *self.id(), steps })
    }

    /// The decisions on requests, in the order of the log: one a commit, however many records it took.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] if the log cannot be read.
    pub fn decisions(&self) -> Result<Vec<DecisionInfo>> {
        self.decisions_on(&|_| true)
    }

    /// The same of these alone: ids of batches' revisions, whose rows are meant, and of nodes, whose sealed
    /// values are. Rows and values of others are not counted.
    ///
    /// # Errors
    /// As [`Store::decisions`].
    pub fn decisions_about(&self, things: &BTreeSet<Hash>) -> Result<Vec<DecisionInfo>> {
        let all = self.decisions_on(&|id| things.contains(id))?;
        Ok(all.into_iter().filter(|decision| decision.rows + decision.values > 0).collect())
    }

    fn decisions_on(&self, is_meant: &dyn Fn(&Hash) -> bool) -> Result<Vec<DecisionInfo>> {
        let state = self.read_state();
        let ledger = state.ledger.load()?;
        let mut all: Vec<DecisionInfo> = Vec::new();
        for (commit, erasure) in &ledger.erasures {
            let batches = erasure.batches.iter().filter(|rows| is_meant(&rows.batch.0));
            let rows: u64 = batches.map(ErasedRows::count).sum();
            let meant = |id: &Hash, other: &Hash| is_meant(id) || is_meant(other);
            let values = erasure.sealed.iter().filter(|value| meant(&value.node, &value.subject));
            let values = values.count() as u64;
            match all.last_mut().filter(|last| last.commit == *commit) {
                Some(last) => {
                    last.rows += rows;
                    last.values += values;
                }
                None => all.push(DecisionInfo {
                    commit: *commit,
                    recorded: ledger.commit_entry(*commit).map_or(0, |entry| entry.recorded),
                    decision: erasure.decision,
                    basis: erasure.basis.clone(),
                    reference: erasure.reference.clone(),
                    decided_by: erasure.decided_by.clone(),
                    executed_by: erasure.executed_by.clone(),
                    rows,
                    values,
                }),
            }
        }
        Ok(all)
    }
}
