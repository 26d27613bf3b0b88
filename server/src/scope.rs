//! What belongs to a system: all that a token which is bound to systems may see of a store.
//!
//! It begins at what says that it belongs to the system, goes upstream from there to the very
//! origins, and takes along what stands beside: approvals, documents, alerts, and who did it. What
//! another system made of the same data is not in it.

mod part;
mod view;

use part::Part;
pub(crate) use view::ScopedView;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{EventRef, NodeNo, Snapshot};
use lineal_query::told::upstream;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Scopes kept a state of a store: as many as there are different lists of systems in tokens.
const KEPT: usize = 32;

/// What is said about a node by others. Not that a data set was tested on or used: that is what
/// other systems did with it.
const BESIDE: [Relation; 5] = [
    Relation::Approves,
    Relation::Documents,
    Relation::Evaluates,
    Relation::Watches,
    Relation::Concerns,
];

/// The nodes that may be seen.
#[derive(Debug)]
pub(crate) struct Scope {
    nodes: HashSet<NodeNo>,
    /// Cut out when a question is first asked of it.
    part: OnceLock<Part>,
}

impl Scope {
    /// Makes it; a system that is not there has nothing.
    pub(crate) fn of(view: &Snapshot, systems: &[String]) -> Scope {
        let mut scope = Scope { nodes: HashSet::new(), part: OnceLock::new() };
        let mut stack: Vec<NodeNo> = Vec::new();
        for system in systems {
            for node in view.find(Some(Kind::System), system) {
                scope.nodes.insert(node);
                stack.extend(view.edges(node, Relation::BelongsTo, Direction::Inverse));
                scope.take_beside(view, node);
            }
        }
        let mut at = 0;
        while let Some(node) = stack.get(at).copied() {
            at += 1;
            let batches = view.edges(node, Relation::ServedBy, Direction::Inverse);
            if view.kind_of(node) == Kind::Deployment {
                stack.extend(batches);
            }
        }
        while let Some(node) = stack.pop() {
            if scope.nodes.insert(node) {
                stack.extend(upstream(view, node).into_iter().map(|(_, target)| target));
                scope.take_beside(view, node);
            }
        }
        scope
    }

    /// What is about a node, and who did either.
    fn take_beside(&mut self, view: &Snapshot, node: NodeNo) {
        let forward = |node, relation| view.edges(node, relation, Direction::Forward);
        self.nodes.extend(forward(node, Relation::DoneBy));
        self.nodes.extend(forward(node, Relation::InExperiment));
        for relation in BESIDE {
            for beside in view.edges(node, relation, Direction::Inverse) {
                self.nodes.insert(*beside);
                self.nodes.extend(forward(*beside, Relation::DoneBy));
            }
        }
    }

    /// May this node be seen?
    pub(crate) fn has(&self, node: NodeNo) -> bool {
        self.nodes.contains(&node)
    }

    /// May this event be seen? As its deployment and its batch.
    pub(crate) fn has_event(&self, view: &Snapshot, event: EventRef) -> bool {
        view.event_deployment(event).is_some_and(|deployment| self.has(deployment))
            && view.event_batch(event).is_some_and(|batch| self.has(batch))
    }

    /// The nodes of a kind that may be seen, by the numbers that the view has for them, ascending;
    /// the scope must be made of that view.
    pub(crate) fn nodes_of(&self, view: &Snapshot, kind: Kind) -> impl Iterator<Item = NodeNo> {
        let part = self.part(view);
        part.within(&view.nodes_of(kind)).map(|node| part.whole(node))
    }

    /// What it leaves of the view that it was made of, for questions.
    fn part(&self, view: &Snapshot) -> &Part {
        self.part.get_or_init(|| Part::of(view, self))
    }
}

/// The scopes of one state of a store, each made once.
#[derive(Default)]
pub(crate) struct Scopes {
    made: Mutex<BTreeMap<Vec<String>, Arc<Scope>>>,
}

impl Scopes {
    /// The scope of some systems.
    pub(crate) fn of(&self, view: &Snapshot, systems: &[String]) -> Arc<Scope> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scope) = made().get(systems) {
            return Arc::clone(scope);
        }
        let scope = Arc::new(Scope::of(view, systems));
        let mut made = made();
        if made.len() >= KEPT {
            made.pop_first();
        }
        made.insert(systems.to_owned(), Arc::clone(&scope));
        scope
    }
}
