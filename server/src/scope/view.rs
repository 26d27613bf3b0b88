//! A view of a store as one who is bound to systems sees it: a source of answers like the whole view,
//! so that any question may be asked of it, and the executor has no way to what is not in it.

use super::{Part, Scope};
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventValue, MonthCounts};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{CounterColumns, Counters, Error, NodeNo, Snapshot, Unshown};
use lineal_proof::{Map, Value};
use lineal_query::source::{EventRef, Revision, Source};
use lineal_query::{BatchCounts, Checked, EventColumns, StoreView, Unread};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The view.
#[derive(Clone)]
pub(crate) struct ScopedView {
    whole: StoreView,
    scope: Arc<Scope>,
    systems: Arc<[String]>,
    /// That lines of logs could not be read, if so: neither how many nor of which logs. And that events are
    /// erased that may have been of these systems.
    unread: Arc<[Unread]>,
    /// What of its batches no row shows, by its own numbers.
    unshown: Arc<OnceLock<Vec<Unshown>>>,
    /// What its batches count, by its own numbers.
    counters: Arc<OnceLock<CounterColumns>>,
}

impl ScopedView {
    /// What of a view a scope leaves; the scope must be made of that view.
    pub(crate) fn new(whole: StoreView, scope: Arc<Scope>, systems: &[String]) -> ScopedView {
        let whole = whole.narrowed_as(&scope.narrowed);
        let counters = Arc::clone(&scope.counters);
        ScopedView::over(whole, scope, systems.into(), counters)
    }

    /// The same nodes with the events that another view of the same commit has, which must be no others
    /// than those that this one has.
    pub(crate) fn with_events_of(&self, view: &Snapshot) -> ScopedView {
        let (whole, scope) = (self.whole.clone().narrowed_as(view), Arc::clone(&self.scope));
        ScopedView::over(whole, scope, Arc::clone(&self.systems), Arc::default())
    }

    fn over(
        whole: StoreView,
        scope: Arc<Scope>,
        systems: Arc<[String]>,
        counters: Arc<OnceLock<CounterColumns>>,
    ) -> ScopedView {
        let some =
            |is_erased| Unread { log: String::new(), lines: 0, import: NodeNo::MAX, is_erased };
        let lines = (!whole.unread().is_empty()).then(|| some(false));
        // An erased row may have been an event of these systems, as a line may that could not be read.
        let erased = whole.snapshot().leaves_erased().then(|| some(true));
        let unread = lines.into_iter().chain(erased).collect();
        ScopedView { whole, scope, systems, unread, unshown: Arc::default(), counters }
    }

    /// The view with the events that may be seen, for what is told of single nodes that are seen.
    pub(crate) fn whole(&self) -> &StoreView {
        &self.whole
    }

    /// May a node of the whole view be seen?
    pub(crate) fn sees(&self, whole: NodeNo) -> bool {
        self.part().number(whole).is_some()
    }

    /// The number that the whole view has for a node.
    pub(crate) fn whole_number(&self, node: NodeNo) -> NodeNo {
        self.part().whole(node)
    }

    fn part(&self) -> &Part {
        self.scope.part(self.whole.snapshot())
    }

    /// May an event be seen? As its batch is.
    fn has(&self, event: &EventRef) -> bool {
        let batch = self.whole.snapshot().event_batch(*event);
        batch.is_some_and(|batch| self.sees(batch))
    }

    fn seen(&self, mut events: Vec<EventRef>) -> Vec<EventRef> {
        events.retain(|event| self.has(event));
        events
    }

    /// Another state of the store, of which `then` gives the whole view.
    fn then(
        &self,
        then: impl FnOnce(&StoreView) -> Result<Option<StoreView>, Error>,
    ) -> Result<Option<ScopedView>, Error> {
        let Some(whole) = then(&self.whole.clone().of_all_systems())? else { return Ok(None) };
        let known = self.scope.known();
        let scope = Arc::new(Scope::of(whole.snapshot(), &self.systems, &known)?);
        Ok(Some(ScopedView::new(whole, scope, &self.systems)))
    }

    /// The number here of a node that the whole view names. What names it is seen, and so is it:
    /// a batch is here with its deployment alone.
    fn number(&self, whole: NodeNo) -> NodeNo {
        self.part().number(whole).unwrap_or(NodeNo::MAX)
    }
}

impl Source for ScopedView {
    type Error = Error;

    fn commit(&self) -> u64 {
        self.whole.commit()
    }

    fn recorded(&self) -> i64 {
        self.whole.recorded()
    }

    fn as_of_commit(&self, number: u64) -> Result<Option<ScopedView>, Error> {
        self.then(|whole| whole.as_of_commit(number))
    }

    fn as_of_time(&self, time: i64) -> Result<Option<ScopedView>, Error> {
        self.then(|whole| whole.as_of_time(time))
    }

    fn damage(&self) -> Option<Error> {
        self.whole.damage()
    }

    fn is_pending(&self, node: NodeNo) -> bool {
        self.whole.is_pending(self.whole_number(node))
    }

    fn hides(&self, kind: Kind) -> bool {
        self.whole.hides(kind)
    }

    fn withholds_subjects(&self) -> bool {
        self.whole.withholds_subjects()
    }

    fn node_count(&self) -> u32 {
        self.part().count()
    }

    fn nodes_of(&self, kind: Kind) -> Range<NodeNo> {
        self.part().within(&self.whole.nodes_of(kind))
    }

    fn kind_of(&self, node: NodeNo) -> Kind {
        self.whole.kind_of(self.whole_number(node))
    }

    fn name_of(&self, node: NodeNo) -> String {
        self.whole.name_of(self.whole_number(node))
    }

    fn push_name(&self, node: NodeNo, out: &mut String) {
        self.whole.push_name(self.whole_number(node), out);
    }

    fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo> {
        self.part().numbers(&self.whole.find(kind, text))
    }

    /// Of a name that nothing here has it would say that something elsewhere does.
    fn is_family(&self, kind: Kind, name: &str) -> bool {
        self.whole.is_family(kind, name) && !self.find(Some(kind), name).is_empty()
    }

    fn takes_whole_ids(&self) -> bool {
        self.whole.takes_whole_ids()
    }

    fn find_id(&self, hex_prefix: &str) -> Vec<NodeNo> {
        self.part().numbers(&self.whole.find_id(hex_prefix))
    }

    fn find_tag(&self, kind: Kind, name: &str, value: &str) -> Result<Vec<NodeNo>, Error> {
        Ok(self.part().numbers(&self.whole.find_tag(kind, name, value)?))
    }

    fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo> {
        self.part().numbers(&self.whole.find_field(kind, field, value))
    }

    /// None: the whole view gives its nearest five, and how many of them are missing here would
    /// tell that there are others.
    fn near(&self, _: Option<Kind>, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo] {
        self.part().edges(node, relation, direction)
    }

    fn has_edges(&self, relation: Relation) -> bool {
        self.part().has_edges(relation)
    }

    fn is_stub(&self, node: NodeNo) -> bool {
        self.whole.is_stub(self.whole_number(node))
    }

    fn is_deleted(&self, node: NodeNo) -> bool {
        self.whole.is_deleted(self.whole_number(node))
    }

    fn candidates(&self, node: NodeNo) -> &[NodeNo] {
        self.part().candidates(node)
    }

    fn open_claims(&self, node: NodeNo) -> &[NodeNo] {
        self.part().open_claims(node)
    }

    fn doubtful(&self, kind: Kind) -> &[NodeNo] {
        self.part().doubtful(kind)
    }

    fn unread(&self) -> &[Unread] {
        &self.unread
    }

    fn unshown(&self) -> &[Unshown] {
        let here = |of: &Unshown| {
            let (batch, deployment) = (self.part().number(of.batch)?, self.number(of.deployment));
            Some(Unshown { batch, deployment, ..*of })
        };
        self.unshown.get_or_init(|| self.whole.unshown().iter().filter_map(here).collect())
    }

    /// Those of the whole store: whose they are is what is not said.
    fn unshown_values(&self) -> u64 {
        self.whole.unshown_values()
    }

    fn erased_values(&self, kind: Kind) -> u64 {
        self.whole.erased_values(kind)
    }

    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Error> {
        self.whole.field(self.whole_number(node), name)
    }

    fn fields(&self, node: NodeNo) -> Result<Map, Error> {
        self.whole.fields(self.whole_number(node))
    }

    fn same_node(&self, other: &ScopedView, node: NodeNo) -> Option<NodeNo> {
        let whole = self.whole.same_node(&other.whole, other.whole_number(node))?;
        self.part().number(whole)
    }

    fn commit_of(&self, node: NodeNo) -> u64 {
        self.whole.commit_of(self.whole_number(node))
    }

    fn revisions(&self, node: NodeNo) -> Result<Vec<Revision>, Error> {
        self.whole.revisions(self.whole_number(node))
    }

    fn check(&self, node: NodeNo, deep: bool) -> Checked {
        let node = self.whole_number(node);
        // How many rows a batch has is not told where others' are among them.
        self.whole.check(node, deep && !self.whole.snapshot().is_cut(node))
    }

    fn events_by_hash(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<EventRef>, Error> {
        Ok(self.seen(self.whole.events_by_hash(algorithm, bytes)?))
    }

    fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>, Error> {
        Ok(self.seen(self.whole.events_by_id(id)?))
    }

    fn event_deployment(&self, event: EventRef) -> NodeNo {
        self.number(self.whole.event_deployment(event))
    }

    fn event_batch(&self, event: EventRef) -> NodeNo {
        self.number(self.whole.event_batch(event))
    }

    fn event_field(&self, event: EventRef, field: EventField) -> Result<Option<Value>, Error> {
        self.whole.event_field(event, field)
    }

    fn visit_events(
        &self,
        events: impl Iterator<Item = EventRef>,
        field: EventField,
        look: impl FnMut(Option<EventValue<'_>>),
    ) -> Result<(), Error> {
        self.whole.visit_events(events, field, look)
    }

    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo> {
        self.part().numbers(&self.whole.batches_of(self.whole_number(deployment)))
    }

    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Error> {
        self.whole.batch_rows(self.whole_number(batch))
    }

    fn batch_parts(&self, batch: NodeNo) -> Vec<(u32, u32)> {
        self.whole.batch_parts(self.whole_number(batch))
    }

    fn part_place(&self, part: u32) -> (u32, u32) {
        self.whole.part_place(part)
    }

    fn read_events(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventColumns, Error> {
        self.whole.read_events(part, rows, fields)
    }

    fn may_hold(
        &self,
        part: u32,
        rows: Range<u32>,
        field: EventField,
        bounds: (Option<EventValue<'_>>, Option<EventValue<'_>>),
    ) -> Result<bool, Error> {
        self.whole.may_hold(part, rows, field, bounds)
    }

    fn batch_counts(&self, batch: NodeNo) -> BatchCounts {
        self.whole.batch_counts(self.whole_number(batch))
    }

    fn batch_times(&self, batch: NodeNo) -> (i64, i64) {
        self.whole.batch_times(self.whole_number(batch))
    }

    fn batch_months(&self, batch: NodeNo) -> Vec<MonthCounts> {
        self.whole.batch_months(self.whole_number(batch))
    }

    fn counters(&self) -> Counters<'_> {
        self.counters.get_or_init(|| self.part().counted(self.whole.snapshot())).read()
    }
}
