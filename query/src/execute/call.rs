//! The functions of a row.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::FieldType;

use super::{Executor, Run};
use crate::plan::{BucketUnit, Expression, Function};
use crate::source::Source;
use crate::value::{Item, Value};

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn call(&mut self, function: Function, arguments: &'a [Expression]) -> Run<Value> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(argument)?);
        }
        let mut values = values.into_iter();
        let first = values.next().unwrap_or(Value::Absent);
        Ok(match function {
            Function::Now => Value::Time(self.now),
            Function::ActiveAt => {
                let at = values.next().unwrap_or(Value::Absent);
                self.active_at(&first, &at)?
            }
            Function::Length => match first {
                Value::Path(path) => count(path.steps.len()),
                Value::Text(text) => count(text.chars().count()),
                Value::List(items) => count(items.len()),
                Value::Map(entries) => count(entries.len()),
                _ => Value::Absent,
            },
            Function::Nodes => match first {
                Value::Path(path) => {
                    let steps = path.steps.iter().map(|step| step.to);
                    Value::List(std::iter::once(path.start).chain(steps).map(Value::from).collect())
                }
                _ => Value::Absent,
            },
            Function::Edges => match first {
                Value::Path(path) => Value::List(
                    path.steps.iter().map(|step| Value::Text(step.word().to_owned())).collect(),
                ),
                _ => Value::Absent,
            },
            Function::Lower => text(first, str::to_lowercase),
            Function::Upper => text(first, str::to_uppercase),
            Function::Coalesce => std::iter::once(first)
                .chain(values)
                .find(|v| !v.is_absent())
                .unwrap_or(Value::Absent),
            Function::Number => match &first {
                Value::Text(text) => text.trim().parse().map_or(Value::Absent, Value::Float),
                other => other.as_number().map_or(Value::Absent, Value::Float),
            },
            Function::Kind => match first.as_item() {
                Some(Item::Node(node)) => Value::Text(self.source.kind_of(node).name().to_owned()),
                Some(Item::Event(_)) => Value::Text("inference".to_owned()),
                None => Value::Absent,
            },
            Function::Id => match first.as_item() {
                Some(Item::Node(node)) => self.node_value(node, "id", FieldType::Text)?,
                // What tells an event from every other one.
                Some(Item::Event(event)) => match self.event_value(event, EventField::EventId)? {
                    Value::Absent => self.event_value(event, EventField::LogId)?,
                    id => id,
                },
                None => Value::Absent,
            },
            Function::Abs => match first {
                Value::Int(number) => number.checked_abs().map_or(Value::Absent, Value::Int),
                Value::Float(number) => Value::Float(number.abs()),
                Value::Duration(length) => {
                    length.checked_abs().map_or(Value::Absent, Value::Duration)
                }
                _ => Value::Absent,
            },
            Function::Round => match first {
                Value::Int(number) => Value::Int(number),
                Value::Float(number) => rounded(number),
                _ => Value::Absent,
            },
            Function::IsNan => Value::Bool(matches!(first, Value::Float(n) if n.is_nan())),
            Function::Bucket(unit) => match first {
                Value::Time(time) => bucket(time, unit).map_or(Value::Absent, Value::Time),
                _ => Value::Absent,
            },
        })
    }

    /// In use at that time: from its declared start to its declared end; where an end of the
    /// interval is not declared, from the first to the last event that was recorded.
    fn active_at(&mut self, deployment: &Value, at: &Value) -> Run<Value> {
        let (Some(Item::Node(node)), Value::Time(at)) = (deployment.as_item(), at) else {
            return Ok(Value::Absent);
        };
        let time = |name| self.node_value(node, name, FieldType::Time);
        let (declared, until) = (time("time")?, time("until")?);
        let (first, last) = (time("first_event")?, time("last_event")?);
        let is_declared = matches!(until, Value::Time(_));
        let start = if is_declared { [&declared, &first] } else { [&first, &declared] };
        let start = start.into_iter().find_map(as_time);
        let end = as_time(&until);
        if end.is_none() {
            self.warn(
                "active_at: no end is declared, so the time between the first and last recorded \
                 event was taken"
                    .to_owned(),
            );
        }
        let is_before_end = match (end, as_time(&last)) {
            (Some(end), _) => *at < end,
            (None, Some(last)) => *at <= last,
            (None, None) => false,
        };
        Ok(Value::Bool(start.is_some_and(|start| start <= *at) && is_before_end))
    }
}

