//! A model as ClearML's API gives it.

use super::super::fields::{actor, parameters, seal, set_text, set_time, tag, tag_json, tag_words};
use super::super::json::{Object, list, object, text, time_of};
use super::super::told::Told;
use super::{id_of, model_of, run};
use lineal_engine::schema::Relation;
use serde_json::Value as Json;

pub(super) fn model(model: &Object, pointer: &str, told: &mut Told) {
    let Some(id) = text(model, &["id"]) else {
        return told.reject(pointer, "`id` is missing: a model has one");
    };
    let node = model_of(&id);
    for name in ["last_update", "created"] {
        let time = model.get(name).and_then(time_of);
        told.saw_time(time);
    }
    let record = told.node(told.own, &node);
    record.set("form", Some("logged"));
    set_text(record, "name", text(model, &["name"]).as_deref());
    set_text(record, "uri", text(model, &["uri"]).as_deref());
    set_text(record, "framework", text(model, &["framework"]).as_deref());
    set_time(record, "time", model.get("created").and_then(time_of));
    if let Some(ready) = model.get("ready").and_then(Json::as_bool) {
        record.set("status", Some(if ready { "READY" } else { "DRAFT" }));
    }
    if let Some(note) = text(model, &["comment"]) {
        seal(record, "note", &note, None);
    }
    tag_words(record, list(model, &["tags"]).into_iter().filter_map(Json::as_str));
    if let Some(design) = model.get("design") {
        parameters(record, "design", design);
    }
    for (name, entry) in object(model, "metadata").into_iter().flatten() {
        tag_json(record, name, entry.get("value").unwrap_or(entry));
    }
    tag(record, "clearml.project", super::project(model).as_deref());
    if let Some(task) = id_of(model, &["task"]) {
        told.link(told.own, &node, Relation::ProducedBy, &run(&task));
    }
    if let Some(parent) = id_of(model, &["parent"]) {
        told.link(told.own, &node, Relation::DerivedFrom, &model_of(&parent));
    }
    if let Some(user) = super::task::user(model)
        && let Some(actor) = actor(&user)
    {
        told.link(told.own, &node, Relation::DoneBy, &actor);
    }
}
