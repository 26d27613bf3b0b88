//! Groups of events folded batch beside batch: where all that a group asks of an event stands in
//! its columns, rows are never bound one by one.
//!
//! The variables beside the events are bound as ever, with each batch standing for its events. Then
//! counters answer where they can; of the other batches the columns of the conditions are read,
//! and only where some row passes them the columns of keys and figures. Parts are folded on all
//! cores and joined in the order of the batches.

use std::collections::BTreeMap;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventValue, MonthCounts};

use super::columns::{Test, algorithm_of, column_value};
use super::gather::Gathered;
use super::group::{GroupKey, Groups};
use super::scan::{Part, Window, fields_of, parts_of};
use super::{Executor, Run, call};
use crate::plan::{
    BucketUnit, ByBatch, Counting, Expression, Function, GroupPlan, SelectPlan, speaks_of,
};
use crate::source::{EventColumns, EventRef, NodeNo, Source};
use crate::value::Value;

/// Batches that wait to be folded: what a join with many deployments may hold in memory.
pub(super) const JOBS_MAX: usize = 4096;

/// A batch with the keys that do not vary within it.
pub(super) struct Job {
    pub(super) batch: NodeNo,
    /// The keys, absent where they are taken from the events.
    pub(super) key: Vec<Value>,
}

/// A value that each event has, with all else worked out.
enum PerEvent {
    Fixed(Value),
    Field(EventField),
    Bucket(BucketUnit, EventField),
    Holds(Test),
}

/// What is asked of the events of each batch.
pub(super) struct Folding<'a> {
    plan: &'a GroupPlan,
    tests: Vec<Test>,
    keys: Vec<Option<PerEvent>>,
    arguments: Vec<Option<PerEvent>>,
    /// What counters tell, where they tell everything; none where rows must be read.
    counted: Option<Counted<'a>>,
    test_fields: Vec<EventField>,
    /// Fields of keys and figures.
    other_fields: Vec<EventField>,
}

/// What counters tell, and the bounds of the time that is asked for.
struct Counted<'a> {
    counting: &'a Counting,
    bounds: (Option<i64>, Option<i64>),
}

impl Counted<'_> {
    /// Are events of this stretch of time asked for? None where it cannot be said of all alike.
    fn asks_for(&self, stretch: Option<(i64, i64)>, tests: &[Test]) -> Option<bool> {
        let tests = self.counting.time_tests.iter().filter_map(|place| tests.get(*place));
        asks_for(stretch, tests, self.bounds)
    }
}

/// Between which times the events of a month lie, given the first and last time of more than them;
/// none if they have no time.
pub(super) fn stretch_of(counts: &MonthCounts, times: (i64, i64)) -> Option<(i64, i64)> {
    let month = counts.month?;
    Some((month.start().unwrap_or(i64::MIN).max(times.0), month.last().min(times.1)))
}

/// Do all events of a stretch of time pass these tests of their time (true), or none (false)? None
/// where neither is sure: then each must be asked.
pub(super) fn asks_for<'t>(
    stretch: Option<(i64, i64)>,
    mut tests: impl Iterator<Item = &'t Test>,
    (from, to): (Option<i64>, Option<i64>),
) -> Option<bool> {
    let Some((first, last)) = stretch else {
        // No bound holds for what is absent.
        return Some(tests.next().is_none());
    };
    if from.is_some_and(|from| last < from) || to.is_some_and(|to| first > to) {
        return Some(false);
    }
    tests.all(|test| test.holds_at(first) && test.holds_at(last)).then_some(true)
}

/// What one part came to.
#[derive(Default)]
struct Folded {
    rows: usize,
    columns: usize,
    groups: BTreeMap<GroupKey, Vec<Gathered>>,
}

