//! Segments: walking whole transactions and checking what their commits promise.

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::Storage;
use lineal_proof::frame::{
    self, FRAME_HEAD, Frame, MAGIC_SEGMENT, PAYLOAD_MAX, RecordType, SEGMENT_HEADER,
};
use lineal_proof::merkle::records_root;
use lineal_proof::record::{Commit, Record};
use lineal_proof::{Cid, Hash};
use sha2::{Digest, Sha256};

/// A segment is begun anew when the current one holds this many bytes or more.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;

/// Where a frame stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Location {
    /// The segment's number.
    pub segment: u32,
    /// The frame's first byte.
    pub offset: u64,
}

/// The path of a segment.
#[must_use]
pub(crate) fn segment_path(number: u32) -> String {
    format!("segments/{number:08}.seg")
}

/// A transaction as it stands in a segment.
pub(crate) struct Transaction<'a> {
    /// Its records, without the commit.
    pub(crate) frames: Vec<(Location, Frame<'a>)>,
    /// The commit.
    pub(crate) commit: Commit,
    /// The commit's id.
    pub(crate) id: Hash,
    /// Where its first byte stands.
    pub(crate) start: u64,
    /// The first byte behind it.
    pub(crate) end: u64,
}

/// Opens a segment and checks its header.
pub(crate) fn open_segment(
    storage: &dyn Storage,
    number: u32,
    store: &[u8; 16],
) -> Result<Option<Bytes>> {
    let path = segment_path(number);
    let Some(bytes) = storage.read(&path)? else { return Ok(None) };
    let (found, told) =
        frame::read_header(&bytes, MAGIC_SEGMENT).map_err(|e| Error::record(&path, 0, e))?;
    if found != *store || told != number {
        return Err(Error::corrupt(path, 12, "the header names this store and this segment"));
    }
    Ok(Some(bytes))
}

/// Walks the transactions of a segment.
pub(crate) struct Walk<'a> {
    path: String,
    segment: u32,
    bytes: &'a [u8],
    at: usize,
    /// What the first of `bytes` is the offset of: 0 for a whole segment.
    base: u64,
}

impl<'a> Walk<'a> {
    /// Walks bytes that stand at an offset of a segment.
    pub(crate) fn over(segment: u32, bytes: &'a [u8], base: u64) -> Walk<'a> {
        Walk { path: segment_path(segment), segment, bytes, at: 0, base }
    }

    /// Starts at a byte; bytes from `end` on are not looked at.
    pub(crate) fn new(segment: u32, bytes: &'a [u8], from: u64, end: u64) -> Walk<'a> {
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        let at = usize::try_from(from).unwrap_or(usize::MAX).max(SEGMENT_HEADER).min(end);
        Walk { path: segment_path(segment), segment, bytes: &bytes[..end], at, base: 0 }
    }

    /// The next whole transaction; none at the end.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the place of the first frame that does not read, also when the
    /// bytes end without a commit.
    pub(crate) fn next(&mut self) -> Result<Option<Transaction<'a>>> {
        let start = self.at;
        if start == self.bytes.len() {
            return Ok(None);
        }
        let mut frames = Vec::new();
        let mut at = start;
        loop {
            let frame = frame::read(&self.bytes[at..])
                .map_err(|e| Error::record(&self.path, self.base + at as u64, e))?;
            let location = Location { segment: self.segment, offset: self.base + at as u64 };
            at += frame.length;
            if frame.record_type != RecordType::Commit {
                frames.push((location, frame));
                continue;
            }
            let commit = Commit::decode(frame.payload)
                .map_err(|e| Error::record(&self.path, location.offset, e))?;
            self.at = at;
            let (id, end) = (frame.id, self.base + at as u64);
            let start = self.base + start as u64;
            return Ok(Some(Transaction { frames, commit, id, start, end }));
        }
    }

    /// The first byte that was not walked.
    pub(crate) fn at(&self) -> u64 {
        self.at as u64
    }
}

impl Transaction<'_> {
    /// Does the commit follow its parent?
    pub(crate) fn check_parent(&self, parent: (u64, Hash)) -> Result<()> {
        let expected = (parent.0 > 0).then_some(Cid(parent.1));
        if self.commit.number == parent.0 + 1 && self.commit.parent == expected {
            return Ok(());
        }
        let segment = self.frames.first().map_or(0, |(location, _)| location.segment);
        Err(Error::corrupt(segment_path(segment), self.start, "a commit follows its parent"))
    }

