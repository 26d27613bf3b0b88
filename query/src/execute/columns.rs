//! Events batch beside batch: which rows are wanted is decided on columns, on all cores.
//!
//! Batches are taken in the order in which they are asked for, some at a time; the rows of each
//! stand in their order. So the number of threads never shows in an answer.

use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use rayon::prelude::*;

use super::evaluate::{is_equal, typed};
use super::like::like;
use super::{Executor, Run, call, store};
use crate::plan::{BucketUnit, Comparison, Expression, Function, GroupPlan};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::Value;

/// The row of an event that stands for all events of its batch.
pub(super) const WHOLE: u32 = u32::MAX;
/// Batches that are read at once: each may hold a million rows.
const AT_ONCE: usize = 8;

/// Which events of a batch are wanted.
#[derive(Clone, Copy, Default)]
pub(super) struct Window<'w> {
    /// The first time, if there is one.
    pub(super) from: Option<i64>,
    /// The last time, if there is one; both are bounds of batches, not of events.
    pub(super) to: Option<i64>,
    /// What must hold for each event.
    pub(super) tests: &'w [Test],
    /// A batch may stand for all of its events where no stretch of these ends within it.
    pub(super) whole: Option<&'w [BucketUnit]>,
}

/// A condition over the fields of one event, with all else worked out.
pub(super) enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Compare(Comparison, EventField, Value),
    InRange(EventField, Value, Value),
    In(EventField, Vec<Value>),
    Like(EventField, String),
    Contains(EventField, String),
    IsAbsent(EventField),
    IsTrue(EventField),
    Never,
}

impl Test {
    fn holds(&self, get: &impl Fn(EventField) -> Value) -> bool {
        let compare = |comparison: Comparison, a: &Value, b: &Value| {
            a.compare(b).is_some_and(|order| match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::Less => order.is_lt(),
                Comparison::LessEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterEqual => order.is_ge(),
            })
        };
        match self {
            Test::And(a, b) => a.holds(get) && b.holds(get),
            Test::Or(a, b) => a.holds(get) || b.holds(get),
            Test::Not(of) => !of.holds(get),
            Test::Compare(comparison, field, value) => compare(*comparison, &get(*field), value),
            Test::InRange(field, low, high) => {
                let value = get(*field);
                compare(Comparison::GreaterEqual, &value, low)
                    && compare(Comparison::Less, &value, high)
            }
            Test::In(field, values) => {
                let value = get(*field);
                values.iter().any(|other| is_equal(&value, other))
            }
            Test::Like(field, pattern) => {
                matches!(get(*field), Value::Text(text) if like(&text, pattern))
            }
            Test::Contains(field, part) => {
                matches!(get(*field), Value::Text(text) if text.contains(part))
            }
            Test::IsAbsent(field) => get(*field).is_absent(),
            Test::IsTrue(field) => get(*field) == Value::Bool(true),
            Test::Never => false,
        }
    }

    fn fields(&self, out: &mut Vec<EventField>) {
        match self {
            Test::And(a, b) | Test::Or(a, b) => {
                a.fields(out);
                b.fields(out);
            }
            Test::Not(of) => of.fields(out),
            Test::Compare(_, field, _)
            | Test::InRange(field, ..)
            | Test::In(field, _)
            | Test::Like(field, _)
            | Test::Contains(field, _)
            | Test::IsAbsent(field)
            | Test::IsTrue(field) => {
                out.push(*field);
                out.extend(algorithm_of(*field));
            }
            Test::Never => {}
        }
    }
}

/// The field that says how a hash was made.
pub(super) fn algorithm_of(field: EventField) -> Option<EventField> {
    match field {
        EventField::InputHash => Some(EventField::InputAlgorithm),
        EventField::OutputHash => Some(EventField::OutputAlgorithm),
        _ => None,
    }
}

