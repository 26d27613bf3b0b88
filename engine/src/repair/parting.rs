//! Whether a copy has the past of the store that it should mend, and if not, from which commit on.
//!
//! Commits name their parents, so what `head` names is led back as far as frames read. Damage ends
//! that way early and parts nothing: where no commit is known of both, what the copy holds must prove
//! itself as ever.

use crate::error::{Error, Result};
use crate::head::{HEAD, Head, own_head};
use crate::segment::{next_frame, segment_path};
use crate::storage::Storage;
use lineal_proof::frame::{RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Commit, Record};
use lineal_proof::{Cid, Hash};
use std::collections::{BTreeMap, HashMap};

/// Refuses a copy of the same store in which a commit has another id. `reached` is what the store's
/// `head` is about to name, where that is another than it names.
///
/// # Errors
/// [`Error::OtherHistory`], and what the media say.
pub(super) fn need_one_history(
    storage: &dyn Storage,
    reached: Option<Head>,
    from: &dyn Storage,
) -> Result<()> {
    // What is none, or of another store, is told where it is taken from.
    let theirs = from.read(HEAD)?.and_then(|bytes| Head::from_bytes(&bytes).ok());
    let Some(theirs) = theirs else { return Ok(()) };
    let own = match reached {
        Some(reached) => Some(reached),
        None => own_head(storage)?,
    };
    if own.is_some_and(|own| own.store != theirs.store) {
        return Ok(());
    }
    let ours = lineage(storage, own.as_ref(), &theirs.store)?;
    let theirs = lineage(from, Some(&theirs), &theirs.store)?;
    let differs = |(number, id): (&u64, &Hash)| theirs.get(number).is_some_and(|other| other != id);
    match ours.iter().find(|(number, id)| differs((number, id))) {
        None => Ok(()),
        Some((commit, _)) => {
            let (path, other) = (from.name(), storage.name());
            Err(Error::OtherHistory { path, other, commit: *commit })
        }
    }
}

/// The ids of commits by their number: from the one that `head` names back, as far as frames read; without
/// `head` from the last one of the segments.
fn lineage(
    storage: &dyn Storage,
    head: Option<&Head>,
    store: &[u8; 16],
) -> Result<BTreeMap<u64, Hash>> {
    let parents = parents(storage, store)?;
    let last = || parents.iter().map(|(id, (number, _))| (*number, *id)).max();
    let mut next = match head {
        Some(head) => (head.commit > 0).then_some((head.commit, head.commit_id)),
        None => last(),
    };
    let mut known = BTreeMap::new();
    while let Some((number, id)) = next {
        known.insert(number, id);
        let found = parents.get(&id).filter(|(told, _)| *told == number);
        next = found.and_then(|(_, parent)| Some((number.checked_sub(1)?, (*parent)?)));
    }
    Ok(known)
}

/// The commits of a store that read: their numbers and parents by their ids.
fn parents(storage: &dyn Storage, store: &[u8; 16]) -> Result<HashMap<Hash, (u64, Option<Hash>)>> {
    let mut parents = HashMap::new();
    for name in storage.list("segments")? {
        let number = name.strip_suffix(".seg").and_then(|digits| digits.parse().ok());
        let Some(number) = number else { continue };
        let Some(bytes) = storage.read(&segment_path(number))? else { continue };
        let mut from = SEGMENT_HEADER;
        while let Some((at, frame)) = next_frame(&bytes, from) {
            from = at + frame.length;
            if frame.record_type != RecordType::Commit || frame.check_id().is_err() {
                continue;
            }
            if let Ok(commit) = Commit::decode(frame.payload)
                && commit.store == *store
            {
                let parent = commit.parent.map(|Cid(parent)| parent);
                parents.insert(frame.id, (commit.number, parent));
            }
        }
    }
    Ok(parents)
}
