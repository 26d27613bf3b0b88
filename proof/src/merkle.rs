//! Merkle trees in the shape of RFC 6962, section 2.1, with BLAKE3 (docs/format.md, section 7).

use crate::hash::Hash;

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
        let mut top = leaf;
        // As many subtrees merge as the count of leaves so far ends in one bits.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.stack.pop() {
                top = node(&left, &top);
            }
        }
        self.stack.push(top);
        self.leaves += 1;
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
}
