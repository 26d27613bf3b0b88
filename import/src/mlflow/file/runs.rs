//! Runs of a file store, with their metrics, datasets and outputs.

use super::super::error::Error;
use super::super::point::{Figure, Point};
use super::super::store::{Dataset, Input, ModelMetric, Run, Store, run_status};
use super::artifacts::artifacts;
use super::folder::Folder;
use crate::mapping::mlflow::DocumentRule;
use std::collections::{BTreeMap, HashMap};

/// Places in the store's list of datasets, by the name of the dataset's folder.
pub(super) type DatasetPlaces = HashMap<String, usize>;

/// Digits of a run's id.
const RUN_ID_DIGITS: usize = 32;

/// Reads the datasets of an experiment.
pub(super) fn datasets(folder: &Folder, store: &mut Store) -> Result<DatasetPlaces, Error> {
    let mut places = DatasetPlaces::new();
    let Some(datasets) = folder.child("datasets") else { return Ok(places) };
    for child in datasets.folders(store)? {
        let Some(meta) = child.meta(store)? else { continue };
        let place = store.datasets.add(&Dataset {
            name: meta.present("name").unwrap_or_default(),
            digest: meta.present("digest").unwrap_or_default(),
            source_type: meta.present("source_type"),
            source: meta.present("source"),
            schema: meta.present("schema"),
            profile: meta.present("profile"),
            at_file: child.meta_location().file,
        });
        places.insert(child.name().to_owned(), place);
    }
    Ok(places)
}

/// Reads one run.
pub(super) fn run(
    folder: &Folder,
    experiment: &str,
    datasets: &DatasetPlaces,
    documents: &[DocumentRule],
    store: &mut Store,
) -> Result<(), Error> {
    let Some(meta) = folder.meta(store)? else {
        let is_run_id = folder.name().len() == RUN_ID_DIGITS
            && folder.name().bytes().all(|byte| byte.is_ascii_hexdigit());
        let rejected = store.rejects.iter().any(|reject| reject.at == folder.meta_location());
        if is_run_id && !rejected {
            store.reject(folder.label(), "a run without its meta.yaml, as a crash leaves it");
        }
        return Ok(());
    };
    let mut run = Run {
        // The folder says which run it is; files copied by hand may say another.
        id: folder.name().to_owned(),
        experiment: meta.present("experiment_id").or_else(|| Some(experiment.to_owned())),
        name: meta.present("run_name").or_else(|| meta.present("name")),
        status: meta.present("status").as_deref().map(run_status),
        user: meta.present("user_id"),
        started_ms: meta.int("start_time"),
        ended_ms: meta.int("end_time"),
        deleted: meta.is("lifecycle_stage", "deleted"),
        deleted_ms: meta.int("deleted_time"),
        artifact_uri: meta.present("artifact_uri"),
        source_name: meta.present("source_name"),
        source_version: meta.present("source_version"),
        entry_point: meta.present("entry_point_name"),
        params: folder.texts("params", store)?,
        tags: folder.texts("tags", store)?,
        at: folder.meta_location(),
        ..Run::default()
    };
    run.metrics = metrics(folder, store)?;
    links(folder, datasets, &mut run, store)?;
    if let Some(folder) = folder.child("artifacts") {
        run.artifacts = artifacts(&folder, documents, store)?;
    }
    store.runs.push(run);
    Ok(())
}

