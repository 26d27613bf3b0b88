//! Events by their ids, and containers by the pieces of their hashes: both from what is derived of
//! each container, or, where that is missing, from the containers whole.

use super::{EventRef, Snapshot, View};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::{
    Container, EventValue, ID_FIELDS, IdHash, ROWS_PREFIX, RowIndex, row_index_path,
};
use crate::graph::{Batch, container_place};
use crate::storage::Storage;
use crate::store::{State, Store};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What a view has opened of it.
#[derive(Default)]
pub(crate) struct RowIndexes {
    /// By the number of the container in the view; opened when first asked for.
    opened: OnceLock<Vec<OnceLock<Option<RowIndex>>>>,
    /// Container, first row and ordinal of each batch of the view. Ascending.
    places: OnceLock<Vec<(u32, u32, u32)>>,
    /// May an id of the view be written like a bare hash?
    like_hashes: OnceLock<bool>,
    /// The first and the last time of its batches.
    span: OnceLock<Option<(i64, i64)>>,
}

impl View {
    /// The index of a container; none where there is none.
    pub(super) fn row_index(&self, at: u32) -> Result<Option<&RowIndex>> {
        let containers = &self.graph.containers;
        let opened = self
            .row_indexes
            .opened
            .get_or_init(|| containers.iter().map(|_| OnceLock::new()).collect());
        let (Some(place), Some(cell)) = (containers.get(at as usize), opened.get(at as usize))
        else {
            return Ok(None);
        };
        if let Some(known) = cell.get() {
            return Ok(known.as_ref());
        }
        let index = RowIndex::open(&*self.storage, place, &self.store, self.graph.damage())?;
        // Another thread may have been quicker: both opened the same.
        Ok(cell.get_or_init(|| index).as_ref())
    }

    /// Opens a container, of which no piece is believed before it was hashed.
    pub(super) fn open_container(&self, at: u32) -> Result<Container> {
        let place = &self.graph.containers[at as usize];
        match self.row_index(at)?.and_then(RowIndex::pieces) {
            Some(pieces) => Container::open_by_pieces(&*self.storage, place, pieces),
            None => Container::open_checked(&*self.storage, place),
        }
    }

    fn containers(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).take(self.graph.containers.len())
    }

    fn has_ids_like_hashes(&self) -> Result<bool> {
        if let Some(known) = self.row_indexes.like_hashes.get() {
            return Ok(*known);
        }
        let mut any = false;
        for at in self.containers() {
            any |= self.row_index(at)?.is_none_or(RowIndex::has_ids_like_hashes);
        }
        Ok(*self.row_indexes.like_hashes.get_or_init(|| any))
    }

    fn places(&self) -> &[(u32, u32, u32)] {
        self.row_indexes.places.get_or_init(|| {
            let place = |batch: &Batch| batch.place.map(|(at, row)| (at, row, batch.ordinal));
            let mut places: Vec<_> = self.graph.batches().iter().filter_map(place).collect();
            places.sort_unstable();
            places
        })
    }

    /// The event that a row of a container is in this view, if it is one that is shown.
    fn event_at(&self, container: u32, row: u32, with_restricted: bool) -> Option<EventRef> {
        let places = self.places();
        let behind = places.partition_point(|(at, first, _)| (*at, *first) <= (container, row));
        let (at, first, ordinal) = *places.get(behind.checked_sub(1)?)?;
        let event = EventRef { batch: ordinal, row: row.checked_sub(first)? };
        let batch = self.graph.batches().of_ordinal(ordinal).filter(|_| at == container)?;
        batch.shows(event.row, with_restricted).then_some(event)
    }
}

impl Snapshot {
    /// The first and the last time of all events; none where there are none.
    #[must_use]
    pub fn events_span(&self) -> Option<(i64, i64)> {
        let span = || {
            let times = self.listed().iter().map(|b| (b.first_time, b.last_time));
            let timed = times.filter(|(first, last)| first <= last);
            timed.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        };
        // What is kept is of the whole view.
        if self.leaves_others_out() {
            return span();
        }
        *self.view.row_indexes.span.get_or_init(span)
    }

