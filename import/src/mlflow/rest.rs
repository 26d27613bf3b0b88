//! Reads bodies of MLflow's REST API, as somebody saved them: pages of runs, experiments, the
//! registry, logged models, histories of metrics.
//!
//! What a body is, its members say; files may have any name. Only the history of a metric does
//! not say whose it is: the path may (a run's id in it), else the one run whose last point it
//! holds.

use super::error::Error;
use super::json::{self, Object};
use super::point::Point;
use super::store::{
    Dataset, Experiment, Input, LoggedModel, ModelMetric, RegisteredModel, Run, Store, Version,
    located, model_status, run_status,
};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest body that is read. A page of 50,000 runs is some 300 MiB.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// Most files in a folder of bodies: 50,000 runs with 20 histories each.
const FILES_MAX: usize = 1_000_000;
/// Deepest folder of bodies.
const FOLDER_DEPTH_MAX: usize = 8;
/// Digits of a run's id.
const RUN_ID_DIGITS: usize = 32;
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
    if !pages.any {
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
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    match json::parse(&bytes) {
        Ok(serde_json::Value::Object(object)) => Ok(object),
        Ok(_) => Err("a JSON object was expected".to_owned()),
        Err(error) => Err(format!("no readable JSON: {error}")),
    }
}

/// What the bodies read so far say. Pages may overlap: the later file replaces the earlier.
#[derive(Default)]
pub(super) struct Pages {
    store: Store,
    any: bool,
    runs: HashMap<String, usize>,
    experiments: BTreeMap<String, Experiment>,
    logged: BTreeMap<String, LoggedModel>,
    names: BTreeMap<String, RegisteredModel>,
    versions: BTreeMap<(String, String), Version>,
    datasets: HashMap<Dataset, usize>,
    histories: Vec<History>,
}

/// Points of metrics whose run is still to be found.
struct History {
    label: String,
    /// The run that the body or the path names.
    run: Option<String>,
    points: BTreeMap<String, Vec<Point>>,
}

impl Pages {
    /// Takes in one body.
    pub(super) fn take(&mut self, body: &Object, label: &str) {
        let items = |list: &str, single: &str| -> Vec<&Object> {
            json::objects(body, list).chain(json::object(body, single)).collect()
        };
        let known = LISTS.iter().any(|name| body.contains_key(*name));
        if !known {
            let pages_end = body.is_empty() || body.keys().all(|key| key == "next_page_token");
            if !pages_end {
                self.store.reject(label, "no body of the API that is known here");
            }
            return;
        }
        self.any = true;
        for item in items("experiments", "experiment") {
            let experiment = experiment(item, label);
            self.experiments.insert(experiment.id.clone(), experiment);
        }
        for item in items("runs", "run") {
            self.run(item, label);
        }
        for item in items("models", "model") {
            if let Some(model) = logged_model(item, label) {
                self.logged.insert(model.id.clone(), model);
            }
        }
        for item in items("registered_models", "registered_model") {
            self.registered(item, label);
        }
        for item in items("model_versions", "model_version") {
            self.version(item, label);
        }
        self.history(body, label);
    }

    fn run(&mut self, item: &Object, label: &str) {
        let empty = Object::new();
        let info = json::object(item, "info").unwrap_or(&empty);
        let data = json::object(item, "data").unwrap_or(&empty);
        let mut run = run_info(info, label);
        run.params = json::texts(data, "params");
        run.tags = json::texts(data, "tags");
        for metric in json::objects(data, "metrics") {
            match (json::text(metric, "key"), json::point(metric)) {
                (Some(key), Some(point)) => run.metrics.entry(key).or_default().push(point),
                _ => self
                    .store
                    .reject(label, format!("run {}: a metric without key or value", run.id)),
            }
        }
        let inputs = json::object(item, "inputs").unwrap_or(&empty);
        for input in json::objects(inputs, "dataset_inputs") {
            let Some(dataset) = json::object(input, "dataset") else { continue };
            let dataset = self.dataset(dataset, run.experiment.clone(), label);
            run.inputs.push(Input { dataset, tags: json::texts(input, "tags") });
        }
        let ids = |object: &Object, list: &str| -> Vec<String> {
            json::objects(object, list).filter_map(|each| json::present(each, "model_id")).collect()
        };
        run.models_used = ids(inputs, "model_inputs");
        let outputs = json::object(item, "outputs").unwrap_or(&empty);
        run.outputs = ids(outputs, "model_outputs");
        match self.runs.get(&run.id).and_then(|place| self.store.runs.get_mut(*place)) {
            Some(held) => *held = run,
            None => {
                self.runs.insert(run.id.clone(), self.store.runs.len());
                self.store.runs.push(run);
            }
        }
    }

    /// The place of a dataset in the list, which holds it once for each experiment.
    fn dataset(&mut self, item: &Object, experiment: Option<String>, label: &str) -> usize {
        let dataset = Dataset {
            experiment,
            name: json::text(item, "name").unwrap_or_default(),
            digest: json::text(item, "digest").unwrap_or_default(),
            source_type: json::present(item, "source_type"),
            source: json::present(item, "source"),
            schema: json::present(item, "schema"),
            profile: json::present(item, "profile"),
            at_file: String::new(),
        };
        let list = &mut self.store.datasets;
        *self.datasets.entry(dataset.clone()).or_insert_with(|| {
            list.push(Dataset { at_file: label.to_owned(), ..dataset });
            list.len() - 1
        })
    }

