//! The final numbers of nodes: by kind and key, contiguous per kind.

use super::NodeNo;
use super::described::Described;
use super::named::{Named, Number};
use crate::key_bytes;
use crate::schema::{KINDS, Kind};
use lineal_proof::{Hash, Key};
use rayon::prelude::*;
use std::ops::Range;

/// Stands for no number.
const NONE: NodeNo = NodeNo::MAX;

/// All nodes of a graph in their order.
pub(super) struct Order<'a> {
    pub(super) named: &'a Named<'a>,
    /// By final number.
    pub(super) nodes: Vec<Number>,
    /// By the number while the graph is built; [`NONE`] for a node that is not in it.
    pub(super) renamed: Vec<NodeNo>,
    /// Where each kind begins; one more at the end.
    pub(super) kinds: Vec<u32>,
}

impl<'a> Order<'a> {
    /// Orders what is described, what edges lead to, and some more.
    pub(super) fn new(
        named: &'a Named<'a>,
        described: &Described,
        more: impl Iterator<Item = Number>,
    ) -> Order<'a> {
        let mut is_in = vec![false; named.len()];
        more.chain(described.links.targets()).for_each(|number| is_in[number as usize] = true);
        let mut known: Vec<(NodeNo, Number)> = Vec::new();
        for raw in described.nodes() {
            is_in[raw.entry as usize] = raw.known.is_none();
            known.extend(raw.known.map(|old| (old, raw.entry)));
        }
        let all = (0_u32..).zip(&is_in);
        let mut new: Vec<Number> = all.filter(|(_, is_in)| **is_in).map(|(at, _)| at).collect();
        // The order of nodes which the former generation knows is known.
        known.par_sort_unstable();
        let compare = |one: Number, other: Number| {
            let by_key = || key_bytes::compare(named.key_bytes(one), named.key_bytes(other));
            named.kind(one).cmp(&named.kind(other)).then_with(by_key)
        };
        new.par_sort_unstable_by(|a, b| compare(*a, *b));
        let known: Vec<Number> = known.into_iter().map(|(_, number)| number).collect();
        let nodes = merged(known, new, |a, b| compare(*a, *b).is_le());
        let mut renamed = vec![NONE; named.len()];
        for (at, number) in (0_u32..).zip(&nodes) {
            renamed[*number as usize] = at;
        }
        let before = |kind: Kind| nodes.partition_point(|number| named.kind(*number) < kind);
        let ends = KINDS.into_iter().map(before).chain([nodes.len()]);
        let kinds = ends.map(|at| u32::try_from(at).expect("fewer than 2^32 nodes")).collect();
        Order { named, nodes, renamed, kinds }
    }

    /// The numbers of a kind's nodes.
    pub(super) fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        let at = kind as usize;
        self.kinds.get(at).copied().unwrap_or(0)..self.kinds.get(at + 1).copied().unwrap_or(0)
    }

    /// The key of a node of the graph.
    pub(super) fn key(&self, node: NodeNo) -> Key {
        self.named.key(self.nodes[node as usize])
    }

    /// The text of a part of the key of a node of the graph.
    pub(super) fn key_text(&self, node: NodeNo, part: usize) -> Option<&'a str> {
        self.named.key_text(self.nodes[node as usize], part)
    }

    /// The final number of a node of the ledger, if it is in the graph.
    pub(super) fn of_entry(&self, number: Number) -> Option<NodeNo> {
        Some(self.renamed[number as usize]).filter(|node| *node != NONE)
    }

    /// The final number of a node by its id, if it is in the graph.
    pub(super) fn of_id(&self, id: &Hash) -> Option<NodeNo> {
        self.named.find(id).and_then(|number| self.of_entry(number))
    }
}

/// Two sorted lists as one.
pub(super) fn merged<T>(
    one: Vec<T>,
    other: Vec<T>,
    stands_first: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    if one.is_empty() {
        return other;
    }
    let mut all = Vec::with_capacity(one.len() + other.len());
    let mut one = one.into_iter().peekable();
    for item in other {
        while let Some(first) = one.next_if(|first| stands_first(first, &item)) {
            all.push(first);
        }
        all.push(item);
    }
    all.extend(one);
    all
}
