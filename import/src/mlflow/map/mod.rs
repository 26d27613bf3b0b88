//! From the model of a store to records: the one place where MLflow's words get their meaning.

mod collector;
mod dataset;
mod document;
mod experiment;
mod fields;
mod hints;
mod history;
mod logged;
mod registered;
mod rules;
mod run;

use super::store::Store;
use crate::mapping::MlflowMapping;
use crate::record::{NodeRecord, Reference};
use collector::Collector;
use std::collections::{BTreeMap, BTreeSet};

/// What the mappers of all kinds need to know.
pub(super) struct Context<'a> {
    pub(super) mapping: &'a MlflowMapping,
    /// The name of the store, which qualifies keys.
    pub(super) source: &'a str,
}

/// What became of a store.
pub(super) struct Mapped {
    pub(super) records: Vec<NodeRecord>,
    pub(super) warnings: Vec<String>,
    /// What was left out on purpose.
    pub(super) skipped: BTreeMap<&'static str, u64>,
    /// Logged models that stood in tags of runs.
    pub(super) logged_in_tags: u64,
}

/// Makes records of a whole store.
pub(super) fn map(mut store: Store, context: &Context<'_>) -> Mapped {
    let mut collector = Collector::default();
    let datasets = dataset::Datasets::new(&store.datasets);
    let listed = store.logged.len();
    let histories = history::logged_models(&mut store);
    let logged_in_tags = (store.logged.len() - listed) as u64;
    logged::repair_nan(&mut store);
    let makers = makers(&store);

    for experiment in std::mem::take(&mut store.experiments) {
        experiment::map(experiment, context, &mut collector);
    }
    datasets.map(&store.datasets, context, &mut collector);
    registered::map(&mut store, &histories, context, &mut collector);
    for model in std::mem::take(&mut store.logged) {
        logged::map(model, &makers, &datasets, context, &mut collector);
    }
    for (model, runs) in &makers {
        logged::map_maker(model, runs, &mut collector);
    }
    for run in std::mem::take(&mut store.runs) {
        document::map(&run, &mut collector, context);
        run::map(run, &datasets, &store.beside, context, &mut collector);
    }
    let (records, warnings) = collector.finish();
    Mapped { records, warnings, skipped: store.skipped, logged_in_tags }
}

/// Which runs name a logged model as their output.
fn makers(store: &Store) -> BTreeMap<String, BTreeSet<String>> {
    let mut makers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for run in &store.runs {
        for model in &run.outputs {
            makers.entry(model.clone()).or_default().insert(run.id.clone());
        }
    }
    makers
}

/// A run.
fn run_reference(id: &str) -> Reference {
    Reference::new(lineal_engine::schema::Kind::Run, vec![id.into()])
}

/// A logged model.
fn logged_reference(id: &str) -> Reference {
    Reference::new(lineal_engine::schema::Kind::Model, vec![id.into()])
}
