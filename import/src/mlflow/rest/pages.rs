//! What all bodies together say.

use super::LISTS;
use super::following::{Following, TOKEN};
use super::history::History;
use super::items;
use crate::mlflow::json::{self, Object};
use crate::mlflow::store::{
    Dataset, Experiment, Input, LoggedModel, RegisteredModel, Store, Version,
};
use crate::mlflow::versions::Versions;
use std::collections::{BTreeMap, HashMap};

/// What the bodies read so far say. Pages may overlap: the later file replaces the earlier.
#[derive(Default)]
pub(in crate::mlflow) struct Pages {
    pub(super) store: Store,
    any: bool,
    /// Places in the list of runs, by id.
    pub(super) runs: HashMap<String, usize>,
    experiments: BTreeMap<String, Experiment>,
    logged: BTreeMap<String, LoggedModel>,
    names: BTreeMap<String, RegisteredModel>,
    versions: BTreeMap<(String, String), Version>,
    /// What each version itself says that it is called.
    aliases: BTreeMap<(String, String), Vec<String>>,
    /// Places in the list of datasets, by experiment.
    datasets: HashMap<(Option<String>, Dataset), usize>,
    pub(super) histories: Vec<History>,
    following: Following,
}

impl Pages {
    /// Was there any body?
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// Takes in one body.
    pub(super) fn take(&mut self, body: &Object, label: &str) {
        let items = |list: &str, single: &str| -> Vec<&Object> {
            json::objects(body, list).chain(json::object(body, single)).collect()
        };
        let known = LISTS.iter().any(|name| body.contains_key(*name));
        if !known {
            if body.is_empty() {
                self.following.end();
            } else if body.keys().any(|key| key != TOKEN) {
                self.store.reject(label, "no body of the API that is known here");
            }
            return;
        }
        self.any = true;
        self.following.take(body, LISTS, label);
        for item in items("experiments", "experiment") {
            let experiment = items::experiment(item, label);
            self.experiments.insert(experiment.id.clone(), experiment);
        }
        for item in items("runs", "run") {
            self.run(item, label);
        }
        for item in items("models", "model") {
            if let Some(model) = items::logged_model(item, label, &mut self.store) {
                self.logged.insert(model.id.clone(), model);
            }
        }
        for item in items("registered_models", "registered_model") {
            self.registered(item, label);
        }
        for item in items("model_versions", "model_version") {
            self.version(item, label, true);
        }
        self.history(body, label);
    }

    fn run(&mut self, item: &Object, label: &str) {
        let empty = Object::new();
        let info = json::object(item, "info").unwrap_or(&empty);
        let data = json::object(item, "data").unwrap_or(&empty);
        let mut run = items::run_info(info, label);
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
            name: json::text(item, "name").unwrap_or_default(),
            digest: json::text(item, "digest").unwrap_or_default(),
            source_type: json::present(item, "source_type"),
            source: json::present(item, "source"),
            schema: json::present(item, "schema"),
            profile: json::present(item, "profile"),
            at_file: String::new(),
        };
        let list = &mut self.store.datasets;
        *self
            .datasets
            .entry((experiment, dataset.clone()))
            .or_insert_with(|| list.add(&Dataset { at_file: label.to_owned(), ..dataset }))
    }

    /// A registered name. `latest_versions` lists the newest of each stage only, but all versions
    /// in an export.
    pub(in crate::mlflow) fn registered(&mut self, item: &Object, label: &str) {
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
            versions: Versions::default(),
        };
        self.names.insert(name, model);
        for version in json::objects(item, "versions") {
            self.version(version, label, true);
        }
        // Copies: the list of versions itself says it better.
        for version in json::objects(item, "latest_versions") {
            self.version(version, label, false);
        }
    }

    fn version(&mut self, item: &Object, label: &str, replace: bool) {
        let (Some(name), Some(number)) =
            (json::present(item, "name"), json::present(item, "version"))
        else {
            return self.store.reject(label, "a model version without name or number");
        };
        let version = items::version(item, &number, label);
        let key = (name, number);
        if replace || !self.versions.contains_key(&key) {
            self.aliases.insert(key.clone(), items::aliases(item));
            self.versions.insert(key, version);
        }
    }

    /// The store that all bodies together describe.
    pub(in crate::mlflow) fn finish(mut self) -> Store {
        self.place_histories();
        self.store.warnings.extend(self.following.notes());
        for (key, version) in self.versions {
            let own = self.aliases.remove(&key).unwrap_or_default();
            let (name, number) = key;
            let model = self.names.entry(name).or_insert_with_key(|name| RegisteredModel {
                name: name.clone(),
                ..RegisteredModel::default()
            });
            model.versions.push(&version);
            add_aliases(model, &number, own);
        }
        self.store.experiments = self.experiments.into_values().collect();
        self.store.logged = self.logged.into_values().collect();
        self.store.registered = self.names.into_values().collect();
        self.store
    }
}

/// Adds what a version says that it is called. Where the name itself says which version an alias means,
/// that goes before: of a page that is older the alias may have moved.
fn add_aliases(model: &mut RegisteredModel, number: &str, own: Vec<String>) {
    for alias in own {
        if !model.aliases.iter().any(|(known, _)| *known == alias) {
            model.aliases.push((alias, number.to_owned()));
        }
    }
}
