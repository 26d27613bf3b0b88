//! The versions that an incident concerns, and how it stood with their approvals when it happened.

use super::{Concerned, KIND};
use crate::Error;
use crate::check::time_text;
use crate::report::decided::{self, Stood};
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::NOT_RECORDED;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Relation};

/// As of when it is told how it stood with approvals, and why then.
fn happened(facts: &Facts<'_>, subject: NodeNo) -> Result<(i64, &'static str), Error> {
    for (field, whence) in [
        ("time", "when it happened, as recorded"),
        ("aware_at", "when it became known: when it happened is not recorded"),
    ] {
        if let Some(time) = facts.number(subject, field)? {
            return Ok((time, whence));
        }
    }
    Ok((facts.now, "today: neither when it happened nor when it became known is recorded"))
}

/// The approvals by which a version was approved then, or how it stood with it.
fn approved_by(facts: &Facts<'_>, stood: &Stood) -> Sentence {
    match &stood.then {
        Some(then) if then.is_approved() => facts.cells(then.counting().map(|it| it.approval)),
        Some(then) if then.rejected => "none: rejected".into(),
        Some(then) if !then.decided.is_empty() => "none that counted".into(),
        _ => NOT_RECORDED.into(),
    }
}

pub(super) fn section(
    facts: &Facts<'_>,
    subject: NodeNo,
    concerned: &Concerned,
) -> Result<Section, Error> {
    let (at, whence) = happened(facts, subject)?;
    let words = format!("How it stood with approvals is told as of {} ({whence}).", time_text(at));
    let mut section = facts.asks.section(KIND, "versions")?.say(words);
    let heads =
        ["model version", "produced by", "approved then by", "version before", "deployments"];
    let mut table = Table::new("Model versions that the incident concerns", &heads);
    let mut decisions = decided::table("Decisions on what the incident concerns", "as of then");
    let mut gaps = Vec::new();
    for model in &concerned.models {
        let mut runs = facts.around(*model, Relation::ProducedBy, Direction::Forward, None);
        for logged in facts.around(*model, Relation::RegisteredFrom, Direction::Forward, None) {
            runs.extend(facts.around(logged, Relation::ProducedBy, Direction::Forward, None));
        }
        let stood = Stood::of(facts, *model, Some(at))?;
        stood.list(facts, &mut decisions)?;
        let deployments = facts.around(*model, Relation::Deploys, Direction::Inverse, None);
        let own =
            deployments.into_iter().filter(|it| concerned.deployments.binary_search(it).is_ok());
        let before = facts.around(*model, Relation::Follows, Direction::Forward, None);
        if facts.snapshot().is_missing(*model) {
            let words = ": only referred to; no registry on record knows it";
            let say = Sentence::new().node(facts.at(*model)).text(words);
            gaps.push(Gap::new(Lack::CannotTell, say));
        }
        let row = vec![
            facts.cell(*model),
            facts.cells(runs),
            approved_by(facts, &stood),
            facts.cells(before),
            facts.cells(own),
        ];
        table.push(row, ROWS_SHOWN);
    }
    if concerned.models.is_empty() {
        let none = "no model version: the incident names neither one nor a deployment with one";
        gaps.push(Gap::new(Lack::NotRecorded, none));
    }
    for deployment in &concerned.deployments {
        Stood::of(facts, *deployment, Some(at))?.list(facts, &mut decisions)?;
    }
    section.push(Block::Table(table));
    section.push(Block::Table(decisions));
    section.push(Block::Gaps(gaps));
    Ok(section)
}
