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
    let mut digests = Digests(HashMap::new());
    let mut offences = Vec::new();
    for model in models.iter() {
        asker.go_on()?;
        let (view, sees) = (asker.snapshot(), |node: &NodeNo| asker.part.sees(*node));
        let made = Made::of(view, *model);
        let tests = made.tests(view, &sees);
        if tests.is_empty() {
            continue;
        }
        let trained = made.runs.iter().flat_map(|run| forward(view, *run, Relation::TrainedOn));
        let trained: BTreeSet<NodeNo> = trained.filter(sees).collect();
        let mut by_digest: HashMap<String, Vec<NodeNo>> = HashMap::new();
        for data in &trained {
            if let Some((digest, _)) = digests.of(view, *data)? {
                by_digest.entry(digest).or_default().push(*data);
            }
        }
        for (data, by) in tests {
            let Some((digest, kind)) = digests.of(view, data)? else { continue };
            for other in by_digest.get(&digest).into_iter().flatten() {
                let (_, other_kind) = digests.of(view, *other)?.unwrap_or_default();
                let is_other = matches!((&kind, &other_kind), (Some(one), Some(two)) if one != two);
                if !is_other {
                    let [a, b, by] = [*other, data, by].map(|node| asker.name(node));
                    let say =
                        format!("it was trained on {a} and tested on {b} by {by}: one digest");
                    offences.push(Offence::said(*model, say).with("a", a).with("b", b));
                }
            }
        }
    }
    Ok(offences)
}

/// A model with what it was registered from, and the runs that produced these.
struct Made {
    models: BTreeSet<NodeNo>,
    runs: BTreeSet<NodeNo>,
}

impl Made {
    fn of(view: &Snapshot, model: NodeNo) -> Made {
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

fn forward(view: &Snapshot, node: NodeNo, relation: Relation) -> impl Iterator<Item = NodeNo> + '_ {
    view.edges(node, relation, Direction::Forward).iter().copied()
}

/// Digests of data sets, each read once.
struct Digests(HashMap<NodeNo, Option<Digest>>);

impl Digests {
    fn of(&mut self, view: &Snapshot, data: NodeNo) -> Result<Option<Digest>, Error> {
        if let Some(known) = self.0.get(&data) {
            return Ok(known.clone());
        }
        let text = |field: &str| -> Result<Option<String>, Error> {
            let value = view.field(data, field)?;
            Ok(value.as_ref().and_then(Value::as_text).map(str::to_owned))
        };
        let read = match text("digest")? {
            Some(digest) => Some((digest, text("digest_kind")?)),
            None => None,
        };
        self.0.insert(data, read.clone());
        Ok(read)
    }
}
