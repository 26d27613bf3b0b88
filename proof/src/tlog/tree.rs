//! The tree as whoever keeps the log sees it: its root while it grows, and proofs about it
//! (RFC 6962, sections 2.1.1 and 2.1.2).

use super::{Error, Result, TreeHash};

/// A tree that grows leaf by leaf and keeps only the roots of its complete subtrees.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tree {
    /// Roots of complete subtrees, larger ones first: one for each bit that is set in `leaves`.
    stack: Vec<TreeHash>,
    leaves: u64,
}

impl Tree {
    /// The tree of `leaves` leaves whose complete subtrees, larger ones first, have these roots.
    ///
    /// # Errors
    /// If the count is not that of the subtrees of such a tree.
    pub fn from_subtrees(leaves: u64, stack: Vec<TreeHash>) -> Result<Tree> {
        if stack.len() != leaves.count_ones() as usize {
            return Err(Error::form("tree", "it has one subtree for each bit of its size"));
        }
        Ok(Tree { stack, leaves })
    }

    /// Adds a leaf (already hashed: [`TreeHash::leaf`]).
    pub fn push(&mut self, leaf: TreeHash) {
        let mut top = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.stack.pop() {
                top = TreeHash::node(&left, &top);
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

    /// The root.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        let mut subtrees = self.stack.iter().rev();
        let Some(last) = subtrees.next() else { return TreeHash::empty() };
        subtrees.fold(*last, |right, left| TreeHash::node(left, &right))
    }
}

/// Leaf hashes in memory, in the shape that proofs ask for: see [`inclusion_proof`].
#[derive(Clone, Copy, Debug)]
pub struct LeafHashes<'a>(pub &'a [TreeHash]);

impl LeafHashes<'_> {
    /// The root of the complete subtree of `2^height` leaves that is number `index` of its height.
    ///
    /// # Errors
    /// [`Error::Outside`] if the leaves do not reach so far.
    pub fn subtree(&self, height: u32, index: u64) -> Result<TreeHash> {
        let size = self.0.len() as u64;
        let outside = Error::Outside { what: "subtree", number: index, size };
        let width = 1_u64.checked_shl(height).ok_or_else(|| outside.clone())?;
        let from = index.checked_mul(width).ok_or_else(|| outside.clone())?;
        let to = from.checked_add(width).filter(|to| *to <= size).ok_or_else(|| outside.clone())?;
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        let leaves = range.and_then(|(from, to)| self.0.get(from..to)).ok_or(outside)?;
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        Ok(tree.root())
    }
}

/// The root of the first `size` leaves. `subtree(height, index)` gives the root of the complete
/// subtree of `2^height` leaves that is number `index` of its height, from wherever hashes are kept.
///
/// # Errors
/// What `subtree` says.
pub fn root<E>(
    size: u64,
    subtree: impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<TreeHash, E> {
    range_root(0, size, &mut { subtree })
}

/// The hashes that show that leaf `index` is in the tree of `size` leaves, from the leaf's sibling
/// up (RFC 6962, section 2.1.1). For `subtree` see [`root`].
///
/// # Errors
/// [`Error::Outside`] if the tree has no such leaf, else what `subtree` says.
pub fn inclusion_proof<E: From<Error>>(
    index: u64,
    size: u64,
    mut subtree: impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<Vec<TreeHash>, E> {
    if index >= size {
        return Err(Error::Outside { what: "leaf", number: index, size }.into());
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range_root(middle, to, &mut subtree)?);
            to = middle;
        } else {
            proof.push(range_root(from, middle, &mut subtree)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show that the tree of `size` leaves begins with that of `earlier` (RFC 6962,
/// section 2.1.2). Empty where both are alike, and for an empty earlier tree. For `subtree` see [`root`].
///
/// # Errors
/// [`Error::Outside`] if `earlier` is the larger one, else what `subtree` says.
pub fn consistency_proof<E: From<Error>>(
    earlier: u64,
    size: u64,
    mut subtree: impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<Vec<TreeHash>, E> {
    if earlier > size {
        return Err(Error::Outside { what: "earlier size", number: earlier, size }.into());
    }
    let mut proof = Vec::new();
    if earlier == 0 || earlier == size {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, size);
    // SUBPROOF(m, D[from:to], known): whoever checks has the root of the earlier tree, which is a
    // subtree as long as the way went left only.
    while to != earlier {
        let middle = from + split(to - from);
        if earlier <= middle {
            proof.push(range_root(middle, to, &mut subtree)?);
            to = middle;
        } else {
            proof.push(range_root(from, middle, &mut subtree)?);
            from = middle;
        }
    }
    if from != 0 {
        proof.push(range_root(from, to, &mut subtree)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below a number of leaves greater than one.
fn split(leaves: u64) -> u64 {
    1 << (u64::BITS - 1 - (leaves - 1).leading_zeros())
}

/// The root over leaves `from` to `to`, where the larger of two halves lies left and `from` is a
/// multiple of the largest power of two in their count: as all ranges in a proof are.
fn range_root<E>(
    from: u64,
    to: u64,
    subtree: &mut impl FnMut(u32, u64) -> Result<TreeHash, E>,
) -> Result<TreeHash, E> {
    let mut roots = Vec::new();
    let mut at = from;
    while at < to {
        let height = u64::BITS - 1 - (to - at).leading_zeros();
        roots.push(subtree(height, at >> height)?);
        at += 1 << height;
    }
    let Some(last) = roots.pop() else { return Ok(TreeHash::empty()) };
    Ok(roots.into_iter().rev().fold(last, |right, left| TreeHash::node(&left, &right)))
}
