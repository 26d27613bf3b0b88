//! Writes tables as the REST API of MLflow encodes them.

use super::tables::{Row, Tables};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Runs a page, so that there are several.
const PAGE: usize = 5;

/// Writes a folder of bodies.
pub(crate) fn write(tables: &Tables, root: &Path) {
    let experiments: Vec<_> =
        tables.rows("experiments").iter().map(|row| experiment(tables, row)).collect();
    save(root, "experiments.json", &json!({ "experiments": experiments }));
    let mut pages = tables.rows("runs").chunks(PAGE).enumerate().peekable();
    while let Some((page, runs)) = pages.next() {
        let runs: Vec<_> = runs.iter().map(|row| run(tables, row)).collect();
        let mut body = json!({ "runs": runs });
        if pages.peek().is_some() {
            body["next_page_token"] = json!("x");
        }
        save(root, &format!("runs_{page}.json"), &body);
    }
    let models: Vec<_> =
        tables.rows("logged_models").iter().map(|row| logged(tables, row)).collect();
    save(root, "logged.json", &json!({ "models": models }));
    registry(tables, root);
    histories(tables, root);
}

fn experiment(tables: &Tables, row: &Row) -> Value {
    let id = row.text("experiment_id");
    let mut object = present(row, &["name", "artifact_location", "lifecycle_stage"]);
    object.insert("experiment_id".into(), json!(id));
    object.extend(numbers(
        row,
        &[("creation_time", "creation_time"), ("last_update_time", "last_update_time")],
    ));
    list(&mut object, "tags", pairs(tables.pairs("experiment_tags", "experiment_id", &id)));
    Value::Object(object)
}

fn run(tables: &Tables, row: &Row) -> Value {
    let id = row.text("run_uuid");
    let mut info = present(row, &["user_id", "status", "artifact_uri", "lifecycle_stage"]);
    info.insert("run_id".into(), json!(id));
    info.insert("run_uuid".into(), json!(id));
    info.insert("run_name".into(), json!(row.text("name")));
    info.insert("experiment_id".into(), json!(row.text("experiment_id")));
    info.extend(numbers(row, &[("start_time", "start_time"), ("end_time", "end_time")]));
    let mut data = Map::new();
    let mut last: BTreeMap<String, &Row> = BTreeMap::new();
    let order = |row: &Row| (row.int("step"), row.int("timestamp"));
    for point in tables.with("metrics", "run_uuid", &id) {
        let held = last.entry(point.text("key")).or_insert(point);
        if order(point) > order(held) {
            *held = point;
        }
    }
    list(&mut data, "metrics", last.values().map(|row| metric(row)).collect());
    list(&mut data, "params", pairs(tables.pairs("params", "run_uuid", &id)));
    list(&mut data, "tags", pairs(tables.pairs("tags", "run_uuid", &id)));
    let inputs = tables.with("inputs", "destination_id", &id).map(|input| {
        let uuid = input.text("source_id");
        let dataset = tables.with("datasets", "dataset_uuid", &uuid).next().expect("a dataset");
        let tags = tables
            .with("input_tags", "input_uuid", &input.text("input_uuid"))
            .map(|tag| json!({"key": tag.text("name"), "value": tag.text("value")}))
            .collect::<Vec<_>>();
        json!({"tags": tags, "dataset": {
            "name": dataset.text("name"),
            "digest": dataset.text("digest"),
            "source_type": dataset.text("dataset_source_type"),
            "source": dataset.text("dataset_source"),
            "schema": dataset.text("dataset_schema"),
            "profile": dataset.text("dataset_profile"),
        }})
    });
    let mut of_inputs = Map::new();
    list(&mut of_inputs, "dataset_inputs", inputs.collect());
    let outputs = tables.with("inputs", "source_id", &id);
    let mut of_outputs = Map::new();
    let outputs = outputs.map(|row| json!({"model_id": row.text("destination_id"), "step": 0}));
    list(&mut of_outputs, "model_outputs", outputs.collect());
    json!({"info": info, "data": data, "inputs": of_inputs, "outputs": of_outputs})
}

/// NaN is a text, infinity the largest number.
fn metric(row: &Row) -> Value {
    let value = if row.int("is_nan") == Some(1) { json!("NaN") } else { json!(row.real("value")) };
    json!({"key": row.text("key"), "value": value, "timestamp": row.int("timestamp"), "step": row.int("step")})
}

