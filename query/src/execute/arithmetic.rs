//! Sums, differences, products, quotients; calendar steps in UTC.

use jiff::tz::TimeZone;
use jiff::{Span as CalendarSpan, Timestamp};

use super::Run;
use crate::error::{Code, Mistake, Span};
use crate::plan::Arithmetic;
use crate::value::Value;

/// Joins two values; absent with anything is absent, and so is a division by zero.
pub(super) fn arithmetic(
    operator: Arithmetic,
    a: &Value,
    b: &Value,
    span: Span,
) -> Run<Option<Value>> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    if a.is_absent() || b.is_absent() {
        return Ok(Some(Value::Absent));
    }
    let whole = |result: Option<i64>, make: fn(i64) -> Value| match result {
        Some(number) => Ok(Some(make(number))),
        None => Err(Mistake::new(Code::Overflow, span, "the result is too great for its type")),
    };
    let result = match (operator, a, b) {
        (Add, Value::Int(a), Value::Int(b)) => whole(a.checked_add(*b), Value::Int)?,
        (Subtract, Value::Int(a), Value::Int(b)) => whole(a.checked_sub(*b), Value::Int)?,
        (Multiply, Value::Int(a), Value::Int(b)) => whole(a.checked_mul(*b), Value::Int)?,
        (Add, Value::Time(a), Value::Duration(b)) | (Add, Value::Duration(b), Value::Time(a)) => {
            whole(a.checked_add(*b), Value::Time)?
        }
        (Subtract, Value::Time(a), Value::Duration(b)) => whole(a.checked_sub(*b), Value::Time)?,
        (Subtract, Value::Time(a), Value::Time(b)) => whole(a.checked_sub(*b), Value::Duration)?,
        (Add, Value::Time(a), Value::Months(b)) | (Add, Value::Months(b), Value::Time(a)) => {
            whole(add_months(*a, *b), Value::Time)?
        }
        (Subtract, Value::Time(a), Value::Months(b)) => {
            whole(b.checked_neg().and_then(|b| add_months(*a, b)), Value::Time)?
        }
        (Add, Value::Duration(a), Value::Duration(b)) => whole(a.checked_add(*b), Value::Duration)?,
        (Subtract, Value::Duration(a), Value::Duration(b)) => {
            whole(a.checked_sub(*b), Value::Duration)?
        }
        (Multiply, Value::Duration(a), Value::Int(b))
        | (Multiply, Value::Int(b), Value::Duration(a)) => {
            whole(a.checked_mul(*b), Value::Duration)?
        }
        (Divide, Value::Duration(_), Value::Int(0)) => Some(Value::Absent),
        (Divide, Value::Duration(a), Value::Int(b)) => whole(a.checked_div(*b), Value::Duration)?,
        (Divide, Value::Duration(a), Value::Duration(b)) => {
            Some(quotient(as_float(*a), as_float(*b)))
        }
        (Add, Value::Text(a), Value::Text(b)) => Some(Value::Text(format!("{a}{b}"))),
        _ => match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => Some(match operator {
                Add => Value::Float(a + b),
                Subtract => Value::Float(a - b),
                Multiply => Value::Float(a * b),
                Divide => quotient(a, b),
            }),
            _ => None,
        },
    };
    Ok(result)
}

fn quotient(a: f64, b: f64) -> Value {
    if b == 0.0 { Value::Absent } else { Value::Float(a / b) }
}

#[expect(clippy::cast_precision_loss, reason = "a quotient has no more digits than a float")]
fn as_float(number: i64) -> f64 {
    number as f64
}

/// Calendar steps: the last of January and a month is the last of February.
pub(super) fn add_months(time: i64, months: i64) -> Option<i64> {
    let start = Timestamp::from_nanosecond(i128::from(time)).ok()?.to_zoned(TimeZone::UTC);
    let moved = start.checked_add(CalendarSpan::new().try_months(months).ok()?).ok()?;
    i64::try_from(moved.timestamp().as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_time_text;

    #[test]
    fn the_last_of_january_and_a_month_is_the_last_of_february() {
        let time = |text| parse_time_text(text).unwrap();
        assert_eq!(add_months(time("2026-01-31"), 1), Some(time("2026-02-28")));
        assert_eq!(add_months(time("2024-02-29"), 12), Some(time("2025-02-28")));
        assert_eq!(add_months(time("2026-03-01"), -1), Some(time("2026-02-01")));
    }
}
