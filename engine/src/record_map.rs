//! The map of everything that records name, whose root stands in each commit: runs of sorted entries,
//! merged by their sizes alone, so that every program makes the same of the same log.
//!
//! Derived: what of it is on disk is found in `index/map.idx`, and what that lacks is made from the
//! segments (docs/format.md, sections 14 and 25).

mod file;
mod keeper;
mod merge;

pub(crate) use file::LIST;
pub(crate) use keeper::{MapKeeper, files_fit_the_log};

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::sections::Section;
use crate::segment::{Transaction, Walk, open_segment, segment_path};
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::absence::map::merged_from;
use lineal_proof::absence::names::{Naming, put_in_order};
use lineal_proof::absence::{Entry, RunHead, map_root};
use lineal_proof::frame::{Frame, SEGMENT_HEADER};
use rayon::prelude::*;
use std::sync::Arc;

/// Records whose entries one thread makes at once.
const RECORDS_TOGETHER: usize = 1_024;

/// Where merged runs go that are too large to be kept in memory, and for which store.
#[derive(Clone, Copy)]
pub(crate) struct Spill<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) store: &'a [u8; 16],
    /// Entries of a run that stays in memory, at most.
    in_memory_max: usize,
}

impl<'a> Spill<'a> {
    pub(crate) fn to(storage: &'a dyn Storage, store: &'a [u8; 16]) -> Spill<'a> {
        Spill { storage, store, in_memory_max: IN_MEMORY_MAX }
    }
}

/// Entries of a run that is kept in memory at most: 8 MiB. All such runs of a map hold less than twice
/// as many, since each holds more than all newer ones together.
const IN_MEMORY_MAX: usize = 1 << 18;

/// One run.
#[derive(Clone)]
pub(crate) struct Run {
    /// The first and the last commit whose entries stand in it.
    commits: (u64, u64),
    pub(crate) head: RunHead,
    entries: Entries,
}

#[derive(Clone)]
enum Entries {
    Memory(Arc<Vec<Entry>>),
    File(Arc<Section<u8>>),
}

impl Run {
    /// All of its entries.
    ///
    /// # Errors
    /// [`Error::Derived`] if its file is damaged: the segments tell the same.
    pub(crate) fn entries(&self) -> Result<&[Entry]> {
        let bytes = match &self.entries {
            Entries::Memory(entries) => return Ok(entries),
            Entries::File(section) => section.all(),
        };
        let (entries, rest) = bytes.unwrap_or_default().as_chunks();
        if rest.is_empty() && entries.len() as u64 == self.head.entries {
            return Ok(entries);
        }
        let (file, rule) = (file::path_of(self.commits), "its entries can be read".to_owned());
        Err(Error::Derived { file, at: 0, rule })
    }
}

/// The runs of a commit's map, oldest first. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct RecordMap {
    pub(crate) runs: Vec<Run>,
}

impl RecordMap {
    /// What the commit says of it.
    pub(crate) fn root(&self) -> Hash {
        map_root(&self.heads())
    }

    pub(crate) fn heads(&self) -> Vec<RunHead> {
        self.runs.iter().map(|run| run.head).collect()
    }

    /// The map after the next commit, which brings these entries, in order. Large runs go to files,
    /// where there is a place for them.
    ///
    /// # Errors
    /// [`Error::Derived`] if the file of a run is damaged, or what the medium says.
    pub(crate) fn with(
        &self,
        commit: u64,
        entries: &[Entry],
        spill: Option<Spill<'_>>,
    ) -> Result<RecordMap> {
        let mut runs = self.runs.clone();
        if entries.is_empty() {
            return Ok(RecordMap { runs });
        }
        let counts = runs.iter().map(|run| run.head.entries).chain([entries.len() as u64]);
        let from = merged_from(&counts.collect::<Vec<_>>());
        let merged = runs.split_off(from);
        let first = merged.first().map_or(commit, |run| run.commits.0);
        let mut parts = merged.iter().map(Run::entries).collect::<Result<Vec<_>>>()?;
        parts.push(entries);
        runs.push(merge::merge(&parts, (first, commit), spill)?);
        Ok(RecordMap { runs })
    }

