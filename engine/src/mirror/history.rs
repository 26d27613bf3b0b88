//! Whether a store still has the past that a mirror holds, and if not, from which commit on.

use super::log::{commit_ids, next_commit_end};
use super::{Offer, PIECE_BYTES_MAX, Upstream};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::public_log::commit_ids as ids_of;
use crate::segment::segment_path;
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::frame::SEGMENT_HEADER;

/// Refuses a store that has fewer commits than the mirror, or another last one of the same number. A longer
/// one is found out by the first transaction that does not follow ([`told`]).
pub(super) fn need_same(
    to: &dyn Storage,
    from: &dyn Upstream,
    own: &Head,
    offer: &Offer,
) -> Result<()> {
    if own.commit < offer.head.commit
        || (own.commit, own.commit_id) == (offer.head.commit, offer.head.commit_id)
    {
        return Ok(());
    }
    let commit = first_difference(to, from, own, offer)?;
    Err(differs(to, from, commit.unwrap_or(offer.head.commit + 1)))
}

/// What an error while transactions are verified means: the store's past is another, or these bytes are wrong.
pub(super) fn told(
    to: &dyn Storage,
    from: &dyn Upstream,
    own: &Head,
    offer: &Offer,
    error: Error,
) -> Error {
    match first_difference(to, from, own, offer) {
        Ok(Some(commit)) => differs(to, from, commit),
        Ok(None) | Err(_) => error,
    }
}

fn differs(to: &dyn Storage, from: &dyn Upstream, commit: u64) -> Error {
    Error::OtherHistory { path: to.name(), other: from.name(), commit }
}

/// The first commit of the mirror that the store does not have; none if it has all of them. Reads the store's
/// segments from the first on: only what is refused is worth that.
fn first_difference(
    to: &dyn Storage,
    from: &dyn Upstream,
    own: &Head,
    offer: &Offer,
) -> Result<Option<u64>> {
    let ours = ids_of(to, own)?;
    let mut shared = 0_u64;
    for number in 1..=offer.head.segment {
        let Some(length) = offer.segment(number) else { break };
        let (mut at, mut scanned) = (SEGMENT_HEADER as u64, 0);
        let (mut pending, mut base): (Vec<u8>, u64) = (Vec::new(), at);
        while at < length {
            let wanted = (length - at).min(PIECE_BYTES_MAX);
            let Some(piece) = from.bytes(&segment_path(number), at, wanted)? else { break };
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            pending.extend_from_slice(&piece);
            while let Ok(Some(end)) = next_commit_end(&pending, &mut scanned) {
                let found = commit_ids(number, &pending[..end], base).unwrap_or_default();
                pending.drain(..end);
                (base, scanned) = (base + end as u64, 0);
                for theirs in found {
                    if is_ours(&ours, shared, theirs) {
                        shared += 1;
                    } else {
                        return Ok((shared < own.commit).then_some(shared + 1));
                    }
                }
            }
        }
    }
    Ok((shared < own.commit).then_some(shared + 1))
}

/// Is a commit the one that follows those that are shared?
fn is_ours(ours: &[Hash], shared: u64, (number, id): (u64, Hash)) -> bool {
    let at = usize::try_from(shared).unwrap_or(usize::MAX);
    number == shared + 1 && ours.get(at) == Some(&id)
}
