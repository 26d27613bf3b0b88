//! What plain relations lead to from each of many nodes: a relation is opened once for all of them, and
//! a question for things that are tied so is answered without a binding, a set or a memo for each
//! (`benches/asking.rs`, q5 and q7).

use std::ops::Range;

use lineal_engine::Adjacency;
use lineal_engine::schema::{Direction, Kind, Relation};

use super::row_set::RowSet;
use super::{Executor, Run, Stop};
use crate::limits::Limit;
use crate::plan::{
    End, Expression, Generator, HopKind, Kinds, OutputPlan, SelectPlan, SlotId, StepPlan,
};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// One relation of a way, opened.
pub(super) struct Way<'s> {
    relation: Relation,
    direction: Direction,
    /// All of it; none where each node must be asked.
    all: Option<Adjacency<'s>>,
    /// The bounds of the kinds that it may lead to.
    to: Bounds,
}

/// The bounds of kinds: nodes of a kind are neighbours, so a look at these is quicker than at the kind.
#[derive(Clone)]
pub(super) struct Bounds(Vec<Range<NodeNo>>);

impl Bounds {
    pub(super) fn of<S: Source>(source: &S, kinds: Kinds) -> Bounds {
        Bounds(kinds.iter().map(|kind| source.nodes_of(kind)).collect())
    }

    #[inline]
    pub(super) fn has(&self, node: NodeNo) -> bool {
        match self.0.as_slice() {
            [one] => one.contains(&node),
            several => several.iter().any(|bounds| bounds.contains(&node)),
        }
    }
}

/// Nodes on the way, kept from one start to the next.
#[derive(Default)]
pub(super) struct Walked {
    /// What was come to: ascending, without repetitions.
    pub(super) here: Vec<NodeNo>,
    before: Vec<NodeNo>,
}

/// A variable that a way leads to.
struct Led<'s> {
    slot: SlotId,
    /// Which of the variables before it the way begins at.
    from: usize,
    ways: Vec<Way<'s>>,
    with_deleted: bool,
    walked: Walked,
}

/// Rows on their way out.
struct LedRows<'a, 'o> {
    select: &'a SelectPlan,
    items: &'a [Expression],
    /// A row is what the variables stand for, one after the other, and stands where it is made.
    is_plain: bool,
    /// What the variables stand for, as far as they do.
    row: Vec<NodeNo>,
    out: &'o mut RowSet,
}

/// From how many starts on a relation is opened as a whole: all of it is looked at for damage then.
const STARTS_MIN: usize = 64;

