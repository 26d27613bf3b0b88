//! Which batches are due: their ceiling, counted from their last event, has passed, and nothing holds
//! them. Batches of retracted imports are among them: no answer shows them, and their rows lie in the
//! store all the same.

use super::Class;
use crate::Error;
use crate::record::time_text;
use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{BatchInfo, HoldInfo, HoldScope, NodeNo, Snapshot, Store};
use lineal_proof::Hash;
use lineal_proof::record::node_id;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Are they of retracted imports alone?
    pub retracted: bool,
    /// The hold that keeps it.
    pub hold: Option<String>,
}

/// What of the inference log is kept, and what is due.
#[derive(Clone, Default, Debug)]
pub struct Due {
    /// Batches that hold anything.
    pub batches: u64,
    /// Of these, batches of retracted imports alone.
    pub retracted: u64,
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
    due_among(&Looked::at(store, view)?, class, now, None)
}

/// What is due of the batches of some deployments at a time.
///
/// # Errors
/// What the store says.
pub fn due_of(
    store: &Store,
    view: &Snapshot,
    class: &Class,
    now: i64,
    deployments: &[NodeNo],
) -> Result<Due, Error> {
    let ids = deployments.iter().map(|node| view.node_id(*node)).collect();
    due_among(&Looked::at(store, view)?, class, now, Some(&ids))
}

fn due_among(
    looked: &Looked<'_>,
    class: &Class,
    now: i64,
    deployments: Option<&BTreeSet<Hash>>,
) -> Result<Due, Error> {
    let mut all = Due::default();
    for kept in looked.batches(deployments) {
        all.batches += 1;
        all.retracted += u64::from(kept.retracted);
        let ceiling = match stands(class, &kept.info, now) {
            Stands::Timeless => {
                all.timeless += 1;
                continue;
            }
            Stands::BelowFloor(_) => {
                all.below_floor += 1;
                continue;
            }
            Stands::WithoutEnd | Stands::Until(_) => continue,
            Stands::Due(ceiling) => ceiling,
        };
        all.due.push(DueBatch {
            id: kept.view.node_id(kept.info.node),
            name: kept.view.name_of(kept.info.node),
            deployment: kept.view.name_of(kept.info.deployment),
            rows: kept.rows,
            last_time: kept.info.last_time,
            ceiling,
            retracted: kept.retracted,
            hold: looked.hold_of(&kept),
        });
    }
    Ok(all)
}

/// How a batch stands at a time.
enum Stands {
    /// No event of it has a time.
    Timeless,
    /// Its floor ends then, ns.
    BelowFloor(i64),
    /// No time can be told: the ceiling is none or not stated, or the floor is in words, for a person to read
    /// before anything goes.
    WithoutEnd,
    /// Its ceiling passes then, ns.
    Until(i64),
    /// Its ceiling passed then, ns.
    Due(i64),
}

fn stands(class: &Class, info: &BatchInfo, now: i64) -> Stands {
    let (first, last) = (info.first_time, info.last_time);
    if first > last {
        return Stands::Timeless;
    }
    if let Some(end) = class.min.end(last).filter(|end| *end > now) {
        return Stands::BelowFloor(end);
    }
    match class.max.end(last).filter(|_| class.has_floor_in_time()) {
        None => Stands::WithoutEnd,
        Some(end) if end > now => Stands::Until(end),
        Some(end) => Stands::Due(end),
    }
}

/// Something that was proposed to be erased by its ceiling, and is not due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotDue {
    /// What it is called, or its id where nothing of that id is here.
    pub name: String,
    /// Why it is not due.
    pub why: String,
}

/// Which of some batches, by the ids of their nodes, are not due at a time, or are held. A batch of which nothing is
/// left any more is neither.
///
/// # Errors
/// What the store says.
pub fn not_due(
    store: &Store,
    view: &Snapshot,
    class: &Class,
    now: i64,
    batches: &[Hash],
) -> Result<Vec<NotDue>, Error> {
    let looked = Looked::at(store, view)?;
    let all = looked.all();
    let nodes: BTreeMap<Hash, NodeNo> =
        all.batches().map(|info| (all.node_id(info.node), info.node)).collect();
    let mut found = Vec::new();
    for id in batches {
        let Some(node) = nodes.get(id) else {
            let why = "no batch of this id is here".to_owned();
            found.push(NotDue { name: id.to_string(), why });
            continue;
        };
        let Some(kept) = looked.kept(*node) else { continue };
        let why = match stands(class, &kept.info, now) {
            Stands::Timeless => "none of its events has a time: nobody can tell".to_owned(),
            Stands::BelowFloor(end) => {
                let (min, end) = (class.min.text(), time_text(end));
                format!("it is kept for {min} at least, until {end}, and is not due before")
            }
            Stands::WithoutEnd => {
                let (min, max) = (class.min.text(), class.max.text());
                format!("with a floor of {min} and a ceiling of {max} no time can be told")
            }
            Stands::Until(end) => format!("it is due on {} and not before", time_text(end)),
            Stands::Due(_) => match looked.hold_of(&kept) {
                Some(hold) => format!("it is held: {hold}"),
                None => continue,
            },
        };
        found.push(NotDue { name: kept.view.name_of(kept.info.node), why });
    }
    Ok(found)
}

