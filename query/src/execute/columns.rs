//! Conditions over the fields of one event, decided on columns.

use std::cmp::Ordering;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::FieldType;

use super::evaluate::typed;
use super::like::like;
use super::{Executor, Run};
use crate::plan::{Comparison, Expression};
use crate::source::Source;
use crate::value::{HashValue, Value};

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
    /// Does it hold for a row?
    pub(super) fn holds(&self, block: &EventBlock, row: usize) -> bool {
        self.holds_of(&|field| block.get(row, field))
    }

    /// Does it hold for an event with these values?
    pub(super) fn holds_of<'v>(&self, get: &impl Fn(EventField) -> Option<EventValue<'v>>) -> bool {
        let compare = |comparison: Comparison, field: EventField, value: &Value| {
            compare_of(get, field, value).is_some_and(|order| comparison.holds(order))
        };
        let text = |field: EventField| match get(field) {
            Some(EventValue::Text(text)) => Some(text),
            _ => None,
        };
        match self {
            Test::And(a, b) => a.holds_of(get) && b.holds_of(get),
            Test::Or(a, b) => a.holds_of(get) || b.holds_of(get),
            Test::Not(of) => !of.holds_of(get),
            Test::Compare(comparison, field, value) => compare(*comparison, *field, value),
            Test::InRange(field, low, high) => {
                compare(Comparison::GreaterEqual, *field, low)
                    && compare(Comparison::Less, *field, high)
            }
            Test::In(field, values) => {
                values.iter().any(|value| compare(Comparison::Equal, *field, value))
            }
            Test::Like(field, pattern) => text(*field).is_some_and(|text| like(text, pattern)),
            Test::Contains(field, part) => text(*field).is_some_and(|text| text.contains(part)),
            Test::IsAbsent(field) => get(*field).is_none(),
            Test::IsTrue(field) => get(*field) == Some(EventValue::Bool(true)),
            Test::Never => false,
        }
    }

    /// Does a test that asks for the time alone hold at a time?
    pub(super) fn holds_at(&self, time: i64) -> bool {
        self.holds_of(&|field| (field == EventField::Time).then_some(EventValue::Int(time)))
    }

    /// Does it hold for all values between two of its field for which it holds?
    pub(super) fn is_of_a_stretch(&self) -> bool {
        matches!(self, Test::Compare(..) | Test::InRange(..))
    }

    /// The one field that it asks for, if it asks for one alone.
    pub(super) fn only_field(&self) -> Option<EventField> {
        let mut fields = Vec::new();
        self.fields(&mut fields);
        let (first, others) = fields.split_first()?;
        others.iter().all(|other| other == first).then_some(*first)
    }

    /// May it hold for some of the rows of which it is known within which bounds their values lie?
    pub(super) fn may_hold<E>(
        &self,
        within: &impl Fn(EventField, Bounds<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let between = |field: EventField, low: Option<&Value>, high: Option<&Value>| {
            let (low, high) = (low.map(|v| recorded(field, v)), high.map(|v| recorded(field, v)));
            match (low, high) {
                // What is compared in another way than as it is recorded tells nothing.
                (Some(None), _) | (_, Some(None)) => Ok(true),
                (low, high) => within(field, (low.flatten(), high.flatten())),
            }
        };
        match self {
            Test::And(a, b) => Ok(a.may_hold(within)? && b.may_hold(within)?),
            Test::Or(a, b) => Ok(a.may_hold(within)? || b.may_hold(within)?),
            Test::Compare(comparison, field, value) => match comparison {
                Comparison::Equal => between(*field, Some(value), Some(value)),
                Comparison::Less | Comparison::LessEqual => between(*field, None, Some(value)),
                Comparison::Greater | Comparison::GreaterEqual => {
                    between(*field, Some(value), None)
                }
            },
            Test::InRange(field, low, high) => between(*field, Some(low), Some(high)),
            Test::In(field, values) => {
                for value in values {
                    if between(*field, Some(value), Some(value))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Never => Ok(false),
            Test::Not(_)
            | Test::Like(..)
            | Test::Contains(..)
            | Test::IsAbsent(_)
            | Test::IsTrue(_) => Ok(true),
        }
    }

    pub(super) fn fields(&self, out: &mut Vec<EventField>) {
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

/// The least and the greatest value that is asked for, where there is one.
pub(super) type Bounds<'v> = (Option<EventValue<'v>>, Option<EventValue<'v>>);

/// A value as the columns of a field hold it, if it is compared so.
fn recorded(field: EventField, value: &Value) -> Option<EventValue<'_>> {
    match (field.spec().field_type, value) {
        (FieldType::Time, Value::Time(time)) => Some(EventValue::Int(*time)),
        (FieldType::Int, Value::Int(number)) => Some(EventValue::Int(*number)),
        (FieldType::Text, Value::Text(text)) => Some(EventValue::Text(text)),
        _ => None,
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
pub(super) fn column_value(block: &EventBlock, row: usize, field: EventField) -> Value {
    value_of(&|field| block.get(row, field), field)
}

/// A field of an event with these values as a value of the language.
fn value_of<'v>(get: &impl Fn(EventField) -> Option<EventValue<'v>>, field: EventField) -> Value {
    let Some(value) = get(field) else { return Value::Absent };
    let mut value = plain_value(value, field.spec().field_type, str::to_owned);
    if let Value::Hash(hash) = &mut value
        && let Some(EventValue::Text(name)) = algorithm_of(field).and_then(get)
    {
        hash.set_algorithm(name);
    }
    value
}

/// A value of an event as a value of the language; a hash without the name of its algorithm.
pub(super) fn plain_value(
    value: EventValue<'_>,
    field_type: FieldType,
    text_of: impl FnOnce(&str) -> String,
) -> Value {
    match (value, field_type) {
        (EventValue::Text(text), FieldType::Text) => Value::Text(text_of(text)),
        (EventValue::Text(text), other) => typed(Value::Text(text_of(text)), other),
        (EventValue::Int(time), FieldType::Time) => Value::Time(time),
        (EventValue::Int(number), _) => Value::Int(number),
        (EventValue::Float(number), _) => Value::Float(number),
        (EventValue::Bool(truth), _) => Value::Bool(truth),
        (EventValue::Hash(bytes), FieldType::Hash) => Value::Hash(HashValue::new(None, bytes)),
        (EventValue::Hash(bytes), _) => Value::Bytes(bytes.to_vec()),
    }
}

/// Compares a field of an event with a value, without making a value of text.
fn compare_of<'v>(
    get: &impl Fn(EventField) -> Option<EventValue<'v>>,
    field: EventField,
    value: &Value,
) -> Option<Ordering> {
    match (get(field)?, value) {
        (EventValue::Text(text), Value::Text(other)) => Some(text.cmp(other.as_str())),
        (EventValue::Int(time), Value::Time(other))
            if field.spec().field_type == FieldType::Time =>
        {
            Some(time.cmp(other))
        }
        _ => value_of(get, field).compare(value),
    }
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

    pub(super) fn test(&mut self, expression: &'a Expression) -> Run<Test> {
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
}
