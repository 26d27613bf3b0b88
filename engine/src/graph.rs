//! The node graph of one view: dense numbers, adjacency per relation, look-ups by name.
//!
//! Built from the ledger and the heads of all chains; immutable. Node numbers are contiguous per
//! kind, in key order, and mean nothing outside their view.

mod build;
mod csr;
mod labels;
mod resolve;

pub(crate) use build::{build, container_place};
pub(crate) use csr::Csr;
pub(crate) use labels::{Labels, claim_name, copied_fields, key_fields, label_hash, tag_hash};
pub use labels::{is_looked_up, quoted, unquoted};

use crate::id_map::IdMap;
use crate::ledger::ChainHead;
use crate::runs::within;
use crate::schema::{Direction, Kind, RELATION_COUNT, Relation};
use crate::segment::Location;
use lineal_proof::{Hash, Key};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The number of a node in its view.
pub type NodeNo = u32;

/// One chain's head, as a node keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeHead {
    pub(crate) chain: u16,
    pub(crate) id: Hash,
    pub(crate) at: Location,
    /// The interval in which it vanished from its source, if it did.
    pub(crate) gone: Option<(i64, i64)>,
}

/// A node of a view.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: Hash,
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    /// Heads of its chains, the one on top first; none for a missing node.
    pub(crate) heads: Vec<NodeHead>,
    pub(crate) first_commit: u64,
    pub(crate) last_commit: u64,
    pub(crate) revisions: u32,
    pub(crate) deleted: bool,
    /// Nodes that a claim fits, where it fits several.
    pub(crate) candidates: Vec<NodeNo>,
}

impl Node {
    /// Is it only referred to?
    pub(crate) fn is_missing(&self) -> bool {
        self.heads.is_empty() && self.kind != Kind::Import
    }
}

/// A container as its manifest describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ContainerPlace {
    pub(crate) id: Hash,
    pub(crate) generation: u32,
    pub(crate) length: u64,
    pub(crate) sha256: Hash,
}

/// A batch that is alive.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) node: NodeNo,
    pub(crate) deployment: NodeNo,
    pub(crate) ordinal: u32,
    /// The commit that wrote it.
    pub(crate) commit: u64,
    pub(crate) rows: u32,
    pub(crate) events: u64,
    pub(crate) overrides: u64,
    pub(crate) art12: u64,
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    /// Its container among those of the graph, and its first row in it.
    pub(crate) place: Option<(u32, u32)>,
    /// Rows that live on although the import that brought them is retracted; all if none.
    pub(crate) kept: Option<Vec<(u32, u32)>>,
    /// Rows that another row of the same identity outweighs: alive, but no events that count.
    pub(crate) outweighed: Vec<(u32, u32)>,
    /// Rows whose identity was known with other content when they were written. Only there
    /// while the view is made.
    pub(crate) doubted: Vec<(u32, u32)>,
}

impl Batch {
    /// Is a row alive?
    pub(crate) fn has_row(&self, row: u32) -> bool {
        row < self.rows && self.kept.as_ref().is_none_or(|runs| within(runs, row))
    }

    /// Is a row an event that counts?
    pub(crate) fn counts(&self, row: u32) -> bool {
        self.has_row(row) && !within(&self.outweighed, row)
    }
}

/// What is derived for a deployment from its batches.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct DeploymentEvents {
    pub(crate) events: u64,
    pub(crate) overrides: u64,
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
}

/// An import, as its commits tell.
#[derive(Clone, Default, Debug)]
pub(crate) struct ImportFacts {
    pub(crate) number: u64,
    pub(crate) recorded: i64,
    pub(crate) revisions: u64,
    pub(crate) events: u64,
    pub(crate) retracted: bool,
}

/// The graph of a view.
pub(crate) struct Graph {
    pub(crate) commit: u64,
    pub(crate) recorded: i64,
    pub(crate) nodes: Vec<Node>,
    /// Where each kind begins; one more at the end.
    pub(crate) kinds: Vec<u32>,
    pub(crate) forward: [Csr; RELATION_COUNT],
    pub(crate) inverse: [Csr; RELATION_COUNT],
    pub(crate) labels: Labels,
    /// Revision ids of all nodes in the view, sorted.
    pub(crate) ids: Vec<(Hash, NodeNo)>,
    pub(crate) chains: Vec<(String, String)>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) containers: Vec<ContainerPlace>,
    pub(crate) batch_of_ordinal: HashMap<u32, u32>,
    /// Batches of a node: more than one where rows of a retracted import were imported again.
    pub(crate) batch_of_node: HashMap<NodeNo, Vec<u32>>,
    pub(crate) deployments: HashMap<NodeNo, DeploymentEvents>,
    pub(crate) imports: BTreeMap<NodeNo, ImportFacts>,
    pub(crate) commit_times: Vec<i64>,
    pub(crate) blobs: IdMap<Location>,
    /// Names given by hand: kind, name, what they stand for.
    pub(crate) aliases: Vec<(String, String, Key)>,
}

impl Graph {
    /// The numbers of a kind's nodes.
    pub(crate) fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        let at = kind as usize;
        self.kinds.get(at).copied().unwrap_or(0)..self.kinds.get(at + 1).copied().unwrap_or(0)
    }

    /// A node.
    pub(crate) fn node(&self, node: NodeNo) -> &Node {
        &self.nodes[node as usize]
    }

    /// Neighbours over a relation.
    pub(crate) fn edges(
        &self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
    ) -> &[NodeNo] {
        let csr = match direction {
            Direction::Forward => &self.forward[relation as usize],
            Direction::Inverse => &self.inverse[relation as usize],
        };
        csr.of(node)
    }

    /// Adds up what deployments derive from their batches.
    pub(crate) fn derive_deployments(&mut self) {
        self.deployments.clear();
        for batch in &self.batches {
            let derived = self.deployments.entry(batch.deployment).or_default();
            derived.events += batch.events;
            derived.overrides += batch.overrides;
            if batch.first_time <= batch.last_time {
                let first = derived.first.unwrap_or(batch.first_time);
                let last = derived.last.unwrap_or(batch.last_time);
                derived.first = Some(first.min(batch.first_time));
                derived.last = Some(last.max(batch.last_time));
            }
        }
    }

    /// When a commit was recorded.
    pub(crate) fn recorded_at(&self, commit: u64) -> Option<i64> {
        let at = usize::try_from(commit.checked_sub(1)?).ok()?;
        self.commit_times.get(at).copied()
    }
}

/// Keeps what a node needs of a chain's head.
pub(crate) fn node_head(ledger: &crate::ledger::Ledger, head: &ChainHead, upto: u64) -> NodeHead {
    let revision = &ledger.revisions[head.revision as usize];
    NodeHead { chain: head.chain, id: revision.id, at: revision.at, gone: ledger.gone(head, upto) }
}