    /// The same with the entries of a transaction's records.
    ///
    /// # Errors
    /// As [`RecordMap::with`], or [`Error::Record`] for a record that does not read.
    pub(crate) fn with_transaction(
        &self,
        transaction: &Transaction<'_>,
        spill: Option<Spill<'_>>,
    ) -> Result<RecordMap> {
        let frames: Vec<&Frame<'_>> = transaction.frames.iter().map(|(_, frame)| frame).collect();
        let path = transaction.frames.first().map_or(1, |(location, _)| location.segment);
        let entries = entries_of(&frames);
        let entries =
            entries.map_err(|e| Error::record(&segment_path(path), transaction.start, e))?;
        self.with(transaction.commit.number, &entries, spill)
    }
}

/// What records put into the map, in order.
pub(crate) fn entries_of(frames: &[&Frame<'_>]) -> lineal_proof::Result<Vec<Entry>> {
    let parts = frames.par_chunks(RECORDS_TOGETHER).map(|frames| {
        let mut naming = Naming::default();
        for frame in frames {
            naming.add(frame.record_type, &frame.id, frame.payload)?;
        }
        Ok(naming.finish())
    });
    let parts: Vec<Vec<Entry>> = parts.collect::<lineal_proof::Result<_>>()?;
    let mut entries = parts.concat();
    sort(&mut entries);
    Ok(entries)
}

/// Puts the entries of a transaction in order.
pub(crate) fn sort(entries: &mut Vec<Entry>) {
    if entries.len() > RECORDS_TOGETHER {
        entries.par_sort_unstable();
    }
    put_in_order(entries);
}

/// A place in the log: a commit, and where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) commit: u64,
    pub(crate) commit_id: Hash,
    pub(crate) segment: u32,
    pub(crate) length: u64,
    /// What the commit says of the map; none in one that was written before there was any.
    pub(crate) root: Option<Hash>,
}

impl Place {
    /// Before the first commit.
    pub(crate) const START: Place = Place {
        commit: 0,
        commit_id: Hash([0; 32]),
        segment: 1,
        length: SEGMENT_HEADER as u64,
        root: None,
    };
}

/// Goes on with the log from a place up to a commit, segment by segment.
///
/// # Errors
/// [`Error::Corrupt`] or [`Error::Record`] where the log does not read or does not follow, or as
/// [`RecordMap::with`].
pub(crate) fn follow(
    storage: &dyn Storage,
    store: &[u8; 16],
    (mut map, mut place): (RecordMap, Place),
    (upto, last_segment): (u64, u32),
    spill: Option<Spill<'_>>,
) -> Result<(RecordMap, Place)> {
    for number in place.segment..=last_segment {
        let missing = || Error::corrupt(segment_path(number), 0, "the segment is there");
        let bytes: Bytes = open_segment(storage, number, store)?.ok_or_else(missing)?;
        let from = if number == place.segment { place.length } else { SEGMENT_HEADER as u64 };
        let mut walk = Walk::new(number, &bytes, from, u64::MAX);
        while place.commit < upto
            && let Some(transaction) = walk.next()?
        {
            transaction.check_parent((place.commit, place.commit_id))?;
            map = map.with_transaction(&transaction, spill)?;
            place = Place {
                commit: transaction.commit.number,
                commit_id: transaction.id,
                segment: number,
                length: transaction.end,
                root: transaction.commit.map_root,
            };
        }
    }
    if place.commit == upto {
        return Ok((map, place));
    }
    Err(Error::corrupt(
        segment_path(last_segment),
        place.length,
        "the log goes on up to its commit",
    ))
}

#[cfg(test)]
mod tests;
