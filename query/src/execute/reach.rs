//! Closures: everything that can be reached, as a set, each thing once.
//!
//! The search runs level by level over node numbers with a stamped array of marks, so a closure
//! costs its size and not the store's. Events are borders: a search starts at their deployment or
//! ends with the events of the deployments it found.

use lineal_engine::schema::{Direction, Kind, Relation};

use super::item_set::ItemSet;
use super::scan::Window;
use super::{Executor, Run};
use crate::answer::Uncertainty;
use crate::plan::{Closure, Kinds};
use crate::source::{NodeNo, Source};
use crate::value::Item;

/// Marks of visited nodes: a node is marked if its stamp is that of the search at hand.
#[derive(Default, Debug)]
pub(super) struct Marks {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Marks {
    /// Begins a search: all marks are gone, without touching them.
    pub(super) fn begin(&mut self, nodes: u32) {
        let nodes = nodes as usize;
        if self.stamps.len() < nodes || self.stamp == u32::MAX {
            self.stamps.clear();
            self.stamps.resize(nodes, 0);
            self.stamp = 0;
        }
        self.stamp += 1;
    }

    /// Marks a node; true if it was not marked.
    pub(super) fn mark(&mut self, node: NodeNo) -> bool {
        match self.stamps.get_mut(node as usize) {
            Some(stamp) if *stamp != self.stamp => {
                *stamp = self.stamp;
                true
            }
            _ => false,
        }
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
        let mut marks = std::mem::take(&mut self.machine.marks);
        let found = self.levels(closure, from, to, window, &avoided, &mut marks, (least, most));
        self.machine.marks = marks;
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
        marks.begin(self.source.node_count());
        let (mut nodes, mut events) = (Vec::new(), Vec::new());
        let mut level: Vec<NodeNo> = Vec::new();
        for node in &from.nodes {
            if !avoided.has(Item::Node(*node)) && marks.mark(*node) {
                level.push(*node);
            }
        }
        let mut starts_left = if from.len() > 1 { from.nodes.clone() } else { Vec::new() };
        let mut next = self.leave_events(closure, from, avoided, marks)?;
        let mut distance = 0;
        while !(level.is_empty() && next.is_empty()) && distance < most {
            distance += 1;
            for node in &level {
                self.pass_in_closure(closure, *node);
                let source = self.source;
                let kind = source.kind_of(*node);
                for (relation, direction) in relations(closure, kind) {
                    let ends = source.edges(*node, *relation, *direction);
                    self.count_edges(ends.len())?;
                    if self.noting {
                        self.note_claims(*node, *relation, *direction, Kinds::all());
                    }
                    for end in ends {
                        if marks.mark(*end) {
                            if avoided.nodes.is_empty() || !avoided.has(Item::Node(*end)) {
                                next.push(*end);
                            }
                        } else if let Ok(at) = starts_left.binary_search(end) {
                            // Reached from another start: part of the answer after all.
                            starts_left.remove(at);
                            let is_wanted = distance >= least && to.has(source.kind_of(*end));
                            if is_wanted && end != node {
                                nodes.push(*end);
                            }
                        }
                    }
                    if to.has(Kind::Inference)
                        && *direction == Direction::Inverse
                        && distance >= least
                    {
                        self.events_at(*node, *relation, window, &mut events)?;
                    }
                }
            }
            if distance >= least {
                let source = self.source;
                nodes.extend(next.iter().filter(|node| to.has(source.kind_of(**node))));
            }
            level.clear();
            std::mem::swap(&mut level, &mut next);
        }
        for node in &level {
            self.pass_in_closure(closure, *node);
        }
        if !avoided.events.is_empty() {
            events.retain(|event| !avoided.has(Item::Event(*event)));
        }
        Ok(ItemSet::of(nodes, events))
    }

    /// The first step from events: to their deployments and batches, as far as they are followed.
    fn leave_events(
        &mut self,
        closure: &Closure,
        from: &ItemSet,
        avoided: &ItemSet,
        marks: &mut Marks,
    ) -> Run<Vec<NodeNo>> {
        let mut out = Vec::new();
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
        Ok(out)
    }

    fn pass_in_closure(&mut self, closure: &Closure, node: NodeNo) {
        if self.noting {
            self.note_in_closure(closure, node);
        }
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
            Kind::Run
                if closure.upstream
                    && !source.edges(node, Relation::Used, Direction::Forward).is_empty() =>
            {
                self.reasons.insert((node, Uncertainty::Roleless));
            }
            Kind::Dataset | Kind::Model if !closure.upstream => {
                for run in source.edges(node, Relation::Used, Direction::Inverse) {
                    self.reasons.insert((*run, Uncertainty::Roleless));
                }
            }
            _ => {}
        }
    }
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