    /// Does the commit follow its parent and stand for these frames? Re-hashes everything.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming the frame and the rule.
    pub(crate) fn check(&self, bytes: &[u8], store: &[u8; 16], parent: (u64, Hash)) -> Result<()> {
        self.check_at(bytes, 0, store, parent)
    }

    /// The same where the first of `bytes` stands at an offset of the segment.
    ///
    /// # Errors
    /// As [`Transaction::check`].
    pub(crate) fn check_at(
        &self,
        bytes: &[u8],
        base: u64,
        store: &[u8; 16],
        parent: (u64, Hash),
    ) -> Result<()> {
        let segment = self.frames.first().map_or(0, |(location, _)| location.segment);
        let path = segment_path(segment);
        for (location, frame) in &self.frames {
            frame.check_id().map_err(|e| Error::record(&path, location.offset, e))?;
        }
        let fail = |rule: &str| Err(Error::corrupt(&path, self.start, rule));
        let expected = (parent.0 > 0).then_some(Cid(parent.1));
        if self.commit.number != parent.0 + 1 || self.commit.parent != expected {
            return fail("a commit follows its parent");
        }
        if Hash::of(&self.commit.encode()) != self.id {
            return fail("a commit's id is the hash of its payload");
        }
        if self.commit.store != *store {
            return fail("a commit names its store");
        }
        let ids: Vec<_> = self.frames.iter().map(|(_, frame)| frame.id).collect();
        if records_root(&ids) != self.commit.records_root {
            return fail("the commit's records_root is that of its records");
        }
        let last =
            self.frames.last().map_or(self.start, |(at, frame)| at.offset + frame.length as u64);
        let place = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(0);
        let range = place(self.start)..place(last);
        let digest = Sha256::digest(bytes.get(range).unwrap_or_default());
        if digest[..] != self.commit.segment_sha256.0 {
            return fail("the commit's segment_sha256 is that of its bytes");
        }
        Ok(())
    }
}

/// Reads one frame and checks that its id is the hash of its payload.
pub(crate) fn read_frame(bytes: &[u8], location: Location) -> Result<Frame<'_>> {
    let frame = read_frame_again(bytes, location)?;
    let path = segment_path(location.segment);
    frame.check_id().map_err(|e| Error::record(&path, location.offset, e))?;
    Ok(frame)
}

/// Reads one frame of which the same was read just before: its checksum alone is looked at, which
/// takes a tenth of the time.
pub(crate) fn read_frame_again(bytes: &[u8], location: Location) -> Result<Frame<'_>> {
    let path = segment_path(location.segment);
    let at = usize::try_from(location.offset).unwrap_or(usize::MAX);
    let rest = bytes.get(at..).unwrap_or_default();
    frame::read(rest).map_err(|e| Error::record(&path, location.offset, e))
}

/// Most bytes that a search for the next frame runs its checksum over: more than any damage needs,
/// and an end to bytes made so that every eighth looks like the head of a long frame.
const SEARCH_BYTES_MAX: usize = 1 << 30;

/// The next frame that is whole and whose id fits, and where it stands. Frames stand at multiples
/// of 8, so damage hides what it hit and not what follows.
pub(crate) fn next_frame(bytes: &[u8], from: usize) -> Option<(usize, Frame<'_>)> {
    let mut budget = SEARCH_BYTES_MAX;
    let mut at = from.next_multiple_of(8);
    while let Some(head) = bytes.get(at..at + FRAME_HEAD) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        // What a checksum need not be asked about: nearly every place that is no frame.
        let likely = (1..=PAYLOAD_MAX).contains(&length)
            && at + FRAME_HEAD + length <= bytes.len()
            && head[9..12] == [0; 3]
            && RecordType::from_number(head[8]).is_some();
        if likely {
            budget = budget.checked_sub(length)?;
            if let Ok(frame) = frame::read(&bytes[at..])
                && frame.check_id().is_ok()
            {
                return Some((at, frame));
            }
        }
        at += 8;
    }
    None
}
