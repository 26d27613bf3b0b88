//! Figures that a system declares to those who use it, held against the evaluations of its models.

use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_proof::{Map, Value};

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;

/// The set of models whose evaluations must have the figures: those in use. What a former version came to is
/// none of what is declared now.
const MODELS: &str = "used_models";
/// What stands for it in a pack without that set.
const DEPLOYED: &str = "deployed_models";

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

fn map(asker: &Asker<'_>, node: NodeNo, field: &str) -> Result<Map, Error> {
    let fields = asker.snapshot().fields(node)?.fields;
    Ok(fields.get(field).and_then(Value::as_map).cloned().unwrap_or_default())
}

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
            let about = asker.snapshot().edges(*model, Relation::Evaluates, Direction::Inverse);
            let mut measured = Vec::new();
            for evaluation in about {
                if asker.snapshot().kind_of(*evaluation) == Kind::Evaluation {
                    measured.push(map(asker, *evaluation, "metrics")?);
                }
            }
            for (figure, value) in declared.iter() {
                let values = measured.iter().filter_map(|metrics| metrics.get(figure));
                let values: Vec<f64> = values.filter_map(number).collect();
                let wanted = number(value);
                if wanted.is_some_and(|wanted| values.contains(&wanted)) {
                    continue;
                }
                let shown =
                    wanted.map_or_else(|| "no number".to_owned(), |wanted| wanted.to_string());
                let say = match values.first() {
                    Some(other) => {
                        format!("{figure} is declared as {shown}, and evaluated as {other}")
                    }
                    None => format!("{figure} is declared as {shown}, and no evaluation has it"),
                };
                let offence = Offence::said(*model, say).with("figure", figure.to_owned());
                offences.push(offence.with("declared", shown));
            }
        }
    }
    Ok(offences)
}
