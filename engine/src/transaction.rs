//! A transaction: stage records, then write them as one commit or not at all.

mod batches;
mod encode;
mod pins;
mod publish;
mod snapshots;

pub(crate) use batches::{CONTAINER_ROWS_MAX, container_path};

use crate::claims::is_claim;
use crate::draft::{BatchDraft, NodeDraft, Saying};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::store::Store;
use lineal_proof::frame::PAYLOAD_MAX;
use lineal_proof::record::{
    Manifest, Record, Reference, Retract, Revision, SeenRows, Setting, Source, node_id,
};
use lineal_proof::{Cid, Hash, Key, Value, cbor};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most nodes of one transaction (docs/format.md, section 15).
pub const TRANSACTION_NODES_MAX: usize = 100_000;
/// Values above this size go into a blob.
const INLINE_MAX: usize = 64 << 10;

/// Does a value go into a blob?
fn is_large(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.len() > INLINE_MAX,
        Value::List(_) | Value::Map(_) => cbor::encoded_length(value) > INLINE_MAX,
        _ => false,
    }
}

/// Fields in canonical bytes, in canonical order.
type Encoded = Vec<(&'static str, Vec<u8>)>;

/// At least the bytes of a link with the name of its key.
const LINK_BYTES: usize = 64;

/// A node that was staged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Staged {
    /// Its id.
    pub node: Hash,
    /// The digest of what was said.
    pub content: Hash,
    /// What will become of it.
    pub outcome: Outcome,
}

/// What became of a staged node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It will be recorded.
    Recorded,
    /// The chain holds the same content: it will be noted as seen.
    Known,
}

/// What a commit did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// Its number.
    pub number: u64,
    /// The import that it belongs to: the number of its first commit.
    pub import: u64,
    /// When, ns.
    pub recorded: i64,
    /// Its id.
    pub id: Hash,
    /// Revisions written.
    pub revisions: u64,
    /// Events written.
    pub events: u64,
}

/// A revision that waits for its pins, with the hashes by which it is known again.
struct StagedNode {
    /// Without its fields: those are in the body.
    revision: Revision,
    /// What does not depend on pins, in canonical bytes ([`Revision::body`]): a tenth of the room
    /// that the values take, and written once.
    body: Vec<u8>,
    kind: crate::schema::Kind,
    node: Hash,
    content: Hash,
    /// The length of its content.
    said: usize,
}

impl StagedNode {
    fn of(mut revision: Revision, node: Hash, encoded: &[(&str, Vec<u8>)]) -> StagedNode {
        revision.sort_edges();
        let kind = crate::schema::Kind::parse(&revision.kind).unwrap_or(crate::schema::Kind::Actor);
        let body = revision.body(encoded);
        revision.fields = lineal_proof::Map::new();
        let said = revision.content_around(&body);
        let (content, said) = (Hash::of(&said), said.len());
        StagedNode { revision, body, kind, node, content, said }
    }
}

/// A container with the rows of batches that stood in others, read back and checked.
pub(crate) struct Repacked {
    pub(crate) manifest: Manifest,
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// A transaction in the making. Dropping it leaves no trace in the log.
pub struct Transaction<'a> {
    store: &'a Store,
    import: Option<u64>,
    actor: Option<String>,
    nodes: Vec<StagedNode>,
    /// About how many bytes their revisions have.
    bytes: usize,
    /// Sources and forms that are staged here.
    chains: Vec<(String, String)>,
    /// What is staged here already, by node and chain.
    staged: HashMap<(Hash, usize), Vec<Hash>>,
    batches: Vec<BatchDraft>,
    repacked: Vec<Repacked>,
    blobs: BTreeMap<Hash, Vec<u8>>,
    references: Vec<Reference>,
    settings: Vec<Setting>,
    sources: Vec<Source>,
    retracts: Vec<Retract>,
    seen: BTreeMap<Saying, BTreeSet<Cid>>,
    seen_rows: Vec<(Saying, [u8; 16], Vec<SeenRows>)>,
    snapshots: Vec<(Saying, BTreeMap<Hash, Hash>)>,
    /// The import ends with a full snapshot, which confirms what is known: nothing is listed here.
    snapshot_follows: bool,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(store: &'a Store, import: Option<u64>, actor: Option<String>) -> Self {
        Transaction {
            store,
            import,
            actor,
            nodes: Vec::new(),
            bytes: 0,
            chains: Vec::new(),
            staged: HashMap::new(),
            batches: Vec::new(),
            repacked: Vec::new(),
            blobs: BTreeMap::new(),
            references: Vec::new(),
            settings: Vec::new(),
            sources: Vec::new(),
            retracts: Vec::new(),
            seen: BTreeMap::new(),
            seen_rows: Vec::new(),
            snapshots: Vec::new(),
            snapshot_follows: false,
        }
    }

    /// How many nodes are staged, batches among them.
    #[must_use]
    pub fn staged_nodes(&self) -> usize {
        self.nodes.len() + self.batches.len()
    }

