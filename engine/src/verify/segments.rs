//! Segments: headers, frames, and the transactions that they make up.

use super::commits::{Chain, Open};
use super::erased::Erased;
use super::records::BatchRecord;
use super::{Code, Report, Steps, What};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::later_erasures::LaterErasures;
use crate::public_log::LogIdentity;
use crate::segment::{Location, next_frame, segment_path};
use crate::storage::Storage;
use crate::store::reach;
use lineal_proof::Hash;
use lineal_proof::frame::{self, MAGIC_SEGMENT, RecordType, SEGMENT_HEADER};
use lineal_proof::record::Manifest;
use lineal_proof::tlog::TreeHash;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the log says that other files are checked against.
#[derive(Default)]
pub(super) struct Log {
    /// The store, from `head` or the first header that reads.
    pub(super) store: Option<[u8; 16]>,
    /// Whole commits.
    pub(super) commits: u64,
    pub(super) batches: BTreeMap<Hash, BatchRecord>,
    pub(super) manifests: Vec<Manifest>,
    pub(super) erased: Erased,
    /// What a later log of the store erased, if it is known.
    pub(super) later: Arc<LaterErasures>,
    /// Containers and generations that were named by what is not read again.
    pub(super) named_before: BTreeSet<(Hash, u32)>,
    /// Commitments that records hold, and where.
    pub(super) sealed: BTreeMap<Hash, Location>,
    /// Those of them that seal what a person's key may be made of.
    pub(super) logins: Vec<Hash>,
    /// The leaf of each commit in the public log, in their order.
    pub(super) leaves: Vec<TreeHash>,
    /// The name and keys of the public log, as they were recorded last.
    pub(super) identity: Option<LogIdentity>,
    /// Something was lost: what refers to it is a consequence and no fault of its own.
    pub(super) hurt: bool,
}

