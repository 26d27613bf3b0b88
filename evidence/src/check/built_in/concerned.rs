//! The logs that an incident concerns, each with what a hold over it may be about.

use std::collections::BTreeSet;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{HoldInfo, HoldScope, NodeNo, Snapshot};

use super::holds::deployments;

/// A log that an incident concerns.
pub(crate) struct ConcernedLog {
    /// The deployment, or the batch where the incident names one.
    pub(crate) node: NodeNo,
    /// Over which nodes a hold forbids to erase it.
    covered_by: BTreeSet<NodeNo>,
}

impl ConcernedLog {
    pub(super) fn of(snapshot: &Snapshot, node: NodeNo) -> ConcernedLog {
        let mut covered_by = BTreeSet::from([node]);
        covered_by.extend(snapshot.edges(node, Relation::ServedBy, Direction::Forward));
        for deployment in covered_by.clone() {
            covered_by.extend(snapshot.edges(deployment, Relation::BelongsTo, Direction::Forward));
        }
        ConcernedLog { node, covered_by }
    }

    /// Does a hold forbid to erase it? One over a model does not: holds are over logs.
    pub(crate) fn is_held_by(&self, snapshot: &Snapshot, hold: &HoldInfo) -> bool {
        match &hold.scope {
            HoldScope::Store => true,
            HoldScope::Node(kind, key) => {
                let node = snapshot.node_with_key(*kind, key);
                node.is_some_and(|node| self.covered_by.contains(&node))
            }
        }
    }
}

/// The deployments of a model, and of the versions that were registered from it.
pub(super) fn of_model(snapshot: &Snapshot, model: NodeNo) -> BTreeSet<NodeNo> {
    let (mut models, mut ahead) = (BTreeSet::from([model]), vec![model]);
    let mut found = BTreeSet::new();
    while let Some(model) = ahead.pop() {
        found.extend(snapshot.edges(model, Relation::Deploys, Direction::Inverse));
        for version in snapshot.edges(model, Relation::RegisteredFrom, Direction::Inverse) {
            if models.insert(*version) {
                ahead.push(*version);
            }
        }
    }
    found
}

/// The logs that an incident concerns: of the deployments and batches that it names, and of the deployments of
/// the models and systems that it names. Ascending.
pub(crate) fn logs_of(snapshot: &Snapshot, incident: NodeNo) -> Vec<ConcernedLog> {
    let mut nodes: BTreeSet<NodeNo> = BTreeSet::new();
    for node in snapshot.edges(incident, Relation::Concerns, Direction::Forward) {
        match snapshot.kind_of(*node) {
            Kind::Deployment | Kind::Batch => drop(nodes.insert(*node)),
            Kind::Model => nodes.extend(of_model(snapshot, *node)),
            Kind::System => nodes.extend(deployments(snapshot, *node)),
            _ => {}
        }
    }
    nodes.into_iter().map(|node| ConcernedLog::of(snapshot, node)).collect()
}
