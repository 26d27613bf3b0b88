//! A view up to a commit: it never moves, and answers what a query asks.

mod aliases;
mod columns;
mod events;
mod fields;
mod hits;
mod ids;
mod lookup;
mod missed;
mod narrowed;
mod opened;
mod pending;
mod presence;
mod prove;
mod restricted;
mod revisions;
mod rivals;
mod runs;
mod sharing;
mod standing;
mod trail;
mod views;
mod weigh;

pub use columns::FieldColumn;
pub use events::{BatchInfo, EventRef, EventRows};
pub use fields::Folded;
pub use narrowed::{KnownSystems, Systems};
pub use presence::Presence;
pub use prove::{AbsenceSize, Claim, Missing, PathStep, Thing, Unproved};
pub use revisions::RevisionInfo;
pub use rivals::Contradicted;
pub(crate) use runs::DiskRuns;
pub use standing::{Standing, StandingRows};
pub(crate) use views::{Views, generation_of};

use crate::error::Error;
use crate::events::KeyRun;
use crate::graph::{Graph, NodeNo};
use crate::keys::ValueHasher;
use crate::mapping::Bytes;
use crate::schema::{Direction, Kind, Relation};
use crate::storage::Storage;
use crate::store::{Mark, SecretBox};
use lineal_proof::{Hash, Key};
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

/// Everything that a snapshot shares with its clones.
pub(crate) struct View {
    pub(crate) graph: Graph,
    segments: Vec<Bytes>,
    storage: Arc<dyn Storage>,
    secrets: Arc<RwLock<SecretBox>>,
    /// Sealed values that were opened.
    opened: opened::Opened,
    erased_in_log: missed::ErasedInLog,
    /// Events of which rows say different things, once they were asked for.
    contradicted: OnceLock<Vec<Contradicted>>,
    /// Those of the graph, opened when a row is first read.
    containers: Vec<OnceLock<Box<crate::events::Container>>>,
    decoded: crate::events::Decoded,
    row_indexes: ids::RowIndexes,
    /// Opened when a value is first looked up.
    runs: OnceLock<Vec<KeyRun>>,
    /// What hashes values that are looked up, once it was asked for: the key never changes.
    hasher: OnceLock<ValueHasher>,
    disk_runs: Arc<DiskRuns>,
    store: [u8; 16],
    /// Which event fields can be looked up by value.
    indexed: crate::events::IndexedFields,
    /// Keeps the containers that the graph names in place.
    _mark: Option<Mark>,
}

/// A view of a store up to a commit. Cloning is cheap; it stays valid while the store is written.
#[derive(Clone)]
pub struct Snapshot {
    view: Arc<View>,
    whole_ids: bool,
    /// Is the trail of who asked what kept back?
    hides_trail: bool,
    /// The last commit that is recorded, where others are in the view that are not ([`Store::aside`]).
    ///
    /// [`Store::aside`]: crate::Store::aside
    recorded_upto: Option<u64>,
    /// Is what is restricted shown?
    with_restricted: bool,
    /// The systems whose events alone are in it, where it is of such.
    narrowed: Option<Arc<narrowed::Narrowed>>,
}

impl View {
    fn secrets(&self) -> RwLockReadGuard<'_, SecretBox> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    pub(crate) fn new(view: Arc<View>) -> Snapshot {
        Snapshot {
            view,
            whole_ids: false,
            hides_trail: false,
            recorded_upto: None,
            with_restricted: false,
            narrowed: None,
        }
    }

    fn graph(&self) -> &Graph {
        &self.view.graph
    }

    /// What was found to be damaged in derived files while this view was read, first thing first.
    /// What is damaged counts as nothing: whoever gives an answer asks this at its end, and gives
    /// the error in its stead.
    #[must_use]
    pub fn damage(&self) -> Option<Error> {
        self.graph().damage().found()
    }

    /// The commit that the view ends with, 0 for an empty store. What is pending is in none.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.recorded_upto.unwrap_or(self.graph().commit)
    }

    /// When that commit was recorded, ns.
    #[must_use]
    pub fn recorded(&self) -> i64 {
        match self.recorded_upto {
            Some(commit) => self.graph().recorded_at(commit).unwrap_or_default(),
            None => self.graph().recorded,
        }
    }

    /// How many nodes there are, missing ones included.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        u32::try_from(self.graph().node_count()).unwrap_or(u32::MAX)
    }

    /// The numbers of a kind's nodes, in key order.
    #[inline]
    #[must_use]
    pub fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        if self.hides(kind) { 0..0 } else { self.graph().nodes_of(kind) }
    }

    /// The kind of a node.
    #[inline]
    #[must_use]
    pub fn kind_of(&self, node: NodeNo) -> Kind {
        self.graph().kind_of(node)
    }

    /// The key of a node.
    #[must_use]
    pub fn key_of(&self, node: NodeNo) -> Key {
        self.graph().key(node)
    }

    /// The id of a node: the id of its stub, the same in every store.
    #[must_use]
    pub fn node_id(&self, node: NodeNo) -> Hash {
        self.graph().node_id(node)
    }

    /// Neighbours over a relation, ascending.
    #[inline]
    #[must_use]
    pub fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        self.graph().edges(node, relation, direction)
    }

    /// How many edges of a relation there are.
    #[must_use]
    pub fn edge_count(&self, relation: Relation) -> usize {
        self.graph().edge_count(relation)
    }

    /// Is the node only referred to, never imported?
    #[inline]
    #[must_use]
    pub fn is_missing(&self, node: NodeNo) -> bool {
        self.graph().is_missing(node)
    }

    /// Is it marked deleted in its source?
    #[inline]
    #[must_use]
    pub fn is_deleted(&self, node: NodeNo) -> bool {
        self.graph().is_deleted(node)
    }

    /// The nodes that a claim fits, where it fits several: which one is meant cannot be told.
    #[must_use]
    pub fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        self.graph().candidates(node)
    }

    /// Nodes of a kind that are only referred to, or that a claim leaves open. Ascending.
    #[must_use]
    pub fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        self.graph().doubtful(kind)
    }

    /// References that fit several nodes, this one among them: each may mean it or another.
    /// Ascending.
    #[must_use]
    pub fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        self.graph().open_claims(node)
    }

    /// The id of the node's current revision; none if it is missing or derived.
    #[must_use]
    pub fn revision_id(&self, node: NodeNo) -> Option<Hash> {
        self.graph().revision_id(node)
    }

    /// Who speaks of the node: source and form of each chain, the one on top first.
    #[must_use]
    pub fn sources_of(&self, node: NodeNo) -> Vec<(&str, &str)> {
        let chains = &self.graph().chains;
        let heads = self.graph().heads(node);
        heads
            .filter_map(|head| chains.get(usize::from(head.chain)))
            .map(|(source, form)| (source.as_str(), form.as_str()))
            .collect()
    }
}
