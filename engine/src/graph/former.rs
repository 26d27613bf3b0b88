//! The generation before: of a node of which nothing was said since, it tells the edges, the labels
//! and the columns, so that an import of a day does not read the records of years again.
//!
//! Only of a generation of the same history, checked whole. Where something may have changed what
//! other nodes' records mean (an alias, a setting, a retraction, a full snapshot, a new model or data
//! set that an old claim may fit), edges are resolved anew from all records; columns never depend on
//! that.

use super::described::{DERIVED, Described};
use super::named::{Named, Number};
use super::resolve::Candidates;
use super::{Base, Batch, Graph, NodeNo};
use crate::error::Result;
use crate::head::Head;
use crate::ledger::{Ledger, table};
use crate::schema::{Direction, Kind, RELATIONS};
use lineal_proof::Hash;
use std::sync::OnceLock;

/// Stands for no node.
const NONE: u32 = u32::MAX;

/// A former generation, with its nodes by id.
pub(crate) struct Former {
    graph: Graph,
    /// What `head` was for it, and the length of its file.
    head: Head,
    length: u64,
    /// Numbers of nodes by id, without the ids: those stand in the graph.
    places: OnceLock<Vec<u32>>,
}

impl Former {
    /// Takes a generation of the same history, with what `head` was for it and the length of its
    /// file. What is made of it but for a view that is only read must be made of a sound one.
    pub(crate) fn new(graph: Graph, head: Head, length: u64) -> Former {
        Former { graph, head, length, places: OnceLock::new() }
    }

    /// The whole generation that it is or rests on.
    pub(crate) fn base(&self) -> Base {
        self.graph.as_base(&self.head, self.length)
    }

    /// Bytes of the tails that were written behind that one.
    pub(crate) fn tail_bytes(&self) -> u64 {
        self.graph.tail().map_or(0, |tail| tail.before + tail.own.byte_len())
    }

    fn place(&self, id: &Hash) -> Option<NodeNo> {
        let count = u32::try_from(self.graph.node_count()).unwrap_or(0);
        let all = || table::of_all(count, |node| self.graph.node_id(node));
        table::find(self.places.get_or_init(all), id, |node| self.graph.node_id(node) == *id)
    }

    /// The graph itself.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Was nothing of it found damaged so far?
    pub(crate) fn is_sound(&self) -> bool {
        self.graph.damage().found().is_none()
    }

    /// The same node there, if its columns hold the same: it has the same heads, and what is derived
    /// of it is the same.
    pub(crate) fn same(&self, graph: &Graph, node: NodeNo) -> Option<NodeNo> {
        let old = self.place(&graph.node_id(node))?;
        let heads = |graph: &Graph, node| -> Vec<_> {
            graph.heads(node).map(|head| (head.chain, head.at)).collect()
        };
        let derived = match graph.kind_of(node) {
            Kind::Import => false,
            Kind::Deployment => graph.deployment(node) == self.graph.deployment(old),
            Kind::Batch => counted(graph, node).eq(counted(&self.graph, old)),
            _ => true,
        };
        (derived && heads(graph, node) == heads(&self.graph, old)).then_some(old)
    }
}

/// What is counted of a batch's parts.
fn counted(graph: &Graph, node: NodeNo) -> impl Iterator<Item = impl PartialEq + '_> {
    let count = |batch: &'_ Batch| {
        let all = (batch.rows, batch.events, batch.overrides, batch.art12);
        let times = (batch.first_time, batch.last_time);
        let hidden = (batch.erased.clone(), batch.restricted.clone());
        (all, times, batch.kept.clone(), batch.outweighed.clone(), hidden)
    };
    graph.batches().of_node(node).map(count)
}

/// What a former generation tells of the nodes of a ledger.
pub(super) struct Known<'a> {
    former: &'a Former,
    /// Of which nodes of the ledger something was said since.
    touched: Vec<bool>,
}

