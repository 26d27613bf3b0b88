//! Some nodes of one kind as bits, and what they are led to over edges that stand side by side: for
//! questions that are told of all nodes of a kind at once (`whole.rs`).

use std::ops::Range;

use crate::source::NodeNo;

/// Nodes of a kind in a word.
const WORD: usize = 64;

/// Where fewer than one in so many nodes are led to, each is set by itself.
const FEW: usize = 16;

/// A bit for each of these bytes, which are 0 or 1: eight by one multiplication, which gathers them
/// in its highest byte.
#[inline]
fn packed(marks: &[u8; WORD]) -> u64 {
    let (eights, _) = marks.as_chunks::<8>();
    eights.iter().zip((0..).step_by(8)).fold(0, |bits, (eight, at)| {
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits | gathered << at
    })
}

/// Some nodes of one kind, a bit for each.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    first: NodeNo,
    words: Vec<u64>,
}

impl Bits {
    /// Words of which the first bit is this node's.
    pub(super) fn of(first: NodeNo, words: Vec<u64>) -> Bits {
        Bits { first, words }
    }

    /// None of a kind.
    pub(super) fn none(range: &Range<NodeNo>) -> Bits {
        Bits { first: range.start, words: vec![0; range.len().div_ceil(WORD)] }
    }

    /// All of a kind.
    pub(super) fn all(range: &Range<NodeNo>) -> Bits {
        let mut bits = Bits::none(range);
        bits.words.fill(u64::MAX);
        bits.cut(range);
        bits
    }

    /// Is a node among them?
    #[inline]
    pub(super) fn has(&self, node: NodeNo) -> bool {
        let at = node.wrapping_sub(self.first) as usize;
        self.words.get(at / WORD).is_some_and(|word| word >> (at % WORD) & 1 == 1)
    }

    /// Adds a node of the kind.
    #[inline]
    pub(super) fn add_one(&mut self, node: NodeNo) {
        let at = node.wrapping_sub(self.first) as usize;
        if let Some(word) = self.words.get_mut(at / WORD) {
            *word |= 1 << (at % WORD);
        }
    }

    /// Adds the nodes whose rows are not empty; these are nodes of the kind.
    pub(super) fn add_rows(&mut self, first: NodeNo, offsets: &[u32]) {
        let skipped = first.wrapping_sub(self.first) as usize;
        // Rows up to the end of a word, then word by word.
        let until = (WORD - skipped % WORD).min(offsets.len().saturating_sub(1));
        let (mut from, mut to, mut at) = (0, until, skipped);
        while from < to {
            let starts = offsets.get(from..to).unwrap_or_default();
            let ends = offsets.get(from + 1..=to).unwrap_or_default();
            let mut marks = [0; WORD];
            for ((mark, start), end) in marks.iter_mut().zip(starts).zip(ends) {
                *mark = u8::from(start != end);
            }
            if let Some(word) = self.words.get_mut(at / WORD) {
                *word |= packed(&marks) << (at % WORD);
            }
            at += to - from;
            (from, to) = (to, (to + WORD).min(offsets.len() - 1));
        }
    }

    /// Adds the nodes of the kind at the far end of edges of these nodes, whose rows stand side by side,
    /// and gives how many edges these are, to whatever kind. Questions about all nodes of a kind spend their time here
    /// (`benches/asking.rs`, q4b).
    pub(super) fn add_ends(
        &mut self,
        nodes: &Bits,
        rows: (NodeNo, &[u32], &[NodeNo]),
        kind: &Range<NodeNo>,
    ) -> usize {
        let edges = match nodes.len() < kind.len() / FEW {
            true => self.add_few_ends(nodes, rows),
            false => self.add_many_ends(nodes, rows),
        };
        // Behind the last node of the kind stands what is none of it.
        self.cut(kind);
        edges
    }

