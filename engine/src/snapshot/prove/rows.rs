//! The rows of a proof: what their leaves are made of, and what leads from them to a batch's root. Of
//! rows that were erased it is the leaf that the erasure kept, and its record.

use super::{Maker, Unproved};
use crate::error::{Error, Result};
use crate::event_fields::Group;
use crate::events::{EventBlock, LeftLeaves, leaves};
use lineal_proof::bundle::{BatchPart, RowContent, RowPart, subtrees};
use lineal_proof::cover::Cover;
use lineal_proof::event::leaf_keys;
use lineal_proof::record::{Decision, ErasedRows, Record};
use lineal_proof::{Hash, Value, merkle};
use std::collections::BTreeMap;

/// What erasures say of a batch.
struct Erased {
    /// Of each row that a proof is of, if it is erased: the commit, and the id of the record.
    rows: BTreeMap<u32, (u64, Hash)>,
    /// The leaves that were kept, of rows that are erased or whose salts went with them.
    leaves: BTreeMap<u32, Hash>,
}

impl Maker<'_> {
    /// The batches with their rows, ascending by the ids of their revisions.
    pub(super) fn batches(&mut self, withhold: bool) -> Result<Vec<BatchPart>, Unproved> {
        let mut parts = Vec::new();
        for (ordinal, rows) in std::mem::take(&mut self.rows) {
            let batch = self.batch_revision(ordinal)?;
            let rows: Vec<u32> = rows.into_iter().collect();
            parts.push(self.batch(ordinal, batch, &rows, withhold)?);
        }
        parts.sort_by_key(|part| part.batch);
        Ok(parts)
    }

    fn batch(
        &mut self,
        ordinal: u32,
        batch: Hash,
        rows: &[u32],
        withhold: bool,
    ) -> Result<BatchPart, Unproved> {
        let fail = |rule: &'static str| Error::corrupt("segments", 0, rule);
        let place = self.view.graph().batch_place(ordinal);
        let place = place.ok_or_else(|| fail("a batch of the view has rows"))?;
        let (container, first) = self.view.place(place.place)?;
        let block = container.read_all(first..first + place.rows as usize)?;
        let revision = self.revision(&batch)?;
        let field = |name: &str| revision.fields.get(name).and_then(Value::as_bytes);
        let erased = self.erased(&batch, rows);
        let (cover, all, root) =
            self.leaves(&batch, field("seed").unwrap_or_default(), &block, &erased)?;
        // Of a batch of which nothing is left the root stands alone.
        if root.is_some_and(|root| field("root") != Some(&root.0[..])) {
            return Err(fail("the batch's root is that of its rows").into());
        }
        let mut shown = Vec::new();
        for row in rows {
            let content = match erased.rows.get(row) {
                Some((commit, record)) if *commit <= self.view.commit() => {
                    self.records.insert(*record);
                    let leaf = erased.leaves.get(row).copied().filter(|_| root.is_some());
                    RowContent::Erased { leaf, record: *record }
                }
                Some((commit, _)) => return Err(Unproved::ErasedSince { commit: *commit }),
                None => whole_or_withheld(&block, &cover, *row, withhold)?,
            };
            shown.push(RowPart { at: u64::from(*row), content });
        }
        let places: Vec<u64> = rows.iter().copied().map(u64::from).collect();
        let tree = root.map(|_| subtrees::show(&all, &places, merkle::node));
        Ok(BatchPart { batch, rows: shown, tree: tree.unwrap_or_default() })
    }

    /// Which of these rows are erased, and the leaves that were kept of the batch.
    fn erased(&self, batch: &Hash, rows: &[u32]) -> Erased {
        let state = self.store.read_state();
        let ledger = &state.ledger;
        let mut erased = Erased { rows: BTreeMap::new(), leaves: ledger.kept_leaves(batch) };
        let destroying =
            ledger.erasures.iter().filter(|(_, erasure)| erasure.decision == Decision::Erased);
        for (commit, erasure) in destroying {
            let own = erasure.batches.iter().filter(|rows| rows.batch.0 == *batch);
            let mut named = own.flat_map(ErasedRows::each).map(|(row, _)| row).peekable();
            if named.peek().is_some() {
                let id = Hash::of(&erasure.encode());
                let of_proof = named.filter(|row| rows.binary_search(row).is_ok());
                erased.rows.extend(of_proof.map(|row| (row, (*commit, id))));
            }
        }
        erased
    }

    /// What is left of a batch's salts, its leaves, and the root over them; no root where neither salt
    /// nor leaf of some row is left.
    fn leaves(
        &self,
        batch: &Hash,
        seed: &[u8],
        block: &EventBlock,
        erased: &Erased,
    ) -> Result<(Cover, Vec<Hash>, Option<Hash>)> {
        let secrets = self.view.view.secrets();
        let rows = block.rows() as u64;
        let cover = secrets.keys.need_cover((batch, seed), rows, "proving an event")?;
        if let Some(seed) = secrets.keys.batch_seed(seed).filter(|_| erased.leaves.is_empty()) {
            let (all, root) = leaves(block, seed);
            return Ok((cover, all, Some(root)));
        }
        let mut left = LeftLeaves::new(block, &cover);
        let rows = 0..u32::try_from(block.rows()).unwrap_or(u32::MAX);
        let known = |row: u32| erased.leaves.get(&row).copied();
        let all: Option<Vec<Hash>> = rows.map(|row| known(row).or_else(|| left.of(row))).collect();
        let all = all.unwrap_or_default();
        let root = subtrees::show(&all, &[], merkle::node).first().copied();
        Ok((cover, all, root))
    }
}

/// What a proof discloses of a row that is there.
fn whole_or_withheld(
    block: &EventBlock,
    cover: &Cover,
    row: u32,
    withhold: bool,
) -> Result<RowContent, Unproved> {
    let salt = cover.salt(row).ok_or(Unproved::Unsalted { row })?;
    let (k1, k2) = leaf_keys(&salt);
    let group = |group: Group| {
        let mut bytes = Vec::new();
        block.write_group(&mut bytes, row as usize, group);
        bytes
    };
    let (open, subject) = (group(Group::Open), group(Group::Subject));
    Ok(if withhold {
        RowContent::Withheld { k1, open, commitment: Hash::keyed(&k2, &subject) }
    } else {
        RowContent::Whole { k1, k2, open, subject }
    })
}
