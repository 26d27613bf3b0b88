//! Facts for a data protection impact assessment: which classes hold personal data, what is hashed and
//! how, who can open it, who received it, how long it is kept. The assessment itself is a person's.
//!
//! A hash is never the answer here: a plain hash of what can be guessed is found by guessing, and a
//! keyed one still singles out whoever has the key's help.

mod access;
mod classes;

use super::deployments::Deployments;
use super::document::{Block, Document, Section, Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN};
use super::retention as keeping;
use crate::{Closure, Error};
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use std::collections::BTreeSet;

/// The kind of this report.
const KIND: &str = "dpia";
/// Fields of the system, in reading order.
const PURPOSE: [&str; 7] =
    ["intended_purpose", "provider", "version", "role", "risk_class", "annex_point", "declared_at"];

/// What the report is about.
struct Scope {
    system: NodeNo,
    deployments: Deployments,
    /// All that the system rests on.
    closure: Closure,
}

/// The facts of a system.
///
/// # Errors
/// [`Error::WrongKind`] of anything else, [`Error::TooLarge`], and what the store says.
pub fn dpia(facts: &Facts<'_>, subject: NodeNo) -> Result<Document, Error> {
    let form = "the facts for a data protection impact assessment";
    if facts.snapshot().kind_of(subject) != Kind::System {
        let name = facts.at(subject).name;
        return Err(Error::WrongKind { form, wanted: "a system", name });
    }
    let scope = Scope {
        system: subject,
        deployments: Deployments::of(facts, subject, form)?,
        closure: facts.closure(subject)?,
    };
    let mut document = facts.head(KIND, Some(subject))?;
    document = document.section(purpose(facts, &scope)?);
    document = document.section(classes::section(facts, &scope)?);
    document = document.section(classes::hashes(facts, &scope)?);
    document = document.section(access::opening(facts, &scope)?);
    document = document.section(access::recipients(facts)?);
    document = document.section(kept(facts, &scope)?);
    document = document.section(documents(facts, &scope)?);
    Ok(document.section(facts.closing(KIND)?))
}

fn purpose(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "purpose")?;
    let mut table = Table::new("The system, as declared", &["field", "as recorded"]);
    for field in PURPOSE {
        table.push(vec![field.into(), facts.said(scope.system, field)?], ROWS_SHOWN);
    }
    let by = facts.around(scope.system, Relation::DoneBy, Direction::Forward, None);
    table.push(vec!["declared by".into(), facts.cells(by)], ROWS_SHOWN);
    section.push(Block::Table(table));
    section.push(Block::Gaps(facts.gaps(KIND, scope.system)?));
    Ok(section)
}

fn kept(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let section = facts.asks.section(KIND, "retention")?;
    let mut section = section.say(
        "What of events is erased leaves a hash of each row, the counts and the time of its batch: with them \
         everything else can still be proved. What is erased here is not reached in copies that others hold.",
    );
    let heads = ["deployment", "keep days", "erase days", "purpose", "basis"];
    let mut table = Table::new("How long logs are kept, as declared", &heads);
    for node in &scope.deployments.nodes {
        let row = vec![
            facts.cell(*node),
            facts.said(*node, "log_keep_days")?,
            facts.said(*node, "log_erase_days")?,
            facts.said(*node, "log_purpose")?,
            facts.said(*node, "log_basis")?,
        ];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    for part in [
        keeping::holds(facts, Some(scope.system), &scope.deployments.nodes)?,
        keeping::erasures(facts, &scope.deployments.nodes)?,
    ] {
        section = section.section(part);
    }
    Ok(section)
}

fn documents(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "documents")?;
    let mut about: BTreeSet<NodeNo> = scope.deployments.nodes.iter().copied().collect();
    about.insert(scope.system);
    for deployment in &scope.deployments.nodes {
        about.extend(facts.around(*deployment, Relation::Deploys, Direction::Forward, None));
    }
    let mut found = BTreeSet::new();
    for node in about {
        found.extend(facts.documents(node, None)?);
    }
    let asked: Vec<_> = facts.asks.asked(KIND, Kind::Document.name()).collect();
    let heads = ["document", "type", "about", "when", "SHA-256"];
    let mut table = Table::new("Assessments and notices on record", &heads);
    let mut types = BTreeSet::new();
    for document in found {
        let Some(document_type) = facts.text(document, "type")? else { continue };
        let is_asked = asked.iter().any(|field| {
            field.field == document_type || field.or.as_deref() == Some(document_type.as_str())
        });
        if !is_asked {
            continue;
        }
        let of = facts.around(document, Relation::Documents, Direction::Forward, None);
        let row = vec![
            facts.cell(document),
            document_type.as_str().into(),
            facts.cells(of),
            facts.said(document, "time")?,
            facts.said(document, "sha256")?,
        ];
        table.push(row, ROWS_SHOWN);
        types.insert(document_type);
    }
    let is_there = |document_type: &str| types.contains(document_type);
    let lacking = asked
        .into_iter()
        .filter(|field| !is_there(&field.field) && !field.or.as_deref().is_some_and(is_there));
    let gaps = lacking.map(|field| field.gap(facts.at(scope.system))).collect();
    section = section.say(Sentence::from(
        "What such a document says is not read here; who attached it stands in its record.",
    ));
    section.push(Block::Table(table));
    section.push(Block::Gaps(gaps));
    Ok(section)
}