    /// A registered name. `latest_versions` lists the newest of each stage only, but all versions
    /// in an export.
    pub(super) fn registered(&mut self, item: &Object, label: &str) {
        let Some(name) = json::present(item, "name") else {
            return self.store.reject(label, "a registered model without a name");
        };
        let aliases = json::objects(item, "aliases")
            .filter_map(|each| Some((json::text(each, "alias")?, json::text(each, "version")?)));
        let model = RegisteredModel {
            name: name.clone(),
            created_ms: json::int(item, "creation_timestamp"),
            updated_ms: json::int(item, "last_updated_timestamp"),
            description: json::present(item, "description"),
            tags: json::texts(item, "tags"),
            aliases: aliases.collect(),
            versions: Vec::new(),
        };
        self.names.insert(name, model);
        for version in json::objects(item, "latest_versions").chain(json::objects(item, "versions"))
        {
            self.version(version, label);
        }
    }

    fn version(&mut self, item: &Object, label: &str) {
        let (Some(name), Some(number)) =
            (json::present(item, "name"), json::present(item, "version"))
        else {
            return self.store.reject(label, "a model version without name or number");
        };
        let mut version = Version {
            number: number.clone(),
            created_ms: json::int(item, "creation_timestamp"),
            updated_ms: json::int(item, "last_updated_timestamp"),
            description: json::present(item, "description"),
            user: json::present(item, "user_id"),
            stage: json::present(item, "current_stage"),
            source: json::present(item, "source"),
            run: json::present(item, "run_id"),
            model_id: json::present(item, "model_id"),
            status: json::present(item, "status"),
            status_message: json::present(item, "status_message"),
            run_link: json::present(item, "run_link"),
            storage: json::present(item, "storage_location"),
            tags: json::texts(item, "tags"),
            at: located(label),
        };
        version.drop_redacted();
        self.versions.insert((name, number), version);
    }

    /// `{"metrics": [...]}`, the answer to a question about one run and one key.
    fn history(&mut self, body: &Object, label: &str) {
        let mut points: BTreeMap<Option<String>, BTreeMap<String, Vec<Point>>> = BTreeMap::new();
        let of_body = json::present(body, "run_id").or_else(|| run_in_path(label));
        for metric in json::objects(body, "metrics") {
            match (json::text(metric, "key"), json::point(metric)) {
                (Some(key), Some(point)) => {
                    let run = json::present(metric, "run_id").or_else(|| of_body.clone());
                    points.entry(run).or_default().entry(key).or_default().push(point);
                }
                _ => self.store.reject(label, "a metric without key or value"),
            }
        }
        let histories = points.into_iter().map(|(run, points)| History {
            label: label.to_owned(),
            run,
            points,
        });
        self.histories.extend(histories);
    }

    /// The store that all bodies together describe.
    pub(super) fn finish(mut self) -> Store {
        for history in std::mem::take(&mut self.histories) {
            self.place(history);
        }
        for ((name, _), version) in self.versions {
            let model = self.names.entry(name).or_insert_with_key(|name| RegisteredModel {
                name: name.clone(),
                ..RegisteredModel::default()
            });
            model.versions.push(version);
        }
        self.store.experiments = self.experiments.into_values().collect();
        self.store.logged = self.logged.into_values().collect();
        self.store.registered = self.names.into_values().collect();
        self.store
    }

    /// Adds the points of a history to its run.
    fn place(&mut self, history: History) {
        for (key, points) in history.points {
            let fits = |run: &Run| match &history.run {
                Some(id) => run.id == *id,
                None => run
                    .metrics
                    .get(&key)
                    .and_then(|last| last.first())
                    .is_some_and(|last| points.contains(last)),
            };
            let mut fitting = self.store.runs.iter_mut().filter(|run| fits(run));
            match (fitting.next(), fitting.next()) {
                (Some(run), None) => run.metrics.entry(key).or_default().extend(points),
                (found, _) => {
                    let why = if found.is_some() { "several runs" } else { "no run" };
                    drop(fitting);
                    self.store.skip(
                        "points of metric histories that fit no one run",
                        points.len() as u64,
                    );
                    self.store.warnings.push(format!(
                        "{}: the history of `{key}` fits {why} that was read; put the run's id into the file's name",
                        history.label
                    ));
                }
            }
        }
    }
}

/// A run's id in a path: 32 hex digits between other characters.
fn run_in_path(label: &str) -> Option<String> {
    let mut words = label.split(|c: char| !c.is_ascii_hexdigit());
    words.find(|word| word.len() == RUN_ID_DIGITS).map(str::to_ascii_lowercase)
}

