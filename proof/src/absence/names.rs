//! The names under which the map holds what a record says (docs/format.md, section 22).

use super::run::{Entry, HALF, entry};
use crate::cbor;
use crate::error::{Error, Result};
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::key::Key;
use crate::lanes;
use crate::record::{Edge, EdgeOutline, Record, Reference, Revision, RevisionOutline, Stub};
use crate::value::Value;

/// A name: the first 16 bytes of the hash of what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MapName(pub [u8; HALF]);

/// Appends the canonical bytes of a list of texts, and of so many items more, which follow. The first
/// is the sort of name.
fn spell(out: &mut Vec<u8>, words: &[&str], behind: usize) {
    cbor::write_list_head(out, words.len() + behind);
    words.iter().for_each(|word| cbor::write_text(out, word));
}

/// The same of words and a key.
fn spell_with(out: &mut Vec<u8>, words: &[&str], key: &Key) {
    spell(out, words, 1);
    key.write(out);
}

fn spell_claim(out: &mut Vec<u8>, relation: &str, kind: &str, name: Option<&str>) {
    spell(out, &["claim", relation, kind], 1);
    match name {
        Some(name) => cbor::write_text(out, name),
        None => cbor::write_value(out, &Value::Null),
    }
}

impl MapName {
    fn of_hash(hash: &Hash) -> MapName {
        let mut name = [0; HALF];
        name.copy_from_slice(&hash.0[..HALF]);
        MapName(name)
    }

    /// Of the bytes that are written.
    fn of(write: impl FnOnce(&mut Vec<u8>)) -> MapName {
        let mut bytes = Vec::with_capacity(128);
        write(&mut bytes);
        MapName::of_hash(&Hash::of(&bytes))
    }

    /// Stubs and revisions of a node: what says that it is.
    #[must_use]
    pub fn node(kind: &str, key: &Key) -> MapName {
        MapName::of(|out| spell_with(out, &["node", kind], key))
    }

    /// Revisions of a kind: all that was ever said of any node of it.
    #[must_use]
    pub fn kind(kind: &str) -> MapName {
        MapName::of(|out| spell(out, &["kind", kind], 0))
    }

    /// Revisions with an edge of a relation to exactly this kind and key, nulls and all.
    #[must_use]
    pub fn edge(relation: &str, kind: &str, key: &Key) -> MapName {
        MapName::of(|out| spell_with(out, &["edge", relation, kind], key))
    }

    /// Revisions with an edge of a relation to a claim of a kind that gives this name, or none.
    #[must_use]
    pub fn claim(relation: &str, kind: &str, name: Option<&str>) -> MapName {
        MapName::of(|out| spell_claim(out, relation, kind, name))
    }

