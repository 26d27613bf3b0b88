//! Weights & Biases: runs and artifacts as JSON, by the names that its Python objects and its GraphQL
//! answers have for them.
//!
//! An artifact's digest is the MD5 of its manifest, which is noted: it tells a mistake, not a forger.

use super::artifact::part;
use super::fields::{
    actor, figure, parameters, seal, set_text, set_time, tag, tag_json, tag_words,
};
use super::json::{Object, at, list, object, objects, text, time_of, values};
use super::told::Told;
use crate::record::{NodeRecord, Reference};
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::borrow::Cow;

/// The form of what a run or an artifact says of itself.
pub(super) const FORM: &str = "wandb";
/// The form of what is said in passing.
const PART: &str = "wandb-part";
/// How the digest of an artifact is made.
const DIGEST: &str = "md5 of W&B's manifest";
/// What a run read, and what it wrote.
pub(super) const USED: [&str; 4] =
    ["used_artifacts", "usedArtifacts", "inputArtifacts", "input_artifacts"];
/// What a run wrote.
pub(super) const LOGGED: [&str; 4] =
    ["logged_artifacts", "loggedArtifacts", "outputArtifacts", "output_artifacts"];
/// Members of a point of the history that are no figures.
const STEP: [&str; 3] = ["_step", "step", "global_step"];

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    values(bytes, told, &mut |value, pointer, told| item(value, pointer, told));
}

fn item(value: &Value, pointer: &str, told: &mut Told) {
    let Some(held) = value.as_object() else {
        return told.reject(pointer, "a run or an artifact was expected: a JSON object");
    };
    let (runs, artifacts) = (nodes(held, &["runs"]), nodes(held, &["artifacts"]));
    if held.contains_key("runs") || held.contains_key("artifacts") {
        let above = Above::of(held);
        for (number, one) in runs.iter().enumerate() {
            run(one, &above, &format!("{pointer}/runs/{number}"), told);
        }
        for (number, one) in artifacts.iter().enumerate() {
            if artifact(one, &above, told).is_none() {
                told.reject(&format!("{pointer}/artifacts/{number}"), "`name` is missing");
            }
        }
    } else if is_artifact(held) {
        if artifact(held, &Above::default(), told).is_none() {
            told.reject(pointer, "`name` is missing: an artifact has one");
        }
    } else {
        run(held, &Above::default(), pointer, told);
    }
}

fn is_artifact(held: &Object) -> bool {
    (held.contains_key("digest") || held.contains_key("manifest"))
        && !held.contains_key("config")
        && !USED.iter().chain(&LOGGED).any(|name| held.contains_key(*name))
}

/// The objects of a list, or those of GraphQL's `{"edges": [{"node": ...}]}`.
fn nodes<'a>(held: &'a Object, names: &[&str]) -> Vec<&'a Object> {
    let Some(edges) = names.iter().find_map(|name| object(held, name)?.get("edges")) else {
        return objects(held, names);
    };
    let edges = edges.as_array().into_iter().flatten();
    edges.filter_map(|edge| edge.get("node").and_then(Value::as_object)).collect()
}

/// Entity and project, where what is around a thing says them.
#[derive(Default)]
struct Above {
    entity: Option<String>,
    project: Option<String>,
}

/// A name that may be an object with one.
fn named(held: &Object, names: &[&str]) -> Option<String> {
    let one = super::json::member(held, names)?;
    match one {
        Value::Object(inner) => text(inner, &["name", "username"]),
        _ => text(held, names),
    }
}

impl Above {
    fn of(held: &Object) -> Above {
        let project = named(held, &["project"]);
        let inner = object(held, "project").and_then(|it| named(it, &["entity"]));
        Above { entity: named(held, &["entity", "entityName"]).or(inner), project }
    }

    fn or(&self, other: &Above) -> Above {
        let first = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
        Above {
            entity: first(&self.entity, &other.entity),
            project: first(&self.project, &other.project),
        }
    }

    /// `entity/project`, as far as they are known.
    fn place(&self) -> String {
        let parts: Vec<&str> =
            [&self.entity, &self.project].into_iter().flatten().map(String::as_str).collect();
        parts.join("/")
    }
}

/// An object that GraphQL gives as text.
fn parsed<'a>(held: &'a Object, names: &[&str]) -> Option<Cow<'a, Value>> {
    match super::json::member(held, names)? {
        Value::String(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        value => Some(Cow::Borrowed(value)),
    }
}

