//! A view of a store as a source of answers.

mod actors;
mod names;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::events::{EventValue, MonthCounts};
use lineal_engine::schema::{Direction, Kind, Relation, TRAIL_SEALED};
use lineal_engine::{Adjacency, Counters, Error, Snapshot, Store, Systems, Unshown, Wanted};
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
    unshown: Arc<OnceLock<Vec<Unshown>>>,
    /// Is the subject group of events kept back?
    withholds: bool,
    /// Do persons in events stand under their keys, and not by their names?
    keys_of_persons: bool,
    /// Names of nodes that are kept, where they are.
    names: Option<Arc<names::Names>>,
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
        let (unread, unshown) = (Arc::default(), Arc::default());
        let (withholds, keys_of_persons, names) = (false, false, None);
        StoreView { store, snapshot, unread, unshown, withholds, keys_of_persons, names }
    }

    /// The same view for those who may not see what points at a person's data: the subject group of
    /// events (docs/format.md, section 9) reads as absent, and events are named by their ids. Events
    /// are still found by a hash that the asker gives.
    #[must_use]
    pub fn without_subject_group(self) -> StoreView {
        StoreView { withholds: true, ..self }
    }

    /// The same view with persons in events under their keys, as rows hold them, where it would say their
    /// names: two who are called the same stay two, and no name leaves with what is counted by them.
    #[must_use]
    pub fn with_keys_of_persons(self) -> StoreView {
        StoreView { keys_of_persons: true, ..self }
    }

    /// The same view for those who must write ids whole: a shortened one is refused, since what is
    /// unique today need not be so tomorrow. For programs over a network.
    #[must_use]
    pub fn with_whole_ids(self) -> StoreView {
        StoreView { snapshot: self.snapshot.with_whole_ids(), ..self }
    }

    /// The same view for those who may read the trail of who asked what.
    #[must_use]
    pub fn with_trail(self) -> StoreView {
        StoreView { snapshot: self.snapshot.with_trail(), ..self }
    }

    /// The same view for those who may not: it has none, and questions that name it are refused.
    #[must_use]
    pub fn without_trail(self) -> StoreView {
        StoreView { snapshot: self.snapshot.without_trail(), ..self }
    }

    /// The same view for those who may see what is restricted (docs/format.md, section 23).
    #[must_use]
    pub fn with_restricted(self) -> StoreView {
        let snapshot = self.snapshot.with_restricted();
        StoreView { snapshot, unshown: Arc::default(), ..self }
    }

    /// The same view for whoever asks often: names of nodes are kept when they were made once, a
    /// bounded number of them.
    #[must_use]
    pub fn keeping_names(self) -> StoreView {
        StoreView { names: Some(Arc::default()), ..self }
    }

    /// The same view with the events of some systems alone: where one deployment served several, rows that
    /// name another are as if they were not there ([`Snapshot::of_systems`]).
    ///
    /// # Errors
    /// [`Error::Corrupt`] if rows cannot be read.
    pub fn of_systems(&self, systems: &Systems) -> Result<StoreView, Error> {
        let snapshot = self.snapshot.of_systems(systems)?;
        Ok(StoreView { snapshot, unshown: Arc::default(), ..self.clone() })
    }

    /// The same view, which leaves out the events that another view of the same commit of the same store
    /// does.
    #[must_use]
    pub fn narrowed_as(self, other: &Snapshot) -> StoreView {
        let snapshot = self.snapshot.narrowed_as(other);
        StoreView { snapshot, unshown: Arc::default(), ..self }
    }

    /// The same view with the events of all systems.
    #[must_use]
    pub fn of_all_systems(self) -> StoreView {
        let snapshot = self.snapshot.of_all_systems();
        StoreView { snapshot, unshown: Arc::default(), ..self }
    }

    fn withholds(&self, field: EventField) -> bool {
        self.withholds && field.spec().group == Group::Subject
    }

    /// Does a field of an event say names, where its row holds keys of persons?
    fn names_persons(&self, field: EventField) -> bool {
        !self.keys_of_persons && actors::is_of_actors(field)
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The store's own view.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

fn unread(log: &lineal_engine::UnreadLog) -> Unread {
    Unread { log: log.label.clone(), lines: log.lines, import: log.import, is_erased: false }
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
        // What is pending is in no commit that could be named.
        if self.snapshot.has_pending() && number > self.commit() {
            return Ok(None);
        }
        match self.store.snapshot_at(number) {
            Ok(snapshot) => {
                let is_strict = self.takes_whole_ids();
                let snapshot = if is_strict { snapshot.with_whole_ids() } else { snapshot };
                let hides = self.snapshot.hides(Kind::Access);
                let snapshot = if hides { snapshot.without_trail() } else { snapshot };
                let shows = self.snapshot.shows_restricted();
                let snapshot = if shows { snapshot.with_restricted() } else { snapshot };
                let snapshot = match self.snapshot.systems() {
                    Some(systems) => snapshot.of_systems(systems)?,
                    None => snapshot,
                };
                let view = StoreView::of(Arc::clone(&self.store), snapshot);
                let StoreView { withholds, keys_of_persons, .. } = *self;
                Ok(Some(StoreView { withholds, keys_of_persons, ..view }))
            }
            Err(Error::NoCommit { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn as_of_time(&self, time: i64) -> Result<Option<StoreView>, Error> {
        let number = self.store.commit_at(time);
        let pending = self.snapshot.has_pending();
        match if pending { number.min(self.commit()) } else { number } {
            0 => Ok(None),
            number => self.as_of_commit(number),
        }
    }

    fn damage(&self) -> Option<Error> {
        self.snapshot.damage()
    }

    fn is_pending(&self, node: NodeNo) -> bool {
        self.snapshot.is_pending(node)
    }

    fn withholds_subjects(&self) -> bool {
        self.withholds
    }

    fn hides(&self, kind: Kind) -> bool {
        self.snapshot.hides(kind)
    }

    fn node_count(&self) -> u32 {
        self.snapshot.node_count()
    }

    #[inline]
    fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        self.snapshot.nodes_of(kind)
    }

    #[inline]
    fn kind_of(&self, node: NodeNo) -> Kind {
        self.snapshot.kind_of(node)
    }

    fn name_of(&self, node: NodeNo) -> String {
        match &self.names {
            Some(names) => names.of(node, || self.snapshot.name_of(node), str::to_owned),
            None => self.snapshot.name_of(node),
        }
    }

    fn push_name(&self, node: NodeNo, out: &mut String) {
        match &self.names {
            Some(names) => {
                names.of(node, || self.snapshot.name_of(node), |name| out.push_str(name));
            }
            None => out.push_str(&self.snapshot.name_of(node)),
        }
    }

    fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo> {
        self.snapshot.find(kind, text)
    }

    fn find_into(&self, kind: Option<Kind>, text: &str, out: &mut Vec<NodeNo>) {
        match kind {
            Some(kind) => self.snapshot.find_into(kind, text, out),
            None => out.extend(self.snapshot.find(None, text)),
        }
    }

    fn is_family(&self, kind: Kind, name: &str) -> bool {
        self.snapshot.is_family(kind, name)
    }

    fn takes_whole_ids(&self) -> bool {
        self.snapshot.takes_whole_ids()
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

    #[inline]
    fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        self.snapshot.edges(node, relation, direction)
    }

    fn has_edges(&self, relation: Relation) -> bool {
        self.snapshot.edge_count(relation) > 0
    }

    fn adjacency(&self, relation: Relation, direction: Direction) -> Option<Adjacency<'_>> {
        self.snapshot.adjacency(relation, direction)
    }

    fn select(&self, kind: Kind, field: &str, wanted: Wanted<'_>, out: &mut Vec<u64>) -> bool {
        self.snapshot.select(kind, field, wanted, out)
    }

    #[inline]
    fn is_stub(&self, node: NodeNo) -> bool {
        self.snapshot.is_missing(node)
    }

    #[inline]
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
        self.unread.get_or_init(|| self.snapshot.unread().iter().map(unread).collect())
    }

    fn unshown(&self) -> &[Unshown] {
        self.unshown.get_or_init(|| self.snapshot.unshown().collect())
    }

    fn unshown_values(&self) -> u64 {
        self.snapshot.unshown_values()
    }

    fn erased_values(&self, kind: Kind) -> u64 {
        self.snapshot.erased_values(kind)
    }

    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Error> {
        if self.withholds && TRAIL_SEALED.contains(&name) {
            return Ok(None);
        }
        self.snapshot.field(node, name)
    }

    fn fields(&self, node: NodeNo) -> Result<Map, Error> {
        let mut fields = self.snapshot.fields(node)?.fields;
        if self.withholds {
            TRAIL_SEALED.iter().for_each(|name| drop(fields.remove(name)));
        }
        Ok(fields)
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
                let (observed_at, mut fields) = self.snapshot.read_revision(&info)?;
                self.snapshot.put_own_counts(node, &mut fields)?;
                if self.withholds {
                    TRAIL_SEALED.iter().for_each(|name| drop(fields.remove(name)));
                }
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
        self.snapshot.events_by_hash(algorithm, bytes)
    }

    fn events_by_hash_into(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
        out: &mut Vec<EventRef>,
    ) -> Result<(), Error> {
        self.snapshot.events_by_hash_into(algorithm, bytes, out)
    }

    fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>, Error> {
        self.snapshot.events_by_id(id)
    }

    fn event_deployment(&self, event: EventRef) -> NodeNo {
        self.snapshot.event_deployment(event).expect("events come from this view")
    }

    fn event_batch(&self, event: EventRef) -> NodeNo {
        self.snapshot.event_batch(event).expect("events come from this view")
    }

    fn event_field(&self, event: EventRef, field: EventField) -> Result<Option<Value>, Error> {
        if self.withholds(field) {
            return Ok(None);
        }
        let value = self.snapshot.event_field(event, field)?;
        if !self.names_persons(field) {
            return Ok(value);
        }
        actors::Names::of(&self.snapshot).in_field(field, value)
    }

    fn visit_events(
        &self,
        events: impl Iterator<Item = EventRef>,
        field: EventField,
        mut look: impl FnMut(Option<EventValue<'_>>),
    ) -> Result<(), Error> {
        if self.withholds(field) {
            events.for_each(|_| look(None));
            return Ok(());
        }
        if !self.names_persons(field) {
            return self.snapshot.visit_events(events, field, look);
        }
        for event in events {
            let value = self.event_field(event, field)?;
            look(value.as_ref().and_then(EventValue::of));
        }
        Ok(())
    }

    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        self.snapshot.batches_of(deployment)
    }

    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Error> {
        Ok(self.snapshot.rows_of(batch))
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
        let named = fields.iter().any(|field| self.names_persons(*field));
        let block = match named {
            true => actors::Names::of(&self.snapshot).in_columns(&block, &fields)?,
            false => block,
        };
        Ok(EventColumns { block: Arc::new(block), first, events })
    }

    fn may_hold(
        &self,
        part: u32,
        rows: Range<u32>,
        field: EventField,
        bounds: (Option<EventValue<'_>>, Option<EventValue<'_>>),
    ) -> Result<bool, Error> {
        // Of actors the rows hold keys, and questions names.
        if self.names_persons(field) {
            return Ok(true);
        }
        self.snapshot.may_hold(part, rows, field, bounds)
    }

    fn batch_counts(&self, batch: NodeNo) -> BatchCounts {
        let info = self.snapshot.batch(batch);
        info.map_or(BatchCounts { batch: u32::MAX, events: 0, overrides: 0, art12: 0 }, |info| {
            let lineal_engine::BatchInfo { ordinal, events, overrides, art12, .. } = info;
            BatchCounts { batch: ordinal, events, overrides, art12 }
        })
    }

    fn events_span(&self) -> Option<(i64, i64)> {
        self.snapshot.events_span()
    }

    fn batch_times(&self, batch: NodeNo) -> (i64, i64) {
        self.snapshot
            .batch(batch)
            .map_or((i64::MAX, i64::MIN), |info| (info.first_time, info.last_time))
    }

    fn batches_within(&self, from: Option<i64>, to: Option<i64>) -> Vec<NodeNo> {
        self.snapshot.batches_within(from, to)
    }

    fn batch_months(&self, batch: NodeNo) -> Vec<MonthCounts> {
        self.snapshot.months_of(batch)
    }

    fn counters(&self) -> Counters<'_> {
        self.snapshot.counters()
    }
}
