//! A view up to a commit: it never moves, and answers what a query asks.

mod aliases;
mod events;
mod fields;
mod lookup;
mod revisions;
mod runs;
mod views;
mod weigh;

pub use events::{BatchInfo, EventRef, EventRows};
pub use fields::Folded;
pub use revisions::RevisionInfo;
pub(crate) use runs::DiskRuns;
pub(crate) use views::Views;

use crate::events::KeyRun;
use crate::graph::{Graph, NodeNo};
use crate::mapping::Bytes;
use crate::schema::{Direction, Kind, Relation};
use crate::storage::Storage;
use crate::store::SecretBox;
use lineal_proof::{Hash, Key};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

/// Everything that a snapshot shares with its clones.
pub(crate) struct View {
    pub(crate) graph: Graph,
    segments: Vec<Bytes>,
    storage: Arc<dyn Storage>,
    secrets: Arc<RwLock<SecretBox>>,
    containers: Mutex<HashMap<u32, Arc<crate::events::Container>>>,
    decoded: crate::events::Decoded,
    /// Opened when a value is first looked up.
    runs: OnceLock<Vec<KeyRun>>,
    disk_runs: Arc<DiskRuns>,
    store: [u8; 16],
    /// Which event fields can be looked up by value.
    indexed: crate::events::IndexedFields,
    /// Nodes that are only referred to or that a claim leaves open, ascending; found when first
    /// asked for.
    doubtful: OnceLock<Vec<NodeNo>>,
    /// Candidates of references that fit several nodes, each with such a reference, ascending;
    /// found when first asked for.
    open_claims: OnceLock<Vec<(NodeNo, NodeNo)>>,
}

/// A view of a store up to a commit. Cloning is cheap; it stays valid while the store is written.
#[derive(Clone)]
pub struct Snapshot {
    view: Arc<View>,
}

impl View {
    fn secrets(&self) -> RwLockReadGuard<'_, SecretBox> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    pub(crate) fn new(view: Arc<View>) -> Snapshot {
        Snapshot { view }
    }

    fn graph(&self) -> &Graph {
        &self.view.graph
    }

    /// The commit that the view ends with, 0 for an empty store.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.graph().commit
    }

    /// When that commit was recorded, ns.
    #[must_use]
    pub fn recorded(&self) -> i64 {
        self.graph().recorded
    }

    /// How many nodes there are, missing ones included.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        u32::try_from(self.graph().nodes.len()).unwrap_or(u32::MAX)
    }

    /// The numbers of a kind's nodes, in key order.
    #[must_use]
    pub fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        self.graph().nodes_of(kind)
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind_of(&self, node: NodeNo) -> Kind {
        self.graph().node(node).kind
    }

    /// The key of a node.
    #[must_use]
    pub fn key_of(&self, node: NodeNo) -> &Key {
        &self.graph().node(node).key
    }

    /// The id of a node: the id of its stub, the same in every store.
    #[must_use]
    pub fn node_id(&self, node: NodeNo) -> Hash {
        self.graph().node(node).id
    }

    /// Neighbours over a relation, ascending.
    #[must_use]
    pub fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        self.graph().edges(node, relation, direction)
    }

    /// How many edges of a relation there are.
    #[must_use]
    pub fn edge_count(&self, relation: Relation) -> usize {
        self.graph().forward[relation as usize].len()
    }

    /// Is the node only referred to, never imported?
    #[must_use]
    pub fn is_missing(&self, node: NodeNo) -> bool {
        self.graph().node(node).is_missing()
    }

    /// Is it marked deleted in its source?
    #[must_use]
    pub fn is_deleted(&self, node: NodeNo) -> bool {
        self.graph().node(node).deleted
    }

    /// The nodes that a claim fits, where it fits several: which one is meant cannot be told.
    #[must_use]
    pub fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        &self.graph().node(node).candidates
    }

    /// Nodes of a kind that are only referred to, or that a claim leaves open. Ascending.
    #[must_use]
    pub fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        let all = self.view.doubtful.get_or_init(|| {
            let nodes = (0_u32..).zip(&self.graph().nodes);
            let is_doubtful =
                |node: &crate::graph::Node| node.is_missing() || !node.candidates.is_empty();
            nodes.filter(|(_, node)| is_doubtful(node)).map(|(at, _)| at).collect()
        });
        let range = self.nodes_of(kind);
        let place = |bound: NodeNo| all.partition_point(|node| *node < bound);
        &all[place(range.start)..place(range.end)]
    }

    /// References that fit several nodes, this one among them: each may mean it or another. As
    /// pairs that begin with the node, ascending.
    #[must_use]
    pub fn open_claims(&self, node: NodeNo) -> &[(NodeNo, NodeNo)] {
        let all = self.view.open_claims.get_or_init(|| {
            let nodes = (0_u32..).zip(&self.graph().nodes);
            let mut pairs: Vec<(NodeNo, NodeNo)> = nodes
                .flat_map(|(at, open)| open.candidates.iter().map(move |fitting| (*fitting, at)))
                .collect();
            pairs.sort_unstable();
            pairs
        });
        let place = |bound: NodeNo| all.partition_point(|(fitting, _)| *fitting < bound);
        &all[place(node)..place(node.saturating_add(1))]
    }

    /// The id of the node's current revision; none if it is missing or derived.
    #[must_use]
    pub fn revision_id(&self, node: NodeNo) -> Option<Hash> {
        self.graph().node(node).heads.first().map(|head| head.id)
    }

    /// Who speaks of the node: source and form of each chain, the one on top first.
    #[must_use]
    pub fn sources_of(&self, node: NodeNo) -> Vec<(&str, &str)> {
        let chains = &self.graph().chains;
        let heads = self.graph().node(node).heads.iter();
        heads
            .filter_map(|head| chains.get(usize::from(head.chain)))
            .map(|(source, form)| (source.as_str(), form.as_str()))
            .collect()
    }
}
