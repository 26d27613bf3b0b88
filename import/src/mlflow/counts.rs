//! How much was read from a store.

use super::point::sort_points;
use super::store::{Run, Store, Version};

/// What a store holds, as read: before anything is merged, mapped or left out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Experiments, deleted ones included.
    pub experiments: u64,
    /// Deleted experiments.
    pub experiments_deleted: u64,
    /// Runs, deleted ones included.
    pub runs: u64,
    /// Deleted runs.
    pub runs_deleted: u64,
    /// Parameters of runs.
    pub params: u64,
    /// Tags of runs.
    pub run_tags: u64,
    /// Metrics of runs: (run, name).
    pub metric_keys: u64,
    /// Distinct points of those metrics.
    pub points: u64,
    /// Rows of datasets: one for each experiment that lists it.
    pub datasets: u64,
    /// Datasets that went into runs: (run, dataset).
    pub inputs: u64,
    /// Logged models that runs name as their output.
    pub outputs: u64,
    /// Logged models that the store lists: none before MLflow 3.
    pub logged_models: u64,
    /// Logged models that stand in a tag of the run that made them, as before MLflow 3.
    pub logged_in_tags: u64,
    /// Registered names, empty ones and prompts included.
    pub registered_models: u64,
    /// Versions of registered names, deleted ones and prompts included.
    pub versions: u64,
    /// Deleted versions.
    pub versions_deleted: u64,
    /// Aliases.
    pub aliases: u64,
    /// Traces.
    pub traces: u64,
}

impl Counts {
    /// Counts a store without its runs.
    pub(super) fn of(store: &Store) -> Counts {
        let mut counts = Counts {
            experiments: length(&store.experiments),
            experiments_deleted: number(store.experiments.iter().filter(|each| each.deleted)),
            datasets: store.datasets.len() as u64,
            logged_models: length(&store.logged),
            registered_models: length(&store.registered),
            traces: store.traces,
            ..Counts::default()
        };
        for model in &store.registered {
            counts.versions += model.versions.len() as u64;
            counts.versions_deleted += number(model.versions.iter().filter(Version::is_deleted));
            counts.aliases += length(&model.aliases);
        }
        counts
    }

    /// Counts a run, whose metric points become sets.
    pub(super) fn add_run(&mut self, run: &mut Run) {
        self.runs += 1;
        self.runs_deleted += u64::from(run.deleted);
        self.params += run.params.len() as u64;
        self.run_tags += run.tags.len() as u64;
        self.metric_keys += run.metrics.len() as u64;
        self.inputs += length(&run.inputs);
        self.outputs += length(&run.outputs);
        for points in run.metrics.values_mut() {
            sort_points(points);
            self.points += length(points);
        }
    }

    /// Adds what was counted of other runs.
    pub(super) fn add(&mut self, runs: &Counts) {
        self.runs += runs.runs;
        self.runs_deleted += runs.runs_deleted;
        self.params += runs.params;
        self.run_tags += runs.run_tags;
        self.metric_keys += runs.metric_keys;
        self.inputs += runs.inputs;
        self.outputs += runs.outputs;
        self.points += runs.points;
    }
}

fn length<T>(items: &[T]) -> u64 {
    items.len() as u64
}

fn number(items: impl Iterator) -> u64 {
    items.count() as u64
}
