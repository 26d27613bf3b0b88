//! Adjacency of one relation in one direction: compressed sparse rows over the nodes that have it.

use super::NodeNo;

/// For each node from `first` on, the run of its neighbours in `targets`, sorted.
#[derive(Clone, Default, Debug)]
pub(crate) struct Csr {
    first: NodeNo,
    offsets: Vec<u32>,
    targets: Vec<NodeNo>,
}

impl Csr {
    /// Adjacency from pairs (node, neighbour), which are sorted and made unique here.
    pub(crate) fn new(mut pairs: Vec<(NodeNo, NodeNo)>) -> Csr {
        pairs.sort_unstable();
        pairs.dedup();
        let (Some((first, _)), Some((last, _))) = (pairs.first(), pairs.last()) else {
            return Csr::default();
        };
        let first = *first;
        let rows = (last - first + 1) as usize;
        let mut offsets = vec![0_u32; rows + 1];
        for (node, _) in &pairs {
            offsets[(node - first) as usize + 1] += 1;
        }
        for at in 0..rows {
            offsets[at + 1] += offsets[at];
        }
        Csr { first, offsets, targets: pairs.into_iter().map(|(_, target)| target).collect() }
    }

    /// First node, offsets and targets, for a file.
    pub(crate) fn parts(&self) -> (NodeNo, &[u32], &[NodeNo]) {
        (self.first, &self.offsets, &self.targets)
    }

    /// From a file; none if a number leads nowhere in a graph of so many nodes.
    pub(crate) fn from_parts(
        first: NodeNo,
        offsets: Vec<u32>,
        targets: Vec<NodeNo>,
        nodes: usize,
    ) -> Option<Csr> {
        let whole = match (offsets.first(), offsets.last()) {
            (Some(start), Some(end)) => *start == 0 && *end as usize == targets.len(),
            _ => targets.is_empty(),
        };
        let fits =
            whole && offsets.is_sorted() && targets.iter().all(|target| (*target as usize) < nodes);
        fits.then_some(Csr { first, offsets, targets })
    }

    /// The neighbours of a node.
    pub(crate) fn of(&self, node: NodeNo) -> &[NodeNo] {
        let Some(row) = node.checked_sub(self.first) else { return &[] };
        let row = row as usize;
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(from), Some(to)) => &self.targets[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// How many edges there are.
    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_sorted_and_unique_and_others_have_none() {
        let csr = Csr::new(vec![(7, 3), (5, 9), (7, 1), (5, 9)]);
        assert_eq!((csr.of(5), csr.of(6), csr.of(7)), (&[9][..], &[][..], &[1, 3][..]));
        assert_eq!((csr.of(4), csr.of(8), csr.len()), (&[][..], &[][..], 3));
        assert_eq!(Csr::new(vec![]).of(0), &[] as &[u32]);
    }
}
