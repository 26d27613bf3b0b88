//! `OpenLineage` run events, spec 2-0-2 (<https://openlineage.io/spec/2-0-2/OpenLineage.json>): one for
//! each run, with what it read and what it made.

use super::digests::{bare, uuid_of_run};
use crate::go_on::{GoOn, asked};
use crate::{Closure, Error, Member};
use lineal_engine::schema::{Kind, Relation};
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};

const PRODUCER: &str = "urn:lineal:export";
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const VERSION_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";

/// The events, by the runs' keys.
pub(super) fn write(closure: &Closure, go_on: GoOn<'_>) -> Result<Vec<Json>, Error> {
    let runs = closure.of_kind(Kind::Run);
    runs.map(|(at, run)| asked(go_on).map(|()| event(closure, at, run))).collect()
}

fn event(closure: &Closure, at: usize, run: &Member) -> Json {
    let inputs = [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used]
        .into_iter()
        .flat_map(|relation| closure.along(at, relation));
    let outputs = closure.against(at, Relation::ProducedBy);
    let place = |at: usize| dataset(&closure.members[at]);
    let experiment = closure.along(at, Relation::InExperiment).next();
    let experiment = experiment.map(|at| &closure.members[at]);
    let job = experiment.and_then(|member| member.text("name")).or(run.text("name"));
    let time = run.number("ended").or(run.number("started")).or(run.number("time"));
    json!({
        "eventType": event_type(run),
        "eventTime": time_text(time.unwrap_or(closure.recorded)),
        "run": { "runId": uuid_of_run(run) },
        "job": {
            "namespace": run.text("source").unwrap_or("lineal"),
            "name": job.unwrap_or_else(|| bare(run)),
        },
        "inputs": inputs.map(place).collect::<Vec<_>>(),
        "outputs": outputs.map(place).collect::<Vec<_>>(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
    })
}

fn event_type(run: &Member) -> &'static str {
    match run.text("status") {
        Some("FINISHED" | "COMPLETE" | "COMPLETED") => "COMPLETE",
        Some("FAILED" | "FAIL") => "FAIL",
        Some("KILLED" | "ABORT" | "ABORTED") => "ABORT",
        Some("RUNNING") => "RUNNING",
        _ => "OTHER",
    }
}

fn dataset(member: &Member) -> Json {
    let mut out = Map::new();
    let namespace = member.text("source_type").or(member.text("source"));
    out.insert("namespace".to_owned(), json!(namespace.unwrap_or("lineal")));
    let name = member.text("name").unwrap_or_else(|| bare(member));
    out.insert("name".to_owned(), json!(name));
    let version = member.text("digest").or(member.text("version"));
    if let Some(version) = version {
        out.insert(
            "facets".to_owned(),
            json!({ "version": {
                "_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": version,
            } }),
        );
    }
    Json::Object(out)
}
