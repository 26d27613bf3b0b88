//! Reads bodies of MLflow's REST API, as somebody saved them: pages of runs, experiments, the
//! registry, logged models, histories of metrics.
//!
//! What a body is, its members say; files may have any name. Only the history of a metric does
//! not say whose it is: the path may (a run's id in it), else the one run whose last point it
//! holds.

mod following;
mod history;
mod items;
mod pages;

pub(super) use items::{experiment, run_info};
pub(super) use pages::Pages;

use super::Form;
use super::error::Error;
use super::json::{self, Object};
use super::recognise::{self, recognise};
use super::store::Store;
use crate::exchange::head::{self, Seen};
use crate::plain;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest body that is read. A page of 50,000 runs is some 300 MiB.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// Most files in a folder of bodies: 50,000 runs with 20 histories each.
const FILES_MAX: usize = 1_000_000;
/// Deepest folder of bodies.
const FOLDER_DEPTH_MAX: usize = 8;
/// The members that make an object a body: lists of a search, single things of a `get`.
const LISTS: &[&str] = &[
    "runs",
    "experiments",
    "registered_models",
    "model_versions",
    "models",
    "metrics",
    "run",
    "experiment",
    "registered_model",
    "model_version",
    "model",
];

/// What the head of a file says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Head {
    /// It is a body: what it lists has the members that MLflow gives.
    Body,
    /// Its lists are empty: one of those that lie beside it, if they are bodies.
    Empty,
    /// Something else, whatever its lists are called.
    Other,
}

/// Tells by the first members of a file whether it is a body.
pub(super) fn head_of(head: &[u8]) -> Head {
    let Some(seen) = head::read(head) else { return Head::Other };
    let mut lists = LISTS.iter().filter_map(|name| Some((*name, seen.get(name)?)));
    if lists.clone().any(|(name, _)| seen.first(name).is_some_and(|one| is_one(name, one))) {
        return Head::Body;
    }
    match lists.any(|(_, held)| matches!(held, Seen::List(items) if items.is_empty())) {
        true => Head::Empty,
        false => Head::Other,
    }
}

/// One of these stands in `info` of each run and logged model.
const IDS: [&str; 4] = ["run_id", "run_uuid", "experiment_id", "model_id"];
/// What `data` of a run or a logged model has.
const DATA: [&str; 3] = ["metrics", "params", "tags"];

/// Has it the members of what MLflow lists under this name? Others call their lists so too.
fn is_one(list: &str, one: &Seen) -> bool {
    match list {
        "runs" | "run" | "models" | "model" => {
            let info = one.get("info").is_some_and(|info| info.has_any(&IDS));
            // With its members in order `data` stands first, and the head may end in it.
            info || one.get("data").is_some_and(|data| data.has_any(&DATA))
        }
        "experiments" | "experiment" => one.has_any(&["experiment_id", "artifact_location"]),
        "model_versions" | "model_version" => one.has(&["name", "version"]),
        "metrics" => one.has(&["key", "value"]) && one.has_any(&["timestamp", "step"]),
        _ => one.get("name").is_some(),
    }
}

/// The files of a folder of bodies, also below, in the order of their paths: those that are bodies, and what of
/// them is empty. What lies among them and is something else is another source's.
pub(super) fn bodies(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    gather(path, 0, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

/// The files at `path`: one that is given is one whatever it holds.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if path.is_dir() { bodies(path) } else { Ok(vec![path.to_owned()]) }
}

fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?;
        let kind = entry.file_type().map_err(Error::io(entry.path()))?;
        let is_json = entry.path().extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
            // A store of another form is one by itself.
            if matches!(recognise(&entry.path()), None | Some(Form::Rest)) {
                gather(&entry.path(), depth + 1, files)?;
            }
        } else if kind.is_file() && is_json && files.len() < FILES_MAX && may_be_one(&entry.path())
        {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// What cannot be read is told when it is read.
fn may_be_one(file: &Path) -> bool {
    recognise::head(file).is_none_or(|head| head_of(&head) != Head::Other)
}

/// Reads the bodies at `path`: one file, or a folder of them.
pub(super) fn read(path: &Path) -> Result<Store, Error> {
    let mut pages = Pages::default();
    let files = files(path)?;
    for file in &files {
        let label = file.strip_prefix(path).ok().filter(|label| !label.as_os_str().is_empty());
        let label = label.map_or_else(|| file.file_name().map(Path::new), Some);
        let label = label.unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
        match body(file) {
            Ok(body) => pages.take(&body, &label),
            Err(problem) => pages.store.reject(&label, problem),
        }
    }
    if !pages.any() {
        return Err(Error::Empty {
            path: path.to_owned(),
            form: "mlflow-rest",
            expected: "JSON bodies with `runs`, `experiments`, `registered_models`, `model_versions`, `models` or `metrics`",
        });
    }
    Ok(pages.finish())
}

/// Reads a file of JSON; the error is what is wrong, for a reject.
pub(super) fn body(file: &Path) -> Result<Object, String> {
    let length = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if length > BODY_BYTES_MAX {
        return Err(format!("{length} bytes long; bodies are read up to {BODY_BYTES_MAX} bytes"));
    }
    let bytes = plain::read(file).map_err(|error| error.to_string())?;
    match json::parse(&bytes) {
        Ok(serde_json::Value::Object(object)) => Ok(object),
        Ok(_) => Err("a JSON object was expected".to_owned()),
        Err(error) => Err(format!("no readable JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_known_by_what_their_lists_hold() {
        for body in [
            r#" { "runs": [ {"info": {"run_id": "a"}"#,
            r#"{"next_page_token": "x", "runs": [{"info": {"experiment_id": "1"}}]}"#,
            r#"{"runs": [{"data": {"metrics": [{"key": "auc", "va"#,
            r#"{"models": [{"info": {"model_id": "m-1"}}]}"#,
            r#"{"experiments":[{"experiment_id":"1"}]}"#,
            r#"{"registered_models":[{"name":"m"}]}"#,
            r#"{"model_version":{"name":"m","version":"1"}}"#,
            r#"{"metrics":[{"key":"auc","value":0.9,"timestamp":1}]}"#,
        ] {
            assert_eq!(head_of(body.as_bytes()), Head::Body, "{body}");
        }
        assert_eq!(head_of(br#"{"experiments":[]}"#), Head::Empty);
        for other in [
            r#"{"data": []}"#,
            "[1]",
            r#"{"model": "x"}"#,
            r#"{"runs":[{"id":"a","config":{},"summary":{}}]}"#,
            r#"{"models":[{"id":"a","uri":"s3://x","framework":"f"}]}"#,
            r#"{"run":{"runId":"a"},"job":{}}"#,
            r#"{"runs":[{"info":{"title":"a"}}]}"#,
            r#"{"metrics":[{"key":"a","value":1}]}"#,
        ] {
            assert_eq!(head_of(other.as_bytes()), Head::Other, "{other}");
        }
    }
}
