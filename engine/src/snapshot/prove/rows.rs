//! The rows of a proof: what their leaves are made of, and what leads from them to a batch's root.

use super::{Maker, Unproved};
use crate::error::Error;
use crate::event_fields::Group;
use crate::events::leaves;
use lineal_proof::bundle::{BatchPart, RowContent, RowPart, subtrees};
use lineal_proof::event::{Salts, leaf_keys};
use lineal_proof::{Hash, Value, merkle};

impl Maker<'_> {
    /// The batches with their rows, ascending by the ids of their revisions.
    pub(super) fn batches(&self, withhold: bool) -> Result<Vec<BatchPart>, Unproved> {
        let mut parts = Vec::new();
        for (ordinal, rows) in &self.rows {
            let batch = self.batch_revision(*ordinal)?;
            let rows: Vec<u64> = rows.iter().copied().map(u64::from).collect();
            parts.push(self.batch(*ordinal, batch, &rows, withhold)?);
        }
        parts.sort_by_key(|part| part.batch);
        Ok(parts)
    }

    fn batch(
        &self,
        ordinal: u32,
        batch: Hash,
        rows: &[u64],
        withhold: bool,
    ) -> Result<BatchPart, Unproved> {
        let fail = |rule: &'static str| Error::corrupt("segments", 0, rule);
        let place = self.view.graph().batch_place(ordinal);
        let place = place.ok_or_else(|| fail("a batch of the view has rows"))?;
        let (container, first) = self.view.place(place.place)?;
        let block = container.read_all(first..first + place.rows as usize)?;
        let revision = self.revision(&batch)?;
        let field = |name: &str| revision.fields.get(name).and_then(Value::as_bytes);
        let seed = field("seed").unwrap_or_default();
        let secrets = self.view.view.secrets();
        let purpose = "proving an event";
        let seed = secrets.keys.batch_seed(seed).ok_or(Error::NoKey { name: "seeds", purpose })?;
        let (all, root) = leaves(&block, seed);
        if field("root") != Some(&root.0[..]) {
            return Err(fail("the batch's root is that of its rows").into());
        }
        let mut salts = Salts::new(seed, u64::from(place.rows));
        let mut shown = Vec::new();
        for row in rows {
            let (k1, k2) = leaf_keys(salts.salt(*row));
            let group = |group: Group| {
                let mut bytes = Vec::new();
                block.write_group(&mut bytes, usize::try_from(*row).unwrap_or(usize::MAX), group);
                bytes
            };
            let (open, subject) = (group(Group::Open), group(Group::Subject));
            let content = if withhold {
                RowContent::Withheld { k1, open, commitment: Hash::keyed(&k2, &subject) }
            } else {
                RowContent::Whole { k1, k2, open, subject }
            };
            shown.push(RowPart { at: *row, content });
        }
        let tree = subtrees::show(&all, rows, merkle::node);
        Ok(BatchPart { batch, rows: shown, tree })
    }
}
