//! Reads the file store of MLflow: a folder `mlruns`.
//!
//! Each parameter, tag and metric is a file whose path is its key. Nothing outside of the folder
//! is read: symbolic links are not followed.

mod artifacts;
mod folder;
mod registry;
mod runs;
mod yaml;

pub(crate) use yaml::nests_deeply;

use super::beside::beside;
use super::error::Error;
use super::store::{Experiment, LoggedModel, Store, model_status};
use crate::mapping::mlflow::DocumentRule;
use folder::Folder;
use std::path::{Path, PathBuf};

pub(super) use artifacts::artifacts;
pub(super) use folder::Folder as ArtifactFolder;

/// The folder of deleted experiments.
const TRASH: &str = ".trash";
/// At the top this is the registry; in an experiment it holds its logged models.
const MODELS: &str = "models";
/// The file that makes a folder an experiment, a run, a model.
const META: &str = "meta.yaml";

/// The folder of the store that a path means: its `mlruns` or itself. Also one that holds
/// artifacts only, so that reading it can say what is missing.
pub(super) fn root(path: &Path) -> Option<PathBuf> {
    // The folder that holds `mlruns` looks like a store itself, one level too high.
    [path.join("mlruns"), path.to_owned()]
        .into_iter()
        .find(|folder| holds_metadata(folder) || holds_artifacts(folder))
}

/// Reads the store at `path`.
pub(super) fn read(path: &Path, documents: &[DocumentRule]) -> Result<Store, Error> {
    let empty = || Error::Empty {
        path: path.to_owned(),
        form: "mlflow-file",
        expected: "a folder mlruns with folders of experiments, each with a meta.yaml",
    };
    let root = root(path).ok_or_else(empty)?;
    if !holds_metadata(&root) {
        return Err(Error::ArtifactsOnly { path: root });
    }
    let mut store = Store::default();
    let top = Folder::open(path, &root)?;
    for child in top.folders(&mut store)? {
        match child.name() {
            TRASH => {
                for deleted in child.folders(&mut store)? {
                    experiment(&deleted, documents, &mut store)?;
                }
            }
            MODELS => registry::read(&child, &mut store)?,
            _ => experiment(&child, documents, &mut store)?,
        }
    }
    let place = root.parent().unwrap_or(path);
    store.beside = beside(place);
    Ok(store)
}

/// Has any experiment, run or registered model a `meta.yaml`?
fn holds_metadata(root: &Path) -> bool {
    children(root).any(|child| {
        child.join(META).is_file()
            || children(&child).any(|inner| {
                // A run of a crashed experiment, a deleted experiment, a registered model.
                inner.join(META).is_file()
            })
    })
}

/// The folders of a store: its experiments, those that were deleted, and the registry. Others are not read.
pub(super) fn parts(root: &Path) -> Vec<PathBuf> {
    let is_part = |child: &PathBuf| {
        let is_named = child.file_name().is_some_and(|name| name == TRASH || name == MODELS);
        is_named
            || child.join(META).is_file()
            || children(child)
                .any(|inner| inner.join(META).is_file() || inner.join("artifacts").is_dir())
    };
    children(root).filter(is_part).collect()
}

/// Are there run folders with artifacts?
fn holds_artifacts(root: &Path) -> bool {
    children(root).any(|child| children(&child).any(|run| run.join("artifacts").is_dir()))
}

fn children(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}

fn experiment(folder: &Folder, documents: &[DocumentRule], store: &mut Store) -> Result<(), Error> {
    let mut datasets = runs::DatasetPlaces::new();
    if let Some(meta) = folder.meta(store)? {
        let experiment = Experiment {
            id: meta.present("experiment_id").unwrap_or_else(|| folder.name().to_owned()),
            name: meta.present("name"),
            artifact_location: meta.present("artifact_location"),
            created_ms: meta.int("creation_time"),
            updated_ms: meta.int("last_update_time"),
            deleted: meta.is("lifecycle_stage", "deleted"),
            tags: folder.texts("tags", store)?,
            at: folder.meta_location(),
        };
        store.experiments.push(experiment);
        datasets = runs::datasets(folder, store)?;
    }
    for child in folder.folders(store)? {
        match child.name() {
            "tags" | "datasets" => {}
            MODELS => logged_models(&child, store)?,
            "traces" => store.traces += child.folders(store)?.len() as u64,
            _ => runs::run(&child, folder.name(), &datasets, documents, store)?,
        }
    }
    Ok(())
}

fn logged_models(folder: &Folder, store: &mut Store) -> Result<(), Error> {
    for child in folder.folders(store)? {
        let Some(meta) = child.meta(store)? else { continue };
        let model = LoggedModel {
            id: meta.present("model_id").unwrap_or_else(|| child.name().to_owned()),
            name: meta.present("name"),
            artifact_uri: meta.present("artifact_location"),
            created_ms: meta.int("creation_timestamp"),
            updated_ms: meta.int("last_updated_timestamp"),
            status: meta.present("status").as_deref().map(model_status),
            status_message: meta.present("status_message"),
            model_type: meta.present("model_type"),
            framework: None,
            run: meta.present("source_run_id"),
            deleted: meta.is("lifecycle_stage", "deleted"),
            params: child.texts("params", store)?,
            tags: child.texts("tags", store)?,
            metrics: runs::model_metrics(&child, store)?,
            at: child.meta_location(),
        };
        store.logged.push(model);
    }
    Ok(())
}
