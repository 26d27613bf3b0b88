//! Merkle trees in the shape of RFC 6962, section 2.1, with BLAKE3 (docs/format.md, section 7).

use crate::hash::Hash;
use crate::lanes;

/// The leaf of a record in a transaction's tree.
#[must_use]
pub fn leaf(id: &Hash) -> Hash {
    let mut bytes = [0; 33];
    bytes[1..].copy_from_slice(&id.0);
    Hash::of(&bytes)
}

/// The node above two others.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash::of(&bytes)
}

/// The nodes above pairs of others.
fn nodes(pairs: &[Hash]) -> Vec<Hash> {
    let pair = |[left, right]: &[Hash; 2]| {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        bytes
    };
    let bytes: Vec<_> = pairs.as_chunks().0.iter().map(pair).collect();
    lanes::plain(&bytes)
}

/// The root over ids of records; the hash of nothing for none.
#[must_use]
pub fn records_root(ids: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    for id in ids {
        tree.push(leaf(id));
    }
    tree.root()
}

/// A tree that grows leaf by leaf and keeps only the roots of its complete subtrees.
#[derive(Clone, Default, Debug)]
pub struct Tree {
    /// Roots of complete subtrees, larger ones first.
    stack: Vec<Hash>,
    leaves: u64,
}

impl Tree {
    /// Adds a leaf (already hashed).
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(leaf, 0);
    }

    /// Adds leaves as [`Tree::push`] of one after another does, but hashes the nodes above them side
    /// by side.
    pub fn extend(&mut self, mut leaves: Vec<Hash>) {
        // Up to where a subtree of that many begins, one after another.
        let size = leaves.len().next_power_of_two() as u64;
        let before = usize::try_from(self.leaves.next_multiple_of(size) - self.leaves);
        let before = before.unwrap_or(usize::MAX).min(leaves.len());
        leaves.drain(..before).for_each(|leaf| self.push(leaf));
        // What stands alone at the end of each level is a complete subtree: smaller ones first.
        let mut complete = Vec::new();
        for height in 0.. {
            if leaves.len() % 2 == 1 {
                complete.extend(leaves.pop().map(|root| (root, height)));
            }
            if leaves.is_empty() {
                break;
            }
            leaves = nodes(&leaves);
        }
        complete.into_iter().rev().for_each(|(root, height)| self.push_subtree(root, height));
    }

    /// Adds a complete subtree of `2^height` leaves, of which the tree has a multiple.
    fn push_subtree(&mut self, root: Hash, height: u32) {
        let mut top = root;
        // As many subtrees merge as the count of such subtrees so far ends in one bits.
        for _ in 0..(self.leaves >> height).trailing_ones() {
            if let Some(left) = self.stack.pop() {
                top = node(&left, &top);
            }
        }
        self.stack.push(top);
        self.leaves += 1 << height;
    }

    /// How many leaves there are.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root; the hash of nothing for an empty tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut subtrees = self.stack.iter().rev();
        let Some(last) = subtrees.next() else { return Hash::of(&[]) };
        subtrees.fold(*last, |right, left| node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, word by word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&naive(&many[..split]), &naive(&many[split..]))
            }
        }
    }

    #[test]
    fn the_growing_tree_is_the_definition() {
        let leaves: Vec<_> = (0_u64..70).map(|i| leaf(&Hash::of(&i.to_le_bytes()))).collect();
        let mut tree = Tree::default();
        for count in 0..=leaves.len() {
            assert_eq!(tree.root(), naive(&leaves[..count]), "{count} leaves");
            assert_eq!(tree.leaves(), count as u64);
            if let Some(next) = leaves.get(count) {
                tree.push(*next);
            }
        }
    }
    #[test]
    fn leaves_added_together_are_leaves_added_one_by_one() {
        let leaves: Vec<_> = (0_u64..1_500).map(|i| leaf(&Hash::of(&i.to_le_bytes()))).collect();
        for parts in [&[1_500, 0][..], &[1, 2, 3, 700], &[512, 512, 400], &[1_024, 1, 300], &[5, 8]]
        {
            let (mut one_by_one, mut together) = (Tree::default(), Tree::default());
            let mut rest = &leaves[..];
            for part in parts {
                let (now, later) = rest.split_at(*part);
                now.iter().for_each(|leaf| one_by_one.push(*leaf));
                together.extend(now.to_vec());
                assert_eq!(together.root(), one_by_one.root(), "{parts:?}, {part}");
                assert_eq!(together.leaves(), one_by_one.leaves());
                rest = later;
            }
        }
    }
}