impl<'a, S: Source> Executor<'a, S> {
    /// Works out what is asked of events.
    pub(super) fn folding(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        by: &'a ByBatch,
    ) -> Run<Folding<'a>> {
        let step = select.steps.iter().find(|step| step.slot == by.event);
        let tests = self.tests(step.map_or(&[][..], |step| &step.columns))?;
        let mut keys = Vec::with_capacity(plan.keys.len());
        for key in &plan.keys {
            keys.push(self.per_event(key, by.event)?);
        }
        let mut arguments = Vec::with_capacity(plan.aggregates.len());
        for aggregate in &plan.aggregates {
            arguments.push(match &aggregate.argument {
                Some(argument) => self.per_event(argument, by.event)?,
                None => None,
            });
        }
        let test_fields = fields_of(&tests);
        let mut other_fields = Vec::new();
        for value in keys.iter().chain(&arguments).flatten() {
            value.fields(&mut other_fields);
        }
        other_fields.sort_unstable();
        other_fields.dedup();
        // What a figure tests is read together.
        let mut tested = Vec::new();
        for value in keys.iter().chain(&arguments).flatten() {
            if let PerEvent::Holds(test) = value {
                test.fields(&mut tested);
            }
        }
        other_fields.retain(|field| !test_fields.contains(field) || tested.contains(field));
        let window = match step {
            Some(step) => self.window(step, &[])?,
            None => Window::default(),
        };
        let bounds = (window.from, window.to);
        let counted = by.counting.as_ref().map(|counting| Counted { counting, bounds });
        Ok(Folding { plan, tests, keys, arguments, counted, test_fields, other_fields })
    }

    /// A value of each event; none where it does not vary within a batch.
    fn per_event(&mut self, of: &'a Expression, event: usize) -> Run<Option<PerEvent>> {
        if !speaks_of(of, event) {
            return Ok(match of {
                Expression::Constant(value) => Some(PerEvent::Fixed(value.clone())),
                _ => None,
            });
        }
        let field = |expression: &Expression| match expression {
            Expression::Field(_, reference) => reference.event,
            _ => None,
        };
        Ok(Some(match of {
            Expression::Call(Function::Bucket(unit), arguments) => {
                let time = arguments.first().and_then(field).unwrap_or(EventField::Time);
                PerEvent::Bucket(*unit, time)
            }
            other => match field(other) {
                Some(field) => PerEvent::Field(field),
                None => PerEvent::Holds(self.test(other)?),
            },
        }))
    }

    /// Folds the events of these batches into the groups.
    pub(super) fn fold(
        &mut self,
        folding: &Folding<'a>,
        jobs: &[Job],
        groups: &mut Groups<'a>,
    ) -> Run<()> {
        let source = self.source;
        let mut parts: Vec<(&Job, Part)> = Vec::new();
        for job in jobs {
            if let Some(counted) = folding.count(source, job) {
                self.look(1)?;
                for (key, gathered) in counted {
                    groups.join(self, key, gathered)?;
                }
            } else {
                parts.extend(parts_of(source, job.batch).into_iter().map(|part| (job, part)));
            }
        }
        // Figures do not depend on the order: what lies together is read together.
        parts.sort_by_cached_key(|(_, part)| (source.part_place(part.batch), part.rows.start));
        let rows_of = |(_, part): &(&Job, Part)| part.rows.len();
        let read = |(job, part): &(&Job, Part)| folding.read(source, job, part);
        self.side_by_side(&parts, rows_of, read, |run, (_, part), folded| {
            run.opened(part, folded.columns);
            run.count_events(folded.rows)?;
            for (key, gathered) in folded.groups {
                run.count_bytes(gathered.iter().map(Gathered::size).sum())?;
                groups.join(run, key, gathered)?;
            }
            Ok(())
        })
    }
}

