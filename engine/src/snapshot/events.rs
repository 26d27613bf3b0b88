//! Events of a view: by hash, by id, by batch.

use super::Snapshot;
use crate::error::{Error, Result};
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::events::{Container, Cursor, EventBlock, EventValue, MonthCounts, in_order};
use crate::graph::{Batch, BatchPlace, Counters, NodeNo, UnreadLog, Unshown};
use crate::keys::ValueHasher;
use crate::schema::{Direction, Relation};
use lineal_proof::{Map, Value};
use std::ops::Range;

/// An event: a row of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventRef {
    /// The order of the batch's revision in the log.
    pub batch: u32,
    /// The row within the batch.
    pub row: u32,
}

/// Columns of some rows of a batch, and which of the rows are events.
#[derive(Clone, Debug)]
pub struct EventRows {
    /// The columns that were asked for.
    pub block: EventBlock,
    /// The row of the batch that stands first in the block.
    pub first: u32,
    /// The events.
    pub events: Vec<EventRef>,
}

/// What is known of a batch without opening its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchInfo {
    /// Its node.
    pub node: NodeNo,
    /// Its deployment.
    pub deployment: NodeNo,
    /// Rows in all, but those of other systems in a view that is narrowed to some.
    pub rows: u32,
    /// Events: rows that count.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// Events marked for Article 12 among them.
    pub art12: u64,
    /// The order of its revision in the log, as in [`EventRef`].
    pub ordinal: u32,
    /// The first event.
    pub first_time: i64,
    /// The last event.
    pub last_time: i64,
}

/// What is wrong where it is not said in which container a batch lies.
pub(super) const PLACED: &str = "a manifest says where the batch's rows are";

impl Snapshot {
    fn batch_of(&self, event: EventRef) -> Option<BatchPlace> {
        self.batch_place(event.batch)
    }

    /// A part of a batch by its place in the log, if this view has it.
    fn batch_place(&self, ordinal: u32) -> Option<BatchPlace> {
        if self.leaves_others_out() {
            return self.listed().of_ordinal(ordinal).map(BatchPlace::of);
        }
        self.graph().batch_place(ordinal)
    }

    /// The batches of a node: more than one where rows of a retracted import came again.
    pub(super) fn parts(&self, node: NodeNo) -> impl Iterator<Item = &Batch> {
        self.listed().of_node(node)
    }

    /// What is known of a batch.
    #[must_use]
    pub fn batch(&self, node: NodeNo) -> Option<BatchInfo> {
        self.parts(node).map(|batch| self.info(batch)).reduce(|a, b| BatchInfo {
            rows: a.rows + b.rows,
            events: a.events + b.events,
            overrides: a.overrides + b.overrides,
            art12: a.art12 + b.art12,
            first_time: a.first_time.min(b.first_time),
            last_time: a.last_time.max(b.last_time),
            ..a
        })
    }

    /// What a batch counts by month, in order; events without a time last.
    #[must_use]
    pub fn months_of(&self, node: NodeNo) -> Vec<MonthCounts> {
        in_order(self.parts(node).flat_map(|batch| batch.months.iter().copied()).collect())
    }

