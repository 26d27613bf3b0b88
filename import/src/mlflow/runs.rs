//! The runs of a store, handed out part by part: those of a database may not fit in memory.

use super::error::Error;
use super::map::reads_beside;
use super::point::Point;
use super::sqlite::SpilledRuns;
use super::store::{Run, escapes};
use crate::mapping::MlflowMapping;

/// Runs of a part that are held in memory anyhow.
const HELD_AT_ONCE: usize = 1_024;

/// How much of each run is wanted.
pub(super) enum Wanted<'a> {
    /// What nodes beside the runs are made of; no points.
    Beside(&'a MlflowMapping),
    /// Everything.
    All,
}

impl Wanted<'_> {
    /// Is a tag, or else a parameter, of that name wanted?
    pub(super) fn takes(&self, is_tag: bool, name: &str) -> bool {
        match self {
            Wanted::Beside(mapping) => {
                // What is unsound is to be told of.
                mapping.reads_of_runs(is_tag, name) || is_tag && reads_beside(name) || escapes(name)
            }
            Wanted::All => true,
        }
    }
}

/// All runs of a store.
pub(super) enum Runs {
    /// In memory, in the order of their ids.
    Held(Vec<Run>),
    /// Laid aside.
    Spilled(Box<SpilledRuns>),
}

impl Runs {
    /// Runs that are held, or those of a database.
    pub(super) fn new(mut held: Vec<Run>, spilled: Option<SpilledRuns>) -> Runs {
        held.sort_by(|a, b| a.id.cmp(&b.id));
        spilled.map_or(Runs::Held(held), |spilled| Runs::Spilled(Box::new(spilled)))
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> usize {
        match self {
            Runs::Held(runs) => runs.len().div_ceil(HELD_AT_ONCE),
            Runs::Spilled(runs) => runs.parts(),
        }
    }

    /// The runs of a part, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Io`] where what was laid aside cannot be read.
    pub(super) fn part(&self, part: usize, wanted: &Wanted<'_>) -> Result<Vec<Run>, Error> {
        match self {
            Runs::Held(runs) => {
                Ok(runs.chunks(HELD_AT_ONCE).nth(part).unwrap_or_default().to_vec())
            }
            Runs::Spilled(runs) => runs.part(part, wanted),
        }
    }

    /// Does a run say that a point is no number?
    pub(super) fn is_nan(&self, run: &str, name: &str, point: &Point) -> bool {
        match self {
            Runs::Held(runs) => {
                let at = runs.partition_point(|held| *held.id < *run);
                let of_run = runs[at..].iter().take_while(|held| held.id == run);
                let mut points = of_run.filter_map(|held| held.metrics.get(name)).flatten();
                points.any(|held| {
                    (held.step, held.time_ms) == (point.step, point.time_ms) && held.value.is_nan()
                })
            }
            Runs::Spilled(runs) => runs.is_nan(run, name, point),
        }
    }
}
