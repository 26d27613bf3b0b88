//! What is left of a batch: the leaves of rows that are there, from the salts that are left, beside
//! those that an erasure kept (docs/format.md, section 23).

use super::EventBlock;
use super::block::GroupWriter;
use crate::event_fields::Group;
use lineal_proof::Hash;
use lineal_proof::cover::Cover;
use lineal_proof::event::leaf;
use lineal_proof::merkle::Tree;

/// Makes leaves of the rows of a batch, whose block begins with its first row.
pub(crate) struct LeftLeaves<'a> {
    cover: &'a Cover,
    open: GroupWriter<'a>,
    subject: GroupWriter<'a>,
    bytes: (Vec<u8>, Vec<u8>),
}

impl<'a> LeftLeaves<'a> {
    pub(crate) fn new(block: &'a EventBlock, cover: &'a Cover) -> LeftLeaves<'a> {
        let [open, subject] =
            [Group::Open, Group::Subject].map(|group| GroupWriter::new(block, group));
        LeftLeaves { cover, open, subject, bytes: (Vec::new(), Vec::new()) }
    }

    /// The leaf of a row; none if its salt is gone.
    pub(crate) fn of(&mut self, row: u32) -> Option<Hash> {
        let salt = self.cover.salt(row)?;
        let (open, subject) = &mut self.bytes;
        open.clear();
        subject.clear();
        self.open.write(open, row as usize);
        self.subject.write(subject, row as usize);
        Some(leaf(&salt, open, subject))
    }
}

/// The root of a batch of which some leaves are known from an erasure; none where neither a salt nor
/// a leaf of some row is left.
pub(crate) fn root_of(
    block: &EventBlock,
    cover: &Cover,
    known: &dyn Fn(u32) -> Option<Hash>,
) -> Option<Hash> {
    let mut leaves = LeftLeaves::new(block, cover);
    let mut tree = Tree::default();
    for row in 0..u32::try_from(block.rows()).ok()? {
        tree.push(known(row).or_else(|| leaves.of(row))?);
    }
    Some(tree.root())
}