/// A view of a store, all that lies there as of it, and what is held.
struct Looked<'s> {
    store: &'s Store,
    view: &'s Snapshot,
    /// None where no import is retracted.
    stored: Option<Snapshot>,
    holds: Vec<HoldInfo>,
}

/// A batch that holds anything.
struct Kept<'v> {
    /// Where the numbers of `info` are meant.
    view: &'v Snapshot,
    info: BatchInfo,
    /// Rows that are there.
    rows: u64,
    /// All parts, as [`lineal_engine::EventRef`] names them.
    parts: Vec<u32>,
    retracted: bool,
}

impl<'s> Looked<'s> {
    fn at(store: &'s Store, view: &'s Snapshot) -> Result<Looked<'s>, Error> {
        let stored = store.stored(view)?;
        // As of the view: what was held or released later is not of this state.
        Ok(Looked { store, view, stored, holds: store.holds_at(view.commit())? })
    }

    fn all(&self) -> &Snapshot {
        self.stored.as_ref().unwrap_or(self.view)
    }

    /// The batches that hold anything, of these deployments where such are given, in the order of
    /// their nodes.
    fn batches(&self, deployments: Option<&BTreeSet<Hash>>) -> impl Iterator<Item = Kept<'_>> {
        let all = self.all();
        let is_meant = |info: &BatchInfo| {
            deployments.is_none_or(|ids| ids.contains(&all.node_id(info.deployment)))
        };
        let nodes: BTreeSet<NodeNo> =
            all.batches().filter(is_meant).map(|info| info.node).collect();
        nodes.into_iter().filter_map(|node| self.kept(node))
    }

    /// A batch as the view shows it, or, of what it does not show, as it lies there.
    fn kept(&self, node: NodeNo) -> Option<Kept<'_>> {
        let all = self.all();
        let parts = all.parts_of(node).into_iter().map(|(ordinal, _)| ordinal).collect();
        let shown = self.view.same_node(all, node);
        if let Some(info) = shown.and_then(|own| self.view.batch(own)) {
            let rows = self.view.rows_of(info.node).len() as u64;
            if rows > 0 {
                return Some(Kept { view: self.view, info, rows, parts, retracted: false });
            }
        }
        let lying = all.rows_of(node);
        let (info, rows) = (all.batch(node)?, lying.len() as u64);
        let retracted = !lying.iter().any(|row| self.view.has_row(*row));
        (rows > 0).then_some(Kept { view: all, info, rows, parts, retracted })
    }

    /// What keeps a batch: the hold that is over it, its deployment, or a system of that; or rows that
    /// somebody may need, which are not erased before that is decided.
    fn hold_of(&self, kept: &Kept<'_>) -> Option<String> {
        let around = self.around(kept);
        let is_over = |hold: &&HoldInfo| match &hold.scope {
            HoldScope::Store => true,
            HoldScope::Node(kind, key) => around.contains(&node_id(kind.name(), key)),
        };
        if let Some(hold) = self.holds.iter().find(is_over) {
            return Some(hold.name.clone());
        }
        let is_restricted = self.view.shows_restricted() && self.store.has_restricted(&kept.parts);
        is_restricted.then(|| "restricted rows".to_owned())
    }

    /// The ids of a batch, of its deployment, and of the systems that this belongs to, were it that only
    /// a retracted import says so.
    fn around(&self, kept: &Kept<'_>) -> BTreeSet<Hash> {
        let ids = [kept.info.node, kept.info.deployment].map(|node| kept.view.node_id(node));
        let mut ids = BTreeSet::from(ids);
        for view in [self.view].into_iter().chain(&self.stored) {
            let deployment = view.same_node(kept.view, kept.info.deployment);
            let systems = deployment
                .map(|node| view.edges(node, Relation::BelongsTo, Direction::Forward))
                .unwrap_or_default();
            ids.extend(systems.iter().map(|system| view.node_id(*system)));
        }
        ids
    }
}
