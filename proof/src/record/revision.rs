//! A revision: what one source said of one node (docs/format.md, section 6).

use super::{Parts, Record, commitments, optional_link};
use crate::cbor;
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::key::Key;
use crate::value::{Map, Value, key_order};

/// A typed link inside a revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The relation's name, from newer to older.
    pub relation: String,
    /// The target's kind.
    pub kind: String,
    /// The target's key, exact or a claim.
    pub key: Key,
    /// The revision of the target that was current, else its stub.
    pub pin: Cid,
    /// Ids given beside a claim, sorted by name; empty for none.
    pub beside: Vec<(String, String)>,
}

impl Edge {
    fn beside_value(&self) -> Value {
        if self.beside.is_empty() {
            Value::Null
        } else {
            Value::Map(self.beside.iter().map(|(k, v)| (k.clone(), v.as_str())).collect())
        }
    }

    /// The canonical bytes of the edge as content: without its pin.
    fn content(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        self.write(true, &mut out);
        out
    }

    /// Appends the edge, or what it says alone.
    fn write(&self, content: bool, out: &mut Vec<u8>) {
        cbor::write_list_head(out, if content { 4 } else { 5 });
        cbor::write_text(out, &self.relation);
        cbor::write_text(out, &self.kind);
        self.key.write(out);
        if !content {
            cbor::write_link(out, self.pin);
        }
        cbor::write_value(out, &self.beside_value());
    }

    fn to_value(&self) -> Value {
        Value::List(vec![
            Value::text(&self.relation),
            Value::text(&self.kind),
            self.key.to_value(),
            Value::Link(self.pin),
            self.beside_value(),
        ])
    }

    fn from_value(parts: &Parts, value: &Value) -> Result<Edge> {
        let Some([relation, kind, key, pin, beside]) = value.as_list() else {
            return parts.fail("an edge has five parts");
        };
        let beside = match beside {
            Value::Null => Vec::new(),
            Value::Map(map) if !map.is_empty() => map
                .iter()
                .map(|(name, id)| {
                    parts.want(id.as_text()).map(|id| (name.to_owned(), id.to_owned()))
                })
                .collect::<Result<_>>()?,
            _ => return parts.fail("what stands beside a claim is null or a map of texts"),
        };
        Ok(Edge {
            relation: parts.want(relation.as_text())?.to_owned(),
            kind: parts.want(kind.as_text())?.to_owned(),
            key: parts.want(Key::from_value(key))?,
            pin: parts.want(pin.as_link())?,
            beside,
        })
    }
}

/// What one source, in one form, said of one node.
#[derive(Clone, PartialEq, Debug)]
pub struct Revision {
    /// The node's kind.
    pub kind: String,
    /// The node's key.
    pub key: Key,
    /// Who says it.
    pub source: String,
    /// The form it was exported in.
    pub form: String,
    /// When the source was in this state, ns.
    pub observed_at: i64,
    /// The fields.
    pub fields: Map,
    /// Commitments to sealed fields, sorted canonically by name.
    pub sealed: Vec<(String, Hash)>,
    /// The links, in canonical order: [`Revision::sort_edges`].
    pub edges: Vec<Edge>,
    /// The revision of this chain that the writer saw last, else the stub, else nothing.
    pub previous: Option<Cid>,
}

impl Revision {
    /// Brings the edges into canonical order and drops duplicates.
    pub fn sort_edges(&mut self) {
        let mut keyed: Vec<(Vec<u8>, Edge)> =
            self.edges.drain(..).map(|edge| (edge.content(), edge)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|a, b| a.0 == b.0);
        self.edges = keyed.into_iter().map(|(_, edge)| edge).collect();
    }

    /// The digest over what is said, without how it was exported, when, and what it was pinned
    /// to: equal for two encodings of the same thing.
    #[must_use]
    pub fn content_digest(&self) -> Hash {
        Hash::of(&self.content_bytes())
    }

    /// The bytes that the content digest is the hash of.
    #[must_use]
    pub fn content_bytes(&self) -> Vec<u8> {
        self.write(true, &self.body(&[]))
    }

