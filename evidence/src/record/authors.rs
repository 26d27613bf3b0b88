//! Who made a thing: whom four eyes exclude from approving it.

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Links from a thing to what it was made by: a version to the logged model and the run, a
/// deployment to its model. What a run only used was made by others.
const MADE_BY: [Relation; 3] = [Relation::RegisteredFrom, Relation::ProducedBy, Relation::Deploys];
/// A chain of registrations is a handful long; a cycle of claims must end too.
const STEPS_MAX: usize = 10_000;

/// The actors (by key) who made a node or what it was made by, each with what they made.
#[must_use]
pub fn authors(view: &Snapshot, node: NodeNo) -> BTreeMap<String, Vec<NodeNo>> {
    let (mut seen, mut ahead) = (BTreeSet::from([node]), vec![node]);
    let mut authors: BTreeMap<String, Vec<NodeNo>> = BTreeMap::new();
    while let Some(made) = ahead.pop() {
        // Who declares what a system is in law did not make it.
        let persons = if view.kind_of(made) == Kind::System {
            &[][..]
        } else {
            view.edges(made, Relation::DoneBy, Direction::Forward)
        };
        for person in persons {
            if let Some(key) = view.key_of(*person).part_text(0) {
                authors.entry(same_person(view, key)).or_default().push(made);
            }
        }
        for relation in MADE_BY {
            for by in view.edges(made, relation, Direction::Forward) {
                if seen.len() < STEPS_MAX && seen.insert(*by) {
                    ahead.push(*by);
                }
            }
        }
    }
    authors
}

/// The key of a person, also where `lineal alias` says that two logins are one.
pub(crate) fn same_person(view: &Snapshot, actor: &str) -> String {
    let other = view.alias(Kind::Actor, actor).and_then(|key| key.part_text(0));
    other.unwrap_or(actor).to_owned()
}