/// A field of a row as a value of the language.
fn column_value(block: &EventBlock, row: usize, field: EventField) -> Value {
    let Some(value) = block.get(row, field) else { return Value::Absent };
    let mut value = typed(Value::from_record(EventValue::to_value(value)), field.spec().field_type);
    if let (Value::Hash(hash), Some(algorithm)) = (&mut value, algorithm_of(field)) {
        hash.algorithm = block.text(row, algorithm).map(str::to_owned);
    }
    value
}

/// What was found in one batch.
struct Found {
    rows: usize,
    wanted: Vec<EventRef>,
}

impl<'a, S: Source> Executor<'a, S> {
    /// Works out what the tests of a variable compare with.
    pub(super) fn tests(&mut self, columns: &'a [Expression]) -> Run<Vec<Test>> {
        let mut out = Vec::with_capacity(columns.len());
        for test in columns {
            out.push(self.test(test)?);
        }
        Ok(out)
    }

    fn test(&mut self, expression: &'a Expression) -> Run<Test> {
        let field = |expression: &Expression| match expression {
            Expression::Field(_, reference) => reference.event,
            _ => None,
        };
        Ok(match expression {
            Expression::And(a, b) => Test::And(Box::new(self.test(a)?), Box::new(self.test(b)?)),
            Expression::Or(a, b) => Test::Or(Box::new(self.test(a)?), Box::new(self.test(b)?)),
            Expression::Not(of) => Test::Not(Box::new(self.test(of)?)),
            Expression::Compare(comparison, a, b) => match (field(a), field(b)) {
                (Some(field), _) => Test::Compare(*comparison, field, self.value(b)?),
                (None, Some(field)) => {
                    let turned = match comparison {
                        Comparison::Equal => Comparison::Equal,
                        Comparison::Less => Comparison::Greater,
                        Comparison::LessEqual => Comparison::GreaterEqual,
                        Comparison::Greater => Comparison::Less,
                        Comparison::GreaterEqual => Comparison::LessEqual,
                    };
                    Test::Compare(turned, field, self.value(a)?)
                }
                (None, None) => Test::Never,
            },
            Expression::InRange(of, low, high) => match field(of) {
                Some(field) => Test::InRange(field, self.value(low)?, self.value(high)?),
                None => Test::Never,
            },
            Expression::In(of, list) => match (field(of), self.value(list)?) {
                (Some(field), Value::List(values)) => Test::In(field, values),
                _ => Test::Never,
            },
            Expression::Like(of, pattern) => match (field(of), self.value(pattern)?) {
                (Some(field), Value::Text(pattern)) => Test::Like(field, pattern),
                _ => Test::Never,
            },
            Expression::Contains(of, part) => match (field(of), self.value(part)?) {
                (Some(field), Value::Text(part)) => Test::Contains(field, part),
                _ => Test::Never,
            },
            Expression::IsAbsent(of) => field(of).map_or(Test::Never, Test::IsAbsent),
            other => field(other).map_or(Test::Never, Test::IsTrue),
        })
    }

    /// The wanted events of batches, in the order of the batches.
    pub(super) fn batch_events(
        &mut self,
        batches: &[NodeNo],
        window: Window<'_>,
        out: &mut Vec<EventRef>,
    ) -> Run<()> {
        for some in batches.chunks(AT_ONCE) {
            let mut open = Vec::with_capacity(some.len());
            for batch in some {
                let (first, last) = self.source.batch_times(*batch);
                let is_before = window.from.is_some_and(|from| last < from);
                let is_after = window.to.is_some_and(|to| first > to);
                if is_before || is_after {
                    continue;
                }
                if stands_for_all(window, first, last) {
                    let counts = self.source.batch_counts(*batch);
                    if counts.events > 0 {
                        // In its place among the others, which are read below.
                        self.read_open(&mut open, window.tests, out)?;
                        out.push(EventRef { batch: counts.batch, row: WHOLE });
                    }
                    continue;
                }
                open.push(*batch);
            }
            self.read_open(&mut open, window.tests, out)?;
        }
        Ok(())
    }

