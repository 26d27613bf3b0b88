//! Maps from ids: an id is a hash already, so it is not hashed again.

use lineal_proof::Hash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are ids of records. Whoever makes records could grind some whose ids begin
/// alike; eight equal bytes cost more than the slower look-ups they would cause.
pub(crate) type IdMap<V> = HashMap<Hash, V, BuildHasherDefault<IdHasher>>;

/// Takes the first eight bytes of an id as its hash.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*head);
        }
    }

    // The length that stands before the bytes of an array.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
