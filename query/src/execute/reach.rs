//! Closures: everything that can be reached, as a set, each thing once.
//!
//! The search runs level by level over node numbers with a stamped array of marks, so a closure
//! costs its size and not the store's. Events are borders: a search starts at their deployment or
//! ends with the events of the deployments it found.

use lineal_engine::schema::{Direction, KINDS, Kind, Relation};

use super::item_set::ItemSet;
use super::scan::Window;
use super::{Executor, Run};
use crate::answer::Uncertainty;
use crate::plan::{Closure, Kinds};
use crate::source::{NodeNo, Source};
use crate::value::Item;

/// Marks of visited nodes: a node is marked if its stamp is that of the search at hand. Beside them
/// the frontier: what is followed now and what comes next, by kind, so that each relation is followed
/// for many nodes in turn and hardly any node is asked for its kind.
#[derive(Default, Debug)]
pub(super) struct Marks {
    stamps: Vec<u32>,
    stamp: u32,
    now: Frontier,
    next: Frontier,
}

/// Nodes by kind. A search has some ten levels of few kinds each, so it is known which there are: to look
/// at the lists of all of them took longer than the nodes (`benches/load/run.py`).
#[derive(Default, Debug)]
struct Frontier {
    lists: [Vec<NodeNo>; KINDS.len()],
    /// A bit for each kind that has nodes.
    filled: u32,
}

impl Frontier {
    #[inline]
    fn push(&mut self, kind: Kind, node: NodeNo) {
        if let Some(list) = self.lists.get_mut(kind as usize) {
            list.push(node);
            self.filled |= 1 << (kind as u32);
        }
    }

    /// The kinds that have nodes, in the order of [`KINDS`].
    fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        let filled = self.filled;
        KINDS.into_iter().filter(move |kind| filled & (1 << (*kind as u32)) != 0)
    }

    fn clear(&mut self) {
        for kind in self.kinds() {
            let list = self.take(kind);
            self.put_back(kind, list);
        }
    }

    fn take(&mut self, kind: Kind) -> Vec<NodeNo> {
        self.lists.get_mut(kind as usize).map(std::mem::take).unwrap_or_default()
    }

    fn put_back(&mut self, kind: Kind, mut list: Vec<NodeNo>) {
        list.clear();
        if let Some(place) = self.lists.get_mut(kind as usize) {
            *place = list;
        }
        self.filled &= !(1 << (kind as u32));
    }
}

// A bit for each kind.
const _: () = assert!(KINDS.len() <= u32::BITS as usize);

impl Marks {
    /// Begins a search: all marks are gone, without touching them.
    pub(super) fn begin(&mut self, nodes: u32) {
        let nodes = nodes as usize;
        if self.stamps.len() < nodes || self.stamp == u32::MAX {
            // Asked for as zeros: the system gives such pages when they are touched, so that the first
            // question of a process does not write a mark for every node of the store.
            self.stamps = vec![0; nodes];
            self.stamp = 0;
        }
        self.stamp += 1;
        // A search that a bound ended has left something behind.
        self.now.clear();
        self.next.clear();
    }

    /// Marks a node; true if it was not marked.
    #[inline]
    pub(super) fn mark(&mut self, node: NodeNo) -> bool {
        match self.stamps.get_mut(node as usize) {
            Some(stamp) if *stamp != self.stamp => {
                *stamp = self.stamp;
                true
            }
            _ => false,
        }
    }

