//! The revisions of the ledger, in the order of the log, and who confirmed them.

use super::grown::Grown;
use super::nodes::NONE;
use super::table::Table;
use crate::segment::Location;
use lineal_proof::Hash;
use std::collections::BTreeMap;

/// Bits of a packed place that are the offset: a segment is begun anew after 256 MiB, and the last
/// transaction in it is far below 1 TiB.
const OFFSET_BITS: u32 = 40;

/// Can this be a place in the log? What a file claims has to be asked so before it is packed.
pub(crate) fn is_place(at: Location) -> bool {
    at.segment < 1 << (64 - OFFSET_BITS) && at.offset < 1 << OFFSET_BITS
}

/// A place in one number.
pub(crate) fn pack(at: Location) -> u64 {
    assert!(is_place(at), "{at:?}");
    u64::from(at.segment) << OFFSET_BITS | at.offset
}

pub(crate) fn unpack(packed: u64) -> Location {
    let segment = u32::try_from(packed >> OFFSET_BITS).unwrap_or(0);
    Location { segment, offset: packed & ((1 << OFFSET_BITS) - 1) }
}

/// A revision on its way into the list.
pub(super) struct NewRevision {
    pub(super) id: Hash,
    pub(super) content: Hash,
    pub(super) node: u32,
    pub(super) chain: u16,
    pub(super) at: Location,
    pub(super) commit: u64,
    pub(super) observed_at: i64,
}

/// All revisions.
#[derive(Default)]
pub(crate) struct Revisions {
    pub(super) ids: Grown<[u8; 32]>,
    pub(super) contents: Grown<[u8; 32]>,
    pub(super) nodes: Grown<u32>,
    pub(super) chains: Grown<u16>,
    pub(super) places: Grown<u64>,
    /// The revision of the same node before each, or [`NONE`].
    pub(super) before: Grown<u32>,
    pub(super) commits: Grown<u32>,
    pub(super) observed: Grown<i64>,
    /// Which full snapshots of its chain, counted from 1, confirmed each one after another: the first
    /// and the last, or 0. A snapshot confirms all heads, so one by one they would be most of a ledger.
    pub(super) first_seen: Vec<u32>,
    pub(super) last_seen: Vec<u32>,
    /// Who else confirmed it: commit and time.
    pub(super) also: BTreeMap<u32, Vec<(u64, i64)>>,
    pub(super) table: Table,
}

impl Revisions {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The numbers of all.
    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn id(&self, revision: u32) -> Hash {
        Hash(self.ids.get(revision as usize).unwrap_or_default())
    }

    pub(crate) fn content(&self, revision: u32) -> Hash {
        Hash(self.contents.get(revision as usize).unwrap_or_default())
    }

    pub(crate) fn node(&self, revision: u32) -> u32 {
        self.nodes.get(revision as usize).unwrap_or(0)
    }

    pub(crate) fn chain(&self, revision: u32) -> u16 {
        self.chains.get(revision as usize).unwrap_or(0)
    }

    pub(crate) fn at(&self, revision: u32) -> Location {
        unpack(self.packed_place(revision))
    }

    /// Its place in one number.
    pub(crate) fn packed_place(&self, revision: u32) -> u64 {
        self.places.get(revision as usize).unwrap_or(0)
    }

    /// The commit that wrote it.
    pub(crate) fn commit(&self, revision: u32) -> u64 {
        self.commits.get(revision as usize).unwrap_or(0).into()
    }

    pub(crate) fn observed_at(&self, revision: u32) -> i64 {
        self.observed.get(revision as usize).unwrap_or(0)
    }

    /// The revision of the same node before this one.
    pub(super) fn before(&self, revision: u32) -> Option<u32> {
        self.before.get(revision as usize).filter(|before| *before != NONE)
    }

    /// A revision by its id.
    pub(crate) fn find(&self, id: &Hash) -> Option<u32> {
        self.table.find(id, |number| self.ids.get(number as usize) == Some(id.0))
    }

    /// A revision by the first bytes of its id, eight or more: those by which the table finds it.
    pub(crate) fn find_beginning(&self, bytes: &[u8; 16]) -> Option<u32> {
        let mut id = Hash([0; 32]);
        id.0[..bytes.len()].copy_from_slice(bytes);
        let begins = |own: [u8; 32]| own.starts_with(bytes);
        self.table.find(&id, |number| self.ids.get(number as usize).is_some_and(begins))
    }

    pub(super) fn push(&mut self, new: &NewRevision, before: u32) -> u32 {
        let number = u32::try_from(self.len()).expect("fewer than 2^32 revisions");
        self.ids.push(new.id.0);
        self.contents.push(new.content.0);
        self.nodes.push(new.node);
        self.chains.push(new.chain);
        self.places.push(pack(new.at));
        self.before.push(before);
        self.commits.push(u32::try_from(new.commit).expect("fewer than 2^32 commits"));
        self.observed.push(new.observed_at);
        self.first_seen.push(0);
        self.last_seen.push(0);
        let ids = &self.ids;
        self.table.add(number, |number| Hash(ids.get(number as usize).unwrap_or_default()));
        number
    }

    /// Notes that a full snapshot of its chain, counted from 1, confirms a revision; false where
    /// the ones that did so before do not end with the one before it.
    pub(super) fn confirm(&mut self, revision: u32, snapshot: u32) -> bool {
        let at = revision as usize;
        let (first, last) = (&mut self.first_seen[at], &mut self.last_seen[at]);
        if *first == 0 {
            *first = snapshot;
        } else if *last + 1 != snapshot {
            return false;
        }
        *last = snapshot;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_unpacked_as_it_was_packed() {
        for (segment, offset) in [(1, 64), ((1 << 24) - 1, (1 << 40) - 1), (7, 0)] {
            let at = Location { segment, offset };
            assert_eq!(unpack(pack(at)), at);
        }
    }
}
