//! Models that were tested on what they were trained on, by digest: under another name the data is the same. What a
//! run trained and tested on itself a question of the language finds; here are evaluations, and runs that only used
//! the model.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;

/// Registrations between a version and the logged model behind it: a handful, and a cycle of claims must end too.
const STEPS_MAX: usize = 1_000;

/// A digest, and how it was made where that is recorded.
type Digest = (String, Option<String>);

/// Each test on data of which a digest is one of the training data, of the models that are asked about.
pub(super) fn tested_on_training(asker: &mut Asker<'_>) -> Result<Vec<Offence>, Error> {
    let models = asker.members("models")?;
    let mut digests = Digests::new();
    let mut offences = Vec::new();
    for model in models.iter() {
        asker.go_on()?;
        let (view, sees) = (asker.snapshot(), |node: &NodeNo| asker.part.sees(*node));
        let made = Made::of(view, *model);
        let tests = made.tests(view, &sees);
        if tests.is_empty() {
            continue;
        }
        let training = Training::of(view, &made, &sees, &mut digests)?;
        for (data, by) in tests {
            for other in training.same_digest(view, data, &mut digests)? {
                let [a, b, by] = [other, data, by].map(|node| asker.name(node));
                let say = format!("it was trained on {a} and tested on {b} by {by}: one digest");
                offences.push(Offence::said(*model, say).with("a", a).with("b", b));
            }
        }
    }
    Ok(offences)
}

/// A model with what it was registered from, and the runs that produced these.
pub(super) struct Made {
    models: BTreeSet<NodeNo>,
    runs: BTreeSet<NodeNo>,
}

impl Made {
    pub(super) fn of(view: &Snapshot, model: NodeNo) -> Made {
        let (mut models, mut ahead) = (BTreeSet::from([model]), vec![model]);
        while let Some(model) = ahead.pop() {
            for from in forward(view, model, Relation::RegisteredFrom) {
                if models.len() < STEPS_MAX && models.insert(from) {
                    ahead.push(from);
                }
            }
        }
        let runs = models.iter().flat_map(|model| forward(view, *model, Relation::ProducedBy));
        let runs = runs.filter(|node| view.kind_of(*node) == Kind::Run).collect();
        Made { models, runs }
    }

    /// The model, and what it was registered from.
    pub(super) fn models(&self) -> impl Iterator<Item = NodeNo> + '_ {
        self.models.iter().copied()
    }

    /// Data that these were tested on by others than the runs that produced them, and by what.
    fn tests(&self, view: &Snapshot, sees: &dyn Fn(&NodeNo) -> bool) -> BTreeMap<NodeNo, NodeNo> {
        let mut tests = BTreeMap::new();
        for model in &self.models {
            for (relation, kind) in
                [(Relation::Evaluates, Kind::Evaluation), (Relation::Used, Kind::Run)]
            {
                let by = view.edges(*model, relation, Direction::Inverse).iter();
                let by = by.filter(|by| view.kind_of(**by) == kind && !self.runs.contains(*by));
                for by in by.filter(|by| sees(by)) {
                    for data in forward(view, *by, Relation::TestedOn).filter(|data| sees(data)) {
                        // The first that did: several tests on one data set are one finding.
                        let first = tests.entry(data).or_insert(*by);
                        *first = (*first).min(*by);
                    }
                }
            }
        }
        tests
    }
}

/// The data that a model was trained on.
pub(super) struct Training {
    nodes: BTreeSet<NodeNo>,
    by_digest: HashMap<String, Vec<NodeNo>>,
}

impl Training {
    pub(super) fn of(
        view: &Snapshot,
        made: &Made,
        sees: &dyn Fn(&NodeNo) -> bool,
        digests: &mut Digests,
    ) -> Result<Training, Error> {
        let nodes = made.runs.iter().flat_map(|run| forward(view, *run, Relation::TrainedOn));
        let nodes: BTreeSet<NodeNo> = nodes.filter(|data| sees(data)).collect();
        let mut by_digest: HashMap<String, Vec<NodeNo>> = HashMap::new();
        for data in &nodes {
            if let Some((digest, _)) = digests.of(view, *data)? {
                by_digest.entry(digest).or_default().push(*data);
            }
        }
        Ok(Training { nodes, by_digest })
    }

    /// Is a data set among it, under this or another name?
    pub(super) fn has(
        &self,
        view: &Snapshot,
        data: NodeNo,
        digests: &mut Digests,
    ) -> Result<bool, Error> {
        Ok(self.nodes.contains(&data) || !self.same_digest(view, data, digests)?.is_empty())
    }

    /// Those of it that have the digest of a data set, but such as are recorded to have theirs made in another way.
    fn same_digest(
        &self,
        view: &Snapshot,
        data: NodeNo,
        digests: &mut Digests,
    ) -> Result<Vec<NodeNo>, Error> {
        let Some((digest, kind)) = digests.of(view, data)? else { return Ok(Vec::new()) };
        let mut same = Vec::new();
        for other in self.by_digest.get(&digest).into_iter().flatten() {
            let (_, other_kind) = digests.of(view, *other)?.unwrap_or_default();
            if !matches!((&kind, &other_kind), (Some(one), Some(two)) if one != two) {
                same.push(*other);
            }
        }
        Ok(same)
    }
}

pub(super) fn forward(
    view: &Snapshot,
    node: NodeNo,
    relation: Relation,
) -> impl Iterator<Item = NodeNo> + '_ {
    view.edges(node, relation, Direction::Forward).iter().copied()
}

/// Digests of data sets, each read once.
pub(super) struct Digests(HashMap<NodeNo, Option<Digest>>);

impl Digests {
    pub(super) fn new() -> Digests {
        Digests(HashMap::new())
    }

    fn of(&mut self, view: &Snapshot, data: NodeNo) -> Result<Option<Digest>, Error> {
        if let Some(known) = self.0.get(&data) {
            return Ok(known.clone());
        }
        let text = |field: &str| -> Result<Option<String>, Error> {
            let value = view.field(data, field)?;
            Ok(value.as_ref().and_then(Value::as_text).map(str::to_owned))
        };
        // A source that gives none may leave it empty in the key.
        let read = match text("digest")?.filter(|digest| !digest.is_empty()) {
            Some(digest) => Some((digest, text("digest_kind")?)),
            None => None,
        };
        self.0.insert(data, read.clone());
        Ok(read)
    }
}
