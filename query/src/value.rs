//! Values as the language knows them, their order, and how they print.

mod hash;
mod time;

pub use hash::HashValue;
pub(crate) use time::push_time;
pub use time::time_text;

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::source::{EventRef, NodeNo};

/// A value. Nodes and events are numbers here; an [`crate::Answer`] holds their names.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing is recorded.
    Absent,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// Ns since 1970 UTC.
    Time(i64),
    /// A length of time in ns.
    Duration(i64),
    /// Calendar months, to be added to a time.
    Months(i64),
    /// A hash, with its algorithm where one is recorded.
    Hash(HashValue),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A node.
    Node(NodeNo),
    /// An event.
    Event(EventRef),
    /// A list.
    List(Vec<Value>),
    /// A map in canonical order of its keys.
    Map(Vec<(String, Value)>),
    /// A path: apart, so that a value is no longer than a digest with what is said of it.
    Path(Arc<Path>),
}

/// A path: where it begins, then step by step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// A node or an event.
    pub start: Item,
    /// The edges in the order of walking, each with the item it leads to.
    pub steps: Vec<Step>,
}

/// One edge of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The relation.
    pub relation: lineal_engine::schema::Relation,
    /// Along it or against it.
    pub direction: lineal_engine::schema::Direction,
    /// Where it leads.
    pub to: Item,
}

impl Step {
    /// The relation's name in the direction of walking.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.direction {
            lineal_engine::schema::Direction::Forward => self.relation.spec().name,
            lineal_engine::schema::Direction::Inverse => self.relation.spec().inverse,
        }
    }
}

/// What a variable stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    /// A node.
    Node(NodeNo),
    /// An event.
    Event(EventRef),
}

impl From<Item> for Value {
    fn from(item: Item) -> Value {
        match item {
            Item::Node(node) => Value::Node(node),
            Item::Event(event) => Value::Event(event),
        }
    }
}