    /// Reads batches side by side, then takes their rows one after the other.
    fn read_open(
        &mut self,
        open: &mut Vec<NodeNo>,
        tests: &[Test],
        out: &mut Vec<EventRef>,
    ) -> Run<()> {
        let source = self.source;
        let mut fields = Vec::new();
        tests.iter().for_each(|test| test.fields(&mut fields));
        fields.sort_unstable();
        fields.dedup();
        let read = |batch: &NodeNo| -> Result<Found, S::Error> {
            if tests.is_empty() {
                let rows = source.batch_rows(*batch)?;
                return Ok(Found { rows: rows.len(), wanted: rows });
            }
            let mut found = Found { rows: 0, wanted: Vec::new() };
            for part in source.read_events(*batch, &fields)? {
                found.rows += part.events.len();
                found.wanted.extend(part.events.iter().filter(|event| {
                    let get = |field| column_value(&part.block, event.row as usize, field);
                    tests.iter().all(|test| test.holds(&get))
                }));
            }
            Ok(found)
        };
        let found: Vec<Result<Found, S::Error>> = match open.as_slice() {
            [] => Vec::new(),
            [one] => vec![read(one)],
            several => several.par_iter().map(read).collect(),
        };
        for (batch, found) in open.drain(..).zip(found) {
            let Found { rows, wanted } = found.map_err(store)?;
            self.count_events(rows)?;
            let mut last = None;
            for event in &wanted {
                if last.replace(event.batch) != Some(event.batch) {
                    self.blocks.borrow_mut().visit(event.batch, batch);
                }
            }
            out.extend(wanted);
        }
        Ok(())
    }

    /// A recorded field of an event: of a batch of which many rows are visited, from its columns.
    pub(super) fn recorded(
        &self,
        event: EventRef,
        field: EventField,
    ) -> crate::error::Result<Option<lineal_proof::Value>> {
        if event.row == WHOLE {
            let (first, _) = self.source.batch_times(self.source.event_batch(event));
            return Ok((field == EventField::Time).then(|| first.into()));
        }
        let wanted = self.blocks.borrow().wanted(event.batch, field);
        let Some(node) = wanted else {
            return self.source.event_field(event, field).map_err(store);
        };
        let known = self.blocks.borrow().get(event.batch);
        let block = match known {
            Some(block) => block,
            None => {
                let fields = self.blocks.borrow().fields();
                let mut meant = None;
                for part in self.source.read_events(node, &fields).map_err(store)? {
                    let Some(first) = part.events.first() else { continue };
                    if first.batch == event.batch {
                        meant = Some(Arc::clone(&part.block));
                    }
                    self.blocks.borrow_mut().keep(first.batch, part.block);
                }
                match meant {
                    Some(block) => block,
                    None => return self.source.event_field(event, field).map_err(store),
                }
            }
        };
        Ok(block.get(event.row as usize, field).map(EventValue::to_value))
    }
}

/// Do all events of a batch fall into one group, and all of them be wanted?
fn stands_for_all(window: Window<'_>, first: i64, last: i64) -> bool {
    let Some(units) = window.whole else { return false };
    let at = |time: i64| {
        let get = |field| if field == EventField::Time { Value::Time(time) } else { Value::Absent };
        window.tests.iter().all(|test| test.holds(&get))
    };
    let one_stretch =
        units.iter().all(|unit| call::bucket(first, *unit) == call::bucket(last, *unit));
    one_stretch && at(first) && at(last)
}

/// The stretches of time that a group is made by.
pub(super) fn units_of(group: &GroupPlan) -> Vec<BucketUnit> {
    let unit = |key: &Expression| match key {
        Expression::Call(Function::Bucket(unit), _) => Some(*unit),
        _ => None,
    };
    group.keys.iter().filter_map(unit).collect()
}
