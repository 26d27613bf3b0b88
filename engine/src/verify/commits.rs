//! Commits: each follows its parent and stands for exactly the records before it.

use super::records::{Checked, Known, check};
use super::segments::{Log, head_fault};
use super::{Depth, Report};
use crate::error::Error;
use crate::head::Head;
use crate::id_map::IdMap;
use crate::record_map::{RecordMap, entries_of};
use crate::segment::{Location, segment_path};
use lineal_proof::Hash;
use lineal_proof::frame::{Frame, RecordType};
use lineal_proof::merkle::records_root;
use lineal_proof::record::{Commit, Record};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A commit's payload stays below this (docs/format.md, section 15).
const COMMIT_BYTES_MAX: usize = 1 << 10;

/// Frames since the last commit.
pub(super) struct Open<'a> {
    bytes: &'a [u8],
    segment: u32,
    pub(super) start: usize,
    pub(super) frames: Vec<(Location, Frame<'a>)>,
}

impl<'a> Open<'a> {
    pub(super) fn new(bytes: &'a [u8], segment: u32, start: usize) -> Open<'a> {
        Open { bytes, segment, start, frames: Vec::new() }
    }
}

/// The chain of commits, and what earlier records are known.
pub(super) struct Chain {
    pub(super) log: Log,
    depth: Depth,
    known: IdMap<Known>,
    number: u64,
    /// The last commit's id and time; none behind damage.
    last: Option<(Hash, i64)>,
    /// Frames of the open transaction were lost: what its commit promises cannot be checked.
    torn: bool,
    /// The map of what records name, made again; none behind damage, or where roots of maps are not
    /// checked.
    map: Option<RecordMap>,
}

impl Chain {
    pub(super) fn new(log: Log, depth: Depth) -> Chain {
        let last = Some((Hash::default(), i64::MIN));
        let map = (depth == Depth::Full).then(RecordMap::default);
        Chain { log, depth, known: IdMap::default(), number: 0, last, torn: false, map }
    }

    /// Something cannot be read from here on, up to some later frame.
    pub(super) fn lose(&mut self) {
        self.log.hurt = true;
        self.torn = true;
        self.map = None;
    }

    /// The log ends: is it where `head` says?
    pub(super) fn ends_with(&self, head: &Head, report: &mut Report) {
        let fits = match self.last {
            Some((id, _)) => (self.number, id) == (head.commit, head.commit_id),
            None => self.number == head.commit,
        };
        if !fits && !self.torn {
            head_fault(report, self.number, head.commit);
        }
    }

    /// Takes the commit that ends the open transaction.
    pub(super) fn close(
        &mut self,
        open: &Open<'_>,
        at: usize,
        frame: &Frame<'_>,
        report: &mut Report,
    ) {
        let path = segment_path(open.segment);
        let depth = self.depth;
        let checked: Vec<_> = open
            .frames
            .par_iter()
            .map(|(location, frame)| check(*location, frame, depth))
            .collect();
        report.records += checked.iter().filter(|one| one.is_ok()).count() as u64;
        let mut last_place = (0, 0);
        for ((location, frame), one) in open.frames.iter().zip(checked) {
            match one {
                Ok(one) => {
                    let place = one.place(frame.record_type);
                    if place < last_place && !self.torn {
                        let rule = "records of a transaction stand in their order";
                        report.fault(&path, location.offset, rule, "nothing: every record reads");
                    }
                    last_place = place;
                    self.take(*location, frame, one, &path, report);
                }
                Err(error) => {
                    self.log.hurt = true;
                    self.map = None;
                    let error = Error::record(&path, location.offset, error);
                    report.error(&path, &error, "this record; those beside it are read");
                }
            }
        }
        self.commit(open, at, frame, &path, report);
        self.torn = false;
    }

    /// Checks what a record refers to, and keeps what later ones may.
    fn take(
        &mut self,
        location: Location,
        frame: &Frame<'_>,
        one: Checked,
        path: &str,
        report: &mut Report,
    ) {
        // Behind damage a record that is missing may have been lost: that is reported already.
        if !self.log.hurt
            && let Some(rule) = one.unknown_reference(&self.known)
        {
            let lost = "what the record refers to; the record itself reads";
            report.fault(path, location.offset, rule, lost);
        }
        self.known.insert(frame.id, one.known);
        for commitment in one.sealed {
            self.log.sealed.entry(commitment).or_insert(location);
        }
        if let Some(batch) = one.batch {
            self.log.batches.insert(frame.id, batch);
        }
        if let Some(manifest) = one.manifest {
            self.log.manifests.push(manifest);
        }
    }

