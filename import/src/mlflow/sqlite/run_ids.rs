//! The ids of the runs of a database, and the number of each: some fifteen bytes a run in memory, and
//! the ids themselves where there is room for them.

use super::super::error::Error;
use super::super::laid::{Growing, Laid};
use super::table::Database;
use std::hash::{BuildHasher, RandomState};

/// Runs that are put together at once, while the parts before are recorded: some ten megabytes
/// with a hundred points each.
const RUNS_AT_ONCE: usize = 1_024;
/// Most parts: each has a list of its rows.
const PARTS_MAX: usize = 4_096;

/// The ids of all runs, in order: a run's number is its place.
pub(super) struct RunIds {
    /// One behind another.
    ids: Laid,
    /// Where each ends.
    ends: Vec<u64>,
    /// Numbers from 1, 0 where nothing stands: each at the place that the hash of its id names or at the
    /// next that was free. A power of two of them, two thirds full at most.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl RunIds {
    pub(super) fn read(database: &Database<'_>) -> Result<RunIds, Error> {
        let mut ids: Vec<Box<str>> = Vec::new();
        database.each("runs", &["run_uuid"], |row| ids.push(row.text_or_empty(0).into()))?;
        RunIds::of(ids).map_err(|source| Error::Io { path: std::env::temp_dir(), source })
    }

    fn of(mut ids: Vec<Box<str>>) -> std::io::Result<RunIds> {
        ids.sort_unstable();
        ids.dedup();
        let (mut all, mut ends) = (Growing::default(), Vec::with_capacity(ids.len()));
        let hasher = RandomState::new();
        let mut slots = vec![0_u32; (ids.len() * 3).div_ceil(2).next_power_of_two()];
        for (id, number) in ids.iter().zip(1..) {
            all.add(|out| out.extend_from_slice(id.as_bytes()));
            ends.push(all.len());
            let mut at = place(&hasher, id, slots.len());
            while slots[at] != 0 {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = number;
        }
        Ok(RunIds { ids: all.finish()?, ends, slots, hasher })
    }

    /// A run's id by its number.
    pub(super) fn id(&self, number: usize) -> Option<&str> {
        let start = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        std::str::from_utf8(self.ids.get(start?..*self.ends.get(number)?)).ok()
    }

    /// A run's number by its id.
    pub(super) fn number(&self, id: &str) -> Option<u32> {
        let mut at = place(&self.hasher, id, self.slots.len());
        // One slot at least is free.
        while let Some(number) = self.slots.get(at)?.checked_sub(1) {
            if self.id(number as usize) == Some(id) {
                return Some(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    fn at_once(&self) -> usize {
        RUNS_AT_ONCE.max(self.ends.len().div_ceil(PARTS_MAX))
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> usize {
        self.ends.len().div_ceil(self.at_once())
    }

    /// A run's part and its place in it.
    pub(super) fn place(&self, id: &str) -> Option<(usize, u64)> {
        let number = self.number(id)? as usize;
        let at_once = self.at_once();
        Some((number / at_once, (number % at_once) as u64))
    }

    /// The number of the run at a place of a part.
    pub(super) fn number_at(&self, (part, place): (usize, u64)) -> u64 {
        part as u64 * self.at_once() as u64 + place
    }

    /// The ids of a part's runs, in order.
    pub(super) fn of_part(&self, part: usize) -> impl Iterator<Item = &str> {
        let first = part * self.at_once();
        let last = (first + self.at_once()).min(self.ends.len());
        (first..last).filter_map(|number| self.id(number))
    }
}

/// The slot that an id names; there is a power of two of them.
fn place(hasher: &RandomState, id: &str, slots: usize) -> usize {
    let mask = slots as u64 - 1;
    usize::try_from(hasher.hash_one(id) & mask).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_the_number_of_its_place_and_others_have_none() {
        for count in [0_usize, 1, 2, 5_000] {
            let id = |number: usize| format!("{number:06}é");
            // In another order, and some of them twice.
            let listed = (0..count).rev().chain((0..count).step_by(3));
            let ids = RunIds::of(listed.map(|number| id(number).into()).collect()).unwrap();
            for number in 0..count {
                assert_eq!(ids.number(&id(number)).map(|found| found as usize), Some(number));
                assert_eq!(ids.id(number), Some(id(number).as_str()));
                let place = ids.place(&id(number)).unwrap();
                assert_eq!(ids.number_at(place), number as u64);
            }
            assert_eq!((ids.number(""), ids.number("000000"), ids.id(count)), (None, None, None));
            let parts: Vec<&str> = (0..ids.parts()).flat_map(|part| ids.of_part(part)).collect();
            assert!(parts.into_iter().eq((0..count).map(id)), "{count}");
        }
    }
}
