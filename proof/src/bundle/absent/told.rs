//! Which names of the map a statement asks, one after another, and what the answers come to: the same
//! for who makes a proof and for who checks it.

use super::{Nothing, Scope};
use crate::absence::{EntryValue, MapName, Target};
use crate::bundle::Known;
use crate::bundle::item::Node;
use crate::hash::Hash;
use crate::record::{Edge, Reference, Revision};
use crate::value::Value;
use std::collections::BTreeMap;

/// Who knows the map, and the records in it.
pub trait Asked {
    /// Why there is no answer.
    type Error;

    /// All that stands under a name.
    ///
    /// # Errors
    /// If it is not shown.
    fn under(&mut self, name: &MapName) -> Result<Vec<EntryValue>, Self::Error>;

    /// The record that begins with these bytes of its id.
    ///
    /// # Errors
    /// If it is not there.
    fn record(&mut self, value: &EntryValue) -> Result<(Hash, Known), Self::Error>;
}

/// What the answers come to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Told {
    /// What stands against the statement: the id of a record, or how it begins; the first.
    pub against: Option<EntryValue>,
    /// Of edges: the claims of the target's name that do not fit it, in the order of their words.
    pub claims: Vec<Node>,
    /// Of events: the batches of the scope, without those outside of its times.
    pub batches: BTreeMap<Hash, Revision>,
}

/// Asks all that a statement asks.
///
/// # Errors
/// What `asked` says.
pub fn told<A: Asked>(what: &Nothing, asked: &mut A) -> Result<Told, A::Error> {
    let mut told = Told::default();
    match what {
        Nothing::Node(node) => {
            let found = asked.under(&MapName::node(&node.kind, &node.key))?;
            told.against = found.first().copied();
        }
        Nothing::Fit(node) => {
            for value in asked.under(&MapName::kind(&node.kind))? {
                let (_, record) = asked.record(&value)?;
                if let Known::Revision(revision) = record
                    && node.key.fits(&revision.key)
                {
                    told.against.get_or_insert(value);
                }
            }
        }
        Nothing::Edge { from, relation, node, .. } => {
            edges(from, relation, node, asked, &mut told)?;
        }
        Nothing::Event { scope, .. } => told.batches = batches(scope, asked)?,
    }
    Ok(told)
}

/// All references of a kind that were ever recorded.
fn references<A: Asked>(kind: &str, asked: &mut A) -> Result<Vec<Reference>, A::Error> {
    let mut references = Vec::new();
    for value in asked.under(&MapName::references(kind))? {
        if let (_, Known::Reference(reference)) = asked.record(&value)? {
            references.push(reference);
        }
    }
    Ok(references)
}

/// What may name a node: all references of its kind, and revisions with the beginnings of their ids.
type Naming = (Vec<Reference>, Vec<(EntryValue, Revision)>);

/// The revisions that stand under any name of an edge that may mean the target.
fn naming<A: Asked>(relation: &str, node: &Node, asked: &mut A) -> Result<Naming, A::Error> {
    let references = references(&node.kind, asked)?;
    let target = Target { kind: &node.kind, key: &node.key };
    let mut found = Vec::new();
    for name in target.names(relation, &references) {
        for value in asked.under(&name)? {
            if let (_, Known::Revision(revision)) = asked.record(&value)? {
                found.push((value, *revision));
            }
        }
    }
    Ok((references, found))
}

fn edges<A: Asked>(
    from: &str,
    relation: &str,
    node: &Node,
    asked: &mut A,
    told: &mut Told,
) -> Result<(), A::Error> {
    let (references, found) = naming(relation, node, asked)?;
    let mut claims = BTreeMap::new();
    for (value, revision) in found.iter().filter(|(_, revision)| revision.kind == from) {
        let own = |edge: &&Edge| edge.relation == relation && edge.kind == node.kind;
        for edge in revision.edges.iter().filter(own) {
            if may_mean(edge, node, &references) {
                told.against.get_or_insert(*value);
            } else if is_of_name(edge, node, &references) {
                let claim = Node { kind: edge.kind.clone(), key: edge.key.clone() };
                claims.insert(super::words::exactly(&claim), claim);
            }
        }
    }
    told.claims = claims.into_values().collect();
    Ok(())
}

