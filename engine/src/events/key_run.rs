//! Sorted runs of keyed values: which event has this input hash?
//!
//! A run is immutable and memory-mapped: a fanout over the leading bits, then a binary search in a
//! few entries of 16 bytes. Values stand in it keyed, so a stolen index cannot be tested against
//! guessed data; a hit is checked against the column itself (docs/format.md, section 14).

use super::IndexedFields;
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use rayon::prelude::*;

const MAGIC: &[u8; 8] = b"LNIDX001";
const KIND_KEYS: u32 = 1;
const HEADER: usize = 64;
const ENTRY: usize = 16;
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

/// An open run. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct KeyRun {
    bytes: Bytes,
    bits: u32,
    entries: usize,
    /// Commits that it covers.
    pub(crate) commits: (u64, u64),
    /// The fields whose values stand in it.
    pub(crate) fields: IndexedFields,
}

/// The bytes of a run over entries, which are sorted here.
pub(crate) fn write_run(
    entries: &mut [KeyEntry],
    store: &[u8; 16],
    commits: (u64, u64),
    fields: IndexedFields,
) -> Vec<u8> {
    entries.par_sort_unstable();
    // About 8 entries a way.
    let bits =
        (usize::BITS - entries.len().leading_zeros()).saturating_sub(3).clamp(1, FANOUT_BITS_MAX);
    let mut bytes = Vec::with_capacity(HEADER + (1 << bits) * 4 + entries.len() * ENTRY + 8);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&KIND_KEYS.to_le_bytes());
    bytes.extend_from_slice(&bits.to_le_bytes());
    bytes.extend_from_slice(store);
    bytes.extend_from_slice(&commits.0.to_le_bytes());
    bytes.extend_from_slice(&commits.1.to_le_bytes());
    bytes.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&fields.bits().to_le_bytes());
    debug_assert_eq!(bytes.len(), HEADER);
    let mut at = 0;
    for way in 0..=(1_u64 << bits) {
        while entries.get(at).is_some_and(|entry| entry.hash >> (64 - bits) < way) {
            at += 1;
        }
        bytes.extend_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
    }
    for entry in entries.iter() {
        bytes.extend_from_slice(&entry.hash.to_le_bytes());
        bytes.extend_from_slice(&entry.batch.to_le_bytes());
        bytes.extend_from_slice(&entry.row.to_le_bytes());
    }
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

impl KeyRun {
    /// Opens a run of a store, checking it whole.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not fit; it is derived, so it can be built again.
    pub(crate) fn open(path: &str, bytes: Bytes, store: &[u8; 16]) -> Result<KeyRun> {
        let fail = |rule: &str| Err(Error::corrupt(path, 0, rule));
        if bytes.len() < HEADER + 4 || !bytes.starts_with(MAGIC) {
            return fail("a run begins with its magic");
        }
        let body = bytes.len() - 4;
        if bytes[body..] != crc32c::crc32c(&bytes[..body]).to_le_bytes() {
            return fail("the crc32c fits");
        }
        let word = |at| word(&bytes, at);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let (kind, bits) = (word(8), word(12));
        let entries = usize::try_from(long(48)).unwrap_or(usize::MAX);
        if kind != KIND_KEYS || bytes[16..32] != store[..] || !(1..=FANOUT_BITS_MAX).contains(&bits)
        {
            return fail("it is a run of this store");
        }
        let table = ((1_usize << bits) + 1) * 4;
        if entries.checked_mul(ENTRY).and_then(|e| e.checked_add(HEADER + table)) != Some(body) {
            return fail("its length is what its header says");
        }
        let commits = (long(32), long(40));
        let fields = IndexedFields::from_bits(long(56));
        Ok(KeyRun { bytes, bits, entries, commits, fields })
    }

    fn entry(&self, at: usize) -> KeyEntry {
        let from = HEADER + ((1 << self.bits) + 1) * 4 + at * ENTRY;
        let low = word(&self.bytes, from);
        let high = word(&self.bytes, from + 4);
        KeyEntry {
            hash: u64::from(low) | u64::from(high) << 32,
            batch: word(&self.bytes, from + 8),
            row: word(&self.bytes, from + 12),
        }
    }

    /// Every entry, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = KeyEntry> + '_ {
        (0..self.entries).map(|at| self.entry(at))
    }

    /// The entries with this hash.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = KeyEntry> + '_ {
        let way = usize::try_from(hash >> (64 - self.bits)).unwrap_or(0);
        let mut low = word(&self.bytes, HEADER + way * 4) as usize;
        let mut high = (word(&self.bytes, HEADER + (way + 1) * 4) as usize).min(self.entries);
        let end = high;
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.entry(middle).hash < hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..end).map(|at| self.entry(at)).take_while(move |entry| entry.hash == hash)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let bytes = write_run(&mut all.clone(), &[4; 16], (1, 3), IndexedFields::default());
            let run = KeyRun::open("r", Bytes::held(bytes), &[4; 16]).unwrap();
            assert_eq!((run.entries().count(), run.commits), (count as usize, (1, 3)));
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

    #[test]
    fn a_flipped_bit_is_noticed() {
        let good = write_run(&mut entries(20), &[4; 16], (1, 1), IndexedFields::default());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(KeyRun::open("r", Bytes::held(bad), &[4; 16]).is_err(), "bit {bit}");
        }
    }
}
