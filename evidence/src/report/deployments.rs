//! The deployments that a report is about, and the model versions behind them.

use super::document::{Gap, Lack, Sentence};
use super::facts::Facts;
use crate::Error;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_query::Parameters;
use std::collections::BTreeMap;

/// The deployments of a system, of a model version, or one.
pub(super) struct Deployments {
    /// The deployments, ascending.
    pub(super) nodes: Vec<NodeNo>,
    /// What of them is not certain.
    pub(super) doubts: Vec<Gap>,
    /// The questions that find them begin so: `let own = ...;`.
    pub(super) set: String,
    /// What these questions are given.
    pub(super) given: Parameters,
}

/// How each kind leads to its deployments, as a question with `$subject`.
fn question(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::System => Some(
            "find deployment belongs_to $subject union find deployment deploys model belongs_to $subject",
        ),
        Kind::Model => Some("find deployment deploys $subject"),
        Kind::Deployment => Some("find $subject"),
        _ => None,
    }
}

impl Deployments {
    /// Those of a node; `form` is what wants them, for the message where it is of another kind.
    ///
    /// # Errors
    /// [`Error::WrongKind`] of a node that has no deployments, and as [`Facts::ask`].
    pub(super) fn of(
        facts: &Facts<'_>,
        subject: NodeNo,
        form: &'static str,
    ) -> Result<Deployments, Error> {
        let view = facts.snapshot();
        let Some(question) = question(view.kind_of(subject)) else {
            let wanted = "a system, a model version or a deployment";
            return Err(Error::WrongKind { form, wanted, name: facts.at(subject).name });
        };
        let given = Parameters::new().text("subject", view.name_of(subject));
        let answer = facts.ask(question, &given)?;
        let nodes = answer.rows.iter().filter_map(|row| match row.first() {
            Some(lineal_query::Value::Node(node)) => Some(*node),
            _ => None,
        });
        let mut nodes: Vec<NodeNo> = nodes.collect();
        nodes.sort_unstable();
        nodes.dedup();
        let doubts = Facts::doubts(&answer, "which deployments belong here");
        Ok(Deployments { nodes, doubts, set: format!("let own = {question};\n"), given })
    }

    /// The model version that a deployment names: what the answer is grouped by. None where several fit.
    pub(super) fn model_of(facts: &Facts<'_>, deployment: NodeNo) -> Option<NodeNo> {
        let models =
            facts.around(deployment, Relation::Deploys, Direction::Forward, Some(Kind::Model));
        match models.as_slice() {
            [model] => Some(*model),
            _ => None,
        }
    }

    /// The deployments by their model version; those of which no one version is known come first.
    pub(super) fn by_model(&self, facts: &Facts<'_>) -> BTreeMap<Option<NodeNo>, Vec<NodeNo>> {
        let mut all: BTreeMap<Option<NodeNo>, Vec<NodeNo>> = BTreeMap::new();
        for node in &self.nodes {
            all.entry(Deployments::model_of(facts, *node)).or_default().push(*node);
        }
        all
    }

    /// Which deployments name no one model version, or one that is only referred to.
    pub(super) fn unclear(&self, facts: &Facts<'_>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (model, deployments) in self.by_model(facts) {
            let say = |words: &str| {
                let list = facts.cells(deployments.iter().copied());
                let mut sentence = Sentence::new();
                sentence.parts.extend(list.parts);
                sentence.text(words)
            };
            match model {
                None => gaps.push(Gap::new(
                    Lack::CannotTell,
                    say(": the log names no model version, or one that fits several"),
                )),
                Some(model) if facts.snapshot().is_missing(model) => gaps.push(Gap::new(
                    Lack::CannotTell,
                    say(": no registry on record knows the model version that the log names"),
                )),
                Some(_) => {}
            }
        }
        gaps
    }
}

/// A model version in a cell, or that none is known.
pub(super) fn version(facts: &Facts<'_>, model: Option<NodeNo>) -> Sentence {
    model.map_or_else(|| "no one version".into(), |model| facts.cell(model))
}
