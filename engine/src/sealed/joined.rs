//! Two registers of a store put together, for a repair: value by value, and nothing of another store.

use super::Entries;
use crate::segment::next_frame;
use lineal_proof::Hash;
use lineal_proof::frame::{self, MAGIC_SEALED, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Record, Sealed};
use std::collections::BTreeSet;

/// What tells the entries of a store from those of another.
pub(crate) struct Own<'a> {
    /// The store.
    pub(crate) store: &'a [u8; 16],
    /// The commitments that its records hold.
    pub(crate) named: &'a BTreeSet<Hash>,
    /// Were all its records read?
    pub(crate) is_whole: bool,
}

impl Own<'_> {
    /// Does an entry belong to the store? What a record commits to does; a value that none commits to can be
    /// asked for by nobody. Where a record is lost nobody knows what it named: then all stays but what
    /// stands in a register of another store.
    fn has(&self, entry: &Sealed, is_foreign: bool) -> bool {
        self.named.contains(&entry.commitment) || !(is_foreign || self.is_whole)
    }

    /// Does a header that reads name another store?
    fn is_foreign(&self, register: &[u8]) -> bool {
        frame::read_header(register, MAGIC_SEALED).is_ok_and(|(of, _)| of != *self.store)
    }
}

/// The whole frames of two registers, each value of the store once: those of the first, then what the second has
/// beside them; and how many bytes are of the first. None if that would be the second as it is: its
/// header names the store, each entry belongs to it, and the first has none that it lacks or has otherwise.
pub(crate) fn joined(first: &[u8], second: &[u8], own: &Own<'_>) -> Option<(Vec<u8>, usize)> {
    let (theirs, known) = (Entries::of(first), Entries::of(second));
    let are_foreign = [first, second].map(|register| own.is_foreign(register));
    let header = frame::read_header(second, MAGIC_SEALED).ok();
    let is_named = header.is_some_and(|(of, _)| of == *own.store);
    let keeps_all = known.by_commitment.values().all(|entry| own.has(entry, are_foreign[1]));
    let brings = |entry: &Sealed| {
        own.has(entry, are_foreign[0]) && known.by_commitment.get(&entry.commitment) != Some(entry)
    };
    if is_named && keeps_all && !theirs.by_commitment.values().any(brings) {
        return None;
    }
    let mut bytes = frame::header(MAGIC_SEALED, own.store, 1).to_vec();
    let (mut written, mut of_first) = (BTreeSet::new(), 0);
    for (register, is_foreign) in [first, second].into_iter().zip(are_foreign) {
        let mut from = SEGMENT_HEADER;
        while let Some((at, frame)) = next_frame(register, from) {
            from = at + frame.length;
            if let Ok(entry) = Sealed::decode(frame.payload)
                && frame.record_type == RecordType::Sealed
                && own.has(&entry, is_foreign)
                && written.insert(entry.commitment)
            {
                frame::write(&mut bytes, frame.record_type, frame.payload);
            }
        }
        if of_first == 0 {
            of_first = bytes.len();
        }
    }
    Some((bytes, of_first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: [u8; 16] = [1; 16];
    const OTHER: [u8; 16] = [9; 16];

    fn entry(name: &str) -> Sealed {
        let commitment = Hash::of(name.as_bytes());
        Sealed { commitment, subject: commitment, field: "name".to_owned(), value: vec![7; 40] }
    }

    fn register(store: [u8; 16], names: &[&str]) -> Vec<u8> {
        let mut bytes = frame::header(MAGIC_SEALED, &store, 1).to_vec();
        for name in names {
            frame::write(&mut bytes, RecordType::Sealed, &entry(name).encode());
        }
        bytes
    }

    #[test]
    fn a_register_of_another_store_gives_way_to_what_is_the_stores_own() {
        let named = ["anna", "bert"].map(|name| Hash::of(name.as_bytes())).into();
        let own = Own { store: &STORE, named: &named, is_whole: true };
        let hurt = Own { is_whole: false, ..own };
        let copy = register(STORE, &["anna"]);
        let whole = register(STORE, &["anna", "bert"]);
        let of_copy = |bytes: &[u8]| Some((bytes.to_vec(), copy.len()));
        for own in [&own, &hurt] {
            let foreign = register(OTHER, &["carl"]);
            assert_eq!(joined(&copy, &foreign, own), of_copy(&copy));
            // The store's own values under another header stay the store's; and a copy's register may be foreign.
            let renamed = register(OTHER, &["anna", "bert", "carl"]);
            assert_eq!(joined(&copy, &renamed, own), of_copy(&whole));
            assert_eq!(joined(&foreign, &whole, own), None);
            assert_eq!(joined(&copy, &whole, own), None, "it brings nothing");
        }
        let spliced = register(STORE, &["anna", "bert", "carl"]);
        assert_eq!(joined(&copy, &spliced, &own), of_copy(&whole), "no record names the third");
        assert_eq!(joined(&copy, &spliced, &hurt), None, "a lost record may name the third");
        // One value otherwise than the copy has it.
        let mut changed = register(STORE, &[]);
        let other = Sealed { value: vec![8; 40], ..entry("anna") };
        frame::write(&mut changed, RecordType::Sealed, &other.encode());
        frame::write(&mut changed, RecordType::Sealed, &entry("bert").encode());
        assert_eq!(joined(&copy, &changed, &own), of_copy(&whole));
    }
}
