//! Neighbouring leaves of a tree in the shape of RFC 6962, shown to be its leaves at their places.

use crate::hash::Hash;
use crate::merkle::{Tree, node};
use std::ops::Range;

/// The root over leaves (already hashed); the hash of nothing for none.
#[must_use]
pub fn root_of(leaves: Vec<Hash>) -> Hash {
    let mut tree = Tree::default();
    tree.extend(leaves);
    tree.root()
}

/// The hashes that lead from the leaves of a range to the root: the roots of the largest subtrees
/// beside it, from left to right. The range must be one of the leaves and not empty.
#[must_use]
pub fn range_path(leaves: &[Hash], range: &Range<usize>) -> Vec<Hash> {
    let mut path = Vec::new();
    beside(leaves, 0, range, &mut path);
    path
}

fn beside(leaves: &[Hash], from: usize, range: &Range<usize>, path: &mut Vec<Hash>) {
    let to = from + leaves.len();
    if range.end <= from || to <= range.start {
        path.push(root_of(leaves.to_vec()));
    } else if from < range.start || range.end < to {
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        beside(left, from, range, path);
        beside(right, from + left.len(), range, path);
    }
}

/// The root of a tree of so many leaves in which these stand from a place on; none if they cannot, or
/// if the path has other than the hashes that it takes.
#[must_use]
pub fn range_root(count: u64, first: u64, leaves: &[Hash], path: &[Hash]) -> Option<Hash> {
    let end = first.checked_add(leaves.len() as u64)?;
    // No tree has 2^62 leaves; below, a power of two above it can be told.
    (first < end && end <= count && count < 1 << 62).then_some(())?;
    let mut path = path.iter();
    let root = inside((0, count), (first, end), leaves, &mut path)?;
    path.next().is_none().then_some(root)
}

fn inside(
    (from, count): (u64, u64),
    (first, end): (u64, u64),
    leaves: &[Hash],
    path: &mut std::slice::Iter<'_, Hash>,
) -> Option<Hash> {
    if end <= from || from + count <= first {
        return path.next().copied();
    }
    if count == 1 {
        return leaves.get(usize::try_from(from - first).ok()?).copied();
    }
    let left = count.next_power_of_two() / 2;
    let one = inside((from, left), (first, end), leaves, path)?;
    let other = inside((from + left, count - left), (first, end), leaves, path)?;
    Some(node(&one, &other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0_u64..).take(count).map(|at| Hash::of(&at.to_le_bytes())).collect()
    }

    #[test]
    fn every_range_of_every_small_tree_leads_to_its_root_and_no_other_does() {
        for count in 1..20 {
            let all = leaves(count);
            let root = root_of(all.clone());
            for from in 0..count {
                for to in from + 1..=count {
                    let path = range_path(&all, &(from..to));
                    let found = |count: usize, first: usize, path: &[Hash]| {
                        range_root(count as u64, first as u64, &all[from..to], path)
                    };
                    assert_eq!(found(count, from, &path), Some(root), "{from}..{to} of {count}");
                    for place in (0..count).filter(|place| *place != from) {
                        assert_ne!(found(count, place, &path), Some(root), "{from} at {place}");
                    }
                    for at in 0..path.len() {
                        let mut other = path.clone();
                        other[at].0[5] ^= 1;
                        assert_ne!(found(count, from, &other), Some(root));
                        assert_eq!(found(count, from, &path[..at]), None, "a path cut short");
                    }
                    let longer: Vec<_> = path.iter().copied().chain([root]).collect();
                    assert_eq!(found(count, from, &longer), None, "a path that goes on");
                }
            }
        }
    }

    #[test]
    fn sizes_that_no_tree_has_are_refused() {
        let one = leaves(1);
        assert_eq!(range_root(u64::MAX, 0, &one, &[]), None);
        assert_eq!(range_root(u64::MAX, u64::MAX, &one, &[]), None);
        assert_eq!(range_root(1, 1, &one, &[]), None);
        assert_eq!(range_root(1, 0, &[], &[]), None);
        assert_eq!(range_root(0, 0, &[], &[]), None);
    }
}
