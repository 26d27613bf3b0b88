//! Data sets, runs, model versions and deployments, in the distributions of the comparison's world,
//! but so that it can go on growing: a stretch adds to what is there.
//!
//! The rules are those of the harness's generator: families of data sets reused by Zipf's law, chains
//! of versions that start afresh after twelve, one to four parents, a quarter of the model versions
//! tuned from an earlier one.

mod datasets;

pub(crate) use datasets::KINDS;

use std::collections::BTreeMap;

use crate::calendar::{DAY, Stretch};
use crate::chance::{Chance, Stream, Weighted};
use datasets::{Dataset, Families};

/// A training run.
pub(crate) struct Run {
    pub(crate) model: usize,
    pub(crate) user: usize,
    /// Milliseconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Data sets and what they were used for.
    pub(crate) inputs: Vec<(usize, &'static str)>,
    /// Is it high risk?
    pub(crate) high_risk: bool,
    /// Who approved it.
    pub(crate) approver: Option<usize>,
    pub(crate) assessed: bool,
}

/// A version of a registered model.
pub(crate) struct Version {
    pub(crate) model: usize,
    pub(crate) number: u32,
    pub(crate) run: usize,
    /// The version that it was tuned from.
    pub(crate) parent: Option<usize>,
}

/// A version in use.
pub(crate) struct Deployment {
    pub(crate) version: usize,
    pub(crate) canary: bool,
    /// Milliseconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// How much of the traffic it gets, beside others.
    weight: f64,
}

/// The registry so far.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) seed: u64,
    /// Until when it is known what became of things, milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) runs: Vec<Run>,
    pub(crate) versions: Vec<Version>,
    pub(crate) deployments: Vec<Deployment>,
    /// The system of each model.
    systems: Vec<usize>,
    /// The three families of features that a model is usually trained on.
    homes: Vec<[usize; 3]>,
    families: Families,
    /// The newest version of a model, and its number.
    newest: BTreeMap<usize, (usize, u32)>,
}

/// What the inputs of a run are used for, in their order.
const ROLES: [&str; 6] = ["training", "validation", "test", "training", "training", "training"];
/// People who start runs.
const USERS: usize = 200;
/// People who approve them.
const APPROVERS: usize = 40;

impl Graph {
    pub(crate) fn new(seed: u64) -> Graph {
        Graph { seed, ..Graph::default() }
    }

    /// The system of a model.
    pub(crate) fn system(&self, model: usize) -> usize {
        self.systems.get(model).copied().unwrap_or(0)
    }

    /// Adds what a stretch brings.
    pub(crate) fn grow(&mut self, stretch: &Stretch) {
        let mut chance = Chance::new(self.seed, Stream::Graph, stretch.runs as u64);
        let datasets = stretch.runs + stretch.runs / 2;
        let drawn = datasets::grow(self, &mut chance, datasets, (stretch.from, stretch.to));
        let models = (stretch.runs / 20).max(10);
        // 20 systems at size S, 100 at M, 200 at L.
        let systems = (stretch.runs / 5).isqrt().max(1);
        while self.systems.len() < models {
            self.systems.push(chance.index(systems));
            self.homes.push(std::array::from_fn(|_| drawn[2].draw(&mut chance)));
        }
        let of_models = Weighted::zipf(models, 0.9);
        let first = self.runs.len();
        let mut starts: Vec<i64> = (first..stretch.runs)
            .map(|_| stretch.from + chance.millis(stretch.to - stretch.from))
            .collect();
        starts.sort_unstable();
        for start in starts {
            let model = of_models.draw(&mut chance);
            let run = self.run(&mut chance, &drawn, model, start);
            self.runs.push(run);
        }
        let older = self.deployments.len();
        for run in first..self.runs.len() {
            if chance.happens(0.6) {
                self.register(&mut chance, &of_models, run);
            }
        }
        self.weigh(&mut chance, older);
        self.now = stretch.to;
    }

