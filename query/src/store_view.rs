//! A view of a store as a source of answers.

use std::ops::Range;
use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{Error, Snapshot, Store};
use lineal_proof::Value;

use crate::source::{EventRef, NodeNo, Source};

/// A view of an open store; `as of` makes others of the same store.
#[derive(Clone)]
pub struct StoreView {
    store: Arc<Store>,
    snapshot: Snapshot,
}

impl StoreView {
    /// The view of everything committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn new(store: Arc<Store>) -> Result<StoreView, Error> {
        let snapshot = store.snapshot()?;
        Ok(StoreView { store, snapshot })
    }

    /// The store's own view.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

fn theirs(event: EventRef) -> lineal_engine::EventRef {
    lineal_engine::EventRef { batch: event.batch, row: event.row }
}

fn ours(events: Vec<lineal_engine::EventRef>) -> Vec<EventRef> {
    events.into_iter().map(|event| EventRef { batch: event.batch, row: event.row }).collect()
}

impl Source for StoreView {
    type Error = Error;

    fn commit(&self) -> u64 {
        self.snapshot.commit()
    }

    fn recorded(&self) -> i64 {
        self.snapshot.recorded()
    }

    fn as_of_commit(&self, number: u64) -> Result<Option<StoreView>, Error> {
        match self.store.snapshot_at(number) {
            Ok(snapshot) => Ok(Some(StoreView { store: Arc::clone(&self.store), snapshot })),
            Err(Error::NoCommit { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn as_of_time(&self, time: i64) -> Result<Option<StoreView>, Error> {
        match self.store.commit_at(time) {
            0 => Ok(None),
            number => self.as_of_commit(number),
        }
    }

    fn node_count(&self) -> u32 {
        self.snapshot.node_count()
    }

    fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        self.snapshot.nodes_of(kind)
    }

    fn kind_of(&self, node: NodeNo) -> Kind {
        self.snapshot.kind_of(node)
    }

    fn name_of(&self, node: NodeNo) -> String {
        self.snapshot.name_of(node)
    }

    fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo> {
        self.snapshot.find(kind, text)
    }

    fn find_id(&self, hex_prefix: &str) -> Vec<NodeNo> {
        self.snapshot.find_id(hex_prefix)
    }

    fn near(&self, kind: Option<Kind>, text: &str) -> Vec<String> {
        self.snapshot.near(kind, text)
    }

    fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        self.snapshot.edges(node, relation, direction)
    }

    fn is_stub(&self, node: NodeNo) -> bool {
        self.snapshot.is_missing(node)
    }

    fn is_deleted(&self, node: NodeNo) -> bool {
        self.snapshot.is_deleted(node)
    }

    fn conflicts(&self, node: NodeNo) -> bool {
        !self.snapshot.candidates(node).is_empty()
    }

    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Error> {
        self.snapshot.field(node, name)
    }

    fn events_by_hash(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<EventRef>, Error> {
        self.snapshot.events_by_hash(algorithm, bytes).map(ours)
    }

    fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>, Error> {
        self.snapshot.events_by_id(id).map(ours)
    }

    fn event_deployment(&self, event: EventRef) -> NodeNo {
        self.snapshot.event_deployment(theirs(event)).expect("events come from this view")
    }

    fn event_batch(&self, event: EventRef) -> NodeNo {
        self.snapshot.event_batch(theirs(event)).expect("events come from this view")
    }

    fn event_field(&self, event: EventRef, field: EventField) -> Result<Option<Value>, Error> {
        self.snapshot.event_field(theirs(event), field)
    }

    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        self.snapshot.batches_of(deployment)
    }

    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Error> {
        Ok(ours(self.snapshot.rows_of(batch)))
    }

    fn batch_times(&self, batch: NodeNo) -> (i64, i64) {
        self.snapshot.batch(batch).map_or((0, 0), |info| (info.first_time, info.last_time))
    }
}
