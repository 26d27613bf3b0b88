//! A view of a store as a source of answers.

mod actors;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{Error, Snapshot, Store};
use lineal_proof::{Map, Value};

use crate::source::{
    BatchCounts, Checked, EventColumns, EventRef, NodeNo, Revision, Source, Unread,
};

/// A view of an open store; `as of` makes others of the same store.
#[derive(Clone)]
pub struct StoreView {
    store: Arc<Store>,
    snapshot: Snapshot,
    /// Found when a question over events first asks.
    unread: Arc<OnceLock<Vec<Unread>>>,
    /// Is the subject group of events kept back?
    withholds: bool,
}

impl StoreView {
    /// The view of everything committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn new(store: Arc<Store>) -> Result<StoreView, Error> {
        let snapshot = store.snapshot()?;
        Ok(StoreView::of(store, snapshot))
    }

    fn of(store: Arc<Store>, snapshot: Snapshot) -> StoreView {
        StoreView { store, snapshot, unread: Arc::default(), withholds: false }
    }

    /// The same view for those who may not see what points at a person's data: the subject group of
    /// events (docs/format.md, section 9) reads as absent, and events are named by their ids. Events
    /// are still found by a hash that the asker gives.
    #[must_use]
    pub fn without_subject_group(self) -> StoreView {
        StoreView { withholds: true, ..self }
    }

    fn withholds(&self, field: EventField) -> bool {
        self.withholds && field.spec().group == Group::Subject
    }

    /// Logs of this view of which lines could not be read. One that came again under its name, with
    /// more in it, holds the same lines: the greatest count of its states stands.
    fn count_unread(&self) -> Vec<Unread> {
        let mut numbers: BTreeMap<u64, NodeNo> = BTreeMap::new();
        for node in self.snapshot.nodes_of(Kind::Import) {
            let field = |name| self.snapshot.field(node, name).ok().flatten();
            let is_retracted = field("retracted").and_then(|value| value.as_bool());
            let number = field("number").and_then(|value| value.as_i64());
            if let (Some(number), Some(false) | None) = (number, is_retracted) {
                numbers.insert(number.unsigned_abs(), node);
            }
        }
        let mut states: BTreeMap<(String, [u8; 16]), (u64, NodeNo)> = BTreeMap::new();
        for (commit, import, source) in self.store.sources() {
            let Some(import) = numbers.get(&import) else { continue };
            // Only of logs does a source count lines.
            if commit <= self.snapshot.commit() && source.lines.is_some() {
                let state = states.entry((source.label, source.digest)).or_default();
                *state = (state.0 + source.counts.rejected, *import);
            }
        }
        let mut logs: BTreeMap<String, (u64, NodeNo)> = BTreeMap::new();
        for ((log, _), state) in states.into_iter().filter(|(_, (lines, _))| *lines > 0) {
            let known = logs.entry(log).or_default();
            *known = state.max(*known);
        }
        let unread = |(log, (lines, import))| Unread { log, lines, import };
        logs.into_iter().map(unread).collect()
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
            Ok(snapshot) => {
                let view = StoreView::of(Arc::clone(&self.store), snapshot);
                Ok(Some(StoreView { withholds: self.withholds, ..view }))
            }
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

    fn damage(&self) -> Option<Error> {
        self.snapshot.damage()
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

    fn is_family(&self, kind: Kind, name: &str) -> bool {
        self.snapshot.is_family(kind, name)
    }

    fn find_id(&self, hex_prefix: &str) -> Vec<NodeNo> {
        self.snapshot.find_id(hex_prefix)
    }

    fn find_tag(&self, kind: Kind, name: &str, value: &str) -> Result<Vec<NodeNo>, Error> {
        self.snapshot.find_tag(kind, name, value)
    }

    fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo> {
        self.snapshot.find_field(kind, field, value)
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

    fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        self.snapshot.candidates(node)
    }

    fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        self.snapshot.open_claims(node)
    }

    fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        self.snapshot.doubtful(kind)
    }

    fn unread(&self) -> &[Unread] {
        self.unread.get_or_init(|| self.count_unread())
    }

    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Error> {
        self.snapshot.field(node, name)
    }

    fn fields(&self, node: NodeNo) -> Result<Map, Error> {
        Ok(self.snapshot.fields(node)?.fields)
    }

    fn same_node(&self, other: &StoreView, node: NodeNo) -> Option<NodeNo> {
        self.snapshot.same_node(&other.snapshot, node)
    }

    fn commit_of(&self, node: NodeNo) -> u64 {
        let number = match self.snapshot.kind_of(node) {
            Kind::Import => self.snapshot.field(node, "number").ok().flatten(),
            _ => None,
        };
        match number.and_then(|number| number.as_i64()) {
            Some(number) => self.store.import_end(&self.snapshot, number.unsigned_abs()),
            None => self.snapshot.commits_of(node).1,
        }
    }

    fn revisions(&self, node: NodeNo) -> Result<Vec<Revision>, Error> {
        let infos = self.store.revisions(&self.snapshot, node).into_iter();
        infos
            .map(|info| {
                let (observed_at, fields) = self.snapshot.read_revision(&info)?;
                Ok(Revision {
                    id: info.id.to_string(),
                    commit: info.commit,
                    recorded: info.recorded,
                    observed_at,
                    source: info.source,
                    form: info.form,
                    fields,
                })
            })
            .collect()
    }

    fn check(&self, node: NodeNo, deep: bool) -> Checked {
        let mut checked = Checked::default();
        for revision in self.store.revisions(&self.snapshot, node) {
            match self.snapshot.check_revision(&revision, deep) {
                Ok(()) => checked.revisions += 1,
                Err(error) => checked.faults.push(error.to_string()),
            }
            if !deep || self.snapshot.kind_of(node) != Kind::Batch {
                continue;
            }
            match self.snapshot.check_rows(&revision) {
                Ok(rows) => *checked.rows.get_or_insert(0) += rows,
                Err(error) => checked.faults.push(error.to_string()),
            }
        }
        checked
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
        if self.withholds(field) {
            return Ok(None);
        }
        let value = self.snapshot.event_field(theirs(event), field)?;
        actors::Names::of(&self.snapshot).in_field(field, value)
    }

    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        self.snapshot.batches_of(deployment)
    }

    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Error> {
        Ok(ours(self.snapshot.rows_of(batch)))
    }

    fn batch_parts(&self, batch: NodeNo) -> Vec<(u32, u32)> {
        self.snapshot.parts_of(batch)
    }

    fn part_place(&self, part: u32) -> (u32, u32) {
        self.snapshot.place_of(part)
    }

    fn read_events(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventColumns, Error> {
        let fields: Vec<EventField> =
            fields.iter().copied().filter(|field| !self.withholds(*field)).collect();
        let lineal_engine::EventRows { block, first, events } =
            self.snapshot.read_events(part, rows, &fields)?;
        let block = actors::Names::of(&self.snapshot).in_columns(block, &fields)?;
        Ok(EventColumns { block: Arc::new(block), first, events: ours(events) })
    }

    fn batch_counts(&self, batch: NodeNo) -> BatchCounts {
        let info = self.snapshot.batch(batch);
        info.map_or(BatchCounts { batch: u32::MAX, events: 0, overrides: 0, art12: 0 }, |info| {
            let lineal_engine::BatchInfo { ordinal, events, overrides, art12, .. } = info;
            BatchCounts { batch: ordinal, events, overrides, art12 }
        })
    }

    fn batch_times(&self, batch: NodeNo) -> (i64, i64) {
        self.snapshot.batch(batch).map_or((0, 0), |info| (info.first_time, info.last_time))
    }
}
