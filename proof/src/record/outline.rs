//! A revision read in place: checked as strictly as [`Revision::decode`] does, and nothing copied
//! but what is asked for.
//!
//! The keys of a revision stand in one order, so its bytes can be walked once. What the walk does not
//! take for sound goes to `decode`, which alone says what is wrong. Committing and rebuilding look at
//! every record; a tree of values of each took most of their time (`lineal-import`, example
//! `mlflow_import`).

use super::{Edge, Parts, Record, Revision};
use crate::cbor::{self, Reader};
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::{FORMAT, RecordType};
use crate::hash::Hash;
use crate::key::Key;
use crate::value::{Map, Value, key_order};

/// Lists and maps around the fields: the record.
const FIELDS_DEPTH: usize = 1;

/// A revision in its canonical bytes.
#[derive(Debug)]
pub struct RevisionOutline<'a> {
    /// The node's kind.
    pub kind: &'a str,
    /// The node's key.
    pub key: Key,
    /// Who says it.
    pub source: &'a str,
    /// The form it was exported in.
    pub form: &'a str,
    /// When the source was in this state, ns.
    pub observed_at: i64,
    /// The links, as they stand.
    pub edges: Vec<EdgeOutline<'a>>,
    previous: Option<Cid>,
    /// From the text `key` on, without the form; the same from `kind` to the links.
    front: [&'a [u8]; 2],
    /// From the text `fields` to the end of the source.
    body: &'a [u8],
    /// Each with its value.
    fields: Vec<(&'a str, &'a [u8])>,
    sealed: &'a [u8],
}

/// A link in its canonical bytes.
#[derive(Clone, Copy, Debug)]
pub struct EdgeOutline<'a> {
    /// The relation's name.
    pub relation: &'a str,
    /// The target's kind.
    pub kind: &'a str,
    pin: Cid,
    /// Relation, kind and key.
    target: &'a [u8],
    key: &'a [u8],
    beside: &'a [u8],
}

impl<'a> EdgeOutline<'a> {
    /// Relation, kind and key in their canonical bytes, one after another.
    #[must_use]
    pub fn target(&self) -> &'a [u8] {
        self.target
    }

    /// The key in its canonical bytes.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    fn content(&self) -> impl Iterator<Item = &u8> {
        self.target.iter().chain(self.beside)
    }
}

