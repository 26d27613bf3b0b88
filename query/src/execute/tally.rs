//! Groups of events from the counters of deployments: one pass over plain columns, without a batch,
//! a row or a value in between (benches/asking.rs, q5).
//!
//! Each deployment is led to what its events are grouped by; pairs of both are numbers, sorted; then
//! the months of the deployments of one group are added up.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lineal_engine::Counters;
use lineal_engine::events::{Month, MonthCounts};

use super::fold::{asks_for, stretch_of};
use super::gather::as_float;
use super::group::GroupKey;
use super::row_set::RowSet;
use super::{Executor, Run, Stop};
use crate::limits::Limit;
use crate::plan::{
    Aggregate, AggregateFunction, BucketUnit, ByBatch, CounterFigure, Counting, Expression,
    Function, GroupPlan, Kinds, Route, SelectPlan, StepPlan, speaks_of,
};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// A month or year of which no start can be told, or none at all: it stands last, as absent does.
const NO_BUCKET: u32 = u32::MAX;

/// How one key of a group comes about.
enum Key {
    /// From what the deployments lead to: so many-th of these.
    Beside(usize),
    /// The start of the month or year.
    Bucket(BucketUnit),
}

/// What is the same for all groups.
struct Tally<'a, 'c> {
    counting: &'a Counting,
    plan: &'a GroupPlan,
    counters: Counters<'c>,
    keys: Vec<Key>,
    /// What time is divided by.
    unit: Option<BucketUnit>,
    /// By place among the months; all are asked for if there is no list.
    asked: Option<Vec<bool>>,
    /// What stands in the columns after the keys, as columns of the group, where they are nothing
    /// else and nothing tests or orders the rows.
    plain: Option<Vec<usize>>,
}

/// What the events of one stretch of a group come to.
struct Sums {
    bucket: u32,
    all: MonthCounts,
    /// Those of them without a time.
    timeless: MonthCounts,
}

/// A group whose row is being made.
struct Group<'g> {
    tally: &'g Tally<'g, 'g>,
    beside: &'g [Value],
    sums: &'g Sums,
    pairs: &'g [u64],
}

impl Group<'_> {
    /// A column: keys first, then figures.
    fn column(&self, column: usize) -> Value {
        let Group { tally, beside, sums, pairs } = *self;
        let Some(figure) = column.checked_sub(tally.keys.len()) else {
            return match tally.keys.get(column) {
                Some(Key::Beside(place)) => beside.get(*place).cloned().unwrap_or(Value::Absent),
                Some(Key::Bucket(unit)) => start_of(sums.bucket, *unit),
                None => Value::Absent,
            };
        };
        let aggregate = tally.plan.aggregates.get(figure);
        match aggregate.zip(tally.counting.figures.get(figure)) {
            Some((aggregate, figure)) => tally.figure(aggregate, *figure, sums, pairs),
            None => Value::Absent,
        }
    }
}

/// What is kept from group to group.
#[derive(Default)]
struct Scratch {
    /// Ascending by bucket.
    sums: Vec<Sums>,
    groups: u64,
}

impl Sums {
    fn none_in(bucket: u32) -> Sums {
        let none = MonthCounts::none_in(None);
        Sums { bucket, all: none, timeless: none }
    }

    fn add(&mut self, counts: &MonthCounts) {
        self.all.add(counts);
        if counts.month.is_none() {
            self.timeless.add(counts);
        }
    }
}

impl Tally<'_, '_> {
    fn bucket(&self, month: Option<Month>) -> u32 {
        let start = match (self.unit, month) {
            (None, _) | (_, None) => return NO_BUCKET,
            (Some(BucketUnit::Year), Some(month)) => month.first_of_year(),
            (Some(_), Some(month)) => month,
        };
        // A stretch that begins before time can say is no key.
        if start.has_start() { start.number() } else { NO_BUCKET }
    }

