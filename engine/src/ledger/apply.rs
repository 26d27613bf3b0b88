//! Taking a transaction into the ledger.

use super::batch::batch;
use super::nodes::NONE;
use super::revisions::NewRevision;
use super::{BatchEntry, CommitEntry, Ledger, SeenRowsEntry, SnapshotEntry};
use crate::error::{Error, Result};
use crate::schema::{Kind, Relation};
use crate::segment::{Location, Transaction, segment_path};
use lineal_proof::frame::{Frame, RecordType};
use lineal_proof::record::{
    Erasure, Hold, Manifest, Record, Reference, Retract, Revision, RevisionOutline, Seen, Setting,
    Source, Stub, node_id,
};
use lineal_proof::{Hash, Key};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Most pairs of source and form of a store: a handful is usual, and a number of two bytes names each.
const CHAINS_MAX: usize = 1 << 16;
/// Fewer records than this are read quicker by one thread.
const PARALLEL_MIN: usize = 512;

/// A transaction, decoded and not yet taken.
pub(crate) struct ReadTransaction {
    commit: CommitEntry,
    records: Vec<(Location, Said)>,
}

/// What a record says, decoded: all that needs hashing is done, so that it can be done in parallel.
enum Said {
    Stub { id: Hash, kind: Kind, key: Key },
    Revision(Box<SaidRevision>),
    Blob(Hash),
    Reference(Reference),
    Setting(Setting),
    Manifest(Manifest),
    Seen(Seen),
    Retract(Retract),
    Erasure(Erasure),
    Hold(Hold),
    Source(Source),
}

/// A revision with its digests.
struct SaidRevision {
    id: Hash,
    node: Hash,
    kind: Kind,
    key: Key,
    content: Hash,
    source: String,
    form: String,
    observed_at: i64,
    batch: Option<BatchEntry>,
}

/// A kind by exactly its name.
fn kind(name: &str, at: Location) -> Result<Kind> {
    Kind::parse(name).filter(|kind| kind.name() == name).ok_or_else(|| newer("kind", name, at))
}

/// A relation by exactly its name.
fn check_relation(name: &str, at: Location) -> Result<()> {
    let known = Relation::parse(name).is_some_and(|(relation, _)| relation.name() == name);
    if known { Ok(()) } else { Err(newer("relation", name, at)) }
}

fn newer(what: &'static str, word: &str, at: Location) -> Error {
    let word = word.to_owned();
    Error::NewerWord { file: segment_path(at.segment), at: at.offset, what, word }
}

/// Decodes a record.
fn said(at: Location, frame: &Frame<'_>) -> Result<Said> {
    Ok(match frame.record_type {
        RecordType::Stub => {
            let stub: Stub = decode(at, frame)?;
            Said::Stub { id: frame.id, kind: kind(&stub.kind, at)?, key: stub.key }
        }
        RecordType::Revision => Said::Revision(Box::new(said_revision(at, frame)?)),
        RecordType::Blob => Said::Blob(frame.id),
        RecordType::Reference => Said::Reference(decode(at, frame)?),
        RecordType::Setting => Said::Setting(decode(at, frame)?),
        RecordType::Manifest => Said::Manifest(decode(at, frame)?),
        RecordType::Seen => Said::Seen(decode(at, frame)?),
        RecordType::Retract => Said::Retract(decode(at, frame)?),
        RecordType::Erasure => Said::Erasure(decode(at, frame)?),
        RecordType::Hold => Said::Hold(decode(at, frame)?),
        RecordType::Source => Said::Source(decode(at, frame)?),
        RecordType::Sealed | RecordType::Commit => {
            let rule = "a transaction holds the records of section 5";
            return Err(Error::corrupt(segment_path(at.segment), at.offset, rule));
        }
    })
}

fn decode<R: Record>(at: Location, frame: &Frame<'_>) -> Result<R> {
    R::decode(frame.payload).map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
}

fn said_revision(at: Location, frame: &Frame<'_>) -> Result<SaidRevision> {
    match RevisionOutline::read(frame.payload) {
        Some(outline) if outline.kind != Kind::Batch.name() => said_in_outline(at, frame, outline),
        _ => said_in_full(at, frame),
    }
}