/// Which part of a claim's key is its name; none for kinds whose keys are no claims.
fn name_part(node: &Node) -> Option<usize> {
    match (node.kind.as_str(), node.key.0.len()) {
        ("model", 3) => Some(1),
        ("dataset", 4) => Some(0),
        _ => None,
    }
}

/// Is the edge's key the node's, or one that fits it, by itself or with a name given by hand?
fn may_mean(edge: &Edge, node: &Node, references: &[Reference]) -> bool {
    if edge.key == node.key {
        return true;
    }
    let named = |at: usize| {
        let mut own = references.iter().filter(move |reference| {
            let is_called = || match name_part(node) {
                Some(_) => edge.key.is_called(&node.kind, &reference.name),
                None => edge.key.part_text(at) == Some(reference.name.as_str()),
            };
            reference.kind == node.kind && is_called()
        });
        own.any(|reference| {
            let key = reference.key.as_ref();
            let filled = |key| super::super::hops::filled(key, &edge.key);
            key.is_some_and(|key| filled(key).fits_as(&node.kind, &node.key))
        })
    };
    match name_part(node) {
        Some(at) => edge.key.is_claim() && (edge.key.fits_as(&node.kind, &node.key) || named(at)),
        None => edge.key.0.len() == 1 && node.key.0.len() == 1 && named(0),
    }
}

/// Is it a claim that gives the node's name, a name given by hand to it, or none?
fn is_of_name(edge: &Edge, node: &Node, references: &[Reference]) -> bool {
    let Some(at) = name_part(node) else { return false };
    if edge.key.0.len() != node.key.0.len() || !edge.key.is_claim() {
        return false;
    }
    let name = edge.key.part_text(at);
    let is_alias = || {
        references.iter().any(|reference| {
            let means = |key: &crate::key::Key| *key == node.key || key.fits(&node.key);
            edge.key.is_called(&node.kind, &reference.name)
                && reference.key.as_ref().is_some_and(means)
        })
    };
    name.is_none_or(|name| node.key.part_text(at) == Some(name) || is_alias())
}

fn batches<A: Asked>(scope: &Scope, asked: &mut A) -> Result<BTreeMap<Hash, Revision>, A::Error> {
    const SERVED_BY: &str = "served_by";
    let of = |deployment: &Node| MapName::edge(SERVED_BY, &deployment.kind, &deployment.key);
    let names: Vec<MapName> = match &scope.of {
        None => vec![MapName::kind("batch")],
        Some(node) if node.kind == "deployment" => vec![of(node)],
        Some(system) => {
            let (_, found) = naming("belongs_to", system, asked)?;
            let mut named = BTreeMap::new();
            for (_, revision) in found {
                if revision.kind == "deployment" {
                    let node = Node { kind: revision.kind, key: revision.key };
                    named.insert(super::words::exactly(&node), node);
                }
            }
            named.values().map(of).collect()
        }
    };
    let mut batches = BTreeMap::new();
    for name in names {
        for value in asked.under(&name)? {
            if let (id, Known::Revision(revision)) = asked.record(&value)?
                && revision.kind == "batch"
                && !is_outside(scope, &revision)
            {
                batches.insert(id, *revision);
            }
        }
    }
    Ok(batches)
}

/// Does the batch say that all of its events with a time lie outside of the scope's?
fn is_outside(scope: &Scope, batch: &Revision) -> bool {
    let time = |name: &str| batch.fields.get(name).and_then(Value::as_i64);
    let (Some(first), Some(last)) = (time("first_time"), time("last_time")) else { return false };
    scope.from.is_some_and(|from| last < from) || scope.to.is_some_and(|to| first >= to)
}
