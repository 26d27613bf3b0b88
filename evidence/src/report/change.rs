//! What changed from one model version to another: lineage, parameters, figures, approvals,
//! deployments, and what was decided about it. Whether a change is substantial a person decides.

mod differing;
mod people;

use super::document::{Block, Document, Gap, Lack, Section, Sentence};
use super::facts::Facts;
use crate::check::quoted;
use crate::{Closure, Error};
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};

/// The kind of this report.
const KIND: &str = "change";

/// The two versions, with what each rests on.
struct Both {
    old: Side,
    new: Side,
}

/// One version.
struct Side {
    node: NodeNo,
    closure: Closure,
    /// Places of it and of those from which it was registered, one from another: the same model under an earlier name.
    models: Vec<usize>,
    /// Places of the runs that produced one of these.
    runs: Vec<usize>,
}

impl Side {
    fn of(facts: &Facts<'_>, node: NodeNo) -> Result<Side, Error> {
        if facts.snapshot().kind_of(node) != Kind::Model {
            let (form, wanted) = ("the report of a change", "two model versions");
            return Err(Error::WrongKind { form, wanted, name: facts.at(node).name });
        }
        let closure = facts.closure(node)?;
        let mut models = vec![closure.root];
        let mut next = 0;
        while let Some(model) = models.get(next).copied() {
            for from in closure.along(model, Relation::RegisteredFrom) {
                if !models.contains(&from) {
                    models.push(from);
                }
            }
            next += 1;
        }
        let produced = |model: &usize| closure.along(*model, Relation::ProducedBy);
        let mut runs: Vec<usize> = models.iter().flat_map(produced).collect();
        runs.sort_unstable();
        runs.dedup();
        Ok(Side { node, closure, models, runs })
    }

    /// Places of the evaluations of it, under each of its names.
    fn evaluations(&self) -> impl Iterator<Item = usize> + '_ {
        self.models.iter().flat_map(|model| self.closure.against(*model, Relation::Evaluates))
    }
}

/// The report of what changed from `old` to `new`.
///
/// # Errors
/// [`Error::WrongKind`] if one is no model version, [`Error::TooLarge`], and what the store says.
pub fn change(facts: &Facts<'_>, old: NodeNo, new: NodeNo) -> Result<Document, Error> {
    let both = Both { old: Side::of(facts, old)?, new: Side::of(facts, new)? };
    let mut document = facts.head(KIND, Some(new))?;
    document = document.fact("compared with", facts.at(old));
    document = document.section(decisions(facts, &both)?);
    document = document.section(differing::lineage(facts, &both)?);
    document = document.section(differing::parameters(facts, &both)?);
    document = document.section(differing::figures(facts, &both)?);
    document = document.section(people::approvals(facts, &both)?);
    document = document.section(people::deployments(facts, &both)?);
    Ok(document.section(facts.closing(KIND)?))
}

fn decisions(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "decisions")?;
    let (old, new) = (both.old.node, both.new.node);
    section = section.say(relation(facts, old, new));
    let changes = facts.around(new, Relation::Concerns, Direction::Inverse, Some(Kind::Change));
    let first = people::first_use(facts, new)?;
    let (table, is_decided) = people::changes(facts, &changes, old, first)?;
    section.push(Block::Table(table));
    let mut gaps = Vec::new();
    if !is_decided {
        let say = Sentence::new().node(facts.at(new)).text(
            ": no decision whether the change is substantial, predetermined or neither is recorded",
        );
        let fix = format!(
            "lineal change {} --decision DECISION --reason TEXT --by WHO",
            quoted(&facts.at(new).name)
        );
        gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
    }
    for side in [&both.old, &both.new] {
        if facts.snapshot().is_missing(side.node) {
            let say = Sentence::new().node(facts.at(side.node));
            let say = say.text(": only referred to; what it was made of is not recorded");
            gaps.push(Gap::new(Lack::CannotTell, say).fix("lineal import REGISTRY"));
        } else if side.runs.is_empty() {
            let say = Sentence::new().node(facts.at(side.node));
            let say = say.text(": the run that produced it is not recorded");
            let fix = format!(
                "lineal declare node {} --edge produced_by=RUN --by WHO",
                quoted(&facts.at(side.node).name)
            );
            gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        }
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// How the two versions stand to each other, as recorded.
fn relation(facts: &Facts<'_>, old: NodeNo, new: NodeNo) -> Sentence {
    let sentence = Sentence::new().node(facts.at(new));
    let follows = |from, to| {
        facts.around(from, Relation::Follows, Direction::Forward, None).binary_search(&to).is_ok()
    };
    let derives = |from, to| {
        facts
            .around(from, Relation::DerivedFrom, Direction::Forward, None)
            .binary_search(&to)
            .is_ok()
    };
    let words = match () {
        () if follows(new, old) => " follows ",
        () if derives(new, old) => " is derived from ",
        () if follows(old, new) => " is recorded as the version before ",
        () => " is not recorded as the version right after ",
    };
    sentence.text(words).node(facts.at(old)).text(".")
}
