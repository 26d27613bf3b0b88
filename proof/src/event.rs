//! Leaves of a batch: each event under a salt of its own (docs/format.md, section 9).
//!
//! The salt makes a leaf tell nothing about a guessed event, and the two keys from it let the
//! subject group be withheld or erased while the open group and the root stay provable.

use crate::hash::{CONTEXT_EVENT, Hash};
use crate::lanes::{self, Message};
use crate::merkle::Tree;

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
        let depth = depth_of(rows);
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

/// Levels of the tree of salts of a batch of so many rows.
pub(crate) fn depth_of(rows: u64) -> u32 {
    u64::BITS - rows.saturating_sub(1).leading_zeros()
}

/// The salts of some rows of a batch from one on, which is a multiple of [`TOGETHER`].
fn salts_from(seed: &[u8; 32], depth: u32, first: u64, count: usize) -> Vec<[u8; 32]> {
    let height = TOGETHER_BITS.min(depth);
    let down =
        |key: [u8; 32], level: u32| Hash::keyed(&key, &[u8::from(first >> level & 1 == 1)]).0;
    let mut salts = vec![(height..depth).rev().fold(*seed, down)];
    for level in (0..height).rev() {
        let children = salts
            .iter()
            .flat_map(|key| [Message { key, bytes: &[0] }, Message { key, bytes: &[1] }]);
        let children: Vec<_> = children.take(count.div_ceil(1 << level)).collect();
        salts = lanes::keyed(&children).into_iter().map(|salt| salt.0).collect();
    }
    salts
}

/// The leaf of an event from its salt and its two canonical maps.
#[must_use]
pub fn leaf(salt: &[u8; 32], open: &[u8], subject: &[u8]) -> Hash {
    let (k1, k2) = leaf_keys(salt);
    leaf_of(&k1, open, &Hash::keyed(&k2, subject))
}

/// The two keys of an event's leaf, k1 of the leaf and k2 of the commitment to the subject group.
#[must_use]
pub fn leaf_keys(salt: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    let mut keys = [0; 64];
    blake3::Hasher::new_keyed(salt).update(CONTEXT_EVENT).finalize_xof().fill(&mut keys);
    let mut k1 = [0; 32];
    let mut k2 = [0; 32];
    k1.copy_from_slice(&keys[..32]);
    k2.copy_from_slice(&keys[32..]);
    (k1, k2)
}

/// The leaf of an event from its open group and the commitment to its subject group.
#[must_use]
pub fn leaf_of(k1: &[u8; 32], open: &[u8], commitment: &Hash) -> Hash {
    let mut hasher = blake3::Hasher::new_keyed(k1);
    hasher.update(&[0]).update(open).update(&commitment.0);
    Hash(*hasher.finalize().as_bytes())
}

/// Events of which the leaves are made together: enough for the widest vectors at every level of
/// the salts' tree, and about 400 KB of rows.
const TOGETHER: usize = 1 << TOGETHER_BITS;
const TOGETHER_BITS: u32 = 10;

/// The tree of a batch in the making: as [`Salts`], [`leaf`] and [`Tree::push`] of one event after
/// another, but hashed side by side.
pub struct Leaves {
    seed: [u8; 32],
    depth: u32,
    tree: Tree,
    /// Of each event that waits: a zero, the open group, and room for the commitment.
    open: Vec<u8>,
    subject: Vec<u8>,
    /// Where each event that waits ends in `open` and in `subject`.
    ends: Vec<(usize, usize)>,
    /// Bytes of the groups of all events so far.
    size: u64,
    /// The leaves so far, where they are wanted.
    kept: Option<Vec<Hash>>,
}

impl Leaves {
    /// Of a batch of so many events: as many must be added.
    #[must_use]
    pub fn new(seed: &[u8; 32], rows: u64) -> Leaves {
        Leaves {
            seed: *seed,
            depth: depth_of(rows),
            tree: Tree::default(),
            open: Vec::new(),
            subject: Vec::new(),
            ends: Vec::new(),
            size: 0,
            kept: None,
        }
    }

    /// The same, with the leaves kept: 32 bytes an event.
    #[must_use]
    pub fn kept(self) -> Leaves {
        Leaves { kept: Some(Vec::new()), ..self }
    }

    /// Adds the next event: its two canonical maps are appended to what is given.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) {
        self.open.push(0);
        let before = self.open.len() + self.subject.len();
        write(&mut self.open, &mut self.subject);
        self.size += (self.open.len() + self.subject.len() - before) as u64;
        self.open.extend_from_slice(&[0; 32]);
        self.ends.push((self.open.len(), self.subject.len()));
        if self.ends.len() == TOGETHER {
            self.take_in();
        }
    }

    /// Hashes the events that wait.
    fn take_in(&mut self) {
        let first = self.tree.leaves();
        let salts = salts_from(&self.seed, self.depth, first, self.ends.len());
        let keys = lanes::keyed_wide(&salts, CONTEXT_EVENT);
        let messages = |bytes: &'_ [u8], place: fn(&(usize, usize)) -> usize, half: usize| {
            let starts = std::iter::once(0).chain(self.ends.iter().map(place));
            let spans = starts.zip(self.ends.iter().map(place));
            let of = keys.iter().zip(spans).map(|(keys, (start, end))| Message {
                key: &keys.as_chunks().0[half],
                bytes: &bytes[start..end],
            });
            lanes::keyed(&of.collect::<Vec<_>>())
        };
        let commitments = messages(&self.subject, |ends| ends.1, 1);
        for ((end, _), commitment) in self.ends.iter().zip(&commitments) {
            self.open[end - 32..*end].copy_from_slice(&commitment.0);
        }
        let leaves = messages(&self.open, |ends| ends.0, 0);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(&leaves);
        }
        self.tree.extend(leaves);
        self.open.clear();
        self.subject.clear();
        self.ends.clear();
    }

    /// The root, and the bytes of all groups.
    #[must_use]
    pub fn finish(mut self) -> (Hash, u64) {
        self.take_in();
        (self.tree.root(), self.size)
    }

    /// The leaves, as far as they were [kept](Leaves::kept), and the root.
    #[must_use]
    pub fn finish_with_leaves(mut self) -> (Vec<Hash>, Hash) {
        self.take_in();
        (self.kept.unwrap_or_default(), self.tree.root())
    }
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

    #[test]
    fn leaves_made_together_are_leaves_made_one_by_one() {
        for rows in [1_u32, 2, 3, 17, 1_000, 1_024, 1_025, 2_500] {
            let seed = [9; 32];
            let mut salts = Salts::new(&seed, rows.into());
            let (mut tree, mut size) = (Tree::default(), 0);
            let mut leaves = Leaves::new(&seed, rows.into());
            for row in 0..rows {
                let open = vec![1; (row * 37 % 1_500) as usize];
                let subject = row.to_le_bytes();
                tree.push(leaf(salts.salt(row.into()), &open, &subject));
                size += open.len() as u64 + 4;
                leaves.push(|to_open, to_subject| {
                    to_open.extend_from_slice(&open);
                    to_subject.extend_from_slice(&subject);
                });
            }
            assert_eq!(leaves.finish(), (tree.root(), size), "{rows} rows");
        }
    }
}
