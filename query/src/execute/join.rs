//! Binds variables one after the other, and tests the chains between them.

use std::rc::Rc;

use lineal_engine::schema::{Direction, Kind};

use super::columns::Test;
use super::item_set::ItemSet;
use super::row_set::RowSet;
use super::scan::{WHOLE, Window};
use super::{Executor, Run, store};
use crate::plan::{
    Chain, End, Expression, Generator, Hop, HopKind, Kinds, Label, LabelBy, SlotId, StepPlan,
    TimeBound,
};
use crate::source::{EventRef, Source};
use crate::value::{Item, Value};

/// Added to the number under which a chain is kept: what it leads to from the last event.
const FROM_START: usize = 1 << 30;

/// What is kept from row to row.
#[derive(Debug)]
pub(super) enum Memo {
    /// The things for which a chain holds, and what they depend on.
    Chain(Option<Item>, Rc<ItemSet>),
    /// The rows of an inner question that does not depend on the row at hand.
    Rows(Rc<RowSet>),
}

/// Called for each full binding; false ends the search.
type Emit<'e, 'a, S> = &'e mut dyn FnMut(&mut Executor<'a, S>) -> Run<bool>;

impl<'a, S: Source> Executor<'a, S> {
    /// Binds the variables of these steps in turn; false if the search was ended.
    pub(super) fn bind(&mut self, steps: &'a [StepPlan], emit: Emit<'_, 'a, S>) -> Run<bool> {
        let Some((step, rest)) = steps.split_first() else { return emit(self) };
        if matches!(step.from, Generator::Scan) {
            return self.scan(step, rest, emit);
        }
        let clock = self.clock();
        let found = self.generated(step)?;
        self.count_time(step.slot, clock);
        for item in found.items() {
            self.look(1)?;
            if !self.candidate(item, step, rest, emit)? {
                return Ok(false);
            }
        }
        self.keep_cell(found);
        Ok(true)
    }

    /// What a variable may stand for that is not scanned.
    pub(super) fn generated(&mut self, step: &'a StepPlan) -> Run<Rc<ItemSet>> {
        match &step.from {
            Generator::Label(label) => self.called(label).map(Rc::new),
            Generator::Scan => Ok(Rc::default()),
            Generator::Set(set) => self.set(*set),
            Generator::Events(key) => self.events_with(key).map(Rc::new),
            Generator::Chain(chain) => {
                if let Some(found) = self.along(chain)? {
                    return Ok(self.shared(found));
                }
                let tests = self.tests(&step.columns)?;
                let window = self.window(step, &tests)?;
                self.forward(chain, window)
            }
        }
    }

    /// Events with a hash or an id; what else must hold is tested for each.
    fn events_with(&mut self, key: &'a Expression) -> Run<ItemSet> {
        let source = self.source;
        let events = match self.value(key)? {
            Value::Hash(hash) => {
                source.events_by_hash(hash.algorithm(), hash.bytes()).map_err(store)?
            }
            Value::Text(id) => source.events_by_id(&id).map_err(store)?,
            _ => Vec::new(),
        };
        self.visit_many(&events);
        Ok(ItemSet::of(Vec::new(), events))
    }

    /// Nodes that the store's labels find; what else must hold is tested for each.
    fn called(&mut self, label: &'a Label) -> Run<ItemSet> {
        let source = self.source;
        let values = match self.value(&label.value)? {
            Value::List(values) => values,
            one => vec![one],
        };
        let mut nodes = Vec::new();
        for value in values {
            match (value, &label.by) {
                (Value::Text(text), LabelBy::Field(field)) => {
                    nodes.extend(source.find_field(label.kind, field, &text));
                }
                (Value::Text(text), LabelBy::Tag(tag)) => {
                    nodes.extend(source.find_tag(label.kind, tag, &text).map_err(store)?);
                }
                // A text may be a hash that is written in another way.
                (Value::Hash(_) | Value::Bytes(_), _) => nodes.extend(source.nodes_of(label.kind)),
                // Nothing else equals a text.
                _ => {}
            }
        }
        Ok(ItemSet::of(nodes, Vec::new()))
    }