    fn commit(
        &mut self,
        open: &Open<'_>,
        at: usize,
        frame: &Frame<'_>,
        path: &str,
        report: &mut Report,
    ) {
        let offset = at as u64;
        let commit = match frame.check_id().and_then(|()| Commit::decode(frame.payload)) {
            Ok(commit) => commit,
            Err(error) => {
                self.lose();
                self.last = None;
                let lost = "the commit; the records before it read but nothing vouches for them";
                report.error(path, &Error::record(path, offset, error), lost);
                return;
            }
        };
        let mut fault = |rule: &str| {
            let number = commit.number;
            let lost = format!("what vouches for commit {number}; its records read one by one");
            report.fault(path, offset, rule, lost);
        };
        if frame.payload.len() >= COMMIT_BYTES_MAX {
            fault("a commit is below 1 KiB");
        }
        if commit.encode() != frame.payload {
            fault("a record is what it encodes to");
        }
        if self.log.store.is_some_and(|store| store != commit.store) {
            fault("a commit names its store");
        }
        match self.last.filter(|_| !self.torn) {
            Some((id, recorded)) => {
                let parent = commit.parent.map_or(Hash::default(), |parent| parent.0);
                if commit.number != self.number + 1 || parent != id {
                    fault("a commit follows its parent");
                }
                if commit.recorded < recorded {
                    fault("a commit is not recorded before its parent");
                }
            }
            None if commit.number <= self.number => fault("commits are numbered upwards"),
            None => {}
        }
        if commit.import == 0 || commit.import > commit.number {
            fault("an import has the number of its first commit");
        }
        if !self.torn {
            self.promises(open, at, &commit, &mut fault);
        }
        self.go_on_with_the_map(open, &commit, &mut fault);
        self.number = commit.number;
        self.last = Some((frame.id, commit.recorded));
        self.log.commits += 1;
        report.records += 1;
    }

    /// What a commit says of everything up to it. A commit of an older program says nothing.
    fn go_on_with_the_map(
        &mut self,
        open: &Open<'_>,
        commit: &Commit,
        fault: &mut impl FnMut(&str),
    ) {
        let Some(map) = self.map.take() else { return };
        let frames: Vec<_> = open.frames.iter().map(|(_, frame)| frame).collect();
        // A record that does not read is a fault of its own, reported already.
        let Ok(entries) = entries_of(&frames) else { return };
        let Ok(map) = map.with(commit.number, &entries, None) else { return };
        if commit.map_root.is_some_and(|root| root != map.root()) {
            fault("the commit's map_root is that of what records name up to it");
        }
        self.map = Some(map);
    }

    /// What a commit says of the frames before it.
    fn promises(&self, open: &Open<'_>, at: usize, commit: &Commit, fault: &mut impl FnMut(&str)) {
        let ids: Vec<Hash> = open.frames.iter().map(|(_, frame)| frame.id).collect();
        if records_root(&ids) != commit.records_root {
            fault("the commit's records_root is that of its records");
        }
        let bytes = open.bytes.get(open.start..at).unwrap_or_default();
        if Sha256::digest(bytes)[..] != commit.segment_sha256.0 {
            fault("the commit's segment_sha256 is that of its bytes");
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, frame) in &open.frames {
            *counts.entry(frame.record_type.name()).or_default() += 1;
        }
        let told: BTreeMap<&str, u64> = commit
            .counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        if counts != told {
            fault("the commit's counts are those of its records");
        }
    }
}

/// The place of a record type within a transaction (docs/format.md, section 7).
pub(super) fn rank(record_type: RecordType) -> u8 {
    match record_type {
        RecordType::Blob => 0,
        RecordType::Stub => 1,
        RecordType::Revision => 2,
        RecordType::Reference => 3,
        RecordType::Setting => 4,
        RecordType::Manifest => 5,
        RecordType::Seen => 6,
        RecordType::Retract => 7,
        RecordType::Source => 8,
        RecordType::Sealed | RecordType::Commit => 9,
    }
}
