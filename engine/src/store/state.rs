//! What an open store keeps in mind: up to where it is whole, and the log folded.

use super::LazyLedger;
use crate::claims::{ClaimIndex, is_claim};
use crate::head::Head;
use crate::ledger::ReadTransaction;
use crate::schema::Kind;

pub(crate) struct State {
    pub(crate) head: Head,
    pub(crate) ledger: LazyLedger,
    /// Exact nodes that are described, for pins of claims.
    pub(crate) claims: ClaimIndex,
    claimed: Vec<bool>,
    walked: usize,
}

impl State {
    pub(crate) fn new(head: Head, ledger: LazyLedger) -> State {
        let claims = ClaimIndex::default();
        State { head, ledger, claims, claimed: Vec::new(), walked: 0 }
    }

    /// Takes a transaction that stands in a segment.
    pub(crate) fn take(&mut self, transaction: ReadTransaction) {
        self.ledger.apply(transaction);
    }

    /// Brings the look-ups for claims up to date: only writers need them.
    pub(crate) fn index_claims(&mut self) {
        self.claimed.resize(self.ledger.nodes.len(), false);
        let ledger = &self.ledger;
        for revision in ledger.revisions.numbers().skip(self.walked) {
            let node = ledger.revisions.node(revision);
            let kind = ledger.nodes.kind(node);
            if std::mem::replace(&mut self.claimed[node as usize], true)
                || !matches!(kind, Kind::Model | Kind::Dataset)
            {
                continue;
            }
            let key = ledger.nodes.key(node);
            if !is_claim(kind, &key) {
                self.claims.add(node, kind, &key);
            }
        }
        self.walked = self.ledger.revisions.len();
    }
}
