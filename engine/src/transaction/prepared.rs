//! What a source says of a node, as it will be recorded but for its links' pins: encoded, sealed and
//! hashed. It needs no other node and nothing of the log, so it is made while others are committed.

use super::StagedNode;
use crate::draft::{NodeDraft, Saying};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::store::Store;
use lineal_proof::frame::PAYLOAD_MAX;
use lineal_proof::record::{Blob, Edge, Record, Revision, node_id};
use lineal_proof::{Cid, Hash, Key, Map, Value, cbor};

/// Values above this size go into a blob.
const INLINE_MAX: usize = 64 << 10;

/// Fields in canonical bytes, in canonical order.
type Encoded = Vec<(&'static str, Vec<u8>)>;

/// A node that was prepared, to be staged with [`super::Transaction::add_prepared`].
pub struct PreparedNode {
    pub(super) staged: StagedNode,
    /// Values of it that are too large for a record.
    pub(super) blobs: Vec<(Hash, Vec<u8>)>,
}

impl PreparedNode {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.staged.kind
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.staged.revision.key
    }

    /// About how many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let blobs: usize = self.blobs.iter().map(|(_, blob)| blob.len()).sum();
        self.staged.body.len() + blobs
    }
}

impl Store {
    /// Encodes, seals and hashes what a source says of a node. What is sealed stands in the order of
    /// these calls.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a relation that the schema does not have, [`Error::NoKey`] if a
    /// secret is missing, [`Error::Limit`] for a value that is too large or too deep.
    pub fn prepare(&self, saying: &Saying, draft: NodeDraft) -> Result<PreparedNode> {
        draft.check()?;
        let node = node_id(draft.kind.name(), &draft.key);
        let mut blobs = Vec::new();
        let mut fields = Map::new();
        let mut encoded = Encoded::new();
        for (name, bytes) in draft.encoded {
            if bytes.len() <= INLINE_MAX {
                encoded.push((name, bytes));
                continue;
            }
            // Members may have to go into blobs: as values.
            let value = cbor::decode(&bytes).map_err(|_| {
                Error::corrupt("a staged node", 0, "an encoded field is one canonical value")
            })?;
            fields.insert(name, outline(value, &mut blobs)?);
        }
        encoded.sort_by(|a, b| lineal_proof::value::key_order(a.0, b.0));
        for (name, value) in draft.fields {
            fields.insert(name, outline(value, &mut blobs)?);
        }
        let mut sealed: Vec<(String, Hash)> = Vec::with_capacity(draft.sealed.len());
        let own = match draft.kind {
            Kind::Access => crate::keys::trail_subject(saying.observed_at),
            _ => node,
        };
        for field in draft.sealed {
            let subject = field.actor.as_ref().map_or(own, |key| node_id(Kind::Actor.name(), key));
            let commitment = self.seal(&subject, &field.field, &field.value)?;
            sealed.retain(|(name, _)| *name != field.field);
            sealed.push((field.field, commitment));
        }
        sealed.sort_by(|a, b| lineal_proof::value::key_order(&a.0, &b.0));
        let edges = draft.edges.into_iter().map(|edge| {
            let mut beside = edge.beside;
            beside.sort_by(|a, b| lineal_proof::value::key_order(&a.0, &b.0));
            Edge {
                relation: edge.relation.name().to_owned(),
                kind: edge.kind.name().to_owned(),
                // Of the target's node, until the transaction is written.
                pin: Cid(node_id(edge.kind.name(), &edge.key)),
                key: edge.key,
                beside,
            }
        });
        let revision = Revision {
            kind: draft.kind.name().to_owned(),
            key: draft.key,
            source: saying.source.clone(),
            form: saying.form.clone(),
            observed_at: saying.observed_at,
            fields,
            sealed,
            edges: edges.collect(),
            previous: None,
        };
        Ok(PreparedNode { staged: StagedNode::of(revision, node, &encoded), blobs })
    }
}

/// Does a value go into a blob?
fn is_large(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.len() > INLINE_MAX,
        Value::List(_) | Value::Map(_) => cbor::encoded_length(value) > INLINE_MAX,
        _ => false,
    }
}

/// Puts a large value, or a large member of an open map, into a blob and links it.
fn outline(value: Value, blobs: &mut Vec<(Hash, Vec<u8>)>) -> Result<Value> {
    if !is_large(&value) {
        return Ok(value);
    }
    let Value::Map(map) = value else { return blob(value, blobs) };
    let mut members = Map::new();
    for (name, member) in map {
        let member = if is_large(&member) { blob(member, blobs)? } else { member };
        members.insert(name, member);
    }
    let value = Value::Map(members);
    if is_large(&value) { blob(value, blobs) } else { Ok(value) }
}

fn blob(value: Value, blobs: &mut Vec<(Hash, Vec<u8>)>) -> Result<Value> {
    let bytes = Blob { value }.encode();
    if bytes.len() > PAYLOAD_MAX {
        let (found, limit) = (bytes.len() as u64, PAYLOAD_MAX as u64);
        return Err(Error::Limit { what: "a value of a field".to_owned(), found, limit });
    }
    let id = Hash::of(&bytes);
    blobs.push((id, bytes));
    Ok(Value::Link(Cid(id)))
}
