//! What is left of a batch's salts when some rows were erased: nodes of the tree of salts from which
//! every row that stays is reached, and none that is gone (docs/format.md, section 23).
//!
//! One node of the tree reveals all salts below it. So a seed from which an erased row was reached is
//! replaced by the nodes beside the way to that row: some twenty keys of a row among a million.

use crate::event::depth_of;
use crate::hash::Hash;

/// A place in a tree of salts: the first bits of the numbers of the rows below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SaltPlace {
    /// Steps from the seed: the number of bits.
    pub level: u8,
    /// The bits, as a number.
    pub index: u32,
}

impl SaltPlace {
    /// The seed's own.
    pub const SEED: SaltPlace = SaltPlace { level: 0, index: 0 };

    /// The place of a row's salt in a batch of so many rows.
    #[must_use]
    pub fn of_row(row: u32, rows: u64) -> SaltPlace {
        SaltPlace { level: u8::try_from(depth_of(rows)).unwrap_or(u8::MAX), index: row }
    }

    fn child(self, bit: u32) -> SaltPlace {
        SaltPlace { level: self.level + 1, index: self.index << 1 | bit }
    }

    /// Which way leads down from `self` to a place below it; none if that is not below.
    fn way_to(self, below: SaltPlace) -> Option<u32> {
        let steps = below.level.checked_sub(self.level).filter(|steps| *steps > 0)?;
        (below.index >> steps == self.index).then_some(below.index >> (steps - 1) & 1)
    }

    /// Is what stands at `below` reached from here?
    fn reveals(self, below: SaltPlace) -> bool {
        self == below || self.way_to(below).is_some()
    }
}

/// A node of a tree of salts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SaltNode {
    /// Where it stands.
    pub place: SaltPlace,
    /// What it holds: from it all below are made.
    pub key: [u8; 32],
}

impl SaltNode {
    fn child(&self, bit: u32) -> SaltNode {
        let step = u8::from(bit == 1);
        SaltNode { place: self.place.child(bit), key: Hash::keyed(&self.key, &[step]).0 }
    }
}

/// Nodes from which salts of a batch are reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cover {
    rows: u64,
    nodes: Vec<SaltNode>,
}

impl Cover {
    /// The cover of a batch of which every row is there: its seed.
    #[must_use]
    pub fn whole(seed: &[u8; 32], rows: u64) -> Cover {
        Cover { rows, nodes: vec![SaltNode { place: SaltPlace::SEED, key: *seed }] }
    }

    /// The cover that these nodes are.
    #[must_use]
    pub fn of(nodes: Vec<SaltNode>, rows: u64) -> Cover {
        Cover { rows, nodes }
    }

    /// Its nodes.
    #[must_use]
    pub fn nodes(&self) -> &[SaltNode] {
        &self.nodes
    }

    /// The salt of a row; none if it is erased, or no row of the batch.
    #[must_use]
    pub fn salt(&self, row: u32) -> Option<[u8; 32]> {
        let place = SaltPlace::of_row(row, self.rows);
        let above = self.nodes.iter().find(|node| node.place.reveals(place))?;
        let mut node = *above;
        while let Some(bit) = node.place.way_to(place) {
            node = node.child(bit);
        }
        (u64::from(row) < self.rows).then_some(node.key)
    }

    /// The rows whose salts are reached, as runs: each a first row and a count, ascending.
    #[must_use]
    pub fn runs(&self) -> Vec<(u32, u32)> {
        let run = |node: &SaltNode| {
            let steps = depth_of(self.rows).checked_sub(node.place.level.into())?;
            let first = u64::from(node.place.index) << steps;
            let end = (first + (1 << steps)).min(self.rows);
            let count = end.checked_sub(first).filter(|count| *count > 0)?;
            Some((u32::try_from(first).ok()?, u32::try_from(count).ok()?))
        };
        let mut runs: Vec<(u32, u32)> = self.nodes.iter().filter_map(run).collect();
        runs.sort_unstable();
        runs
    }

    /// Is anything reached from its nodes that stands at one of these places?
    #[must_use]
    pub fn reveals(&self, places: &[SaltPlace]) -> bool {
        self.nodes.iter().any(|node| places.iter().any(|place| node.place.reveals(*place)))
    }

