//! The data sheet of a data set (Article 10, Annex IV 2(d)): where it comes from, what it was used
//! for, what was examined, and what nobody recorded. What the data hold is not looked at.

use super::decided::Stood;
use super::document::{Block, Document, Gap, Lack, Section, Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN};
use super::words::counted;
use crate::Error;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_query::{Parameters, Value};

/// The kind of this report.
const KIND: &str = "data-sheet";
/// Fields that say what it is, in reading order.
const IDENTITY: [&str; 14] = [
    "name",
    "version",
    "digest",
    "digest_kind",
    "rows",
    "split",
    "source_type",
    "uri",
    "region",
    "license",
    "schema",
    "stats",
    "sources",
    "recorded",
];
/// Fields that say where it comes from.
const ORIGIN: [&str; 5] =
    ["origin", "collection_method", "original_purpose", "known_gaps", "category"];
/// Fields that say whether it holds personal data.
const PERSONAL: [&str; 5] =
    ["personal_data", "special_categories", "bias_corrected_at", "retention_until", "erased_at"];
/// What a run does with a data set, by the relation.
const ROLES: [(Relation, &str); 4] = [
    (Relation::TrainedOn, "training"),
    (Relation::ValidatedOn, "validation"),
    (Relation::TestedOn, "test"),
    (Relation::Used, "used, role not recorded"),
];

/// The data sheet of a data set.
///
/// # Errors
/// [`Error::WrongKind`] of anything else, [`Error::Cut`] where lists would be of a part only, and what
/// the store says.
pub fn data_sheet(facts: &Facts<'_>, subject: NodeNo) -> Result<Document, Error> {
    if facts.snapshot().kind_of(subject) != Kind::Dataset {
        let (form, wanted) = ("a data sheet", "a version of a data set");
        return Err(Error::WrongKind { form, wanted, name: facts.at(subject).name });
    }
    let mut document = facts.head(KIND, Some(subject))?;
    document = document.section(identity(facts, subject)?);
    document = document.section(origin(facts, subject)?);
    document = document.section(personal(facts, subject)?);
    document = document.section(used(facts, subject)?);
    document = document.section(examinations(facts, subject)?);
    document = document.section(history(facts, subject)?);
    Ok(document.section(facts.closing(KIND)?))
}

fn fields(facts: &Facts<'_>, node: NodeNo, caption: &str, fields: &[&str]) -> Result<Block, Error> {
    let mut table = Table::new(caption, &["field", "as recorded"]);
    for field in fields {
        table.push(vec![(*field).into(), facts.said(node, field)?], ROWS_SHOWN);
    }
    Ok(Block::Table(table))
}

/// The nodes that a question about it finds, ascending, and why that may not be all.
fn found(
    facts: &Facts<'_>,
    question: &str,
    given: &Parameters,
    what: &str,
) -> Result<(Vec<NodeNo>, Vec<Gap>), Error> {
    let answer = facts.ask(question, given)?;
    let nodes = answer.rows.iter().filter_map(|row| match row.first() {
        Some(Value::Node(node)) => Some(*node),
        _ => None,
    });
    let mut nodes: Vec<NodeNo> = nodes.collect();
    nodes.sort_unstable();
    nodes.dedup();
    Ok((nodes, Facts::doubts(&answer, what)))
}

fn given(facts: &Facts<'_>, node: NodeNo) -> Parameters {
    Parameters::new().text("node", facts.snapshot().name_of(node))
}

fn identity(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "identity")?;
    section.push(fields(facts, subject, "What it is", &IDENTITY)?);
    let conflicts = facts.snapshot().fields(subject)?.conflicts;
    let mut gaps = Vec::new();
    if !conflicts.is_empty() {
        let words = format!(": sources disagree on {}", conflicts.join(", "));
        let say = Sentence::new().node(facts.at(subject)).text(words);
        gaps.push(Gap::new(Lack::Conflict, say));
    }
    if facts.snapshot().is_missing(subject) {
        let say = Sentence::new().node(facts.at(subject));
        let say = say.text(": only referred to; no source on record describes it");
        gaps.push(Gap::new(Lack::CannotTell, say).fix("lineal import SOURCE"));
    }
    gaps.extend(facts.gaps(KIND, subject)?);
    section.push(Block::Gaps(gaps));
    if let Some(digest) = facts.text(subject, "digest")? {
        let asked = Parameters::new().text("digest", digest);
        let question = "find dataset where digest = $digest";
        let (mut twins, _) = found(facts, question, &asked, "which others have its digest")?;
        twins.retain(|node| *node != subject);
        if !twins.is_empty() {
            let mut say = Sentence::new().text("The same digest is recorded of: ");
            say.parts.extend(facts.cells(twins).parts);
            section = section.say(say);
        }
    }
    Ok(section)
}

fn origin(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "origin")?;
    section.push(fields(facts, subject, "Origin, as recorded", &ORIGIN)?);
    let mut table = Table::new("What it was made from", &["link", "to"]);
    for (relation, words) in
        [(Relation::DerivedFrom, "derived from"), (Relation::ProducedBy, "produced by")]
    {
        let to = facts.around(subject, relation, Direction::Forward, None);
        table.push(vec![words.into(), facts.cells(to)], ROWS_SHOWN);
    }
    let question = "find root dataset upstream of $node";
    let (roots, doubts) =
        found(facts, question, &given(facts, subject), "where the data came from")?;
    table.push(vec!["first data sets upstream".into(), facts.cells(roots)], ROWS_SHOWN);
    let by = facts.around(subject, Relation::DoneBy, Direction::Forward, None);
    table.push(vec!["done by".into(), facts.cells(by)], ROWS_SHOWN);
    section.push(Block::Table(table));
    section.push(Block::Gaps(doubts));
    Ok(section)
}

