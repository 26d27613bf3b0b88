//! Which batches are due: their ceiling, counted from their last event, has passed, and nothing holds
//! them.

use super::Class;
use crate::Error;
use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{HoldInfo, HoldScope, NodeNo, Snapshot, Store};
use lineal_proof::Hash;

/// A batch with the times that matter.
#[derive(Clone, Debug)]
pub struct DueBatch {
    /// Its node's id.
    pub id: Hash,
    /// Its name, as it can be pasted.
    pub name: String,
    /// Its deployment.
    pub deployment: String,
    /// Rows that are still there.
    pub rows: u64,
    /// When its last event happened, ns.
    pub last_time: i64,
    /// When the ceiling passed, ns.
    pub ceiling: i64,
    /// The hold that keeps it.
    pub hold: Option<String>,
}

/// What of the inference log is kept, and what is due.
#[derive(Clone, Default, Debug)]
pub struct Due {
    /// Batches that hold anything.
    pub batches: u64,
    /// Of these, batches whose floor has not passed.
    pub below_floor: u64,
    /// Batches without an event with a time: nobody can tell.
    pub timeless: u64,
    /// Batches whose ceiling has passed, in the order of their nodes.
    pub due: Vec<DueBatch>,
}

/// What is due of the inference log at a time.
///
/// # Errors
/// What the store says.
pub fn due(store: &Store, view: &Snapshot, class: &Class, now: i64) -> Result<Due, Error> {
    due_of(store, view, class, now, view.batches().map(|info| info.node).collect())
}

/// What is due of some batches at a time.
///
/// # Errors
/// What the store says.
pub fn due_of(
    store: &Store,
    view: &Snapshot,
    class: &Class,
    now: i64,
    mut nodes: Vec<NodeNo>,
) -> Result<Due, Error> {
    let mut all = Due::default();
    let tells_restricted = view.shows_restricted();
    // As of the view: what was held or released later is not of this state.
    let standing = store.holds_at(view.commit())?;
    nodes.sort_unstable();
    nodes.dedup();
    for node in nodes {
        let rows = view.rows_of(node).len() as u64;
        let Some(info) = view.batch(node).filter(|_| rows > 0) else { continue };
        all.batches += 1;
        if info.first_time > info.last_time {
            all.timeless += 1;
            continue;
        }
        if class.min.end(info.last_time).is_some_and(|end| end > now) {
            all.below_floor += 1;
            continue;
        }
        // A floor in words is for a person to read before anything goes.
        let ceiling = class.max.end(info.last_time).filter(|_| class.has_floor_in_time());
        let Some(ceiling) = ceiling.filter(|end| *end <= now) else {
            continue;
        };
        let parts: Vec<u32> = view.parts_of(node).iter().map(|(ordinal, _)| *ordinal).collect();
        let hold = match held(view, &standing, node, info.deployment) {
            Some(hold) => Some(hold.name.clone()),
            // Rows that somebody may need are not erased before that is decided.
            None if !tells_restricted => None,
            None => store.has_restricted(&parts).then(|| "restricted rows".to_owned()),
        };
        all.due.push(DueBatch {
            id: view.node_id(node),
            name: view.name_of(node),
            deployment: view.name_of(info.deployment),
            rows,
            last_time: info.last_time,
            ceiling,
            hold,
        });
    }
    Ok(all)
}

/// The hold that is over a batch, its deployment, or a system of that.
fn held<'h>(
    view: &Snapshot,
    standing: &'h [HoldInfo],
    batch: NodeNo,
    deployment: NodeNo,
) -> Option<&'h HoldInfo> {
    let systems = view.edges(deployment, Relation::BelongsTo, Direction::Forward);
    standing.iter().find(|hold| match &hold.scope {
        HoldScope::Store => true,
        HoldScope::Node(kind, key) => view
            .node_with_key(*kind, key)
            .is_some_and(|node| node == batch || node == deployment || systems.contains(&node)),
    })
}
