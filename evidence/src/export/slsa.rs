//! in-toto Statement v1 (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>) with
//! the predicate of SLSA provenance v1 (<https://slsa.dev/spec/v1.0/provenance>).
//!
//! The subject is the model's bytes by their digest. Where no source gave one with its algorithm, the
//! subject is the record of the model, and its name says so: a digest of a record must not be taken
//! for one of a file. A statement tells who built what from what; it is not signed here.

use super::digests::{bare, urn};
use crate::go_on::{GoOn, asked};
use crate::{Closure, Error, Member};
use lineal_engine::schema::{Kind, Relation};
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};

const FORM: &str = "SLSA provenance";
/// What kind of build a recorded run is: its parameters are the external ones.
const BUILD_TYPE: &str = "urn:lineal:run:v1";

/// One statement for each run that produced the root.
pub(super) fn write(closure: &Closure, go_on: GoOn<'_>) -> Result<Vec<Json>, Error> {
    let root = closure.root();
    if !matches!(root.kind, Kind::Model | Kind::Dataset) {
        let wanted = "a model or a data set that a run produced";
        return Err(Error::WrongKind { form: FORM, wanted, name: root.name.clone() });
    }
    let runs = producers(closure, closure.root);
    if runs.is_empty() {
        let hint = "; `lineal declare node NODE --edge produced_by=RUN` records one";
        let what = "the run that produced it";
        return Err(Error::Missing { form: FORM, what, name: root.name.clone(), hint });
    }
    let statements = runs.into_iter();
    statements.map(|run| asked(go_on).map(|()| statement(closure, root, run))).collect()
}

/// The runs that produced a thing, or that from which it was registered.
fn producers(closure: &Closure, thing: usize) -> Vec<usize> {
    let mut runs: Vec<usize> = closure.along(thing, Relation::ProducedBy).collect();
    for from in closure.along(thing, Relation::RegisteredFrom) {
        runs.extend(closure.along(from, Relation::ProducedBy));
    }
    runs.sort_unstable();
    runs.dedup();
    runs
}

fn statement(closure: &Closure, root: &Member, run: usize) -> Json {
    let member = &closure.members[run];
    let mut dependencies: Vec<Json> = Vec::new();
    for relation in [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used]
    {
        for used in closure.along(run, relation) {
            dependencies.push(dependency(&closure.members[used], relation));
        }
    }
    for code in closure.along(run, Relation::Executes) {
        dependencies.push(source_code(&closure.members[code]));
    }
    let parameters = member.map("params").into_iter().flat_map(lineal_proof::Map::iter);
    let parameters: Map<String, Json> = parameters
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_text()?))))
        .collect();
    let mut metadata = Map::new();
    metadata.insert("invocationId".to_owned(), json!(bare(member)));
    for (name, field) in [("startedOn", "started"), ("finishedOn", "ended")] {
        if let Some(time) = member.number(field) {
            metadata.insert(name.to_owned(), json!(time_text(time)));
        }
    }
    let builder = member.text("source").unwrap_or("unknown");
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject(root)],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": { "id": format!("urn:lineal:source:{}", percent(builder)) },
                "metadata": metadata,
            },
        },
    })
}

fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn subject(member: &Member) -> Json {
    if let Some((algorithm, digest)) = member.digest() {
        return json!({ "name": bare(member), "digest": { algorithm: digest } });
    }
    let id = member.revision.unwrap_or(member.id);
    json!({
        "name": format!("record of {}", member.name),
        "uri": urn(member),
        "digest": { "blake3": id.to_string() },
        "annotations": { "of": "the record, not the bytes of the thing: no source gave a digest of these" },
    })
}

fn dependency(member: &Member, relation: Relation) -> Json {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(bare(member)));
    out.insert(
        "uri".to_owned(),
        json!(member.text("uri").map_or_else(|| urn(member), String::from)),
    );
    let mut notes = Map::new();
    notes.insert("relation".to_owned(), json!(relation.spec().name));
    match member.digest() {
        Some((algorithm, digest)) => {
            out.insert("digest".to_owned(), json!({ algorithm: digest }));
        }
        None => {
            if let Some(digest) = member.text("digest") {
                notes.insert("digestAsRecorded".to_owned(), json!(digest));
            }
        }
    }
    if let Some(kind) = member.text("digest_kind") {
        notes.insert("digestKind".to_owned(), json!(kind));
    }
    if member.is_missing() {
        notes.insert("missing".to_owned(), json!("only referred to, never imported"));
    }
    out.insert("annotations".to_owned(), Json::Object(notes));
    Json::Object(out)
}

fn source_code(member: &Member) -> Json {
    let commit = member.text("commit").unwrap_or_else(|| bare(member));
    let uri = member.text("repo").map_or_else(|| urn(member), |repo| format!("git+{repo}"));
    json!({ "uri": uri, "digest": { "gitCommit": commit } })
}
