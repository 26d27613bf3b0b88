//! The entries of the public log, read from the segments: the payload of each commit, in order.

use crate::error::{Error, Result};
use crate::head::Head;
use crate::segment::{open_segment, segment_path};
use crate::skim::Skim;
use crate::storage::Storage;
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Commit, Record};
use lineal_proof::tlog::TreeHash;
use lineal_proof::{Cid, Hash};

/// Gives the number and payload of each commit that `head` vouches for, from number `from` on or a
/// little before. Each must follow its parent, and the last be the one that `head` names: a payload
/// that was changed is not given on.
///
/// # Errors
/// [`Error::Corrupt`] where a commit is not read or does not follow, and what `take` says.
pub(super) fn commits(
    storage: &dyn Storage,
    head: &Head,
    from: u64,
    take: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    if head.commit == 0 {
        return Ok(());
    }
    let mut last: Option<(u64, Hash)> = None;
    for number in first_segment(storage, head, from)?..=head.segment {
        let path = segment_path(number);
        let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
        let bytes = open_segment(storage, number, &head.store)?.ok_or_else(missing)?;
        for found in commits_of(number, &bytes, head) {
            let (at, payload, id) = found?;
            let commit = Commit::decode(payload).map_err(|e| Error::record(&path, at, e))?;
            let follows = match last {
                Some((before, parent)) => {
                    commit.number == before + 1 && commit.parent == Some(Cid(parent))
                }
                None => number > 1 || (commit.number == 1 && commit.parent.is_none()),
            };
            if !follows {
                return Err(Error::corrupt(&path, at, "a commit follows its parent"));
            }
            take(commit.number, payload)?;
            last = Some((commit.number, id));
        }
    }
    if last != Some((head.commit, head.commit_id)) {
        let path = segment_path(head.segment);
        return Err(Error::corrupt(path, 0, "the last commit is the one that `head` names"));
    }
    Ok(())
}

/// The id of a commit, if `head` vouches for it.
///
/// # Errors
/// As [`commits`].
pub(crate) fn commit_id(storage: &dyn Storage, head: &Head, number: u64) -> Result<Option<Hash>> {
    let mut found = None;
    if number > 0 && number <= head.commit {
        commits(storage, head, number, &mut |at, payload| {
            if at == number {
                found = Some(Hash::of(payload));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// The ids of all commits, in their order.
///
/// # Errors
/// As [`commits`].
pub(crate) fn commit_ids(storage: &dyn Storage, head: &Head) -> Result<Vec<Hash>> {
    let mut ids = Vec::new();
    commits(storage, head, 1, &mut |_, payload| {
        ids.push(Hash::of(payload));
        Ok(())
    })?;
    Ok(ids)
}

/// The leaves of all commits, in their order.
///
/// # Errors
/// As [`commits`].
pub(crate) fn leaves_of(storage: &dyn Storage, head: &Head) -> Result<Vec<TreeHash>> {
    let mut leaves = Vec::new();
    commits(storage, head, 1, &mut |_, payload| {
        leaves.push(TreeHash::leaf(payload));
        Ok(())
    })?;
    Ok(leaves)
}

/// The first commit that two logs do not share: each with its medium and what it vouches for.
///
/// # Errors
/// As [`commits`], of either.
pub(crate) fn first_difference(
    (one, head_of_one): (&dyn Storage, &Head),
    (other, head_of_other): (&dyn Storage, &Head),
) -> Result<u64> {
    let ids = commit_ids(one, head_of_one)?;
    let mut shared = 0;
    commits(other, head_of_other, 1, &mut |number, payload| {
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if shared == number - 1 && ids.get(at) == Some(&Hash::of(payload)) {
            shared = number;
        }
        Ok(())
    })?;
    Ok(shared + 1)
}

/// The last segment whose first commit is not behind the one that is looked for: those before it need
/// not be read.
fn first_segment(storage: &dyn Storage, head: &Head, from: u64) -> Result<u32> {
    for number in (2..=head.segment).rev() {
        let Some(bytes) = open_segment(storage, number, &head.store)? else { continue };
        let Some(first) = commits_of(number, &bytes, head).next() else { continue };
        let (at, payload, _) = first?;
        let commit = Commit::decode(payload);
        if commit.map_err(|e| Error::record(&segment_path(number), at, e))?.number <= from {
            return Ok(number);
        }
    }
    Ok(1)
}

/// Where the commits of a segment begin, their payloads and ids, each held to its id.
fn commits_of<'a>(
    segment: u32,
    bytes: &'a [u8],
    head: &Head,
) -> impl Iterator<Item = Result<(u64, &'a [u8], Hash)>> {
    Skim::of(segment, bytes, head, RecordType::Commit).map(move |found| {
        let (at, frame) = found?;
        frame.check_id().map_err(|e| Error::record(&segment_path(segment), at, e))?;
        Ok((at, frame.payload, frame.id))
    })
}
