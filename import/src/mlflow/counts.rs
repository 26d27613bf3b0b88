//! How much was read from a store.

use super::point::sort_points;
use super::store::Store;

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
    /// Counts a store, whose metric points become sets.
    pub(super) fn of(store: &mut Store) -> Counts {
        let mut counts = Counts {
            experiments: length(&store.experiments),
            experiments_deleted: number(store.experiments.iter().filter(|each| each.deleted)),
            runs: length(&store.runs),
            runs_deleted: number(store.runs.iter().filter(|run| run.deleted)),
            datasets: length(&store.datasets),
            logged_models: length(&store.logged),
            registered_models: length(&store.registered),
            traces: store.traces,
            ..Counts::default()
        };
        for run in &mut store.runs {
            counts.params += run.params.len() as u64;
            counts.run_tags += run.tags.len() as u64;
            counts.metric_keys += run.metrics.len() as u64;
            counts.inputs += length(&run.inputs);
            counts.outputs += length(&run.outputs);
            for points in run.metrics.values_mut() {
                sort_points(points);
                counts.points += length(points);
            }
        }
        for model in &store.registered {
            counts.versions += length(&model.versions);
            counts.versions_deleted += number(model.versions.iter().filter(|v| v.is_deleted()));
            counts.aliases += length(&model.aliases);
        }
        counts
    }
}

fn length<T>(items: &[T]) -> u64 {
    items.len() as u64
}

fn number(items: impl Iterator) -> u64 {
    items.count() as u64
}
