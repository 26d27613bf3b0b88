//! Which record states a step of a path, and why its edge means the thing that it leads to.

use super::log::reference;
use super::{Maker, PathStep, Thing, Unproved};
use crate::claims::is_claim;
use crate::error::{Error, Result};
use crate::graph::NodeNo;
use crate::schema::{Kind, Relation};
use lineal_proof::bundle::{By, Hop};
use lineal_proof::record::{Edge, Reference, Revision};
use lineal_proof::{Hash, Key, KeyPart, Value};

/// A step, from the newer node to the older.
pub(super) type Between = (NodeNo, Relation, NodeNo);

/// The edge that a step is: the revision that holds it, its number there, and why it means the node.
pub(super) type Found = (Hash, u64, By);

impl Maker<'_> {
    /// The hop of a step, with the records that it rests on.
    pub(super) fn hop(&mut self, from: Thing, step: &PathStep) -> Result<Hop, Unproved> {
        let to = self.item(step.to)?;
        let (newer, older) = if step.along { (from, step.to) } else { (step.to, from) };
        let relation = step.relation.spec().name;
        let found = match (newer, older) {
            (Thing::Node(newer), Thing::Node(older)) => self.edge(newer, step.relation, older)?,
            (Thing::Event(event), Thing::Node(older)) => {
                let batch = self.batch_revision(event.batch)?;
                let revision = self.revision(&batch)?;
                self.fitting(&revision, step.relation, older)?
                    .map(|(number, by)| (batch, number, by))
            }
            (_, Thing::Event(_)) => None,
        };
        let Some((revision, edge, by)) = found else {
            let (from, to) = (self.name(newer), self.name(older));
            return Err(Unproved::Derived { from, relation, to });
        };
        self.records.insert(revision);
        self.rests_on(&revision, edge, by)?;
        let relation = relation.to_owned();
        Ok(Hop { to, along: step.along, relation, revision, edge, by })
    }

    /// Takes in the records that vouch for what an edge means.
    fn rests_on(&mut self, revision: &Hash, edge: u64, by: By) -> Result<()> {
        match by {
            By::Pin => {
                let revision = self.revision(revision)?;
                let edge = usize::try_from(edge).ok().and_then(|at| revision.edges.get(at));
                self.records.extend(edge.map(|edge| edge.pin.0));
            }
            By::Alias(id) | By::Run(id) | By::Version(id) | By::Logged(Some(id)) => {
                self.records.insert(id);
            }
            By::Exact | By::Fits | By::Logged(None) => {}
        }
        Ok(())
    }

    /// A revision by its id.
    pub(super) fn revision(&self, id: &Hash) -> Result<Revision> {
        let none = || Error::corrupt("segments", 0, "the log holds a revision that it speaks of");
        let at = {
            let state = self.store.read_state();
            let number = state.ledger.revision(id).ok_or_else(none)?;
            state.ledger.revisions.at(number)
        };
        self.view.view.revision(at)
    }

    /// The edge between two nodes: of the newest revision that states it and says best what it means.
    fn edge(&mut self, newer: NodeNo, relation: Relation, older: NodeNo) -> Result<Option<Found>> {
        if let Some(found) = self.edges.get(&(newer, relation, older)) {
            return Ok(Some(*found));
        }
        let mut best: Option<Found> = None;
        for info in self.store.revisions(self.view, newer).iter().rev() {
            let revision = self.revision(&info.id)?;
            let Some((number, by)) = self.fitting(&revision, relation, older)? else { continue };
            if best.is_none_or(|(_, _, so_far)| strength(by) < strength(so_far)) {
                best = Some((info.id, number, by));
            }
            if strength(by) == 0 {
                break;
            }
        }
        best.map(|found| self.edges.insert((newer, relation, older), found));
        Ok(best)
    }

    /// The edge of a revision that means a node, and why.
    fn fitting(
        &self,
        revision: &Revision,
        relation: Relation,
        node: NodeNo,
    ) -> Result<Option<(u64, By)>> {
        let (kind, key) = (self.view.kind_of(node), self.view.key_of(node));
        let of_relation = (0_u64..)
            .zip(&revision.edges)
            .filter(|(_, edge)| edge.relation == relation.spec().name && edge.kind == kind.name());
        let mut best: Option<(u64, By)> = None;
        for (number, edge) in of_relation {
            let Some(by) = self.means(edge, kind, &key, node)? else { continue };
            if best.is_none_or(|(_, so_far)| strength(by) < strength(so_far)) {
                best = Some((number, by));
            }
        }
        Ok(best)
    }

    fn means(&self, edge: &Edge, kind: Kind, key: &Key, node: NodeNo) -> Result<Option<By>> {
        if edge.key == *key {
            return Ok(Some(By::Exact));
        }
        if self.pinned(&edge.pin.0, node) {
            return Ok(Some(By::Pin));
        }
        if !is_claim(kind, &edge.key) {
            return Ok(None);
        }
        // What stands beside a claim decides; a fit by name may be one of several.
        if kind == Kind::Model
            && let Some(by) = self.beside(edge, key, node)?
        {
            return Ok(Some(by));
        }
        if edge.key.fits_as(kind.name(), key) {
            return Ok(Some(By::Fits));
        }
        if kind == Kind::Model
            && let Some(by) = self.by_version(edge, key, node)?
        {
            return Ok(Some(by));
        }
        let Some((name, target)) = self.view.alias_of(kind, &edge.key) else { return Ok(None) };
        let meant = Reference { name, kind: kind.name().to_owned(), key: Some(target.clone()) };
        Ok(reference(self.store, self.view, &meant).map(By::Alias))
    }

    /// Does a revision of the model list the word in the version's place among its aliases?
    fn by_version(&self, edge: &Edge, key: &Key, node: NodeNo) -> Result<Option<By>> {
        let [registry, name, KeyPart::Text(alias)] = edge.key.0.as_slice() else { return Ok(None) };
        let known = Key(vec![registry.clone(), name.clone(), KeyPart::Null]);
        if !known.fits(key) {
            return Ok(None);
        }
        for info in self.store.revisions(self.view, node).iter().rev() {
            let revision = self.revision(&info.id)?;
            let aliases = revision.fields.get("aliases").and_then(Value::as_list);
            let mut aliases = aliases.unwrap_or_default().iter();
            if aliases.any(|one| one.as_text() == Some(alias)) {
                return Ok(Some(By::Version(info.id)));
            }
        }
        Ok(None)
    }

    /// Is the pin a revision of the node, or its stub?
    fn pinned(&self, pin: &Hash, node: NodeNo) -> bool {
        let id = self.view.node_id(node);
        let state = self.store.read_state();
        let ledger = &state.ledger;
        let is_revision = ledger
            .revision(pin)
            .is_some_and(|revision| ledger.nodes.id(ledger.revisions.node(revision)) == id);
        is_revision || *pin == id
    }

    /// Do the ids beside a claim name the model?
    fn beside(&self, edge: &Edge, key: &Key, node: NodeNo) -> Result<Option<By>> {
        let has = |name: &str, id: &str| edge.beside.iter().any(|(n, v)| n == name && v == id);
        if let [KeyPart::Text(id)] = key.0.as_slice()
            && has("logged", id)
        {
            return Ok(Some(By::Logged(None)));
        }
        if edge.beside.is_empty() {
            return Ok(None);
        }
        for info in self.store.revisions(self.view, node).iter().rev() {
            for other in &self.revision(&info.id)?.edges {
                let id = other.key.part_text(0).unwrap_or_default();
                match (other.relation.as_str(), other.kind.as_str()) {
                    ("registered_from", "model") if other.key.0.len() == 1 && has("logged", id) => {
                        return Ok(Some(By::Logged(Some(info.id))));
                    }
                    ("produced_by", "run") if has("run", id) => {
                        return Ok(Some(By::Run(info.id)));
                    }
                    _ => {}
                }
            }
        }
        Ok(None)
    }
}

/// How much a reason leaves open: nothing, or that another thing may fit as well.
fn strength(by: By) -> u8 {
    match by {
        By::Exact | By::Pin => 0,
        By::Logged(_) => 1,
        By::Run(_) => 2,
        By::Alias(_) | By::Version(_) => 3,
        By::Fits => 4,
    }
}
