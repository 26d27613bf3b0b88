//! A task: a run with its parameters, its code, what it used and made; or a data set.

use super::super::artifact::{Artifact, best_of};
use super::super::fields::{
    actor, figure, parameter, seal, set_text, set_time, tag, tag_json, tag_words,
};
use super::super::json::{Object, canonical, list, object, objects, text, text_of, time_of};
use super::super::told::Told;
use super::{PART, dataset, dataset_of, id_of, model_of, run};
use crate::record::{NodeRecord, Reference, SeriesPoint};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::{Map, Value};
use serde_json::Value as Json;

/// The section in which the client notes the data sets that a task got.
const DATASETS: &str = "Datasets";
/// The iteration of a figure that has none: the client writes the least number of 32 bits.
const NO_ITERATION: i64 = i32::MIN as i64;

/// What lies beside a task in its zip.
#[derive(Default)]
pub(super) struct Beside {
    /// Figures: name, and iteration, time in ms, value.
    pub(super) scalars: Vec<(String, SeriesPoint)>,
    /// The manifest of a data set.
    pub(super) manifest: Option<Object>,
}

pub(super) fn task(task: &Object, beside: &Beside, pointer: &str, told: &mut Told) {
    let Some(id) = text(task, &["id"]) else {
        return told.reject(pointer, "`id` is missing: a task has one");
    };
    for name in ["last_update", "last_change", "completed", "started", "created"] {
        let time = task.get(name).and_then(time_of);
        told.saw_time(time);
    }
    if list(task, &["system_tags"]).iter().any(|tag| tag.as_str() == Some("dataset")) {
        return dataset::task(task, beside.manifest.as_ref(), &id, pointer, told);
    }
    let node = run(&id);
    describe(task, told.node(told.own, &node));
    sections(task, &node, told);
    series(beside, told.node(told.own, &node));
    last_metrics(task, &node, told);
    code(task, &node, told);
    artifacts(task, &node, told);
    models(task, &node, told);
    if let Some(parent) = id_of(task, &["parent"]).filter(|parent| *parent != id) {
        told.link(told.own, &node, Relation::ChildOf, &run(&parent));
    }
    if let Some(project) = super::project(task) {
        let source = told.source.clone();
        let key = vec![source.into(), super::super::artifact::part(&project)];
        let experiment = Reference::new(Kind::Experiment, key);
        set_text(told.node(PART, &experiment), "name", Some(&project));
        told.link(told.own, &node, Relation::InExperiment, &experiment);
    }
    if let Some(user) = user(task)
        && let Some(actor) = actor(&user)
    {
        seal(told.node(told.own, &node), "user", &user, Some(&user));
        told.link(told.own, &node, Relation::DoneBy, &actor);
    }
}

/// Who made it: an id, or an object with one.
pub(super) fn user(task: &Object) -> Option<String> {
    match task.get("user")? {
        Json::Object(user) => text(user, &["email", "name", "id"]),
        other => text_of(other).filter(|user| !user.is_empty()),
    }
}

/// The state of a task in the schema's words.
fn status(word: &str) -> Option<&'static str> {
    Some(match word {
        "completed" | "published" | "closed" | "publishing" => "FINISHED",
        "failed" => "FAILED",
        "stopped" => "KILLED",
        "in_progress" => "RUNNING",
        "created" | "queued" => "SCHEDULED",
        _ => return None,
    })
}

fn describe(task: &Object, record: &mut NodeRecord) {
    set_text(record, "name", text(task, &["name"]).as_deref());
    let word = text(task, &["status"]);
    record.set("status", word.as_deref().and_then(status));
    tag(record, "clearml.status", word.as_deref());
    tag(record, "clearml.type", text(task, &["type"]).as_deref());
    if let Some(note) = text(task, &["comment"]) {
        seal(record, "note", &note, None);
    }
    let time = |name: &str| task.get(name).and_then(time_of);
    set_time(record, "time", time("started").or(time("created")));
    set_time(record, "started", time("started"));
    set_time(record, "ended", time("completed"));
    set_text(
        record,
        "artifact_uri",
        object(task, "output").and_then(|it| text(it, &["destination"])).as_deref(),
    );
    tag_words(record, list(task, &["tags"]).into_iter().filter_map(Json::as_str));
    if let Some(configuration) = object(task, "configuration") {
        for (name, entry) in configuration {
            if let Some(value) = entry.get("value") {
                tag_json(record, &format!("configuration.{name}"), value);
            }
        }
    }
    let packages = object(task, "script").and_then(|script| object(script, "requirements"));
    if let Some(packages) = packages.and_then(|packages| text(packages, &["pip"])) {
        let env = record.fields.remove("env");
        let mut env = if let Some(Value::Map(env)) = env { env } else { Map::new() };
        env.insert("pip", packages);
        record.fields.insert("env", Value::Map(env));
    }
}

/// Parameters, section by section; those of the section of data sets say what was used.
fn sections(task: &Object, node: &Reference, told: &mut Told) {
    for (section, entries) in object(task, "hyperparams").into_iter().flatten() {
        for (name, entry) in entries.as_object().into_iter().flatten() {
            let value = parameter_of(entry);
            if section == DATASETS && !value.is_empty() {
                told.link(told.own, node, Relation::Used, &dataset_of(&value));
            }
            let name = if section == "Args" { name.clone() } else { format!("{section}/{name}") };
            parameter(told.node(told.own, node), &name, &value);
        }
    }
}

