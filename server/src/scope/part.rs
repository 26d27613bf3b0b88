//! The part of a view that a scope leaves, numbered for itself: its nodes without gaps, in the order
//! in which the view has them, and the edges, candidates and doubts between them. Whoever reads this
//! alone cannot come by anything else, nor see that there is anything else.

use super::Scope;
use lineal_engine::events::MonthCounts;
use lineal_engine::schema::{Direction, Kind, RELATIONS, Relation};
use lineal_engine::{CounterColumns, NodeNo, Snapshot};
use std::collections::BTreeMap;
use std::ops::Range;

/// The part.
#[derive(Debug)]
pub(crate) struct Part {
    /// The numbers that the view has for its nodes, ascending: the place in this list is their
    /// number here.
    nodes: Vec<NodeNo>,
    /// Edges by relation, and whether forward; none where there is none.
    edges: BTreeMap<(Relation, bool), Lists>,
    candidates: Lists,
    open_claims: Lists,
    doubtful: BTreeMap<Kind, Vec<NodeNo>>,
}

/// Lists of some nodes, one behind the other.
#[derive(Default, Debug)]
struct Lists {
    /// The nodes that have one, ascending.
    of: Vec<NodeNo>,
    /// Where each ends.
    ends: Vec<usize>,
    all: Vec<NodeNo>,
}

impl Lists {
    /// Adds the list of a node behind all others, unless it is empty.
    fn push(&mut self, node: NodeNo, list: impl Iterator<Item = NodeNo>) {
        let before = self.all.len();
        self.all.extend(list);
        if self.all.len() > before {
            self.of.push(node);
            self.ends.push(self.all.len());
        }
    }

    fn get(&self, node: NodeNo) -> &[NodeNo] {
        let Ok(at) = self.of.binary_search(&node) else { return &[] };
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[begin..self.ends[at]]
    }
}

impl Part {
    /// Cuts it out of the view that the scope was made of.
    pub(super) fn of(view: &Snapshot, scope: &Scope) -> Part {
        let mut nodes: Vec<NodeNo> = scope.nodes.iter().copied().collect();
        nodes.sort_unstable();
        // An event is seen with its batch and its deployment, or not at all.
        nodes.retain(|node| {
            let is_batch = view.kind_of(*node) == Kind::Batch;
            let served_by = view.edges(*node, Relation::ServedBy, Direction::Forward);
            !is_batch || !served_by.is_empty() && served_by.iter().all(|at| scope.has(*at))
        });
        let mut part = Part {
            nodes,
            edges: BTreeMap::new(),
            candidates: Lists::default(),
            open_claims: Lists::default(),
            doubtful: BTreeMap::new(),
        };
        for spec in RELATIONS.iter().filter(|spec| view.edge_count(spec.relation) > 0) {
            for direction in [Direction::Forward, Direction::Inverse] {
                let lists = part.lists(|node| view.edges(node, spec.relation, direction));
                let is_forward = direction == Direction::Forward;
                if !lists.of.is_empty() {
                    part.edges.insert((spec.relation, is_forward), lists);
                }
            }
        }
        part.candidates = part.lists(|node| view.candidates(node));
        part.open_claims = part.lists(|node| view.open_claims(node));
        for kind in lineal_engine::schema::KINDS {
            let doubtful = part.numbers(view.doubtful(kind));
            if !doubtful.is_empty() {
                part.doubtful.insert(kind, doubtful);
            }
        }
        part
    }

    /// Of each node what a list of the view leaves of itself here.
    fn lists<'v>(&self, list: impl Fn(NodeNo) -> &'v [NodeNo]) -> Lists {
        let mut lists = Lists::default();
        for (node, whole) in (0..).zip(&self.nodes) {
            lists.push(node, list(*whole).iter().filter_map(|node| self.number(*node)));
        }
        lists
    }

    /// The number here of a node of the view; none where it is not seen.
    pub(super) fn number(&self, whole: NodeNo) -> Option<NodeNo> {
        let at = self.nodes.binary_search(&whole).ok()?;
        NodeNo::try_from(at).ok()
    }

    /// The numbers of those that are seen, in the order in which they are given.
    pub(super) fn numbers(&self, whole: &[NodeNo]) -> Vec<NodeNo> {
        whole.iter().filter_map(|node| self.number(*node)).collect()
    }

    /// The number that the view has for a node.
    pub(super) fn whole(&self, node: NodeNo) -> NodeNo {
        self.nodes[node as usize]
    }

    pub(super) fn count(&self) -> u32 {
        // Its nodes are some of a view, which counts them so.
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// The nodes of a kind, which have these numbers in the view.
    pub(super) fn within(&self, whole: &Range<NodeNo>) -> Range<NodeNo> {
        let before = |end: NodeNo| {
            let at = self.nodes.partition_point(|node| *node < end);
            u32::try_from(at).unwrap_or(u32::MAX)
        };
        before(whole.start)..before(whole.end)
    }

    pub(super) fn edges(&self, node: NodeNo, of: Relation, direction: Direction) -> &[NodeNo] {
        let lists = self.edges.get(&(of, direction == Direction::Forward));
        lists.map_or(&[], |lists| lists.get(node))
    }

    pub(super) fn has_edges(&self, of: Relation) -> bool {
        self.edges.contains_key(&(of, true))
    }

    pub(super) fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        self.candidates.get(node)
    }

    pub(super) fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        self.open_claims.get(node)
    }

    pub(super) fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        self.doubtful.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// What its batches count in a view that is narrowed to what may be seen, by deployment and month.
    pub(super) fn counted(&self, view: &Snapshot) -> CounterColumns {
        let batches = self.within(&view.nodes_of(Kind::Batch));
        let of_batch = |batch: NodeNo| {
            let deployments = self.edges(batch, Relation::ServedBy, Direction::Forward);
            let info = view.batch(self.whole(batch))?;
            let months: Vec<MonthCounts> = view.months_of(self.whole(batch));
            Some((*deployments.first()?, (info.first_time, info.last_time), months))
        };
        let counted: Vec<_> = batches.filter_map(of_batch).collect();
        CounterColumns::of(
            counted.iter().map(|(at, times, months)| (*at, *times, months.as_slice())),
        )
    }
}
