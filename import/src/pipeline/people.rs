//! Personal data on its way into the store: names become keys, texts become sealed fields.

use crate::record::{Edge, NodeRecord, Part, Personal, Reference};
use lineal_engine::schema::Kind;
use lineal_engine::{EdgeDraft, NodeDraft, Result, SealedField, Store};
use lineal_proof::{Key, KeyPart, Value};
use std::collections::{BTreeMap, HashMap};

/// Turns staged records into drafts, remembering the people that they name.
pub(super) struct People<'a> {
    store: &'a Store,
    keys: HashMap<String, String>,
    parts: HashMap<String, String>,
    /// People named since the last [`People::take_actors`]: key and login.
    named: BTreeMap<String, String>,
}

impl<'a> People<'a> {
    pub(super) fn new(store: &'a Store) -> People<'a> {
        let (keys, parts, named) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        People { store, keys, parts, named }
    }

    /// The actor key of a person.
    pub(super) fn key(&mut self, login: &str) -> Result<String> {
        if let Some(key) = self.keys.get(login) {
            let key = key.clone();
            self.named.entry(key.clone()).or_insert_with(|| login.to_owned());
            return Ok(key);
        }
        let key = self.store.actor_key(login)?;
        self.keys.insert(login.to_owned(), key.clone());
        self.named.entry(key.clone()).or_insert_with(|| login.to_owned());
        Ok(key)
    }

    fn part(&mut self, kind: Kind, part: Part) -> Result<KeyPart> {
        Ok(match part {
            Part::Null => KeyPart::Null,
            Part::Int(number) => KeyPart::Int(number),
            Part::Text(text) => KeyPart::Text(text),
            // Approvals and actors hold a person in their keys, other kinds a home path.
            Part::Personal(text) if matches!(kind, Kind::Actor | Kind::Approval) => {
                KeyPart::Text(self.key(&text)?)
            }
            Part::Personal(text) => KeyPart::Text(match self.parts.get(&text) {
                Some(keyed) => keyed.clone(),
                None => {
                    let keyed = self.store.keyed_part(&text)?;
                    self.parts.insert(text, keyed.clone());
                    keyed
                }
            }),
        })
    }

    fn reference(&mut self, reference: Reference) -> Result<(Kind, Key)> {
        let kind = reference.kind;
        let parts = reference.key.into_iter().map(|part| self.part(kind, part));
        Ok((kind, Key(parts.collect::<Result<_>>()?)))
    }

    fn edge(&mut self, edge: Edge) -> Result<EdgeDraft> {
        let (kind, key) = self.reference(edge.target)?;
        Ok(EdgeDraft { relation: edge.relation, kind, key, beside: edge.beside })
    }

    fn sealed(&mut self, personal: Personal) -> Result<SealedField> {
        let actor = personal.person.map(|login| self.key(&login).map(Key::text)).transpose()?;
        Ok(SealedField { field: personal.field, value: Value::Text(personal.value), actor })
    }

    /// A record as a draft.
    pub(super) fn draft(&mut self, record: NodeRecord) -> Result<NodeDraft> {
        let (kind, key) = self.reference(record.node)?;
        let sealed = record.personal.into_iter().map(|personal| self.sealed(personal));
        let sealed = sealed.collect::<Result<_>>()?;
        let edges = record.edges.into_iter().map(|edge| self.edge(edge)).collect::<Result<_>>()?;
        Ok(NodeDraft { kind, key, fields: record.fields, sealed, edges })
    }

    /// Actors for the people named since last asked, with their names sealed.
    pub(super) fn take_actors(&mut self) -> Vec<NodeDraft> {
        let named = std::mem::take(&mut self.named);
        named.into_iter().map(|(key, login)| actor(key, &login)).collect()
    }
}

/// An actor with the login sealed, as an e-mail too where it is one.
fn actor(key: String, login: &str) -> NodeDraft {
    let key = Key::text(key);
    let mut draft = NodeDraft::new(Kind::Actor, key.clone());
    let mut seal = |field: &str| {
        draft.sealed.push(SealedField {
            field: field.to_owned(),
            value: Value::text(login.trim()),
            actor: Some(key.clone()),
        });
    };
    seal("name");
    if login.contains('@') {
        seal("email");
    }
    draft
}