impl Value {
    /// Is anything recorded? NaN compares like an absent value.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Absent)
    }

    /// The value of a parameter as programs give it: text, numbers, truths and lists of these.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Option<Value> {
        use serde_json::Value as Json;
        Some(match json {
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Float(number.as_f64()?),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => {
                Value::List(items.iter().map(Value::from_json).collect::<Option<_>>()?)
            }
            Json::Null | Json::Object(_) => return None,
        })
    }

    /// From a record's value. Links print as text: the graph shows edges, not fields.
    #[must_use]
    pub fn from_record(value: lineal_proof::Value) -> Value {
        use lineal_proof::Value as Record;
        match value {
            Record::Null => Value::Absent,
            Record::Bool(truth) => Value::Bool(truth),
            Record::Int(number) => match i64::try_from(number) {
                Ok(number) => Value::Int(number),
                // CBOR's whole numbers are wider than ours; as text nothing is lost.
                Err(_) => Value::Text(number.to_string()),
            },
            Record::Float(number) => Value::Float(number),
            Record::Text(text) => Value::Text(text),
            Record::Bytes(bytes) => Value::Bytes(bytes),
            Record::List(items) => Value::List(items.into_iter().map(Value::from_record).collect()),
            Record::Map(map) => {
                Value::Map(map.into_iter().map(|(key, v)| (key, Value::from_record(v))).collect())
            }
            Record::Link(cid) => Value::Text(cid.to_string()),
        }
    }

    /// As a number, where it is one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "comparison of int with float is by float")]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The word for its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Absent => "absent",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) => "string",
            Value::Time(_) => "timestamp",
            Value::Duration(_) | Value::Months(_) => "duration",
            Value::Hash(_) | Value::Bytes(_) => "hash",
            Value::Node(_) | Value::Event(_) => "node",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Path(_) => "path",
        }
    }

    /// Compares values of like types; `None` where they are unlike, absent or NaN.
    #[must_use]
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Int(a), Value::Int(b))
            | (Value::Time(a), Value::Time(b))
            | (Value::Duration(a), Value::Duration(b))
            | (Value::Months(a), Value::Months(b)) => Some(a.cmp(b)),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                self.as_number()?.partial_cmp(&other.as_number()?)
            }
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Hash(a), Value::Hash(b)) => {
                Some(if a.same(b) { Ordering::Equal } else { a.bytes().cmp(b.bytes()) })
            }
            (Value::Hash(a), Value::Bytes(b)) => Some(a.bytes().cmp(b)),
            (Value::Bytes(a), Value::Hash(b)) => Some(a.as_slice().cmp(b.bytes())),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            // A digest that a source wrote as text, with or without its algorithm.
            (Value::Text(text), Value::Hash(hash)) | (Value::Hash(hash), Value::Text(text)) => {
                let read = crate::parse::parse_hash_text(text)?;
                Some(if read.same(hash) { Ordering::Equal } else { read.bytes().cmp(hash.bytes()) })
            }
            (Value::Node(a), Value::Node(b)) => Some(a.cmp(b)),
            (Value::Event(a), Value::Event(b)) => Some(a.cmp(b)),
            (Value::List(a), Value::List(b)) => (a == b).then_some(Ordering::Equal),
            (Value::Map(a), Value::Map(b)) => (a == b).then_some(Ordering::Equal),
            _ => None,
        }
    }

    /// A total order, for sorting: by type, then by value; floats by IEEE total order.
    #[must_use]
    pub fn order(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                let (a, b) = (self.as_number(), other.as_number());
                a.unwrap_or_default().total_cmp(&b.unwrap_or_default())
            }
            (Value::List(a), Value::List(b)) => {
                let unequal = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|o| o.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Value::Hash(a), Value::Hash(b)) => {
                a.bytes().cmp(b.bytes()).then_with(|| a.algorithm().cmp(&b.algorithm()))
            }
            (Value::Map(a), Value::Map(b)) => {
                let unequal = a
                    .iter()
                    .zip(b)
                    .map(|(a, b)| a.0.cmp(&b.0).then_with(|| a.1.order(&b.1)))
                    .find(|o| o.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Value::Path(a), Value::Path(b)) => {
                let key = |path: &Path| {
                    let items = path.steps.iter().map(|s| (s.relation, s.to)).collect::<Vec<_>>();
                    (items.len(), path.start, items)
                };
                key(a).cmp(&key(b))
            }
            _ => self
                .rank()
                .cmp(&other.rank())
                .then_with(|| self.compare(other).unwrap_or(Ordering::Equal)),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Bool(_) => 0,
            Value::Int(_) | Value::Float(_) => 1,
            Value::Text(_) => 2,
            Value::Time(_) => 3,
            Value::Duration(_) => 4,
            Value::Months(_) => 5,
            Value::Hash(_) => 6,
            Value::Bytes(_) => 7,
            Value::Node(_) => 8,
            Value::Event(_) => 9,
            Value::List(_) => 10,
            Value::Map(_) => 11,
            Value::Path(_) => 12,
            Value::Absent => 13,
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> u64 {
        let own = std::mem::size_of::<Value>() as u64;
        let more = match self {
            Value::Text(text) => text.len() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::Hash(hash) => hash.bytes().len() as u64,
            Value::List(items) => items.iter().map(Value::size).sum(),
            Value::Map(entries) => {
                entries.iter().map(|(name, value)| name.len() as u64 + value.size()).sum()
            }
            Value::Path(path) => (size_of::<Path>() + path.steps.len() * size_of::<Step>()) as u64,
            _ => 0,
        };
        own + more
    }

    /// The node or event, if it is one.
    #[must_use]
    pub fn as_item(&self) -> Option<Item> {
        match self {
            Value::Node(node) => Some(Item::Node(*node)),
            Value::Event(event) => Some(Item::Event(*event)),
            _ => None,
        }
    }
}

/// A float as text: what is no number as the records and JSON's dialects write it.
pub(crate) fn float_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    number.to_string()
}

/// Units in which a duration prints, greatest first.
const PRINTED_UNITS: [(i64, &str); 7] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];

/// A length of time in its two greatest units: `3d 4h`.
#[must_use]
pub fn duration_text(duration: i64) -> String {
    let mut rest = duration.unsigned_abs();
    let mut out = String::from(if duration < 0 { "-" } else { "" });
    let mut written = 0;
    for (size, name) in PRINTED_UNITS {
        let count = rest / size.unsigned_abs();
        if count > 0 && written < 2 {
            let blank = if written > 0 { " " } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(out, "{blank}{count}{name}");
            written += 1;
            rest %= size.unsigned_abs();
        }
    }
    if written == 0 { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlike_types_and_nan_do_not_compare() {
        assert_eq!(Value::Int(1).compare(&Value::Text("1".into())), None);
        assert_eq!(Value::Float(f64::NAN).compare(&Value::Float(f64::NAN)), None);
        assert_eq!(Value::Absent.compare(&Value::Absent), None);
        assert_eq!(Value::Int(1).compare(&Value::Float(1.0)), Some(Ordering::Equal));
    }

    #[test]
    fn a_digest_written_as_text_equals_the_hash() {
        let hash = HashValue::new(Some("sha256"), &[0xab; 32]);
        let bare = Value::Text("AB".repeat(32));
        assert_eq!(bare.compare(&Value::Hash(hash)), Some(Ordering::Equal));
    }

    #[test]
    fn durations_print_in_two_units() {
        assert_eq!(duration_text(90_061_000_000_000), "1d 1h");
        assert_eq!(duration_text(-1_500_000), "-1ms 500us");
        assert_eq!(duration_text(0), "0s");
    }
}
