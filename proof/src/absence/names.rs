//! The names under which the map holds what a record says (docs/format.md, section 22).

use super::run::{Entry, HALF, entry};
use crate::cbor;
use crate::error::{Error, Result};
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::key::Key;
use crate::record::{Record, Reference, Revision, RevisionOutline, Stub};
use crate::value::Value;

/// A name: the first 16 bytes of the hash of what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MapName(pub [u8; HALF]);

impl MapName {
    /// Of the canonical bytes of a list whose first item is the sort of name.
    fn of(bytes: &[u8]) -> MapName {
        let mut name = [0; HALF];
        name.copy_from_slice(&Hash::of(bytes).0[..HALF]);
        MapName(name)
    }

    fn of_list(items: Vec<Value>) -> MapName {
        MapName::of(&cbor::encode(&Value::List(items)))
    }

    /// Stubs and revisions of a node: what says that it is.
    #[must_use]
    pub fn node(kind: &str, key: &Key) -> MapName {
        MapName::of_list(vec![Value::text("node"), Value::text(kind), key.to_value()])
    }

    /// Revisions of a kind: all that was ever said of any node of it.
    #[must_use]
    pub fn kind(kind: &str) -> MapName {
        MapName::of_list(vec![Value::text("kind"), Value::text(kind)])
    }

    /// Revisions with an edge of a relation to exactly this kind and key, nulls and all.
    #[must_use]
    pub fn edge(relation: &str, kind: &str, key: &Key) -> MapName {
        let words = ["edge", relation, kind].map(Value::text);
        MapName::of_list(words.into_iter().chain([key.to_value()]).collect())
    }

    /// Revisions with an edge of a relation to a claim of a kind that gives this name, or none.
    #[must_use]
    pub fn claim(relation: &str, kind: &str, name: Option<&str>) -> MapName {
        let words = ["claim", relation, kind].map(Value::text);
        let name = name.map_or(Value::Null, Value::text);
        MapName::of_list(words.into_iter().chain([name]).collect())
    }

    /// References of a kind: every alias that was ever given to a node of it.
    #[must_use]
    pub fn references(kind: &str) -> MapName {
        MapName::of_list(vec![Value::text("reference"), Value::text(kind)])
    }
}

/// Of a kind whose keys may be claims, the part that is the name; none for keys that are exact as
/// they stand (docs/format.md, section 6).
fn name_part(kind: &str, key: &Key) -> Option<usize> {
    match (kind, key.0.len()) {
        ("model", 3) => Some(1),
        ("dataset", 4) => Some(0),
        _ => None,
    }
}

/// Is the key a claim of its kind, and by which name?
fn claimed<'k>(kind: &str, key: &'k Key) -> Option<Option<&'k str>> {
    let name = name_part(kind, key).filter(|_| key.is_claim())?;
    Some(key.part_text(name))
}

/// What an edge may lead to: a kind and an exact key.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// The kind's name.
    pub kind: &'t str,
    /// The key.
    pub key: &'t Key,
}

impl Target<'_> {
    /// Every name under which an edge of a relation that means the target can stand, the exact key
    /// first: if nothing stands under any of them, no record ever said so. `references` are all
    /// references of the kind as of the same commit ([`MapName::references`]).
    ///
    /// A claim counts here for every version of its name, since a word in the version's place may be
    /// an alias of it. A model logged by a run has one part and no name: a claim that was resolved to
    /// it by ids beside the claim does not stand under its names ([`Target::is_covered`]).
    #[must_use]
    pub fn names(&self, relation: &str, references: &[Reference]) -> Vec<MapName> {
        let mut names = vec![MapName::edge(relation, self.kind, self.key)];
        let may_mean = |reference: &&Reference| {
            let means = |key: &Key| key == self.key || key.fits(self.key);
            reference.kind == self.kind && reference.key.as_ref().is_some_and(means)
        };
        let aliases = references.iter().filter(may_mean).map(|reference| reference.name.as_str());
        if let Some(part) = name_part(self.kind, self.key) {
            names.push(MapName::claim(relation, self.kind, None));
            let own = self.key.part_text(part);
            for name in own.into_iter().chain(aliases) {
                names.push(MapName::claim(relation, self.kind, Some(name)));
            }
        } else if self.key.0.len() == 1 {
            names
                .extend(aliases.map(|alias| MapName::edge(relation, self.kind, &Key::text(alias))));
        }
        let mut seen = Vec::with_capacity(names.len());
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(*name);
                true
            }
        });
        names
    }

    /// Do the names cover whatever may mean the target? Not of a model logged by a run, which a claim
    /// of a registered model may turn out to be.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.kind != "model" || self.key.0.len() == 3
    }
}

/// Adds what a record puts into the map.
///
/// # Errors
/// What is wrong with the record's bytes.
pub fn add_entries(
    record_type: RecordType,
    id: &Hash,
    payload: &[u8],
    entries: &mut Vec<Entry>,
) -> Result<()> {
    match record_type {
        RecordType::Stub => {
            let stub = Stub::decode(payload)?;
            entries.push(entry(&MapName::node(&stub.kind, &stub.key), id));
        }
        RecordType::Reference => {
            let reference = Reference::decode(payload)?;
            entries.push(entry(&MapName::references(&reference.kind), id));
        }
        RecordType::Revision => match RevisionOutline::read(payload) {
            Some(outline) => outlined(&outline, id, entries)?,
            // What the outline does not take for sound: the decoder says what is wrong.
            None => add_revision(&Revision::decode(payload)?, id, entries),
        },
        _ => {}
    }
    Ok(())
}

/// Adds what a revision puts into the map; its fields are not looked at.
pub fn add_revision(revision: &Revision, id: &Hash, entries: &mut Vec<Entry>) {
    entries.push(entry(&MapName::node(&revision.kind, &revision.key), id));
    entries.push(entry(&MapName::kind(&revision.kind), id));
    for edge in &revision.edges {
        entries.push(entry(&MapName::edge(&edge.relation, &edge.kind, &edge.key), id));
        if let Some(name) = claimed(&edge.kind, &edge.key) {
            entries.push(entry(&MapName::claim(&edge.relation, &edge.kind, name), id));
        }
    }
}

/// The same of a revision that is read in place: what is hashed stands in its bytes already.
fn outlined(outline: &RevisionOutline<'_>, id: &Hash, entries: &mut Vec<Entry>) -> Result<()> {
    entries.push(entry(&MapName::node(outline.kind, &outline.key), id));
    entries.push(entry(&MapName::kind(outline.kind), id));
    let mut bytes = Vec::new();
    for edge in &outline.edges {
        bytes.clear();
        cbor::write_list_head(&mut bytes, 4);
        cbor::write_text(&mut bytes, "edge");
        bytes.extend_from_slice(edge.target());
        entries.push(entry(&MapName::of(&bytes), id));
        if matches!(edge.kind, "model" | "dataset") {
            let broken = Error::Record { record: "revision", rule: "an edge has a key" };
            let key = Key::from_value(&cbor::decode(edge.key())?).ok_or(broken)?;
            if let Some(name) = claimed(edge.kind, &key) {
                entries.push(entry(&MapName::claim(edge.relation, edge.kind, name), id));
            }
        }
    }
    Ok(())
}

/// Puts the entries of one transaction in order: ascending, no two alike.
pub fn put_in_order(entries: &mut Vec<Entry>) {
    entries.sort_unstable();
    entries.dedup();
}
