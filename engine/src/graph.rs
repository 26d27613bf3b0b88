//! The node graph of one view: dense numbers, adjacency per relation, look-ups by name.
//!
//! One form for all: sections of plain numbers, read in place, whether they were built in memory
//! from the ledger or stand in a mapped file. Immutable. Node numbers are contiguous per kind, in
//! key order, and mean nothing outside their view.

mod batch_places;
mod batches;
mod build;
mod claim_edges;
mod column;
mod counters;
mod csr;
mod derived;
mod described;
mod flatten;
mod former;
mod label_lists;
mod labels;
mod links;
mod named;
mod open;
mod order;
mod resolve;
mod revision_ids;
mod tail;
mod unread;
mod uses;

pub(crate) use batch_places::BatchPlace;
use batch_places::BatchPlaces;
pub(crate) use batches::Batches;
pub(crate) use build::build;
pub use column::{Cell, Wanted};
pub(crate) use column::{Column, ColumnDraft, fields_of};
use counters::Counted;
pub use counters::{CounterColumns, Counters};
pub use csr::Adjacency;
pub(crate) use csr::Csr;
pub(crate) use derived::container_place;
pub(crate) use former::Former;
pub(crate) use labels::{Labels, claim_name, copied_fields, key_fields, label_hash, tag_hash};
pub use labels::{is_looked_up, quoted, unquoted};
use revision_ids::RevisionIds;
pub(crate) use tail::{Base, Place, Tail};
pub use unread::UnreadLog;
pub(crate) use uses::follow;

use crate::damage::Damage;
use crate::events::{IndexedFields, MonthCounts};
use crate::key_bytes;
use crate::ledger::unpack;
use crate::runs::{rows_of, within_sorted};
use crate::schema::{Direction, KINDS, Kind, Relation};
use crate::sections::{Section, Sections};
use crate::segment::Location;
use lineal_proof::{Hash, Key};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The number of a node in its view.
pub type NodeNo = u32;

/// One chain's head, as a node keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeHead {
    pub(crate) chain: u16,
    /// Where its id stands among the revisions of the view.
    revision: u32,
    pub(crate) at: Location,
}

/// What a node is in one bit.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Flag {
    /// It is only referred to.
    Missing = 1,
    Deleted = 2,
    /// No chain's newest full snapshot holds it.
    Gone = 4,
    /// Its claim fits several nodes.
    Candidates = 8,
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
    /// Rows that live on although the import that brought them is retracted, ascending and apart; all if
    /// none. In a view of some systems those of these alone.
    pub(crate) kept: Option<Vec<(u32, u32)>>,
    /// Rows that another row of the same identity outweighs: alive, but no events that count. Ascending,
    /// apart from each other.
    pub(crate) outweighed: Vec<(u32, u32)>,
    /// Rows that were erased: no events that can be shown. Counters count them.
    pub(crate) erased: Vec<(u32, u32)>,
    /// Rows that are restricted: events that are shown only to those who may see such.
    pub(crate) restricted: Vec<(u32, u32)>,
    /// Rows whose identity was known with other content when they were written. Only there
    /// while the view is made.
    pub(crate) doubted: Vec<(u32, u32)>,
    /// Its counters by month, in order; those of events without a time last.
    pub(crate) months: Vec<MonthCounts>,
}

impl Batch {
    /// Is a row alive, and there?
    pub(crate) fn has_row(&self, row: u32) -> bool {
        row < self.rows
            && self.kept.as_ref().is_none_or(|runs| within_sorted(runs, row))
            && !within_sorted(&self.erased, row)
    }

    /// Would an erased row be an event that counts, were it there?
    pub(crate) fn counts_erased(&self, row: u32) -> bool {
        self.kept.as_ref().is_none_or(|runs| within_sorted(runs, row))
            && !within_sorted(&self.outweighed, row)
    }

    /// Is a row an event that counts?
    pub(crate) fn counts(&self, row: u32) -> bool {
        self.has_row(row) && !within_sorted(&self.outweighed, row)
    }

    /// Is a row an event that counts and is shown?
    pub(crate) fn shows(&self, row: u32, with_restricted: bool) -> bool {
        self.counts(row) && (with_restricted || !self.restricts(row))
    }

