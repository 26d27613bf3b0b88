//! The public log as the segments hold it: each commit's leaf, and the transactions of wanted records.
//!
//! Where commits stand follows from the ledger, which knows the places of revisions: behind the last
//! revision of a transaction few frames stand before its commit. So a proof reads the transactions that
//! its records are of, and not the log. A ledger that leads astray is found out by the root, and then
//! every frame is looked at.

use super::super::Snapshot;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::segment::segment_path;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::bundle::{CommitPart, RecordPart, subtrees};
use lineal_proof::frame::{FRAME_HEAD, RecordType, SEGMENT_HEADER};
use lineal_proof::merkle;
use lineal_proof::record::{Record, Reference};
use lineal_proof::tlog::TreeHash;
use std::collections::{BTreeMap, BTreeSet};

/// A frame by its head: nothing of it is checked but that it lies within the segment.
struct Head<'a> {
    number: u8,
    id: Hash,
    payload: &'a [u8],
    length: usize,
}

fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    let payload = bytes.get(FRAME_HEAD..FRAME_HEAD.checked_add(length)?)?;
    let id = Hash::from_slice(bytes.get(12..FRAME_HEAD)?)?;
    let length = (FRAME_HEAD + length).next_multiple_of(8);
    Some(Head { number: *bytes.get(8)?, id, payload, length })
}

/// A transaction.
#[derive(Clone, Copy)]
struct Span {
    segment: u32,
    /// Where its first frame begins.
    start: usize,
    /// Where its commit's frame begins.
    commit: usize,
}

/// The log up to a view's commit.
pub(super) struct Log<'v> {
    view: &'v Snapshot,
    /// Transaction N-1 is that of commit N.
    spans: Vec<Span>,
    leaves: Vec<Hash>,
    /// The wanted records by the number of their commit.
    wanted: BTreeMap<u64, BTreeSet<Hash>>,
}

/// A node of the log's tree.
fn above(left: &Hash, right: &Hash) -> Hash {
    Hash(TreeHash::node(&TreeHash(left.0), &TreeHash(right.0)).0)
}

/// Where a frame does not read.
fn damaged(segment: u32, at: usize) -> Error {
    Error::corrupt(segment_path(segment), at as u64, "a frame is whole")
}

