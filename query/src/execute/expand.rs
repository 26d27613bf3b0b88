//! One relation, from a set to what it leads to. Events are rows: their two relations are looked
//! up in their batch instead of the graph.

use lineal_engine::schema::{Direction, Kind, Relation};

use super::item_set::ItemSet;
use super::scan::Window;
use super::{Executor, Run};
use crate::plan::Kinds;
use crate::source::{EventRef, NodeNo, Source};

impl<S: Source> Executor<'_, S> {
    /// What one edge leads to from these, of these kinds.
    pub(super) fn step(
        &mut self,
        from: &ItemSet,
        relation: Relation,
        direction: Direction,
        to: Kinds,
        window: Window<'_>,
    ) -> Run<ItemSet> {
        let mut found = self.list();
        let ItemSet { nodes, events } = &mut found;
        // Of one kind, a look at the numbers is enough.
        let one = to.single().map(|kind| self.source.nodes_of(kind));
        let source = self.source;
        let is_wanted = |node: NodeNo| match &one {
            Some(range) => range.contains(&node),
            None => to.has(source.kind_of(node)),
        };
        for event in &from.events {
            self.count_edges(1)?;
            let node = match (relation, direction) {
                (Relation::ServedBy, Direction::Forward) => self.source.event_deployment(*event),
                (Relation::PartOf, Direction::Forward) => self.source.event_batch(*event),
                _ => continue,
            };
            if is_wanted(node) {
                self.pass(node);
                nodes.push(node);
            }
        }
        for node in &from.nodes {
            self.pass(*node);
            let ends = source.edges(*node, relation, direction);
            self.count_edges(ends.len())?;
            if self.noting {
                self.note_claims(*node, relation, direction, to);
            }
            for end in ends {
                if is_wanted(*end) {
                    self.pass(*end);
                    nodes.push(*end);
                }
            }
            if to.has(Kind::Inference) && direction == Direction::Inverse {
                self.events_at(*node, relation, window, events)?;
            }
        }
        found.arrange();
        Ok(found)
    }

    /// Is there anything at the other end of this edge?
    pub(super) fn has_edge(
        &mut self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
        to: Kinds,
    ) -> Run<bool> {
        self.pass(node);
        let source = self.source;
        let ends = source.edges(node, relation, direction);
        self.count_edges(ends.len())?;
        if self.noting {
            self.note_claims(node, relation, direction, to);
        }
        let mut found = false;
        for end in ends {
            if to.has(source.kind_of(*end)) {
                self.pass(*end);
                found = true;
            }
        }
        Ok(found)
    }

    /// The events of a deployment or a batch.
    pub(super) fn events_at(
        &mut self,
        node: NodeNo,
        relation: Relation,
        window: Window<'_>,
        out: &mut Vec<EventRef>,
    ) -> Run<()> {
        let source = self.source;
        match (relation, source.kind_of(node)) {
            (Relation::ServedBy, Kind::Deployment) => {
                self.batch_events(&source.batches_of(node), window, out)
            }
            (Relation::PartOf, Kind::Batch) => self.batch_events(&[node], window, out),
            _ => Ok(()),
        }
    }
}
