//! One sorted run of the map: entries in blocks, the blocks in a tree (docs/format.md, section 22).

use super::Refused;
use super::map::RunHead;
use super::names::MapName;
use super::tree::{range_path, range_root, root_of};
use crate::hash::Hash;
use crate::lanes;

/// Bytes of an entry: a name, then the first bytes of the id of the record that says it.
pub const ENTRY: usize = 32;
/// Bytes of a name and of what follows it. 128 bits: a false "there is one" by chance is out of
/// reach, and a false "there is none" is impossible whatever the length.
pub const HALF: usize = 16;
/// Entries of a block. An empty range discloses one block mostly, 512 bytes, which is as much as the
/// path of a tree of 65,536 blocks.
pub const BLOCK_ENTRIES: usize = 16;
/// Bytes of a whole block as it is hashed: a zero, then the entries.
const BLOCK: usize = 1 + BLOCK_ENTRIES * ENTRY;
/// Blocks that are hashed together: half a mebibyte.
const TOGETHER: usize = 1_024;

/// An entry.
pub type Entry = [u8; ENTRY];
/// What stands behind a name in an entry: the first bytes of a record's id.
pub type EntryValue = [u8; HALF];

/// An entry of a name and the record that says it.
#[must_use]
pub fn entry(name: &MapName, record: &Hash) -> Entry {
    let mut entry = [0; ENTRY];
    entry[..HALF].copy_from_slice(&name.0);
    entry[HALF..].copy_from_slice(&record.0[..HALF]);
    entry
}

fn name_of(entry: &Entry) -> &[u8] {
    &entry[..HALF]
}

fn value_of(entry: &Entry) -> EntryValue {
    let mut value = [0; HALF];
    value.copy_from_slice(&entry[HALF..]);
    value
}

/// The leaves of entries, which ascend: one of each block, the last of which may be shorter.
#[must_use]
pub fn leaves_of(entries: &[Entry]) -> Vec<Hash> {
    let mut leaves = Vec::with_capacity(entries.len().div_ceil(BLOCK_ENTRIES));
    let (whole, rest) = entries.as_chunks::<BLOCK_ENTRIES>();
    let mut bytes = Vec::with_capacity(TOGETHER.min(whole.len()));
    for some in whole.chunks(TOGETHER) {
        bytes.clear();
        bytes.extend(some.iter().map(|block| {
            let mut bytes = [0; BLOCK];
            bytes[1..].copy_from_slice(block.as_flattened());
            bytes
        }));
        leaves.extend(lanes::plain(&bytes));
    }
    if !rest.is_empty() {
        let mut bytes = vec![0];
        bytes.extend_from_slice(rest.as_flattened());
        leaves.push(Hash::of(&bytes));
    }
    leaves
}

/// What a commit says of a run with these entries, which ascend.
#[must_use]
pub fn head_of(entries: &[Entry]) -> RunHead {
    RunHead { entries: entries.len() as u64, root: root_of(leaves_of(entries)) }
}

/// Whole blocks of a run, with every entry of one name and the neighbours on both sides, or the
/// run's end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRange {
    /// The number of the first block, from 0.
    pub first_block: u64,
    /// The entries of the blocks.
    pub entries: Vec<Entry>,
    /// The hashes that lead from the blocks to the run's root.
    pub path: Vec<Hash>,
}

/// The blocks that hold a name's entries in a run, and its neighbours.
fn blocks(entries: &[Entry], name: &MapName) -> std::ops::Range<usize> {
    let from = entries.partition_point(|entry| name_of(entry) < &name.0[..]);
    let to = entries.partition_point(|entry| name_of(entry) <= &name.0[..]);
    let last = to.min(entries.len().saturating_sub(1));
    from.saturating_sub(1) / BLOCK_ENTRIES..last / BLOCK_ENTRIES + 1
}

/// How many bytes [`prove_run`] would give, about.
#[must_use]
pub fn estimate_run(entries: &[Entry], name: &MapName) -> u64 {
    let blocks = blocks(entries, name).len() as u64;
    let all = entries.len().div_ceil(BLOCK_ENTRIES) as u64;
    blocks * (BLOCK_ENTRIES * ENTRY) as u64 + 2 * u64::from(all.max(1).ilog2() + 1) * 32
}

/// Shows what stands under a name in a run: its entries, which ascend and are not none, and the
/// [`leaves_of`] them.
#[must_use]
pub fn prove_run(entries: &[Entry], leaves: &[Hash], name: &MapName) -> RunRange {
    let blocks = blocks(entries, name);
    let disclosed = blocks.start * BLOCK_ENTRIES..(blocks.end * BLOCK_ENTRIES).min(entries.len());
    RunRange {
        first_block: blocks.start as u64,
        entries: entries.get(disclosed).unwrap_or_default().to_vec(),
        path: range_path(leaves, &blocks),
    }
}

/// Every value that stands under a name in run number `run`; none means that none does.
///
/// # Errors
/// [`Refused`] with what the range does not show.
pub fn check_run(
    run: usize,
    head: &RunHead,
    name: &MapName,
    range: &RunRange,
) -> Result<Vec<EntryValue>, Refused> {
    let RunRange { first_block, entries, path } = range;
    let outside = Refused::Blocks { run };
    let start = first_block.checked_mul(BLOCK_ENTRIES as u64).ok_or(outside)?;
    let end = start.checked_add(entries.len() as u64).ok_or(outside)?;
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Err(outside) };
    let is_whole = entries.len().is_multiple_of(BLOCK_ENTRIES) || end == head.entries;
    if end > head.entries || !is_whole {
        return Err(outside);
    }
    if !entries.is_sorted() {
        return Err(Refused::Order { run });
    }
    let begins = start == 0 || name_of(first) < &name.0[..];
    let ends = end == head.entries || name_of(last) > &name.0[..];
    if !(begins && ends) {
        return Err(Refused::Neighbours { run });
    }
    let count = head.entries.div_ceil(BLOCK_ENTRIES as u64);
    if range_root(count, *first_block, &leaves_of(entries), path) != Some(head.root) {
        return Err(Refused::RunRoot { run });
    }
    let found = entries.iter().filter(|entry| name_of(entry) == &name.0[..]);
    Ok(found.map(value_of).collect())
}
