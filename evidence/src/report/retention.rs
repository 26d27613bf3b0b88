//! How long what is kept: classes with floor and ceiling, what is due, what is held, what was erased.
//! Of a system, or of the whole store.

use super::deployments::Deployments;
use super::document::{Block, Document, Gap, Lack, Section, Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN};
use super::words::{NOT_RECORDED, when};
use crate::Error;
use crate::check::ask::DAY;
use crate::check::time_text;
use crate::retention::{Class, Due, Period, Policy, due, due_of, standing_of};
use lineal_engine::NodeNo;
use lineal_engine::schema::Kind;
use lineal_proof::Value;
use std::collections::BTreeSet;

/// The kind of this report.
const KIND: &str = "retention";
/// What it is called in messages.
const FORM: &str = "the report on retention";
/// The class of log batches in a policy.
pub(super) const LOGS: &str = "inference-log";

/// The report of a system, a model version or a deployment; of the whole store where none is named.
///
/// # Errors
/// [`Error::WrongKind`] of anything else, and what the store says.
pub fn retention(
    facts: &Facts<'_>,
    subject: Option<NodeNo>,
    policy: &Policy,
) -> Result<Document, Error> {
    let deployments = match subject {
        Some(subject) => Deployments::of(facts, subject, FORM)?.nodes,
        None => facts.snapshot().nodes_of(Kind::Deployment).collect(),
    };
    let mut document = facts.head(KIND, subject)?;
    document = document.fact("policy", format!("{}, version {}", policy.name, policy.version));
    document = document.section(classes(facts, policy)?);
    let meant = subject.map(|_| deployments.as_slice());
    document = document.section(logs(facts, &deployments, meant, policy)?);
    document = document.section(papers(facts, subject, policy)?);
    document = document.section(holds(facts, subject, &deployments)?);
    document = document.section(erasures(facts, &deployments)?);
    Ok(document.section(facts.closing(KIND)?))
}

fn classes(facts: &Facts<'_>, policy: &Policy) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "classes")?;
    let heads =
        ["class", "covers", "at least", "at most", "counted from", "basis", "purpose", "holder"];
    let mut table = Table::new("Classes of the policy", &heads);
    let mut gaps = Vec::new();
    for class in &policy.classes {
        let basis = match class.max_basis.as_str() {
            "" => class.basis.clone(),
            ceiling => format!("{}; ceiling: {ceiling}", class.basis),
        };
        let or_none = |text: &str| match text.trim() {
            "" => Sentence::from("not stated"),
            text => text.into(),
        };
        let row = vec![
            class.name.as_str().into(),
            or_none(&class.covers),
            class.min.text().into(),
            class.max.text().into(),
            class.anchor.as_str().into(),
            basis.into(),
            or_none(&class.purpose),
            or_none(&class.holder),
        ];
        table.push(row, ROWS_SHOWN);
        for finding in &class.findings {
            let say = format!("{}: {finding}", class.name);
            gaps.push(Gap::new(Lack::Undeclared, say));
        }
    }
    section.push(Block::Table(table));
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// A number of days as a deployment declares it.
#[expect(clippy::cast_precision_loss, reason = "days are small")]
pub(super) fn days(facts: &Facts<'_>, node: NodeNo, field: &str) -> Result<Option<f64>, Error> {
    Ok(match facts.value(node, field)? {
        Some(Value::Float(days)) => Some(days),
        Some(other) => other.as_i64().map(|days| days as f64),
        None => None,
    })
}

/// The end of so many days from a time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "days in ns; out of range is cut at its end"
)]
fn after(time: i64, days: f64) -> i64 {
    time.saturating_add((days * DAY as f64) as i64)
}

