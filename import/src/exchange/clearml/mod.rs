//! ClearML: the zip of a session that was recorded offline, exports of tasks and models as its API
//! and its client give them, and the manifests of data sets.
//!
//! A task is a run, but one that is a data set (`system_tags` has `dataset`) is a data set, with a
//! digest over the SHA-256 of its files. Data sets go by their id, which is all that others name.

mod archive;
mod dataset;
mod model;
mod task;

use super::json::{Object, list, member, objects, text, values};
use super::paging::{Next, Page};
use super::told::Told;
use crate::record::Reference;
use lineal_engine::schema::Kind;
use serde_json::Value;

/// The format's name, and the type of the keys of data sets.
pub(super) const FORM: &str = "clearml";
/// The form of what a session that was written offline says of itself: it has figures and manifests.
const OFFLINE: &str = "clearml-offline";
/// The form of what an export says of itself: thinner, so it does not stand in for the other.
const EXPORT: &str = "clearml-export";
/// The form of what is said in passing.
const PART: &str = "clearml-part";
/// The types of tasks.
pub(super) const TASK_TYPES: [&str; 11] = [
    "training",
    "testing",
    "inference",
    "data_processing",
    "application",
    "monitor",
    "controller",
    "optimizer",
    "service",
    "qc",
    "custom",
];
/// How a zip begins.
const ZIP: &[u8] = b"PK\x03\x04";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    if bytes.starts_with(ZIP) {
        told.own = OFFLINE;
        return archive::read(bytes, told);
    }
    told.own = EXPORT;
    values(bytes, told, &mut |value, pointer, told| item(value, pointer, told));
}

/// A task, a model, a manifest, or an answer of the API that holds several.
fn item(value: &Value, pointer: &str, told: &mut Told) {
    let Some(object) = value.as_object() else {
        return told.reject(pointer, "a task, a model or a manifest was expected: a JSON object");
    };
    if let Some(data) = object.get("data").filter(|data| data.is_object()) {
        return item(data, &format!("{pointer}/data"), told);
    }
    let mut held = false;
    let cursor = text(object, &["scroll_id"]).map(|_| Next::Cursor("scroll_id"));
    for name in ["task", "tasks", "model", "models"] {
        if name == "task" && !object.get(name).is_some_and(Value::is_object) {
            continue;
        }
        // `models` of a task is an object of what went in and came out.
        if name == "models" && !object.get(name).is_some_and(Value::is_array) {
            continue;
        }
        // The last page has a cursor, too, and nothing else.
        let count = list(object, &[name]).len() as u64;
        let page = Page { held: count, of: None, next: cursor.filter(|_| count > 0) };
        if object.contains_key(name) {
            told.page(name, String::new(), page);
            held |= count == 0 && object.get(name).is_some_and(Value::is_array);
        }
        for (number, one) in objects(object, &[name]).into_iter().enumerate() {
            held = true;
            one_of(one, &format!("{pointer}/{name}/{number}"), told);
        }
    }
    if !held {
        one_of(object, pointer, told);
    }
}

fn one_of(object: &Object, pointer: &str, told: &mut Told) {
    if object.contains_key("dataset_file_entries") {
        dataset::manifest(object, pointer, told);
    } else if is_task(object) {
        task::task(object, &task::Beside::default(), pointer, told);
    } else if is_model(object) {
        model::model(object, pointer, told);
    } else {
        told.reject(pointer, "neither a task (`type`, `script`) nor a model (`uri`, `framework`)");
    }
}

fn is_task(object: &Object) -> bool {
    // Of what is asked for by `only_fields` the type may be all that tells it.
    let of_type = |kind: &str| TASK_TYPES.contains(&kind);
    object.get("type").and_then(Value::as_str).is_some_and(of_type)
        || (object.contains_key("type")
            && ["script", "hyperparams", "execution"].iter().any(|name| object.contains_key(*name)))
}

fn is_model(object: &Object) -> bool {
    object.contains_key("uri") && !object.contains_key("type")
}

/// The id of what a member names: as a text, or as an object that has it, as answers with fields of others do.
fn id_of(object: &Object, names: &[&str]) -> Option<String> {
    match member(object, names)? {
        Value::Object(held) => text(held, &["id"]),
        _ => text(object, names),
    }
}

/// The project of a task or model, by name where that is said, else by id.
fn project(object: &Object) -> Option<String> {
    let named = match object.get("project") {
        Some(Value::Object(held)) => text(held, &["name", "id"]),
        _ => None,
    };
    text(object, &["project_name"]).or(named).or_else(|| text(object, &["project"]))
}

/// The run that is a task.
fn run(id: &str) -> Reference {
    Reference::new(Kind::Run, vec![super::artifact::part(id)])
}

/// The model of an id.
fn model_of(id: &str) -> Reference {
    Reference::new(Kind::Model, vec![super::artifact::part(id)])
}

/// The data set of an id.
fn dataset_of(id: &str) -> Reference {
    Reference::new(
        Kind::Dataset,
        vec![super::artifact::part(id), "".into(), FORM.into(), "".into()],
    )
}