impl<'a> RevisionOutline<'a> {
    /// Walks a payload; none where it is not plainly sound.
    #[must_use]
    pub fn read(payload: &'a [u8]) -> Option<RevisionOutline<'a>> {
        let mut reader = Reader::new(payload);
        reader.map_head(11).ok()?;
        let front = reader.at();
        reader.named("key").ok()?;
        let key = Key::from_value(&reader.value(1).ok()?)?;
        let front = payload.get(front..reader.at())?;
        reader.named("form").ok()?;
        let form = reader.text().ok()?;
        let middle = reader.at();
        reader.named("kind").ok()?;
        let kind = reader.text().ok()?;
        reader.named("type").ok()?;
        (reader.text().ok()? == RecordType::Revision.name()).then_some(())?;
        reader.named("edges").ok()?;
        let front = [front, payload.get(middle..reader.at())?];
        let edges = edges(&mut reader, payload)?;
        let body = reader.at();
        reader.named("fields").ok()?;
        let fields = fields(&mut reader)?;
        reader.named("format").ok()?;
        (reader.value(1).ok()?.as_i64()? == i64::from(FORMAT)).then_some(())?;
        reader.named("sealed").ok()?;
        let sealed = reader.skipped(1).ok()?;
        commitments(sealed)?;
        reader.named("source").ok()?;
        let source = reader.text().ok()?;
        let body = payload.get(body..reader.at())?;
        reader.named("previous").ok()?;
        let previous = match reader.value(1).ok()? {
            Value::Null => None,
            value => Some(value.as_link()?),
        };
        reader.named("observed_at").ok()?;
        let observed_at = reader.value(1).ok()?.as_i64()?;
        reader.end().ok()?;
        Some(RevisionOutline {
            kind,
            key,
            source,
            form,
            observed_at,
            edges,
            previous,
            front,
            body,
            fields,
            sealed,
        })
    }

    /// As [`Revision::content_digest`].
    #[must_use]
    pub fn content_digest(&self) -> Hash {
        let rest: usize = self.edges.iter().map(|edge| edge.target.len() + edge.beside.len()).sum();
        let mut bytes = Vec::with_capacity(64 + self.front[1].len() + rest + self.body.len());
        cbor::write_map_head(&mut bytes, 8);
        bytes.extend_from_slice(self.front[0]);
        bytes.extend_from_slice(self.front[1]);
        cbor::write_list_head(&mut bytes, self.edges.len());
        for edge in &self.edges {
            cbor::write_list_head(&mut bytes, 4);
            bytes.extend_from_slice(edge.target);
            bytes.extend_from_slice(edge.beside);
        }
        bytes.extend_from_slice(self.body);
        Hash::of(&bytes)
    }

    /// The revision with those of its fields that are wanted: asked with the name, and whether the
    /// value is a list or a map.
    ///
    /// # Errors
    /// None that [`Revision::decode`] would not give of these bytes too.
    pub fn with_fields(self, wanted: impl Fn(&str, bool) -> bool) -> Result<Revision> {
        let parts = Parts { map: Map::new(), record: RecordType::Revision.name() };
        let mut fields = Map::new();
        for (name, bytes) in self.fields {
            let mut reader = Reader::new(bytes);
            if wanted(name, reader.is_at_list_or_map()) {
                fields.insert(name, reader.value(FIELDS_DEPTH + 1)?);
            }
        }
        let edges = self.edges.iter().map(|edge| {
            let beside = match cbor::decode(edge.beside)? {
                Value::Map(map) => map.into_iter().collect(),
                _ => Vec::new(),
            };
            let beside = beside.into_iter().map(|(name, id)| match id {
                Value::Text(id) => Ok((name, id)),
                _ => parts.fail("what stands beside a claim is null or a map of texts"),
            });
            Ok(Edge {
                relation: edge.relation.to_owned(),
                kind: edge.kind.to_owned(),
                key: parts.want(Key::from_value(&cbor::decode(edge.key)?))?,
                pin: edge.pin,
                beside: beside.collect::<Result<_>>()?,
            })
        });
        Ok(Revision {
            kind: self.kind.to_owned(),
            key: self.key,
            source: self.source.to_owned(),
            form: self.form.to_owned(),
            observed_at: self.observed_at,
            fields,
            sealed: parts.want(commitments(self.sealed))?,
            edges: edges.collect::<Result<_>>()?,
            previous: self.previous,
        })
    }
}

impl Revision {
    /// Reads canonical bytes as strictly as [`Record::decode`], but keeps only those fields that are
    /// wanted: asked with the name, and whether the value is a list or a map.
    ///
    /// # Errors
    /// As [`Record::decode`].
    pub fn decode_some(payload: &[u8], wanted: impl Fn(&str, bool) -> bool) -> Result<Revision> {
        if let Some(outline) = RevisionOutline::read(payload) {
            return outline.with_fields(wanted);
        }
        let mut revision = Revision::decode(payload)?;
        let is_compound = |value: &Value| matches!(value, Value::List(_) | Value::Map(_));
        let fields = std::mem::take(&mut revision.fields).into_iter();
        revision.fields = fields.filter(|(name, v)| wanted(name, is_compound(v))).collect();
        Ok(revision)
    }
}

fn fields<'a>(reader: &mut Reader<'a>) -> Option<Vec<(&'a str, &'a [u8])>> {
    let count = reader.map_pairs().ok()?;
    let mut fields: Vec<(&str, &[u8])> = Vec::with_capacity(count);
    for _ in 0..count {
        let name = reader.text().ok()?;
        let is_next = |(last, _): &(&str, &[u8])| key_order(last, name).is_lt();
        fields.last().is_none_or(is_next).then_some(())?;
        fields.push((name, reader.skipped(FIELDS_DEPTH + 1).ok()?));
    }
    Some(fields)
}

fn commitments(bytes: &[u8]) -> Option<Vec<(String, Hash)>> {
    let Value::Map(map) = cbor::decode(bytes).ok()? else { return None };
    let pairs = map.into_iter();
    pairs.map(|(name, value)| Some((name, Hash::from_slice(value.as_bytes()?)?))).collect()
}

