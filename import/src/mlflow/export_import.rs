//! Reads the folders of mlflow-export-import 1.x, the weakest of the forms: it drops dataset
//! inputs, logged models and traces, skips deleted runs, and loses a whole registered model when
//! one of its versions has no run. What it says that it lost is warned of.

use super::error::Error;
use super::file::{ArtifactFolder as Folder, artifacts};
use super::json::{self, Object};
use super::point::Point;
use super::rest::{self, Pages, body, run_info};
use super::store::Store;
use crate::mapping::mlflow::DocumentRule;
use std::path::{Path, PathBuf};

/// What the export writes at its top, of which all is read.
const PARTS: [&str; 3] = ["manifest.json", "experiments", "models"];

/// What of a folder is the export.
pub(super) fn parts(path: &Path) -> Vec<PathBuf> {
    PARTS.iter().map(|name| path.join(name)).filter(|part| part.exists()).collect()
}

/// Reads the export at `path`.
pub(super) fn read(path: &Path, documents: &[DocumentRule]) -> Result<Store, Error> {
    let mut pages = Pages::default();
    let mut found = Store::default();
    let mut exported_s = None;
    let top = Folder::open(path, path)?;
    let mut read = |file: &Folder, name: &str, found: &mut Store| {
        let label = format!("{}/{name}", file.label());
        let at = path.join(file.label()).join(name);
        if !at.is_file() {
            return None;
        }
        match body(&at) {
            Ok(body) => {
                let system = json::object(&body, "system");
                exported_s = exported_s.max(system.and_then(|it| json::int(it, "export_time")));
                Some((body, label))
            }
            Err(problem) => {
                found.reject(&label, problem);
                None
            }
        }
    };
    read(&top, "manifest.json", &mut found);
    let mut any = false;
    if let Some(folder) = top.child("experiments") {
        if let Some((index, label)) = read(&folder, "experiments.json", &mut found) {
            any = true;
            warn_of_failures(&index, &label, &mut found);
        }
        for folder in folder.folders(&mut found)? {
            let Some((body, label)) = read(&folder, "experiment.json", &mut found) else {
                continue;
            };
            any = true;
            warn_of_failures(&body, &label, &mut found);
            if let Some(item) = content(&body, "experiment") {
                found.experiments.push(rest::experiment(item, &label));
            }
            for folder in folder.folders(&mut found)? {
                let Some((body, label)) = read(&folder, "run.json", &mut found) else { continue };
                run(&body, &label, &folder, documents, &mut found)?;
            }
        }
    }
    if let Some(folder) = top.child("models") {
        if let Some((index, label)) = read(&folder, "models.json", &mut found) {
            any = true;
            warn_of_failures(&index, &label, &mut found);
        }
        for folder in folder.folders(&mut found)? {
            let Some((body, label)) = read(&folder, "model.json", &mut found) else { continue };
            any = true;
            warn_of_failures(&body, &label, &mut found);
            if let Some(item) = content(&body, "registered_model") {
                pages.registered(item, &label);
            }
        }
    }
    if !any {
        return Err(Error::Empty {
            path: path.to_owned(),
            form: "mlflow-export-import",
            expected: "experiments/ID/experiment.json or models/NAME/model.json",
        });
    }
    let registry = pages.finish();
    found.registered = registry.registered;
    found.rejects.extend(registry.rejects);
    found.exported_ms = exported_s.and_then(|seconds| seconds.checked_mul(1_000));
    found.warnings.push(
        "mlflow-export-import leaves out dataset inputs, logged models, traces and deleted runs; the database or the file store says more".to_owned(),
    );
    Ok(found)
}

/// The part of a file that comes from MLflow.
fn content<'a>(body: &'a Object, name: &str) -> Option<&'a Object> {
    json::object(json::object(body, "mlflow")?, name)
}

fn run(
    body: &Object,
    label: &str,
    folder: &Folder,
    documents: &[DocumentRule],
    found: &mut Store,
) -> Result<(), Error> {
    let Some(mlflow) = json::object(body, "mlflow") else {
        found.reject(label, "no member `mlflow`");
        return Ok(());
    };
    let empty = Object::new();
    let mut run = run_info(json::object(mlflow, "info").unwrap_or(&empty), label);
    run.params = json::texts(mlflow, "params");
    run.tags = json::texts(mlflow, "tags");
    let metrics = json::object(mlflow, "metrics").unwrap_or(&empty);
    for key in metrics.keys() {
        let mut points: Vec<Point> = Vec::new();
        for item in json::objects(metrics, key) {
            match json::point(item) {
                Some(point) => points.push(point),
                None => found.reject(label, format!("a point of `{key}` without a readable value")),
            }
        }
        run.metrics.insert(key.clone(), points);
    }
    if let Some(folder) = folder.child("artifacts") {
        run.artifacts = artifacts(&folder, documents, found)?;
    }
    found.runs.push(run);
    Ok(())
}

/// Each file lists what of it could not be exported.
fn warn_of_failures(body: &Object, label: &str, found: &mut Store) {
    let Some(info) = json::object(body, "info") else { return };
    for what in ["failed_models", "failed_runs", "failed_versions"] {
        let Some(list) = info.get(what).and_then(serde_json::Value::as_array) else { continue };
        if !list.is_empty() {
            let names: Vec<_> = list.iter().map(ToString::to_string).collect();
            found.warnings.push(format!(
                "{label}: the export lost {} {}: {}",
                list.len(),
                what.trim_start_matches("failed_"),
                names.join(", ")
            ));
        }
    }
}
