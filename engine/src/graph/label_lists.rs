//! Labels on their way into a graph: collected as records are read, put in order some millions at a
//! time, and merged. What is held does not grow with the store.

use super::NodeNo;
use super::named::Number;
use crate::error::Result;
use crate::mapping::Words;
use crate::sections::{Sections, Shelf, Shelved, Tag};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Labels that are put in order at once: 32 MiB.
const RUN: usize = 2 << 20;

/// A hash under which a node is found.
type Label = (u64, NodeNo);

/// Labels as they come, with the numbers of their nodes while the graph is built.
pub(super) struct LabelLists {
    shelf: Shelf,
    hashes: Shelved<u64>,
    numbers: Shelved<Number>,
}

impl LabelLists {
    pub(super) fn new(shelf: &Shelf) -> LabelLists {
        LabelLists { shelf: shelf.clone(), hashes: shelf.list(), numbers: shelf.list() }
    }

    pub(super) fn push(&mut self, hash: u64, number: Number) {
        self.hashes.push(hash);
        self.numbers.push(number);
    }

    /// All of them, and more, with the final numbers of nodes, in runs that ascend.
    ///
    /// # Errors
    /// What the medium said.
    pub(super) fn ordered(
        self,
        renamed: &[NodeNo],
        more: impl Iterator<Item = Label>,
    ) -> Result<Ordered> {
        let LabelLists { shelf, hashes, numbers } = self;
        let (hashes, numbers) = (hashes.into_words()?, numbers.into_words()?);
        let renamed = numbers.iter().map(|number| renamed[*number as usize]);
        let mut all = hashes.iter().copied().zip(renamed).chain(more);
        let (mut runs, mut held) = (Vec::new(), Vec::with_capacity(hashes.len().min(RUN)));
        loop {
            held.extend(all.by_ref().take(RUN - held.len()));
            held.par_sort_unstable();
            if held.len() < RUN {
                return Ok(Ordered { runs, held });
            }
            let (mut hashes, mut nodes) = (shelf.list(), shelf.list());
            for (hash, node) in held.drain(..) {
                hashes.push(hash);
                nodes.push(node);
            }
            runs.push((hashes.into_words()?, nodes.into_words()?));
        }
    }
}

/// Runs of labels, each ascending.
pub(super) struct Ordered {
    runs: Vec<(Words<u64>, Words<NodeNo>)>,
    held: Vec<Label>,
}

impl Ordered {
    /// Puts them, and others that ascend.
    ///
    /// # Errors
    /// What the medium said.
    pub(super) fn put(
        self,
        sections: &mut Sections,
        others: impl Iterator<Item = Label>,
    ) -> Result<()> {
        let mut sources: Vec<Box<dyn Iterator<Item = Label> + '_>> = vec![Box::new(others)];
        for (hashes, nodes) in &self.runs {
            sources.push(Box::new(hashes.iter().copied().zip(nodes.iter().copied())));
        }
        sources.push(Box::new(self.held.iter().copied()));
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (source, labels) in sources.iter_mut().enumerate() {
            heads.extend(labels.next().map(|label| Reverse((label, source))));
        }
        let (mut hashes, mut nodes, mut last) = (sections.list(), sections.list(), None);
        while let Some(mut first) = heads.peek_mut() {
            let Reverse((label, source)) = *first;
            match sources[source].next() {
                Some(next) => *first = Reverse((next, source)),
                None => {
                    PeekMut::pop(first);
                }
            }
            if last.replace(label) != Some(label) {
                hashes.push(label.0);
                nodes.push(label.1);
            }
        }
        sections.put_list(Tag::LabelHashes, 0, 0, hashes)?;
        sections.put_list(Tag::LabelNodes, 0, 0, nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn labels_come_in_one_order_whether_one_run_holds_them_or_several() {
        let renamed: Vec<NodeNo> = (0..1_000).rev().collect();
        // A constant hash now and then, as of a tag that all nodes have; and some said twice.
        let hash = |at: u64| {
            if at.is_multiple_of(3) { 7 } else { at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8 }
        };
        let count = RUN as u64 * 2 + 5;
        let mut lists = LabelLists::new(&Shelf::default());
        let mut expected: Vec<Label> = vec![(3, 1), (7, 2_000)];
        for at in 0..count {
            let number = u32::try_from(at % 1_000).unwrap();
            lists.push(hash(at), number);
            expected.push((hash(at), renamed[number as usize]));
        }
        expected.extend([(5, 4), (7, 4)]);
        expected.sort_unstable();
        expected.dedup();
        let ordered = lists.ordered(&renamed, [(7, 4), (5, 4)].into_iter()).unwrap();
        assert_eq!(ordered.runs.len(), 2);
        let mut sections = Sections::new(Arc::default());
        ordered.put(&mut sections, [(3, 1), (7, 2_000)].into_iter()).unwrap();
        let (hashes, nodes) =
            (sections.get::<u64>(Tag::LabelHashes, 0), sections.get::<u32>(Tag::LabelNodes, 0));
        let put = hashes.all().unwrap().iter().copied().zip(nodes.all().unwrap().iter().copied());
        assert!(put.eq(expected));
    }
}
