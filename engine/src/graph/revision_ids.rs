//! The ids of all revisions, ascending, with the node of each; in a generation with a tail those of
//! its nodes stand in a list of their own behind them, so that no place in the base's moves.

use super::tail::Place;
use super::{NodeNo, partition};
use crate::sections::{Section, Sections, Tag};
use lineal_proof::Hash;

/// Where a tail's list stands among the sections.
pub(super) const TAIL: u16 = 1;

/// One list.
struct List {
    ids: Section<[u8; 32]>,
    nodes: Section<NodeNo>,
}

impl List {
    /// None if there is not one node for each id.
    fn open(sections: &Sections, number: u16, bound: usize) -> Option<List> {
        let ids = sections.get(Tag::RevisionIds, number);
        let nodes = sections.below(Tag::RevisionNodes, number, bound);
        let list = List { ids, nodes };
        (list.ids.len() == list.nodes.len()).then_some(list)
    }

    /// The nodes with an id in a range.
    fn with(&self, low: &Hash, high: &Hash) -> impl Iterator<Item = NodeNo> + '_ {
        let (ids, high) = (&self.ids, high.0);
        let from = partition(ids.len(), |at| ids.get(at).is_some_and(|id| id < low.0));
        let matching =
            (from..ids.len()).take_while(move |at| ids.get(*at).is_some_and(|id| id <= high));
        matching.filter_map(|at| self.nodes.get(at))
    }

    fn all(&self) -> impl Iterator<Item = (&[u8; 32], NodeNo)> + '_ {
        let nodes = self.nodes.all().unwrap_or_default().iter().copied();
        self.ids.all().unwrap_or_default().iter().zip(nodes)
    }
}

/// The ids of the revisions of a view.
pub(crate) struct RevisionIds {
    all: List,
    /// Those of the nodes from here on, which count no more in the list of all.
    tail: Option<Box<(NodeNo, List)>>,
}

impl RevisionIds {
    pub(super) fn open(sections: &Sections, nodes: usize, tail: Option<&Place>) -> Option<Self> {
        let bound = tail.map_or(nodes, |place| nodes.max(place.base_nodes));
        let all = List::open(sections, 0, bound)?;
        let tail = match tail {
            Some(place) => Some(Box::new((place.split, List::open(sections, TAIL, nodes)?))),
            None => None,
        };
        Some(RevisionIds { all, tail })
    }

    /// How many there are, those included that count no more.
    pub(super) fn len(&self) -> usize {
        self.all.ids.len() + self.tail.as_ref().map_or(0, |tail| tail.1.ids.len())
    }

    /// The id at a place.
    pub(super) fn get(&self, at: usize) -> Option<[u8; 32]> {
        self.all.ids.get(at).or_else(|| {
            let tail = self.tail.as_ref()?;
            tail.1.ids.get(at.checked_sub(self.all.ids.len())?)
        })
    }

    /// Nodes that have a revision with an id in a range, ascending.
    pub(super) fn with(&self, low: &Hash, high: &Hash) -> Vec<NodeNo> {
        let split = self.tail.as_ref().map_or(NodeNo::MAX, |tail| tail.0);
        let mut found: Vec<NodeNo> =
            self.all.with(low, high).filter(|node| *node < split).collect();
        found.extend(self.tail.iter().flat_map(|tail| tail.1.with(low, high)));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Ids of the revisions of nodes before a bound, with these; ascending where there is no tail.
    pub(super) fn before(&self, bound: NodeNo) -> impl Iterator<Item = (&[u8; 32], NodeNo)> + '_ {
        let split = self.tail.as_ref().map_or(NodeNo::MAX, |tail| tail.0);
        let of_tail = self.tail.iter().flat_map(|tail| tail.1.all());
        let own = self.all.all().filter(move |(_, node)| *node < split);
        own.chain(of_tail).filter(move |(_, node)| *node < bound)
    }

    /// The same from a bound on.
    pub(super) fn from(&self, bound: NodeNo) -> impl Iterator<Item = (&[u8; 32], NodeNo)> + '_ {
        self.before(NodeNo::MAX).filter(move |(_, node)| *node >= bound)
    }
}
