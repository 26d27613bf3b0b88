//! Groups of events from the counters of deployments: one pass over plain columns, without a batch,
//! a row or a value in between (benches/asking.rs, q5).
//!
//! Each deployment is led to what its events are grouped by; pairs of both are numbers, sorted; then
//! the months of the deployments of one group are added up.

use std::collections::BTreeMap;

use lineal_engine::Counters;
use lineal_engine::events::{Month, MonthCounts};

use super::fold::{asks_for, stretch_of};
use super::gather::as_float;
use super::group::GroupKey;
use super::pairs::{node_of, place_of};
use super::row_set::{RowSet, put};
use super::{Executor, Run, Stop};
use crate::limits::Limit;
use crate::plan::{
    Aggregate, AggregateFunction, BucketUnit, ByBatch, CounterFigure, Counting, Expression,
    Function, GroupPlan, Pick, SelectPlan, StepPlan, speaks_of,
};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// A month or year of which no start can be told, or none at all: it stands last, as absent does.
const NO_BUCKET: u32 = u32::MAX;

/// How one key of a group comes about.
#[derive(Clone, Copy)]
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
    starts: Starts,
    /// The columns of a row, where each is one of the group and nothing tests or orders the rows.
    plain: Option<Vec<Shown<'a>>>,
}

/// A column of a group.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Key(Key),
    Figure(&'a Aggregate, CounterFigure),
}

/// What the events of one stretch of a group come to.
struct Sums {
    bucket: u32,
    all: MonthCounts,
    /// How many of those that are counted have no time.
    timeless: u64,
}

/// A group whose row is being made.
struct Group<'g> {
    tally: &'g Tally<'g, 'g>,
    beside: &'g [Value],
    sums: &'g Sums,
    pairs: &'g [u64],
}

impl Group<'_> {
    /// Writes a column.
    #[inline]
    fn write(&self, shown: Shown<'_>, out: &mut Vec<Value>) {
        let Group { tally, beside, sums, pairs } = *self;
        match shown {
            Shown::Key(Key::Beside(place)) => match beside.get(place) {
                Some(Value::Node(node)) => put(out, *node, Value::Node),
                value => out.push(value.cloned().unwrap_or(Value::Absent)),
            },
            Shown::Key(Key::Bucket(unit)) => match tally.starts.start(sums.bucket, unit) {
                Some(start) => put(out, start, Value::Time),
                None => out.push(Value::Absent),
            },
            Shown::Figure(aggregate, figure) => match tally.count(aggregate, figure, sums) {
                Some(count) => put(out, i64::try_from(count).unwrap_or(i64::MAX), Value::Int),
                None => out.push(tally.figure(figure, sums, pairs)),
            },
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
        Sums { bucket, all: MonthCounts::none_in(None), timeless: 0 }
    }

    fn add(&mut self, counts: &MonthCounts, pick: Pick) {
        self.all.add(counts);
        if counts.month.is_none() {
            self.timeless += pick.of(counts);
        }
    }
}