/// Inputs (datasets and models) and outputs (models).
fn links(
    folder: &Folder,
    datasets: &DatasetPlaces,
    run: &mut Run,
    store: &mut Store,
) -> Result<(), Error> {
    if let Some(inputs) = folder.child("inputs") {
        for child in inputs.folders(store)? {
            let Some(meta) = child.meta(store)? else { continue };
            // The destination repeats the source; which run it is, the path says.
            let source = meta.present("source_id").unwrap_or_default();
            if meta.is("source_type", "DATASET") {
                match datasets.get(&source) {
                    Some(dataset) => {
                        run.inputs.push(Input { dataset: *dataset, tags: meta.map("tags") });
                    }
                    None => store.reject(
                        &child.meta_location().file,
                        format!("names the dataset {source}, which the experiment does not hold"),
                    ),
                }
            } else {
                let model = meta.present("destination_id").unwrap_or(source);
                run.models_used.push(model);
            }
        }
    }
    if let Some(outputs) = folder.child("outputs") {
        for child in outputs.folders(store)? {
            let Some(meta) = child.meta(store)? else { continue };
            let model = meta.present("destination_id");
            run.outputs.push(model.unwrap_or_else(|| child.name().to_owned()));
        }
    }
    Ok(())
}

fn metrics(folder: &Folder, store: &mut Store) -> Result<BTreeMap<String, Vec<Point>>, Error> {
    let mut metrics = BTreeMap::new();
    let Some(folder) = folder.child("metrics") else { return Ok(metrics) };
    for file in folder.files(store)? {
        let Some(text) = file.points(store) else { continue };
        let mut points = Vec::new();
        for (line, words) in lines(&text) {
            match point(&words) {
                Some(point) => points.push(point),
                None => bad_line(&file.label, line, store),
            }
        }
        if !points.is_empty() {
            metrics.insert(file.key, points);
        }
    }
    Ok(metrics)
}

/// Reads the figures of a logged model: lines of time, value, step, run, and the name and digest
/// of a dataset where it was measured on one.
pub(super) fn model_metrics(folder: &Folder, store: &mut Store) -> Result<Vec<ModelMetric>, Error> {
    let mut metrics = Vec::new();
    let Some(folder) = folder.child("metrics") else { return Ok(metrics) };
    for file in folder.files(store)? {
        let Some(text) = file.points(store) else { continue };
        for (line, words) in lines(&text) {
            let Some(point) = point(&words) else {
                bad_line(&file.label, line, store);
                continue;
            };
            let dataset = match words.get(4..).unwrap_or_default() {
                // The name of a dataset may hold spaces; its digest may not.
                [name @ .., digest] if !name.is_empty() => {
                    Some((name.join(" "), (*digest).to_owned()))
                }
                _ => None,
            };
            let run = words.get(3).map(|run| (*run).to_owned());
            metrics.push(ModelMetric { name: file.key.clone(), point, run, dataset });
        }
    }
    metrics.sort_unstable();
    metrics.dedup();
    Ok(metrics)
}

/// Lines that say something, from 1, with their words.
fn lines(text: &str) -> impl Iterator<Item = (u64, Vec<&str>)> {
    (1..)
        .zip(text.split('\n'))
        .map(|(line, text)| (line, text.trim_end_matches('\r')))
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| (line, text.split(' ').collect()))
}

/// Time, value, step; the oldest files have no step.
fn point(words: &[&str]) -> Option<Point> {
    Some(Point {
        time_ms: words.first()?.parse().ok()?,
        value: Figure::parse(words.get(1)?)?,
        step: words.get(2).map_or(Some(0), |step| step.parse().ok())?,
    })
}

fn bad_line(file: &str, line: u64, store: &mut Store) {
    store.reject(file, "not a point of a metric: expected a time in ms, a value and a step");
    if let Some(reject) = store.rejects.last_mut() {
        reject.at.line = line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_in_all_their_forms() {
        let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
        let inf = point(&words("1795289211581 inf 1")).unwrap();
        assert_eq!((inf.step, inf.value), (1, Figure::parse("inf").unwrap()));
        assert_eq!(point(&words("5 0.5")).unwrap().step, 0);
        assert_eq!(point(&words("5 0.5 2 iris val 94948cc6")).unwrap().step, 2);
        assert_eq!(point(&words("soon 0.5 2")), None);
        assert_eq!(point(&words("5")), None);
    }
}
