//! Writes tables as the file store of MLflow encodes them.

use super::tables::{Row, Tables};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Writes a folder `mlruns`.
pub(crate) fn write(tables: &Tables, root: &Path) {
    for experiment in tables.rows("experiments") {
        let id = experiment.text("experiment_id");
        let deleted = experiment.text("lifecycle_stage") == "deleted";
        let folder = if deleted { root.join(".trash").join(&id) } else { root.join(&id) };
        let mut meta = Meta::default();
        meta.text("experiment_id", &id);
        meta.cells(experiment, &["name", "artifact_location", "lifecycle_stage"]);
        meta.cells(experiment, &["creation_time", "last_update_time"]);
        meta.save(&folder);
        texts(&folder.join("tags"), &tables.pairs("experiment_tags", "experiment_id", &id));
        for dataset in tables.with("datasets", "experiment_id", &id) {
            let mut meta = Meta::default();
            meta.cells(dataset, &["name", "digest"]);
            meta.text("source_type", &dataset.text("dataset_source_type"));
            meta.text("source", &dataset.text("dataset_source"));
            meta.text("schema", &dataset.text("dataset_schema"));
            meta.text("profile", &dataset.text("dataset_profile"));
            meta.save(&folder.join("datasets").join(dataset.text("dataset_uuid")));
        }
        for run in tables.with("runs", "experiment_id", &id) {
            write_run(tables, run, &folder);
        }
        for model in tables.with("logged_models", "experiment_id", &id) {
            write_logged_model(tables, model, &folder);
        }
    }
    for model in tables.rows("registered_models") {
        write_registered(tables, model, &root.join("models"));
    }
}