fn personal(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "personal")?;
    section.push(fields(facts, subject, "Personal data, as declared", &PERSONAL)?);
    if facts.flag(subject, "personal_data")?.is_none() {
        section = section.say(
            "Nobody declared whether it holds personal data, which is not the same as that it holds none.",
        );
    }
    Ok(section)
}

fn used(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "use")?;
    let heads = ["run", "as", "started", "model versions and data sets it made"];
    let mut table = Table::new("Runs that it went into", &heads);
    for (relation, role) in ROLES {
        for run in facts.around(subject, relation, Direction::Inverse, Some(Kind::Run)) {
            let made = facts.around(run, Relation::ProducedBy, Direction::Inverse, None);
            let row =
                vec![facts.cell(run), role.into(), facts.said(run, "started")?, facts.cells(made)];
            table.push(row, ROWS_SHOWN);
        }
    }
    let runs = table.rows.len() as u64 + table.omitted;
    let asked = given(facts, subject);
    let (models, mut doubts) =
        found(facts, "find model downstream of $node", &asked, "which versions came of it")?;
    let question = "find deployment downstream of $node";
    let (deployments, more) = found(facts, question, &asked, "where it reached")?;
    doubts.extend(more);
    section = section.say(format!(
        "It went into {} directly; {} and {} lie downstream of it.",
        counted(runs, "run"),
        counted(models.len() as u64, "model version"),
        counted(deployments.len() as u64, "deployment")
    ));
    section.push(Block::Table(table));
    let mut table = Table::new("Model versions downstream", &["model version", "deployments"]);
    for model in models {
        let deployed = facts.around(model, Relation::Deploys, Direction::Inverse, None);
        table.push(vec![facts.cell(model), facts.cells(deployed)], ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    let evaluations =
        facts.around(subject, Relation::TestedOn, Direction::Inverse, Some(Kind::Evaluation));
    if !evaluations.is_empty() {
        let mut say = Sentence::new().text("Evaluations were made on it: ");
        say.parts.extend(facts.cells(evaluations).parts);
        section = section.say(say);
    }
    let trained = facts.around(subject, Relation::TrainedOn, Direction::Inverse, None);
    let tested = facts.around(subject, Relation::TestedOn, Direction::Inverse, Some(Kind::Run));
    let on_both: Vec<NodeNo> =
        tested.into_iter().filter(|run| trained.binary_search(run).is_ok()).collect();
    if !on_both.is_empty() {
        let mut say = Sentence::new().text("The same run trained and tested on it: ");
        say.parts.extend(facts.cells(on_both).parts);
        doubts.push(Gap::new(Lack::Conflict, say));
    }
    section.push(Block::Gaps(doubts));
    Ok(section)
}

fn examinations(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "examinations")?;
    let heads = ["document", "type", "when", "SHA-256"];
    let mut table = Table::new("Documents about it", &heads);
    for document in facts.documents(subject, None)? {
        let row = vec![
            facts.cell(document),
            facts.said(document, "type")?,
            facts.said(document, "time")?,
            facts.said(document, "sha256")?,
        ];
        table.push(row, ROWS_SHOWN);
    }
    if table.rows.is_empty() {
        section = section.say("No document about it is recorded.");
    }
    section.push(Block::Table(table));
    Ok(section)
}

fn history(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "history")?;
    let mut table = Table::new("What happened to it", &["what", "record", "when", "says"]);
    let stood = Stood::of(facts, subject, None)?;
    for (relation, kind, what, field) in [
        (Relation::Concerns, Kind::Change, "change", "type"),
        (Relation::Concerns, Kind::Incident, "incident", "harm_class"),
        (Relation::Erases, Kind::Erasure, "erasure", "basis"),
        (Relation::Approves, Kind::Approval, "decision", "decision"),
    ] {
        for record in facts.around(subject, relation, Direction::Inverse, Some(kind)) {
            let mut says = facts.said(record, field)?;
            if let Some(decided) = stood.now.decided.iter().find(|it| it.approval == record) {
                says = says.text(format!("; {}", decided.counts.words()));
            }
            let row = vec![what.into(), facts.cell(record), facts.said(record, "time")?, says];
            table.push(row, ROWS_SHOWN);
        }
    }
    if table.rows.is_empty() {
        section = section.say("No change, incident, erasure or decision about it is recorded.");
    }
    section.push(Block::Table(table));
    let before = facts.around(subject, Relation::Follows, Direction::Forward, None);
    let after = facts.around(subject, Relation::Follows, Direction::Inverse, None);
    let mut say = Sentence::new().text("Version before: ");
    say.parts.extend(facts.cells(before).parts);
    say = say.text("; version after: ");
    say.parts.extend(facts.cells(after).parts);
    section = section.say(say.text("."));
    let gone = facts.snapshot().field(subject, "gone")?.and_then(|gone| gone.as_bool());
    if gone == Some(true) {
        section = section.say("The newest full snapshot of its sources no longer has it.");
    }
    Ok(section)
}
