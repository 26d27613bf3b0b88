//! JSON of documents: one value, or one a line; members by any of their names; times and digests.

use super::told::Told;
use crate::mlflow::json_of_python;
use serde_json::{Map, Value};

/// An object.
pub(super) type Object = Map<String, Value>;

/// Reads a document that is one JSON value, or one value a line, and hands each to `each` with its
/// pointer. Elements of a list at the top are handed over one by one.
pub(super) fn values(
    bytes: &[u8],
    told: &mut Told,
    each: &mut impl FnMut(&Value, &str, &mut Told),
) {
    match json_of_python(bytes) {
        Ok(value) => elements(&value, told, each),
        Err(error) if is_lines(bytes) => {
            let _ = error;
            let (mut number, mut byte) = (0, 0);
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                number += 1;
                told.at = (number, byte);
                byte += line.len() as u64;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                match json_of_python(line) {
                    Ok(value) => elements(&value, told, each),
                    Err(error) => told.reject("", &broken(&error)),
                }
            }
            told.at = (0, 0);
        }
        Err(error) => {
            told.at = (error.line() as u64, 0);
            told.reject("", &broken(&error));
            told.at = (0, 0);
        }
    }
}

fn elements(value: &Value, told: &mut Told, each: &mut impl FnMut(&Value, &str, &mut Told)) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                each(item, &format!("/{number}"), told);
            }
        }
        value => each(value, "", told),
    }
}

/// Several lines of which more than one begins an object.
fn is_lines(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")).nth(1).is_some()
}

/// Where JSON breaks off, without its words: they may quote the document.
fn broken(error: &serde_json::Error) -> String {
    format!("no readable JSON from column {} on", error.column())
}

/// The first of these members that is there and not null.
pub(super) fn member<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| object.get(*name)).find(|value| !value.is_null())
}

/// The text of a member, if it says something; numbers and truths as they stand.
pub(super) fn text(object: &Object, names: &[&str]) -> Option<String> {
    member(object, names).and_then(text_of).filter(|text| !text.is_empty())
}

/// A value as text, if it is no list or object.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A member that is an object.
pub(super) fn object<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    object.get(name).and_then(Value::as_object)
}

/// A member that is an object, or none.
pub(super) fn at<'a>(value: Option<&'a Value>, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value?, |value, name| value.get(name))
}

/// The items of a member that is a list; one that stands alone is a list of one.
pub(super) fn list<'a>(object: &'a Object, names: &[&str]) -> Vec<&'a Value> {
    match member(object, names) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

/// The objects of a list, as [`list`].
pub(super) fn objects<'a>(object: &'a Object, names: &[&str]) -> Vec<&'a Object> {
    list(object, names).into_iter().filter_map(Value::as_object).collect()
}

/// A value in one form: compact, members in order.
pub(super) fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

/// A time of RFC 3339, ns.
pub(super) fn time(text: &str) -> Option<i64> {
    let time = text.trim().parse::<jiff::Timestamp>().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// A time of RFC 3339, or without an offset, which is then taken for UTC; says whether it was.
pub(super) fn time_or_utc(text: &str) -> Option<(i64, bool)> {
    if let Some(time) = time(text) {
        return Some((time, true));
    }
    let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
    let time = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some((i64::try_from(time.as_nanosecond()).ok()?, false))
}

/// A time of a member, ns: a text, or a number in seconds, ms, us or ns by its size
/// (1e11 s is the year 5138).
pub(super) fn time_of(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => time_or_utc(text).map(|(time, _)| time),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => by_size(whole),
            None => {
                let seconds = number.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
                let span = std::time::Duration::try_from_secs_f64(seconds).ok()?;
                i64::try_from(span.as_nanos()).ok()
            }
        },
        _ => None,
    }
}

fn by_size(number: i64) -> Option<i64> {
    let to_ns = match number {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    number.checked_mul(to_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_by_their_size_and_without_an_offset_as_utc() {
        let second = 1_795_289_497;
        for (value, ns) in [
            (serde_json::json!(second), second * 1_000_000_000),
            (serde_json::json!(second * 1_000 + 7), (second * 1_000 + 7) * 1_000_000),
            (serde_json::json!(second * 1_000_000), second * 1_000_000_000),
            (serde_json::json!("2025-10-01T09:00:00"), 1_759_309_200_000_000_000),
            (serde_json::json!("2025-10-01T11:00:00+02:00"), 1_759_309_200_000_000_000),
        ] {
            assert_eq!(time_of(&value), Some(ns), "{value}");
        }
        assert_eq!(time_of(&serde_json::json!("yesterday")), None);
        assert_eq!(time_of(&serde_json::json!(1e300)), None);
    }
}
