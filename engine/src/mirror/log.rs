//! Segments: transactions that come are hashed again before they are kept.
//!
//! They are appended behind what the mirror's `head` vouches for, which no reader looks at, so a run that is
//! stopped finds there what it had verified, verifies it again and goes on behind it.

use super::{Offer, Own, PIECE_BYTES_MAX, Pulling, history};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::segment::{Walk, segment_path};
use lineal_proof::Hash;
use lineal_proof::frame::{
    FRAME_HEAD, MAGIC_SEGMENT, PAYLOAD_MAX, RecordType, SEGMENT_HEADER, header,
};
use sha2::{Digest, Sha256};

/// Longest transaction that is taken, in bytes: format.md, section 15, allows 256 MiB of source, and records
/// of it are never twice as long.
const TRANSACTION_BYTES_MAX: usize = 1 << 30;

impl Pulling<'_> {
    /// Pulls the transactions behind the mirror's last commit; gives what was reached, or none if a segment
    /// has gone.
    pub(super) fn segments(&mut self, own: &Head, offer: &Offer) -> Result<Option<Head>> {
        let mut reached = *own;
        for number in own.segment..=offer.head.segment {
            let lacks = || Error::Upstream {
                name: self.from.name(),
                why: format!("it offers no segment {number}, and its head names a later one"),
            };
            let Some(length) = offer.segment(number) else {
                return Err(history::told(self.to, self.from, own, offer, lacks()));
            };
            if number > own.segment {
                (reached.segment, reached.length) = (number, SEGMENT_HEADER as u64);
            }
            if !self.segment(number, length, &mut reached, (own, offer))? {
                return Ok(None);
            }
        }
        let there = (offer.head.commit, offer.head.commit_id);
        if (reached.commit, reached.commit_id) != there {
            let rule = "the last commit is the one that `head` names";
            let error = Error::corrupt(segment_path(reached.segment), reached.length, rule);
            return Err(history::told(self.to, self.from, own, offer, error));
        }
        Ok(Some(reached))
    }

    /// One segment, up to its length; false if it has gone.
    fn segment(
        &mut self,
        number: u32,
        length: u64,
        reached: &mut Head,
        (own, offer): (&Head, &Offer),
    ) -> Result<bool> {
        let path = segment_path(number);
        self.go_on(number, reached)?;
        let mut pending: Vec<u8> = Vec::new();
        // How far `pending` is known to be whole frames without a commit among them.
        let mut scanned = 0;
        let mut at = reached.length;
        while at < length {
            let wanted = (length - at).min(PIECE_BYTES_MAX);
            let Some(piece) = self.piece(&path, at, wanted)? else { return Ok(false) };
            at += wanted;
            pending.extend_from_slice(&piece);
            let whole = last_commit_end(&pending, &mut scanned);
            let taken = whole.map_err(|rule| (rule, reached.length + scanned as u64));
            let taken = taken.map_err(|(rule, at)| Error::corrupt(&path, at, rule));
            let verified = taken.and_then(|end| {
                verify(number, &pending[..end], reached)?;
                Ok(end)
            });
            let end = match verified {
                Ok(end) => end,
                Err(error) => return Err(history::told(self.to, self.from, own, offer, error)),
            };
            if end > 0 {
                self.to.append(&path, &pending[..end], false)?;
                self.to.sync(&path)?;
                pending.drain(..end);
                scanned = 0;
            }
        }
        if !pending.is_empty() {
            let rule = "what `head` vouches for ends with a commit";
            let error = Error::corrupt(&path, reached.length, rule);
            return Err(history::told(self.to, self.from, own, offer, error));
        }
        Ok(true)
    }

    /// Takes what an earlier run left behind the mirror's `head`, as far as it is whole, and cuts the rest.
    fn go_on(&self, number: u32, reached: &mut Head) -> Result<()> {
        let path = segment_path(number);
        let begins = header(MAGIC_SEGMENT, &reached.store, number);
        let Some(bytes) = self.to.read(&path)?.filter(|bytes| bytes.starts_with(&begins)) else {
            // What stands there is no segment of this store: only a crash leaves that.
            return self.to.put(&path, &begins, false);
        };
        let from = usize::try_from(reached.length).unwrap_or(usize::MAX).min(bytes.len());
        let tail = bytes[from..].to_vec();
        let length = bytes.len() as u64;
        drop(bytes);
        if length < reached.length {
            let rule = "a segment is as long as the mirror's `head` says; make the mirror anew";
            return Err(Error::corrupt(path, length, rule));
        }
        let (mut at, mut scanned) = (0, 0);
        // One after another, so that the last whole one counts although the next is not.
        while let Ok(Some(end)) = next_commit_end(&tail[at..], &mut scanned) {
            if verify(number, &tail[at..at + end], reached).is_err() {
                break;
            }
            (at, scanned) = (at + end, 0);
        }
        if length > reached.length {
            self.to.cut(&path, reached.length)?;
        }
        Ok(())
    }

    /// A segment of the mirror with its digest.
    pub(super) fn known_segment(
        &self,
        number: u32,
        own: &Own,
        reached: &Head,
    ) -> Result<(String, [u8; 32])> {
        let path = segment_path(number);
        if let (true, Some(digest)) = (number < own.head.segment, own.files.get(&path)) {
            return Ok((path, *digest));
        }
        let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
        let bytes = self.to.read(&path)?.ok_or_else(missing)?;
        let end = if number == reached.segment { reached.length } else { bytes.len() as u64 };
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        let digest = Sha256::digest(&bytes[..end]).into();
        Ok((path, digest))
    }
}

