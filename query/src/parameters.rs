//! Values that are given when a question is asked. Each takes the type of the place it stands in,
//! so text from a command line is enough for most.

use std::collections::BTreeMap;

use crate::error::{Code, Mistake};
use crate::parse::{parse_hash_text, parse_time_text};
use crate::plan::{ParameterUse, Type};
use crate::value::{HashValue, Value};

/// The parameters of one question, by name without `$`.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Parameters {
    values: BTreeMap<String, Value>,
}

impl Parameters {
    /// None.
    #[must_use]
    pub fn new() -> Parameters {
        Parameters::default()
    }

    /// Sets one.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.values.insert(name.into(), value);
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
        self.values.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value for one place, in the type of that place.
    pub(crate) fn value_for(&self, place: &ParameterUse) -> Result<Value, Mistake> {
        let value = self.get(&place.name).ok_or_else(|| {
            Mistake::new(Code::Parameter, place.span, format!("`${}` has no value", place.name))
                .hint(format!("give it with `--param {}=\u{2026}`", place.name))
        })?;
        fitted(value, place.expected).ok_or_else(|| {
            Mistake::new(
                Code::ParameterType,
                place.span,
                format!(
                    "`${}` is a {}; here stands {}",
                    place.name,
                    value.type_name(),
                    place.expected.with_article()
                ),
            )
            .hint(match place.expected {
                Type::Time => "write 2026-03-14 or 2026-03-14T09:00Z",
                Type::Hash => "write sha256:\u{2026}, or the digits alone",
                Type::Bool => "write true or false",
                Type::Int => "write a whole number",
                _ => "give a value of that type",
            })
        })
    }
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
        Type::Hash => parse_hash_text(text).map(|(algorithm, bytes)| {
            Value::Hash(HashValue { algorithm: algorithm.map(str::to_owned), bytes })
        }),
        Type::Duration | Type::Months | Type::List | Type::Map | Type::Path => None,
    }
}
