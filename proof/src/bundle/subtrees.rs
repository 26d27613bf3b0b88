//! Many leaves of one tree shown at once: the roots of the subtrees in which none of them stands.
//!
//! The shape is that of RFC 6962, section 2.1. Of one leaf that is its audit path, from left to right
//! instead of from the leaf up; of several the hashes that their paths share stand once, and those
//! that one leaf gives for another not at all.

use crate::hash::Hash;
use std::ops::Range;

/// The hash of a node above two others.
pub type Above = fn(&Hash, &Hash) -> Hash;

/// Where a tree of so many leaves, two or more, is divided: the greatest power of two below.
fn left_of(leaves: u64) -> u64 {
    leaves.div_ceil(2).next_power_of_two()
}

/// The subtrees of a tree of so many leaves in which none of these stands, from left to right.
/// `places` ascend, no two alike, each below `leaves`.
#[must_use]
pub fn without(leaves: u64, places: &[u64]) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    if leaves > 0 {
        divide(0..leaves, places, &mut found);
    }
    found
}

fn divide(range: Range<u64>, places: &[u64], found: &mut Vec<Range<u64>>) {
    if places.is_empty() {
        return found.push(range);
    }
    let leaves = range.end - range.start;
    if leaves < 2 {
        return;
    }
    let middle = range.start + left_of(leaves);
    let (left, right) = places.split_at(places.partition_point(|place| *place < middle));
    divide(range.start..middle, left, found);
    divide(middle..range.end, right, found);
}

/// The root of a tree of so many leaves, some of which are known (ascending by place), with the roots
/// of the subtrees that [`without`] names. None where the places do not ascend or stand outside, and
/// where there are more or fewer hashes than the tree has room for.
#[must_use]
pub fn root(leaves: u64, known: &[(u64, Hash)], given: &[Hash], above: Above) -> Option<Hash> {
    let ascend = known.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0));
    let within = known.last().is_none_or(|(place, _)| *place < leaves);
    if leaves == 0 || !ascend || !within {
        return None;
    }
    let mut rest = given.iter();
    let root = join(0..leaves, known, &mut rest, above)?;
    rest.next().is_none().then_some(root)
}

fn join(
    range: Range<u64>,
    known: &[(u64, Hash)],
    given: &mut std::slice::Iter<'_, Hash>,
    above: Above,
) -> Option<Hash> {
    let leaves = range.end - range.start;
    match known {
        [] => return given.next().copied(),
        [(_, hash)] if leaves == 1 => return Some(*hash),
        _ => {}
    }
    let middle = range.start + left_of(leaves);
    let (left, right) = known.split_at(known.partition_point(|(place, _)| *place < middle));
    let left = join(range.start..middle, left, given, above)?;
    let right = join(middle..range.end, right, given, above)?;
    Some(above(&left, &right))
}

/// The hashes that show leaves of a list of all leaves. `places` as in [`without`].
#[must_use]
pub fn show(all: &[Hash], places: &[u64], above: Above) -> Vec<Hash> {
    let root_of = |range: Range<u64>| {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(all.len());
        whole(all.get(place(range.start)..place(range.end)).unwrap_or_default(), above)
    };
    without(all.len() as u64, places).into_iter().map(root_of).collect()
}

/// The root over all leaves of a subtree; there is one at least.
fn whole(leaves: &[Hash], above: Above) -> Hash {
    let mut level = leaves.to_vec();
    // A complete tree level by level: what stands alone at a level's end is joined with the next.
    while level.len() > 1 {
        level = level
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(above(left, right)),
                [alone] => Some(*alone),
                _ => None,
            })
            .collect();
    }
    level.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Tree, leaf, node};

    #[test]
    fn every_set_of_leaves_leads_to_the_root_and_no_other_does() {
        for count in 1_u64..=13 {
            let all: Vec<Hash> = (0..count).map(|at| leaf(&Hash::of(&at.to_le_bytes()))).collect();
            let mut tree = Tree::default();
            all.iter().for_each(|leaf| tree.push(*leaf));
            for set in 0_u64..1 << count {
                let places: Vec<u64> = (0..count).filter(|at| set >> at & 1 == 1).collect();
                let given = show(&all, &places, node);
                let mut known: Vec<(u64, Hash)> =
                    places.iter().map(|at| (*at, all[usize::try_from(*at).unwrap()])).collect();
                assert_eq!(root(count, &known, &given, node), Some(tree.root()), "{count} {set:b}");
                let more = [&given[..], &[Hash::default()]].concat();
                assert_eq!(root(count, &known, &more, node), None);
                if let Some((_, fewer)) = given.split_last() {
                    assert_eq!(root(count, &known, fewer, node), None);
                }
                if let Some((place, _)) = known.first_mut() {
                    *place = (*place + 1) % (count + 1);
                    assert_ne!(root(count, &known, &given, node), Some(tree.root()));
                }
            }
        }
        assert_eq!(root(0, &[], &[], node), None);
    }

    #[test]
    fn a_large_tree_needs_a_hash_a_level() {
        assert_eq!(without(1 << 40, &[12_345]).len(), 40);
        assert_eq!(without(3, &[]).first(), Some(&(0..3)));
    }
}
