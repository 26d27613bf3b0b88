//! Adjacency of one relation in one direction: compressed sparse rows over the nodes that have it.

use super::NodeNo;
use crate::sections::{Section, Sections, Tag};
use rayon::prelude::*;
use std::ops::Range;

/// Rows on their way into a graph.
#[derive(Default, Debug)]
pub(super) struct Rows {
    /// The node of the first row.
    pub(super) first: NodeNo,
    pub(super) offsets: Vec<u32>,
    pub(super) targets: Vec<NodeNo>,
}

impl Rows {
    /// Adjacency from pairs (node, neighbour), which are sorted and made unique here.
    pub(super) fn new(pairs: &mut Vec<(NodeNo, NodeNo)>) -> Rows {
        pairs.par_sort_unstable();
        pairs.dedup();
        let (Some((first, _)), Some((last, _))) = (pairs.first(), pairs.last()) else {
            return Rows::default();
        };
        let first = *first;
        let rows = (last - first + 1) as usize;
        let mut offsets = vec![0_u32; rows + 1];
        for (node, _) in &*pairs {
            offsets[(node - first) as usize + 1] += 1;
        }
        for at in 0..rows {
            offsets[at + 1] += offsets[at];
        }
        Rows { first, offsets, targets: pairs.iter().map(|(_, target)| *target).collect() }
    }

    pub(super) fn put(self, sections: &mut Sections, (offsets, targets): (Tag, Tag), number: u16) {
        if !self.targets.is_empty() {
            sections.put_all(offsets, number, u64::from(self.first), self.offsets);
            sections.put_all(targets, number, 0, self.targets);
        }
    }
}

/// For each node from `first` on, the run of its neighbours in `targets`, sorted.
pub(crate) struct Csr {
    first: NodeNo,
    offsets: Section<u32>,
    targets: Section<NodeNo>,
}

impl Csr {
    pub(super) fn open(
        sections: &Sections,
        (offsets, targets): (Tag, Tag),
        number: u16,
        nodes: usize,
    ) -> Csr {
        Csr {
            first: u32::try_from(sections.extra(offsets, number)).unwrap_or(NodeNo::MAX),
            offsets: sections.get(offsets, number),
            targets: sections.below(targets, number, nodes),
        }
    }

    /// The neighbours of a node; none at all if what says so is damaged.
    #[inline]
    pub(super) fn of(&self, node: NodeNo) -> Option<&[NodeNo]> {
        let Some(row) = node.checked_sub(self.first) else { return Some(&[]) };
        let row = row as usize;
        if row + 1 >= self.offsets.len() {
            return Some(&[]);
        }
        let ends = self.offsets.here(row..row + 2)?;
        self.targets.here(ends[0] as usize..ends[1] as usize)
    }

    /// All rows; none if something of it is damaged.
    pub(super) fn all(&self) -> Option<Adjacency<'_>> {
        let (offsets, targets) = (self.offsets.all()?, self.targets.all()?);
        Some(Adjacency { first: self.first, offsets, targets })
    }

    /// How many edges there are.
    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }
}

/// The neighbours of all nodes over one relation, checked as a whole: for work on every node of a
/// kind.
#[derive(Clone, Copy, Debug)]
pub struct Adjacency<'a> {
    first: NodeNo,
    offsets: &'a [u32],
    targets: &'a [NodeNo],
}

impl<'a> Adjacency<'a> {
    /// The neighbours of a node, ascending.
    #[inline]
    #[must_use]
    pub fn of(&self, node: NodeNo) -> &'a [NodeNo] {
        let Some(row) = node.checked_sub(self.first) else { return &[] };
        match self.offsets.get(row as usize..) {
            Some([from, to, ..]) => {
                self.targets.get(*from as usize..*to as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// The rows of these nodes side by side: the first node that has one, where each row begins and
    /// the last ends, and the neighbours of all.
    #[must_use]
    pub fn within(&self, nodes: &Range<NodeNo>) -> (NodeNo, &'a [u32], &'a [NodeNo]) {
        let first = nodes.start.max(self.first);
        let rows = nodes.end.saturating_sub(first) as usize;
        let offsets = self.offsets.get((first - self.first) as usize..).unwrap_or_default();
        let offsets = offsets.get(..=rows).unwrap_or(offsets);
        let targets = match offsets {
            [from, .., to] => self.targets.get(*from as usize..*to as usize),
            _ => None,
        };
        (first, offsets, targets.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn csr(mut pairs: Vec<(NodeNo, NodeNo)>) -> Csr {
        let tags = (Tag::ForwardOffsets, Tag::ForwardTargets);
        let mut sections = Sections::new(Arc::default());
        Rows::new(&mut pairs).put(&mut sections, tags, 2);
        Csr::open(&sections, tags, 2, 10)
    }

    #[test]
    fn neighbours_are_sorted_and_unique_and_others_have_none() {
        let some = csr(vec![(7, 3), (5, 9), (7, 1), (5, 9)]);
        let of = |node| some.of(node).unwrap();
        assert_eq!((of(5), of(6), of(7)), (&[9][..], &[][..], &[1, 3][..]));
        assert_eq!((of(4), of(8), some.len()), (&[][..], &[][..], 3));
        let all = some.all().unwrap();
        assert!((0..10).all(|node| all.of(node) == of(node)));
        assert_eq!(csr(vec![]).of(0), Some(&[] as &[u32]));
    }

    #[test]
    fn rows_side_by_side_are_those_of_their_nodes() {
        let some = csr(vec![(7, 3), (5, 9), (7, 1), (4, 2)]);
        let all = some.all().unwrap();
        assert_eq!(all.within(&(5..7)), (5, &[1, 2, 2][..], &[9][..]));
        assert_eq!(all.within(&(0..5)), (4, &[0, 1][..], &[2][..]));
        assert_eq!(all.within(&(6..99)), (6, &[2, 2, 4][..], &[1, 3][..]));
        for nothing in [0..4, 8..10, 20..30] {
            assert_eq!(all.within(&nothing).2, &[] as &[u32], "{nothing:?}");
            assert!(all.within(&nothing).1.len() < 2);
        }
        assert_eq!(csr(vec![]).all().unwrap().within(&(0..9)), (0, &[][..], &[][..]));
    }
}
