//! How far an incident reaches: other deployments of the same model versions, and what else came of
//! the data sets that these were trained on.

use super::{Concerned, KIND};
use crate::Error;
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use lineal_engine::NodeNo;
use lineal_engine::schema::Kind;
use lineal_query::{Parameters, Value};
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
    let (mut datasets, mut gaps) = (BTreeSet::new(), Vec::new());
    datasets.extend(concerned.datasets.iter().copied());
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
        gaps.extend(doubts);
    }
    let followed: Vec<NodeNo> = datasets.iter().copied().take(DATASETS_MAX).collect();
    if followed.len() < datasets.len() {
        let say =
            format!("{} data sets are concerned, {DATASETS_MAX} are followed", datasets.len());
        gaps.push(Gap::new(Lack::CannotTell, say));
    }
    let mut reached: BTreeMap<NodeNo, BTreeSet<NodeNo>> = BTreeMap::new();
    let heads = ["data set", "#model versions", "#deployments"];
    let mut table = Table::new("Data sets behind the versions, and what came of them", &heads);
    for dataset in followed {
        let (deployments, _) = nodes(facts, DOWNSTREAM, dataset, "what a data set reached")?;
        let (models, doubts) = nodes(facts, VERSIONS, dataset, "what a data set reached")?;
        gaps.extend(doubts);
        let (models, count) = (models.len().to_string(), deployments.len().to_string());
        table.push(vec![facts.cell(dataset), models.into(), count.into()], ROWS_SHOWN);
        for deployment in deployments {
            reached.entry(deployment).or_default().insert(dataset);
        }
    }
    for model in &concerned.models {
        for deployment in model_deployments(facts, *model) {
            reached.entry(deployment).or_default();
        }
    }
    let is_own = |node: &NodeNo| concerned.deployments.binary_search(node).is_ok();
    let others: Vec<_> = reached.iter().filter(|(node, _)| !is_own(node)).collect();
    section = section.say(format!(
        "Deployments that the incident concerns: {}. Others that share a model version or training data with \
         these: {}.",
        concerned.deployments.len(),
        others.len()
    ));
    section.push(Block::Table(table));
    let heads = ["deployment", "model version", "#events", "shares"];
    let mut table = Table::new("Other deployments that are reached", &heads);
    for (deployment, shared) in others {
        let models = facts.around(
            *deployment,
            lineal_engine::schema::Relation::Deploys,
            lineal_engine::schema::Direction::Forward,
            Some(Kind::Model),
        );
        let events = facts.snapshot().field(*deployment, "events")?.and_then(|it| it.as_i64());
        let shares = match models.iter().any(|model| concerned.models.binary_search(model).is_ok())
        {
            true => "the model version".into(),
            false => facts.cells(shared.iter().copied()),
        };
        let events = events.unwrap_or(0).to_string();
        table.push(
            vec![facts.cell(*deployment), facts.cells(models), events.into(), shares],
            ROWS_SHOWN,
        );
    }
    section.push(Block::Table(table));
    gaps.sort_by_key(|gap| gap.say.plain());
    gaps.dedup();
    section.push(Block::Gaps(gaps));
    Ok(section)
}

fn model_deployments(facts: &Facts<'_>, model: NodeNo) -> Vec<NodeNo> {
    use lineal_engine::schema::{Direction, Relation};
    facts.around(model, Relation::Deploys, Direction::Inverse, Some(Kind::Deployment))
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