    fn add_few_ends(&mut self, nodes: &Bits, rows: (NodeNo, &[u32], &[NodeNo])) -> usize {
        let (own, words) = (self.first, self.words.as_mut_slice());
        nodes.for_each_end(rows, |end, mark| {
            let at = end.wrapping_sub(own) as usize;
            if let Some(word) = words.get_mut(at / WORD) {
                *word |= u64::from(mark) << (at % WORD);
            }
        })
    }

    fn add_many_ends(&mut self, nodes: &Bits, rows: (NodeNo, &[u32], &[NodeNo])) -> usize {
        let (own, room) = (self.first, self.words.len() * WORD);
        // A byte a node, which is written without being read, and made a bit at the end.
        let mut marks = vec![0; room];
        let edges = nodes.for_each_end(rows, |end, mark| {
            if let Some(marked) = marks.get_mut(end.wrapping_sub(own) as usize) {
                *marked |= mark;
            }
        });
        let (marks, _) = marks.as_chunks();
        self.words.iter_mut().zip(marks).for_each(|(word, marks)| *word |= packed(marks));
        edges
    }

    /// Goes along the edges of these nodes, and gives how many they are; ends that come with 0 are
    /// those of a node that is not among them. Rows begin with the node `first`.
    fn for_each_end(
        &self,
        (first, offsets, ends): (NodeNo, &[u32], &[NodeNo]),
        mut take: impl FnMut(NodeNo, u8),
    ) -> usize {
        let begin = offsets.first().copied().unwrap_or(0);
        let in_order =
            offsets.iter().zip(begin..).fold(true, |all, (at, next)| all & (*at == next));
        let skipped = first.wrapping_sub(self.first) as usize;
        // Where each row has one end, it stands where the row does.
        let is_single = in_order && offsets.len() == ends.len() + 1 && skipped == 0;
        let within = |at: u32| at.wrapping_sub(begin) as usize;
        let mut edges = 0;
        for (word, at) in self.words.iter().zip((0_usize..).step_by(WORD)) {
            let mut left = *word;
            if is_single {
                let ends = ends.get(at..).unwrap_or_default();
                let ends = ends.get(..WORD).unwrap_or(ends);
                if ends.len() < WORD {
                    left &= (1 << ends.len()) - 1;
                }
                let count = left.count_ones() as usize;
                edges += count;
                if count >= WORD / 4 {
                    for end in ends {
                        take(*end, (left & 1) as u8);
                        left >>= 1;
                    }
                    continue;
                }
                while left != 0 {
                    if let Some(end) = ends.get(left.trailing_zeros() as usize) {
                        take(*end, 1);
                    }
                    left &= left - 1;
                }
                continue;
            }
            while left != 0 {
                let row = (at + left.trailing_zeros() as usize).wrapping_sub(skipped);
                left &= left - 1;
                let Some([from, to, ..]) = offsets.get(row..) else { continue };
                let ends = ends.get(within(*from)..within(*to)).unwrap_or_default();
                edges += ends.len();
                ends.iter().for_each(|end| take(*end, 1));
            }
        }
        edges
    }

    /// Leaves out what lies behind the last node of the kind.
    fn cut(&mut self, range: &Range<NodeNo>) {
        if let (Some(last), spare @ 1..) = (self.words.last_mut(), range.len() % WORD) {
            *last &= u64::MAX >> (WORD - spare);
        }
    }

    /// Each word, and the nodes whose bits stand in it.
    pub(super) fn by_word(
        &mut self,
        range: &Range<NodeNo>,
    ) -> impl Iterator<Item = (&mut u64, Range<NodeNo>)> {
        let end = range.end;
        let firsts = range.clone().step_by(WORD);
        let nodes = firsts.map(move |first| first..end.min(first.saturating_add(64)));
        self.words.iter_mut().zip(nodes)
    }

