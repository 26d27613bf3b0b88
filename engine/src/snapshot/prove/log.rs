//! The public log as the segments hold it: each commit's leaf, and where wanted records stand.

use super::super::Snapshot;
use crate::error::{Error, Result};
use crate::segment::{Location, segment_path};
use lineal_proof::Hash;
use lineal_proof::bundle::{CommitPart, RecordPart, subtrees};
use lineal_proof::frame::{FRAME_HEAD, RecordType, SEGMENT_HEADER};
use lineal_proof::merkle;
use lineal_proof::record::{Record, Reference};
use lineal_proof::tlog::TreeHash;
use std::collections::BTreeSet;

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

/// Walks the frames of the log up to the view's commit.
fn walk<'v>(
    view: &'v Snapshot,
    mut look: impl FnMut(Location, &Head<'v>) -> Result<()>,
) -> Result<()> {
    let mut left = view.commit();
    for (number, bytes) in (1_u32..).zip(&view.view.segments) {
        let mut at = SEGMENT_HEADER;
        while left > 0 && at < bytes.len() {
            let location = Location { segment: number, offset: at as u64 };
            let damaged = || Error::corrupt(segment_path(number), at as u64, "a frame is whole");
            let frame = head(bytes.get(at..).unwrap_or_default()).ok_or_else(damaged)?;
            look(location, &frame)?;
            left -= u64::from(frame.number == RecordType::Commit as u8);
            at += frame.length;
        }
    }
    if left > 0 {
        return Err(Error::corrupt("segments", 0, "the segments hold every commit of the view"));
    }
    Ok(())
}

/// A transaction that holds wanted records.
struct Holding {
    /// Its commit's number, from 0.
    place: u64,
    first: Location,
    wanted: BTreeSet<Hash>,
}

/// The log up to a view's commit.
pub(super) struct Log<'v> {
    view: &'v Snapshot,
    leaves: Vec<Hash>,
    holding: Vec<Holding>,
}

/// A node of the log's tree.
fn above(left: &Hash, right: &Hash) -> Hash {
    Hash(TreeHash::node(&TreeHash(left.0), &TreeHash(right.0)).0)
}

impl<'v> Log<'v> {
    /// Reads the heads of all frames, once.
    pub(super) fn read(view: &'v Snapshot, records: &BTreeSet<Hash>) -> Result<Log<'v>> {
        let (mut leaves, mut holding) = (Vec::new(), Vec::new());
        let mut first = None;
        let mut wanted = BTreeSet::new();
        walk(view, |at, frame| {
            let begun = *first.get_or_insert(at);
            if frame.number != RecordType::Commit as u8 {
                if records.contains(&frame.id) {
                    wanted.insert(frame.id);
                }
                return Ok(());
            }
            let place = leaves.len() as u64;
            leaves.push(Hash(TreeHash::leaf(frame.payload).0));
            if !wanted.is_empty() {
                let wanted = std::mem::take(&mut wanted);
                holding.push(Holding { place, first: begun, wanted });
            }
            first = None;
            Ok(())
        })?;
        Ok(Log { view, leaves, holding })
    }

    /// The root over all of it.
    pub(super) fn root(&self) -> Hash {
        subtrees::show(&self.leaves, &[], above).first().copied().unwrap_or_default()
    }

    /// The commits with the wanted records, and what leads from them to the root.
    pub(super) fn parts(&self, records: &BTreeSet<Hash>) -> Result<(Vec<CommitPart>, Vec<Hash>)> {
        let found: usize = self.holding.iter().map(|holding| holding.wanted.len()).sum();
        if found < records.len() {
            return Err(Error::corrupt("segments", 0, "the log holds what the view speaks of"));
        }
        let commits = self.holding.iter().map(|holding| self.part(holding));
        let commits = commits.collect::<Result<Vec<_>>>()?;
        let places: Vec<u64> = self.holding.iter().map(|holding| holding.place).collect();
        Ok((commits, subtrees::show(&self.leaves, &places, above)))
    }

    fn part(&self, holding: &Holding) -> Result<CommitPart> {
        let at = holding.first;
        let damaged = || Error::corrupt(segment_path(at.segment), at.offset, "a frame is whole");
        let segment = (at.segment as usize).checked_sub(1);
        let segment = segment.and_then(|number| self.view.view.segments.get(number));
        let mut rest = segment.map_or(&[][..], |bytes| bytes);
        rest = rest.get(usize::try_from(at.offset).unwrap_or(usize::MAX)..).ok_or_else(damaged)?;
        let (mut leaves, mut records) = (Vec::new(), Vec::new());
        loop {
            let frame = head(rest).ok_or_else(damaged)?;
            if frame.number == RecordType::Commit as u8 {
                let places: Vec<u64> =
                    records.iter().map(|record: &RecordPart| record.at).collect();
                let tree = subtrees::show(&leaves, &places, merkle::node);
                return Ok(CommitPart { payload: frame.payload.to_vec(), records, tree });
            }
            if holding.wanted.contains(&frame.id) {
                let (at, payload) = (leaves.len() as u64, frame.payload.to_vec());
                records.push(RecordPart { at, payload });
            }
            leaves.push(merkle::leaf(&frame.id));
            rest = rest.get(frame.length..).ok_or_else(damaged)?;
        }
    }
}

/// The last record that gives a name this meaning.
pub(super) fn reference(view: &Snapshot, meant: &Reference) -> Result<Option<Hash>> {
    let mut found = None;
    walk(view, |_, frame| {
        let is_reference = frame.number == RecordType::Reference as u8;
        if is_reference && Reference::decode(frame.payload).is_ok_and(|read| read == *meant) {
            found = Some(frame.id);
        }
        Ok(())
    })?;
    Ok(found)
}