    /// Is there nothing to write?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.batches.is_empty()
            && self.repacked.is_empty()
            && self.references.is_empty()
            && self.settings.is_empty()
            && self.sources.is_empty()
            && self.retracts.is_empty()
            && self.seen.is_empty()
            && self.seen_rows.is_empty()
            && self.snapshots.is_empty()
    }

    /// Canonical bytes of the revisions staged so far, about.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        self.bytes
    }

    /// Stages what a source says of a node.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a relation that the schema does not have, [`Error::NoKey`] if a
    /// secret is missing, [`Error::Limit`] for a record that is too large.
    pub fn add_node(&mut self, saying: &Saying, draft: NodeDraft) -> Result<Staged> {
        draft.check()?;
        let node = node_id(draft.kind.name(), &draft.key);
        let (revision, encoded) = self.revision(saying, &node, draft)?;
        self.settle(saying, StagedNode::of(revision, node, &encoded))
    }

    /// Stages what a source says of many nodes, in this order: as [`Transaction::add_node`] of one
    /// after another, but hashed side by side.
    ///
    /// # Errors
    /// As [`Transaction::add_node`].
    pub fn add_nodes(&mut self, saying: &Saying, drafts: Vec<NodeDraft>) -> Result<Vec<Staged>> {
        let named = drafts.into_par_iter().map(|draft| {
            draft.check()?;
            Ok((node_id(draft.kind.name(), &draft.key), draft))
        });
        let named = named.collect::<Result<Vec<_>>>()?;
        let revisions = named.into_iter().map(|(node, draft)| {
            // One after another: what is sealed stands in this order.
            Ok((self.revision(saying, &node, draft)?, node))
        });
        let revisions = revisions.collect::<Result<Vec<_>>>()?;
        let staged = revisions
            .into_par_iter()
            .map(|((revision, encoded), node)| StagedNode::of(revision, node, &encoded));
        let staged: Vec<_> = staged.collect();
        staged.into_iter().map(|staged| self.settle(saying, staged)).collect()
    }

    /// Names any staged node something by a key with parts that its source does not know?
    fn has_claims(&self) -> bool {
        use crate::schema::Kind;
        let is_open =
            |kind: &str, key: &Key| Kind::parse(kind).is_none_or(|kind| is_claim(kind, key));
        let mut edges = self.nodes.iter().flat_map(|staged| &staged.revision.edges);
        edges.any(|edge| is_open(&edge.kind, &edge.key))
    }

    fn settle(&mut self, saying: &Saying, new: StagedNode) -> Result<Staged> {
        let (node, content) = (new.node, new.content);
        if let Some(known) = self.store.known_revision(&node, saying, &content) {
            if !self.snapshot_follows {
                self.seen.entry(saying.clone()).or_default().insert(Cid(known));
            }
            return Ok(Staged { node, content, outcome: Outcome::Known });
        }
        let chain = self.chain(saying);
        let staged = self.staged.entry((node, chain)).or_default();
        if staged.contains(&content) {
            self.raise_observed_at(&node, &content, saying);
            return Ok(Staged { node, content, outcome: Outcome::Known });
        }
        staged.push(content);
        // What the content lacks: form, time, previous and, for each edge, a pin.
        let revision = &new.revision;
        let size = new.said + revision.form.len() + (revision.edges.len() + 2) * LINK_BYTES;
        if size > PAYLOAD_MAX {
            let what = format!("the record of {} {}", revision.kind, node.short());
            return Err(Error::Limit { what, found: size as u64, limit: PAYLOAD_MAX as u64 });
        }
        self.bytes += size;
        self.nodes.push(new);
        Ok(Staged { node, content, outcome: Outcome::Recorded })
    }

    /// The number of a source and form in this transaction: there is one, or a handful.
    fn chain(&mut self, saying: &Saying) -> usize {
        let is_it =
            |(source, form): &(String, String)| *source == saying.source && *form == saying.form;
        self.chains.iter().position(is_it).unwrap_or_else(|| {
            self.chains.push((saying.source.clone(), saying.form.clone()));
            self.chains.len() - 1
        })
    }

    /// The same thing was said twice in one transaction: the later time counts.
    fn raise_observed_at(&mut self, node: &Hash, content: &Hash, saying: &Saying) {
        let same = self.nodes.iter_mut().rev().find(|staged| {
            staged.node == *node
                && staged.content == *content
                && staged.revision.source == saying.source
                && staged.revision.form == saying.form
        });
        if let Some(staged) = same {
            staged.revision.observed_at = staged.revision.observed_at.max(saying.observed_at);
        }
    }

    fn revision(
        &mut self,
        saying: &Saying,
        node: &Hash,
        draft: NodeDraft,
    ) -> Result<(Revision, Encoded)> {
        let mut fields = lineal_proof::Map::new();
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
            fields.insert(name, self.outline(value)?);
        }
        encoded.sort_by(|a, b| lineal_proof::value::key_order(a.0, b.0));
        for (name, value) in draft.fields {
            fields.insert(name, self.outline(value)?);
        }
        let mut sealed: Vec<(String, Hash)> = Vec::with_capacity(draft.sealed.len());
        let own = match draft.kind {
            Kind::Access => crate::keys::trail_subject(saying.observed_at),
            _ => *node,
        };
        for field in draft.sealed {
            let subject = field.actor.as_ref().map_or(own, |key| node_id(Kind::Actor.name(), key));
            let commitment = self.store.seal(&subject, &field.field, &field.value)?;
            sealed.retain(|(name, _)| *name != field.field);
            sealed.push((field.field, commitment));
        }
        sealed.sort_by(|a, b| lineal_proof::value::key_order(&a.0, &b.0));
        let edges = draft.edges.into_iter().map(|edge| {
            let mut beside = edge.beside;
            beside.sort_by(|a, b| lineal_proof::value::key_order(&a.0, &b.0));
            lineal_proof::record::Edge {
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
        Ok((revision, encoded))
    }

    /// Puts a large value, or a large member of an open map, into a blob and links it.
    fn outline(&mut self, value: Value) -> Result<Value> {
        if !is_large(&value) {
            return Ok(value);
        }
        let Value::Map(map) = value else { return self.blob(value) };
        let mut members = lineal_proof::Map::new();
        for (name, member) in map {
            let member = if is_large(&member) { self.blob(member)? } else { member };
            members.insert(name, member);
        }
        let value = Value::Map(members);
        if is_large(&value) { self.blob(value) } else { Ok(value) }
    }

    fn blob(&mut self, value: Value) -> Result<Value> {
        let bytes = lineal_proof::record::Blob { value }.encode();
        if bytes.len() > PAYLOAD_MAX {
            let (found, limit) = (bytes.len() as u64, PAYLOAD_MAX as u64);
            return Err(Error::Limit { what: "a value of a field".to_owned(), found, limit });
        }
        let id = Hash::of(&bytes);
        self.blobs.insert(id, bytes);
        Ok(Value::Link(Cid(id)))
    }

    /// Stages rows of a deployment. The deployment itself is staged with [`Transaction::add_node`].
    pub fn add_batch(&mut self, batch: BatchDraft) {
        self.batches.push(batch);
    }

    /// Stages a container with rows of batches that are recorded.
    pub(crate) fn add_repacked(&mut self, repacked: Repacked) {
        self.repacked.push(repacked);
    }

    /// Notes that another file holds rows that are known.
    pub fn add_seen_rows(&mut self, saying: &Saying, file: [u8; 16], rows: Vec<SeenRows>) {
        if !rows.is_empty() {
            self.seen_rows.push((saying.clone(), file, rows));
        }
    }

    /// Announces that the last transaction of the import will call [`Transaction::add_snapshot`], so
    /// that known nodes need no listing one by one.
    pub fn snapshot_follows(&mut self) {
        self.snapshot_follows = true;
    }

    /// Notes that the import was a full snapshot of a source in a form and held exactly these
    /// nodes, with the digests of what it said of them.
    pub fn add_snapshot(&mut self, saying: &Saying, held: BTreeMap<Hash, Hash>) {
        self.snapshots.push((saying.clone(), held));
    }

    /// Stages custody of a file.
    pub fn add_source(&mut self, source: Source) {
        self.sources.push(source);
    }

    /// Stages a name for a node or family of nodes; none removes it.
    pub fn add_reference(&mut self, kind: crate::schema::Kind, name: &str, key: Option<Key>) {
        let (name, kind) = (name.to_owned(), kind.name().to_owned());
        self.references.push(Reference { name, kind, key });
    }

    /// Stages a setting.
    pub fn add_setting(&mut self, name: &str, value: Value) {
        self.settings.push(Setting { name: name.to_owned(), value });
    }

    /// Stages the retraction of an import, or with `restore` its return.
    ///
    /// # Errors
    /// [`Error::NoImport`] if there is none of that number, [`Error::NothingToRetract`] or
    /// [`Error::IsRetraction`] if it brought nothing, [`Error::AlreadyRetracted`] or
    /// [`Error::NotRetracted`] if it is so already, and [`Error::CameAgain`] where events of an
    /// import to be restored came again meanwhile.
    pub fn add_retract(&mut self, import: u64, restore: bool, reason: Option<&str>) -> Result<()> {
        self.store.check_retract(import, restore)?;
        let mut sealed = Vec::new();
        if let Some(reason) = reason {
            let subject = Hash::of(&cbor::encode(&Value::List(vec![
                Value::text("retract"),
                Value::from(import),
            ])));
            let commitment = self.store.seal(&subject, "reason", &Value::text(reason))?;
            sealed.push(("reason".to_owned(), commitment));
        }
        self.retracts.push(Retract { import, restore, actor: self.actor.clone(), sealed });
        Ok(())
    }

    /// Writes everything staged as one commit. After an error nothing of it is in the log.
    ///
    /// # Errors
    /// [`Error::Poisoned`] after a failed write, else what the medium says.
    pub fn commit(self) -> Result<Committed> {
        let (store, has_sources) = (self.store, !self.sources.is_empty());
        let committed = publish::publish(store, self)?;
        if has_sources {
            store.note_sources();
        }
        Ok(committed)
    }
}
