//! Records one by one: canonical, of their form, and referring to what stands before them.

use super::commits::rank;
use crate::claims::is_claim;
use crate::id_map::IdMap;
use crate::schema::{Direction, Kind, Relation};
use crate::sealed::LOGINS;
use crate::segment::Location;
use lineal_proof::frame::{Frame, RecordType};
use lineal_proof::record::{
    Blob, Erasure, Hold, Manifest, Record, Reference, Retract, Revision, Seen, Setting, Source,
    Stub, node_id,
};
use lineal_proof::{Error, Hash, Key, Result, Value};

/// How a record is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// Its frame was, and that is all; only of a manifest more is needed.
    Skim,
    /// It is decoded; hashed too if it is of this node.
    Decode(Option<Hash>),
    /// It is hashed and decoded, and with `again` encoded again.
    Whole { again: bool },
}

/// What later records need to know of an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// A stub or revision of a node.
    Node {
        node: Hash,
        kind: Kind,
        chain: Option<Hash>,
    },
    Blob,
    Other,
}

/// The commitments that a record holds.
///
/// # Errors
/// If the record is not of its form.
pub(crate) fn commitments_of(frame: &Frame<'_>) -> Result<Vec<Hash>> {
    let sealed = match frame.record_type {
        RecordType::Revision => Revision::decode(frame.payload)?.sealed,
        RecordType::Retract => Retract::decode(frame.payload)?.sealed,
        RecordType::Source => Source::decode(frame.payload)?.sealed,
        _ => return Ok(Vec::new()),
    };
    Ok(sealed.into_iter().map(|(_, commitment)| commitment).collect())
}

/// A batch's revision.
pub(super) struct BatchRecord {
    pub(super) at: Location,
    pub(super) revision: Revision,
}

impl BatchRecord {
    /// Is it the batch of this id, or one of the deployment of this id?
    pub(super) fn is_of(&self, node: &Hash) -> bool {
        let Revision { kind, key, edges, .. } = &self.revision;
        node_id(kind, key) == *node
            || edges.iter().any(|edge| node_id(&edge.kind, &edge.key) == *node)
    }
}

/// A pin with what it must be: the edge's kind and key.
struct Pin {
    kind: Kind,
    node: Hash,
    claim: bool,
    id: Hash,
}

/// A record that reads.
pub(super) struct Checked {
    pub(super) known: Known,
    pub(super) sealed: Vec<Hash>,
    /// Those of them that a person's key is made of.
    pub(super) logins: Vec<Hash>,
    pub(super) batch: Option<BatchRecord>,
    pub(super) manifest: Option<Manifest>,
    pub(super) erasure: Option<Erasure>,
    kind: Option<Kind>,
    pins: Vec<Pin>,
    /// Revisions that must stand before it.
    revisions: Vec<Hash>,
    blobs: Vec<Hash>,
    previous: Option<Hash>,
}

impl Checked {
    fn new(known: Known) -> Checked {
        Checked {
            known,
            sealed: Vec::new(),
            logins: Vec::new(),
            batch: None,
            manifest: None,
            erasure: None,
            kind: None,
            pins: Vec::new(),
            revisions: Vec::new(),
            blobs: Vec::new(),
            previous: None,
        }
    }

    /// Where it stands within its transaction.
    pub(super) fn place(&self, record_type: RecordType) -> (u8, u8) {
        (rank(record_type), self.kind.map_or(0, |kind| kind as u8))
    }

    /// The rule that a reference to nothing, or to the wrong thing, breaks.
    pub(super) fn unknown_reference(&self, known: &IdMap<Known>) -> Option<&'static str> {
        let pinned = |pin: &Pin| match known.get(&pin.id) {
            Some(Known::Node { node, kind, .. }) => {
                *kind == pin.kind && (*node == pin.node || pin.claim)
            }
            _ => false,
        };
        if !self.pins.iter().all(pinned) {
            return Some("an edge is pinned to an earlier revision or stub of its target");
        }
        let is_revision =
            |id: &Hash| matches!(known.get(id), Some(Known::Node { chain: Some(_), .. }));
        if !self.revisions.iter().all(is_revision) {
            return Some("a record names revisions that stand before it");
        }
        if !self.blobs.iter().all(|id| known.get(id) == Some(&Known::Blob)) {
            return Some("a field links to a blob that stands before it");
        }
        let previous = self.previous?;
        let (Known::Node { node, chain, .. }, Some(Known::Node { node: before, chain: of, .. })) =
            (self.known, known.get(&previous))
        else {
            return Some("`previous` stands before it");
        };
        (*before != node || (of.is_some() && *of != chain))
            .then_some("`previous` is of the same node, source and form, or its stub")
    }
}

/// Reads a record, as strictly as is asked for.
pub(super) fn check(location: Location, frame: &Frame<'_>, reading: Reading) -> Result<Checked> {
    if reading == Reading::Skim && frame.record_type != RecordType::Manifest {
        return Ok(Checked::new(Known::Other));
    }
    if matches!(reading, Reading::Whole { .. }) {
        frame.check_id()?;
    }
    let checked = decoded(location, frame, reading)?;
    if let (Reading::Decode(Some(wanted)), Known::Node { node, .. }) = (reading, checked.known)
        && wanted == node
    {
        frame.check_id()?;
        return decoded(location, frame, Reading::Whole { again: true });
    }
    Ok(checked)
}

