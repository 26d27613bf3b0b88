//! Figures that a system declares to those who use it, held against the evaluations of its models.
//!
//! What a model comes to on its own training data shows little: such an evaluation counts only where no other has the
//! figure. Two that disagree on one split leave open which of them is declared, so both are named.

use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_proof::{Map, Value};
use std::collections::BTreeSet;

use super::Offence;
use super::same_data::{Digests, Made, Training, forward};
use crate::check::Error;
use crate::check::ask::Asker;

/// The set of models whose evaluations must have the figures: those in use. What a former version came to is
/// none of what is declared now.
const MODELS: &str = "used_models";
/// What stands for it in a pack without that set.
const DEPLOYED: &str = "deployed_models";

/// Each figure that is declared and that the evaluations of a model in use do not bear out.
pub(super) fn declared(asker: &mut Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let is_known = asker.pack.set(MODELS).is_some();
    let models = asker.members(if is_known { MODELS } else { DEPLOYED })?;
    let mut offences = Vec::new();
    for system in subjects {
        let declared = map(asker, *system, "declared_metrics")?;
        if declared.is_empty() {
            continue;
        }
        for model in models.iter() {
            asker.go_on()?;
            let evaluations = evaluations(asker, *model)?;
            for (figure, value) in declared.iter() {
                let measured = Measured::of(&evaluations, figure);
                let wanted = number(value);
                let Some(say) = measured.fault(asker, figure, wanted) else { continue };
                let offence = Offence::said(*model, say).with("figure", figure.to_owned());
                offences.push(offence.with("declared", shown(wanted)));
            }
        }
    }
    Ok(offences)
}

/// An evaluation of a model.
struct Evaluation {
    node: NodeNo,
    kind: Option<String>,
    metrics: Map,
    /// On which splits: as data sets name theirs, else each data set by itself.
    splits: BTreeSet<Split>,
    /// Was all its data training data of the model?
    is_on_training: bool,
}

/// What two evaluations share that were made on the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Split {
    Named(String),
    Data(NodeNo),
}

impl Evaluation {
    /// Were both made in one way and on one split, so that they should agree?
    fn is_beside(&self, other: &Evaluation) -> bool {
        let is_other = matches!((&self.kind, &other.kind), (Some(one), Some(two)) if one != two);
        !is_other && !self.splits.is_disjoint(&other.splits)
    }
}

fn evaluations(asker: &Asker<'_>, model: NodeNo) -> Result<Vec<Evaluation>, Error> {
    let (view, sees) = (asker.snapshot(), |node: &NodeNo| asker.part.sees(*node));
    let made = Made::of(view, model);
    let about =
        made.models().flat_map(|it| view.edges(it, Relation::Evaluates, Direction::Inverse));
    let about = about.copied().filter(|node| view.kind_of(*node) == Kind::Evaluation);
    let about: BTreeSet<NodeNo> = about.filter(sees).collect();
    if about.is_empty() {
        return Ok(Vec::new());
    }
    let mut digests = Digests::new();
    let training = Training::of(view, &made, &sees, &mut digests)?;
    let mut found = Vec::with_capacity(about.len());
    for node in about {
        let data: BTreeSet<NodeNo> = forward(view, node, Relation::TestedOn).filter(sees).collect();
        let (mut splits, mut trained) = (BTreeSet::new(), 0);
        for data in &data {
            trained += usize::from(training.has(view, *data, &mut digests)?);
            splits.insert(match text(asker, *data, "split")? {
                Some(split) => Split::Named(split.trim().to_lowercase()),
                None => Split::Data(*data),
            });
        }
        found.push(Evaluation {
            node,
            kind: text(asker, node, "type")?,
            metrics: map(asker, node, "metrics")?,
            splits,
            is_on_training: !data.is_empty() && trained == data.len(),
        });
    }
    Ok(found)
}

/// What the evaluations of a model say of one figure.
struct Measured<'e> {
    /// On other data than it was trained on; on that where there are none.
    counted: Vec<(&'e Evaluation, f64)>,
    /// On its training data, beside others.
    passed_over: Vec<(&'e Evaluation, f64)>,
}

impl<'e> Measured<'e> {
    fn of(evaluations: &'e [Evaluation], figure: &str) -> Measured<'e> {
        let with = evaluations.iter().filter_map(|it| Some((it, number(it.metrics.get(figure)?)?)));
        let (trained, others): (Vec<_>, Vec<_>) = with.partition(|(it, _)| it.is_on_training);
        match others.is_empty() {
            true => Measured { counted: trained, passed_over: Vec::new() },
            false => Measured { counted: others, passed_over: trained },
        }
    }

    /// Why they do not bear out what is declared, in words.
    fn fault(&self, asker: &Asker<'_>, figure: &str, wanted: Option<f64>) -> Option<String> {
        let declared = format!("{figure} is declared as {}", shown(wanted));
        let named =
            |(it, value): &(&Evaluation, f64)| format!("{value} by {}", asker.name(it.node));
        let (fitting, others): (Vec<_>, Vec<_>) =
            self.counted.iter().copied().partition(|(_, value)| wanted == Some(*value));
        if fitting.is_empty() {
            let Some((_, other)) = others.first() else {
                return Some(format!("{declared}, and no evaluation has it"));
            };
            let passed = self.passed_over.iter().find(|(_, value)| wanted == Some(*value));
            let passed =
                passed.map(|it| format!("; as {} on data that it was trained on", named(it)));
            return Some(format!(
                "{declared}, and evaluated as {other}{}",
                passed.unwrap_or_default()
            ));
        }
        let mut pairs = fitting.iter().flat_map(|fits| others.iter().map(move |it| (*fits, *it)));
        let (fits, other) = pairs.find(|(fits, other)| fits.0.is_beside(other.0))?;
        let (fits, other) = (named(&fits), named(&other));
        Some(format!("{declared}; on one split it is evaluated as {fits} and as {other}"))
    }
}

/// A declared figure as a finding shows it.
fn shown(wanted: Option<f64>) -> String {
    wanted.map_or_else(|| "no number".to_owned(), |wanted| wanted.to_string())
}

/// A number, however it was written down.
#[expect(clippy::cast_precision_loss, reason = "figures are compared as numbers")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text(asker: &Asker<'_>, node: NodeNo, field: &str) -> Result<Option<String>, Error> {
    let value = asker.snapshot().field(node, field)?;
    Ok(value.as_ref().and_then(Value::as_text).map(str::to_owned))
}

fn map(asker: &Asker<'_>, node: NodeNo, field: &str) -> Result<Map, Error> {
    let fields = asker.snapshot().fields(node)?.fields;
    Ok(fields.get(field).and_then(Value::as_map).cloned().unwrap_or_default())
}
