//! From the texts that sources write to values of fields.

use jiff::{Timestamp, civil, tz::TimeZone};
use lineal_proof::Value;
use serde::Deserialize;

/// How a text becomes a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    /// As written.
    #[default]
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true`, `yes`, `1` or `false`, `no`, `0`.
    Bool,
    /// RFC 3339, or a date or a time without zone, which are read as UTC.
    Time,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// A text that is not what its rule says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unconvertible {
    /// What was expected, in words.
    pub expected: &'static str,
}

impl Conversion {
    /// The value that a text says.
    pub fn convert(self, text: &str) -> Result<Value, Unconvertible> {
        let trimmed = text.trim();
        let (value, expected) = match self {
            Conversion::Text => (Some(Value::text(text)), "a text"),
            Conversion::Int => (trimmed.parse::<i64>().ok().map(Value::from), "a whole number"),
            Conversion::Float => (trimmed.parse::<f64>().ok().map(Value::float), "a number"),
            Conversion::Bool => (truth(trimmed).map(Value::from), "true or false"),
            Conversion::Time => {
                (time_ns(trimmed).map(Value::from), "a time between 1677 and 2262, as in RFC 3339")
            }
            Conversion::Seconds => {
                (scaled(trimmed, 1_000_000_000).map(Value::from), "seconds since 1970")
            }
            Conversion::Milliseconds => {
                (scaled(trimmed, 1_000_000).map(Value::from), "milliseconds since 1970")
            }
        };
        value.ok_or(Unconvertible { expected })
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn scaled(text: &str, unit_ns: i64) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(unit_ns)
}

fn time_ns(text: &str) -> Option<i64> {
    let time = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| {
            let local = text.parse::<civil::DateTime>().ok()?;
            Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
        .or_else(|| {
            let day = text.parse::<civil::Date>().ok()?;
            Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })?;
    i64::try_from(time.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_people_write() {
        let noon = Value::from(1_759_311_000_000_000_000_i64);
        for text in ["2025-10-01T09:30:00Z", "2025-10-01T11:30:00+02:00", "2025-10-01 09:30:00"] {
            assert_eq!(Conversion::Time.convert(text), Ok(noon.clone()), "{text}");
        }
        assert!(Conversion::Time.convert("2025-10-01").is_ok());
        assert!(Conversion::Time.convert("soon").is_err());
        assert_eq!(
            Conversion::Milliseconds.convert("1759311000000"),
            Conversion::Time.convert("2025-10-01T09:30:00Z")
        );
        assert!(Conversion::Milliseconds.convert("9223372036854775807").is_err());
    }

    #[test]
    fn truth_is_read_in_the_forms_people_write() {
        assert_eq!(Conversion::Bool.convert("Yes"), Ok(Value::from(true)));
        assert!(Conversion::Bool.convert("maybe").is_err());
    }
}
