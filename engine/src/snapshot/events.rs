//! Events of a view: by hash, by id, by batch.

use super::Snapshot;
use crate::error::{Error, Result};
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::events::{Container, EventBlock, EventValue};
use crate::graph::{Batch, NodeNo};
use crate::keys::ValueHasher;
use lineal_proof::{Map, Value};
use std::sync::{Arc, PoisonError};

/// An event: a row of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventRef {
    /// The order of the batch's revision in the log.
    pub batch: u32,
    /// The row within the batch.
    pub row: u32,
}

/// What is known of a batch without opening its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchInfo {
    /// Its node.
    pub node: NodeNo,
    /// Its deployment.
    pub deployment: NodeNo,
    /// Rows in all.
    pub rows: u32,
    /// Events: rows that count.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// The first event.
    pub first_time: i64,
    /// The last event.
    pub last_time: i64,
}

impl Snapshot {
    fn batch_of(&self, event: EventRef) -> Option<&Batch> {
        let at = self.graph().batch_of_ordinal.get(&event.batch)?;
        self.graph().batches.get(*at as usize)
    }

    /// What is known of a batch.
    #[must_use]
    pub fn batch(&self, node: NodeNo) -> Option<BatchInfo> {
        let at = self.graph().batch_of_node.get(&node)?;
        self.graph().batches.get(*at as usize).map(info)
    }