    /// References of a kind: every alias that was ever given to a node of it.
    #[must_use]
    pub fn references(kind: &str) -> MapName {
        MapName::of(|out| spell(out, &["reference", kind], 0))
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

/// The model's name in a name that was given to one version of it, `NAME@VERSION`.
fn name_of_version<'n>(kind: &str, given: &'n str) -> Option<&'n str> {
    given.rsplit_once('@').filter(|_| kind == "model").map(|(name, _)| name)
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
            let aliases =
                aliases.flat_map(|alias| [Some(alias), name_of_version(self.kind, alias)]);
            for name in own.into_iter().chain(aliases.flatten()) {
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

/// Bytes of names that wait, at most, before they are hashed: some hundred records.
const WAITING_MAX: usize = 64 << 10;

/// What records put into the map, in the making. Names are hashed side by side, as they are many and
/// short.
#[derive(Default, Debug)]
pub struct Naming {
    entries: Vec<Entry>,
    /// Names that wait to be hashed, one behind the other.
    bytes: Vec<u8>,
    /// Where each ends, and which record says it.
    waiting: Vec<(usize, Hash)>,
}

impl Naming {
    /// Adds what a record puts into the map.
    ///
    /// # Errors
    /// What is wrong with the record's bytes; nothing of it is added then.
    pub fn add(&mut self, record_type: RecordType, id: &Hash, payload: &[u8]) -> Result<()> {
        match record_type {
            RecordType::Stub => {
                let stub = Stub::decode(payload)?;
                self.say(id, |out| spell_with(out, &["node", &stub.kind], &stub.key));
            }
            RecordType::Reference => {
                let reference = Reference::decode(payload)?;
                self.say(id, |out| spell(out, &["reference", &reference.kind], 0));
            }
            RecordType::Revision => match RevisionOutline::read(payload) {
                Some(outline) => self.add_outlined(&outline, id)?,
                // What the outline does not take for sound: the decoder says what is wrong.
                None => self.add_revision(&Revision::decode(payload)?, id),
            },
            _ => {}
        }
        Ok(())
    }

    /// Adds what a revision puts into the map; its fields are not looked at.
    pub fn add_revision(&mut self, revision: &Revision, id: &Hash) {
        self.add_node(&revision.kind, &revision.key, id);
        for Edge { relation, kind, key, .. } in &revision.edges {
            self.say(id, |out| spell_with(out, &["edge", relation, kind], key));
            if let Some(name) = claimed(kind, key) {
                self.say(id, |out| spell_claim(out, relation, kind, name));
            }
        }
    }

    /// The same of a revision that is read in place: what is hashed stands in its bytes already.
    fn add_outlined(&mut self, outline: &RevisionOutline<'_>, id: &Hash) -> Result<()> {
        let is_named = |edge: &&EdgeOutline<'_>| matches!(edge.kind, "model" | "dataset");
        let key_of = |edge: &EdgeOutline<'_>| {
            let broken = Error::Record { record: "revision", rule: "an edge has a key" };
            Key::from_value(&cbor::decode(edge.key())?).ok_or(broken)
        };
        let keys: Vec<Key> =
            outline.edges.iter().filter(is_named).map(key_of).collect::<Result<_>>()?;
        let mut keys = keys.iter();
        self.add_node(outline.kind, &outline.key, id);
        for edge in &outline.edges {
            self.say(id, |out| {
                cbor::write_list_head(out, 4);
                cbor::write_text(out, "edge");
                out.extend_from_slice(edge.target());
            });
            let key = is_named(&edge).then(|| keys.next()).flatten();
            if let Some(name) = key.and_then(|key| claimed(edge.kind, key)) {
                self.say(id, |out| spell_claim(out, edge.relation, edge.kind, name));
            }
        }
        Ok(())
    }

    fn add_node(&mut self, kind: &str, key: &Key, id: &Hash) {
        self.say(id, |out| spell_with(out, &["node", kind], key));
        self.say(id, |out| spell(out, &["kind", kind], 0));
    }

    fn say(&mut self, id: &Hash, write: impl FnOnce(&mut Vec<u8>)) {
        if self.bytes.len() > WAITING_MAX {
            self.take_in();
        }
        write(&mut self.bytes);
        self.waiting.push((self.bytes.len(), *id));
    }

    /// Hashes the names that wait.
    fn take_in(&mut self) {
        let starts = std::iter::once(0).chain(self.waiting.iter().map(|(end, _)| *end));
        let spans = starts.zip(&self.waiting);
        let hashes = lanes::unkeyed(spans.map(|(start, (end, _))| &self.bytes[start..*end]));
        let entries = hashes.iter().zip(&self.waiting);
        self.entries.extend(entries.map(|(hash, (_, id))| entry(&MapName::of_hash(hash), id)));
        self.bytes.clear();
        self.waiting.clear();
    }

    /// The entries, in any order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Entry> {
        self.take_in();
        self.entries
    }
}

/// Puts the entries of one transaction in order: ascending, no two alike.
pub fn put_in_order(entries: &mut Vec<Entry>) {
    entries.sort_unstable();
    entries.dedup();
}