fn logged(tables: &Tables, row: &Row) -> Value {
    let id = row.text("model_id");
    let mut info =
        present(row, &["model_id", "name", "source_run_id", "model_type", "status_message"]);
    info.insert("experiment_id".into(), json!(row.text("experiment_id")));
    info.insert("artifact_uri".into(), json!(row.text("artifact_location")));
    let statuses = ["", "PENDING", "READY", "UPLOAD_FAILED"];
    let status = usize::try_from(row.int("status").expect("a status")).expect("a small number");
    info.insert("status".into(), json!(format!("LOGGED_MODEL_{}", statuses[status])));
    info.extend(numbers(
        row,
        &[
            ("creation_timestamp_ms", "creation_timestamp_ms"),
            ("last_updated_timestamp_ms", "last_updated_timestamp_ms"),
        ],
    ));
    let named = |table: &str, key: &str, value: &str| {
        let rows = tables.with(table, "model_id", &id);
        pairs(rows.map(|row| (row.text(key), row.text(value))).collect())
    };
    list(&mut info, "tags", named("logged_model_tags", "tag_key", "tag_value"));
    let mut data = Map::new();
    list(&mut data, "params", named("logged_model_params", "param_key", "param_value"));
    let metrics = tables.with("logged_model_metrics", "model_id", &id).map(|row| {
        let mut metric = present(row, &["run_id", "dataset_name", "dataset_digest", "model_id"]);
        metric.insert("key".into(), json!(row.text("metric_name")));
        // The API reads the database, which forgot which of these are NaN.
        metric.insert("value".into(), json!(row.real("metric_value")));
        metric
            .extend(numbers(row, &[("timestamp", "metric_timestamp_ms"), ("step", "metric_step")]));
        Value::Object(metric)
    });
    list(&mut data, "metrics", metrics.collect());
    json!({"info": info, "data": data})
}

fn registry(tables: &Tables, root: &Path) {
    let prompt = |name: &str| {
        let tags = tables.pairs("registered_model_tags", "name", name);
        tags.iter().any(|(key, _)| key == "mlflow.prompt.is_prompt")
    };
    let times =
        [("creation_timestamp", "creation_time"), ("last_updated_timestamp", "last_updated_time")];
    let names = tables.rows("registered_models").iter().filter(|row| !prompt(&row.text("name")));
    let names = names.map(|row| {
        let name = row.text("name");
        let mut model = present(row, &["name", "description"]);
        model.extend(numbers(row, &times));
        list(&mut model, "tags", pairs(tables.pairs("registered_model_tags", "name", &name)));
        let aliases = tables.with("registered_model_aliases", "name", &name);
        let aliases =
            aliases.map(|row| json!({"alias": row.text("alias"), "version": row.text("version")}));
        list(&mut model, "aliases", aliases.collect());
        Value::Object(model)
    });
    save(root, "registered.json", &json!({ "registered_models": names.collect::<Vec<_>>() }));
    let versions = tables.rows("model_versions").iter();
    let versions = versions.filter(|row| {
        !prompt(&row.text("name")) && row.text("current_stage") != "Deleted_Internal"
    });
    let versions = versions.map(|row| {
        let mut version =
            present(row, &["name", "description", "user_id", "current_stage", "source"]);
        version.extend(present(row, &["run_id", "status", "status_message", "run_link"]));
        version.insert("version".into(), json!(row.text("version")));
        version.extend(numbers(row, &times));
        let name = row.text("name");
        let tags = tables.with("model_version_tags", "name", &name);
        let tags = tags.filter(|tag| tag.text("version") == row.text("version"));
        list(
            &mut version,
            "tags",
            pairs(tags.map(|tag| (tag.text("key"), tag.text("value"))).collect()),
        );
        Value::Object(version)
    });
    save(root, "versions.json", &json!({ "model_versions": versions.collect::<Vec<_>>() }));
}

/// The histories of all metrics: of most runs under their id, of one under names that say nothing.
fn histories(tables: &Tables, root: &Path) {
    let mut histories: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for row in tables.rows("metrics") {
        histories.entry((row.text("run_uuid"), row.text("key"))).or_default().push(metric(row));
    }
    for (number, ((run, _), points)) in histories.into_iter().enumerate() {
        let folder = if run.starts_with('f') { "plain".to_owned() } else { run };
        save(
            &root.join("history").join(folder),
            &format!("{number}.json"),
            &json!({ "metrics": points }),
        );
    }
}

/// The columns that hold a text; the API leaves the others out.
fn present(row: &Row, columns: &[&str]) -> Map<String, Value> {
    let texts = columns.iter().filter(|column| !row.is_null(column));
    texts.map(|column| ((*column).to_owned(), json!(row.text(column)))).collect()
}

/// Columns that hold numbers, under the API's names.
fn numbers(row: &Row, columns: &[(&str, &str)]) -> Map<String, Value> {
    let numbers = columns.iter().filter_map(|(name, column)| Some((*name, row.int(column)?)));
    numbers.map(|(name, number)| (name.to_owned(), json!(number))).collect()
}

fn pairs(pairs: Vec<(String, String)>) -> Vec<Value> {
    pairs.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Sets a list; the API leaves empty ones out.
fn list(object: &mut Map<String, Value>, name: &str, items: Vec<Value>) {
    if !items.is_empty() {
        object.insert(name.to_owned(), Value::Array(items));
    }
}

fn save(folder: &Path, name: &str, body: &Value) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join(name), body.to_string()).expect("a file");
}
