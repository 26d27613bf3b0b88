//! Values that are given when a question is asked. Each takes the type of the place it stands in,
//! so text from a command line is enough for most.

use crate::ast::UNITS;
use crate::bind::regular;
use crate::error::{Code, Mistake};
use crate::parse::{parse_hash_text, parse_time_text, wrong_length};
use crate::plan::{ParameterUse, Type};
use crate::value::Value;

/// The parameters of one question, by name without `$`.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Parameters {
    /// Sorted by name: there are few, and a list of them is one piece of memory.
    values: Vec<(String, Value)>,
}

impl Parameters {
    /// None.
    #[must_use]
    pub fn new() -> Parameters {
        Parameters::default()
    }

    /// Sets one.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.place(&name) {
            Ok(at) => self.values[at].1 = value,
            Err(at) => self.values.insert(at, (name, value)),
        }
    }

    /// With one more, given as text.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Parameters {
        self.set(name, Value::Text(text.into()));
        self
    }

    /// The value of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().and_then(|at| self.values.get(at)).map(|(_, value)| value)
    }

    /// Where a name stands, or is to stand.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.values.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, _)| name.as_str())
    }

    /// Puts the value for one place where another was: a text goes into the memory of the other.
    pub(crate) fn put_value(&self, place: &ParameterUse, into: &mut Value) -> Result<(), Mistake> {
        let is_taken_as_it_is = matches!(place.expected, Type::Any | Type::Text | Type::Node);
        match (self.get(&place.name), into) {
            (Some(Value::Text(text)), Value::Text(own))
                if is_taken_as_it_is && !place.is_pattern =>
            {
                own.clone_from(text);
            }
            (_, into) => *into = self.value_for(place)?,
        }
        Ok(())
    }

    /// The value for one place, in the type of that place.
    pub(crate) fn value_for(&self, place: &ParameterUse) -> Result<Value, Mistake> {
        let value = self.get(&place.name).ok_or_else(|| {
            Mistake::new(Code::Parameter, place.span, format!("`${}` has no value", place.name))
                .hint(format!("give it with `--param {}=\u{2026}`", place.name))
        })?;
        if place.is_pattern
            && let Value::Text(text) = value
            && let Err(why) = regular(text)
        {
            let message = format!("`${}` is no regular expression: {why}", place.name);
            return Err(Mistake::new(Code::Pattern, place.span, message).hint(
                "look-around and back references are not part of it; `like` takes `%` and `_`",
            ));
        }
        if let (Type::Hash, Value::Text(text)) = (place.expected, value)
            && let Some((algorithm, digits)) = text.split_once(':')
            && let Some(why) = wrong_length(algorithm, digits.len())
        {
            let message = format!("`${}` is no hash: {why}", place.name);
            return Err(
                Mistake::new(Code::ParameterType, place.span, message).hint("give all its digits")
            );
        }
        if let (Type::Any, Some(_), Value::Text(text)) = (place.expected, place.joined_with, value)
        {
            return operand(text).ok_or_else(|| {
                let message = format!(
                    "`${}` is a text; what is added, subtracted, multiplied or divided here is a \
                     number, a time or a length of time",
                    place.name
                );
                Mistake::new(Code::ParameterType, place.span, message)
                    .hint("write 0.5, 2026-03-14, 90d or 6mo")
            });
        }
        fitted(value, place.expected).ok_or_else(|| {
            Mistake::new(
                Code::ParameterType,
                place.span,
                format!(
                    "`${}` is {}; here stands {}",
                    place.name,
                    with_article(value.type_name()),
                    place.expected.with_article()
                ),
            )
            .hint(match place.expected {
                Type::Time => "write 2026-03-14 or 2026-03-14T09:00Z",
                Type::Hash => "write sha256:\u{2026}, or the digits alone",
                Type::Bool => "write true or false",
                Type::Int => "write a whole number",
                Type::Float => "write a number",
                Type::Duration => "write a length of time: 90d, 24h, 5m",
                Type::Months => "write a length of time: 90d, 24h, 6mo, 10y",
                _ => "give a value of that type",
            })
        })
    }
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// A length of time or a calendar step, as the language writes it, perhaps with a sign.
fn duration(text: &str) -> Option<Value> {
    let (sign, length) = text.strip_prefix('-').map_or((1, text), |length| (-1, length));
    let digits = length.find(|c: char| !c.is_ascii_digit())?;
    let (count, suffix) = length.split_at(digits);
    let unit = UNITS.iter().find(|(_, name)| *name == suffix).map(|row| row.0)?;
    crate::bind::length_of(count.parse::<i64>().ok()?.checked_mul(sign)?, unit)
}

/// Text that stands in a sum, where nothing says what it must be: a number, a length of time or a
/// time, never a text, which a sum would only append.
fn operand(text: &str) -> Option<Value> {
    let number = fitted(&Value::Text(text.to_owned()), Type::Int);
    number.or_else(|| duration(text)).or_else(|| parse_time_text(text).map(Value::Time))
}

/// The value in the wanted type; `None` where it cannot be.
fn fitted(value: &Value, expected: Type) -> Option<Value> {
    let Value::Text(text) = value else {
        return match (expected, value) {
            (Type::Float, Value::Int(_)) => value.as_number().map(Value::Float),
            (Type::Int, Value::Float(_)) | (Type::Any | Type::Node, _) => Some(value.clone()),
            (Type::Text, Value::Int(number)) => Some(Value::Text(number.to_string())),
            _ => (value.type_name() == expected.name()).then(|| value.clone()),
        };
    };
    match expected {
        Type::Any | Type::Text | Type::Node => Some(value.clone()),
        Type::Bool => text.parse().ok().map(Value::Bool),
        Type::Int => match text.parse() {
            Ok(number) => Some(Value::Int(number)),
            Err(_) => text.parse().ok().map(Value::Float),
        },
        Type::Float => text.parse().ok().map(Value::Float),
        Type::Time => parse_time_text(text).map(Value::Time),
        Type::Hash => parse_hash_text(text).map(Value::Hash),
        Type::Duration => duration(text).filter(|value| matches!(value, Value::Duration(_))),
        Type::Months => duration(text),
        Type::List | Type::Map | Type::Path => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_the_language_writes_them() {
        assert_eq!(duration("90d"), Some(Value::Duration(90 * 86_400_000_000_000)));
        assert_eq!(duration("-5s"), Some(Value::Duration(-5_000_000_000)));
        assert_eq!(duration("2y"), Some(Value::Months(24)));
        for text in ["", "d", "5", "5 d", "1d12h", "9999999999999999999y", "99999999999w"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_comparison_takes_no_calendar_step() {
        let step = Value::Text("6mo".to_owned());
        assert_eq!(fitted(&step, Type::Months), Some(Value::Months(6)));
        assert_eq!(fitted(&step, Type::Duration), None);
    }
}