    /// What deployments count, by month: each event that counts, once.
    #[must_use]
    pub fn counters(&self) -> Counters<'_> {
        match self.own_counters() {
            Some(own) => own.read(),
            None => self.graph().counters(),
        }
    }

    /// Logs of which lines could not be read, by label; those of retracted imports left out.
    #[must_use]
    pub fn unread(&self) -> &[UnreadLog] {
        self.graph().unread()
    }

    /// Rows of a batch that another row of the same event outweighs.
    pub(super) fn outweighed(&self, node: NodeNo) -> u32 {
        self.parts(node).flat_map(|batch| &batch.outweighed).map(|(_, count)| count).sum()
    }

    /// What of which batches no row shows, though counters count it: what is erased, and what is
    /// restricted unless this view shows it. A batch may stand here more than once, with parts.
    pub fn unshown(&self) -> impl Iterator<Item = Unshown> + '_ {
        let seen = |of: &Unshown| match self.with_restricted {
            true => Unshown { restricted: 0, ..*of },
            false => *of,
        };
        let all = self.own_unshown().unwrap_or_else(|| self.graph().unshown());
        let all = all.iter().map(seen);
        all.filter(|of| of.erased + of.restricted > 0)
    }

    /// Every batch of the view.
    pub fn batches(&self) -> impl Iterator<Item = BatchInfo> + '_ {
        self.listed().iter().map(|batch| self.info(batch))
    }

    /// The batches that may hold events between two times, themselves included, where such are
    /// given. Ascending. One look at each batch of the list, whatever else the view holds.
    #[must_use]
    pub fn batches_within(&self, from: Option<i64>, to: Option<i64>) -> Vec<NodeNo> {
        let touching = self.listed().within(from, to);
        let mut found: Vec<NodeNo> = touching.map(|batch| batch.node).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn container(&self, at: u32) -> Result<&Container> {
        let unknown = || Error::corrupt("segments", 0, PLACED);
        let cell = self.view.containers.get(at as usize).ok_or_else(unknown)?;
        if let Some(container) = cell.get() {
            return Ok(container);
        }
        let container = Box::new(self.view.open_container(at)?);
        // Another thread may have been quicker: both opened the same.
        Ok(cell.get_or_init(|| container))
    }

    pub(super) fn place(&self, place: Option<(u32, u32)>) -> Result<(&Container, usize)> {
        let (container, first_row) = place.ok_or_else(|| Error::corrupt("segments", 0, PLACED))?;
        Ok((self.container(container)?, first_row as usize))
    }

    pub(super) fn read_batch(&self, batch: &Batch, fields: &[EventField]) -> Result<EventBlock> {
        let (container, first) = self.place(batch.place)?;
        container.read(first..first + batch.rows as usize, fields)
    }

    pub(super) fn read_whole(&self, batch: &Batch) -> Result<EventBlock> {
        let (container, first) = self.place(batch.place)?;
        container.read_all(first..first + batch.rows as usize)
    }

    /// The parts of a batch, as in [`EventRef`], with the rows of each: more than one where rows of
    /// a retracted import came again.
    #[must_use]
    pub fn parts_of(&self, node: NodeNo) -> Vec<(u32, u32)> {
        self.parts(node).map(|batch| (batch.ordinal, batch.rows)).collect()
    }

    /// Where a part of a batch lies: parts that lie near each other are best read together.
    #[must_use]
    pub fn place_of(&self, part: u32) -> (u32, u32) {
        let batch = self.batch_place(part);
        batch.and_then(|batch| batch.place).unwrap_or((u32::MAX, u32::MAX))
    }

    /// Columns of some rows of a part of a batch, with those of them that are events.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read or is shorter than that.
    pub fn read_events(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventRows> {
        let Some(batch) = self.batch_place(part) else {
            return Ok(EventRows { block: EventBlock::new(), first: 0, events: Vec::new() });
        };
        let rows = rows.start.min(batch.rows)..rows.end.min(batch.rows);
        let (container, first) = self.place(batch.place)?;
        let (number, _) = batch.place.unwrap_or_default();
        let wanted = first + rows.start as usize..first + rows.end as usize;
        let block = container.read_through(&self.view.decoded, number, wanted, fields)?;
        let alive = rows.clone().filter(|row| self.shows(&batch, *row));
        let events = alive.map(|row| EventRef { batch: batch.ordinal, row }).collect();
        Ok(EventRows { block, first: rows.start, events })
    }

    /// May some rows of a part of a batch hold a value within these bounds in a field of texts, times
    /// or whole numbers? Asks what the container says of its pages; true where it cannot be told.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read.
    pub fn may_hold(
        &self,
        part: u32,
        rows: Range<u32>,
        field: EventField,
        bounds: (Option<EventValue<'_>>, Option<EventValue<'_>>),
    ) -> Result<bool> {
        let Some(batch) = self.batch_place(part) else { return Ok(false) };
        // What pages hold is of others too, where rows of such are left out.
        if self.is_cut(batch.node) {
            return Ok(true);
        }
        let (container, first) = self.place(batch.place)?;
        container.may_hold(first + rows.start as usize..first + rows.end as usize, field, bounds)
    }

    /// The events of a batch: rows that are alive and count.
    #[must_use]
    pub fn rows_of(&self, node: NodeNo) -> Vec<EventRef> {
        self.parts(node).flat_map(|batch| self.events_of(batch)).collect()
    }

    fn hasher(&self) -> Result<&ValueHasher> {
        let hasher = &self.view.hasher;
        if let Some(known) = hasher.get() {
            return Ok(known);
        }
        let made = self.view.secrets().keys.value_hasher()?;
        Ok(hasher.get_or_init(|| made))
    }

    /// Events with this input hash, and of this algorithm where one is given. In log order.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key, [`Error::Corrupt`] if a column cannot be read.
    pub fn events_by_hash(&self, algorithm: Option<&str>, value: &[u8]) -> Result<Vec<EventRef>> {
        let mut found = Vec::new();
        self.events_by_hash_into(algorithm, value, &mut found)?;
        Ok(found)
    }

    /// As [`Snapshot::events_by_hash`], in the place of what a list held: its memory is used again.
    ///
    /// # Errors
    /// As [`Snapshot::events_by_hash`]; the list is then empty.
    pub fn events_by_hash_into(
        &self,
        algorithm: Option<&str>,
        value: &[u8],
        found: &mut Vec<EventRef>,
    ) -> Result<()> {
        let mut candidates = std::mem::take(found);
        candidates.clear();
        self.candidates_by(EventField::InputHash, value, &mut candidates)?;
        *found = self.with_hash(candidates, algorithm, value)?;
        Ok(())
    }

    /// Puts the events of this view that may have a value in a field into an empty list: from the
    /// index where the field is in it, else every event whose column has it. In log order.
    pub(super) fn candidates_by(
        &self,
        field: EventField,
        value: &[u8],
        found: &mut Vec<EventRef>,
    ) -> Result<()> {
        if self.view.indexed.holds(field) {
            let hash = self.hasher()?.hash(field.spec().name, value);
            for run in self.view.runs()?.iter() {
                found.extend(run.find(hash).map(|e| EventRef { batch: e.batch, row: e.row }));
            }
            // Not in this view: a later commit, a retracted import, a newer revision.
            let shows = |e: &EventRef| self.batch_of(*e).is_some_and(|b| self.shows(&b, e.row));
            found.retain(shows);
        } else {
            for batch in self.listed() {
                let block = self.read_batch(batch, &[field])?;
                let has = |row: &u32| match block.get(*row as usize, field) {
                    Some(EventValue::Hash(found)) => found == value,
                    Some(EventValue::Text(found)) => found.as_bytes() == value,
                    _ => false,
                };
                let rows = self.rows_shown(batch).filter(has);
                found.extend(rows.map(|row| EventRef { batch: batch.ordinal, row }));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(())
    }

    /// The index holds eight bytes of a keyed hash: the column decides.
    pub(super) fn is_hit(
        &self,
        event: EventRef,
        algorithm: Option<&str>,
        value: &[u8],
    ) -> Result<bool> {
        let is_same = |found: Option<EventValue<'_>>| found == Some(EventValue::Hash(value));
        if !self.with_event_field(event, EventField::InputHash, is_same)? {
            return Ok(false);
        }
        let Some(wanted) = algorithm else { return Ok(true) };
        // An event that does not say how its hash was made is not excluded.
        self.with_event_field(event, EventField::InputAlgorithm, |found| match found {
            Some(EventValue::Text(found)) => found == wanted,
            Some(_) => false,
            None => true,
        })
    }

    /// Looks at one field of an event where it stands.
    fn with_event_field<T>(
        &self,
        event: EventRef,
        field: EventField,
        look: impl FnOnce(Option<EventValue<'_>>) -> T,
    ) -> Result<T> {
        let Some(batch) = self.batch_of(event) else { return Ok(look(None)) };
        let (container, first) = self.place(batch.place)?;
        let (number, _) = batch.place.unwrap_or_default();
        let row = first + event.row as usize;
        container.with_value(&self.view.decoded, number, row, field, look)
    }

    /// Looks at one field of events, in the order in which they are given: where neighbours stand in
    /// one page of a column, it is looked up once for all of them.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the column cannot be read.
    pub fn visit_events(
        &self,
        events: impl IntoIterator<Item = EventRef>,
        field: EventField,
        mut look: impl FnMut(Option<EventValue<'_>>),
    ) -> Result<()> {
        let mut events = events.into_iter();
        let mut next = events.next();
        let mut at_hand: Option<Cursor<'_>> = None;
        while let Some(event) = next {
            let Some(batch) = self.batch_of(event) else {
                look(None);
                next = events.next();
                continue;
            };
            let missing = || Error::corrupt("segments", 0, PLACED);
            let (number, first) = batch.place.ok_or_else(missing)?;
            let cursor = match at_hand.take() {
                // Batches of one container lie beside each other, mostly in the same pages.
                Some(cursor) if cursor.number() == number => cursor,
                _ => Cursor::new(self.container(number)?, &self.view.decoded, number, field),
            };
            let cursor = at_hand.insert(cursor);
            let mut row = event.row;
            loop {
                look(cursor.value(first as usize + row as usize)?);
                next = events.next();
                match next {
                    Some(other) if other.batch == event.batch => row = other.row,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// The node of an event's batch.
    #[must_use]
    pub fn event_batch(&self, event: EventRef) -> Option<NodeNo> {
        self.batch_of(event).map(|batch| batch.node)
    }

    /// The deployment of an event.
    #[must_use]
    pub fn event_deployment(&self, event: EventRef) -> Option<NodeNo> {
        self.batch_of(event).map(|batch| batch.deployment)
    }

    /// One field of an event.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the column cannot be read.
    pub fn event_field(&self, event: EventRef, field: EventField) -> Result<Option<Value>> {
        self.with_event_field(event, field, |value| value.map(EventValue::to_value))
    }

    /// Every field of an event that is present; none of one that this view does not show.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a column cannot be read.
    pub fn event(&self, event: EventRef) -> Result<Map> {
        let mut fields = Map::new();
        let Some(batch) = self.batch_of(event).filter(|batch| self.shows(batch, event.row)) else {
            return Ok(fields);
        };
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

    /// Is a row of a batch an event that this view shows?
    fn shows(&self, batch: &BatchPlace, row: u32) -> bool {
        if self.leaves_others_out() {
            let listed = self.listed().of_ordinal(batch.ordinal);
            return listed.is_some_and(|batch| batch.shows(row, self.with_restricted));
        }
        self.graph().shows(batch, row, self.with_restricted)
    }

    /// The rows of a batch that are events which this view shows.
    pub(super) fn rows_shown(&self, batch: &Batch) -> impl Iterator<Item = u32> {
        let with_restricted = self.with_restricted;
        (0..batch.rows).filter(move |row| batch.shows(*row, with_restricted))
    }

    /// The events of a batch, in the order of their rows.
    fn events_of(&self, batch: &Batch) -> impl Iterator<Item = EventRef> {
        let ordinal = batch.ordinal;
        self.rows_shown(batch).map(move |row| EventRef { batch: ordinal, row })
    }

    /// The batches of a deployment, by first time.
    #[must_use]
    pub fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        let nodes = self.edges(deployment, Relation::ServedBy, Direction::Inverse).iter();
        let mut own: Vec<(i64, NodeNo)> =
            nodes.filter_map(|node| Some((self.batch(*node)?.first_time, *node))).collect();
        own.sort_unstable();
        own.into_iter().map(|(_, node)| node).collect()
    }

    /// Is an event in this view, and shown?
    pub(super) fn shows_event(&self, event: EventRef) -> bool {
        self.batch_of(event).is_some_and(|batch| self.shows(&batch, event.row))
    }

    fn info(&self, batch: &Batch) -> BatchInfo {
        BatchInfo {
            node: batch.node,
            deployment: batch.deployment,
            rows: self.own_rows(batch),
            events: batch.events,
            overrides: batch.overrides,
            art12: batch.art12,
            ordinal: batch.ordinal,
            first_time: batch.first_time,
            last_time: batch.last_time,
        }
    }
}