fn edges<'a>(reader: &mut Reader<'a>, payload: &'a [u8]) -> Option<Vec<EdgeOutline<'a>>> {
    let count = reader.list_items().ok()?;
    let mut edges: Vec<EdgeOutline<'a>> = Vec::with_capacity(count);
    for _ in 0..count {
        (reader.list_items().ok()? == 5).then_some(())?;
        let from = reader.at();
        let (relation, kind) = (reader.text().ok()?, reader.text().ok()?);
        let key = reader.skipped(3).ok()?;
        Key::from_value(&cbor::decode(key).ok()?)?;
        let target = payload.get(from..reader.at())?;
        let pin = reader.value(3).ok()?.as_link()?;
        let beside = reader.skipped(3).ok()?;
        match cbor::decode(beside).ok()? {
            Value::Null => {}
            Value::Map(map) if !map.is_empty() => {
                map.iter().all(|(_, id)| id.as_text().is_some()).then_some(())?;
            }
            _ => return None,
        }
        let edge = EdgeOutline { relation, kind, pin, target, key, beside };
        let sorted = edges.last().is_none_or(|last| last.content().lt(edge.content()));
        sorted.then_some(())?;
        edges.push(edge);
    }
    Some(edges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(texts: &[String], points: &[f64]) -> Revision {
        let edge = |relation: &str, key: Key, beside: Vec<(String, String)>| {
            let pin = Cid(Hash::of(relation.as_bytes()));
            Edge { relation: relation.to_owned(), kind: "code".to_owned(), key, pin, beside }
        };
        let mut revision = Revision {
            kind: "run".into(),
            key: Key::new(vec![texts.concat().into(), 7.into(), crate::key::KeyPart::Null]),
            source: "mlflow-1a2b3c4d".into(),
            form: "mlflow-sqlite".into(),
            observed_at: -5,
            fields: texts.iter().map(|text| (text.clone(), text.as_str())).collect(),
            sealed: texts.iter().take(1).map(|name| (name.clone(), Hash::of(b"x"))).collect(),
            edges: texts
                .iter()
                .map(|text| edge(text, Key::text(text), vec![("uri".into(), text.clone())]))
                .chain([edge("executes", Key::text("c0ffee"), Vec::new())])
                .collect(),
            previous: (points.len() > 2).then(|| Cid(Hash::of(b"before"))),
        };
        let points =
            points.iter().map(|point| Value::List(vec![1_i64.into(), Value::float(*point)]));
        let series: Map = [("loss", Value::List(points.collect()))].into_iter().collect();
        revision.fields.insert("series", Value::Map(series));
        revision.sort_edges();
        revision
    }

    /// What the outline makes of bytes, held to what the decoder makes of them.
    fn hold_to_the_decoder(payload: &[u8]) -> bool {
        let Some(outline) = RevisionOutline::read(payload) else { return false };
        let decoded = Revision::decode(payload).expect("what the outline takes decodes");
        assert_eq!(outline.content_digest(), decoded.content_digest());
        assert_eq!(outline.with_fields(|_, _| true).expect("as sound"), decoded);
        true
    }

    proptest! {
        #[test]
        fn an_outline_is_as_strict_as_the_decoder(
            texts in prop::collection::vec("[a-z]{0,30}", 0..4),
            points in prop::collection::vec(-1e9..1e9, 0..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let payload = sample(&texts, &points).encode();
            prop_assert!(hold_to_the_decoder(&payload));
            let mut spoiled = payload.clone();
            spoiled[at.index(payload.len())] = byte;
            hold_to_the_decoder(&spoiled);
            hold_to_the_decoder(&payload[..at.index(payload.len())]);
        }
    }

    #[test]
    fn only_what_is_wanted_is_kept() {
        let whole = sample(&["name".to_owned()], &[1.0]);
        let some = Revision::decode_some(&whole.encode(), |_, compound| !compound).unwrap();
        assert_eq!(some.fields, [("name", "name")].into_iter().collect());
        assert_eq!(some.edges, whole.edges);
    }

    #[test]
    fn fields_that_are_encoded_already_stand_where_they_belong() {
        let mut whole = sample(&["zz".to_owned(), "aaaaaaaaaa".to_owned()], &[1.0]);
        let (bytes, content) = (whole.encode(), whole.content_bytes());
        let series = whole.fields.remove("series").map(|series| cbor::encode(&series)).unwrap();
        let body = whole.body(&[("series", series)]);
        whole.fields = Map::new();
        assert_eq!(whole.encode_around(&body), bytes);
        assert_eq!(whole.content_around(&body), content);
    }
}
