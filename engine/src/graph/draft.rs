//! A graph while it is built: plain structs, which are then laid out flat.

use super::csr::Rows;
use super::{Batch, ContainerPlace, ImportFacts, NodeNo, UnreadLog};
use crate::events::IndexedFields;
use crate::ledger::{ChainHead, Ledger};
use crate::schema::{Kind, RELATION_COUNT};
use crate::segment::Location;
use lineal_proof::{Hash, Key};
use std::collections::BTreeMap;
use std::ops::Range;

/// One chain's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct DraftHead {
    pub(super) chain: u16,
    /// Its number in the ledger.
    pub(super) revision: u32,
    pub(super) at: Location,
    /// Did it vanish from its source?
    pub(super) is_gone: bool,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: Hash,
    pub(super) kind: Kind,
    pub(super) key: Key,
    /// Heads of its chains, the one on top first; none for a missing node.
    pub(super) heads: Vec<DraftHead>,
    pub(super) first_commit: u64,
    pub(super) last_commit: u64,
    pub(super) revisions: u32,
    pub(super) deleted: bool,
    /// Nodes that a claim fits, where it fits several.
    pub(super) candidates: Vec<NodeNo>,
}

/// The whole.
pub(super) struct Draft {
    pub(super) commit: u64,
    pub(super) recorded: i64,
    pub(super) indexed: IndexedFields,
    pub(super) nodes: Vec<Node>,
    /// Where each kind begins; one more at the end.
    pub(super) kinds: Vec<u32>,
    pub(super) forward: [Rows; RELATION_COUNT],
    pub(super) inverse: [Rows; RELATION_COUNT],
    pub(super) labels: Vec<(u64, NodeNo)>,
    /// Revision ids of all nodes in the view, sorted.
    pub(super) ids: Vec<(Hash, NodeNo)>,
    /// Where among these each revision of the ledger stands; the end for one that is not there.
    pub(super) id_places: Vec<u32>,
    /// See [`super::Graph`].
    pub(super) states_derived: bool,
    pub(super) chains: Vec<(String, String)>,
    pub(super) batches: Vec<Batch>,
    pub(super) containers: Vec<ContainerPlace>,
    pub(super) imports: BTreeMap<NodeNo, ImportFacts>,
    pub(super) commit_times: Vec<i64>,
    pub(super) blobs: Vec<(Hash, Location)>,
    /// Names given by hand: kind, name, what they stand for.
    pub(super) aliases: Vec<(String, String, Key)>,
    /// Logs of which lines could not be read.
    pub(super) unread: Vec<UnreadLog>,
}

impl Draft {
    /// The numbers of a kind's nodes.
    pub(super) fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        let at = kind as usize;
        self.kinds.get(at).copied().unwrap_or(0)..self.kinds.get(at + 1).copied().unwrap_or(0)
    }
}

/// Keeps what a node needs of a chain's head.
pub(super) fn draft_head(ledger: &Ledger, head: &ChainHead, upto: u64) -> DraftHead {
    let revision = &ledger.revisions[head.revision as usize];
    let is_gone = ledger.gone(head, upto).is_some();
    DraftHead { chain: head.chain, revision: head.revision, at: revision.at, is_gone }
}
