//! What every source is reduced to: nodes, events, and what to say about a file.
//!
//! A translator turns foreign words into these and knows nothing of hashing, batching, retries or
//! the store. Personal data is marked as such here and is keyed or sealed by the pipeline.

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::value::key_order;
use lineal_proof::{Map, Value, cbor};
use std::collections::BTreeMap;

/// One part of a staged key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// The source does not know it: the key is a claim.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Text that names a person or holds a home path: the pipeline puts its keyed form here.
    Personal(String),
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Text(text.to_owned())
    }
}
impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Text(text)
    }
}
impl From<Option<String>> for Part {
    fn from(text: Option<String>) -> Part {
        text.map_or(Part::Null, Part::Text)
    }
}

/// A reference to a node: its kind and its key, exact or claimed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reference {
    /// The kind.
    pub kind: Kind,
    /// The key's parts, in the order docs/format.md section 6 gives for the kind.
    pub key: Vec<Part>,
}

impl Reference {
    /// A reference.
    #[must_use]
    pub fn new(kind: Kind, key: Vec<Part>) -> Reference {
        Reference { kind, key }
    }

    /// The actor of that login, name or e-mail. `None` for what is no person: blank, `unknown`.
    #[must_use]
    pub fn actor(login: &str) -> Option<Reference> {
        let login = login.trim();
        let nobody = login.is_empty() || login.eq_ignore_ascii_case("unknown");
        (!nobody).then(|| Reference::new(Kind::Actor, vec![Part::Personal(login.to_owned())]))
    }
}

/// A link from the node that holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edge {
    /// Its name, in the direction from newer to older.
    pub relation: Relation,
    /// Where it leads.
    pub target: Reference,
    /// Ids given beside a claim that help to resolve it: `run` (run id), `logged` (logged model
    /// id), `uri`. Sorted by name.
    pub beside: Vec<(String, String)>,
}

impl Edge {
    /// An edge to an exact key or a bare claim.
    #[must_use]
    pub fn new(relation: Relation, target: Reference) -> Edge {
        Edge { relation, target, beside: Vec::new() }
    }
}

/// A text that must not stand in the clear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Personal {
    /// The field's name; a member of an open map is written `tags.mlflow.user`.
    pub field: String,
    /// The text.
    pub value: String,
    /// The person it names (a login, name or e-mail as in [`Reference::actor`]), where it names
    /// one; else it is about the node itself.
    pub person: Option<String>,
}

/// Where in the source something stands, for messages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Location {
    /// The file, relative to what was given to `import`.
    pub file: String,
    /// The line from 1, or 0 where lines have no meaning.
    pub line: u64,
    /// The byte where the line or item begins, in the decompressed file.
    pub byte: u64,
}

/// A point in canonical bytes: a step up to 65,535, a time of these years, and a number.
const POINT_BYTES: usize = 1 + 3 + 9 + 9;

/// One point of a metric: step, time in ms, value.
pub type SeriesPoint = (i64, i64, f64);

/// What one source says of one node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeRecord {
    /// Which node.
    pub node: Reference,
    /// Its fields, under the names of `lineal_engine::schema::fields`. Fields whose value is
    /// absent are left out; empty maps and lists too.
    pub fields: Map,
    /// Fields that are sealed.
    pub personal: Vec<Personal>,
    /// The points of its metrics, which become the field `series` only with [`NodeRecord::whole`]:
    /// a store may hold millions, and as values they take six times the room.
    pub series: BTreeMap<String, Vec<SeriesPoint>>,
    /// Its links. Order and duplicates do not matter.
    pub edges: Vec<Edge>,
    /// Where it was read.
    pub at: Location,
}

impl NodeRecord {
    /// A node with nothing said of it yet.
    #[must_use]
    pub fn new(node: Reference, at: Location) -> NodeRecord {
        NodeRecord {
            node,
            fields: Map::new(),
            personal: Vec::new(),
            series: BTreeMap::new(),
            edges: Vec::new(),
            at,
        }
    }

    /// The record with its series among the fields.
    #[must_use]
    pub fn whole(mut self) -> NodeRecord {
        let series = std::mem::take(&mut self.series);
        if !series.is_empty() {
            let point = |(step, time_ms, value): SeriesPoint| {
                Value::List(vec![Value::from(step), Value::from(time_ms), Value::float(value)])
            };
            let list =
                |points: Vec<SeriesPoint>| Value::List(points.into_iter().map(point).collect());
            let series: Map =
                series.into_iter().map(|(name, points)| (name, list(points))).collect();
            self.fields.insert("series", Value::Map(series));
        }
        self
    }

    /// Takes out the series as the canonical bytes of the field that [`NodeRecord::whole`] would
    /// make of them: a fifth of the time, and nothing but the bytes in memory.
    pub(crate) fn take_encoded_series(&mut self) -> Option<Vec<u8>> {
        if self.series.is_empty() {
            return None;
        }
        let mut series: Vec<_> = std::mem::take(&mut self.series).into_iter().collect();
        series.sort_unstable_by(|a, b| key_order(&a.0, &b.0));
        let points: usize = series.iter().map(|(_, points)| points.len()).sum();
        let mut out = Vec::with_capacity(POINT_BYTES * points + 64);
        cbor::write_map_head(&mut out, series.len());
        for (name, points) in series {
            cbor::write_text(&mut out, &name);
            cbor::write_list_head(&mut out, points.len());
            for (step, time_ms, value) in points {
                cbor::write_list_head(&mut out, 3);
                cbor::write_int(&mut out, step.into());
                cbor::write_int(&mut out, time_ms.into());
                cbor::write_value(&mut out, &Value::float(value));
            }
        }
        Some(out)
    }

    /// Sets a field if there is a value.
    pub fn set(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.fields.insert(name, value);
        }
    }
}

pub use lineal_engine::events::EventValue;

/// Receives the fields of one event after another.
pub trait EventSink {
    /// Sets a field of the event at hand; the last value of a field wins.
    fn set(&mut self, field: EventField, value: EventValue<'_>);
    /// Adds the keyed form of the person named to a field (reviewer, verified_by): one call a
    /// person.
    fn set_person(&mut self, field: EventField, person: &str);
    /// The event is whole.
    fn end_event(&mut self);
}

/// Why something that was read did not become a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reject {
    /// Where it stands.
    pub at: Location,
    /// What is wrong and what was expected, without personal data.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_series_are_those_of_the_whole_record() {
        let mut record =
            NodeRecord::new(Reference::new(Kind::Run, Vec::new()), Location::default());
        let odd = vec![(-1, 1_700_000_000_000, f64::NAN), (70_000, 0, 0.5), (70_001, 1, -0.0)];
        for (name, points) in [("loss", odd), ("a longer name", vec![(0, 0, 1.0)]), ("b", vec![])] {
            record.series.insert(name.to_owned(), points);
        }
        let whole = record.clone().whole();
        let expected = whole.fields.get("series").map(cbor::encode);
        assert_eq!(record.take_encoded_series(), expected);
        assert!(record.series.is_empty() && record.take_encoded_series().is_none());
    }
}
