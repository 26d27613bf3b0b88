//! What belongs to a system: all that a token which is bound to systems may see of a store.
//!
//! It begins at what says that it belongs to the system, goes upstream from there to the very
//! origins, and takes along what stands beside: approvals, documents, alerts, and who did it. What
//! another system made of the same data is not in it. Where one deployment served several systems, the
//! events that name another are not in it either (`Snapshot::within_systems`): each row tells whose it is,
//! and what counts rows counts the others alone.

mod part;
mod view;

use part::Part;
pub(crate) use view::ScopedView;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{CounterColumns, Error, EventRef, KnownSystems, NodeNo, Snapshot, Systems};
use lineal_proof::KeyPart;
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

/// The nodes that may be seen, and the events.
pub(crate) struct Scope {
    nodes: HashSet<NodeNo>,
    /// The view that it was made of, with the events of the systems alone.
    narrowed: Snapshot,
    /// Cut out when a question is first asked of it.
    part: OnceLock<Part>,
    /// What its batches count, added up when it is first asked for.
    counters: Arc<OnceLock<CounterColumns>>,
}

impl Scope {
    /// Makes it; a system that is not there has nothing. What is known of the systems that batches name
    /// is learned on the way.
    ///
    /// # Errors
    /// What the store says that cannot be read: nothing is shown then.
    pub(crate) fn of(
        view: &Snapshot,
        systems: &[String],
        known: &Arc<KnownSystems>,
    ) -> Result<Scope, Error> {
        let mut own: Vec<NodeNo> = Vec::new();
        for system in systems {
            own.extend(view.find(Some(Kind::System), system));
        }
        let key = |node: &NodeNo| match view.key_of(*node).0.into_iter().next() {
            Some(KeyPart::Text(key)) => Some(key),
            _ => None,
        };
        let names = own.iter().filter_map(key).collect();
        let theirs = Systems::new(names, Arc::clone(known)).strictly();
        let mut scope = Scope {
            nodes: HashSet::new(),
            narrowed: view.clone(),
            part: OnceLock::new(),
            counters: Arc::default(),
        };
        let mut stack: Vec<NodeNo> = Vec::new();
        for node in own {
            scope.nodes.insert(node);
            stack.extend(view.edges(node, Relation::BelongsTo, Direction::Inverse));
            scope.take_beside(view, node);
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
            // Of a batch with events of others alone nothing is seen, nor what leads to it.
            if view.kind_of(node) == Kind::Batch && view.is_of_others(node, &theirs)? {
                continue;
            }
            if scope.nodes.insert(node) {
                stack.extend(upstream(view, node).into_iter().map(|(_, target)| target));
                scope.take_beside(view, node);
            }
        }
        let is_meant = |deployment: NodeNo| scope.nodes.contains(&deployment);
        let narrowed = view.within_systems(&theirs, &is_meant)?;
        // Nor of one whose rows of these systems were retracted.
        scope.nodes.retain(|node| narrowed.batch(*node).is_some() || view.batch(*node).is_none());
        Ok(Scope { narrowed, ..scope })
    }

    /// A view of the same commit with the events of the systems alone.
    pub(crate) fn narrow(&self, view: Snapshot) -> Snapshot {
        view.narrowed_as(&self.narrowed)
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

    /// Which systems batches name, as far as that was read.
    fn known(&self) -> Arc<KnownSystems> {
        self.narrowed.systems().map(Systems::known).unwrap_or_default()
    }

    /// May this node be seen?
    pub(crate) fn has(&self, node: NodeNo) -> bool {
        self.nodes.contains(&node)
    }

    /// May this event be seen? As its deployment and its batch; the view must be narrowed.
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
pub(crate) struct Scopes {
    made: Mutex<BTreeMap<Vec<String>, Arc<Scope>>>,
    /// Which systems batches name: the same in every state of the store.
    known: Arc<KnownSystems>,
}

impl Scopes {
    pub(crate) fn knowing(known: Arc<KnownSystems>) -> Scopes {
        Scopes { made: Mutex::default(), known }
    }

    /// Which systems batches name, as far as that was read.
    pub(crate) fn known(&self) -> &Arc<KnownSystems> {
        &self.known
    }

    /// The scope of some systems.
    ///
    /// # Errors
    /// As [`Scope::of`].
    pub(crate) fn of(&self, view: &Snapshot, systems: &[String]) -> Result<Arc<Scope>, Error> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scope) = made().get(systems) {
            return Ok(Arc::clone(scope));
        }
        let scope = Arc::new(Scope::of(view, systems, &self.known)?);
        let mut made = made();
        if made.len() >= KEPT {
            made.pop_first();
        }
        made.insert(systems.to_owned(), Arc::clone(&scope));
        Ok(scope)
    }
}