    /// Is a row for those alone who may see what is restricted?
    pub(crate) fn restricts(&self, row: u32) -> bool {
        within_sorted(&self.restricted, row)
    }

    /// What of it no row shows; none where every event that it counts can be shown.
    pub(crate) fn unshown(&self) -> Option<Unshown> {
        let counted = |runs: &[(u32, u32)]| {
            rows_of(runs).filter(|row| self.counts_erased(*row)).count() as u64
        };
        let (erased, restricted) = (counted(&self.erased), counted(&self.restricted));
        let (batch, events) = (self.node, self.events);
        let of = Unshown { batch, deployment: self.deployment, events, erased, restricted };
        (erased + restricted > 0).then_some(of)
    }
}

/// What of a batch's events no row shows, though its counters count them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unshown {
    /// The batch.
    pub batch: NodeNo,
    /// Its deployment.
    pub deployment: NodeNo,
    /// The events that its counters count.
    pub events: u64,
    /// Of these, those that are erased.
    pub erased: u64,
    /// Of these, those that are restricted and not shown.
    pub restricted: u64,
}

/// What is derived for a deployment from its batches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
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
    /// Which event fields can be looked up by value.
    pub(crate) indexed: IndexedFields,
    /// Do records state edges of relations that are derived, too? Nobody can tell these apart then.
    states_derived: bool,
    /// Are rows of a batch erased or restricted? Mostly none are, and then no batch is asked.
    has_unshown: bool,
    /// Commitments of sealed values that are restricted, ascending.
    pub(crate) restricted_values: Vec<Hash>,
    /// How many sealed values of nodes are erased, by their kinds.
    pub(crate) erased_values: Vec<(Kind, u64)>,
    count: usize,
    /// Where each kind begins; one more at the end.
    kinds: Vec<u32>,
    pub(crate) chains: Vec<(String, String)>,
    pub(crate) containers: Vec<ContainerPlace>,
    ids: Section<[u8; 32]>,
    key_offsets: Section<u32>,
    key_bytes: Section<u8>,
    flags: Section<u8>,
    first_commits: Section<u32>,
    last_commits: Section<u32>,
    revision_counts: Section<u32>,
    head_offsets: Section<u32>,
    head_chains: Section<u16>,
    head_revisions: Section<u32>,
    head_places: Section<u64>,
    candidate_nodes: Section<u32>,
    candidate_offsets: Section<u32>,
    candidates: Section<NodeNo>,
    doubtful: Section<NodeNo>,
    claimed_nodes: Section<NodeNo>,
    claim_offsets: Section<u32>,
    open_claims: Section<NodeNo>,
    forward: Vec<Csr>,
    inverse: Vec<Csr>,
    pub(crate) labels: Labels,
    revision_ids: RevisionIds,
    blob_ids: Section<[u8; 32]>,
    blob_places: Section<u64>,
    commit_times: Section<i64>,
    batch_places: BatchPlaces,
    batches: OnceLock<Batches>,
    counters: OnceLock<Counted>,
    imports: OnceLock<BTreeMap<NodeNo, ImportFacts>>,
    aliases: OnceLock<Vec<(String, String, Key)>>,
    unread: OnceLock<Vec<UnreadLog>>,
    unshown: OnceLock<Vec<Unshown>>,
    /// By kind and number of the field, opened when first asked for.
    columns: [OnceLock<Vec<Option<Column>>>; KINDS.len()],
    /// What it is over its base, if it has one.
    tail: Option<Box<Tail>>,
    sections: Sections,
}

impl Graph {
    /// How many nodes there are.
    pub(crate) fn node_count(&self) -> usize {
        self.count
    }