/// What the ledger keeps of a revision that is no batch: nothing of its fields.
fn said_in_outline(
    at: Location,
    frame: &Frame<'_>,
    outline: RevisionOutline<'_>,
) -> Result<SaidRevision> {
    let kind = kind(outline.kind, at)?;
    for edge in &outline.edges {
        check_relation(edge.relation, at)?;
        self::kind(edge.kind, at)?;
    }
    Ok(SaidRevision {
        id: frame.id,
        node: node_id(outline.kind, &outline.key),
        content: outline.content_digest(),
        batch: None,
        kind,
        key: outline.key,
        source: outline.source.to_owned(),
        form: outline.form.to_owned(),
        observed_at: outline.observed_at,
    })
}

fn said_in_full(at: Location, frame: &Frame<'_>) -> Result<SaidRevision> {
    let revision: Revision = decode(at, frame)?;
    let kind = kind(&revision.kind, at)?;
    for edge in &revision.edges {
        check_relation(&edge.relation, at)?;
        self::kind(&edge.kind, at)?;
    }
    let batch = if kind == Kind::Batch {
        let read = batch(&revision);
        Some(read.map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))?)
    } else {
        None
    };
    Ok(SaidRevision {
        id: frame.id,
        node: node_id(&revision.kind, &revision.key),
        content: revision.content_digest(),
        batch,
        kind,
        key: revision.key,
        source: revision.source,
        form: revision.form,
        observed_at: revision.observed_at,
    })
}

impl Ledger {
    /// Reads a transaction, so that taking it cannot fail.
    ///
    /// # Errors
    /// [`Error::Record`] with the place of a record that does not decode.
    pub(crate) fn read(transaction: &Transaction<'_>) -> Result<ReadTransaction> {
        let decode = |(location, frame): &(Location, Frame<'_>)| {
            said(*location, frame).map(|said| (*location, said))
        };
        let records = if transaction.frames.len() > PARALLEL_MIN {
            transaction.frames.par_iter().map(decode).collect::<Result<Vec<_>>>()?
        } else {
            transaction.frames.iter().map(decode).collect::<Result<Vec<_>>>()?
        };
        let commit = &transaction.commit;
        let commit = CommitEntry { recorded: commit.recorded, import: commit.import };
        Ok(ReadTransaction { commit, records })
    }

    /// Is there room for the sources and forms that a transaction brings?
    ///
    /// # Errors
    /// [`Error::Limit`] if not: it must not be written, or no later opening could read it.
    pub(crate) fn check_room(&self, transaction: &ReadTransaction) -> Result<()> {
        let named = transaction.records.iter().filter_map(|(_, said)| match said {
            Said::Revision(revision) => Some((&revision.source, &revision.form)),
            Said::Seen(seen) => Some((&seen.source, &seen.form)),
            _ => None,
        });
        let named: BTreeSet<_> = named.collect();
        let new = named.into_iter().filter(|(source, form)| self.chain(source, form).is_none());
        let found = self.chains.len() + new.count();
        if found > CHAINS_MAX {
            let what = "the number of sources, each counted in each of its forms,".to_owned();
            return Err(Error::Limit { what, found: found as u64, limit: CHAINS_MAX as u64 });
        }
        Ok(())
    }

    /// Takes a transaction that was read and for which there is room.
    pub(crate) fn apply(&mut self, transaction: ReadTransaction) {
        self.commits.push(transaction.commit);
        for (location, record) in transaction.records {
            self.apply_record(location, record);
        }
    }

    /// Takes a transaction that stands in a segment.
    ///
    /// # Errors
    /// As [`Ledger::read`] and [`Ledger::check_room`]; nothing was taken then.
    pub(crate) fn take(&mut self, transaction: &Transaction<'_>) -> Result<()> {
        let read = Ledger::read(transaction)?;
        self.check_room(&read)?;
        self.apply(read);
        Ok(())
    }

    /// Takes one record of the last commit.
    fn apply_record(&mut self, at: Location, record: Said) {
        let commit = self.commit();
        match record {
            Said::Stub { id, kind, key } => {
                let node = self.node_or_new(id, kind, &key);
                self.nodes.stubs[node as usize] = 1;
            }
            Said::Revision(revision) => self.apply_revision(at, *revision),
            Said::Blob(id) => {
                self.blobs.insert(id, at);
            }
            Said::Reference(reference) => self.references.push((commit, reference)),
            Said::Setting(setting) => self.settings.push((commit, setting)),
            Said::Manifest(manifest) => self.apply_manifest(manifest),
            Said::Seen(seen) => self.apply_seen(seen),
            Said::Retract(retract) => {
                self.retractions.push((retract.import, commit, retract.restore));
            }
            Said::Erasure(erasure) => self.apply_erasure(erasure),
            Said::Hold(hold) => self.holds.push((commit, hold)),
            Said::Source(source) => self.sources.push((commit, source)),
        }
    }

