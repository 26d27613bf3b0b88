//! Weights & Biases: runs and artifacts as JSON, by the names that its Python objects and its GraphQL
//! answers have for them, and answers of GraphQL whole.
//!
//! Everything is called by its entity and project, where the file says them: names are of one project.
//! An artifact's digest is the MD5 of its manifest, which is noted: it tells a mistake, not a forger.

mod artifact;
mod named;
mod page;
mod place;
mod run;

use super::json::{Object, values};
use super::told::Told;
use artifact::{artifact, is_artifact, no_data};
use page::Around;
use place::Above;
use run::{is_run, run};
use serde_json::Value;

/// The form of what a run or an artifact says of itself.
pub(super) const FORM: &str = "wandb";
/// The form of what is said in passing.
const PART: &str = "wandb-part";
/// How the digest of an artifact is made.
const DIGEST: &str = "md5 of W&B's manifest";
/// Why an artifact that stands alone is left out; one of a run is told with the run.
const NO_DATA: &str =
    "artifacts that are programs or the records of W&B itself (`job`, `code`, `wandb-history`)";
/// What a run read, and what it wrote.
pub(super) const USED: [&str; 4] =
    ["used_artifacts", "usedArtifacts", "inputArtifacts", "input_artifacts"];
/// What a run wrote.
pub(super) const LOGGED: [&str; 4] =
    ["logged_artifacts", "loggedArtifacts", "outputArtifacts", "output_artifacts"];
/// Where runs and artifacts are said to stand in no project.
const UNPLACED: &str = "entity or project of some runs or artifacts is not given: they are called by what is, \
     and are one with those of another project that are called so";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    values(bytes, told, &mut |value, pointer, told| item(value, pointer, told));
    named::settle(told);
}

/// A run, an artifact, or what holds them; an answer of GraphQL has it in `data`.
fn item(value: &Value, pointer: &str, told: &mut Told) {
    let Some(held) = value.as_object() else {
        return told.reject(pointer, "a run or an artifact was expected: a JSON object");
    };
    let has_errors =
        held.get("errors").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if has_errors {
        told.reject(
            &format!("{pointer}/errors"),
            "W&B answered with errors: what they are about is missing here",
        );
    }
    match held.get("data") {
        Some(Value::Object(data)) => one(data, &format!("{pointer}/data"), told),
        Some(Value::Null) if has_errors => {}
        _ => one(held, pointer, told),
    }
}

fn one(held: &Object, pointer: &str, told: &mut Told) {
    let lists = ["runs", "artifacts"].iter().any(|name| held.contains_key(*name));
    if !lists && is_artifact(held) {
        if no_data(held, &Around::default()).is_some() {
            told.skip(NO_DATA);
        } else if artifact(held, &Around::default(), told).is_none() {
            told.reject(pointer, "`name` is missing: an artifact has one");
        }
    } else if !lists && (is_run(held) || !page::is_page(held)) {
        run(held, &Above::default(), pointer, told);
    } else if page::page(held, &Around::of_whole(held), pointer, told) {
        // What it holds was read.
    } else if held.contains_key("id") && held.contains_key("project") {
        run(held, &Above::default(), pointer, told);
    } else {
        told.reject(pointer, "runs or artifacts of W&B were expected: nothing here holds them");
    }
}