    /// Every batch of the view.
    pub fn batches(&self) -> impl Iterator<Item = BatchInfo> + '_ {
        self.graph().batches.iter().map(info)
    }

    fn container(&self, at: u32) -> Result<Arc<Container>> {
        let mut open = self.view.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(container) = open.get(&at) {
            return Ok(Arc::clone(container));
        }
        let place = &self.graph().containers[at as usize];
        let container = Arc::new(Container::open_checked(&*self.view.storage, place)?);
        open.insert(at, Arc::clone(&container));
        Ok(container)
    }

    fn place(&self, batch: &Batch) -> Result<(Arc<Container>, usize)> {
        let rule = "a manifest says where the batch's rows are";
        let (container, first_row) =
            batch.place.ok_or_else(|| Error::corrupt("segments", 0, rule))?;
        Ok((self.container(container)?, first_row as usize))
    }

    pub(super) fn read_batch(&self, batch: &Batch, fields: &[EventField]) -> Result<EventBlock> {
        let (container, first) = self.place(batch)?;
        container.read(first..first + batch.rows as usize, fields)
    }

    /// Columns of a batch, all rows; [`Snapshot::rows_of`] says which are alive.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read.
    pub fn read_events(&self, batch: NodeNo, fields: &[EventField]) -> Result<EventBlock> {
        let at = self.graph().batch_of_node.get(&batch).copied();
        match at.and_then(|at| self.graph().batches.get(at as usize)) {
            Some(batch) => self.read_batch(batch, fields),
            None => Ok(EventBlock::new()),
        }
    }

    /// The events of a batch that are alive and count.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read.
    pub fn rows_of(&self, node: NodeNo) -> Result<Vec<EventRef>> {
        let at = self.graph().batch_of_node.get(&node).copied();
        let Some(batch) = at.and_then(|at| self.graph().batches.get(at as usize)) else {
            return Ok(Vec::new());
        };
        // Batches without conflicts, nearly all, need not be opened.
        let whole = batch.kept.is_none() && batch.events == u64::from(batch.rows);
        let block =
            if whole { None } else { Some(self.read_batch(batch, &[EventField::Conflict])?) };
        let counts = |row: &u32| {
            batch.has_row(*row)
                && block.as_ref().is_none_or(|b| !b.is_true(*row as usize, EventField::Conflict))
        };
        let rows = (0..batch.rows).filter(counts);
        Ok(rows.map(|row| EventRef { batch: batch.ordinal, row }).collect())
    }

    fn hasher(&self) -> Result<ValueHasher> {
        self.view.secrets().keys.value_hasher()
    }

    /// Events with this input hash, and of this algorithm where one is given. In log order.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key, [`Error::Corrupt`] if a column cannot be read.
    pub fn events_by_hash(&self, algorithm: Option<&str>, value: &[u8]) -> Result<Vec<EventRef>> {
        let mut found = Vec::new();
        for event in self.candidates_by(EventField::InputHash, value)? {
            if self.is_hit(event, algorithm, value)? {
                found.push(event);
            }
        }
        Ok(found)
    }

    /// Events of this view that may have a value in a field: from the index where the field is in
    /// it, else every event whose column has it. In log order.
    fn candidates_by(&self, field: EventField, value: &[u8]) -> Result<Vec<EventRef>> {
        let mut found = Vec::new();
        if self.view.indexed.holds(field) {
            let hash = self.hasher()?.hash(field.spec().name, value);
            for run in self.view.runs()?.iter() {
                found.extend(run.find(hash).map(|e| EventRef { batch: e.batch, row: e.row }));
            }
            // Not in this view: a later commit, a retracted import, a newer revision.
            found.retain(|event| self.batch_of(*event).is_some_and(|b| b.has_row(event.row)));
        } else {
            for batch in &self.graph().batches {
                let block = self.read_batch(batch, &[field])?;
                let has = |row: &u32| match block.get(*row as usize, field) {
                    Some(EventValue::Hash(found)) => found == value,
                    Some(EventValue::Text(found)) => found.as_bytes() == value,
                    _ => false,
                };
                let rows = (0..batch.rows).filter(|row| batch.has_row(*row)).filter(has);
                found.extend(rows.map(|row| EventRef { batch: batch.ordinal, row }));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The index holds eight bytes of a keyed hash: the column decides.
    fn is_hit(&self, event: EventRef, algorithm: Option<&str>, value: &[u8]) -> Result<bool> {
        if self.event_field(event, EventField::InputHash)? != Some(Value::Bytes(value.to_vec())) {
            return Ok(false);
        }
        let Some(wanted) = algorithm else { return Ok(true) };
        let found = self.event_field(event, EventField::InputAlgorithm)?;
        // An event that does not say how its hash was made is not excluded.
        Ok(found.is_none_or(|found| found.as_text() == Some(wanted)))
    }

    /// Events with this event id, request id or log id. Reads the columns of those that are not in
    /// the index.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key where one of them is in the index,
    /// [`Error::Corrupt`] if a column cannot be read.
    pub fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>> {
        let mut found = Vec::new();
        for field in [EventField::EventId, EventField::RequestId, EventField::LogId] {
            for event in self.candidates_by(field, id.as_bytes())? {
                if self.event_field(event, field)?.is_some_and(|text| text.as_text() == Some(id)) {
                    found.push(event);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
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
        let Some(batch) = self.batch_of(event) else { return Ok(None) };
        let (container, first) = self.place(batch)?;
        container.value(first + event.row as usize, field)
    }

    /// Every field of an event that is present.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a column cannot be read.
    pub fn event(&self, event: EventRef) -> Result<Map> {
        let mut fields = Map::new();
        let Some(batch) = self.batch_of(event) else { return Ok(fields) };
        let (container, first) = self.place(batch)?;
        let row = first + event.row as usize;
        let block = container.read_all(row..row + 1)?;
        for spec in EVENT_FIELDS {
            if let Some(value) = block.get(0, spec.field) {
                fields.insert(spec.name, EventValue::to_value(value));
            }
        }
        Ok(fields)
    }

    /// The batches of a deployment, by first time.
    #[must_use]
    pub fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        let own = self.graph().batches.iter().filter(|batch| batch.deployment == deployment);
        let mut own: Vec<_> = own.map(|batch| (batch.first_time, batch.node)).collect();
        own.sort_unstable();
        own.into_iter().map(|(_, node)| node).collect()
    }
}

fn info(batch: &Batch) -> BatchInfo {
    BatchInfo {
        node: batch.node,
        deployment: batch.deployment,
        rows: batch.rows,
        events: batch.events,
        overrides: batch.overrides,
        first_time: batch.first_time,
        last_time: batch.last_time,
    }
}
