//! What can be asked now, with this store's own names.

use crate::exit::Outcome;
use crate::shell::shell_line;
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;
use std::io::Write;
use std::path::Path;

/// Prints two or three questions that this store can answer, to paste; with the store where it was
/// named.
pub(super) fn print(out: &mut dyn Write, view: &Snapshot, store: Option<&Path>) -> Outcome<()> {
    let questions = questions(view)?;
    if questions.is_empty() {
        return Ok(());
    }
    writeln!(out, "what you can ask now:")?;
    for question in questions {
        let line = match &question {
            Question::Trace(name) => {
                shell_line(store, &["trace", name.trim_start_matches(INFERENCE)])
            }
            Question::Find(text) => shell_line(store, &["query", text]),
        };
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Questions that the first screen offers.
const OFFERED: usize = 3;

/// The same questions as statements of the language; where the names of the store make fewer, what
/// can be asked of any.
pub(crate) fn statements(view: &Snapshot) -> Outcome<Vec<String>> {
    let statement = |question| match question {
        Question::Trace(name) => format!("trace {name} to dataset"),
        Question::Find(text) => text,
    };
    let mut statements: Vec<String> = questions(view)?.into_iter().map(statement).collect();
    if statements.is_empty() {
        return Ok(statements);
    }
    if view.batches().any(|batch| batch.events > 0) {
        statements.push("find inference order by time desc limit 5".to_owned());
    }
    statements.extend(["show kinds", "show relations"].map(str::to_owned));
    statements.truncate(OFFERED);
    Ok(statements)
}

/// What stands before the hash of an input; `lineal trace` takes the hash alone.
const INFERENCE: &str = "inference:";

/// Something to ask.
enum Question {
    /// Where does this come from?
    Trace(String),
    /// A question of the language.
    Find(String),
}

/// The input hash of one event whose deployment leads to a known model.
pub(super) fn example_hash(view: &Snapshot) -> Outcome<Option<String>> {
    let leads = |deployment: NodeNo| {
        let models = view.edges(deployment, Relation::Deploys, Direction::Forward);
        models.iter().any(|model| !view.is_missing(*model))
    };
    let mut batches: Vec<_> = view.batches().filter(|batch| batch.events > 0).collect();
    batches.sort_by_key(|batch| (!leads(batch.deployment), batch.first_time));
    for batch in batches.iter().take(4) {
        for event in view.rows_of(batch.node) {
            if let Some(Value::Bytes(hash)) = view.event_field(event, EventField::InputHash)? {
                return Ok(Some(data_encoding::HEXLOWER.encode(&hash)));
            }
        }
    }
    Ok(None)
}

fn questions(view: &Snapshot) -> Outcome<Vec<Question>> {
    let mut questions = Vec::new();
    if let Some(hash) = example_hash(view)? {
        questions.push(Question::Trace(format!("{INFERENCE}{hash}")));
    }
    // A model version with data behind it, else any; the last ones are the newest.
    let trained = |model: &NodeNo| {
        let runs = view.edges(*model, Relation::ProducedBy, Direction::Forward);
        runs.iter().any(|run| !view.edges(*run, Relation::TrainedOn, Direction::Forward).is_empty())
    };
    let known = |node: &NodeNo| !view.is_missing(*node) && !view.is_deleted(*node);
    let models: Vec<NodeNo> = view.nodes_of(Kind::Model).filter(known).collect();
    let model = models.iter().rev().find(|model| trained(model)).or(models.last());
    if let Some(model) = model {
        let name = view.name_of(*model);
        questions.push(Question::Find(format!("find dataset upstream of {name}")));
        questions.push(Question::Trace(name));
    } else if let Some(run) = view.nodes_of(Kind::Run).rfind(known) {
        questions.push(Question::Trace(view.name_of(run)));
    }
    if let Some(data) = view.nodes_of(Kind::Dataset).find(known) {
        let name = view.name_of(data);
        questions.push(Question::Find(format!("find model downstream of {name}")));
    } else if let Some(deployment) = view.nodes_of(Kind::Deployment).find(known) {
        let name = view.name_of(deployment);
        questions.push(Question::Find(format!("find model upstream of {name}")));
    }
    questions.truncate(OFFERED);
    Ok(questions)
}