    /// What the record and its content have in common behind the links, from the fields to the
    /// source, in canonical bytes. `encoded` are more fields, each a name and the canonical bytes of
    /// one value, in canonical order and none of them among [`Revision::fields`].
    #[must_use]
    pub fn body(&self, encoded: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let room: usize = encoded.iter().map(|(name, bytes)| name.len() + bytes.len() + 9).sum();
        let mut out = Vec::with_capacity(1024 + room);
        cbor::write_text(&mut out, "fields");
        cbor::write_map_head(&mut out, self.fields.len() + encoded.len());
        let mut encoded = encoded.iter().peekable();
        let mut write_until = |out: &mut Vec<u8>, next: Option<&str>| {
            let stands_before = |name: &str| next.is_none_or(|next| key_order(name, next).is_lt());
            while let Some((name, bytes)) = encoded.next_if(|(name, _)| stands_before(name)) {
                cbor::write_text(out, name);
                out.extend_from_slice(bytes);
            }
        };
        for (name, value) in self.fields.iter() {
            write_until(&mut out, Some(name));
            cbor::write_text(&mut out, name);
            cbor::write_value(&mut out, value);
        }
        write_until(&mut out, None);
        cbor::write_text(&mut out, "format");
        cbor::write_int(&mut out, i128::from(crate::frame::FORMAT));
        cbor::write_text(&mut out, "sealed");
        cbor::write_value(&mut out, &commitments(&self.sealed));
        cbor::write_text(&mut out, "source");
        cbor::write_text(&mut out, &self.source);
        out
    }

    /// As [`Revision::content_bytes`], with a body that was made before: what it holds need no longer
    /// be in [`Revision::fields`] and [`Revision::sealed`].
    #[must_use]
    pub fn content_around(&self, body: &[u8]) -> Vec<u8> {
        self.write(true, body)
    }

    /// As [`Record::encode`], with a body that was made before.
    #[must_use]
    pub fn encode_around(&self, body: &[u8]) -> Vec<u8> {
        debug_assert!(
            self.edges.is_sorted_by_key(Edge::content),
            "canonical order, docs/format.md, section 6"
        );
        self.write(false, body)
    }

    /// The record, or what it says alone. Written part by part, as importing and opening spend
    /// most of their time here and a map of copies took half of it; a test holds it to the map.
    fn write(&self, content: bool, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + body.len());
        let text = |out: &mut Vec<u8>, name: &str, value: &str| {
            cbor::write_text(out, name);
            cbor::write_text(out, value);
        };
        // Keys in canonical order: shorter ones first.
        cbor::write_map_head(&mut out, if content { 8 } else { 11 });
        cbor::write_text(&mut out, "key");
        self.key.write(&mut out);
        if !content {
            text(&mut out, "form", &self.form);
        }
        text(&mut out, "kind", &self.kind);
        text(&mut out, "type", Self::TYPE.name());
        cbor::write_text(&mut out, "edges");
        cbor::write_list_head(&mut out, self.edges.len());
        self.edges.iter().for_each(|edge| edge.write(content, &mut out));
        out.extend_from_slice(body);
        if !content {
            cbor::write_text(&mut out, "previous");
            cbor::write_value(&mut out, &optional_link(self.previous));
            cbor::write_text(&mut out, "observed_at");
            cbor::write_int(&mut out, i128::from(self.observed_at));
        }
        out
    }
}

impl Record for Revision {
    const TYPE: RecordType = RecordType::Revision;

    fn encode(&self) -> Vec<u8> {
        self.encode_around(&self.body(&[]))
    }

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("kind", self.kind.as_str());
        map.insert("key", self.key.to_value());
        map.insert("source", self.source.as_str());
        map.insert("form", self.form.as_str());
        map.insert("observed_at", self.observed_at);
        map.insert("fields", Value::Map(self.fields.clone()));
        map.insert("sealed", commitments(&self.sealed));
        map.insert("edges", Value::List(self.edges.iter().map(Edge::to_value).collect()));
        map.insert("previous", optional_link(self.previous));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Revision> {
        let edges = parts.list("edges")?;
        let edges =
            edges.iter().map(|edge| Edge::from_value(parts, edge)).collect::<Result<Vec<_>>>()?;
        let mut previous: Option<Vec<u8>> = None;
        for edge in &edges {
            let content = edge.content();
            if previous.is_some_and(|previous| previous >= content) {
                return parts.fail("edges are sorted and unique");
            }
            previous = Some(content);
        }
        Ok(Revision {
            kind: parts.text("kind")?,
            key: parts.key("key")?,
            source: parts.text("source")?,
            form: parts.text("form")?,
            observed_at: parts.int("observed_at")?,
            fields: parts.map("fields")?,
            sealed: parts.commitments("sealed")?,
            edges,
            previous: parts.optional_link("previous")?,
        })
    }
}