impl<'a, S: Source> Executor<'a, S> {
    /// Relations, opened for so many starts.
    pub(super) fn ways(
        &self,
        hops: impl IntoIterator<Item = (Relation, Direction, Kinds)>,
        starts: usize,
    ) -> Vec<Way<'a>> {
        let way = |(relation, direction, kinds)| {
            let to = Bounds::of(self.source, kinds);
            Way { relation, direction, all: None, to }
        };
        let mut ways = hops.into_iter().map(way).collect();
        self.open_ways(&mut ways, starts);
        ways
    }

    fn open_ways(&self, ways: &mut Vec<Way<'a>>, starts: usize) {
        if starts >= STARTS_MIN {
            for way in ways {
                way.all = self.source.adjacency(way.relation, way.direction);
            }
        }
    }

    /// What these relations lead to from one node.
    #[inline]
    pub(super) fn walk_ways(
        &mut self,
        start: NodeNo,
        ways: &[Way<'a>],
        walked: &mut Walked,
    ) -> Run<()> {
        let source = self.source;
        let Walked { here, before } = walked;
        here.clear();
        here.push(start);
        for Way { relation, direction, all, to } in ways {
            std::mem::swap(here, before);
            here.clear();
            for node in before.iter() {
                let ends = match all {
                    Some(all) => all.of(*node),
                    None => source.edges(*node, *relation, *direction),
                };
                self.count_edges(ends.len())?;
                here.extend(ends.iter().filter(|end| to.has(**end)));
            }
            // What one node leads to stands in its order.
            if before.len() > 1 && here.len() > 1 {
                here.sort_unstable();
                here.dedup();
            }
        }
        Ok(())
    }

    /// The rows of a selection where plain relations lead to each variable from one before it and
    /// nothing else is asked of it; false, with nothing done, where it is another one.
    pub(super) fn led_into(
        &mut self,
        select: &'a SelectPlan,
        items: &'a [Expression],
        out: &mut RowSet,
    ) -> Run<bool> {
        let Some((first, behind)) = select.steps.split_first() else { return Ok(false) };
        if behind.is_empty() || self.noting || !self.is_found_at_once(first) {
            return Ok(false);
        }
        let mut led = Vec::with_capacity(behind.len());
        for (place, step) in behind.iter().enumerate() {
            let Some(variable) = self.led(step, select.steps.get(..=place).unwrap_or_default())
            else {
                return Ok(false);
            };
            led.push(variable);
        }
        let clock = self.clock();
        let found = self.candidates_of(first)?;
        self.count_time(first.slot, clock);
        led.iter_mut().for_each(|led| self.open_ways(&mut led.ways, found.nodes.len()));
        let is_plain = self.are_rows_of_things(select, items);
        let row = Vec::with_capacity(select.steps.len());
        let mut rows = LedRows { select, items, is_plain, row, out };
        for node in &found.nodes {
            rows.row.clear();
            rows.row.push(*node);
            if let Err(stop) = self.lead(&mut led, &mut rows) {
                self.put_led_in_order(is_plain, out);
                return Err(stop);
            }
        }
        self.keep_cell(found);
        self.put_led_in_order(is_plain, out);
        Ok(true)
    }

    fn put_led_in_order(&self, is_plain: bool, out: &mut RowSet) {
        if is_plain {
            out.set_in_order();
        }
    }

    /// Are the things of a variable found without trying each?
    fn is_found_at_once(&self, step: &StepPlan) -> bool {
        let named = self.slot_kinds(step.slot);
        let is_plain = step.chains.is_empty() && step.filters.is_empty() && step.columns.is_empty();
        let is_found = match step.from {
            Generator::Scan => step.narrowed.unwrap_or(named).single().is_some(),
            Generator::Set(_) | Generator::Label(_) => true,
            Generator::Chain(_) | Generator::Events(_) => false,
        };
        is_plain && is_found && !named.has(Kind::Inference)
    }

    /// Is a row what the variables stand for, one after the other, and do such rows come in their order?
    /// Actors are ordered by names.
    fn are_rows_of_things(&self, select: &SelectPlan, items: &[Expression]) -> bool {
        let slots = || select.steps.iter().map(|step| step.slot);
        let is_plain = select.order.is_empty() && select.extreme.is_none() && !select.has_hidden;
        let is_listed = slots().eq(select.listed.iter().copied())
            && items.len() == select.steps.len()
            && slots()
                .zip(items)
                .all(|(slot, item)| matches!(item, Expression::Slot(s) if *s == slot));
        is_plain
            && is_listed
            && matches!(select.output, OutputPlan::Rows { distinct: false, .. })
            && !slots().any(|slot| self.slot_kinds(slot).has(Kind::Actor))
    }

    /// A step as a variable that is led to, if it is no more than that.
    fn led(&self, step: &StepPlan, before: &[StepPlan]) -> Option<Led<'a>> {
        let is_plain = step.chains.is_empty()
            && step.filters.is_empty()
            && step.columns.is_empty()
            && step.narrowed.is_none();
        let Generator::Chain(chain) = &step.from else { return None };
        let End::Slot(start) = chain.start else { return None };
        let from = before.iter().position(|step| step.slot == start)?;
        let mut hops = Vec::with_capacity(chain.hops.len());
        for hop in &chain.hops {
            let HopKind::Edge(relation, direction) = hop.how else { return None };
            if hop.to_set.is_some() || hop.to.has(Kind::Inference) {
                return None;
            }
            hops.push((relation, direction, hop.to));
        }
        let with_deleted = self.plan.slots.get(step.slot).is_some_and(|slot| slot.with_deleted);
        is_plain.then(|| {
            let ways = self.ways(hops, 0);
            Led { slot: step.slot, from, ways, with_deleted, walked: Walked::default() }
        })
    }

    /// Makes the rows for what the first variables stand for.
    fn lead(&mut self, led: &mut [Led<'a>], rows: &mut LedRows<'a, '_>) -> Run<()> {
        let Some((next, behind)) = led.split_first_mut() else { return Ok(()) };
        let Some(start) = rows.row.get(next.from) else { return Ok(()) };
        let clock = self.clock();
        self.walk_ways(*start, &next.ways, &mut next.walked)?;
        let nodes = &mut next.walked.here;
        self.look(1 + nodes.len() as u64)?;
        if !next.with_deleted {
            let (source, left_out) = (self.source, &mut self.left_out);
            nodes.retain(|node| {
                let is_deleted = source.is_deleted(*node);
                if is_deleted {
                    left_out.insert(*node);
                }
                !is_deleted
            });
        }
        self.count_time(next.slot, clock);
        if let Some(counted) = self.counted_at(next.slot) {
            counted.tried += nodes.len() as u64;
            counted.kept += nodes.len() as u64;
        }
        if behind.is_empty() && rows.is_plain {
            return self.plain_rows(nodes, rows);
        }
        for node in &*nodes {
            rows.row.push(*node);
            if behind.is_empty() {
                self.led_row(rows)?;
            } else {
                self.lead(behind, rows)?;
            }
            rows.row.pop();
        }
        Ok(())
    }

    /// A row for what all variables stand for.
    fn led_row(&mut self, rows: &mut LedRows<'a, '_>) -> Run<()> {
        if rows.out.len() as u64 >= self.limits.rows {
            return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
        }
        let select = rows.select;
        for (step, node) in select.steps.iter().zip(&rows.row) {
            if let Some(binding) = self.bindings.get_mut(step.slot) {
                *binding = Item::Node(*node);
            }
        }
        self.row_into(rows.items, &select.order, &select.listed, rows.out)
    }

    /// A row for each of these nodes behind what the other variables stand for, as many as the bounds
    /// allow.
    fn plain_rows(&mut self, nodes: &[NodeNo], rows: &mut LedRows<'a, '_>) -> Run<()> {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let each = Value::Absent.size() * (rows.row.len() as u64 + 1);
        let rows_fit = number(self.limits.rows.saturating_sub(rows.out.len() as u64));
        let bytes_fit = number(self.limits.bytes.saturating_sub(self.bytes) / each);
        let fit = nodes.len().min(rows_fit).min(bytes_fit);
        rows.out.push_behind(&rows.row, nodes.get(..fit).unwrap_or_default());
        self.bytes += each * fit as u64;
        if fit == nodes.len() {
            Ok(())
        } else if rows_fit <= bytes_fit {
            Err(Stop::Limit(Limit::Rows(self.limits.rows)))
        } else {
            Err(Stop::Limit(Limit::Bytes(self.limits.bytes)))
        }
    }
}
