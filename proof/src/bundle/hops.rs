//! The edges of a path: each stands in a revision, and means the thing that the path says.

use super::commits::{Known, Records};
use super::events::Events;
use super::fault::{Checked, Fault};
use super::item::{Item, Node};
use super::statement::{By, Hop, Path};
use crate::hash::Hash;
use crate::key::{Key, KeyPart};
use crate::record::{Edge, Revision};
use crate::value::Value;

/// Checks a path edge by edge.
pub(super) fn check(at: &str, path: &Path, records: &Records, events: &Events) -> Checked {
    let mut from = &path.start;
    known(&format!("{at}/start"), from, events)?;
    for (number, hop) in path.hops.iter().enumerate() {
        let at = format!("{at}/hops/{number}");
        known(&format!("{at}/to"), &hop.to, events)?;
        let (newer, older) = if hop.along { (from, &hop.to) } else { (&hop.to, from) };
        edge(&at, hop, newer, older, records)?;
        from = &hop.to;
    }
    Ok(())
}

/// An event that a path comes by stands among the events.
fn known(at: &str, item: &Item, events: &Events) -> Checked {
    match item {
        Item::Event(event) if !events.contains_key(event) => {
            Err(Fault::new(at, "an event that stands among the events"))
        }
        _ => Ok(()),
    }
}

fn edge(at: &str, hop: &Hop, newer: &Item, older: &Item, records: &Records) -> Checked {
    let fault = |member: &str, rule| Err(Fault::new(format!("{at}/{member}"), rule));
    let Item::Node(older) = older else {
        return fault("to", "an edge leads to a node");
    };
    let Some(Known::Revision(revision)) = records.get(&hop.revision) else {
        return fault("revision", "a revision that stands among the records");
    };
    let holds = match newer {
        Item::Node(node) => is_of(revision, node),
        Item::Event(event) => revision.kind == "batch" && hop.revision == event.batch,
    };
    if !holds {
        return fault("revision", "the revision is of the thing that holds the edge");
    }
    let number = usize::try_from(hop.edge).unwrap_or(usize::MAX);
    let Some(edge) = revision.edges.get(number).filter(|edge| edge.relation == hop.relation) else {
        return fault("edge", "an edge of that relation, by its number in the revision");
    };
    if edge.kind != older.kind || !means(hop.by, edge, older, records) {
        return fault("how", "the edge means the thing that it leads to, for this reason");
    }
    Ok(())
}

pub(super) fn is_of(revision: &Revision, node: &Node) -> bool {
    revision.kind == node.kind && revision.key == node.key
}

fn revision_of<'a>(id: &Hash, node: &Node, records: &'a Records) -> Option<&'a Revision> {
    match records.get(id) {
        Some(Known::Revision(revision)) if is_of(revision, node) => Some(revision),
        _ => None,
    }
}

fn means(by: By, edge: &Edge, node: &Node, records: &Records) -> bool {
    match by {
        By::Exact => edge.key == node.key,
        By::Pin => match records.get(&edge.pin.0) {
            Some(Known::Revision(revision)) => is_of(revision, node),
            Some(Known::Stub(stub)) => stub.kind == node.kind && stub.key == node.key,
            _ => false,
        },
        By::Fits => is_claim(edge) && edge.key.fits_as(&edge.kind, &node.key),
        By::Alias(id) => match records.get(&id) {
            Some(Known::Reference(reference)) if reference.kind == edge.kind => {
                is_claim(edge)
                    && edge.key.is_called(&edge.kind, &reference.name)
                    && reference
                        .key
                        .as_ref()
                        .is_some_and(|key| filled(key, &edge.key).fits_as(&edge.kind, &node.key))
            }
            _ => false,
        },
        By::Logged(id) => {
            let logged = |key: &Key| match key.0.as_slice() {
                [KeyPart::Text(id)] => beside(edge, "logged", id),
                _ => false,
            };
            is_model_claim(edge)
                && match id {
                    None => logged(&node.key),
                    Some(id) => revision_of(&id, node, records).is_some_and(|revision| {
                        revision.edges.iter().any(|edge| {
                            edge.relation == "registered_from"
                                && edge.kind == "model"
                                && logged(&edge.key)
                        })
                    }),
                }
        }
        By::Version(id) => {
            is_model_claim(edge)
                && without_version(&edge.key).fits(&node.key)
                && edge.key.part_text(2).is_some_and(|alias| {
                    revision_of(&id, node, records).is_some_and(|revision| lists(revision, alias))
                })
        }
        By::Run(id) => {
            is_model_claim(edge)
                && revision_of(&id, node, records).is_some_and(|revision| {
                    revision.edges.iter().any(|made| {
                        made.relation == "produced_by"
                            && made.kind == "run"
                            && made.key.part_text(0).is_some_and(|run| beside(edge, "run", run))
                    })
                })
        }
    }
}

/// Has the edge a key that names its target in part (docs/format.md, section 6)?
fn is_claim(edge: &Edge) -> bool {
    is_model_claim(edge) || (edge.kind == "dataset" && edge.key.is_claim())
}

fn is_model_claim(edge: &Edge) -> bool {
    edge.kind == "model" && edge.key.0.len() == 3 && edge.key.is_claim()
}

/// A model's claim without its version.
fn without_version(claim: &Key) -> Key {
    let parts = claim.0.iter().take(2).cloned();
    Key(parts.chain([KeyPart::Null]).collect())
}

/// Does a revision of a model list an alias?
fn lists(revision: &Revision, alias: &str) -> bool {
    let aliases = revision.fields.get("aliases").and_then(Value::as_list);
    aliases.is_some_and(|aliases| aliases.iter().any(|one| one.as_text() == Some(alias)))
}

fn beside(edge: &Edge, name: &str, id: &str) -> bool {
    edge.beside.iter().any(|(n, value)| n == name && value == id)
}

/// What a reference stands for, its unknown parts taken from the claim.
pub(super) fn filled(reference: &Key, claim: &Key) -> Key {
    let part = |(at, part): (usize, &KeyPart)| match part {
        KeyPart::Null => claim.0.get(at).cloned().unwrap_or(KeyPart::Null),
        known => known.clone(),
    };
    Key(reference.0.iter().enumerate().map(part).collect())
}
