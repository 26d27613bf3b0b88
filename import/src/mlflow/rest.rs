//! Reads bodies of MLflow's REST API, as somebody saved them: pages of runs, experiments, the
//! registry, logged models, histories of metrics.
//!
//! What a body is, its members say; files may have any name. Only the history of a metric does
//! not say whose it is: the path may (a run's id in it), else the one run whose last point it
//! holds.

mod history;
mod items;
mod pages;

pub(super) use items::{experiment, run_info};
pub(super) use pages::Pages;

use super::error::Error;
use super::json::{self, Object};
use super::store::Store;
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

/// Does a file begin like a body?
pub(super) fn looks_like_a_body(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let Some(rest) = text.trim_start().strip_prefix('{') else { return false };
    let Some(rest) = rest.trim_start().strip_prefix('"') else { return false };
    rest.split_once('"').is_some_and(|(name, after)| {
        let after = after.trim_start().strip_prefix(':').map_or("", str::trim_start);
        LISTS.contains(&name) && after.starts_with(['[', '{'])
    })
}

/// The JSON files at `path`, in the order of their paths.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    gather(path, 0, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?;
        let kind = entry.file_type().map_err(Error::io(entry.path()))?;
        let is_json = entry.path().extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
            gather(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && is_json && files.len() < FILES_MAX {
            files.push(entry.path());
        }
    }
    Ok(())
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
    fn bodies_are_known_by_their_first_member() {
        assert!(looks_like_a_body(b" {\n \"runs\": [ {"));
        assert!(!looks_like_a_body(b"{\"data\": []}") && !looks_like_a_body(b"[1]"));
        assert!(!looks_like_a_body(b"{\"model\": \"x\"}"));
    }
}