    fn node_or_new(&mut self, id: Hash, kind: Kind, key: &Key) -> u32 {
        if let Some(node) = self.node(&id) {
            return node;
        }
        let born = self.commit();
        self.nodes.push(id, kind, key, born)
    }

    /// The chain of a source and form, made if it is new.
    pub(crate) fn chain_or_new(&mut self, source: &str, form: &str) -> u16 {
        if let Some(chain) = self.chain(source, form) {
            return chain;
        }
        let chain = u16::try_from(self.chains.len()).expect("there is room");
        self.chains.push((source.to_owned(), form.to_owned()));
        chain
    }

    fn apply_revision(&mut self, at: Location, said: SaidRevision) {
        let node = self.node_or_new(said.node, said.kind, &said.key);
        let chain = self.chain_or_new(&said.source, &said.form);
        let new = NewRevision {
            id: said.id,
            content: said.content,
            node,
            chain,
            at,
            commit: self.commit(),
            observed_at: said.observed_at,
        };
        let last = &mut self.nodes.last[node as usize];
        let number = self.revisions.push(&new, *last);
        debug_assert_ne!(number, NONE);
        *last = number;
        if let Some(batch) = said.batch {
            let ordinal = u32::try_from(self.batches.len()).expect("fewer than 2^32 batches");
            self.batches.push(BatchEntry { revision: number, ..batch });
            self.batch_index.insert(number, ordinal);
        }
    }

    fn apply_manifest(&mut self, manifest: Manifest) {
        let number = u32::try_from(self.manifests.len()).expect("fewer than 2^32 manifests");
        for entry in &manifest.batches {
            let batch = self.revision(&entry.batch.0).and_then(|revision| self.batch_of(revision));
            if let Some(batch) = batch {
                self.batches[batch as usize].place = Some((number, entry.first_row));
            }
        }
        self.manifests.push((self.commit(), manifest));
    }

    fn apply_seen(&mut self, seen: Seen) {
        let commit = self.commit();
        let chain = self.chain_or_new(&seen.source, &seen.form);
        let mut confirmed: Vec<u32> =
            seen.revisions.iter().filter_map(|link| self.revision(&link.0)).collect();
        for revision in confirmed.drain(..) {
            self.note_said(revision, (commit, seen.observed_at));
        }
        if seen.full {
            let snapshot = self.add_snapshot(chain, seen.observed_at);
            for node in 0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX) {
                if seen.except.binary_search(&self.nodes.id(node)).is_err()
                    && let Some(head) = self.chain_head(node, chain, commit)
                    && !self.revisions.confirm(head.revision, snapshot)
                {
                    self.note_said(head.revision, (commit, seen.observed_at));
                }
            }
        }
        for rows in seen.rows {
            let batch = self.revision(&rows.batch.0).and_then(|revision| self.batch_of(revision));
            if let Some(batch) = batch {
                let revision = self.batches[batch as usize].revision;
                self.note_said(revision, (commit, seen.observed_at));
                self.seen_rows.push(SeenRowsEntry { commit, batch, runs: rows.runs });
            }
        }
    }

    /// Notes a full snapshot of a chain by the last commit; gives which of the chain's it is, from 1.
    pub(super) fn add_snapshot(&mut self, chain: u16, observed_at: i64) -> u32 {
        let commit = self.commit();
        self.snapshots.push(SnapshotEntry { chain, observed_at, commit });
        self.index_snapshot(chain)
    }

    /// Puts the last snapshot among those of its chain.
    pub(super) fn index_snapshot(&mut self, chain: u16) -> u32 {
        let number = u32::try_from(self.snapshots.len() - 1).expect("fewer than 2^32 snapshots");
        let chain = usize::from(chain);
        if self.chain_snapshots.len() <= chain {
            self.chain_snapshots.resize(chain + 1, Vec::new());
        }
        self.chain_snapshots[chain].push(number);
        u32::try_from(self.chain_snapshots[chain].len()).expect("no more than snapshots")
    }

    fn note_said(&mut self, revision: u32, said: (u64, i64)) {
        if !self.said(revision).any(|known| known == said) {
            self.revisions.also.entry(revision).or_default().push(said);
        }
    }
}
