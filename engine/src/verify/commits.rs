//! Commits: each follows its parent and stands for exactly the records before it.

use super::records::{Checked, Known, Reading, check};
use super::segments::{Log, head_fault};
use super::{Code, Depth, Report, What};
use crate::error::Error;
use crate::head::Head;
use crate::id_map::IdMap;
use crate::public_log::{LOG_SETTING, LogIdentity};
use crate::record_map::{RecordMap, entries_of};
use crate::segment::{Location, segment_path};
use lineal_proof::Hash;
use lineal_proof::frame::{Frame, RecordType};
use lineal_proof::merkle::records_root;
use lineal_proof::record::{Commit, Record, Setting};
use lineal_proof::tlog::TreeHash;
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
    what: What,
    /// Are commitments read, although no more than frames would be?
    names_sealed: bool,
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
    pub(super) fn new(log: Log, what: What, names_sealed: bool) -> Chain {
        let last = Some((Hash::default(), i64::MIN));
        // What a name leads to depends on all that was said before, so no part of it can be left out.
        let is_checked = what.depth == Depth::Full && what.node.is_none();
        let map = is_checked.then(RecordMap::default);
        Chain {
            log,
            what,
            names_sealed,
            known: IdMap::default(),
            number: 0,
            last,
            torn: false,
            map,
        }
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
        let commit = frame.check_id().and_then(|()| Commit::decode(frame.payload));
        let reading = self.reading(commit.as_ref().map_or(u64::MAX, |commit| commit.number));
        let bytes = open.bytes.get(open.start..at).unwrap_or_default();
        let hashed = matches!(reading, Reading::Whole { .. });
        let before = self.map.as_ref();
        // One core hashes the bytes, and one goes on with the map, while the others hash records.
        let (sha256, (map, checked)) = rayon::join(
            || hashed.then(|| Hash(Sha256::digest(bytes).into())),
            || {
                rayon::join(
                    || map_with(before?, open, commit.as_ref().ok()?.number),
                    || -> Vec<_> {
                        let frames = open.frames.par_iter();
                        frames.map(|(location, frame)| check(*location, frame, reading)).collect()
                    },
                )
            },
        );
        report.records += checked.iter().filter(|one| one.is_ok()).count() as u64;
        let mut last_place = (0, 0);
        for ((location, frame), one) in open.frames.iter().zip(checked) {
            match one {
                Ok(one) => {
                    let place = one.place(frame.record_type);
                    if place < last_place && !self.torn && reading != Reading::Skim {
                        let rule = "records of a transaction stand in their order";
                        let lost = "nothing: every record reads";
                        report.fault(Code::RecordOrder, &path, location.offset, rule, lost);
                    }
                    last_place = place;
                    self.take(*location, frame, one, reading, report);
                }
                Err(error) => {
                    self.log.hurt = true;
                    self.map = None;
                    let error = Error::record(&path, location.offset, error);
                    let lost = "this record; those beside it are read";
                    report.error(Code::RecordDamaged, &path, &error, lost);
                }
            }
        }
        self.commit((open, sha256, map), (at, frame, commit), report);
        self.torn = false;
    }

    /// How the records of a commit are read.
    fn reading(&self, number: u64) -> Reading {
        let What { depth, since, node } = self.what;
        match depth {
            Depth::Fast if self.names_sealed => Reading::Decode(None),
            Depth::Fast => Reading::Skim,
            _ if node.is_some() => Reading::Decode(node),
            _ if number <= since => Reading::Decode(None),
            _ => Reading::Whole { again: depth == Depth::Full },
        }
    }

    /// Checks what a record refers to, and keeps what later ones may.
    fn take(
        &mut self,
        location: Location,
        frame: &Frame<'_>,
        one: Checked,
        reading: Reading,
        report: &mut Report,
    ) {
        // Behind damage a record that is missing may have been lost: that is reported already.
        if !self.log.hurt
            && reading != Reading::Skim
            && let Some(rule) = one.unknown_reference(&self.known)
        {
            let lost = "what the record refers to; the record itself reads";
            let path = segment_path(location.segment);
            report.fault(Code::RecordReference, &path, location.offset, rule, lost);
        }
        if reading != Reading::Skim {
            self.known.insert(frame.id, one.known);
        }
        if frame.record_type == RecordType::Setting {
            self.identity(frame, location, report);
        }
        self.log.logins.extend(one.logins);
        for commitment in one.sealed {
            self.log.sealed.entry(commitment).or_insert(location);
        }
        if let Some(batch) = one.batch {
            self.log.batches.insert(frame.id, batch);
        }
        if let Some(manifest) = one.manifest {
            if matches!(reading, Reading::Decode(_)) {
                self.log.named_before.insert((manifest.container, manifest.generation));
            }
            self.log.manifests.push(manifest);
        }
        if let Some(erasure) = one.erasure {
            self.log.erased.take(&erasure);
        }
    }

    /// Keeps what a setting says of the public log.
    fn identity(&mut self, frame: &Frame<'_>, at: Location, report: &mut Report) {
        let Ok(setting) = Setting::decode(frame.payload) else { return };
        if setting.name != LOG_SETTING {
            return;
        }
        // Records stand before the commit that brings them.
        let (said, former) = (LogIdentity::from_value(&setting.value), self.log.identity.take());
        self.log.identity = said.map(|said| said.recorded(self.number + 1, former.as_ref()));
        if self.log.identity.is_none() {
            let rule = "the setting `log` has the form of a log's name and keys";
            let (path, lost) = (segment_path(at.segment), "which keys sign checkpoints");
            report.fault(Code::LogIdentity, &path, at.offset, rule, lost);
        }
    }

    fn commit(
        &mut self,
        (open, sha256, map): (&Open<'_>, Option<Hash>, Option<RecordMap>),
        (at, frame, commit): (usize, &Frame<'_>, lineal_proof::Result<Commit>),
        report: &mut Report,
    ) {
        let (offset, path) = (at as u64, &segment_path(open.segment));
        let commit = match commit {
            Ok(commit) => commit,
            Err(error) => {
                self.lose();
                self.last = None;
                let lost = "the commit; the records before it read but nothing vouches for them";
                report.error(Code::CommitDamaged, path, &Error::record(path, offset, error), lost);
                return;
            }
        };
        let mut fault = |code, rule: &str| {
            let number = commit.number;
            let lost = format!("what vouches for commit {number}; its records read one by one");
            report.fault(code, path, offset, rule, lost);
        };
        if frame.payload.len() >= COMMIT_BYTES_MAX {
            fault(Code::CommitDamaged, "a commit is below 1 KiB");
        }
        if commit.encode() != frame.payload {
            fault(Code::CommitDamaged, "a record is what it encodes to");
        }
        if self.log.store.is_some_and(|store| store != commit.store) {
            fault(Code::CommitChain, "a commit names its store");
        }
        match self.last.filter(|_| !self.torn) {
            Some((id, recorded)) => {
                let parent = commit.parent.map_or(Hash::default(), |parent| parent.0);
                if commit.number != self.number + 1 || parent != id {
                    fault(Code::CommitChain, "a commit follows its parent");
                }
                if commit.recorded < recorded {
                    fault(Code::CommitChain, "a commit is not recorded before its parent");
                }
            }
            None if commit.number <= self.number => {
                fault(Code::CommitChain, "commits are numbered upwards");
            }
            None => {}
        }
        if commit.import == 0 || commit.import > commit.number {
            fault(Code::CommitChain, "an import has the number of its first commit");
        }
        if !self.torn {
            self.promises((open, sha256), &commit, &mut fault);
        }
        self.go_on_with_the_map(map, &commit, &mut fault);
        self.log.leaves.push(TreeHash::leaf(frame.payload));
        self.number = commit.number;
        self.last = Some((frame.id, commit.recorded));
        self.log.commits += 1;
        report.records += 1;
    }

    /// What a commit says of everything up to it. A commit of an older program says nothing.
    fn go_on_with_the_map(
        &mut self,
        map: Option<RecordMap>,
        commit: &Commit,
        fault: &mut impl FnMut(Code, &str),
    ) {
        // None is left of it behind damage.
        let (Some(_), Some(map)) = (self.map.take(), map) else { return };
        if commit.map_root.is_some_and(|root| root != map.root()) {
            let rule = "the commit's map_root is that of what records name up to it";
            fault(Code::CommitPromise, rule);
        }
        self.map = Some(map);
    }

    /// What a commit says of the frames before it.
    fn promises(
        &self,
        (open, sha256): (&Open<'_>, Option<Hash>),
        commit: &Commit,
        fault: &mut impl FnMut(Code, &str),
    ) {
        let mut fault = |rule: &str| fault(Code::CommitPromise, rule);
        let ids: Vec<Hash> = open.frames.iter().map(|(_, frame)| frame.id).collect();
        if records_root(&ids) != commit.records_root {
            fault("the commit's records_root is that of its records");
        }
        if sha256.is_some_and(|sha256| sha256 != commit.segment_sha256) {
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

/// The map after a commit of this number. None where a record does not read: a fault of its own.
fn map_with(before: &RecordMap, open: &Open<'_>, number: u64) -> Option<RecordMap> {
    let frames: Vec<_> = open.frames.iter().map(|(_, frame)| frame).collect();
    before.with(number, &entries_of(&frames).ok()?, None).ok()
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
        RecordType::Erasure => 8,
        RecordType::Hold => 9,
        RecordType::Source => 10,
        RecordType::Sealed | RecordType::Commit => 11,
    }
}
