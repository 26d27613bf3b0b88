//! How far an incident reaches: other deployments of the same model versions, and what else came of
//! the data sets that these were trained on.

use super::{Concerned, KIND};
use crate::Error;
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::thousands;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_query::{Parameters, Value};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Data sets that are followed downstream; a model that more went into is told of as cut.
const DATASETS_MAX: usize = 200;

/// The training data of a model version.
const TRAINING: &str = "find dataset upstream via training of $node";
/// What came of a data set.
const DOWNSTREAM: &str = "find deployment downstream of $node";
/// What came of a data set, the versions.
const VERSIONS: &str = "find model downstream of $node";

pub(super) fn section(facts: &Facts<'_>, concerned: &Concerned) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "radius")?;
    let (mut datasets, mut direct, mut gaps) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    direct.extend(concerned.datasets.iter().copied());
    for model in &concerned.models {
        let (found, doubts) =
            nodes(facts, TRAINING, *model, "which data a version was trained on")?;
        if found.is_empty() {
            let words = ": no training data of it are recorded";
            let say = Sentence::new().node(facts.at(*model)).text(words);
            let fix = "lineal declare node RUN --edge trained_on=DATASET --by WHO";
            gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        }
        datasets.extend(found);
        direct.extend(trained_on(facts, *model));
        gaps.extend(doubts);
    }
    datasets.retain(|dataset| !direct.contains(dataset));
    // What was trained on comes first: the further upstream, the more things share it.
    let all = direct.len() + datasets.len();
    let followed: Vec<NodeNo> =
        direct.iter().chain(&datasets).copied().take(DATASETS_MAX).collect();
    if followed.len() < all {
        let say = format!("{all} data sets are concerned, {DATASETS_MAX} are followed");
        gaps.push(Gap::new(Lack::CannotTell, say));
    }
    let mut reached: BTreeMap<NodeNo, BTreeSet<NodeNo>> = BTreeMap::new();
    let heads = ["data set", "how near", "#model versions", "#deployments"];
    let mut table = Table::new("Data sets behind the versions, and what came of them", &heads);
    for dataset in followed {
        let (deployments, _) = nodes(facts, DOWNSTREAM, dataset, "what a data set reached")?;
        let (models, doubts) = nodes(facts, VERSIONS, dataset, "what a data set reached")?;
        gaps.extend(doubts);
        let near = if direct.contains(&dataset) { "trained on" } else { "further upstream" };
        let count = |nodes: &[NodeNo]| Sentence::from(thousands(nodes.len() as u64));
        let row = vec![facts.cell(dataset), near.into(), count(&models), count(&deployments)];
        if !facts.withholds {
            table.push(row, ROWS_SHOWN);
        }
        for deployment in deployments {
            reached.entry(deployment).or_default().insert(dataset);
        }
    }
    for model in &concerned.models {
        let own = (Relation::Deploys, Direction::Inverse, Some(Kind::Deployment));
        for deployment in facts.around(*model, own.0, own.1, own.2) {
            reached.entry(deployment).or_default();
        }
    }
    reached.retain(|node, _| concerned.deployments.binary_search(node).is_err());
    let mut others = Vec::with_capacity(reached.len());
    for (deployment, shared) in reached {
        others.push(Other::of(facts, concerned, &direct, (deployment, shared))?);
    }
    others.sort_by_key(|other| (other.near, Reverse(other.events), other.deployment));
    let of =
        |near: Near| thousands(others.iter().filter(|other| other.near == near).count() as u64);
    section = section.say(format!(
        "Deployments that the incident concerns: {}. Others of the same model version: {}; of versions trained on \
         the same data: {}; that share only data further upstream: {}.",
        concerned.deployments.len(),
        of(Near::Version),
        of(Near::Trained),
        of(Near::Upstream)
    ));
    if facts.withholds {
        // They may be other people's: a third party reads how many there are.
        section = section.say(format!(
            "Data sets behind the versions: {all}. Which they are, and which other deployments are reached, is \
             withheld from third parties."
        ));
        gaps.sort_by_key(|gap| gap.say.plain());
        gaps.dedup();
        section.push(Block::Gaps(gaps));
        return Ok(section);
    }
    section.push(Block::Table(table));
    let heads = ["deployment", "model version", "#events", "shares"];
    let mut table = Table::new("Other deployments that are reached", &heads);
    for other in others {
        let shares = match other.near {
            Near::Version => "the model version".into(),
            Near::Trained | Near::Upstream => facts.cells(other.shared),
        };
        let events = thousands(other.events);
        let row =
            vec![facts.cell(other.deployment), facts.cells(other.models), events.into(), shares];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    gaps.sort_by_key(|gap| gap.say.plain());
    gaps.dedup();
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// How near another deployment is to what an incident concerns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    /// It has the same model version.
    Version,
    /// A data set that a concerned version was trained on lies behind it.
    Trained,
    /// It shares data further upstream alone.
    Upstream,
}

/// Another deployment that is reached.
struct Other {
    deployment: NodeNo,
    models: Vec<NodeNo>,
    events: u64,
    shared: Vec<NodeNo>,
    near: Near,
}

impl Other {
    fn of(
        facts: &Facts<'_>,
        concerned: &Concerned,
        direct: &BTreeSet<NodeNo>,
        (deployment, shared): (NodeNo, BTreeSet<NodeNo>),
    ) -> Result<Other, Error> {
        let models =
            facts.around(deployment, Relation::Deploys, Direction::Forward, Some(Kind::Model));
        let events = facts.number(deployment, "events")?.map_or(0, i64::unsigned_abs);
        let is_same = models.iter().any(|model| concerned.models.binary_search(model).is_ok());
        let near = match (is_same, shared.intersection(direct).next()) {
            (true, _) => Near::Version,
            (false, Some(_)) => Near::Trained,
            (false, None) => Near::Upstream,
        };
        Ok(Other { deployment, models, events, shared: shared.into_iter().collect(), near })
    }
}

/// What the runs behind a model version were trained on themselves.
fn trained_on(facts: &Facts<'_>, model: NodeNo) -> BTreeSet<NodeNo> {
    let mut made = vec![model];
    made.extend(facts.around(model, Relation::RegisteredFrom, Direction::Forward, None));
    let mut datasets = BTreeSet::new();
    for model in made {
        for run in facts.around(model, Relation::ProducedBy, Direction::Forward, Some(Kind::Run)) {
            datasets.extend(facts.around(run, Relation::TrainedOn, Direction::Forward, None));
        }
    }
    datasets
}

/// The nodes that a question about one finds, ascending.
fn nodes(
    facts: &Facts<'_>,
    question: &str,
    node: NodeNo,
    what: &str,
) -> Result<(Vec<NodeNo>, Vec<Gap>), Error> {
    let given = Parameters::new().text("node", facts.snapshot().name_of(node));
    let answer = facts.ask(question, &given)?;
    let found = answer.rows.iter().filter_map(|row| match row.first() {
        Some(Value::Node(node)) => Some(*node),
        _ => None,
    });
    let mut found: Vec<NodeNo> = found.collect();
    found.sort_unstable();
    found.dedup();
    Ok((found, Facts::doubts(&answer, what)))
}
