//! The keyed hashes under which indexed values of events stand in the index (docs/format.md, section 8).

use lineal_proof::lanes::{self, Message};
use lineal_proof::{Hash, cbor};
use std::cell::RefCell;

/// Separates what is told of the key of the index from every other use of it.
const CONTEXT_MADE_UNDER: &str = "lineal v1 index key check";

/// Hashes values for the event-key index.
#[derive(Clone)]
pub struct ValueHasher {
    key: [u8; 32],
    made_under: u64,
}

impl ValueHasher {
    pub(super) fn new(key: [u8; 32]) -> ValueHasher {
        let made_under = head_of(&Hash(Hash::derive(CONTEXT_MADE_UNDER, &key)));
        ValueHasher { key, made_under }
    }

    /// What runs of event keys say of the key that they were made under: by it another store's is told,
    /// whose look-ups would find nothing, and the key itself is not.
    pub(crate) fn made_under(&self) -> u64 {
        self.made_under
    }

    /// The eight bytes under which a value stands in the index.
    #[must_use]
    pub fn hash(&self, field: &str, value: &[u8]) -> u64 {
        thread_local! {
            /// Of the value before: looking a value up allocates nothing (`benches/allocations.rs`).
            static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        BYTES.with_borrow_mut(|bytes| {
            bytes.clear();
            spell(bytes, field, value);
            head_of(&Hash::keyed(&self.key, bytes))
        })
    }

    /// As [`ValueHasher::hash`] of each value of a field, side by side.
    pub(crate) fn hash_all<'v>(
        &self,
        field: &str,
        values: impl Iterator<Item = &'v [u8]>,
    ) -> Vec<u64> {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for value in values {
            spell(&mut bytes, field, value);
            ends.push(bytes.len());
        }
        let spans = ends.windows(2).map(|ends| ends[0]..ends[1]);
        let messages = spans.map(|span| Message { key: &self.key, bytes: &bytes[span] });
        lanes::keyed(&messages.collect::<Vec<_>>()).iter().map(head_of).collect()
    }
}

/// Writes what is hashed of a value: its field and itself.
fn spell(out: &mut Vec<u8>, field: &str, value: &[u8]) {
    cbor::write_list_head(out, 2);
    cbor::write_text(out, field);
    cbor::write_bytes(out, value);
}

/// The first eight bytes of a hash.
fn head_of(hash: &Hash) -> u64 {
    hash.0.first_chunk().map_or(0, |head| u64::from_le_bytes(*head))
}