impl<'a> Known<'a> {
    /// None where what was said since may change what older records mean.
    pub(super) fn new(former: &'a Former, ledger: &Ledger, upto: u64) -> Option<Known<'a>> {
        let since = former.graph.commit;
        let is_later = |commit: &u64| *commit > since;
        let changes_others = ledger.retractions.iter().any(|(_, commit, _)| is_later(commit))
            || ledger.references.iter().any(|(commit, _)| is_later(commit))
            || ledger.settings.iter().any(|(commit, _)| is_later(commit))
            || ledger.snapshots.iter().any(|snapshot| is_later(&snapshot.commit));
        if changes_others || former.graph.states_derived || upto != ledger.commit() {
            return None;
        }
        let mut touched = vec![false; ledger.nodes.len()];
        for revision in ledger.revisions.numbers() {
            if ledger.said(revision).any(|(commit, _)| is_later(&commit)) {
                touched[ledger.revisions.node(revision) as usize] = true;
            }
        }
        let mut nodes = (0_u32..).zip(&touched).filter(|(_, touched)| **touched);
        nodes
            .all(|(node, _)| {
                // A claim may fit it now; and one of its own may be decided by what stands beside.
                let is_claimed = matches!(ledger.nodes.kind(node), Kind::Model | Kind::Dataset);
                let old = former.place(&ledger.nodes.id(node));
                !is_claimed && old.is_none_or(|old| !former.has_open_claim(old))
            })
            .then_some(Known { former, touched })
    }

    /// The number of a node there and whether it is marked deleted, if that still holds.
    pub(super) fn of(&self, ledger: &Ledger, number: Number) -> Option<(NodeNo, bool)> {
        if self.touched[number as usize] {
            return None;
        }
        let old = self.former.place(&ledger.nodes.id(number))?;
        let graph = &self.former.graph;
        (!graph.is_missing(old)).then(|| (old, graph.is_deleted(old)))
    }

    /// Adds the edges of the nodes that are known, and what they lead to where nobody describes it.
    pub(super) fn take_over(
        &self,
        named: &mut Named<'_>,
        described: &mut Described,
        candidates: &mut Candidates,
    ) -> Result<()> {
        let graph = &self.former.graph;
        // By its number there, where each node is here.
        let mut here: Vec<Number> = vec![NONE; graph.node_count()];
        let known = described.nodes().filter_map(|raw| Some((raw.entry, raw.known?)));
        let known: Vec<(Number, NodeNo)> = known.collect();
        for (at, old) in &known {
            here[*old as usize] = *at;
        }
        let mut place = |described: &Described, old: NodeNo| {
            if here[old as usize] != NONE {
                return here[old as usize];
            }
            let kind = graph.kind_of(old);
            let at = named.find_or_add(graph.node_id(old), kind, || graph.key(old));
            if !described.holds(at) {
                let fitting = graph.candidates(old).iter();
                let fitting = fitting.filter_map(|old| named.find(&graph.node_id(*old)));
                let fitting: Vec<Number> = fitting.collect();
                if !fitting.is_empty() {
                    candidates.entry(at).or_default().extend(fitting);
                }
            }
            here[old as usize] = at;
            at
        };
        let stated = RELATIONS.iter().map(|spec| spec.relation);
        for relation in stated.filter(|relation| !DERIVED.contains(relation)) {
            if graph.edge_count(relation) == 0 {
                continue;
            }
            for (at, old) in &known {
                for target in graph.edges(*old, relation, Direction::Forward) {
                    let target = place(described, *target);
                    described.links.push(relation, *at, target);
                }
            }
        }
        described.links.close()
    }

    /// The labels of the nodes that are known, by their numbers here, which are as they were there in
    /// order. Ascending.
    pub(super) fn labels(
        &self,
        described: &Described,
        renamed: &[NodeNo],
    ) -> impl Iterator<Item = (u64, NodeNo)> + use<'_, 'a> {
        let graph = &self.former.graph;
        let mut here = vec![NONE; graph.node_count()];
        for raw in described.nodes() {
            if let Some(old) = raw.known {
                here[old as usize] = renamed[raw.entry as usize];
            }
        }
        let all = graph.labels.all().map(move |(hash, old)| (hash, here[old as usize]));
        all.filter(|(_, node)| *node != NONE)
    }
}

impl Former {
    /// Does a node name something that may be one of several?
    fn has_open_claim(&self, node: NodeNo) -> bool {
        RELATIONS.iter().any(|spec| {
            let named = self.graph.edges(node, spec.relation, Direction::Forward);
            named.iter().any(|target| !self.graph.candidates(*target).is_empty())
        })
    }
}
