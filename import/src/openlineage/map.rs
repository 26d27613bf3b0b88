//! What an event says, as records: its run with what it used, what it made, and its job.

use super::event::{Dataset, Event, EventType, Job, Run};
use super::facets::{keep, put, put_member, put_text};
use super::{DATASET_KIND, FACETS, NAMED, Said, part};
use crate::record::{Edge, Location, NodeRecord, Reference};
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value as Json;

/// Facets of a dataset that become fields.
const DATASET_FIELDS: [&str; 4] = ["version", "schema", "dataSource", "datasetType"];

/// The records of an event.
pub(super) fn said(event: &Event<'_>, at: &Location) -> Vec<Said> {
    let mut all = Vec::new();
    for dataset in event.dataset.iter().chain(&event.inputs) {
        put_dataset(&mut all, dataset, None, at);
    }
    for dataset in &event.outputs {
        put_dataset(&mut all, dataset, event.run.as_ref(), at);
    }
    if let Some(job) = &event.job {
        put_job(&mut all, job, at);
        match &event.run {
            Some(run) => put_run(&mut all, event, run, job, at),
            None => put_declared(&mut all, event, job, at),
        }
    }
    all
}

fn run_reference(id: &str) -> Reference {
    Reference::new(Kind::Run, vec![id.into()])
}

fn job_reference(job: &Job<'_>) -> Reference {
    Reference::new(Kind::Experiment, vec![part(job.namespace), part(job.name)])
}

fn dataset_reference(dataset: &Dataset<'_>) -> Reference {
    // The source knows all four parts: a version that it does not say is empty, not unknown.
    let key = vec![
        part(dataset.name),
        part(dataset.version),
        DATASET_KIND.into(),
        part(dataset.namespace),
    ];
    Reference::new(Kind::Dataset, key)
}

fn put_dataset(all: &mut Vec<Said>, dataset: &Dataset<'_>, by: Option<&Run<'_>>, at: &Location) {
    let node = dataset_reference(dataset);
    let mut named = NodeRecord::new(node.clone(), at.clone());
    put_text(&mut named, "name", Some(dataset.name));
    put_text(&mut named, "version", Some(dataset.version));
    let by = by.map(|run| Edge::new(Relation::ProducedBy, run_reference(&run.id)));
    named.edges.extend(by);
    all.push(Said { form: NAMED, record: named });
    let mut more = NodeRecord::new(node, at.clone());
    let facet = |name: &str, member: &str| dataset.facets?.get(name)?.get(member);
    put_text(&mut more, "uri", facet("dataSource", "uri").and_then(Json::as_str));
    put_text(&mut more, "category", facet("datasetType", "datasetType").and_then(Json::as_str));
    if let Some(columns) = facet("schema", "fields") {
        let mut columns = columns.clone();
        columns.sort_all_objects();
        put_text(&mut more, "schema", Some(&columns.to_string()));
    }
    keep(&mut more, dataset.facets, &DATASET_FIELDS);
    put_said(all, FACETS, more);
}

/// Adds a record, if it says anything.
fn put_said(all: &mut Vec<Said>, form: &'static str, record: NodeRecord) {
    if !record.fields.is_empty() || !record.personal.is_empty() {
        all.push(Said { form, record });
    }
}

fn put_job(all: &mut Vec<Said>, job: &Job<'_>, at: &Location) {
    all.push(Said { form: NAMED, record: named_job(job, at) });
    let mut more = NodeRecord::new(job_reference(job), at.clone());
    keep(&mut more, job.facets, &[]);
    put_said(all, FACETS, more);
}

fn named_job(job: &Job<'_>, at: &Location) -> NodeRecord {
    let mut named = NodeRecord::new(job_reference(job), at.clone());
    put_text(&mut named, "name", Some(job.name));
    named
}

/// What a job says of its inputs and outputs without having run: nothing was used by anything.
fn put_declared(all: &mut Vec<Said>, event: &Event<'_>, job: &Job<'_>, at: &Location) {
    let mut declared = NodeRecord::new(job_reference(job), at.clone());
    for (name, datasets) in [("inputs", &event.inputs), ("outputs", &event.outputs)] {
        if !datasets.is_empty() {
            let mut ids: Vec<[&str; 2]> =
                datasets.iter().map(|it| [it.namespace, it.name]).collect();
            ids.sort_unstable();
            put(&mut declared, "tags", &format!("declared.{name}"), name, &serde_json::json!(ids));
        }
    }
    put_said(all, "openlineage-job", declared);
}

fn put_run(all: &mut Vec<Said>, event: &Event<'_>, run: &Run<'_>, job: &Job<'_>, at: &Location) {
    let mut record = NodeRecord::new(run_reference(&run.id), at.clone());
    put_text(&mut record, "name", Some(job.name));
    record.set("status", run.event.status());
    if run.event == EventType::Start {
        record.set("time", Some(event.time));
        record.set("started", Some(event.time));
    }
    record.set("ended", run.event.status().map(|_| event.time));
    record.edges.push(Edge::new(Relation::InExperiment, job_reference(job)));
    for input in &event.inputs {
        record.edges.push(Edge::new(Relation::Used, dataset_reference(input)));
        put_use(&mut record, "input_tags", "", input);
    }
    for output in &event.outputs {
        put_use(&mut record, "tags", "output.", output);
    }
    keep(&mut record, run.facets, &[]);
    if let Some(producer) = event.producer {
        put_member(&mut record, "tags", "openlineage.producer", producer.to_owned(), false);
    }
    if let Some((parent, of_parent)) = &run.parent
        && *parent != run.id
    {
        record.edges.push(Edge::new(Relation::ChildOf, run_reference(parent)));
        if let Some(of_parent) = of_parent {
            all.push(Said { form: NAMED, record: named_job(of_parent, at) });
            let mut above = NodeRecord::new(run_reference(parent), at.clone());
            above.edges.push(Edge::new(Relation::InExperiment, job_reference(of_parent)));
            put_text(&mut above, "name", Some(of_parent.name));
            all.push(Said { form: NAMED, record: above });
        }
    }
    if let Some(code) = code(job, at) {
        record.edges.push(Edge::new(Relation::Executes, code.node.clone()));
        all.push(Said { form: NAMED, record: code });
    }
    all.push(Said { form: run.event.form(), record });
}

/// What is said of one use of a dataset.
fn put_use(record: &mut NodeRecord, map: &str, before: &str, dataset: &Dataset<'_>) {
    for (name, facet) in dataset.of_use.into_iter().flatten() {
        let key = format!("{before}{}@{}/{name}", dataset.name, dataset.version);
        put(record, map, &key, name, facet);
    }
}

/// The commit that the job's facet names.
fn code(job: &Job<'_>, at: &Location) -> Option<NodeRecord> {
    let place = job.facets?.get("sourceCodeLocation")?;
    let text = |name: &str| place.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let is_git = text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("git"));
    let commit = text("version").filter(|_| is_git)?;
    let mut record = NodeRecord::new(Reference::new(Kind::Code, vec![part(commit)]), at.clone());
    put_text(&mut record, "commit", Some(commit));
    put_text(&mut record, "repo", text("repoUrl").or_else(|| text("url")));
    put_text(&mut record, "branch", text("branch"));
    Some(record)
}
