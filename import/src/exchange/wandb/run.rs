//! A run: its parameters and figures, what it read and wrote.

use super::super::artifact::part;
use super::super::fields::{
    actor, each_figure, figures, number, parameters, seal, set_text, set_time, tag, tag_words,
};
use super::super::json::{Object, list, member, objects, text, time_of};
use super::super::told::Told;
use super::artifact::{artifact, no_data, tell};
use super::page::{Around, Entries, Entry};
use super::place::{Above, graph_id};
use super::{FORM, LOGGED, PART, UNPLACED, USED, named};
use crate::record::{NodeRecord, Reference};
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::borrow::Cow;

/// Members of a point of the history that are no figures.
const STEP: [&str; 3] = ["_step", "step", "global_step"];
/// Members that runs have and what holds them has not.
const OF_RUN: [&str; 9] = [
    "config",
    "rawconfig",
    "summary",
    "summaryMetrics",
    "summary_metrics",
    "state",
    "displayName",
    "display_name",
    "history",
];

/// Is it a run in itself?
pub(super) fn is_run(held: &Object) -> bool {
    OF_RUN.iter().chain(&USED).chain(&LOGGED).any(|name| held.contains_key(*name))
}

/// An object that GraphQL gives as text.
pub(super) fn parsed<'a>(held: &'a Object, names: &[&str]) -> Option<Cow<'a, Value>> {
    match member(held, names)? {
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

pub(super) fn run(held: &Object, around: &Above, pointer: &str, told: &mut Told) {
    let above = Above::of_run(held).or(around);
    // GraphQL's `id` is one of the server; the id of the run is its `name` there.
    let id = match text(held, &["displayName"]) {
        Some(_) => text(held, &["name", "id"]),
        None => {
            graph_id(held).map(|(run, _)| run).or_else(|| text(held, &["id", "run_id", "name"]))
        }
    };
    let Some(id) = id else {
        return told.reject(pointer, "`id` is missing: a run has one");
    };
    if !above.is_whole() {
        told.warn(UNPLACED);
    }
    let place = above.place();
    let full = if place.is_empty() { id.clone() } else { format!("{place}/{id}") };
    let node = Reference::new(Kind::Run, vec![part(&full)]);
    let time = |names: &[&str]| member(held, names).and_then(time_of);
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
    let mut lost = Vec::new();
    let said = |names: &[&str]| member(held, names).map(|_| parsed(held, names));
    match said(&["config", "rawconfig"]) {
        Some(Some(config)) if config.is_object() => config_of(&config, record),
        Some(_) => lost.push("a `config` that is no object"),
        None => {}
    }
    match said(&["summary", "summaryMetrics", "summary_metrics"]) {
        Some(Some(summary)) if summary.is_object() => summary_of(&summary, record, &mut lost),
        Some(_) => lost.push("a `summary` that is no object"),
        None => {}
    }
    history(held, record, &mut lost);
    told.skip_all(lost);
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
    artifacts(held, &node, &above, pointer, told);
}

/// What the run read, and what it wrote.
fn artifacts(held: &Object, node: &Reference, above: &Above, pointer: &str, told: &mut Told) {
    let around = Around::of_run(above);
    for names in [USED, LOGGED] {
        let Some((name, entries)) = Entries::first(held, &names) else { continue };
        let pointer = format!("{pointer}/{name}");
        entries.note(name, format!("{:?}", node.key), told);
        let mut by_name =
            |full: &str, told: &mut Told| named::note(full, node, names == USED, above, told);
        for Entry { held: one, version, pointer } in
            entries.objects_and(&pointer, told, &mut by_name)
        {
            if let Some(kind) = no_data(one, &around) {
                tell(&kind, one, node, told);
                continue;
            }
            match artifact(one, &Around { version, ..around.clone() }, told) {
                Some(used) if names == USED => told.link(FORM, node, Relation::Used, &used),
                Some(made) => told.link(PART, &made, Relation::ProducedBy, node),
                None => told.reject(&pointer, "an artifact without `name`"),
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

/// `{"auc": 0.9}`, or `{"loss": {"min": 0.1, "last": 0.2}}` as `define_metric` has it, which W&B shows as `loss.min`.
fn summary_of(summary: &Value, record: &mut NodeRecord, lost: &mut Vec<&'static str>) {
    for (name, value) in summary.as_object().into_iter().flatten() {
        if !name.starts_with('_') {
            figures(record, "metrics", name, value, lost);
        }
    }
}

/// The points of figures, where the export has them.
fn history(held: &Object, record: &mut NodeRecord, lost: &mut Vec<&'static str>) {
    for (place, point) in objects(held, &["history"]).into_iter().enumerate() {
        let step = STEP.iter().find_map(|name| point.get(*name).and_then(Value::as_i64));
        let step = step.unwrap_or_else(|| i64::try_from(place).unwrap_or(i64::MAX));
        let time = point.get("_timestamp").and_then(time_of).map(|ns| ns / 1_000_000);
        for (name, value) in point
            .iter()
            .filter(|(name, _)| !name.starts_with('_') && !STEP.contains(&name.as_str()))
        {
            each_figure(name, value, 0, &mut |name, value| match number(value) {
                Some(value) => {
                    let point = (step, time.unwrap_or_default(), value);
                    record.series.entry(name.to_owned()).or_default().push(point);
                }
                // A point holds what was logged at its step, null the rest.
                None if value.is_null() => {}
                None => lost.push("values of `history` that are no number"),
            });
        }
    }
}
