//! Personal data on its way into the store: names become keys, texts become sealed fields.

use crate::mlflow::is_personal;
use crate::record::{Edge, NodeRecord, Part, Personal, Reference};
use lineal_engine::schema::Kind;
use lineal_engine::{EdgeDraft, NodeDraft, Result, SealedField, Store};
use lineal_proof::{Key, KeyPart, Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Writes down the series of a record, which is most of the work of a draft and needs nobody's key;
/// those of which one is called as a person is become a field.
pub(super) fn encode_series(mut record: NodeRecord) -> (NodeRecord, Option<Vec<u8>>) {
    if record.series.keys().any(|name| is_personal(name)) {
        record = record.whole();
    }
    let series = record.take_encoded_series();
    (record, series)
}

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
            Part::Personal(text) => KeyPart::Text(self.keyed(&text)?),
        })
    }

    fn keyed(&mut self, text: &str) -> Result<String> {
        if let Some(keyed) = self.parts.get(text) {
            return Ok(keyed.clone());
        }
        let keyed = self.store.keyed_part(text)?;
        self.parts.insert(text.to_owned(), keyed.clone());
        Ok(keyed)
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
        let value = Value::Text(personal.value);
        match personal.field.split_once('.') {
            Some((field, name)) if is_personal(name) => {
                self.member(field, name.to_owned(), value, actor)
            }
            _ => Ok(SealedField { field: personal.field, value, actor }),
        }
    }

    /// A record as a draft, with what [`encode_series`] made of its series.
    pub(super) fn draft(
        &mut self,
        (record, series): (NodeRecord, Option<Vec<u8>>),
    ) -> Result<NodeDraft> {
        let encoded = series.into_iter().map(|series| ("series", series)).collect();
        let (kind, key) = self.reference(record.node)?;
        let sealed = record.personal.into_iter().map(|personal| self.sealed(personal));
        let mut sealed = sealed.collect::<Result<Vec<_>>>()?;
        let fields = self.fields(record.fields, &mut sealed)?;
        let edges = record.edges.into_iter().map(|edge| self.edge(edge)).collect::<Result<_>>()?;
        Ok(NodeDraft { kind, key, fields, encoded, sealed, edges })
    }

    /// Seals members of open maps that are called as a person is: name and value as one.
    fn fields(&mut self, fields: Map, sealed: &mut Vec<SealedField>) -> Result<Map> {
        let mut kept = Map::new();
        for (field, value) in fields {
            let Value::Map(members) = value else {
                kept.insert(field, value);
                continue;
            };
            if !members.iter().any(|(name, _)| is_personal(name)) {
                kept.insert(field, Value::Map(members));
                continue;
            }
            let mut clear = Map::new();
            for (name, member) in members {
                if is_personal(&name) {
                    sealed.push(self.member(&field, name, member, None)?);
                } else {
                    clear.insert(name, member);
                }
            }
            if !clear.is_empty() {
                kept.insert(field, Value::Map(clear));
            }
        }
        Ok(kept)
    }

    fn member(
        &mut self,
        field: &str,
        name: String,
        value: Value,
        actor: Option<Key>,
    ) -> Result<SealedField> {
        let field = format!("{field}.{}", self.keyed(&name)?);
        Ok(SealedField { field, value: Value::List(vec![Value::Text(name), value]), actor })
    }

    /// A path below what was given to import, with the keyed form of each folder or file that is
    /// called as a person is.
    pub(super) fn label(&mut self, path: &str) -> Result<String> {
        let mut parts = Vec::new();
        let mut above = "";
        for part in path.split('/') {
            let homed = !is_personal(above) && is_personal(&format!("/{above}/{part}"));
            parts.push(if homed { self.keyed(part)? } else { part.to_owned() });
            above = part;
        }
        Ok(parts.join("/"))
    }

    /// Actors for the people named since last asked, with their names sealed.
    pub(super) fn take_actors(&mut self) -> Vec<NodeDraft> {
        let named = std::mem::take(&mut self.named);
        named.into_iter().map(|(key, login)| actor(key, &login)).collect()
    }
}

/// An actor with the login sealed, as an e-mail too where it is one. `key` is
/// [`Store::actor_key`] of the login.
#[must_use]
pub fn actor(key: String, login: &str) -> NodeDraft {
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