    /// The numbers of a kind's nodes.
    #[inline]
    pub(crate) fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        let at = kind as usize;
        self.kinds.get(at).copied().unwrap_or(0)..self.kinds.get(at + 1).copied().unwrap_or(0)
    }

    /// The kind of a node.
    #[inline]
    pub(crate) fn kind_of(&self, node: NodeNo) -> Kind {
        let behind = self.kinds.partition_point(|first| *first <= node);
        KINDS.get(behind.saturating_sub(1)).copied().unwrap_or(Kind::Import)
    }

    /// The id of a node.
    pub(crate) fn node_id(&self, node: NodeNo) -> Hash {
        self.ids.get(node as usize).map_or_else(Hash::default, Hash)
    }

    /// What stands between two offsets: nothing, and a note, if these make no sense.
    #[inline]
    fn between<'a, T: crate::mapping::Word>(
        &self,
        offsets: &Section<u32>,
        at: usize,
        items: &'a Section<T>,
    ) -> &'a [T] {
        let Some([from, to]) = offsets.range(at..at + 2) else { return &[] };
        items.range(*from as usize..*to as usize).unwrap_or_else(|| {
            self.sections.misfit("offsets ascend to the end of what they divide");
            &[]
        })
    }

    fn key_bytes(&self, node: NodeNo) -> &[u8] {
        self.between(&self.key_offsets, node as usize, &self.key_bytes)
    }

    /// The key of a node.
    pub(crate) fn key(&self, node: NodeNo) -> Key {
        let bytes = self.key_bytes(node);
        key_bytes::read(bytes).unwrap_or_else(|| {
            self.sections.misfit("each node has a key");
            Key::default()
        })
    }

    /// The text of a part of a node's key, if there is such a part and it is one.
    pub(crate) fn key_text(&self, node: NodeNo, part: usize) -> Option<&str> {
        key_bytes::text(self.key_bytes(node), part)
    }

    /// The node of a kind with exactly this key.
    pub(crate) fn with_key(&self, kind: Kind, key: &Key) -> Option<NodeNo> {
        let at = self.first_from(kind, key);
        (at < self.nodes_of(kind).end && self.key(at) == *key).then_some(at)
    }

    /// The first node of a kind whose key is not before this one; the end of the kind if none.
    pub(crate) fn first_from(&self, kind: Kind, key: &Key) -> NodeNo {
        let Range { start: mut low, end: mut high } = self.nodes_of(kind);
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) < *key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    #[inline]
    fn has(&self, node: NodeNo, flag: Flag) -> bool {
        self.flags.get(node as usize).is_some_and(|flags| flags & flag as u8 != 0)
    }

    /// Is it only referred to?
    #[inline]
    pub(crate) fn is_missing(&self, node: NodeNo) -> bool {
        self.has(node, Flag::Missing)
    }

    /// Is it marked deleted in its source?
    #[inline]
    pub(crate) fn is_deleted(&self, node: NodeNo) -> bool {
        self.has(node, Flag::Deleted)
    }

    /// Is it in no newest full snapshot of its sources?
    pub(crate) fn is_gone(&self, node: NodeNo) -> bool {
        self.has(node, Flag::Gone)
    }

    /// Nodes that its claim fits, where it fits several.
    pub(crate) fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        if !self.has(node, Flag::Candidates) {
            return &[];
        }
        let nodes = self.candidate_nodes.all().unwrap_or_default();
        let Ok(at) = nodes.binary_search(&node) else { return &[] };
        self.between(&self.candidate_offsets, at, &self.candidates)
    }

    /// Nodes of a kind that are only referred to, or that have candidates. Ascending.
    pub(crate) fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        let all = self.doubtful.all().unwrap_or_default();
        let range = self.nodes_of(kind);
        let place = |bound: NodeNo| all.partition_point(|node| *node < bound);
        all.get(place(range.start)..place(range.end)).unwrap_or_else(|| {
            self.sections.misfit("doubtful nodes ascend");
            &[]
        })
    }

    /// The nodes of which this one is a candidate, ascending.
    pub(crate) fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        let nodes = self.claimed_nodes.all().unwrap_or_default();
        let Ok(at) = nodes.binary_search(&node) else { return &[] };
        self.between(&self.claim_offsets, at, &self.open_claims)
    }

    /// The commit that first named it, and the last that said something new about it.
    pub(crate) fn commits_of(&self, node: NodeNo) -> (u64, u64) {
        let at = node as usize;
        let (first, last) = (self.first_commits.get(at), self.last_commits.get(at));
        (first.unwrap_or(0).into(), last.unwrap_or(0).into())
    }

    /// How many revisions of it are recorded.
    pub(crate) fn revisions(&self, node: NodeNo) -> u32 {
        self.revision_counts.get(node as usize).unwrap_or(0)
    }

    /// Heads of its chains, the one on top first.
    pub(crate) fn heads(&self, node: NodeNo) -> impl Iterator<Item = NodeHead> + '_ {
        let at = node as usize;
        let chains = self.between(&self.head_offsets, at, &self.head_chains);
        let revisions = self.between(&self.head_offsets, at, &self.head_revisions);
        let places = self.between(&self.head_offsets, at, &self.head_places);
        chains.iter().zip(revisions).zip(places).map(|((chain, revision), place)| NodeHead {
            chain: *chain,
            revision: *revision,
            at: unpack(*place),
        })
    }

    /// The id of the revision that is a head.
    pub(crate) fn id_of(&self, head: &NodeHead) -> Hash {
        self.revision_ids.get(head.revision as usize).map_or_else(Hash::default, Hash)
    }

    /// The id of the revision on top; none if it is missing or derived.
    pub(crate) fn revision_id(&self, node: NodeNo) -> Option<Hash> {
        let head = self.heads(node).next()?;
        Some(self.id_of(&head))
    }

    /// Nodes that have a revision with an id in a range, ascending.
    pub(crate) fn with_revision(&self, low: &Hash, high: &Hash) -> Vec<NodeNo> {
        self.revision_ids.with(low, high)
    }

    /// Neighbours over a relation.
    #[inline]
    pub(crate) fn edges(
        &self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
    ) -> &[NodeNo] {
        let all = match direction {
            Direction::Forward => &self.forward,
            Direction::Inverse => &self.inverse,
        };
        all.get(relation as usize).and_then(|csr| csr.of(node)).unwrap_or_else(|| {
            self.sections.misfit("offsets ascend to the end of what they divide");
            &[]
        })
    }

    /// All neighbours over a relation.
    pub(crate) fn adjacency(
        &self,
        relation: Relation,
        direction: Direction,
    ) -> Option<Adjacency<'_>> {
        let all = match direction {
            Direction::Forward => &self.forward,
            Direction::Inverse => &self.inverse,
        };
        all.get(relation as usize)?.all()
    }

    /// How many edges of a relation there are.
    pub(crate) fn edge_count(&self, relation: Relation) -> usize {
        self.forward.get(relation as usize).map_or(0, Csr::len)
    }

    /// Where a blob stands.
    pub(crate) fn blob(&self, id: &Hash) -> Option<Location> {
        let ids = &self.blob_ids;
        let at = partition(ids.len(), |at| ids.get(at).is_some_and(|other| other < id.0));
        (ids.get(at)? == id.0).then(|| self.blob_places.get(at).map(unpack)).flatten()
    }

    /// When a commit was recorded.
    pub(crate) fn recorded_at(&self, commit: u64) -> Option<i64> {
        self.commit_times.get(usize::try_from(commit.checked_sub(1)?).ok()?)
    }

    /// What was found damaged so far.
    pub(crate) fn damage(&self) -> &Arc<Damage> {
        self.sections.damage()
    }

    /// What a deployment derives from its batches.
    pub(crate) fn deployment(&self, node: NodeNo) -> DeploymentEvents {
        DeploymentEvents::of(&self.counters(), node)
    }
}

impl DeploymentEvents {
    /// What counters say of a deployment.
    pub(crate) fn of(counters: &Counters<'_>, node: NodeNo) -> DeploymentEvents {
        let mut derived = DeploymentEvents::default();
        let Ok(place) = counters.deployments.binary_search(&node) else { return derived };
        for at in counters.months_of(place) {
            let counts = counters.counts(at);
            derived.events += counts.events;
            derived.overrides += counts.overrides;
        }
        let time =
            |times: &[i64], none: i64| times.get(place).copied().filter(|time| *time != none);
        derived.first = time(counters.first_times, i64::MAX);
        derived.last = time(counters.last_times, i64::MIN);
        derived
    }
}

/// The first place of a sorted list for which something no longer holds.
fn partition(length: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