    fn run(&self, chance: &mut Chance, drawn: &[Weighted; 3], model: usize, start: i64) -> Run {
        let mut inputs: Vec<(usize, &'static str)> = Vec::new();
        for _ in 0..=chance.index(6) {
            let (kind, family) = match chance.fraction() {
                x if x < 0.5 => (2, self.homes[model][chance.index(3)]),
                x if x < 0.7 => (2, drawn[2].draw(chance)),
                x if x < 0.95 => (1, drawn[1].draw(chance)),
                _ => (0, drawn[0].draw(chance)),
            };
            let known = self.families.known_at(&self.datasets, kind, family, start);
            if let Some(dataset) =
                known.filter(|known| inputs.iter().all(|(used, _)| used != known))
            {
                inputs.push((dataset, ROLES[inputs.len()]));
            }
        }
        if inputs.is_empty() {
            inputs.push((0, ROLES[0]));
        }
        Run {
            model,
            user: chance.index(USERS),
            start,
            end: start + 60_000 + chance.millis(DAY / 4 - 60_000),
            inputs,
            high_risk: chance.happens(0.6),
            approver: chance.happens(0.92).then(|| chance.index(APPROVERS)),
            assessed: chance.happens(0.9),
        }
    }

    /// A model version of a run, and its deployments.
    fn register(&mut self, chance: &mut Chance, of_models: &Weighted, run: usize) {
        let (model, created) = (self.runs[run].model, self.runs[run].end);
        let parent = chance.happens(0.25).then(|| {
            let tuned = if chance.happens(0.7) { model } else { of_models.draw(chance) };
            self.newest.get(&tuned).map(|(version, _)| *version)
        });
        let number = self.newest.get(&model).map_or(1, |(_, number)| number + 1);
        let version = self.versions.len();
        self.newest.insert(model, (version, number));
        self.versions.push(Version { model, number, run, parent: parent.flatten() });
        let deployed = match chance.fraction() {
            x if x < 0.5 => 0,
            x if x < 0.85 => 1,
            _ => 2,
        };
        for _ in 0..deployed {
            let start = created + DAY + chance.millis(13 * DAY);
            let end = start + DAY + span(60.0 * chance.exponential());
            let canary = chance.happens(0.3);
            self.deployments.push(Deployment { version, canary, start, end, weight: 0.0 });
        }
    }

    /// Few deployments of a stretch get most of the traffic.
    #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^52")]
    fn weigh(&mut self, chance: &mut Chance, older: usize) {
        let new = &mut self.deployments[older..];
        let many = new.len();
        for deployment in new {
            deployment.weight = ((1 + chance.index(many)) as f64).powf(-0.7);
        }
    }

    /// The deployments that are in use all of a day, to draw from by their traffic. On a day without
    /// any, all of them.
    pub(crate) fn in_use(&self, day: i64) -> (Vec<usize>, Weighted) {
        let lives = |at: &usize| {
            let deployment = &self.deployments[*at];
            deployment.start <= day && deployment.end >= day + DAY
        };
        let mut found: Vec<usize> = (0..self.deployments.len()).filter(lives).collect();
        if found.is_empty() {
            found = (0..self.deployments.len()).collect();
        }
        let weights = Weighted::new(found.iter().map(|at| self.deployments[*at].weight));
        (found, weights)
    }
}

/// Days as milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "some years at most")]
#[expect(clippy::cast_precision_loss, reason = "a day is far below 2^52")]
fn span(days: f64) -> i64 {
    (days * DAY as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::calendar::stretches;

    /// Ancestors among data sets, model versions and runs of a version.
    fn closure(graph: &Graph, version: usize) -> usize {
        let (mut versions, mut seen) = (vec![version], std::collections::BTreeSet::new());
        let mut size = 0;
        while let Some(at) = versions.pop() {
            size += 2;
            versions.extend(graph.versions[at].parent);
            let run = &graph.runs[graph.versions[at].run];
            let mut todo: Vec<usize> = run.inputs.iter().map(|(dataset, _)| *dataset).collect();
            while let Some(dataset) = todo.pop() {
                if seen.insert(dataset) {
                    todo.extend(&graph.datasets[dataset].parents);
                }
            }
        }
        size + seen.len()
    }

    /// The harness's generator at size S, seed 1: 3,000 data sets with 5,852 parents, 5,630 inputs of
    /// 2,000 runs, 1,226 versions, 790 deployments, closures of 56 nodes.
    #[test]
    fn the_first_stretch_has_the_shape_of_size_s() {
        let mut graph = Graph::new(1);
        graph.grow(&stretches(200_000, 1_000_000)[0]);
        let near = |found: usize, wanted: usize| {
            assert!(found.abs_diff(wanted) * 100 < wanted * 8, "{found}, not about {wanted}");
        };
        assert_eq!((graph.datasets.len(), graph.runs.len()), (3_000, 2_000));
        near(graph.datasets.iter().map(|dataset| dataset.parents.len()).sum(), 5_852);
        near(graph.runs.iter().map(|run| run.inputs.len()).sum(), 5_630);
        near(graph.versions.len(), 1_226);
        near(graph.deployments.len(), 790);
        let later = graph.versions.len() / 4..graph.versions.len();
        let (many, all) =
            later.fold((0, 0), |(many, all), at| (many + 1, all + closure(&graph, at)));
        assert!((40..80).contains(&(all / many)), "closures of {} nodes", all / many);
    }

    #[test]
    fn nothing_is_used_before_it_is_there_and_growth_changes_nothing_old() {
        let stretches = stretches(5_000_000, 1_000_000);
        let mut graph = Graph::new(1);
        graph.grow(&stretches[0]);
        let old: Vec<Vec<usize>> =
            graph.datasets.iter().map(|dataset| dataset.parents.clone()).collect();
        graph.grow(&stretches[1]);
        assert_eq!(graph.runs.len(), 50_000);
        assert!(old.iter().zip(&graph.datasets).all(|(old, new)| *old == new.parents));
        for (at, dataset) in graph.datasets.iter().enumerate() {
            assert!(dataset.parents.iter().all(|parent| *parent < at));
        }
        for version in &graph.versions {
            let run = &graph.runs[version.run];
            let used = run.inputs.iter().map(|(dataset, _)| graph.datasets[*dataset].time);
            assert!(used.max().is_some_and(|time| time <= run.start || run.inputs.len() == 1));
        }
        for day in stretches.iter().flat_map(|stretch| &stretch.days) {
            let (in_use, _) = graph.in_use(day.start);
            assert!(in_use.len() > 100, "{} on day {}", in_use.len(), day.number);
        }
    }
}