impl<'v> Log<'v> {
    /// Finds the transactions of the records, and every commit; `root` is what the log's should be.
    pub(super) fn read(
        store: &Store,
        view: &'v Snapshot,
        records: &BTreeSet<Hash>,
        root: &Hash,
    ) -> Result<Log<'v>> {
        let quick = {
            let state = store.read_state();
            Log::by_ledger(&state.ledger, view, records)
        };
        match quick.filter(|log| log.root() == *root && log.holds_all()) {
            Some(log) => Ok(log),
            None => Log::by_frames(view, records),
        }
    }

    /// By what the ledger says; none where it does not say it.
    fn by_ledger(ledger: &Ledger, view: &'v Snapshot, records: &BTreeSet<Hash>) -> Option<Log<'v>> {
        let mut wanted: BTreeMap<u64, BTreeSet<Hash>> = BTreeMap::new();
        for id in records {
            wanted.entry(commit_of(ledger, id)?).or_default().insert(*id);
        }
        let mut spans: Vec<Span> = Vec::new();
        let mut leaves = Vec::new();
        let (mut segment, mut start) = (1_u32, SEGMENT_HEADER);
        for number in 1..=view.commit() {
            if start >= view.segment_bytes(segment)?.len() {
                (segment, start) = (segment + 1, SEGMENT_HEADER);
            }
            let bytes = view.segment_bytes(segment)?;
            let mut at = start;
            if let Some(last) = last_revision(ledger, number)
                && last.segment == segment
            {
                at = at.max(usize::try_from(last.offset).ok()?);
            }
            let frame = loop {
                let frame = head(bytes.get(at..)?)?;
                if frame.number == RecordType::Commit as u8 {
                    break frame;
                }
                at += frame.length;
            };
            spans.push(Span { segment, start, commit: at });
            leaves.push(Hash(TreeHash::leaf(frame.payload).0));
            start = at + frame.length;
        }
        Some(Log { view, spans, leaves, wanted })
    }

    /// By the heads of all frames.
    fn by_frames(view: &'v Snapshot, records: &BTreeSet<Hash>) -> Result<Log<'v>> {
        let (mut spans, mut leaves) = (Vec::new(), Vec::new());
        let mut wanted: BTreeMap<u64, BTreeSet<Hash>> = BTreeMap::new();
        let mut found = 0;
        for segment in 1_u32.. {
            if leaves.len() as u64 == view.commit() {
                break;
            }
            let rule = "the segments hold every commit of the view";
            let none = || Error::corrupt("segments", 0, rule);
            let bytes = view.segment_bytes(segment).ok_or_else(none)?;
            let (mut start, mut at) = (SEGMENT_HEADER, SEGMENT_HEADER);
            while at < bytes.len() && (leaves.len() as u64) < view.commit() {
                let frame = bytes.get(at..).and_then(head).ok_or_else(|| damaged(segment, at))?;
                if frame.number == RecordType::Commit as u8 {
                    spans.push(Span { segment, start, commit: at });
                    leaves.push(Hash(TreeHash::leaf(frame.payload).0));
                    start = at + frame.length;
                } else if records.contains(&frame.id) {
                    wanted.entry(leaves.len() as u64 + 1).or_default().insert(frame.id);
                    found += 1;
                }
                at += frame.length;
            }
        }
        if found < records.len() {
            return Err(Error::corrupt("segments", 0, "the log holds what the view speaks of"));
        }
        Ok(Log { view, spans, leaves, wanted })
    }

    /// Do the transactions hold the records that are wanted of them?
    fn holds_all(&self) -> bool {
        self.wanted.iter().all(|(number, wanted)| {
            let frames = self.frames(*number);
            let found = frames.filter(|(_, frame)| wanted.contains(&frame.id)).count();
            found == wanted.len()
        })
    }

    /// The root over all of it.
    pub(super) fn root(&self) -> Hash {
        subtrees::show(&self.leaves, &[], above).first().copied().unwrap_or_default()
    }

    /// The commits with the wanted records, and those of the numbers `beside`, and what leads from
    /// them to the root.
    pub(super) fn parts(&self, beside: &[u64]) -> Result<(Vec<CommitPart>, Vec<Hash>)> {
        let none = BTreeSet::new();
        let numbers: BTreeSet<u64> = self.wanted.keys().chain(beside).copied().collect();
        let commits = numbers
            .iter()
            .map(|number| self.part(*number, self.wanted.get(number).unwrap_or(&none)));
        let commits = commits.collect::<Result<Vec<_>>>()?;
        let places: Vec<u64> = numbers.iter().map(|number| number - 1).collect();
        Ok((commits, subtrees::show(&self.leaves, &places, above)))
    }

    /// The frames of a transaction up to its commit, or to where one does not read.
    fn frames(&self, number: u64) -> impl Iterator<Item = (bool, Head<'v>)> {
        let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let span = at.and_then(|at| self.spans.get(at)).copied();
        let view = self.view;
        let mut at = span.map_or(0, |span| span.start);
        std::iter::from_fn(move || {
            let span = span.filter(|span| at <= span.commit)?;
            let frame = head(view.segment_bytes(span.segment)?.get(at..)?)?;
            let is_commit = at == span.commit;
            at += frame.length;
            Some((is_commit, frame))
        })
    }

    fn part(&self, number: u64, wanted: &BTreeSet<Hash>) -> Result<CommitPart> {
        let (mut leaves, mut records): (Vec<Hash>, Vec<RecordPart>) = (Vec::new(), Vec::new());
        for (is_commit, frame) in self.frames(number) {
            if is_commit {
                let places: Vec<u64> = records.iter().map(|record| record.at).collect();
                let tree = subtrees::show(&leaves, &places, merkle::node);
                return Ok(CommitPart { payload: frame.payload.to_vec(), records, tree });
            }
            if wanted.contains(&frame.id) {
                let (at, payload) = (leaves.len() as u64, frame.payload.to_vec());
                records.push(RecordPart { at, payload });
            }
            leaves.push(merkle::leaf(&frame.id));
        }
        Err(Error::corrupt("segments", 0, "the log holds each commit up to the view's"))
    }
}

/// The commit whose transaction holds a record that a proof can rest on.
fn commit_of(ledger: &Ledger, id: &Hash) -> Option<u64> {
    if let Some(number) = ledger.revision(id) {
        return Some(ledger.revisions.commit(number));
    }
    // The id of a stub is that of its node.
    if let Some(node) = ledger.node(id) {
        return Some(ledger.nodes.born(node));
    }
    let reference = ledger.references.iter().find(|(_, one)| Hash::of(&one.encode()) == *id);
    let erasure = || ledger.erasures.iter().find(|(_, one)| Hash::of(&one.encode()) == *id);
    reference.map(|(commit, _)| *commit).or_else(|| erasure().map(|(commit, _)| *commit))
}

/// The place of the last revision that a commit brought; revisions are numbered as they stand.
fn last_revision(ledger: &Ledger, commit: u64) -> Option<crate::segment::Location> {
    let (mut low, mut high) = (0, ledger.revisions.numbers().end);
    while low < high {
        let middle = low + (high - low) / 2;
        if ledger.revisions.commit(middle) <= commit {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let last = low.checked_sub(1)?;
    (ledger.revisions.commit(last) == commit).then(|| ledger.revisions.at(last))
}

impl Snapshot {
    /// The bytes of a segment, counted from 1.
    fn segment_bytes(&self, number: u32) -> Option<&[u8]> {
        let at = (number as usize).checked_sub(1)?;
        self.view.segments.get(at).map(|bytes| &bytes[..])
    }
}

/// The id of the record that gives a name this meaning, if it stands in the log of the view: the same
/// meaning is the same record.
pub(super) fn reference(store: &Store, view: &Snapshot, meant: &Reference) -> Option<Hash> {
    let state = store.read_state();
    let mut all = state.ledger.references.iter();
    let is_there = all.any(|(commit, one)| *commit <= view.commit() && one == meant);
    is_there.then(|| Hash::of(&meant.encode()))
}