fn decoded(location: Location, frame: &Frame<'_>, reading: Reading) -> Result<Checked> {
    match frame.record_type {
        RecordType::Stub => {
            let stub: Stub = decode(frame, reading)?;
            let kind = kind(&stub.kind, &stub.key)?;
            Ok(Checked::new(Known::Node { node: frame.id, kind, chain: None }))
        }
        RecordType::Revision => revision(location, decode(frame, reading)?),
        RecordType::Blob => {
            decode::<Blob>(frame, reading)?;
            Ok(Checked::new(Known::Blob))
        }
        RecordType::Manifest => {
            let manifest: Manifest = decode(frame, reading)?;
            let mut checked = Checked::new(Known::Other);
            checked.revisions = manifest.batches.iter().map(|entry| entry.batch.0).collect();
            checked.manifest = Some(manifest);
            Ok(checked)
        }
        RecordType::Seen => {
            let seen: Seen = decode(frame, reading)?;
            let mut checked = Checked::new(Known::Other);
            let rows = seen.rows.iter().map(|rows| rows.batch.0);
            checked.revisions = seen.revisions.iter().map(|link| link.0).chain(rows).collect();
            Ok(checked)
        }
        RecordType::Retract => {
            let retract: Retract = decode(frame, reading)?;
            Ok(sealing(&retract.sealed))
        }
        RecordType::Erasure => {
            let erasure: Erasure = decode(frame, reading)?;
            let mut checked = Checked::new(Known::Other);
            let rows = erasure.batches.iter().chain(&erasure.unsalted);
            checked.revisions = rows.map(|rows| rows.batch.0).collect();
            checked.erasure = Some(erasure);
            Ok(checked)
        }
        RecordType::Hold => {
            decode::<Hold>(frame, reading)?;
            Ok(Checked::new(Known::Other))
        }
        RecordType::Source => {
            let source: Source = decode(frame, reading)?;
            Ok(sealing(&source.sealed))
        }
        RecordType::Reference => {
            decode::<Reference>(frame, reading)?;
            Ok(Checked::new(Known::Other))
        }
        RecordType::Setting => {
            decode::<Setting>(frame, reading)?;
            Ok(Checked::new(Known::Other))
        }
        RecordType::Sealed | RecordType::Commit => {
            Err(Error::Frame { rule: "a transaction holds the records of section 5" })
        }
    }
}

fn decode<R: Record>(frame: &Frame<'_>, reading: Reading) -> Result<R> {
    let record = R::decode(frame.payload)?;
    if reading == (Reading::Whole { again: true }) && record.encode() != frame.payload {
        return Err(Error::Record { record: R::TYPE.name(), rule: "it is what it encodes to" });
    }
    Ok(record)
}

fn sealing(sealed: &[(String, Hash)]) -> Checked {
    let mut checked = Checked::new(Known::Other);
    checked.sealed = sealed.iter().map(|(_, commitment)| *commitment).collect();
    checked
}

fn kind(name: &str, key: &Key) -> Result<Kind> {
    let kind = Kind::parse(name).filter(|kind| kind.name() == name && !key.0.is_empty());
    kind.ok_or(Error::Record { record: "revision", rule: "the kind is one of the schema" })
}

fn revision(at: Location, revision: Revision) -> Result<Checked> {
    let fail = |rule| Error::Record { record: "revision", rule };
    let kind_of = kind(&revision.kind, &revision.key)?;
    let node = node_id(&revision.kind, &revision.key);
    let chain = Hash::of(format!("{}\0{}", revision.source, revision.form).as_bytes());
    let mut checked = Checked::new(Known::Node { node, kind: kind_of, chain: Some(chain) });
    checked.kind = Some(kind_of);
    for edge in &revision.edges {
        let target = kind(&edge.kind, &edge.key)?;
        let relation = Relation::parse(&edge.relation)
            .filter(|(_, direction)| *direction == Direction::Forward)
            .filter(|(relation, _)| relation.allows(kind_of, target));
        relation.ok_or(fail("the schema has the relation between these kinds"))?;
        checked.pins.push(Pin {
            kind: target,
            node: node_id(&edge.kind, &edge.key),
            claim: is_claim(target, &edge.key),
            id: edge.pin.0,
        });
    }
    for (_, value) in revision.fields.iter() {
        links(value, &mut checked.blobs);
    }
    checked.sealed = revision.sealed.iter().map(|(_, commitment)| *commitment).collect();
    if kind_of == Kind::Actor {
        let of_login = revision.sealed.iter().filter(|(field, _)| LOGINS.contains(&field.as_str()));
        checked.logins = of_login.map(|(_, commitment)| *commitment).collect();
    }
    checked.previous = revision.previous.map(|link| link.0);
    if kind_of == Kind::Batch {
        checked.batch = Some(BatchRecord { at, revision });
    }
    Ok(checked)
}

/// Links inside a field: each leads to a blob.
fn links(value: &Value, found: &mut Vec<Hash>) {
    match value {
        Value::Link(link) => found.push(link.0),
        Value::List(items) => items.iter().for_each(|item| links(item, found)),
        Value::Map(map) => map.iter().for_each(|(_, member)| links(member, found)),
        _ => {}
    }
}