    /// Keeps those that others have too.
    pub(super) fn keep(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds those that others have.
    pub(super) fn add(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Leaves out those that others have.
    pub(super) fn leave_out(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The nodes, ascending.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeNo> + '_ {
        let first = self.first;
        self.words.iter().zip(0u32..).flat_map(move |(word, at)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(first + at * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_behind_the_last_node_are_never_set() {
        let all = Bits::all(&(10..140));
        assert_eq!((all.len(), all.nodes().last()), (130, Some(139)));
        assert_eq!(Bits::all(&(0..64)).len(), 64);
        assert_eq!(Bits::all(&(5..5)).len(), 0);
        let mut left = all.clone();
        left.leave_out(&Bits::all(&(10..140)));
        assert_eq!(left.len(), 0);
        assert!(all.has(139) && !all.has(9) && !all.has(140));
    }

    #[test]
    fn rows_that_are_not_empty_are_added_wherever_they_begin() {
        for (skipped, every) in [(0_u32, 3), (5, 2), (63, 1), (64, 7), (130, 5)] {
            let rows = 200 - skipped;
            let ends = (0..rows).scan(0, |end, row| {
                *end += u32::from(row % every == 0);
                Some(*end)
            });
            let offsets: Vec<u32> = std::iter::once(0).chain(ends).collect();
            let mut bits = Bits::none(&(10..210));
            bits.add_rows(10 + skipped, &offsets);
            let wanted: Vec<NodeNo> =
                (0..rows).filter(|row| row % every == 0).map(|row| 10 + skipped + row).collect();
            assert_eq!(bits.nodes().collect::<Vec<_>>(), wanted);
        }
        let mut none = Bits::none(&(10..210));
        none.add_rows(20, &[]);
        none.add_rows(500, &[0]);
        assert_eq!(none.len(), 0);
    }

    #[test]
    fn a_byte_a_node_becomes_a_bit_a_node() {
        for bits in [0, 1, 1 << 63, 0x8000_0001_8000_0001, 0x0123_4567_89ab_cdef, u64::MAX] {
            let marks: [u8; WORD] = std::array::from_fn(|at| (bits >> at & 1) as u8);
            assert_eq!(packed(&marks), bits);
        }
    }

    /// What `add_ends` must come to, edge by edge.
    fn one_by_one(
        nodes: &Bits,
        (first, offsets, ends): (NodeNo, &[u32], &[NodeNo]),
        kind: &Range<NodeNo>,
    ) -> (Vec<NodeNo>, usize) {
        let begin = offsets.first().copied().unwrap_or(0);
        let of = |node: NodeNo| match offsets.get(node.wrapping_sub(first) as usize..) {
            Some([from, to, ..]) => &ends[(from - begin) as usize..(to - begin) as usize],
            _ => &[],
        };
        let all: Vec<NodeNo> = nodes.nodes().flat_map(of).copied().collect();
        let found: std::collections::BTreeSet<NodeNo> =
            all.iter().copied().filter(|end| kind.contains(end)).collect();
        (found.into_iter().collect(), all.len())
    }

    #[test]
    fn ends_of_some_nodes_are_added_and_others_are_not() {
        // Nodes 30 to 259 and how many ends the rows from `first` on have; every so-many-th is asked.
        for (first, rows, ends_each, every) in [
            (30, 230, 1, 1),
            (30, 230, 1, 2),
            (30, 230, 1, 40),
            (30, 200, 1, 1),
            (40, 100, 2, 3),
            (30, 230, 2, 1),
            (30, 230, 0, 1),
            (100, 0, 0, 1),
        ] {
            let offsets: Vec<u32> = (0..=rows).map(|row| 7 + row * ends_each).collect();
            let rows = first..first + rows;
            // Some are of another kind, before and behind this one.
            let ends: Vec<NodeNo> =
                rows.flat_map(|node| (0..ends_each).map(move |at| node * 7 % 300 + at)).collect();
            let mut nodes = Bits::none(&(30..260));
            (30..260).step_by(every).for_each(|node| nodes.add_one(node));
            for kind in [20..69, 20..280, 5..5] {
                let mut found = Bits::none(&kind);
                let edges = found.add_ends(&nodes, (first, &offsets, &ends), &kind);
                let wanted = one_by_one(&nodes, (first, &offsets, &ends), &kind);
                assert_eq!((found.nodes().collect(), edges), wanted, "{first} {ends_each} {every}");
            }
        }
    }
}