/// Checks every segment that `head` vouches for, or every one there is. With `names_sealed` the commitments
/// that records hold are read however quick the look is.
pub(super) fn check(
    storage: &dyn Storage,
    head: Option<Head>,
    (what, names_sealed): (&What, bool),
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<Log> {
    let names = storage.list("segments")?;
    let numbers = names.iter().filter_map(|name| name.strip_suffix(".seg")?.parse::<u32>().ok());
    let last = head.map_or_else(|| numbers.max().unwrap_or(1), |head| head.segment);
    steps.add(usize::try_from(last).unwrap_or(usize::MAX));
    let log = Log { store: head.map(|head| head.store), ..Log::default() };
    let mut chain = Chain::new(log, *what, names_sealed);
    // A head that was damaged into another could ask for billions: no crc would have passed it,
    // but nothing is believed here.
    for number in 1..=last {
        let path = segment_path(number);
        let Some(bytes) = storage.read(&path)? else {
            chain.lose();
            report.fault(
                Code::SegmentMissing,
                &path,
                0,
                "the segment is there",
                "all its commits; the other segments are read",
            );
            if u64::from(number) > names.len() as u64 + 1 {
                break;
            }
            continue;
        };
        header(&bytes, number, &path, &mut chain, report)?;
        let vouched = head.filter(|head| head.segment == number).map(|head| head.length);
        let end = end(&bytes, vouched, &path, &mut chain, report);
        let may_be_torn = head.is_none() && number == last;
        frames(&bytes[..end], (number, &path), &mut chain, report, steps, may_be_torn)?;
        report.segment_bytes += end as u64;
        steps.done(&path)?;
    }
    if let Some(head) = head {
        chain.ends_with(&head, report);
        behind(storage, &head, report)?;
    }
    report.commits = chain.log.commits;
    Ok(chain.log)
}

/// Tells of whole commits that `head` does not name: a crash leaves one, a writer that goes on or a copy that is
/// being brought up more; and so does a `head` that was put back.
fn behind(storage: &dyn Storage, head: &Head, report: &mut Report) -> Result<()> {
    let reached = reach(storage, head)?;
    let (told, found) = (head.commit, reached.commit);
    if found > told {
        report.note(format!(
            "{HEAD}: it names commit {told}, and whole commits follow up to {found}, which no reader sees; the              next opening for writing adopts them, and so does `lineal repair`"
        ));
    }
    Ok(())
}

fn header(
    bytes: &[u8],
    number: u32,
    path: &str,
    chain: &mut Chain,
    report: &mut Report,
) -> Result<()> {
    let lost = "nothing but the header: the frames are read";
    match frame::read_header(bytes, MAGIC_SEGMENT) {
        Ok((store, told)) => {
            if told != number {
                report.fault(Code::SegmentHeader, path, 12, "the header names this segment", lost);
            }
            if *chain.log.store.get_or_insert(store) != store {
                report.fault(Code::SegmentHeader, path, 16, "the header names this store", lost);
            }
        }
        Err(error @ lineal_proof::Error::Newer { .. }) => {
            return Err(Error::record(path, 0, error));
        }
        Err(error) => {
            report.error(Code::SegmentHeader, path, &Error::record(path, 0, error), lost);
        }
    }
    Ok(())
}

/// How far a segment is read: as far as `head` says, else to its end.
fn end(
    bytes: &[u8],
    vouched: Option<u64>,
    path: &str,
    chain: &mut Chain,
    report: &mut Report,
) -> usize {
    let Some(vouched) = vouched else { return bytes.len() };
    let end = usize::try_from(vouched).unwrap_or(usize::MAX);
    if end > bytes.len() {
        chain.lose();
        let lost = format!("the {} bytes behind it", end - bytes.len());
        let rule = "the segment is as long as `head` says";
        report.fault(Code::SegmentShort, path, bytes.len() as u64, rule, lost);
    }
    if end < bytes.len() {
        let behind = bytes.len() - end;
        report.note(format!("{path}: {behind} bytes behind the last commit, left by a writer"));
    }
    end.min(bytes.len())
}

/// Walks frames, over damage too.
fn frames(
    bytes: &[u8],
    (number, path): (u32, &str),
    chain: &mut Chain,
    report: &mut Report,
    steps: &mut Steps<'_>,
    may_be_torn: bool,
) -> Result<()> {
    let mut open = Open::new(bytes, number, SEGMENT_HEADER);
    let mut at = SEGMENT_HEADER;
    while at < bytes.len() {
        let offset = at as u64;
        match frame::read(&bytes[at..]) {
            Ok(frame) => {
                if frame.record_type == RecordType::Commit {
                    chain.close(&open, at, &frame, report);
                    steps.read(path, (at + frame.length - open.start) as u64)?;
                    open = Open::new(bytes, number, at + frame.length);
                } else {
                    let location = Location { segment: number, offset };
                    open.frames.push((location, frame));
                }
                at += frame.length;
            }
            Err(error) => {
                let next = next_frame(bytes, at + 8).map(|(next, _)| next);
                if next.is_none() && may_be_torn {
                    report.note(format!("{path}: what follows byte {at} is no whole frame"));
                    return Ok(());
                }
                chain.lose();
                let lost = next.map_or_else(
                    || format!("the {} bytes behind it", bytes.len() - at),
                    |next| {
                        format!("the {} bytes up to byte {next}, where records go on", next - at)
                    },
                );
                report.error(Code::FrameDamaged, path, &Error::record(path, offset, error), &lost);
                at = next.unwrap_or(bytes.len());
            }
        }
    }
    if !open.frames.is_empty() && !chain.log.hurt && !may_be_torn {
        let lost = format!("{} records that no commit vouches for", open.frames.len());
        let rule = "a transaction ends with a commit";
        report.fault(Code::TransactionOpen, path, open.start as u64, rule, lost);
    }
    Ok(())
}

/// What `head` says of the end, for the message.
pub(super) fn head_fault(report: &mut Report, found: u64, told: u64) {
    let rule = "it names the last commit of the segments";
    let lost = format!("it names commit {told}, the segments end with {found}");
    report.fault(Code::HeadElsewhere, HEAD, 32, rule, lost);
}