    /// Everything of the variable's kinds.
    fn scan(
        &mut self,
        step: &'a StepPlan,
        rest: &'a [StepPlan],
        emit: Emit<'_, 'a, S>,
    ) -> Run<bool> {
        let source = self.source;
        let named = self.plan.slots.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
        let kinds = step.narrowed.unwrap_or(named);
        if let (false, Some(kind)) = (step.whole.is_empty(), kinds.single()) {
            let found = self.whole(step, kind)?;
            for node in found.nodes() {
                self.look(1)?;
                if !self.candidate(Item::Node(node), step, rest, emit)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for kind in kinds.iter().filter(|kind| *kind != Kind::Inference) {
            for node in source.nodes_of(kind) {
                self.look(1)?;
                if !self.candidate(Item::Node(node), step, rest, emit)? {
                    return Ok(false);
                }
            }
        }
        if kinds.has(Kind::Inference) {
            return self.scanned_events(step, &mut |run, events| {
                for event in events {
                    run.look(1)?;
                    if !run.candidate(Item::Event(*event), step, rest, emit)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            });
        }
        Ok(true)
    }

    /// Tries one candidate for a variable.
    pub(super) fn candidate(
        &mut self,
        item: Item,
        step: &'a StepPlan,
        rest: &'a [StepPlan],
        emit: Emit<'_, 'a, S>,
    ) -> Run<bool> {
        if let (Item::Node(node), Some(kinds)) = (item, step.narrowed)
            && !kinds.has(self.source.kind_of(node))
        {
            return Ok(true);
        }
        let left_out = match item {
            Item::Node(node)
                if self.plan.slots.get(step.slot).is_some_and(|slot| !slot.with_deleted)
                    && self.source.is_deleted(node) =>
            {
                Some(node)
            }
            _ => None,
        };
        let clock = self.clock();
        if let Some(slot) = self.bindings.get_mut(step.slot) {
            *slot = item;
        }
        if let Some(counted) = self.counted_at(step.slot) {
            counted.tried += u64::from(left_out.is_none());
        }
        let holds = self.step_holds(step);
        self.count_time(step.slot, clock);
        if !holds? {
            return Ok(true);
        }
        if let Some(node) = left_out {
            self.left_out.insert(node);
            return Ok(true);
        }
        if let Some(counted) = self.counted_at(step.slot) {
            counted.kept += 1;
        }
        self.bind(rest, emit)
    }

    /// Do the relations and conditions of a step hold for the candidate at hand?
    fn step_holds(&mut self, step: &'a StepPlan) -> Run<bool> {
        for chain in &step.chains {
            if !self.chain_holds(chain)? {
                return Ok(false);
            }
        }
        // Events that come batch by batch were tested on their columns.
        let by_batch = matches!(step.from, Generator::Scan | Generator::Chain(_));
        let columns = if by_batch { &[][..] } else { &step.columns };
        for filter in columns.iter().chain(&step.filters) {
            if !self.holds(filter)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The bounds of the time of a step's events.
    pub(super) fn window<'w>(&mut self, step: &'a StepPlan, tests: &'w [Test]) -> Run<Window<'w>> {
        let from = self.window_bound(step.window.0.as_ref(), 1)?;
        let to = self.window_bound(step.window.1.as_ref(), -1)?;
        let by_batch = self.by_batch == Some(step.slot);
        Ok(Window { from, to, tests, by_batch })
    }

    /// The first or last time within; `inward` leads from an open bound into the stretch.
    fn window_bound(&mut self, bound: Option<&'a TimeBound>, inward: i64) -> Run<Option<i64>> {
        let Some(bound) = bound else { return Ok(None) };
        Ok(match self.value(&bound.time)? {
            Value::Time(time) if bound.open => Some(time.saturating_add(inward)),
            Value::Time(time) => Some(time),
            _ => None,
        })
    }

    pub(super) fn bound_item(&self, slot: SlotId) -> Item {
        self.bindings.get(slot).copied().unwrap_or(Item::Node(u32::MAX))
    }

    /// The things at one end of a chain.
    fn end_set(&mut self, end: End, kinds: Kinds) -> Run<Rc<ItemSet>> {
        match end {
            End::Slot(slot) => Ok(Rc::new(ItemSet::one(self.bound_item(slot)))),
            End::Set(set) => self.set(set),
            End::Any => {
                let kinds = kinds.iter().filter(|kind| *kind != Kind::Inference);
                let nodes = kinds.flat_map(|kind| self.source.nodes_of(kind)).collect();
                Ok(Rc::new(ItemSet::of(nodes, Vec::new())))
            }
        }
    }

    /// What relations alone lead to from one node, without a set for each of them or bounds for
    /// events; none where a chain is more than that (`benches/asking.rs`, q7).
    fn along(&mut self, chain: &Chain) -> Run<Option<ItemSet>> {
        let is_plain = |hop: &Hop| {
            let kind = hop.to.single();
            hop.to_set.is_none()
                && matches!(hop.how, HopKind::Edge(..))
                && kind.is_some_and(|kind| kind != Kind::Inference)
        };
        let (End::Slot(slot), false) = (chain.start, self.noting) else { return Ok(None) };
        let Item::Node(node) = self.bound_item(slot) else { return Ok(None) };
        if !chain.hops.iter().all(is_plain) {
            return Ok(None);
        }
        let source = self.source;
        let (mut here, mut next) = (self.list(), self.list());
        here.nodes.push(node);
        for hop in &chain.hops {
            let (HopKind::Edge(relation, direction), Some(kind)) = (&hop.how, hop.to.single())
            else {
                break;
            };
            let range = source.nodes_of(kind);
            next.nodes.clear();
            for node in &here.nodes {
                let ends = source.edges(*node, *relation, *direction);
                self.count_edges(ends.len())?;
                next.nodes.extend(ends.iter().filter(|end| range.contains(end)));
            }
            next.arrange();
            std::mem::swap(&mut here, &mut next);
        }
        self.keep_list(next);
        Ok(Some(here))
    }

    /// What a chain leads to from its start.
    pub(super) fn forward(&mut self, chain: &Chain, window: Window) -> Run<Rc<ItemSet>> {
        let is_fixed = self.is_fixed(chain.start) && self.hops_are_fixed(chain);
        if is_fixed && let Some(Memo::Chain(None, known)) = self.memo(chain.memo) {
            return Ok(known.clone());
        }
        let last = self.last_start(chain);
        if let Some(start) = last
            && let Some(Memo::Chain(Some(of), known)) = self.memo(chain.memo + FROM_START)
            && *of == start
        {
            return Ok(known.clone());
        }
        let found = match chain.start {
            End::Slot(slot) => self.hops_from(self.bound_item(slot), &chain.hops, window)?,
            start => {
                let start = self.end_set(start, chain.kinds)?;
                self.hops(&start, &chain.hops, window)?
            }
        };
        let found = self.shared(found);
        if is_fixed {
            self.remember(chain.memo, Memo::Chain(None, found.clone()));
        }
        if last.is_some() {
            self.remember(chain.memo + FROM_START, Memo::Chain(last, found.clone()));
        }
        Ok(found)
    }

    /// What a chain from a single event depends on, which is its batch: events come batch by batch, so
    /// what the last one led to is mostly what the next one does. None where it depends on more, or
    /// where what is passed is noted.
    fn last_start(&self, chain: &Chain) -> Option<Item> {
        let End::Slot(slot) = chain.start else { return None };
        let Item::Event(event) = self.bound_item(slot) else { return None };
        let is_to_nodes = chain.hops.last().is_some_and(|hop| !hop.to.has(Kind::Inference));
        let depends_on_batch = !self.noting && is_to_nodes && self.hops_are_fixed(chain);
        depends_on_batch.then_some(Item::Event(EventRef { row: WHOLE, ..event }))
    }

    /// What these relations lead to from one thing.
    fn hops_from(&mut self, item: Item, hops: &[Hop], window: Window) -> Run<ItemSet> {
        let mut start = self.list();
        match item {
            Item::Node(node) => start.nodes.push(node),
            Item::Event(event) => start.events.push(event),
        }
        let found = self.hops(&start, hops, window)?;
        self.keep_list(start);
        Ok(found)
    }

    fn hops(&mut self, start: &ItemSet, hops: &[Hop], window: Window) -> Run<ItemSet> {
        let mut here: Option<ItemSet> = None;
        for (number, hop) in hops.iter().enumerate() {
            // Only the last hop may lead to the events that the bounds are about.
            let is_last = number + 1 == hops.len();
            let window = if is_last { window } else { Window::default() };
            let from = here.as_ref().unwrap_or(start);
            let mut found = match &hop.how {
                HopKind::Edge(relation, direction) => {
                    self.step(from, *relation, *direction, hop.to, window)?
                }
                HopKind::Reach { to_target, .. } => self.reach(to_target, from, hop.to, window)?,
            };
            if let Some(set) = hop.to_set
                && (!self.noting || self.set_is_fixed(set))
            {
                let set = self.set(set)?;
                found.keep(&set);
            }
            if found.is_empty() {
                return Ok(found);
            }
            if let Some(before) = here.replace(found) {
                self.keep_list(before);
            }
        }
        Ok(here.unwrap_or_else(|| start.clone()))
    }

    /// Does the chain hold for the variables as they are bound?
    pub(super) fn chain_holds(&mut self, chain: &Chain) -> Run<bool> {
        let End::Slot(slot) = chain.start else {
            let start = self.end_set(chain.start, chain.kinds)?;
            let found = self.hops(&start, &chain.hops, Window::default())?;
            return self.lands(&found, chain);
        };
        let item = self.bound_item(slot);
        if let (Item::Node(node), End::Any, [hop]) = (item, chain.end, chain.hops.as_slice())
            && let (HopKind::Edge(relation, direction), None) = (&hop.how, hop.to_set)
            && !hop.to.has(Kind::Inference)
        {
            return self.has_edge(node, *relation, *direction, hop.to);
        }
        if !chain.has_closure() || chain.end == End::Any {
            let found = self.hops_from(item, &chain.hops, Window::default())?;
            let lands = self.lands(&found, chain)?;
            self.keep_list(found);
            return Ok(lands);
        }
        // A closure is made from its fixed end once, then each row is a look-up.
        Ok(self.backward(chain)?.has(item))
    }

    fn lands(&mut self, found: &ItemSet, chain: &Chain) -> Run<bool> {
        Ok(match chain.end {
            End::Any => !found.is_empty(),
            End::Slot(slot) => found.has(self.bound_item(slot)),
            End::Set(set) => found.meets(&*self.set(set)?),
        })
    }

    /// The things at the start of a chain for which it holds.
    fn backward(&mut self, chain: &Chain) -> Run<Rc<ItemSet>> {
        let key = match chain.end {
            End::Slot(slot) => Some(self.bound_item(slot)),
            _ => None,
        };
        let keep = self.hops_are_fixed(chain)
            && (matches!(chain.end, End::Slot(_)) || self.is_fixed(chain.end));
        if keep
            && let Some(Memo::Chain(known_key, known)) = self.memo(chain.memo)
            && *known_key == key
        {
            return Ok(known.clone());
        }
        let reversed = chain.reversed();
        let start = self.end_set(reversed.start, reversed.kinds)?;
        let found = Rc::new(self.hops(&start, &reversed.hops, Window::default())?);
        if keep {
            self.remember(chain.memo, Memo::Chain(key, found.clone()));
        }
        Ok(found)
    }

    /// Does it not depend on the row at hand?
    fn is_fixed(&self, end: End) -> bool {
        match end {
            End::Slot(_) => false,
            End::Any => true,
            End::Set(set) => self.set_is_fixed(set),
        }
    }

    fn set_is_fixed(&self, set: usize) -> bool {
        self.plan.sets.get(set).is_some_and(|set| !set.correlated)
    }

    pub(super) fn hops_are_fixed(&self, chain: &Chain) -> bool {
        chain.hops.iter().all(|hop| {
            let avoided = match &hop.how {
                HopKind::Reach { to_target, .. } => to_target.avoiding.as_slice(),
                HopKind::Edge(_, Direction::Forward | Direction::Inverse) => &[],
            };
            hop.to_set.iter().chain(avoided).all(|set| self.set_is_fixed(*set))
        })
    }
}