/// The state of a run in the schema's words.
fn status(word: &str) -> Option<&'static str> {
    Some(match word {
        "finished" => "FINISHED",
        "failed" | "crashed" => "FAILED",
        "killed" | "preempted" => "KILLED",
        "running" | "preempting" => "RUNNING",
        "pending" => "SCHEDULED",
        _ => return None,
    })
}

fn run(held: &Object, around: &Above, pointer: &str, told: &mut Told) {
    let above = Above::of(held).or(around);
    // GraphQL's `id` is one of the server; the id of the run is its `name` there.
    let id = match text(held, &["displayName"]) {
        Some(_) => text(held, &["name", "id"]),
        None => text(held, &["id", "run_id", "name"]),
    };
    let Some(id) = id else {
        return told.reject(pointer, "`id` is missing: a run has one");
    };
    let place = above.place();
    let full = if place.is_empty() { id.clone() } else { format!("{place}/{id}") };
    let node = Reference::new(Kind::Run, vec![part(&full)]);
    let time = |names: &[&str]| super::json::member(held, names).and_then(time_of);
    let (started, beat) =
        (time(&["created_at", "createdAt"]), time(&["heartbeat_at", "heartbeatAt", "stoppedAt"]));
    told.saw_time(started.max(beat));
    let word = text(held, &["state"]);
    let record = told.node(FORM, &node);
    set_text(record, "name", text(held, &["displayName", "display_name", "name"]).as_deref());
    record.set("status", word.as_deref().and_then(status));
    tag(record, "wandb.state", word.as_deref());
    tag(record, "wandb.job_type", text(held, &["job_type", "jobType"]).as_deref());
    tag(record, "wandb.group", text(held, &["group"]).as_deref());
    tag(record, "wandb.url", text(held, &["url"]).as_deref());
    tag_words(record, list(held, &["tags"]).into_iter().filter_map(Value::as_str));
    set_time(record, "time", started);
    set_time(record, "started", started);
    // The last sign of life is the end of what has ended.
    set_time(
        record,
        "ended",
        beat.filter(|_| word.as_deref().is_some_and(|word| word != "running")),
    );
    if let Some(note) = text(held, &["notes", "description"]) {
        seal(record, "note", &note, None);
    }
    if let Some(config) = parsed(held, &["config", "rawconfig"]) {
        config_of(&config, record);
    }
    if let Some(summary) = parsed(held, &["summary", "summaryMetrics", "summary_metrics"]) {
        for (name, value) in summary.as_object().into_iter().flatten() {
            if !name.starts_with('_') {
                figure(record, "metrics", name, value);
            }
        }
    }
    history(held, record);
    if let Some(commit) = text(held, &["commit"]) {
        let code = Reference::new(Kind::Code, vec![part(&commit)]);
        set_text(told.node(PART, &code), "commit", Some(&commit));
        told.link(FORM, &node, Relation::Executes, &code);
    }
    let user = match held.get("user") {
        Some(Value::Object(user)) => text(user, &["email", "username", "name"]),
        _ => text(held, &["user", "username"]),
    };
    if let Some(user) = user
        && let Some(person) = actor(&user)
    {
        seal(told.node(FORM, &node), "user", &user, Some(&user));
        told.link(FORM, &node, Relation::DoneBy, &person);
    }
    if let Some(project) = &above.project {
        let key = vec![told.source.clone().into(), part(&place)];
        let experiment = Reference::new(Kind::Experiment, key);
        set_text(told.node(PART, &experiment), "name", Some(project));
        told.link(FORM, &node, Relation::InExperiment, &experiment);
    }
    for used in nodes(held, &USED) {
        match artifact(used, &above, told) {
            Some(used) => told.link(FORM, &node, Relation::Used, &used),
            None => told.reject(&format!("{pointer}/used_artifacts"), "an artifact without `name`"),
        }
    }
    for made in nodes(held, &LOGGED) {
        match artifact(made, &above, told) {
            Some(made) => told.link(PART, &made, Relation::ProducedBy, &node),
            None => {
                told.reject(&format!("{pointer}/logged_artifacts"), "an artifact without `name`");
            }
        }
    }
}

/// `{"lr": 1}`, or `{"lr": {"value": 1, "desc": null}}` as files and GraphQL have it.
fn config_of(config: &Value, record: &mut NodeRecord) {
    for (name, value) in config.as_object().into_iter().flatten() {
        if name.starts_with('_') {
            continue;
        }
        let wrapped =
            value.as_object().filter(|held| held.keys().all(|key| key == "value" || key == "desc"));
        parameters(record, name, wrapped.and_then(|held| held.get("value")).unwrap_or(value));
    }
}