impl<'a> Tally<'a, '_> {
    /// A column of the group: keys first, then figures.
    fn shown(&self, column: usize) -> Option<Shown<'a>> {
        let Some(figure) = column.checked_sub(self.keys.len()) else {
            return self.keys.get(column).map(|key| Shown::Key(*key));
        };
        let aggregate = self.plan.aggregates.get(figure)?;
        Some(Shown::Figure(aggregate, *self.counting.figures.get(figure)?))
    }

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
                // Months mostly come in their order.
                let is_behind = sums.last().is_none_or(|last| last.bucket < bucket);
                let found = match is_behind {
                    true => Err(sums.len()),
                    false => sums.binary_search_by_key(&bucket, |sums| sums.bucket),
                };
                let (Ok(place) | Err(place)) = found;
                if found.is_err() {
                    sums.insert(place, Sums::none_in(bucket));
                }
                if let Some(sums) = sums.get_mut(place) {
                    sums.add(&counts, self.counting.pick);
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

    /// A figure that is a number of events.
    #[inline]
    fn count(&self, aggregate: &Aggregate, figure: CounterFigure, sums: &Sums) -> Option<u64> {
        let rows = self.counting.pick.of(&sums.all);
        match figure {
            CounterFigure::Rows => Some(rows),
            CounterFigure::Timed => Some(rows.saturating_sub(sums.timeless)),
            CounterFigure::Holding(_) if aggregate.function != AggregateFunction::Share => {
                Some(holding(figure, sums))
            }
            CounterFigure::Holding(_) | CounterFigure::FirstTime | CounterFigure::LastTime => None,
        }
    }

    /// Any other figure: a share or a time.
    fn figure(&self, figure: CounterFigure, sums: &Sums, pairs: &[u64]) -> Value {
        let rows = self.counting.pick.of(&sums.all);
        let time = |time: i64, none| if time == none { Value::Absent } else { Value::Time(time) };
        match figure {
            CounterFigure::FirstTime => time(self.times(pairs).0, i64::MAX),
            CounterFigure::LastTime => time(self.times(pairs).1, i64::MIN),
            _ if rows == 0 => Value::Absent,
            _ => Value::Float(as_float(holding(figure, sums)) / as_float(rows)),
        }
    }
}

fn holding(figure: CounterFigure, sums: &Sums) -> u64 {
    if let CounterFigure::Holding(pick) = figure { pick.of(&sums.all) } else { 0 }
}

/// The starts of the months between the first and the last that events have, worked out once.
struct Starts {
    first: u32,
    times: Vec<i64>,
}

impl Starts {
    fn of(counters: &Counters<'_>) -> Starts {
        let months = (0..counters.events.len()).filter_map(|at| counters.month(at));
        let numbers = months.filter(|month| month.has_start()).map(Month::number);
        let (first, last) =
            numbers.fold((u32::MAX, 0), |(first, last), n| (first.min(n), last.max(n)));
        let times = (first..=last).map_while(|number| Month::of_number(number).start());
        Starts { first, times: times.collect() }
    }

    /// The start of the month or year that a bucket stands for.
    #[inline]
    fn start(&self, bucket: u32, unit: BucketUnit) -> Option<i64> {
        if bucket == NO_BUCKET {
            return None;
        }
        let month = Month::of_number(bucket);
        let month = if unit == BucketUnit::Year { month.first_of_year() } else { month };
        let known = month.number().checked_sub(self.first);
        match known.and_then(|at| self.times.get(at as usize)) {
            Some(start) => Some(*start),
            None => month.start(),
        }
    }
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
        let starts = Starts::of(&counters);
        let mut tally = Tally { counting, plan, counters, keys, unit, asked, starts, plain: None };
        if plan.having.is_none() && select.order.is_empty() {
            let columns = plan.items.iter().map(|item| match item {
                Expression::Column(column) => tally.shown(*column),
                _ => None,
            });
            let keys = (0..tally.keys.len()).map(|key| tally.shown(key));
            tally.plain = keys.chain(columns).collect();
        }
        let step = route.step.and_then(|place| select.steps.get(place));
        let mut pairs = self.led_to(route, &counters)?;
        // What is told of all nodes of a kind at once was taken out of the conditions.
        if let Some(step) = step.filter(|step| !step.whole.is_empty()) {
            let Some(kind) = route.to.single() else { return Ok(false) };
            let found = self.whole(step, kind)?;
            pairs.retain(|pair| found.has(node_of(*pair)));
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
            let node = pairs.first().map_or(NodeNo::MAX, |pair| node_of(*pair));
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
    pub(super) fn is_kept(&mut self, step: &'a StepPlan, node: NodeNo) -> Run<bool> {
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
                plain.iter().for_each(|shown| group.write(*shown, columns));
                out.end_row(before);
                continue;
            }
            self.group.clear();
            for column in 0..tally.keys.len() + tally.plan.aggregates.len() {
                match tally.shown(column) {
                    Some(shown) => group.write(shown, &mut self.group),
                    None => self.group.push(Value::Absent),
                }
            }
            self.group_row(select, tally.plan, out)?;
        }
        Ok(())
    }
}