    /// Adds up the months of these deployments.
    fn add_up(&self, pairs: &[u64], sums: &mut Vec<Sums>) {
        sums.clear();
        for pair in pairs {
            for at in self.counters.months_of(place_of(*pair)) {
                if self.asked.as_ref().is_some_and(|asked| asked.get(at) != Some(&true)) {
                    continue;
                }
                let counts = self.counters.counts(at);
                let bucket = self.bucket(counts.month);
                let place = match sums.binary_search_by_key(&bucket, |sums| sums.bucket) {
                    Ok(place) => place,
                    Err(place) => {
                        sums.insert(place, Sums::none_in(bucket));
                        place
                    }
                };
                if let Some(sums) = sums.get_mut(place) {
                    sums.add(&counts);
                }
            }
        }
    }

    /// The first and last time of these deployments.
    fn times(&self, pairs: &[u64]) -> (i64, i64) {
        pairs.iter().fold((i64::MAX, i64::MIN), |(first, last), pair| {
            let time = |times: &[i64], none| times.get(place_of(*pair)).copied().unwrap_or(none);
            let own = (
                time(self.counters.first_times, i64::MAX),
                time(self.counters.last_times, i64::MIN),
            );
            (first.min(own.0), last.max(own.1))
        })
    }

    fn figure(
        &self,
        aggregate: &Aggregate,
        figure: CounterFigure,
        sums: &Sums,
        pairs: &[u64],
    ) -> Value {
        let rows = self.counting.pick.of(&sums.all);
        let whole = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let time = |time: i64, none| if time == none { Value::Absent } else { Value::Time(time) };
        match figure {
            CounterFigure::Rows => whole(rows),
            CounterFigure::Holding(_) if aggregate.function != AggregateFunction::Share => {
                whole(holding(figure, sums))
            }
            CounterFigure::Holding(_) if rows == 0 => Value::Absent,
            CounterFigure::Holding(_) => {
                Value::Float(as_float(holding(figure, sums)) / as_float(rows))
            }
            CounterFigure::Timed => {
                whole(rows.saturating_sub(self.counting.pick.of(&sums.timeless)))
            }
            CounterFigure::FirstTime => time(self.times(pairs).0, i64::MAX),
            CounterFigure::LastTime => time(self.times(pairs).1, i64::MIN),
        }
    }
}

fn holding(figure: CounterFigure, sums: &Sums) -> u64 {
    if let CounterFigure::Holding(pick) = figure { pick.of(&sums.all) } else { 0 }
}

