//! How many of a batch's events have which field.
//!
//! A batch's revision says it of all rows. Where some of them are no events of the view, because another
//! row of the same event counts or because the import that brought them was retracted, rows are counted:
//! only such batches are opened.

use super::Snapshot;
use crate::error::Result;
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::graph::{Batch, NodeNo};
use lineal_proof::{Map, Value};
use std::collections::BTreeMap;

/// Which fields events have.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Presence {
    /// Events of which that is known. Of an erased one it is where the batch's own revision tells it, as
    /// every counter does, and not where rows were counted.
    pub events: u64,
    /// Events by the field that they have.
    pub fields: BTreeMap<EventField, u64>,
}

impl Presence {
    /// How many have a field.
    #[must_use]
    pub fn of(&self, field: EventField) -> u64 {
        self.fields.get(&field).copied().unwrap_or(0)
    }

    /// Adds those of another batch.
    pub fn add(&mut self, other: &Presence) {
        self.events += other.events;
        for (field, count) in &other.fields {
            *self.fields.entry(*field).or_default() += count;
        }
    }
}

impl Snapshot {
    /// Which fields the events have that a batch counts.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a record or a column cannot be read.
    pub fn presence(&self, node: NodeNo) -> Result<Presence> {
        let parts: Vec<&Batch> = self.parts(node).collect();
        let mut all = Presence::default();
        match parts[..] {
            [part] if part.kept.is_none() => {
                let fields = recorded(&self.fields(node)?.fields);
                all = Presence { events: part.events, fields };
                if !part.outweighed.is_empty() {
                    let fields: Vec<EventField> = all.fields.keys().copied().collect();
                    let taken = self.having(part, &fields, |row| !part.counts_erased(*row))?;
                    for (field, count) in &mut all.fields {
                        *count = count.saturating_sub(taken.of(*field));
                    }
                }
            }
            // Rows of some of them are gone from the view, or its revision is one of several.
            _ => {
                let fields: Vec<EventField> = EVENT_FIELDS.iter().map(|spec| spec.field).collect();
                for part in parts {
                    all.add(&self.having(part, &fields, |row| part.counts(*row))?);
                }
            }
        }
        Ok(all)
    }

    /// Which of these fields the rows of a part have that are meant.
    fn having(
        &self,
        part: &Batch,
        fields: &[EventField],
        is_meant: impl Fn(&u32) -> bool,
    ) -> Result<Presence> {
        let block = self.read_batch(part, fields)?;
        let mut found = Presence::default();
        for row in (0..part.rows).filter(is_meant) {
            found.events += 1;
            for field in fields {
                if block.get(row as usize, *field).is_some() {
                    *found.fields.entry(*field).or_default() += 1;
                }
            }
        }
        Ok(found)
    }
}

/// What the revision of a batch says.
fn recorded(fields: &Map) -> BTreeMap<EventField, u64> {
    let said = fields.get("presence").and_then(Value::as_map).into_iter().flat_map(Map::iter);
    let counted = said.filter_map(|(name, count)| {
        let count = count.as_i64().map_or(0, i64::unsigned_abs);
        Some((EventField::parse(name)?, count))
    });
    counted.collect()
}