fn as_time(value: &Value) -> Option<i64> {
    if let Value::Time(time) = value { Some(*time) } else { None }
}

fn count(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

fn text(value: Value, change: impl Fn(&str) -> String) -> Value {
    match value {
        Value::Text(text) => Value::Text(change(&text)),
        _ => Value::Absent,
    }
}

/// Absent where the nearest whole number is too great.
fn rounded(number: f64) -> Value {
    // The greatest float below 2^63; every whole float up to it is an i64.
    const WHOLE_MAX: f64 = 9_223_372_036_854_774_784.0;
    let number = number.round();
    if number.abs() <= WHOLE_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the bounds above")]
        return Value::Int(number as i64);
    }
    Value::Absent
}

/// The start of the stretch of time that holds a time, UTC.
pub(super) fn bucket(time: i64, unit: BucketUnit) -> Option<i64> {
    stretch(time, unit).map(|(start, _)| start)
}

/// The stretch of time that holds a time: its start, and that of the next, UTC.
pub(super) fn stretch(time: i64, unit: BucketUnit) -> Option<(i64, i64)> {
    let moment = Timestamp::from_nanosecond(i128::from(time)).ok()?.to_zoned(TimeZone::UTC);
    let date = moment.date();
    let start = match unit {
        BucketUnit::Hour => date.at(moment.hour(), 0, 0, 0),
        BucketUnit::Day => date.at(0, 0, 0, 0),
        BucketUnit::Week => {
            let back = date.weekday().since(Weekday::Monday);
            date.checked_sub(i64::from(back).days()).ok()?.at(0, 0, 0, 0)
        }
        BucketUnit::Month => date.first_of_month().at(0, 0, 0, 0),
        BucketUnit::Year => date.first_of_year().at(0, 0, 0, 0),
    };
    let length = match unit {
        BucketUnit::Hour => 1.hours(),
        BucketUnit::Day => 1.days(),
        BucketUnit::Week => 7.days(),
        BucketUnit::Month => 1.months(),
        BucketUnit::Year => 1.years(),
    };
    let at = |time: jiff::civil::DateTime| {
        let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
        i64::try_from(time.as_nanosecond()).ok()
    };
    // The last stretch that the type can hold has no next.
    let next = start.checked_add(length).ok().and_then(at).unwrap_or(i64::MAX);
    Some((at(start)?, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_time_text;

    #[test]
    fn buckets_begin_in_utc_and_weeks_on_monday() {
        let time = |text| parse_time_text(text).unwrap();
        let at = time("2026-03-15T13:45Z");
        assert_eq!(bucket(at, BucketUnit::Hour), Some(time("2026-03-15T13:00Z")));
        assert_eq!(bucket(at, BucketUnit::Day), Some(time("2026-03-15")));
        assert_eq!(bucket(at, BucketUnit::Week), Some(time("2026-03-09")));
        assert_eq!(bucket(at, BucketUnit::Month), Some(time("2026-03-01")));
        assert_eq!(bucket(at, BucketUnit::Year), Some(time("2026-01-01")));
        let month = (time("2026-03-01"), time("2026-04-01"));
        assert_eq!(stretch(at, BucketUnit::Month), Some(month));
        assert_eq!(stretch(month.1 - 1, BucketUnit::Month), Some(month));
        assert_eq!(stretch(month.1, BucketUnit::Month).map(|(start, _)| start), Some(month.1));
    }

    #[test]
    fn rounding_beyond_the_type_is_absent() {
        assert_eq!(rounded(2.5), Value::Int(3));
        assert_eq!(rounded(1e30), Value::Absent);
        assert_eq!(rounded(f64::NAN), Value::Absent);
    }
}
