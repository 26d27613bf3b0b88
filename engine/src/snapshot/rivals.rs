//! Rows of one log source that share an identity: what is said of one event in several ways.

use super::sharing::sharing;
use super::{EventRef, Snapshot};
use crate::error::Result;
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::events::EventValue;
use crate::graph::Batch;
use crate::runs::rows_of;
use lineal_proof::Map;
use std::collections::HashMap;

/// An event of which rows that are alive say different things. One of them counts
/// (docs/format.md, section 13.7).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contradicted {
    /// The row that counts; none where this view leaves it out, as it names another system.
    pub counts: Option<EventRef>,
    /// The others, in log order: no events of the view.
    pub others: Vec<EventRef>,
}

impl Contradicted {
    /// All its rows, that which counts first.
    pub fn rows(&self) -> impl Iterator<Item = EventRef> + '_ {
        self.counts.into_iter().chain(self.others.iter().copied())
    }
}

/// Where a row stands: which of the view's batches, which row; and what is wanted of it.
pub(super) type Rival<T> = (usize, u32, T);

/// For each identity of these rows all rows of it that are alive in the same log source, in log order.
/// Batches of other sources are not opened, and none where there are no such rows; of these the ids are read
/// whole: a view is weighed before its containers have indexes, and where a damaged one must not decide what
/// is written ([`sharing`] is for what is weighed).
pub(super) fn rivals<T>(
    snapshot: &Snapshot,
    of: impl Fn(&Batch) -> &[(u32, u32)],
    mut look: impl FnMut(usize, u32) -> Result<T>,
) -> Result<Vec<Vec<Rival<T>>>> {
    let batches = snapshot.graph().batches();
    let ids = [EventField::EventId, EventField::LogId];
    let mut sources: Vec<&str> = Vec::new();
    // By the place of the source among these, and the identity.
    let mut found: HashMap<(usize, [u8; 16]), Vec<Rival<T>>> = HashMap::new();
    for batch in batches.iter().filter(|batch| !of(batch).is_empty()) {
        let Some(source) = snapshot.graph().key_text(batch.node, 0) else { continue };
        let place = sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        let block = snapshot.read_batch(batch, &ids)?;
        let rows = rows_of(of(batch)).filter(|row| batch.has_row(*row));
        for identity in rows.filter_map(|row| block.identity(row as usize)) {
            found.entry((place, identity)).or_default();
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    for (at, batch) in batches.iter().enumerate() {
        let source = snapshot.graph().key_text(batch.node, 0);
        let Some(place) = sources.iter().position(|known| Some(*known) == source) else { continue };
        let block = snapshot.read_batch(batch, &ids)?;
        for row in (0..batch.rows).filter(|row| batch.has_row(*row)) {
            let Some(identity) = block.identity(row as usize) else { continue };
            if let Some(known) = found.get_mut(&(place, identity)) {
                known.push((at, row, look(at, row)?));
            }
        }
    }
    Ok(found.into_values().collect())
}

impl Snapshot {
    /// The events of which this view has rows that do not count, as another row says something else; by
    /// their first row. Reads nothing where there are none; else, once a view, the pages of ids that their ids
    /// lead to (all ids of a container that has no index).
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a column cannot be read.
    pub fn contradicted(&self) -> Result<Vec<Contradicted>> {
        let known = &self.view.contradicted;
        let all = match known.get() {
            Some(all) => all,
            None => {
                let made = self.contradicted_in_all()?;
                known.get_or_init(|| made)
            }
        };
        // What names another system may be left out of this view.
        let has = |event: &EventRef| {
            self.listed().of_ordinal(event.batch).is_some_and(|batch| batch.has_row(event.row))
        };
        let seen = |of: &Contradicted| {
            let others: Vec<EventRef> = of.others.iter().copied().filter(has).collect();
            let counts = of.counts.filter(has);
            (!others.is_empty()).then_some(Contradicted { counts, others })
        };
        Ok(all.iter().filter_map(seen).collect())
    }

    fn contradicted_in_all(&self) -> Result<Vec<Contradicted>> {
        let batches = self.graph().batches();
        let mut found = Vec::new();
        for rows in sharing(self, |batch| &batch.outweighed)? {
            let (mut counts, mut others) = (None, Vec::new());
            for event in rows {
                let batch = batches.of_ordinal(event.batch);
                match batch.is_some_and(|batch| batch.counts(event.row)) {
                    true => counts = Some(event),
                    false => others.push(event),
                }
            }
            found.push(Contradicted { counts, others });
        }
        found.sort_unstable_by_key(|event| event.rows().min());
        Ok(found)
    }

    /// Rows of the view that another row of the same event outweighs.
    #[must_use]
    pub fn outweighed_rows(&self) -> u64 {
        let batches = self.listed().iter();
        batches
            .map(|batch| {
                rows_of(&batch.outweighed).filter(|row| batch.has_row(*row)).count() as u64
            })
            .sum()
    }

    /// The first row that another row of the same event outweighs and that has such a value in one of these
    /// fields, and the row that counts in its place; none of what is restricted and not shown.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a column cannot be read.
    pub fn outweighed_with(
        &self,
        fields: &[EventField],
        is_meant: &dyn Fn(EventValue<'_>) -> bool,
    ) -> Result<Option<(EventRef, EventRef)>> {
        for batch in self.listed().iter().filter(|batch| !batch.outweighed.is_empty()) {
            let block = self.read_batch(batch, fields)?;
            let is_seen =
                |row: u32| batch.has_row(row) && (self.with_restricted || !batch.restricts(row));
            let has = |row: u32| {
                let mut values = fields.iter().filter_map(|field| block.get(row as usize, *field));
                values.any(is_meant)
            };
            for row in rows_of(&batch.outweighed).filter(|row| is_seen(*row) && has(*row)) {
                let event = EventRef { batch: batch.ordinal, row };
                let all = self.contradicted()?;
                let own = all.iter().find(|one| one.others.contains(&event));
                if let Some(counts) = own.and_then(|one| one.counts) {
                    return Ok(Some((event, counts)));
                }
            }
        }
        Ok(None)
    }

    /// Every field that a row has, whether it counts or not; none of one that is erased, is not alive, or
    /// is restricted and not shown by this view.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the row cannot be read.
    pub fn row_fields(&self, event: EventRef) -> Result<Map> {
        let mut fields = Map::new();
        let batch = self.listed().of_ordinal(event.batch);
        let is_seen = |batch: &&Batch| {
            batch.has_row(event.row) && (self.with_restricted || !batch.restricts(event.row))
        };
        let Some(batch) = batch.filter(is_seen) else { return Ok(fields) };
        let (container, first) = self.place(batch.place)?;
        let row = first + event.row as usize;
        let block = container.read_all(row..row + 1)?;
        for spec in EVENT_FIELDS {
            if let Some(value) = block.get(0, spec.field) {
                fields.insert(spec.name, EventValue::to_value(value));
            }
        }
        Ok(fields)
    }
}
