//! Sorted runs of keyed values: which event has this input hash?
//!
//! A run is immutable and memory-mapped: a fanout over the leading bits, then a guess within a few
//! entries, since hashes are spread evenly. Values stand in it keyed, so a stolen index cannot be
//! tested against guessed data; a hit is checked against the column itself (docs/format.md, section
//! 14).

use super::{IndexedFields, key_filter};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::index::IndexKind;
use crate::mapping::Bytes;
use crate::sections::{Section, Sections, Tag, share};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// At most 65,536 ways: past that the table is larger than what it saves.
const FANOUT_BITS_MAX: u32 = 16;

/// One indexed value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct KeyEntry {
    /// The keyed hash of the value.
    pub(crate) hash: u64,
    /// The order of the batch's revision in the log, from 0.
    pub(crate) batch: u32,
    /// The row within the batch.
    pub(crate) row: u32,
}

impl KeyEntry {
    /// Batch and row in one number.
    pub(super) fn packed(&self) -> u64 {
        u64::from(self.batch) << 32 | u64::from(self.row)
    }
}

/// What a run is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunOf {
    /// Commits that it covers.
    pub(crate) commits: (u64, u64),
    /// The fields whose values stand in it.
    pub(crate) fields: IndexedFields,
    /// Under which key.
    pub(crate) made_under: u64,
}

impl RunOf {
    /// The numbers as they stand in a run's file.
    pub(super) fn numbers(self) -> [u64; 4] {
        [self.commits.0, self.commits.1, self.fields.bits(), self.made_under]
    }
}

/// An open run. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct KeyRun {
    parts: Arc<Parts>,
    /// Commits that it covers.
    pub(crate) commits: (u64, u64),
    /// The fields whose values stand in it.
    pub(crate) fields: IndexedFields,
    /// Under which key its hashes were made ([`crate::keys::ValueHasher::made_under`]).
    pub(crate) made_under: u64,
    /// Is the filter asked first?
    is_filtered: bool,
}

struct Parts {
    bits: u32,
    /// Where the hashes that begin with each number begin; one more at the end.
    ways: Section<u32>,
    hashes: Section<u64>,
    /// The batch of each in the upper half, its row in the lower.
    rows: Section<u64>,
    /// Empty for a run in memory.
    filter: Section<u64>,
    sections: Sections,
}

/// How many leading bits lead to a way: about 8 entries each, until there are too many ways.
pub(super) fn fanout_bits(entries: usize) -> u32 {
    (usize::BITS - entries.leading_zeros()).saturating_sub(3).clamp(1, FANOUT_BITS_MAX)
}

/// The sections of a run over entries, which are sorted here.
fn lay_out(entries: &mut [KeyEntry], of: RunOf, damage: Arc<Damage>) -> Sections {
    entries.par_sort_unstable();
    let bits = fanout_bits(entries.len());
    let mut ways = Vec::with_capacity((1 << bits) + 1);
    let mut at = 0;
    for way in 0..=(1_u64 << bits) {
        while entries.get(at).is_some_and(|entry| entry.hash >> (64 - bits) < way) {
            at += 1;
        }
        ways.push(u32::try_from(at).expect("fewer than 2^32 entries"));
    }
    let mut sections = Sections::new(damage);
    sections.put(Tag::View, 0, 0, &of.numbers());
    sections.put(Tag::KeyWays, 0, bits.into(), &ways);
    let hashes: Vec<u64> = entries.iter().map(|entry| entry.hash).collect();
    sections.put(Tag::KeyHashes, 0, 0, &hashes);
    sections.put(Tag::KeyRows, 0, 0, &entries.iter().map(KeyEntry::packed).collect::<Vec<u64>>());
    sections
}

impl KeyRun {
    /// A run over entries, in memory.
    pub(crate) fn of(entries: &mut [KeyEntry], of: RunOf, damage: &Arc<Damage>) -> KeyRun {
        let run = KeyRun::over(lay_out(entries, of, Arc::clone(damage)));
        run.expect("sections that were just made fit one another")
    }

