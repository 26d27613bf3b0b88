//! Leaves of a batch: each event under a salt of its own (docs/format.md, section 9).
//!
//! The salt makes a leaf tell nothing about a guessed event, and the two keys from it let the
//! subject group be withheld or erased while the open group and the root stay provable.

use crate::hash::{CONTEXT_EVENT, Hash};

/// Hands out the salts of a batch's rows in order, from one seed.
///
/// Keeps the path of the row at hand, so that walking all rows costs two keyed hashes a row.
pub struct Salts {
    depth: u32,
    /// `path[level]` is the tree node at that level on the way to row `row`.
    path: Vec<[u8; 32]>,
    row: u64,
}

impl Salts {
    /// The salts of a batch of so many rows.
    #[must_use]
    pub fn new(seed: &[u8; 32], rows: u64) -> Salts {
        let depth = u64::BITS - rows.saturating_sub(1).leading_zeros();
        let mut salts = Salts { depth, path: vec![*seed; depth as usize + 1], row: 0 };
        salts.descend(0);
        salts
    }

    /// Recomputes the path below a level.
    fn descend(&mut self, level: usize) {
        for at in level..self.depth as usize {
            let bit = u8::from(self.row >> (self.depth as usize - 1 - at) & 1 == 1);
            self.path[at + 1] = Hash::keyed(&self.path[at], &[bit]).0;
        }
    }

    /// The salt of a row, from 0. Asking in order is cheap; any order works.
    pub fn salt(&mut self, row: u64) -> &[u8; 32] {
        let changed = u64::BITS - (self.row ^ row).leading_zeros();
        self.row = row;
        if changed > 0 {
            self.descend((self.depth - changed.min(self.depth)) as usize);
        }
        &self.path[self.depth as usize]
    }
}

/// The leaf of an event from its salt and its two canonical maps.
#[must_use]
pub fn leaf(salt: &[u8; 32], open: &[u8], subject: &[u8]) -> Hash {
    let mut keys = [0; 64];
    blake3::Hasher::new_keyed(salt).update(CONTEXT_EVENT).finalize_xof().fill(&mut keys);
    let mut k1 = [0; 32];
    let mut k2 = [0; 32];
    k1.copy_from_slice(&keys[..32]);
    k2.copy_from_slice(&keys[32..]);
    let commitment = Hash::keyed(&k2, subject);
    let mut hasher = blake3::Hasher::new_keyed(&k1);
    hasher.update(&[0]).update(open).update(&commitment.0);
    Hash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: d steps from the seed along the row's bits.
    fn naive(seed: [u8; 32], rows: u64, row: u64) -> [u8; 32] {
        let depth = if rows <= 1 { 0 } else { 64 - (rows - 1).leading_zeros() };
        (0..depth)
            .rev()
            .fold(seed, |node, bit| Hash::keyed(&node, &[u8::from(row >> bit & 1 == 1)]).0)
    }

    #[test]
    fn salts_in_order_and_out_of_order_are_the_definition() {
        for rows in [1, 2, 3, 7, 8, 9, 1000] {
            let mut salts = Salts::new(&[5; 32], rows);
            for row in 0..rows {
                assert_eq!(*salts.salt(row), naive([5; 32], rows, row), "row {row} of {rows}");
            }
            for row in [rows / 2, 0, rows - 1, rows / 3] {
                assert_eq!(*salts.salt(row), naive([5; 32], rows, row), "row {row} of {rows}");
            }
        }
    }

    #[test]
    fn a_leaf_depends_on_salt_open_and_subject() {
        let base = leaf(&[1; 32], b"open", b"subject");
        assert_ne!(base, leaf(&[2; 32], b"open", b"subject"));
        assert_ne!(base, leaf(&[1; 32], b"oper", b"subject"));
        assert_ne!(base, leaf(&[1; 32], b"open", b"subjecu"));
    }
}