impl Folding<'_> {
    /// Do counters tell all that is asked of a batch?
    pub(super) fn counters_answer<S: Source>(&self, source: &S, batch: NodeNo) -> bool {
        let key = vec![Value::Absent; self.keys.len()];
        self.count(source, &Job { batch, key }).is_some()
    }

    /// What the counters of a batch come to, month by month; none where rows must be read, because
    /// some month is of several groups or only in part asked for.
    fn count<S: Source>(&self, source: &S, job: &Job) -> Option<Vec<(GroupKey, Vec<Gathered>)>> {
        let counted = self.counted.as_ref()?;
        let times = source.batch_times(job.batch);
        let mut found = Vec::new();
        for counts in source.batch_months(job.batch) {
            let stretch = stretch_of(&counts, times);
            if !counted.asks_for(stretch, &self.tests)? {
                continue;
            }
            let rows = counted.counting.pick.of(&counts);
            if rows == 0 {
                continue;
            }
            let mut key = job.key.clone();
            for (value, part) in key.iter_mut().zip(&self.keys) {
                match part {
                    Some(PerEvent::Bucket(unit, _)) => {
                        let start = |(first, last)| {
                            let start = call::bucket(first, *unit);
                            (start == call::bucket(last, *unit)).then_some(start)
                        };
                        let start = stretch.map_or(Some(None), start)?;
                        *value = start.map_or(Value::Absent, Value::Time);
                    }
                    Some(PerEvent::Fixed(fixed)) => value.clone_from(fixed),
                    _ => {}
                }
            }
            let gathered = |figure| Gathered::counted(figure, rows, &counts, times);
            let figures = counted.counting.figures.iter().copied();
            found.push((GroupKey(key), figures.map(gathered).collect()));
        }
        Some(found)
    }

    /// Reads a part: columns of the conditions first, the others only if a row passes them.
    fn read<S: Source>(&self, source: &S, job: &Job, part: &Part) -> Result<Folded, S::Error> {
        let mut folded = Folded::default();
        let read =
            |fields: &[EventField]| source.read_events(part.batch, part.rows.clone(), fields);
        if self.tests.is_empty() {
            let columns = read(&self.other_fields)?;
            folded.rows = columns.events.len();
            folded.columns = self.other_fields.len();
            self.gather(job, &columns, None, &mut folded);
            return Ok(folded);
        }
        let mut tested = read(&self.test_fields)?;
        folded.rows = tested.events.len();
        folded.columns = self.test_fields.len();
        let EventColumns { block, first, .. } = &tested;
        let passes = |event: &EventRef| {
            let row = event.row.saturating_sub(*first) as usize;
            self.tests.iter().all(|test| test.holds(block, row))
        };
        tested.events = tested.events.iter().copied().filter(passes).collect();
        if tested.events.is_empty() {
            return Ok(folded);
        }
        if self.other_fields.is_empty() {
            self.gather(job, &tested, None, &mut folded);
            return Ok(folded);
        }
        let others = read(&self.other_fields)?;
        folded.columns += self.other_fields.len();
        self.gather(job, &tested, Some(&others), &mut folded);
        Ok(folded)
    }

    fn gather(
        &self,
        job: &Job,
        columns: &EventColumns,
        others: Option<&EventColumns>,
        out: &mut Folded,
    ) {
        let mut found: Vec<(Vec<Value>, Vec<Gathered>)> = Vec::new();
        let mut places: BTreeMap<GroupKey, usize> = BTreeMap::new();
        let mut buckets: Vec<Option<(i64, i64)>> = vec![None; self.keys.len()];
        let mut last = 0;
        for event in &columns.events {
            let row = columns.place(*event);
            let of = |field: EventField| match others {
                Some(others) if self.other_fields.contains(&field) => others,
                _ => columns,
            };
            let is_last = found.get(last).is_some_and(|(key, _)| {
                let parts = self.keys.iter().zip(key).zip(&buckets);
                parts.into_iter().all(|((part, known), bucket)| match part {
                    Some(part) => part.is_still(of, row, known, *bucket),
                    None => true,
                })
            });
            if !is_last {
                let mut key = job.key.clone();
                for ((value, part), bucket) in key.iter_mut().zip(&self.keys).zip(&mut buckets) {
                    if let Some(part) = part {
                        *value = part.value(of, row, bucket);
                    }
                }
                let key = GroupKey(key);
                last = match places.get(&key) {
                    Some(place) => *place,
                    None => {
                        let gathered = vec![Gathered::default(); self.plan.aggregates.len()];
                        found.push((key.0.clone(), gathered));
                        places.insert(key, found.len() - 1);
                        found.len() - 1
                    }
                };
            }
            let Some((_, gathered)) = found.get_mut(last) else { continue };
            let figures = self.plan.aggregates.iter().zip(&self.arguments).zip(gathered);
            for ((aggregate, argument), gathered) in figures {
                let value = argument.as_ref().map(|argument| argument.value(of, row, &mut None));
                gathered.add(aggregate, value);
            }
        }
        out.groups = found.into_iter().map(|(key, all)| (GroupKey(key), all)).collect();
    }
}

impl PerEvent {
    fn fields(&self, out: &mut Vec<EventField>) {
        match self {
            PerEvent::Fixed(_) => {}
            PerEvent::Field(field) => {
                out.push(*field);
                out.extend(algorithm_of(*field));
            }
            PerEvent::Bucket(_, field) => out.push(*field),
            PerEvent::Holds(test) => test.fields(out),
        }
    }

    fn value<'c>(
        &self,
        of: impl Fn(EventField) -> &'c EventColumns,
        row: usize,
        bucket: &mut Option<(i64, i64)>,
    ) -> Value {
        match self {
            PerEvent::Fixed(value) => value.clone(),
            PerEvent::Field(field) => column_value(&of(*field).block, row, *field),
            PerEvent::Bucket(unit, field) => match of(*field).block.int(row, *field) {
                Some(time) => {
                    *bucket = call::stretch(time, *unit);
                    bucket.map_or(Value::Absent, |(start, _)| Value::Time(start))
                }
                None => {
                    *bucket = None;
                    Value::Absent
                }
            },
            PerEvent::Holds(test) => {
                let mut fields = Vec::new();
                test.fields(&mut fields);
                // A test is about fields that were read together.
                let block = fields.first().map(|field| of(*field));
                Value::Bool(block.is_some_and(|columns| test.holds(&columns.block, row)))
            }
        }
    }

    /// Has this row the value that the one before it had? False where it is not known at once.
    fn is_still<'c>(
        &self,
        of: impl Fn(EventField) -> &'c EventColumns,
        row: usize,
        known: &Value,
        bucket: Option<(i64, i64)>,
    ) -> bool {
        match self {
            PerEvent::Fixed(_) => true,
            PerEvent::Bucket(_, field) => match (of(*field).block.int(row, *field), bucket) {
                (Some(time), Some((start, end))) => time >= start && time < end,
                _ => false,
            },
            PerEvent::Field(field) => match (of(*field).block.get(row, *field), known) {
                (None, Value::Absent) => true,
                (Some(EventValue::Text(text)), Value::Text(known)) => text == known,
                (Some(EventValue::Bool(truth)), Value::Bool(known)) => truth == *known,
                _ => false,
            },
            PerEvent::Holds(_) => false,
        }
    }
}