    /// Events with this event id, request id or log id, ascending. A field that can be looked up by
    /// value is found as such; of others the pages are read that may hold the id, or, of a container
    /// without an index, the columns.
    ///
    /// # Errors
    /// [`Error::NoKey`](crate::Error::NoKey) without the index key where one of them can be looked up
    /// by value, [`Error::Corrupt`](crate::Error::Corrupt) if a column cannot be read.
    pub fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>> {
        let mut found = Vec::new();
        let hash = IdHash::of(id);
        let is_keyed = |field: &EventField| self.view.indexed.holds(*field);
        for field in ID_FIELDS.into_iter().filter(is_keyed) {
            let mut candidates = Vec::new();
            self.candidates_by(field, id.as_bytes(), &mut candidates)?;
            for event in candidates {
                if self.event_field(event, field)?.is_some_and(|text| text.as_text() == Some(id)) {
                    found.push(event);
                }
            }
        }
        // A hash that nobody has is asked for often; most logs have no ids that look like one.
        if !hash.is_like_hash() || self.view.has_ids_like_hashes()? {
            let others: Vec<_> = ID_FIELDS.into_iter().filter(|field| !is_keyed(field)).collect();
            for at in self.view.containers() {
                match self.view.row_index(at)? {
                    Some(index) => {
                        for field in &others {
                            self.id_in_pages(at, index, *field, (id, hash), &mut found)?;
                        }
                    }
                    None => self.id_in_columns(at, &others, id, &mut found)?,
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn id_in_pages(
        &self,
        container: u32,
        index: &RowIndex,
        field: EventField,
        (id, hash): (&str, IdHash),
        found: &mut Vec<EventRef>,
    ) -> Result<()> {
        for rows in index.find(field, hash) {
            let first = rows.start;
            let block = self.container(container)?.read(rows.clone(), &[field])?;
            let own = rows.filter(|row| block.text(row - first, field) == Some(id));
            let own = own.filter_map(|row| u32::try_from(row).ok());
            let events =
                own.filter_map(|row| self.view.event_at(container, row, self.with_restricted));
            found.extend(events.filter(|event| self.shows_event(*event)));
        }
        Ok(())
    }

    fn id_in_columns(
        &self,
        container: u32,
        fields: &[EventField],
        id: &str,
        found: &mut Vec<EventRef>,
    ) -> Result<()> {
        let is_there = |batch: &&Batch| batch.place.is_some_and(|(at, _)| at == container);
        for batch in self.listed().iter().filter(is_there) {
            let block = self.read_batch(batch, fields)?;
            let has = |row: &u32| {
                let is_own = |field: &EventField| {
                    block.get(*row as usize, *field) == Some(EventValue::Text(id))
                };
                fields.iter().any(is_own)
            };
            let rows = self.rows_shown(batch).filter(has);
            found.extend(rows.map(|row| EventRef { batch: batch.ordinal, row }));
        }
        Ok(())
    }
}

/// Writes what is lacking of the containers that count, and removes what is of no container.
pub(super) fn write(store: &Store, state: &State) -> Result<()> {
    let (storage, ledger) = (store.storage(), state.ledger.load()?);
    let manifests: BTreeSet<u32> =
        ledger.batches.iter().filter_map(|batch| Some(batch.place?.0)).collect();
    let places: Vec<_> =
        manifests.into_iter().map(|manifest| container_place(ledger, manifest)).collect();
    let named: BTreeSet<String> = places.iter().map(row_index_path).collect();
    for name in storage.list("index")? {
        let path = format!("index/{name}");
        if name.starts_with(ROWS_PREFIX) && !named.contains(&path) {
            storage.remove(&path)?;
        }
    }
    let is_lacking = |storage: &dyn Storage, place| {
        RowIndex::open(storage, place, store.id(), &std::sync::Arc::default())
            .map(|index| index.is_none())
    };
    places.par_iter().try_for_each(|place| {
        if is_lacking(storage, place)? {
            RowIndex::write(storage, place, store.id())
        } else {
            Ok(())
        }
    })
}
