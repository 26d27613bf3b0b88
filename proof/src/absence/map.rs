//! The map of a commit: its runs, and questions to all of them at once (docs/format.md, section 22).

use super::Refused;
use super::names::MapName;
use super::run::{EntryValue, RunRange, check_run};
use crate::hash::Hash;

/// What `map_root` begins with, so that it is the hash of nothing else.
const PREFIX: &[u8] = b"lineal v1 map";
/// Runs of a map at most: each holds more entries than all newer ones together, and places in the
/// log are numbers of 64 bits.
pub const RUNS_MAX: usize = 64;

/// What a commit says of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunHead {
    /// Entries; never none.
    pub entries: u64,
    /// The root over its blocks.
    pub root: Hash,
}

/// The `map_root` of runs, oldest first.
#[must_use]
pub fn map_root(runs: &[RunHead]) -> Hash {
    let mut bytes = PREFIX.to_vec();
    for run in runs {
        bytes.extend_from_slice(&run.entries.to_le_bytes());
        bytes.extend_from_slice(&run.root.0);
    }
    Hash::of(&bytes)
}

/// Of runs with so many entries, oldest first, the first that is merged with all newer ones when the
/// last was added: the oldest that holds no more entries than all newer ones together; the last itself
/// if there is none. So runs are few, and with each merge an entry comes to stand in a run at least
/// twice as large.
#[must_use]
pub fn merged_from(entries: &[u64]) -> usize {
    let (mut from, mut newer) = (entries.len().saturating_sub(1), 0_u64);
    for (at, own) in entries.iter().enumerate().rev() {
        if *own <= newer {
            from = at;
        }
        newer = newer.saturating_add(*own);
    }
    from
}

/// What a commit's map holds under some names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapOpening {
    /// All runs of the map, oldest first.
    pub runs: Vec<RunHead>,
    /// For each name that was asked, in the order of asking, a range in each run.
    pub ranges: Vec<Vec<RunRange>>,
}

/// All that stands under each name in the map of a commit: the first 16 bytes of the ids of the
/// records that say it. An empty list means: **never recorded as of this commit**.
///
/// # Errors
/// [`Refused`] with what the opening does not show.
pub fn check_map(
    root: &Hash,
    asked: &[MapName],
    opening: &MapOpening,
) -> Result<Vec<Vec<EntryValue>>, Refused> {
    let MapOpening { runs, ranges } = opening;
    if runs.len() > RUNS_MAX || map_root(runs) != *root {
        return Err(Refused::MapRoot);
    }
    let (questions, count) = (asked.len(), runs.len());
    if ranges.len() != questions || ranges.iter().any(|ranges| ranges.len() != count) {
        return Err(Refused::Ranges { questions, runs: count });
    }
    let found = asked.iter().zip(ranges).map(|(name, ranges)| {
        let mut found = Vec::new();
        for (run, (head, range)) in runs.iter().zip(ranges).enumerate() {
            found.extend(check_run(run, head, name, range)?);
        }
        Ok(found)
    });
    found.collect()
}

/// Bytes of an opening as numbers and hashes, without what a file adds.
#[must_use]
pub fn size_of(opening: &MapOpening) -> u64 {
    let ranges = opening.ranges.iter().flatten();
    let of = |range: &RunRange| 8 + 32 * (range.entries.len() + range.path.len()) as u64;
    40 * opening.runs.len() as u64 + ranges.map(of).sum::<u64>()
}
