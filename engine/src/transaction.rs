//! A transaction: stage records, then write them as one commit or not at all.

mod batches;
mod encode;
mod erased;
mod held;
mod pins;
mod prepared;
mod publish;
mod restricted;
mod snapshots;

pub(crate) use batches::{CONTAINER_ROWS_MAX, container_path};
pub use held::Held;
pub use prepared::PreparedNode;

use crate::claims::is_claim;
use crate::draft::{BatchDraft, NodeDraft, Saying};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::store::Store;
use lineal_proof::frame::PAYLOAD_MAX;
use lineal_proof::record::{
    Erasure, Hold, Manifest, Reference, Retract, Revision, SeenRows, Setting, Source,
};
use lineal_proof::{Cid, Hash, Key, Value, cbor};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most nodes of one transaction (docs/format.md, section 15).
pub const TRANSACTION_NODES_MAX: usize = 100_000;

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
    kind: Kind,
    node: Hash,
    content: Hash,
    /// The length of its content.
    said: usize,
}

impl StagedNode {
    fn of(mut revision: Revision, node: Hash, encoded: &[(&str, Vec<u8>)]) -> StagedNode {
        revision.sort_edges();
        let kind = Kind::parse(&revision.kind).unwrap_or(Kind::Actor);
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
    erasures: Vec<Erasure>,
    holds: Vec<Hold>,
    seen: BTreeMap<Saying, BTreeSet<Cid>>,
    seen_rows: Vec<(Saying, [u8; 16], Vec<SeenRows>)>,
    snapshots: Vec<(Saying, Held)>,
    /// The import ends with a full snapshot, which confirms what is known: nothing is listed here.
    snapshot_follows: bool,
    /// Of one whose maker has the store's turn the commit that it follows on.
    behind: Option<u64>,
    /// Erasures that whoever staged events knew of.
    erasures_known: usize,
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
            erasures: Vec::new(),
            holds: Vec::new(),
            seen: BTreeMap::new(),
            seen_rows: Vec::new(),
            snapshots: Vec::new(),
            snapshot_follows: false,
            behind: None,
            erasures_known: store.erasure_count(),
        }
    }

    /// The same, of one who has the turn and read the log up to this commit.
    pub(crate) fn behind(self, commit: u64) -> Self {
        Transaction { behind: Some(commit), ..self }
    }

    /// Says how many erasures ([`Store::erasure_count`]) were known when it was decided which events are
    /// staged here, where that was before this transaction was begun: what was erased since is looked for
    /// when it is written.
    pub fn know_erasures(&mut self, count: usize) {
        self.erasures_known = self.erasures_known.min(count);
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
            && self.erasures.is_empty()
            && self.holds.is_empty()
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
        self.add_prepared(self.store.prepare(saying, draft)?)
    }

    /// Names any staged node something by a key with parts that its source does not know?
    fn has_claims(&self) -> bool {
        let is_open =
            |kind: &str, key: &Key| Kind::parse(kind).is_none_or(|kind| is_claim(kind, key));
        let mut edges = self.nodes.iter().flat_map(|staged| &staged.revision.edges);
        edges.any(|edge| is_open(&edge.kind, &edge.key))
    }

    /// Stages a node that the same store prepared.
    ///
    /// # Errors
    /// [`Error::Limit`] for a record that is too large.
    pub fn add_prepared(&mut self, prepared: PreparedNode) -> Result<Staged> {
        let PreparedNode { staged: new, blobs } = prepared;
        self.blobs.extend(blobs);
        let (node, content) = (new.node, new.content);
        let Revision { source, form, observed_at, .. } = &new.revision;
        let said_by = (source.as_str(), form.as_str());
        if let Some(known) = self.store.known_revision(&node, said_by, &content) {
            if !self.snapshot_follows {
                let saying = Saying {
                    source: source.clone(),
                    form: form.clone(),
                    observed_at: *observed_at,
                };
                self.seen.entry(saying).or_default().insert(Cid(known));
            }
            return Ok(Staged { node, content, outcome: Outcome::Known });
        }
        let chain = self.chain(source, form);
        let staged = self.staged.entry((node, chain)).or_default();
        if staged.contains(&content) {
            self.raise_observed_at(&new);
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
    fn chain(&mut self, source: &str, form: &str) -> usize {
        let is_it = |(s, f): &(String, String)| s == source && f == form;
        self.chains.iter().position(is_it).unwrap_or_else(|| {
            self.chains.push((source.to_owned(), form.to_owned()));
            self.chains.len() - 1
        })
    }

    /// The same thing was said twice in one transaction: the later time counts.
    fn raise_observed_at(&mut self, again: &StagedNode) {
        let same = self.nodes.iter_mut().rev().find(|staged| {
            staged.node == again.node
                && staged.content == again.content
                && staged.revision.source == again.revision.source
                && staged.revision.form == again.revision.form
        });
        if let Some(staged) = same {
            let observed_at = &mut staged.revision.observed_at;
            *observed_at = again.revision.observed_at.max(*observed_at);
        }
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
    pub fn add_snapshot(&mut self, saying: &Saying, held: impl Into<Held>) {
        self.snapshots.push((saying.clone(), held.into()));
    }

    /// Stages custody of a file.
    pub fn add_source(&mut self, source: Source) {
        self.sources.push(source);
    }

    /// Stages a name for a node or family of nodes; none removes it.
    pub fn add_reference(&mut self, kind: Kind, name: &str, key: Option<Key>) {
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

    /// Stages an erasure, beside the containers that it leaves behind.
    pub(crate) fn add_erasure(&mut self, erasure: Erasure) {
        self.erasures.push(erasure);
    }

    /// Stages a hold, or its end.
    pub(crate) fn add_hold(&mut self, hold: Hold) {
        self.holds.push(hold);
    }

    /// Writes everything staged as one commit. After an error nothing of it is in the log, but where the
    /// error says what stands.
    ///
    /// # Errors
    /// [`Error::ErasedMeanwhile`] where an erasure was recorded since that was staged, [`Error::Poisoned`] after a failed write, else what the medium says.
    pub fn commit(self) -> Result<Committed> {
        let (store, has_sources) = (self.store, !self.sources.is_empty());
        let committed = publish::publish(store, self)?;
        if has_sources {
            store.note_sources();
        }
        Ok(committed)
    }
}