fn write_run(tables: &Tables, run: &Row, experiment: &Path) {
    let id = run.text("run_uuid");
    let folder = experiment.join(&id);
    let statuses = ["", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
    let status = run.text("status");
    let status = statuses.iter().position(|name| *name == status).expect("a status");
    let mut meta = Meta::default();
    meta.text("run_id", &id);
    meta.text("run_name", &run.text("name"));
    meta.raw("status", &status.to_string());
    meta.raw("source_type", "4");
    meta.raw("tags", "[]");
    meta.cells(run, &["experiment_id", "user_id", "start_time", "end_time", "deleted_time"]);
    meta.cells(run, &["lifecycle_stage", "artifact_uri", "source_name", "source_version"]);
    meta.text("entry_point_name", &run.text("entry_point_name"));
    meta.save(&folder);
    texts(&folder.join("params"), &tables.pairs("params", "run_uuid", &id));
    texts(&folder.join("tags"), &tables.pairs("tags", "run_uuid", &id));
    let mut lines: Vec<(String, String)> = Vec::new();
    for point in tables.with("metrics", "run_uuid", &id) {
        let is_nan = point.int("is_nan") == Some(1);
        let line = format!(
            "{} {} {}\n",
            point.text("timestamp"),
            number(point.real("value"), is_nan),
            point.text("step")
        );
        lines.push((point.text("key"), line));
    }
    let mut files: Vec<(String, String)> = Vec::new();
    for (key, line) in lines {
        // Each line twice, as MLflow 3 writes those of a run that logs a model.
        match files.iter_mut().find(|(held, _)| *held == key) {
            Some((_, text)) => text.insert_str(0, &line.repeat(2)),
            None => files.push((key, line)),
        }
    }
    texts(&folder.join("metrics"), &files);
    for input in tables.with("inputs", "destination_id", &id) {
        let uuid = input.text("input_uuid");
        let mut meta = Meta::default();
        meta.raw("source_type", "DATASET");
        meta.raw("destination_type", "RUN");
        meta.cells(input, &["source_id"]);
        meta.text("destination_id", &input.text("source_id"));
        meta.raw("tags", "");
        for tag in tables.with("input_tags", "input_uuid", &uuid) {
            meta.raw(&format!("  {}", tag.text("name")), &quoted(&tag.text("value")));
        }
        meta.save(&folder.join("inputs").join(uuid));
    }
    for output in tables.with("inputs", "source_id", &id) {
        let model = output.text("destination_id");
        let mut meta = Meta::default();
        meta.raw("source_type", "RUN_OUTPUT");
        meta.raw("destination_type", "MODEL_OUTPUT");
        meta.text("source_id", &model);
        meta.text("destination_id", &model);
        meta.raw("tags", "{}");
        meta.save(&folder.join("outputs").join(model));
    }
}

fn write_logged_model(tables: &Tables, model: &Row, experiment: &Path) {
    let id = model.text("model_id");
    let folder = experiment.join("models").join(&id);
    let mut meta = Meta::default();
    meta.cells(model, &["model_id", "experiment_id", "name", "artifact_location", "status"]);
    meta.cells(model, &["model_type", "source_run_id", "status_message", "lifecycle_stage"]);
    meta.raw("creation_timestamp", &model.text("creation_timestamp_ms"));
    meta.raw("last_updated_timestamp", &model.text("last_updated_timestamp_ms"));
    meta.save(&folder);
    let pairs = |table: &str, key: &str, value: &str| -> Vec<(String, String)> {
        let rows = tables.with(table, "model_id", &id);
        rows.map(|row| (row.text(key), row.text(value))).collect()
    };
    texts(&folder.join("params"), &pairs("logged_model_params", "param_key", "param_value"));
    texts(&folder.join("tags"), &pairs("logged_model_tags", "tag_key", "tag_value"));
    let mut files: Vec<(String, String)> = Vec::new();
    for metric in tables.with("logged_model_metrics", "model_id", &id) {
        let run = metric.text("run_id");
        let (key, time, step) = (
            metric.text("metric_name"),
            metric.text("metric_timestamp_ms"),
            metric.text("metric_step"),
        );
        // The database forgot which of these are NaN; the file store would not have.
        let is_nan = tables.with("metrics", "run_uuid", &run).any(|point| {
            point.int("is_nan") == Some(1)
                && (point.text("key"), point.text("timestamp"), point.text("step"))
                    == (key.clone(), time.clone(), step.clone())
        });
        let mut line =
            format!("{time} {} {step} {run}", number(metric.real("metric_value"), is_nan));
        if !metric.is_null("dataset_name") {
            let _ =
                write!(line, " {} {}", metric.text("dataset_name"), metric.text("dataset_digest"));
        }
        line.push('\n');
        match files.iter_mut().find(|(held, _)| *held == key) {
            Some((_, text)) => text.push_str(&line),
            None => files.push((key, line)),
        }
    }
    texts(&folder.join("metrics"), &files);
}

fn write_registered(tables: &Tables, model: &Row, root: &Path) {
    let name = model.text("name");
    let folder = root.join(&name);
    let mut meta = Meta::default();
    meta.cells(model, &["name", "description"]);
    meta.raw("creation_timestamp", &model.text("creation_time"));
    meta.raw("last_updated_timestamp", &model.text("last_updated_time"));
    meta.save(&folder);
    texts(&folder.join("tags"), &tables.pairs("registered_model_tags", "name", &name));
    let aliases = tables.with("registered_model_aliases", "name", &name);
    let aliases: Vec<_> = aliases.map(|row| (row.text("alias"), row.text("version"))).collect();
    texts(&folder.join("aliases"), &aliases);
    for version in tables.with("model_versions", "name", &name) {
        let number = version.text("version");
        let folder = folder.join(format!("version-{number}"));
        let mut meta = Meta::default();
        meta.cells(version, &["name", "version", "description", "user_id", "current_stage"]);
        meta.cells(version, &["source", "run_id", "status", "status_message", "run_link"]);
        meta.cells(version, &["storage_location"]);
        meta.raw("creation_timestamp", &version.text("creation_time"));
        meta.raw("last_updated_timestamp", &version.text("last_updated_time"));
        meta.save(&folder);
        let tags = tables.with("model_version_tags", "name", &name);
        let tags = tags.filter(|tag| tag.text("version") == number);
        let tags: Vec<_> = tags.map(|tag| (tag.text("key"), tag.text("value"))).collect();
        texts(&folder.join("tags"), &tags);
    }
}

/// A number as Python writes it.
fn number(number: f64, is_nan: bool) -> String {
    if is_nan {
        "nan".to_owned()
    } else if number == f64::MAX {
        "inf".to_owned()
    } else if number == f64::MIN {
        "-inf".to_owned()
    } else {
        format!("{number:?}")
    }
}

/// One file a key, under the key as its path.
fn texts(folder: &Path, pairs: &[(String, String)]) {
    for (key, text) in pairs {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// A `meta.yaml`.
#[derive(Default)]
struct Meta(String);

impl Meta {
    fn raw(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "{name}: {value}");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.raw(name, &quoted(text));
    }

    /// Numbers plain, texts in quotes, null as `null`.
    fn cells(&mut self, row: &Row, columns: &[&str]) {
        for column in columns {
            match row.int(column) {
                Some(number) => self.raw(column, &number.to_string()),
                None if row.is_null(column) => self.raw(column, "null"),
                None => self.text(column, &row.text(column)),
            }
        }
    }

    fn save(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("meta.yaml"), &self.0).expect("a file");
    }
}

/// A quoted scalar: YAML reads JSON's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}
