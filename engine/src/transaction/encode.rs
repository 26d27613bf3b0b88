//! Turning everything staged into frames.

use super::batches::{self, Ready};
use super::{Transaction, pins, restricted, snapshots};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::store::{NewKeys, State, Store};
use lineal_proof::absence::Entry;
use lineal_proof::absence::names::Naming;
use lineal_proof::frame::{self, FRAME_HEAD, PAYLOAD_MAX, RecordType};
use lineal_proof::record::Record;
use lineal_proof::{Cid, Hash};
use std::collections::{BTreeMap, HashMap};

/// A frame's head and at most so much padding.
const FRAME_BYTES: usize = FRAME_HEAD + 8;

/// The frames of a transaction, without its commit, and the files that go before them.
#[derive(Default)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) ids: Vec<Hash>,
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// Path and bytes.
    pub(super) containers: Vec<(String, Vec<u8>)>,
    /// What the event-key index will hold of them.
    pub(super) keys: NewKeys,
    pub(super) revisions: u64,
    pub(super) events: u64,
    /// What the records put into the map, in any order.
    pub(super) entries: Vec<Entry>,
    /// What stubs and references put there, in the making.
    naming: Naming,
}

impl Encoded {
    pub(super) fn push(&mut self, record_type: RecordType, payload: &[u8]) -> Result<()> {
        self.push_with_id(record_type, payload, Hash::of(payload))
    }

    /// The same of a record that stands in the map, other than a revision.
    fn push_named(&mut self, record_type: RecordType, payload: &[u8]) -> Result<()> {
        let id = Hash::of(payload);
        self.naming
            .add(record_type, &id, payload)
            .map_err(|e| Error::record("a new record", 0, e))?;
        self.push_with_id(record_type, payload, id)
    }

    fn push_with_id(&mut self, record_type: RecordType, payload: &[u8], id: Hash) -> Result<()> {
        if payload.len() > PAYLOAD_MAX {
            let what = format!("a {} record", record_type.name());
            let (found, limit) = (payload.len() as u64, PAYLOAD_MAX as u64);
            return Err(Error::Limit { what, found, limit });
        }
        frame::write_with_id(&mut self.bytes, record_type, payload, id);
        self.ids.push(id);
        *self.counts.entry(record_type.name()).or_default() += 1;
        Ok(())
    }
}

/// Encodes a transaction in the order of docs/format.md, section 7.
pub(super) fn encode(
    store: &Store,
    state: &State,
    mut transaction: Transaction<'_>,
) -> Result<Encoded> {
    let mut out = Encoded::default();
    let mut ready: HashMap<Hash, Ready> = HashMap::new();
    let indexed = state.ledger.indexed(state.head.commit);
    let drafts = std::mem::take(&mut transaction.batches);
    for (batch, staged) in batches::seal_all(store, drafts, indexed)? {
        let saying = &batch.draft.saying;
        let chain = (saying.source.as_str(), saying.form.as_str());
        if let Some(known) = state.ledger.known_revision(&staged.node, chain, &staged.content) {
            transaction.seen.entry(saying.clone()).or_default().insert(Cid(known));
            continue;
        }
        ready.insert(staged.content, batch);
        transaction.nodes.push(staged);
    }
    let seen = snapshots::seen(state, &mut transaction)?;
    let mut pins = pins::Pins::new(state);
    let mut revisions = Vec::with_capacity(transaction.nodes.len());
    let (mut placed, mut bytes) = (Vec::new(), 0);
    for written in pins.encode_all(pins::order(std::mem::take(&mut transaction.nodes))) {
        out.entries.extend_from_slice(&written.entries);
        if written.kind == Kind::Batch
            && let Some(ready) = ready.remove(&written.content)
        {
            placed.push((written.link, ready));
        }
        bytes += written.payload.len() + FRAME_BYTES;
        revisions.push((written.link.0, written.payload));
    }
    for (id, payload) in &transaction.blobs {
        if !state.ledger.blobs.contains_key(id) {
            out.push(RecordType::Blob, payload)?;
        }
    }
    for payload in pins.stubs.values() {
        out.push_named(RecordType::Stub, payload)?;
    }
    out.revisions = revisions.len() as u64;
    out.bytes.reserve(bytes);
    for (id, payload) in revisions {
        // Each goes when it is copied: two copies of a transaction would be its peak of memory.
        out.push_with_id(RecordType::Revision, &payload, id)?;
    }
    for reference in &transaction.references {
        out.push_named(RecordType::Reference, &reference.encode())?;
    }
    for setting in &transaction.settings {
        out.push(RecordType::Setting, &setting.encode())?;
    }
    out.keys = batches::keys(store, &placed, indexed)?;
    transaction.erasures.extend(restricted::records(store.storage(), state, &placed)?);
    batches::write_containers(store, placed, &mut out)?;
    for repacked in std::mem::take(&mut transaction.repacked) {
        out.push(RecordType::Manifest, &repacked.manifest.encode())?;
        out.containers.push((repacked.path, repacked.bytes));
    }
    for seen in seen {
        out.push(RecordType::Seen, &seen.encode())?;
    }
    for retract in &transaction.retracts {
        out.push(RecordType::Retract, &retract.encode())?;
    }
    for erasure in &transaction.erasures {
        out.push(RecordType::Erasure, &erasure.encode())?;
    }
    for hold in &transaction.holds {
        out.push(RecordType::Hold, &hold.encode())?;
    }
    out.entries.append(&mut std::mem::take(&mut out.naming).finish());
    transaction.sources.sort_by(|a, b| (&a.label, a.stretches).cmp(&(&b.label, b.stretches)));
    for source in &transaction.sources {
        // Not only while debugging: a wrong sum would be evidence for ever.
        assert!(source.counts.add_up(), "counts add up to what was read");
        out.push(RecordType::Source, &source.encode())?;
    }
    Ok(out)
}