/// The place of the deployment of a pair.
fn place_of(pair: u64) -> usize {
    usize::try_from(pair & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

/// The start of the month or year that a bucket stands for.
fn start_of(bucket: u32, unit: BucketUnit) -> Value {
    if bucket == NO_BUCKET {
        return Value::Absent;
    }
    let month = Month::of_number(bucket);
    let month = if unit == BucketUnit::Year { month.first_of_year() } else { month };
    month.start().map_or(Value::Absent, Value::Time)
}

impl<'a, S: Source> Executor<'a, S> {
    /// Adds up counters of deployments; false, with nothing done, where they do not tell all.
    pub(super) fn tally(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        by: &'a ByBatch,
        out: &mut RowSet,
    ) -> Run<bool> {
        let Some(counting) = &by.counting else { return Ok(false) };
        let Some(route) = &counting.route else { return Ok(false) };
        let Some(event) = select.steps.iter().find(|step| step.slot == by.event) else {
            return Ok(false);
        };
        let counters = self.source.counters();
        let Some(asked) = self.asked_months(event, counting, &counters)? else {
            return Ok(false);
        };
        let mut beside: Vec<&'a Expression> = Vec::new();
        let mut unit = None;
        let keys = plan.keys.iter().map(|key| match key {
            Expression::Call(Function::Bucket(given), _) if speaks_of(key, by.event) => {
                // A month tells its year.
                if unit != Some(BucketUnit::Month) {
                    unit = Some(*given);
                }
                Key::Bucket(*given)
            }
            key => {
                beside.push(key);
                Key::Beside(beside.len() - 1)
            }
        });
        let keys: Vec<Key> = keys.collect();
        let plain = || {
            let column = |item: &Expression| match item {
                Expression::Column(column) => Some(*column),
                _ => None,
            };
            plan.items.iter().map(column).collect()
        };
        let is_plain = plan.having.is_none() && select.order.is_empty();
        let plain = if is_plain { plain() } else { None };
        let tally = Tally { counting, plan, counters, keys, unit, asked, plain };
        let step = route.step.and_then(|place| select.steps.get(place));
        let mut pairs = self.led_to(route, &counters)?;
        // What is told of all nodes of a kind at once was taken out of the conditions.
        if let Some(step) = step.filter(|step| !step.whole.is_empty()) {
            let Some(kind) = route.to.single() else { return Ok(false) };
            let found = self.whole(step, kind)?;
            pairs.retain(|pair| NodeNo::try_from(pair >> 32).is_ok_and(|node| found.has(node)));
        }
        if let Some(step) = step {
            self.leave_out_deleted(step, &mut pairs)?;
        }
        let ended = self.tally_pairs(select, &tally, step, &beside, &pairs, out);
        if ended.is_err() {
            out.clear();
        }
        ended?;
        if route.in_order && select.order.is_empty() {
            out.set_in_order();
        }
        Ok(true)
    }

    /// Which months are asked for, as [`Tally::asked`]; none where one is only in part.
    #[expect(clippy::option_option, reason = "none of the outer is: counters do not tell")]
    fn asked_months(
        &mut self,
        event: &'a StepPlan,
        counting: &Counting,
        counters: &Counters<'_>,
    ) -> Run<Option<Option<Vec<bool>>>> {
        if counting.time_tests.is_empty() {
            return Ok(Some(None));
        }
        let tests = self.tests(&event.columns)?;
        let window = self.window(event, &[])?;
        let mut known: BTreeMap<Option<Month>, bool> = BTreeMap::new();
        let mut asked = Vec::with_capacity(counters.events.len());
        for at in 0..counters.events.len() {
            let counts = counters.counts(at);
            if let Some(is_asked) = known.get(&counts.month) {
                asked.push(*is_asked);
                continue;
            }
            let stretch = stretch_of(&counts, (i64::MIN, i64::MAX));
            let tests = counting.time_tests.iter().filter_map(|place| tests.get(*place));
            match asks_for(stretch, tests, (window.from, window.to)) {
                Some(is_asked) => known.insert(counts.month, is_asked),
                None => return Ok(None),
            };
            asked.extend(known.get(&counts.month));
        }
        Ok(Some(Some(asked)))
    }

    /// What the deployments lead to, each as node << 32 | place of the deployment, ascending.
    fn led_to(&mut self, route: &Route, counters: &Counters<'_>) -> Run<Vec<u64>> {
        let source = self.source;
        // Nodes of a kind are neighbours: a look at their bounds is quicker than at the kind.
        let bounds = |kinds: Kinds| -> Vec<Range<NodeNo>> {
            kinds.iter().map(|kind| source.nodes_of(kind)).collect()
        };
        let hops: Vec<_> = route
            .hops
            .iter()
            .map(|(relation, direction, kinds)| (*relation, *direction, bounds(*kinds)))
            .collect();
        let (from, to) = (bounds(route.from), bounds(route.to));
        let is_in = |bounds: &[Range<NodeNo>], node: NodeNo| {
            bounds.iter().any(|bounds| bounds.contains(&node))
        };
        let mut pairs = Vec::with_capacity(counters.deployments.len());
        let (mut here, mut next): (Vec<NodeNo>, Vec<NodeNo>) = (Vec::new(), Vec::new());
        for (place, deployment) in (0_u64..).zip(counters.deployments) {
            self.look(1)?;
            here.clear();
            here.extend(is_in(&from, *deployment).then_some(*deployment));
            for (relation, direction, kinds) in &hops {
                next.clear();
                for node in &here {
                    let ends = source.edges(*node, *relation, *direction);
                    self.count_edges(ends.len())?;
                    next.extend(ends.iter().filter(|end| is_in(kinds, **end)));
                }
                if next.len() > 1 {
                    next.sort_unstable();
                    next.dedup();
                }
                std::mem::swap(&mut here, &mut next);
            }
            for node in &here {
                if is_in(&to, *node) {
                    pairs.push(u64::from(*node) << 32 | place);
                }
            }
        }
        pairs.sort_unstable();
        Ok(pairs)
    }

    /// Takes away what is marked deleted in its source, and notes what else would have counted.
    fn leave_out_deleted(&mut self, step: &'a StepPlan, pairs: &mut Vec<u64>) -> Run<()> {
        if self.plan.slots.get(step.slot).is_some_and(|slot| slot.with_deleted) {
            return Ok(());
        }
        let source = self.source;
        let mut deleted = BTreeSet::new();
        pairs.retain(|pair| {
            let node = NodeNo::try_from(pair >> 32).unwrap_or(NodeNo::MAX);
            let is_deleted = source.is_deleted(node);
            if is_deleted {
                deleted.insert(node);
            }
            !is_deleted
        });
        for node in deleted {
            if self.is_kept(step, node)? {
                self.left_out.insert(node);
            }
        }
        Ok(())
    }

    fn tally_pairs(
        &mut self,
        select: &'a SelectPlan,
        tally: &Tally<'a, '_>,
        step: Option<&'a StepPlan>,
        beside: &[&'a Expression],
        pairs: &[u64],
        out: &mut RowSet,
    ) -> Run<()> {
        let mut scratch = Scratch::default();
        if beside.is_empty() && step.is_none_or(|step| step.filters.is_empty()) {
            return self.tally_group(select, tally, &[], pairs, &mut scratch, out);
        }
        let is_node = matches!(beside, [Expression::Slot(slot)] if step.is_some_and(|step| step.slot == *slot));
        let mut groups: BTreeMap<GroupKey, Vec<u64>> = BTreeMap::new();
        if beside.is_empty() {
            groups.insert(GroupKey(Vec::new()), Vec::new());
        }
        for pairs in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            self.look(1)?;
            let node = pairs.first().map_or(0, |pair| pair >> 32);
            let node = NodeNo::try_from(node).unwrap_or(NodeNo::MAX);
            if let Some(step) = step
                && !self.is_kept(step, node)?
            {
                continue;
            }
            if is_node {
                let key = [Value::Node(node)];
                self.tally_group(select, tally, &key, pairs, &mut scratch, out)?;
                continue;
            }
            let mut key = Vec::with_capacity(beside.len());
            for part in beside {
                key.push(self.value(part)?);
            }
            groups.entry(GroupKey(key)).or_default().extend_from_slice(pairs);
        }
        for (GroupKey(key), pairs) in groups {
            self.tally_group(select, tally, &key, &pairs, &mut scratch, out)?;
        }
        Ok(())
    }

    /// Binds what the deployments lead to; do its own conditions hold?
    fn is_kept(&mut self, step: &'a StepPlan, node: NodeNo) -> Run<bool> {
        if let Some(slot) = self.bindings.get_mut(step.slot) {
            *slot = Item::Node(node);
        }
        if let Some(counted) = self.counted_at(step.slot) {
            counted.tried += 1;
        }
        for filter in &step.filters {
            if !self.holds(filter)? {
                return Ok(false);
            }
        }
        if let Some(counted) = self.counted_at(step.slot) {
            counted.kept += 1;
        }
        Ok(true)
    }

    /// The rows of all groups that share what stands beside the events.
    fn tally_group(
        &mut self,
        select: &'a SelectPlan,
        tally: &Tally<'a, '_>,
        beside: &[Value],
        pairs: &[u64],
        scratch: &mut Scratch,
        out: &mut RowSet,
    ) -> Run<()> {
        let Scratch { sums, groups } = scratch;
        tally.add_up(pairs, sums);
        if tally.keys.is_empty() && sums.is_empty() {
            // Without keys there is one group, even of nothing.
            sums.push(Sums::none_in(NO_BUCKET));
        }
        for sums in sums.iter() {
            if tally.counting.pick.of(&sums.all) == 0 && !tally.keys.is_empty() {
                continue;
            }
            if *groups >= self.limits.rows {
                return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
            }
            *groups += 1;
            let group = Group { tally, beside, sums, pairs };
            if let Some(plain) = &tally.plain {
                let before = out.lengths();
                let (columns, ..) = out.begin_row();
                columns.extend((0..tally.keys.len()).map(|key| group.column(key)));
                columns.extend(plain.iter().map(|column| group.column(*column)));
                out.end_row(before);
                continue;
            }
            self.group.clear();
            let columns = tally.keys.len() + tally.plan.aggregates.len();
            self.group.extend((0..columns).map(|column| group.column(column)));
            self.group_row(select, tally.plan, out)?;
        }
        Ok(())
    }
}
