//! What a writer finds behind `head`: whole commits are adopted, a torn tail is set aside
//! (docs/format.md, section 12).

use super::orphans;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::segment::{Walk, next_frame, open_segment, segment_path};
use crate::storage::Storage;
use lineal_proof::frame::{RecordType, SEGMENT_HEADER};

/// Adopts each whole commit behind the one reached, and sets aside what follows the last.
///
/// With `head` lost nothing vouches for the segments: then damage is told from a torn tail by the
/// commits that stand behind it, and nothing that holds one is cut off.
pub(super) fn adopt(
    storage: &dyn Storage,
    ledger: &mut Ledger,
    reached: &mut Head,
    lost: bool,
) -> Result<()> {
    let mut number = reached.segment;
    let mut tail: Vec<Torn> = Vec::new();
    while let Some((bytes, whole)) = segment(storage, number, reached, lost)? {
        let vouched =
            if number == reached.segment { reached.length } else { SEGMENT_HEADER as u64 };
        let mut end = if whole { vouched } else { 0 };
        // Nothing can follow a torn tail: what does is part of it.
        if whole && tail.is_empty() {
            end = adopt_segment(ledger, reached, number, &bytes, vouched)?;
        }
        if end < bytes.len() as u64 || !tail.is_empty() {
            tail.push(Torn { number, bytes, end });
        }
        number += 1;
    }
    for later in behind(storage, number)? {
        if let Some(bytes) = storage.read(&segment_path(later))? {
            tail.push(Torn { number: later, bytes, end: 0 });
        }
    }
    if lost {
        tail.iter().try_for_each(Torn::refuse_commits)?;
    }
    tail.iter().try_for_each(|torn| torn.set_aside(storage, reached.segment))
}

/// Adopts the whole commits of one segment and says where they end.
fn adopt_segment(
    ledger: &mut Ledger,
    reached: &mut Head,
    number: u32,
    bytes: &Bytes,
    from: u64,
) -> Result<u64> {
    let mut walk = Walk::new(number, bytes, from, u64::MAX);
    let mut end = from;
    (reached.segment, reached.length) = (number, from);
    while let Ok(Some(transaction)) = walk.next() {
        let parent = (reached.commit, reached.commit_id);
        if transaction.check(bytes, &reached.store, parent).is_err() {
            break;
        }
        ledger.take(&transaction)?;
        end = transaction.end;
        (reached.commit, reached.commit_id) = (transaction.commit.number, transaction.id);
        reached.length = end;
    }
    Ok(end)
}

/// How far the segments go on behind a `head` in whole commits: what the next opening for writing adopts. One that
/// names the last commit is given back as it is; so is one that does not fit its segment.
///
/// # Errors
/// What the medium says.
pub(crate) fn reach(storage: &dyn Storage, head: &Head) -> Result<Head> {
    let mut reached = *head;
    for number in head.segment.. {
        let bytes = match open_segment(storage, number, &head.store) {
            Ok(Some(bytes)) => bytes,
            Err(error @ Error::Io { .. }) => return Err(error),
            Ok(None) | Err(_) => break,
        };
        let from = if number == head.segment { head.length } else { SEGMENT_HEADER as u64 };
        if from > bytes.len() as u64 {
            break;
        }
        let mut end = from;
        let mut walk = Walk::new(number, &bytes, from, u64::MAX);
        while let Ok(Some(transaction)) = walk.next() {
            let parent = (reached.commit, reached.commit_id);
            if transaction.check(&bytes, &head.store, parent).is_err() {
                break;
            }
            end = transaction.end;
            let (commit, commit_id) = (transaction.commit.number, transaction.id);
            reached = Head { commit, commit_id, segment: number, length: end, ..reached };
        }
        if end < bytes.len() as u64 {
            break;
        }
    }
    Ok(reached)
}

/// A segment, and whether its header reads: one that the writer had just begun may not.
fn segment(
    storage: &dyn Storage,
    number: u32,
    reached: &Head,
    lost: bool,
) -> Result<Option<(Bytes, bool)>> {
    match open_segment(storage, number, &reached.store) {
        Ok(found) => Ok(found.map(|bytes| (bytes, true))),
        Err(Error::Corrupt { .. }) if number > 1 && (lost || number > reached.segment) => {
            Ok(storage.read(&segment_path(number))?.map(|bytes| (bytes, false)))
        }
        Err(error) => Err(error),
    }
}

/// Segments behind a gap in the numbers: one that is missing ends the log.
fn behind(storage: &dyn Storage, first: u32) -> Result<Vec<u32>> {
    let names = storage.list("segments")?;
    let numbers = names.iter().filter_map(|name| name.strip_suffix(".seg")?.parse().ok());
    Ok(numbers.filter(|number| *number >= first).collect())
}

/// Bytes of a segment from `end` on that belong to no commit.
struct Torn {
    number: u32,
    bytes: Bytes,
    end: u64,
}

impl Torn {
    fn refuse_commits(&self) -> Result<()> {
        let mut at = usize::try_from(self.end).unwrap_or(usize::MAX);
        while let Some((found, frame)) = next_frame(&self.bytes, at) {
            if frame.record_type == RecordType::Commit {
                let rule = "a whole transaction stands here, as a commit follows; `head` is lost too, \
                            so nothing is cut off: bring one of them back from a copy";
                return Err(Error::corrupt(segment_path(self.number), self.end, rule));
            }
            at = found + frame.length;
        }
        Ok(())
    }

    fn set_aside(&self, storage: &dyn Storage, last: u32) -> Result<()> {
        let path = segment_path(self.number);
        if self.number > last {
            orphans::move_whole(storage, &path)
        } else {
            orphans::cut_tail(storage, &path, &self.bytes, self.end)
        }
    }
}