    /// Opens a run of a store; what it holds is checked when it is first touched.
    ///
    /// # Errors
    /// [`Error::Derived`] if it does not fit; it can be built again.
    pub(crate) fn open(
        path: &str,
        bytes: Bytes,
        store: &[u8; 16],
        damage: &Arc<Damage>,
    ) -> Result<KeyRun> {
        bytes.expect_single_places();
        KeyRun::open_in_order(path, bytes, store, damage)
    }

    /// The same, to be read from its first entry to its last.
    ///
    /// # Errors
    /// As [`KeyRun::open`].
    pub(crate) fn open_in_order(
        path: &str,
        bytes: Bytes,
        store: &[u8; 16],
        damage: &Arc<Damage>,
    ) -> Result<KeyRun> {
        let (head, sections) = Sections::open(path, bytes, IndexKind::Keys, damage)?;
        let run = KeyRun::over(sections).filter(|_| head.store == *store);
        run.ok_or_else(|| misfit(path))
    }

    fn over(sections: Sections) -> Option<KeyRun> {
        let view = sections.get::<u64>(Tag::View, 0);
        let [first, last, fields, made_under] = *view.all()? else { return None };
        let bits = u32::try_from(sections.extra(Tag::KeyWays, 0)).ok()?;
        let (hashes, rows) = (sections.get(Tag::KeyHashes, 0), sections.get(Tag::KeyRows, 0));
        let ways = sections.below(Tag::KeyWays, 0, Section::<u64>::len(&hashes) + 1);
        let filter = sections.get::<u64>(Tag::KeyFilter, 0);
        let is_filtered = filter.len() > 0;
        let filter_fits = !is_filtered || filter.len() == key_filter::words_of(hashes.len());
        let parts = Parts { bits, ways, hashes, rows, filter, sections };
        let fits = (1..=FANOUT_BITS_MAX).contains(&bits)
            && parts.ways.len() == (1 << bits) + 1
            && parts.hashes.len() == parts.rows.len()
            && filter_fits;
        let (parts, fields) = (Arc::new(parts), IndexedFields::from_bits(fields));
        let commits = (first, last);
        fits.then_some(KeyRun { parts, commits, fields, made_under, is_filtered })
    }

    /// How many entries it has.
    pub(crate) fn len(&self) -> usize {
        self.parts.hashes.len()
    }

    /// Hashes of some entries, and their rows; none if they are damaged.
    pub(super) fn stretch(&self, entries: Range<usize>) -> Option<(&[u64], &[u64])> {
        let Parts { hashes, rows, .. } = &*self.parts;
        hashes.range(entries.clone()).zip(rows.range(entries))
    }

    /// Some entries were read and are not needed again soon.
    pub(super) fn forget(&self, entries: Range<usize>) {
        self.parts.hashes.forget(entries.clone());
        self.parts.rows.forget(entries);
    }

    /// What was found damaged of it.
    pub(super) fn damage(&self) -> Option<Error> {
        self.parts.sections.damage().found()
    }

    fn entry(&self, at: usize) -> Option<KeyEntry> {
        let Parts { hashes, rows, .. } = &*self.parts;
        let (hash, packed) = (hashes.get(at)?, rows.get(at)?);
        let (batch, row) = (packed >> 32, packed & u64::from(u32::MAX));
        Some(KeyEntry { hash, batch: u32::try_from(batch).ok()?, row: u32::try_from(row).ok()? })
    }

    /// From now on looks without asking the filter: what is most likely found here only pays for it.
    pub(crate) fn leave_filter(&mut self) {
        self.is_filtered = false;
    }

    /// May the hash be here? Damage says nothing: what follows meets it.
    fn may_hold(&self, hash: u64) -> bool {
        let filter = &self.parts.filter;
        !self.is_filtered
            || filter
                .range(key_filter::block_of(filter.len(), hash))
                .is_none_or(|block| key_filter::may_hold(block, hash))
    }

