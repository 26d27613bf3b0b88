//! From the model of a store to records: the one place where MLflow's words get their meaning.
//!
//! Runs are looked at twice. The first look makes everything but the runs' own records: what many
//! runs say of one node must come together, and is written before the runs that point at it. The
//! second makes the runs, part by part, while the parts before are recorded.

mod collector;
mod dataset;
mod document;
mod experiment;
mod fields;
mod hints;
mod history;
mod logged;
mod packed;
mod registered;
mod rules;
mod run;
mod runs_on_disk;

pub(super) use collector::Gathered;
pub(super) use dataset::Datasets as MappedDatasets;
pub(super) use run::reads_beside;

use super::error::Error;
use super::runs::{Runs, Wanted};
use super::sound;
use super::source_name::newest_of_run;
use super::store::{LoggedModel, Run, Store};
use crate::mapping::MlflowMapping;
use crate::record::{NodeRecord, Reference, Reject};
use collector::Collector;
use dataset::Datasets;
use history::Histories;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that are looked at side by side.
const PARTS_AT_ONCE: usize = 8;

/// What the mappers of all kinds need to know.
pub(super) struct Context<'a> {
    pub(super) mapping: &'a MlflowMapping,
    /// The name of the store, which qualifies keys.
    pub(super) source: &'a str,
}

/// What became of a store, but for its runs.
pub(super) struct Mapped {
    /// Everything beside the runs.
    pub(super) gathered: Gathered,
    pub(super) datasets: Datasets,
    /// What was left out on purpose.
    pub(super) skipped: BTreeMap<&'static str, u64>,
    /// Logged models that stood in tags of runs.
    pub(super) logged_in_tags: u64,
    /// The newest time that a run says, in ms.
    pub(super) newest_ms: Option<i64>,
    /// What is unsound in runs.
    pub(super) rejects: Vec<Reject>,
    pub(super) warnings: Vec<String>,
}

/// What a first look at some runs finds.
#[derive(Default)]
struct Look {
    collector: Collector,
    logged: Vec<LoggedModel>,
    histories: Histories,
    /// Which runs name a logged model as their output.
    makers: BTreeMap<String, BTreeSet<String>>,
    newest_ms: Option<i64>,
    rejects: Vec<Reject>,
    warnings: Vec<String>,
}

impl Look {
    fn at(runs: Vec<Run>, datasets: &Datasets, beside: &[String], context: &Context<'_>) -> Look {
        let mut look = Look::default();
        for mut run in runs {
            if !sound::drop_unsound_of_run(&mut run, &mut look.rejects) {
                continue;
            }
            look.newest_ms = look.newest_ms.max(newest_of_run(&run));
            for model in &run.outputs {
                look.makers.entry(model.clone()).or_default().insert(run.id.clone());
            }
            let logged = history::take(&mut run, &mut look.histories);
            match logged {
                Ok(models) => look.logged.extend(models),
                Err(warning) => look.warnings.push(warning),
            }
            document::map(&run, &mut look.collector, context);
            // Its own record comes with the second look.
            run::map(run, datasets, beside, context, &mut look.collector);
        }
        look
    }

    fn absorb(&mut self, other: Look) {
        self.collector.absorb(other.collector);
        self.logged.extend(other.logged);
        self.histories.absorb(other.histories);
        for (model, runs) in other.makers {
            self.makers.entry(model).or_default().extend(runs);
        }
        self.newest_ms = self.newest_ms.max(other.newest_ms);
        self.rejects.extend(other.rejects);
        self.warnings.extend(other.warnings);
    }
}

/// Makes the records of everything but the runs.
///
/// # Errors
/// [`Error::Io`] where runs that were laid aside cannot be read.
pub(super) fn map(
    mut store: Store,
    runs: &Runs,
    beside: &[String],
    context: &Context<'_>,
) -> Result<Mapped, Error> {
    let mut datasets = Datasets::new(&store.datasets).map_err(laid_aside)?;
    let mut look = Look::default();
    let parts: Vec<usize> = (0..runs.parts()).collect();
    for parts in parts.chunks(PARTS_AT_ONCE) {
        let looks = parts.par_iter().map(|part| {
            let runs = runs.part(*part, &Wanted::Beside(context.mapping))?;
            Ok(Look::at(runs, &datasets, beside, context))
        });
        let looks = looks.collect::<Result<Vec<Look>, Error>>()?;
        looks.into_iter().for_each(|each| look.absorb(each));
    }
    let Look { mut collector, logged, histories, makers, newest_ms, mut rejects, warnings } = look;
    rejects.extend(sound::unsound_metrics(runs));
    let logged_in_tags = logged.len() as u64;
    store.logged.extend(logged);
    logged::repair_nan(&mut store.logged, runs);

    for experiment in std::mem::take(&mut store.experiments) {
        experiment::map(experiment, context, &mut collector);
    }
    let listed = std::mem::take(&mut store.datasets);
    datasets.map(&listed, context, &mut collector).map_err(laid_aside)?;
    drop(listed);
    registered::map(&mut store, &histories, context, &mut collector);
    for model in std::mem::take(&mut store.logged) {
        logged::map(model, &makers, &datasets, context, &mut collector);
    }
    for (model, runs) in &makers {
        logged::map_maker(model, runs, &mut collector);
    }
    datasets.forget_digests();
    let gathered = collector.finish().map_err(laid_aside)?;
    let skipped = store.skipped;
    Ok(Mapped { gathered, datasets, skipped, logged_in_tags, newest_ms, rejects, warnings })
}

/// Why what was laid aside in a temporary file cannot be read.
pub(super) fn laid_aside(source: std::io::Error) -> Error {
    Error::Io { path: std::env::temp_dir(), source }
}

/// Makes the record of a run, and nothing beside it.
pub(super) fn map_run(
    mut run: Run,
    datasets: &Datasets,
    beside: &[String],
    context: &Context<'_>,
) -> NodeRecord {
    // What is wrong was said at the first look.
    let _ = history::take(&mut run, &mut Histories::default());
    run::map(run, datasets, beside, context, &mut Collector::deaf())
}

/// A run.
fn run_reference(id: &str) -> Reference {
    Reference::new(lineal_engine::schema::Kind::Run, vec![id.into()])
}

/// A logged model.
fn logged_reference(id: &str) -> Reference {
    Reference::new(lineal_engine::schema::Kind::Model, vec![id.into()])
}
