//! A node or an event, everything that is recorded of it, as JSON.

use lineal_engine::event_fields::{EVENT_FIELDS, Group};
use lineal_engine::schema::{COMMON_FIELDS, Direction, FieldType, Kind, RELATIONS, fields};
use lineal_engine::{Contradicted, Error, EventRef, NodeNo, Snapshot};
use lineal_proof::Value;
use serde_json::{Map, Value as Json, json};

use crate::source::PENDING;
use crate::value::time_text;

/// A node with its fields, and of its neighbours and candidates those that the asker sees, so many
/// a relation; where there are others, `more` counts them.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read.
pub fn node_json(
    view: &Snapshot,
    node: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
    most: usize,
) -> Result<Json, Error> {
    let seen = |nodes: &[NodeNo]| -> Vec<NodeNo> {
        nodes.iter().copied().filter(|node| sees(*node)).collect()
    };
    let names = |nodes: &[NodeNo]| -> Vec<String> {
        nodes.iter().take(most).map(|node| view.name_of(*node)).collect()
    };
    let kind = view.kind_of(node);
    let folded = view.fields(node)?;
    let fields: Map<String, Json> = folded
        .fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value_json(value, type_of(kind, name))))
        .collect();
    let (mut edges, mut more) = (Map::new(), Map::new());
    for (word, nodes) in neighbours(view, node) {
        let nodes = seen(nodes);
        if !nodes.is_empty() {
            edges.insert(word.to_owned(), json!(names(&nodes)));
        }
        if nodes.len() > most {
            more.insert(word.to_owned(), json!(nodes.len() - most));
        }
    }
    let candidates = names(&seen(view.candidates(node)));
    let mut json = json!({
        "node": view.name_of(node), "kind": kind.name(),
        "node_id": view.node_id(node).to_string(),
        "revision": view.revision_id(node).map(|id| id.to_string()),
        "missing": view.is_missing(node), "candidates": candidates,
        "fields": fields, "edges": edges, "commit": view.commit(),
    });
    if !more.is_empty() {
        json["more"] = Json::Object(more);
    }
    if view.is_pending(node) {
        json["proof"] = json!(PENDING);
    }
    Ok(json)
}

/// An event, also as what a trace begins with. Without its subject group, where that is withheld:
/// then `withheld` says so.
///
/// # Errors
/// [`Error::Corrupt`] if the row cannot be read.
pub fn event_json(view: &Snapshot, event: EventRef, withheld: bool) -> Result<Json, Error> {
    row_json(view, event, &view.event(event)?, withheld)
}

/// The rows that are recorded of an event beside the one that counts, and say something else: those that
/// are meant, each as [`event_json`] tells an event. `all` is [`Snapshot::contradicted`].
///
/// # Errors
/// [`Error::Corrupt`] if a row cannot be read.
pub fn other_rows_json(
    view: &Snapshot,
    all: &[Contradicted],
    event: EventRef,
    is_meant: &dyn Fn(EventRef) -> bool,
    withheld: bool,
) -> Result<Vec<Json>, Error> {
    let own = all.iter().find(|of| of.counts == Some(event));
    let others = own.into_iter().flat_map(|of| &of.others).filter(|row| is_meant(**row));
    others.map(|row| row_json(view, *row, &view.row_fields(*row)?, withheld)).collect()
}

fn row_json(
    view: &Snapshot,
    event: EventRef,
    fields: &lineal_proof::Map,
    withheld: bool,
) -> Result<Json, Error> {
    let mut object = Map::new();
    let mut left_out = Vec::new();
    for spec in EVENT_FIELDS {
        let Some(value) = fields.get(spec.name) else { continue };
        if withheld && spec.group == Group::Subject {
            left_out.push(spec.name);
        } else {
            object.insert(spec.name.to_owned(), value_json(value, Some(spec.field_type)));
        }
    }
    let name = |node: Option<NodeNo>| node.map(|node| view.name_of(node));
    object.insert("served_by".to_owned(), json!(name(view.event_deployment(event))));
    object.insert("part_of".to_owned(), json!(name(view.event_batch(event))));
    if view.event_batch(event).is_some_and(|batch| view.is_pending(batch)) {
        object.insert("proof".to_owned(), json!(PENDING));
    }
    if withheld {
        object.insert("withheld".to_owned(), json!(left_out));
    }
    Ok(Json::Object(object))
}

/// The neighbours of a node by the word of their relation, in the order of the schema.
#[must_use]
pub fn neighbours(view: &Snapshot, node: NodeNo) -> Vec<(&'static str, &[NodeNo])> {
    let mut all = Vec::new();
    for spec in &RELATIONS {
        for (word, direction) in
            [(spec.name, Direction::Forward), (spec.inverse, Direction::Inverse)]
        {
            let nodes = view.edges(node, spec.relation, direction);
            if !nodes.is_empty() {
                all.push((word, nodes));
            }
        }
    }
    all
}

/// The type of a kind's field.
#[must_use]
pub fn type_of(kind: Kind, name: &str) -> Option<FieldType> {
    let specs = fields(kind).iter().chain(COMMON_FIELDS);
    specs.into_iter().find(|spec| spec.name == name).map(|spec| spec.field_type)
}

/// A value of a record as JSON: times in RFC 3339 and UTC, bytes in hex.
#[must_use]
pub fn value_json(value: &Value, field_type: Option<FieldType>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(_) if field_type == Some(FieldType::Time) => {
            value.as_i64().map_or(Json::Null, |time| json!(time_text(time)))
        }
        Value::Int(number) => {
            i64::try_from(*number).map_or_else(|_| json!(number.to_string()), |n| json!(n))
        }
        Value::Float(number) if number.is_finite() => json!(number),
        // JSON has no such number, and null would say that nothing is recorded.
        Value::Float(number) => json!(number.to_string()),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(data_encoding::HEXLOWER.encode(bytes)),
        Value::Link(cid) => json!(cid.to_string()),
        Value::List(items) => items.iter().map(|item| value_json(item, None)).collect(),
        Value::Map(map) => {
            let members = map.iter().map(|(k, v)| (k.to_owned(), value_json(v, None)));
            Json::Object(members.collect())
        }
    }
}