    /// The cover from which none of these places is reached, and every row of the batch that does not
    /// stand at or above one of them. Places may be of another batch under the same seed, whose tree
    /// has other levels.
    #[must_use]
    pub fn without(&self, places: &[SaltPlace]) -> Cover {
        let mut nodes = Vec::new();
        for node in &self.nodes {
            let own = places.iter().copied().filter(|place| node.place.reveals(*place));
            self.split(node, &own.collect::<Vec<_>>(), &mut nodes);
        }
        Cover { rows: self.rows, nodes }
    }

    /// Adds what is left of a node.
    fn split(&self, node: &SaltNode, places: &[SaltPlace], left: &mut Vec<SaltNode>) {
        let depth = depth_of(self.rows);
        let level = u32::from(node.place.level);
        let first = u64::from(node.place.index) << depth.saturating_sub(level);
        if level > depth || first >= self.rows {
            return;
        }
        if places.is_empty() {
            left.push(*node);
            return;
        }
        if level == depth {
            return;
        }
        for bit in [0, 1] {
            let below =
                places.iter().copied().filter(|place| node.place.way_to(*place) == Some(bit));
            self.split(&node.child(bit), &below.collect::<Vec<_>>(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Salts;

    fn places(rows: &[u32], of: u64) -> Vec<SaltPlace> {
        rows.iter().map(|row| SaltPlace::of_row(*row, of)).collect()
    }

    #[test]
    fn what_stays_is_reached_and_what_is_erased_is_not() {
        for rows in [1_u64, 2, 3, 7, 8, 9, 1_000, 65_536] {
            let mut salts = Salts::new(&[5; 32], rows);
            let count = u32::try_from(rows).unwrap();
            let erased: Vec<u32> = [0, count / 3, count / 2, count - 1].into();
            let cover = Cover::whole(&[5; 32], rows).without(&places(&erased, rows));
            for row in (0..count).step_by(if count > 1_000 { 97 } else { 1 }).chain(erased.clone())
            {
                let expected = (!erased.contains(&row)).then(|| *salts.salt(row.into()));
                assert_eq!(cover.salt(row), expected, "row {row} of {rows}");
            }
            assert!(!cover.reveals(&places(&erased, rows)));
            assert!(cover.nodes().len() <= 4 * 16, "{} nodes", cover.nodes().len());
            assert_eq!(cover.without(&places(&erased, rows)), cover, "done once is done");
            assert_eq!(cover.salt(count), None, "no row of the batch");
            let reached = cover.runs().into_iter().flat_map(|(first, many)| first..first + many);
            let stays = (0..count).filter(|row| !erased.contains(row));
            assert!(reached.eq(stays), "the runs of {rows} rows");
        }
    }

    #[test]
    fn erasing_in_two_steps_is_erasing_at_once() {
        let rows = 1_000;
        let whole = Cover::whole(&[7; 32], rows);
        let at_once = whole.without(&places(&[3, 400, 999], rows));
        let in_steps = whole.without(&places(&[400], rows)).without(&places(&[3, 999], rows));
        let sorted = |cover: &Cover| {
            let mut nodes = cover.nodes().to_vec();
            nodes.sort_unstable();
            nodes
        };
        assert_eq!(sorted(&at_once), sorted(&in_steps));
        let none =
            whole.without(&(0..1_000).map(|row| SaltPlace::of_row(row, rows)).collect::<Vec<_>>());
        assert!(none.nodes().is_empty());
    }

    #[test]
    fn a_salt_of_another_batch_under_the_same_seed_is_not_reached_either() {
        // Row 5 of 8 is 101; in a batch of four rows, row 2 is 10, from which it is made.
        let other = Cover::whole(&[9; 32], 4).without(&places(&[5], 8));
        assert_eq!(other.salt(2), None);
        assert!((0..4).filter(|row| *row != 2).all(|row| other.salt(row).is_some()));
        // In one of sixteen rows 10 and 11 are made from it, and need not go with it.
        let longer = Cover::whole(&[9; 32], 16).without(&places(&[5], 8));
        assert!((0..16).all(|row| longer.salt(row).is_some()));
        assert!(!longer.reveals(&places(&[5], 8)));
    }
}