/// The value of a parameter: as text, a list or an object as JSON.
fn parameter_of(entry: &Json) -> String {
    match entry.get("value") {
        None if entry.is_object() => String::new(),
        None => text_of(entry).unwrap_or_else(|| canonical(entry)),
        Some(Json::Null) => String::new(),
        Some(value) => text_of(value).unwrap_or_else(|| canonical(value)),
    }
}

fn series(beside: &Beside, record: &mut NodeRecord) {
    for (name, point) in &beside.scalars {
        let (step, time_ms, value) = *point;
        let step = if step == NO_ITERATION { 0 } else { step };
        let points = record.series.entry(name.clone()).or_default();
        // A session that was written twice says the same figure twice.
        if !points
            .iter()
            .any(|held| held.0 == step && held.1 == time_ms && held.2.to_bits() == value.to_bits())
        {
            points.push((step, time_ms, value));
        }
    }
    let mut last = Map::new();
    for (name, points) in &mut record.series {
        points.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        if let Some((_, _, value)) = points.last() {
            last.insert(name.as_str(), Value::float(*value));
        }
    }
    if !last.is_empty() {
        record.fields.insert("metrics", Value::Map(last));
    }
}

/// The last value of each figure, as an export has them: by hashes of metric and variant.
fn last_metrics(task: &Object, node: &Reference, told: &mut Told) {
    if !told.node(told.own, node).series.is_empty() {
        return;
    }
    let metrics = object(task, "last_metrics").into_iter().flat_map(Object::values);
    for one in metrics.filter_map(Json::as_object).flat_map(Object::values) {
        let Some(one) = one.as_object() else {
            told.skip("members of `last_metrics` that are no objects");
            continue;
        };
        let metric = text(one, &["metric"]).unwrap_or_default();
        let name = match text(one, &["variant"]) {
            Some(variant) => format!("{metric}/{variant}"),
            None => metric,
        };
        let value = one.get("value").unwrap_or(&Json::Null);
        let kept = figure(told.node(told.own, node), "metrics", &name, value);
        told.skip_all(kept.err().into_iter().collect());
    }
}

/// The commit; where the client found no repository it keeps the source itself, which is sealed.
fn code(task: &Object, node: &Reference, told: &mut Told) {
    let Some(script) = object(task, "script") else { return };
    let record = told.node(told.own, node);
    tag(record, "clearml.entry_point", text(script, &["entry_point"]).as_deref());
    if let Some(diff) = text(script, &["diff"]) {
        seal(record, "tags.clearml.diff", &diff, None);
    }
    let Some(commit) = text(script, &["version_num"]) else { return };
    let code = Reference::new(Kind::Code, vec![super::super::artifact::part(&commit)]);
    let record = told.node(PART, &code);
    set_text(record, "commit", Some(&commit));
    set_text(record, "repo", text(script, &["repository"]).as_deref());
    set_text(record, "branch", text(script, &["branch"]).as_deref());
    told.link(told.own, node, Relation::Executes, &code);
}

/// What the task kept, with the SHA-256 of each: what went in was used, the rest it made.
fn artifacts(task: &Object, node: &Reference, told: &mut Told) {
    let Some(execution) = object(task, "execution") else { return };
    for artifact in objects(execution, &["artifacts"]) {
        let Some(key) = text(artifact, &["key"]) else {
            told.reject("/execution/artifacts", "an artifact without `key`");
            continue;
        };
        let uri = text(artifact, &["uri"]);
        let hash = text(artifact, &["hash"]).map(|hash| ("sha256".to_owned(), hash));
        let digest = best_of(hash, told);
        let called =
            uri.as_deref().filter(|uri| super::super::artifact::base_name(uri).contains('.'));
        let artifact_of = Artifact {
            name: called.unwrap_or(&key),
            uri: uri.as_deref(),
            digest,
            kind: text(artifact, &["type"])
                .filter(|kind| kind.contains("model"))
                .map(|_| Kind::Model),
            media_type: None,
        };
        let thing = artifact_of.put(PART, told);
        if text(artifact, &["mode"]).as_deref() == Some("input") {
            told.link(told.own, node, Relation::Used, &thing);
        } else {
            told.link(PART, &thing, Relation::ProducedBy, node);
        }
    }
}

/// `models`: what went in and what came out; `output_models` of a session written offline.
fn models(task: &Object, node: &Reference, told: &mut Told) {
    let models = object(task, "models");
    let id = |model: &Object| id_of(model, &["model", "id"]);
    for model in models.into_iter().flat_map(|models| objects(models, &["input"])) {
        if let Some(id) = id(model) {
            told.link(told.own, node, Relation::Used, &model_of(&id));
        }
    }
    for model in models.into_iter().flat_map(|models| objects(models, &["output"])) {
        if let Some(id) = id(model) {
            told.link(PART, &model_of(&id), Relation::ProducedBy, node);
        }
    }
    for model in objects(task, &["offline_output_models"]) {
        let held = object(model, "output_model").or_else(|| object(model, "init")).unwrap_or(model);
        if let Some(id) = id(held) {
            let made = model_of(&id);
            set_text(told.node(PART, &made), "name", text(held, &["name"]).as_deref());
            told.link(PART, &made, Relation::ProducedBy, node);
        }
    }
}