/// The points of figures, where the export has them.
fn history(held: &Object, record: &mut NodeRecord) {
    for (number, point) in objects(held, &["history"]).into_iter().enumerate() {
        let step = STEP.iter().find_map(|name| point.get(*name).and_then(Value::as_i64));
        let step = step.unwrap_or_else(|| i64::try_from(number).unwrap_or(i64::MAX));
        let time = point.get("_timestamp").and_then(time_of).map(|ns| ns / 1_000_000);
        for (name, value) in point
            .iter()
            .filter(|(name, _)| !name.starts_with('_') && !STEP.contains(&name.as_str()))
        {
            if let Some(value) = value.as_f64() {
                record.series.entry(name.clone()).or_default().push((
                    step,
                    time.unwrap_or_default(),
                    value,
                ));
            }
        }
    }
}

/// A version of an artifact: `name:v3`, or a name and a version beside it.
fn artifact(held: &Object, around: &Above, told: &mut Told) -> Option<Reference> {
    let sequence = object(held, "artifactSequence");
    let of_sequence = sequence.map(Above::of).unwrap_or_default();
    let above = Above::of(held).or(&of_sequence).or(around);
    let full = text(held, &["qualified_name", "qualifiedName"])
        .or_else(|| sequence.and_then(|it| text(it, &["name"])))
        .or_else(|| text(held, &["name"]))?;
    let (name, of_name) = match full.rsplit_once(':') {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (full.clone(), None),
    };
    let index = text(held, &["versionIndex", "version_index"]).map(|index| format!("v{index}"));
    // An alias such as `latest` moves, so it is no version where another is said.
    let is_version =
        |it: &String| it.strip_prefix('v').is_some_and(|rest| rest.parse::<u64>().is_ok());
    let version = text(held, &["version"])
        .filter(is_version)
        .or(index)
        .or_else(|| of_name.clone().filter(is_version));
    let digest = text(held, &["digest"]);
    let version_or = version.clone().or_else(|| digest.clone()).or(of_name).unwrap_or_default();
    let place = above.place();
    let name =
        if name.contains('/') || place.is_empty() { name } else { format!("{place}/{name}") };
    let kind = text(held, &["type"]).or_else(|| named(held, &["artifactType", "artifact_type"]));
    let is_model = kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("model"));
    let node = if is_model {
        Reference::new(
            Kind::Model,
            vec![told.source.clone().into(), part(&name), part(&version_or)],
        )
    } else {
        let key = vec![part(&name), part(&version_or), FORM.into(), "".into()];
        Reference::new(Kind::Dataset, key)
    };
    let time = |names: &[&str]| super::json::member(held, names).and_then(time_of);
    let (created, updated) =
        (time(&["created_at", "createdAt"]), time(&["updated_at", "updatedAt"]));
    told.saw_time(created.max(updated));
    let registry = told.source.clone();
    let record = told.node(PART, &node);
    set_text(record, "name", Some(&name));
    set_text(record, "version", Some(&version_or));
    set_text(record, "digest", digest.as_deref());
    set_time(record, "time", created);
    tag(record, "wandb.type", kind.as_deref());
    if is_model {
        record.set("form", Some("registered"));
        record.set("registry", Some(registry));
        let aliases = list(held, &["aliases"]).into_iter().filter_map(|alias| match alias {
            Value::Object(alias) => text(alias, &["alias"]),
            other => super::json::text_of(other),
        });
        let aliases: Vec<lineal_proof::Value> = aliases.map(lineal_proof::Value::Text).collect();
        record.set("aliases", (!aliases.is_empty()).then_some(lineal_proof::Value::List(aliases)));
    } else {
        record.set("digest_kind", digest.as_ref().map(|_| DIGEST));
        record.set("source_type", Some(FORM));
        for name in ["size", "file_count", "fileCount"] {
            if let Some(value) = held.get(name) {
                figure(record, "stats", name, value);
            }
        }
    }
    if let Some(description) = text(held, &["description"]) {
        seal(record, "tags.description", &description, None);
    }
    if let Some(metadata) = parsed(held, &["metadata"]) {
        for (name, value) in metadata.as_object().into_iter().flatten() {
            tag_json(record, name, value);
        }
    }
    let by = at(held.get("createdBy"), &["name"]).or_else(|| at(held.get("logged_by"), &["id"]));
    if let Some(by) = by.and_then(Value::as_str) {
        let run = if place.is_empty() { by.to_owned() } else { format!("{place}/{by}") };
        told.link(PART, &node, Relation::ProducedBy, &Reference::new(Kind::Run, vec![part(&run)]));
    }
    Some(node)
}