/// An experiment, in REST bodies and in exports.
pub(super) fn experiment(item: &Object, label: &str) -> Experiment {
    Experiment {
        id: json::text(item, "experiment_id").unwrap_or_default(),
        name: json::present(item, "name"),
        artifact_location: json::present(item, "artifact_location"),
        created_ms: json::int(item, "creation_time"),
        updated_ms: json::int(item, "last_update_time"),
        deleted: json::text(item, "lifecycle_stage").as_deref() == Some("deleted"),
        tags: json::texts(item, "tags"),
        at: located(label),
    }
}

/// What the `info` of a run says, in REST bodies and in exports.
pub(super) fn run_info(info: &Object, label: &str) -> Run {
    Run {
        id: json::present(info, "run_id")
            .or_else(|| json::present(info, "run_uuid"))
            .unwrap_or_default(),
        experiment: json::present(info, "experiment_id"),
        name: json::present(info, "run_name").or_else(|| json::present(info, "name")),
        status: json::present(info, "status").as_deref().map(run_status),
        user: json::present(info, "user_id"),
        started_ms: json::int(info, "start_time"),
        ended_ms: json::int(info, "end_time"),
        deleted: json::text(info, "lifecycle_stage").as_deref() == Some("deleted"),
        deleted_ms: json::int(info, "deleted_time"),
        artifact_uri: json::present(info, "artifact_uri"),
        source_name: json::present(info, "source_name"),
        source_version: json::present(info, "source_version"),
        entry_point: json::present(info, "entry_point_name"),
        at: located(label),
        ..Run::default()
    }
}

fn logged_model(item: &Object, label: &str) -> Option<LoggedModel> {
    let empty = Object::new();
    let info = json::object(item, "info")?;
    let data = json::object(item, "data").unwrap_or(&empty);
    let metrics = json::objects(data, "metrics").filter_map(|metric| {
        Some(ModelMetric {
            name: json::text(metric, "key")?,
            point: json::point(metric)?,
            run: json::present(metric, "run_id"),
            dataset: json::present(metric, "dataset_name")
                .zip(json::present(metric, "dataset_digest")),
        })
    });
    Some(LoggedModel {
        id: json::present(info, "model_id")?,
        name: json::present(info, "name"),
        artifact_uri: json::present(info, "artifact_uri"),
        created_ms: json::int(info, "creation_timestamp_ms"),
        updated_ms: json::int(info, "last_updated_timestamp_ms"),
        status: json::present(info, "status").as_deref().map(model_status),
        status_message: json::present(info, "status_message"),
        model_type: json::present(info, "model_type"),
        framework: None,
        run: json::present(info, "source_run_id"),
        deleted: json::text(info, "lifecycle_stage").as_deref() == Some("deleted"),
        params: json::texts(data, "params"),
        tags: json::texts(info, "tags"),
        metrics: metrics.collect(),
        at: located(label),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(bodies: &[(&str, &str)]) -> Store {
        let mut pages = Pages::default();
        for (label, text) in bodies {
            let serde_json::Value::Object(body) = json::parse(text.as_bytes()).unwrap() else {
                panic!("an object")
            };
            pages.take(&body, label);
        }
        pages.finish()
    }

    const RUNS: &str = r#"{"runs": [
        {"info": {"run_id": "a", "experiment_id": 1}, "data": {"metrics": [{"key": "acc", "value": 0.5, "timestamp": 9, "step": 1}]}},
        {"info": {"run_id": "b", "experiment_id": "1"}, "data": {"metrics": [{"key": "acc", "value": "NaN", "timestamp": 9, "step": 1}]}}
    ]}"#;

    #[test]
    fn a_history_goes_to_the_run_whose_last_point_it_holds() {
        let history = r#"{"metrics": [{"key": "acc", "value": 0.1, "timestamp": 8, "step": 0}, {"key": "acc", "value": 0.5, "timestamp": 9, "step": 1}]}"#;
        let store = store(&[("h.json", history), ("runs.json", RUNS)]);
        assert_eq!(store.runs[0].metrics["acc"].len(), 3);
        assert_eq!(store.runs[1].metrics["acc"].len(), 1);
        assert_eq!(store.runs[0].experiment, store.runs[1].experiment);
    }

    #[test]
    fn a_history_that_fits_no_run_is_counted_not_guessed() {
        let history = r#"{"metrics": [{"key": "acc", "value": 0.7, "timestamp": 8, "step": 0}]}"#;
        let store = store(&[("runs.json", RUNS), ("h.json", history)]);
        assert_eq!(store.skipped.values().sum::<u64>(), 1);
        assert_eq!(store.warnings.len(), 1);
    }

    #[test]
    fn a_path_may_name_the_run() {
        let id = "4eec72fbdf934e139469a2d1fea75889";
        assert_eq!(run_in_path(&format!("history/{id}_acc.json")).as_deref(), Some(id));
        assert_eq!(run_in_path("metrics_get_history_nan.json"), None);
    }

    #[test]
    fn bodies_are_known_by_their_first_member() {
        assert!(looks_like_a_body(b" {\n \"runs\": [ {"));
        assert!(!looks_like_a_body(b"{\"data\": []}") && !looks_like_a_body(b"[1]"));
        assert!(!looks_like_a_body(b"{\"model\": \"x\"}"));
    }
}
