//! What of an erasure only retracted imports hold: a retraction destroys nothing, so it goes with the
//! rest, and whoever decides is told.

use super::{ErasureOrder, Rows, Target};
use crate::ledger::Ledger;
use crate::runs::within;
use crate::store::Store;
use lineal_proof::Hash;
use std::collections::BTreeSet;

/// What no import holds that stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RetractedShare {
    /// Rows of batches.
    pub rows: u64,
    /// Fields that were named, of nodes that nobody describes any more.
    pub fields: u64,
}

impl RetractedShare {
    /// Is everything held by an import that stands?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == RetractedShare::default()
    }
}

impl Store {
    /// What of an order only retracted imports hold.
    pub(super) fn retracted_share(&self, order: &ErasureOrder, rows: &Rows) -> RetractedShare {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        if ledger.retractions.is_empty() {
            return RetractedShare::default();
        }
        let rows = rows.iter().map(|(ordinal, own)| retracted_rows(ledger, *ordinal, own)).sum();
        let is_retracted = |target: &&Target| match target {
            Target::Field(node, _) => !is_described(ledger, node),
            _ => false,
        };
        let fields = order.targets.iter().filter(is_retracted).count() as u64;
        RetractedShare { rows, fields }
    }
}

/// How many of these rows of a batch are alive in no view of now.
fn retracted_rows(ledger: &Ledger, ordinal: u32, own: &BTreeSet<u32>) -> u64 {
    let (upto, all) = (ledger.commit(), own.len() as u64);
    if ledger.effective(ledger.batches[ordinal as usize].revision, upto).is_none() {
        return all;
    }
    let Some(kept) = ledger.kept_rows(ordinal, upto) else { return 0 };
    all - own.iter().filter(|row| within(&kept, **row)).count() as u64
}

/// Does an import that stands describe the node?
fn is_described(ledger: &Ledger, node: &Hash) -> bool {
    let upto = ledger.commit();
    ledger.node(node).is_some_and(|entry| {
        ledger.revisions_of(entry).any(|revision| ledger.effective(revision, upto).is_some())
    })
}