    /// The entries with this hash.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = KeyEntry> + '_ {
        let Parts { bits, ways, hashes, .. } = &*self.parts;
        let way = usize::try_from(hash >> (64 - bits)).unwrap_or(0);
        let ends = if self.may_hold(hash) { ways.range(way..way + 2) } else { None };
        let ends = ends.unwrap_or(&[0, 0]);
        let (from, to) = (ends[0] as usize, ends[1] as usize);
        let guess = from + share(to.saturating_sub(from), hash << bits);
        let first = hashes.first_from(from..to, guess, hash);
        let own = (first..to).take_while(move |at| hashes.get(*at) == Some(hash));
        own.filter_map(|at| self.entry(at))
    }
}

fn misfit(path: &str) -> Error {
    let rule = "it is a run of this store, and as long as its header says".to_owned();
    Error::Derived { file: path.to_owned(), at: 0, rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::KeyRunFile;
    use crate::storage::{MemoryStorage, Storage};
    use lineal_proof::Hash;

    fn entries(count: u32) -> Vec<KeyEntry> {
        (0..count)
            .map(|row| {
                // Every tenth value occurs twice.
                let hash = Hash::of(&(row - u32::from(row % 10 == 1)).to_le_bytes()).0;
                let mut head = [0; 8];
                head.copy_from_slice(&hash[..8]);
                KeyEntry { hash: u64::from_le_bytes(head), batch: row % 7, row }
            })
            .collect()
    }

    #[test]
    fn every_value_is_found_with_all_its_rows_and_no_other() {
        for count in [0, 1, 2, 10, 5_000] {
            let all = entries(count);
            let run = file(&mut all.clone(), (1, 3)).1.unwrap();
            assert_eq!((run.len(), run.commits, run.made_under), (count as usize, (1, 3), 9));
            for entry in &all {
                let mut expected: Vec<_> =
                    all.iter().filter(|e| e.hash == entry.hash).copied().collect();
                expected.sort_unstable();
                assert_eq!(run.find(entry.hash).collect::<Vec<_>>(), expected);
                assert_eq!(run.find(entry.hash ^ 1).count(), 0);
            }
            assert_eq!(run.find(0).count() + run.find(u64::MAX).count(), 0);
        }
    }

    fn file(entries: &mut [KeyEntry], commits: (u64, u64)) -> (MemoryStorage, Result<KeyRun>) {
        let storage = MemoryStorage::new();
        entries.sort_unstable();
        let of = RunOf { commits, fields: IndexedFields::default(), made_under: 9 };
        let mut file = KeyRunFile::begin(&storage, "r", &[4; 16], of, entries.len()).unwrap();
        entries.iter().try_for_each(|entry| file.push(entry.hash, entry.packed())).unwrap();
        file.finish().unwrap();
        let run = open(&storage, &Arc::default());
        (storage, run)
    }

    fn open(storage: &MemoryStorage, damage: &Arc<Damage>) -> Result<KeyRun> {
        KeyRun::open("r", storage.read("r").unwrap().unwrap(), &[4; 16], damage)
    }

    #[test]
    fn a_flipped_bit_is_noticed_before_it_can_change_what_is_found() {
        let all = entries(20);
        let storage = file(&mut all.clone(), (1, 1)).0;
        let length = storage.read("r").unwrap().unwrap().len();
        let mut noticed = 0;
        for bit in 0..length * 8 {
            let flip = |bytes: &mut Vec<u8>| bytes[bit / 8] ^= 1 << (bit % 8);
            storage.damage("r", flip);
            let damage = Arc::new(Damage::default());
            if let Ok(run) = open(&storage, &damage) {
                let right = all.iter().all(|entry| run.find(entry.hash).any(|e| e == *entry));
                assert!(right || damage.found().is_some(), "bit {bit}");
                // What fills up to a multiple of eight bytes means nothing.
                noticed += usize::from(!run.parts.sections.are_sound());
            } else {
                noticed += 1;
            }
            storage.damage("r", flip);
        }
        assert!(noticed > length * 8 - 8 * 8 * 4, "{noticed} of {}", length * 8);
    }
}