/// Hashes whole transactions that follow the one reached, and goes on to the last.
fn verify(number: u32, bytes: &[u8], reached: &mut Head) -> Result<()> {
    let base = reached.length;
    let mut walk = Walk::over(number, bytes, base);
    while let Some(transaction) = walk.next()? {
        let parent = (reached.commit, reached.commit_id);
        transaction.check_at(bytes, base, &reached.store, parent)?;
        (reached.commit, reached.commit_id) = (transaction.commit.number, transaction.id);
        (reached.segment, reached.length) = (number, transaction.end);
    }
    Ok(())
}

/// Where the last whole transaction ends, 0 if none does.
fn last_commit_end(bytes: &[u8], scanned: &mut usize) -> Result<usize, &'static str> {
    let mut end = 0;
    while let Some(next) = next_commit_end(bytes, scanned)? {
        end = next;
    }
    Ok(end)
}

/// Where the next commit behind `scanned` ends; none if more bytes are needed. Lengths alone are looked at:
/// what is within is hashed when the transaction is whole.
pub(super) fn next_commit_end(
    bytes: &[u8],
    scanned: &mut usize,
) -> Result<Option<usize>, &'static str> {
    while let Some(head) = bytes.get(*scanned..).and_then(<[u8]>::first_chunk::<FRAME_HEAD>) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length == 0 || length > PAYLOAD_MAX {
            return Err("a frame's length is between 1 and 16 MiB");
        }
        let end = *scanned + (FRAME_HEAD + length).next_multiple_of(8);
        if end > TRANSACTION_BYTES_MAX {
            return Err("a transaction is no longer than 1 GiB");
        }
        if end > bytes.len() {
            return Ok(None);
        }
        *scanned = end;
        if head[8] == RecordType::Commit as u8 {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// The ids of commits in bytes of whole frames.
pub(super) fn commit_ids(number: u32, bytes: &[u8], base: u64) -> Result<Vec<(u64, Hash)>> {
    let mut walk = Walk::over(number, bytes, base);
    let mut found = Vec::new();
    while let Some(transaction) = walk.next()? {
        found.push((transaction.commit.number, transaction.id));
    }
    Ok(found)
}
