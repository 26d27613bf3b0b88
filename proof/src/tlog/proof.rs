//! What a stranger computes: whether a proof leads from a leaf, or from an earlier tree, to a root
//! (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
//!
//! Written from the rules for verifiers, not from those for makers of proofs (`tree.rs`): neither
//! can hide a mistake of the other.

use super::{Error, Result, TreeHash};

/// Hashes that a proof can have: one for each level of a tree of 2^63 leaves. C2SP's tlog-witness
/// allows no more.
pub const PROOF_HASHES_MAX: usize = 63;

/// Does the proof show that `leaf` is leaf number `index` (from 0) of the tree of `size` leaves
/// with this root?
///
/// # Errors
/// [`Error::Outside`], [`Error::ProofLength`] or [`Error::Root`]: which of these it fails by.
pub fn verify_inclusion(
    leaf: &TreeHash,
    index: u64,
    size: u64,
    proof: &[TreeHash],
    root: &TreeHash,
) -> Result<()> {
    if index >= size {
        return Err(Error::Outside { what: "leaf", number: index, size });
    }
    let (mut index, mut last) = (index, size - 1);
    let expected = path_length(index, last);
    if proof.len() != expected {
        return Err(Error::ProofLength { found: proof.len(), expected });
    }
    let mut computed = *leaf;
    for sibling in proof {
        if index & 1 == 1 || index == last {
            computed = TreeHash::node(sibling, &computed);
            // A node without a right sibling is its own parent: up to where it is a right child.
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            computed = TreeHash::node(&computed, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    same(computed, root)
}

/// Does the proof show that the tree of `size` leaves with this root begins with that of `earlier`
/// leaves and root `earlier_root`? Of an empty tree nothing can be shown: every tree begins with it.
///
/// # Errors
/// [`Error::Outside`], [`Error::ProofLength`] or [`Error::Root`]: which of these it fails by.
pub fn verify_consistency(
    earlier: u64,
    earlier_root: &TreeHash,
    size: u64,
    root: &TreeHash,
    proof: &[TreeHash],
) -> Result<()> {
    if earlier == 0 || earlier > size {
        return Err(Error::Outside {
            what: "earlier size that can be proved:",
            number: earlier,
            size,
        });
    }
    verify_subtree(0, earlier, earlier_root, size, root, proof)
}

/// Does the proof show that the subtree over leaves `from` to `to`, the latter not in it, is one of the tree of
/// `size` leaves with this root? `from` is a multiple of the subtree's size, rounded up to a power of
/// two (draft-ietf-plants-merkle-tree-certs, "Subtrees"; with `from` 0 it is consistency of trees).
///
/// # Errors
/// [`Error::Outside`], [`Error::ProofLength`] or [`Error::Root`]: which of these it fails by.
pub fn verify_subtree(
    from: u64,
    to: u64,
    subtree_root: &TreeHash,
    size: u64,
    root: &TreeHash,
    proof: &[TreeHash],
) -> Result<()> {
    if from == to && to <= size {
        // Part of every tree, and known without one.
        return match proof.len() {
            0 => same(TreeHash::empty(), subtree_root),
            found => Err(Error::ProofLength { found, expected: 0 }),
        };
    }
    let width = to.checked_sub(from).filter(|width| *width > 0);
    let aligned = width.and_then(u64::checked_next_power_of_two);
    if to > size || !aligned.is_some_and(|width| from.is_multiple_of(width)) {
        return Err(Error::Outside {
            what: "subtree that can be proved and ends at",
            number: to,
            size,
        });
    }
    let (mut first, mut node, mut last) = (from, to - 1, size - 1);
    // Up to the largest complete subtree that ends where this one does: of that on the proof tells.
    while first != node && (node == last || node & 1 == 1) {
        (first, node, last) = (first >> 1, node >> 1, last >> 1);
    }
    // If that is the subtree itself, its root begins the proof without being in it.
    let whole = first == node;
    let expected = path_length(node, last) + usize::from(!whole);
    if proof.len() != expected {
        return Err(Error::ProofLength { found: proof.len(), expected });
    }
    let (begin, rest) = match proof.split_first() {
        Some((begin, rest)) if !whole => (*begin, rest),
        _ => (*subtree_root, proof),
    };
    let (mut old, mut new) = (begin, begin);
    for sibling in rest {
        if node & 1 == 1 || node == last {
            if first < node {
                old = TreeHash::node(sibling, &old);
            }
            new = TreeHash::node(sibling, &new);
            while node & 1 == 0 && node != 0 {
                (first, node, last) = (first >> 1, node >> 1, last >> 1);
            }
        } else {
            new = TreeHash::node(&new, sibling);
        }
        (first, node, last) = (first >> 1, node >> 1, last >> 1);
    }
    same(old, subtree_root)?;
    same(new, root)
}

/// How many siblings the way up from a node has, whose level ends with node `last`: one for each
/// level below that where both ways meet, and one for each further level on which it is a right child.
fn path_length(node: u64, last: u64) -> usize {
    let inner = u64::BITS - (node ^ last).leading_zeros();
    let border = node.checked_shr(inner).unwrap_or(0).count_ones();
    (inner + border) as usize
}

/// The two hashes must be one.
fn same(computed: TreeHash, expected: &TreeHash) -> Result<()> {
    if computed == *expected {
        return Ok(());
    }
    Err(Error::Root { computed, expected: *expected })
}