/// The logs of these deployments, and the batches of those that are meant, or of the whole store.
fn logs(
    facts: &Facts<'_>,
    deployments: &[NodeNo],
    meant: Option<&[NodeNo]>,
    policy: &Policy,
) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "logs")?;
    let heads = [
        "deployment",
        "keep days",
        "erase days",
        "basis",
        "purpose",
        "holder",
        "personal data",
        "#events",
        "last event",
        "kept until at least",
        "erased by",
    ];
    let mut table = Table::new("Logs by deployment, as declared", &heads);
    let class = policy.class(LOGS);
    let mut gaps = Vec::new();
    for node in deployments {
        let last = facts.number(*node, "last_event")?;
        let keep = days(facts, *node, "log_keep_days")?;
        let erase = days(facts, *node, "log_erase_days")?;
        // Of floors the later end wins, of ceilings the earlier one.
        let floor = last.and_then(|last| {
            let own = keep.map(|days| after(last, days));
            own.max(class.and_then(|class| class.min.end(last)))
        });
        let ceiling = last.and_then(|last| {
            let own = erase.map(|days| after(last, days));
            let other = class.and_then(|class| class.max.end(last));
            own.into_iter().chain(other).min()
        });
        if let (Some(floor), Some(ceiling)) = (floor, ceiling)
            && floor > ceiling
        {
            let words = ": the floor lies behind the ceiling; a person must settle it";
            let say = Sentence::new().node(facts.at(*node)).text(words);
            gaps.push(Gap::new(Lack::Conflict, say));
        }
        let row = vec![
            facts.cell(*node),
            facts.said(*node, "log_keep_days")?,
            facts.said(*node, "log_erase_days")?,
            facts.said(*node, "log_basis")?,
            facts.said(*node, "log_purpose")?,
            facts.said(*node, "log_holder")?,
            facts.said(*node, "log_personal_data")?,
            facts.number(*node, "events")?.unwrap_or(0).to_string().into(),
            when(last).into(),
            when(floor).into(),
            ceiling_words(ceiling, last, erase, class.map(|class| &class.max)).into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    gaps.extend(facts.gaps_of(KIND, deployments)?);
    section.push(Block::Table(table));
    match class {
        None => gaps.push(Gap::new(Lack::Undeclared, format!("the policy has no class {LOGS}"))),
        Some(class) => section = batches(facts, section, meant, class)?,
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// When a log is to be erased, or why no time can be told.
fn ceiling_words(
    ceiling: Option<i64>,
    last: Option<i64>,
    days: Option<f64>,
    stated: Option<&Period>,
) -> String {
    match (ceiling, stated) {
        // Of two ceilings the one in words may be the earlier: a person must read it.
        (Some(end), Some(Period::Words(words))) => {
            format!("{}, and stated in words: {words}", time_text(end))
        }
        (Some(end), _) => time_text(end),
        (None, Some(Period::Words(words))) => format!("stated in words: {words}"),
        (None, stated) if days.is_some() || matches!(stated, Some(Period::Span(..))) => {
            match last {
                None => "cannot tell: no event with a time to count from".to_owned(),
                Some(_) => "cannot tell: the end lies behind all times".to_owned(),
            }
        }
        (None, Some(Period::None)) => "no ceiling: the policy says none".to_owned(),
        (None, _) => "no ceiling is declared".to_owned(),
    }
}

fn batches(
    facts: &Facts<'_>,
    section: Section,
    meant: Option<&[NodeNo]>,
    class: &Class,
) -> Result<Section, Error> {
    // A batch of restricted rows is kept too; here rows are only counted.
    let view = facts.snapshot().clone().with_restricted();
    let due = match meant {
        Some(deployments) => due_of(facts.store, &view, class, facts.now, deployments)?,
        None => due(facts.store, &view, class, facts.now)?,
    };
    let Due { batches, retracted, below_floor, timeless, due } = due;
    let held = due.iter().filter(|batch| batch.hold.is_some()).count();
    let mut section = section.say(format!(
        "Batches with events: {batches}. By the policy, below their floor: {below_floor}; past their ceiling: {}, \
         of these held: {held}; without a time, so that nobody can tell: {timeless}.",
        due.len()
    ));
    if retracted > 0 {
        section = section.say(format!(
            "Of these batches {retracted} are of retracted imports: no answer shows them, and their rows lie in \
             the store until they are erased."
        ));
    }
    let heads = ["batch", "deployment", "#rows", "last event", "ceiling", "hold"];
    let mut table = Table::new("Batches past their ceiling", &heads);
    for batch in due {
        let row = vec![
            match batch.retracted {
                true => format!("{} (retracted)", batch.name).into(),
                false => batch.name.into(),
            },
            batch.deployment.into(),
            batch.rows.to_string().into(),
            time_text(batch.last_time).into(),
            time_text(batch.ceiling).into(),
            batch.hold.unwrap_or_else(|| "none".to_owned()).into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    Ok(section)
}

fn papers(facts: &Facts<'_>, subject: Option<NodeNo>, policy: &Policy) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "papers")?;
    let view = facts.snapshot();
    let mut gaps = Vec::new();
    let meant: Option<BTreeSet<NodeNo>> = match subject {
        None => None,
        Some(subject) => match facts.closure(subject) {
            Ok(closure) => Some(closure.members.iter().map(|member| member.node).collect()),
            Err(error @ Error::TooLarge { .. }) => {
                gaps.push(Gap::new(Lack::CannotTell, error.to_string()));
                Some(BTreeSet::new())
            }
            Err(error) => return Err(error),
        },
    };
    let is_meant = |node: NodeNo| meant.as_ref().is_none_or(|meant| meant.contains(&node));
    let heads = ["class", "at least", "#things", "#below the floor", "#cannot tell", "#due"];
    let mut table = Table::new("Other classes", &heads);
    for class in &policy.classes {
        let Some(stands) = standing_of(view, class, facts.now, &is_meant)? else { continue };
        let row = vec![
            class.name.as_str().into(),
            class.min.text().into(),
            stands.nodes.to_string().into(),
            stands.below_floor.to_string().into(),
            stands.cannot_tell.to_string().into(),
            stands.due.to_string().into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    section = section.say(
        "Their periods count from when the system was placed on the market or put into service; of a thing that \
         belongs to no system with such a date nobody can tell. The access trail is of the whole store.",
    );
    if let Some(system) = subject.and_then(|subject| facts.systems_around(subject).first().copied())
    {
        let placed = facts.number(system, "placed_on_market_at")?;
        let words = format!(": placed on the market or put into service {}.", when(placed));
        section = section.say(Sentence::new().node(facts.at(system)).text(words));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

pub(super) fn holds(
    facts: &Facts<'_>,
    subject: Option<NodeNo>,
    deployments: &[NodeNo],
) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "holds")?;
    let view = facts.snapshot();
    let found = match subject {
        None => facts.store.holds_at(view.commit())?,
        Some(subject) => {
            let mut over: BTreeSet<NodeNo> = deployments.iter().copied().collect();
            over.insert(subject);
            over.extend(facts.systems_around(subject));
            for deployment in deployments {
                over.extend(view.batches_of(*deployment));
            }
            facts.holds(&over)?
        }
    };
    let mut table = Table::new("Holds that stand", &["hold", "over", "reason", "since", "by"]);
    for hold in &found {
        let by = hold.actor.as_deref();
        let row = vec![
            hold.name.as_str().into(),
            facts.scope(hold),
            facts.reason(hold),
            time_text(hold.recorded).into(),
            by.map_or_else(|| NOT_RECORDED.into(), |key| facts.person(key)),
        ];
        table.push(row, ROWS_SHOWN);
    }
    if found.is_empty() {
        section = section.say("No hold stands over any of it.");
    }
    section.push(Block::Table(table));
    Ok(section)
}

pub(super) fn erasures(facts: &Facts<'_>, deployments: &[NodeNo]) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "erasures")?;
    let view = facts.snapshot();
    let own: BTreeSet<NodeNo> = deployments.iter().copied().collect();
    let heads = ["batch", "deployment", "#events", "#erased", "#restricted"];
    let mut table = Table::new("Batches of which events are erased or restricted", &heads);
    for unshown in view.unshown().filter(|unshown| own.contains(&unshown.deployment)) {
        let row = vec![
            facts.cell(unshown.batch),
            facts.cell(unshown.deployment),
            unshown.events.to_string().into(),
            unshown.erased.to_string().into(),
            unshown.restricted.to_string().into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    let heads =
        ["commit", "recorded", "decision", "basis", "reference", "decided by", "#rows", "#values"];
    let mut table = Table::new("Decisions on requests, of the whole store", &heads);
    let decisions = facts.store.decisions()?;
    let shown = decisions.iter().filter(|decision| decision.commit <= view.commit());
    for decision in shown {
        let by = decision.decided_by.as_deref();
        let row = vec![
            decision.commit.to_string().into(),
            time_text(decision.recorded).into(),
            decision.decision.name().into(),
            decision.basis.as_str().into(),
            decision.reference.as_str().into(),
            by.map_or_else(|| NOT_RECORDED.into(), |key| facts.person(key)),
            decision.rows.to_string().into(),
            decision.values.to_string().into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    if table.rows.is_empty() {
        section = section.say("No request to erase or restrict was decided in this store.");
    }
    section.push(Block::Table(table));
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::{DAY, Period, ceiling_words};

    #[test]
    fn no_ceiling_none_to_count_from_and_one_in_words_are_told_apart() {
        let words = Period::Words("while the contract runs".to_owned());
        let told = |ceiling, last, days, stated| ceiling_words(ceiling, last, days, stated);
        assert_eq!(told(None, Some(0), None, Some(&Period::Undeclared)), "no ceiling is declared");
        assert_eq!(told(None, None, None, None), "no ceiling is declared");
        assert!(told(None, Some(0), None, Some(&Period::None)).contains("says none"));
        let cannot = "cannot tell: no event with a time to count from";
        assert_eq!(told(None, None, Some(400.0), None), cannot);
        let span = Period::Span(jiff::Span::new().months(6), "P6M".to_owned());
        assert_eq!(told(None, None, None, Some(&span)), cannot);
        let stated = "stated in words: while the contract runs";
        assert_eq!(told(None, Some(0), None, Some(&words)), stated);
        let both = told(Some(DAY), Some(0), Some(1.0), Some(&words));
        assert_eq!(both, format!("1970-01-02T00:00:00Z, and {stated}"));
        assert_eq!(told(Some(DAY), Some(0), Some(1.0), None), "1970-01-02T00:00:00Z");
    }
}