    /// What came next is followed now.
    fn advance(&mut self) {
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

impl<S: Source> Executor<'_, S> {
    /// What the closure reaches from these, of these kinds. A single start is never part of it;
    /// of several, those are that another one reaches.
    pub(super) fn reach(
        &mut self,
        closure: &Closure,
        from: &ItemSet,
        to: Kinds,
        window: Window<'_>,
    ) -> Run<ItemSet> {
        let mut avoided = ItemSet::default();
        for set in &closure.avoiding {
            // For reasons all rows are taken at once: what only one of them avoids is walked.
            if self.noting && self.plan.sets.get(*set).is_some_and(|set| set.correlated) {
                continue;
            }
            let set = self.set(*set)?;
            avoided.nodes.extend(&set.nodes);
            avoided.events.extend(&set.events);
        }
        avoided = ItemSet::of(avoided.nodes, avoided.events);
        let (least, most) = closure.within;
        // Taken out for the search: an inner question must not share the marks.
        let mut marks = self.machine.marks.take().unwrap_or_default();
        let found = self.levels(closure, from, to, window, &avoided, &mut marks, (least, most));
        self.machine.marks = Some(marks);
        found
    }

    fn levels(
        &mut self,
        closure: &Closure,
        from: &ItemSet,
        to: Kinds,
        window: Window<'_>,
        avoided: &ItemSet,
        marks: &mut Marks,
        (least, most): (u32, u32),
    ) -> Run<ItemSet> {
        let source = self.source;
        marks.begin(source.node_count());
        let mut found = self.list();
        let ItemSet { nodes, events } = &mut found;
        let mut open = 0;
        for node in &from.nodes {
            if !avoided.has(Item::Node(*node)) && marks.mark(*node) {
                marks.now.push(source.kind_of(*node), *node);
                open += 1;
            }
        }
        // Found again, a start is part of the answer after all.
        let mut starts_left = if from.len() > 1 { from.nodes.clone() } else { Vec::new() };
        // The first step from events leads to what comes next.
        let mut behind_events = self.list();
        self.leave_events(closure, from, avoided, marks, &mut behind_events.nodes)?;
        let mut distance = 0;
        while open + behind_events.nodes.len() > 0 && distance < most {
            distance += 1;
            open = 0;
            let is_far_enough = distance >= least;
            for node in behind_events.nodes.drain(..) {
                let kind = source.kind_of(node);
                marks.next.push(kind, node);
                open += 1;
                if is_far_enough && to.has(kind) {
                    nodes.push(node);
                }
            }
            for kind in marks.now.kinds() {
                let level = marks.now.take(kind);
                if self.noting {
                    level.iter().for_each(|node| self.note_in_closure(closure, *node));
                }
                let followed = relations(closure, kind).iter().zip(landings(closure, kind));
                for ((relation, direction), lands) in followed {
                    // Where the schema knows the kind, a look at its numbers is enough.
                    let expected = lands.map(|kind| (kind, source.nodes_of(kind)));
                    let has_events = to.has(Kind::Inference)
                        && *direction == Direction::Inverse
                        && is_far_enough;
                    for node in &level {
                        let ends = source.edges(*node, *relation, *direction);
                        self.count_edges(ends.len())?;
                        if self.noting {
                            self.note_claims(*node, *relation, *direction, Kinds::all());
                        }
                        for end in ends {
                            let kind = match &expected {
                                Some((kind, range)) if range.contains(end) => *kind,
                                _ => source.kind_of(*end),
                            };
                            let is_wanted = is_far_enough && to.has(kind);
                            if marks.mark(*end) {
                                if avoided.nodes.is_empty() || !avoided.has(Item::Node(*end)) {
                                    marks.next.push(kind, *end);
                                    open += 1;
                                    if is_wanted {
                                        nodes.push(*end);
                                    }
                                }
                            } else if let Ok(at) = starts_left.binary_search(end) {
                                // Reached from another start: part of the answer after all.
                                starts_left.remove(at);
                                if is_wanted && end != node {
                                    nodes.push(*end);
                                }
                            }
                        }
                        if has_events {
                            self.events_at(*node, *relation, window, events)?;
                        }
                    }
                }
                marks.now.put_back(kind, level);
            }
            marks.advance();
        }
        if self.noting {
            for kind in marks.now.kinds() {
                let level = marks.now.take(kind);
                level.iter().for_each(|node| self.note_in_closure(closure, *node));
                marks.now.put_back(kind, level);
            }
        }
        if !avoided.events.is_empty() {
            events.retain(|event| !avoided.has(Item::Event(*event)));
        }
        self.keep_list(behind_events);
        found.arrange();
        Ok(found)
    }

    /// The first step from events: to their deployments and batches, as far as they are followed.
    fn leave_events(
        &mut self,
        closure: &Closure,
        from: &ItemSet,
        avoided: &ItemSet,
        marks: &mut Marks,
        out: &mut Vec<NodeNo>,
    ) -> Run<()> {
        for event in &from.events {
            if avoided.has(Item::Event(*event)) {
                continue;
            }
            for (relation, direction) in relations(closure, Kind::Inference) {
                self.count_edges(1)?;
                let node = match (relation, direction) {
                    (Relation::ServedBy, Direction::Forward) => {
                        self.source.event_deployment(*event)
                    }
                    (Relation::PartOf, Direction::Forward) => self.source.event_batch(*event),
                    _ => continue,
                };
                if !avoided.has(Item::Node(node)) && marks.mark(node) {
                    out.push(node);
                }
            }
        }
        Ok(())
    }

    /// What is not known about a node on the way.
    pub(super) fn note_in_closure(&mut self, closure: &Closure, node: NodeNo) {
        self.note(node);
        if !closure.training {
            return;
        }
        // An input whose role nobody recorded may or may not be training data.
        let source = self.source;
        match source.kind_of(node) {
            Kind::Run if closure.upstream => {
                let used = source.edges(node, Relation::Used, Direction::Forward);
                if used.iter().any(|input| self.is_roleless(node, *input)) {
                    self.reasons.insert((node, Uncertainty::Roleless(None)));
                }
            }
            Kind::Dataset | Kind::Model if !closure.upstream => {
                for run in source.edges(node, Relation::Used, Direction::Inverse) {
                    if self.is_roleless(*run, node) {
                        self.reasons.insert((*run, Uncertainty::Roleless(None)));
                    }
                }
            }
            _ => {}
        }
    }

    /// Does nothing say for what a run used an input? Another source, or a person, may have said it.
    fn is_roleless(&self, run: NodeNo, input: NodeNo) -> bool {
        let roles = [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn];
        let has = |role| self.source.edges(run, role, Direction::Forward).contains(&input);
        !roles.into_iter().any(has)
    }
}

/// For each of these relations the kind that it leads to.
fn landings(closure: &Closure, kind: Kind) -> &[Option<Kind>] {
    closure.lands.get(kind as usize).map_or(&[], Vec::as_slice)
}

/// The relations to follow from a kind.
pub(super) fn relations(closure: &Closure, kind: Kind) -> &[(Relation, Direction)] {
    closure.relations.get(kind as usize).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_gone_with_each_search() {
        let mut marks = Marks::default();
        marks.begin(3);
        assert!(marks.mark(2));
        assert!(!marks.mark(2));
        assert!(!marks.mark(9), "outside of the view");
        marks.begin(3);
        assert!(marks.mark(2));
    }
}
