//! An incident (Article 73): which versions and events it concerns, how far it reaches, which periods
//! run, what is held, and what is not recorded. Whether it is a serious incident a person says.

mod clocks;
mod radius;
mod versions;

use super::deployments::Deployments;
use super::document::{Block, Document, Gap, Lack, Section, Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN};
use super::words::{NOT_RECORDED, counted, share, when};
use crate::Error;
use crate::check::{logs_of, quoted, time_text};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{HoldInfo, NodeNo};
use lineal_proof::timestamp::Timestamp;
use lineal_query::{Parameters, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of this report.
const KIND: &str = "incident";
/// What it is called in messages.
const FORM: &str = "the report of an incident";
/// Ns of a second: time-stamp authorities count these.
const SECOND: i64 = 1_000_000_000;
/// Fields of an incident that stand in its head, in reading order.
const FIELDS: [&str; 12] = [
    "name",
    "declared_serious",
    "harm_class",
    "severity",
    "time",
    "aware_at",
    "causal_link_at",
    "reported_at",
    "authority",
    "member_state",
    "closed_at",
    "recorded",
];

/// What part of the events is meant.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Incident {
    /// From when, ns; none is from when it happened.
    pub from: Option<i64>,
    /// Until before when, ns; none is until it was closed, else until corrective action, else today.
    pub until: Option<i64>,
}

/// What an incident concerns.
struct Concerned {
    /// The deployments, ascending.
    deployments: Vec<NodeNo>,
    /// The model versions, ascending.
    models: Vec<NodeNo>,
    /// Data sets that it names itself.
    datasets: Vec<NodeNo>,
    /// What of the deployments is not certain.
    doubts: Vec<Gap>,
}

/// The report of an incident.
///
/// # Errors
/// [`Error::WrongKind`] of anything else, [`Error::Cut`] where counts would be of a part only, and what
/// the store says.
pub fn incident(facts: &Facts<'_>, subject: NodeNo, wanted: &Incident) -> Result<Document, Error> {
    if facts.snapshot().kind_of(subject) != Kind::Incident {
        let (form, wanted) = (FORM, "an incident");
        return Err(Error::WrongKind { form, wanted, name: facts.at(subject).name });
    }
    let concerned = Concerned::of(facts, subject)?;
    let mut document = facts.head(KIND, Some(subject))?;
    document = document.section(told(facts, subject)?);
    document = document.section(clocks::section(facts, subject)?);
    document = document.section(versions::section(facts, subject, &concerned)?);
    document = document.section(events(facts, subject, &concerned, wanted)?);
    document = document.section(radius::section(facts, &concerned)?);
    document = document.section(held(facts, subject)?);
    document = document.section(measures(facts, subject, &concerned)?);
    Ok(document.section(facts.closing(KIND)?))
}

impl Concerned {
    fn of(facts: &Facts<'_>, incident: NodeNo) -> Result<Concerned, Error> {
        let view = facts.snapshot();
        let (mut deployments, mut models) = (BTreeSet::new(), BTreeSet::new());
        let mut datasets = BTreeSet::new();
        let mut doubts = Vec::new();
        for node in facts.around(incident, Relation::Concerns, Direction::Forward, None) {
            match view.kind_of(node) {
                Kind::Deployment => drop(deployments.insert(node)),
                Kind::Model => drop(models.insert(node)),
                Kind::Dataset => drop(datasets.insert(node)),
                Kind::Batch => {
                    deployments.extend(facts.around(
                        node,
                        Relation::ServedBy,
                        Direction::Forward,
                        None,
                    ));
                }
                // Its own, and those that hang on it through a model version alone.
                Kind::System => {
                    let own = Deployments::of(facts, node, FORM)?;
                    deployments.extend(own.nodes);
                    doubts.extend(own.doubts);
                }
                _ => {}
            }
        }
        // A version that it names is concerned wherever it was put to use.
        for model in &models {
            deployments.extend(facts.around(*model, Relation::Deploys, Direction::Inverse, None));
        }
        for deployment in &deployments {
            models.extend(facts.around(*deployment, Relation::Deploys, Direction::Forward, None));
        }
        Ok(Concerned {
            deployments: deployments.into_iter().collect(),
            models: models.into_iter().collect(),
            datasets: datasets.into_iter().collect(),
            doubts,
        })
    }
}

fn told(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "facts")?;
    let mut table = Table::new("Fields of the incident", &["field", "as recorded"]);
    for field in FIELDS {
        table.push(vec![field.into(), facts.said(subject, field)?], ROWS_SHOWN);
    }
    let by = facts.around(subject, Relation::DoneBy, Direction::Forward, Some(Kind::Actor));
    table.push(vec!["recorded by".into(), facts.cells(by)], ROWS_SHOWN);
    let about = facts.around(subject, Relation::Concerns, Direction::Forward, None);
    table.push(vec!["concerns".into(), facts.cells(about)], ROWS_SHOWN);
    let note = if facts.is_sealed(subject, "note")? { "recorded and sealed" } else { NOT_RECORDED };
    table.push(vec!["note".into(), note.into()], ROWS_SHOWN);
    section.push(Block::Table(table));
    let mut gaps = facts.gaps(KIND, subject)?;
    gaps.extend(disordered(facts, subject)?);
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// Times of an incident that contradict each other.
fn disordered(facts: &Facts<'_>, subject: NodeNo) -> Result<Vec<Gap>, Error> {
    let mut gaps = Vec::new();
    for (first, then, words) in [
        ("time", "aware_at", "it became known before it happened"),
        ("aware_at", "reported_at", "it was reported before it was known"),
    ] {
        let (before, after) = (facts.number(subject, first)?, facts.number(subject, then)?);
        if let (Some(before), Some(after)) = (before, after)
            && after < before
        {
            let (before, after) = (time_text(before), time_text(after));
            let say = format!("{words}: {first} is {before}, {then} is {after}");
            gaps.push(Gap::new(Lack::Conflict, say));
        }
    }
    Ok(gaps)
}

/// The window of an incident, and how each end came about.
fn window(
    facts: &Facts<'_>,
    subject: NodeNo,
    wanted: &Incident,
) -> Result<(Option<i64>, i64, String), Error> {
    let (from, why) = match (wanted.from, facts.number(subject, "time")?) {
        (Some(from), _) => (Some(from), "as it was asked for"),
        (None, Some(from)) => (Some(from), "when it happened, as recorded"),
        (None, None) => (None, "the first event: when it happened is not recorded"),
    };
    let aware = facts.number(subject, "aware_at")?.filter(|_| from.is_none());
    let mut until = wanted.until.map(|until| (until, "as it was asked for"));
    for (field, words) in [("closed_at", "closed_at"), ("corrective_at", "corrective_at")] {
        if until.is_none() {
            until = facts.number(subject, field)?.map(|time| (time, words));
        }
    }
    // Of what is known of since then, what came before may be the cause.
    let until =
        until.or(aware.map(|aware| (aware, "aware_at: neither its time nor its end is recorded")));
    let (until, whence) = until.unwrap_or((facts.now, "today: no end is recorded"));
    let words = format!(
        "The window is from {} ({why}) until before {} ({whence}).",
        from.map_or_else(|| "the beginning".to_owned(), time_text),
        time_text(until)
    );
    Ok((from, until, words))
}

fn events(
    facts: &Facts<'_>,
    subject: NodeNo,
    concerned: &Concerned,
    wanted: &Incident,
) -> Result<Section, Error> {
    let section = facts.asks.section(KIND, "events")?;
    let (from, until, words) = window(facts, subject, wanted)?;
    let mut section = section.say(words);
    let heads = [
        "deployment",
        "#events in the window",
        "#overridden, of those that say",
        "first",
        "last",
        "#in all time",
    ];
    let mut table = Table::new("Events of the deployments that the incident concerns", &heads);
    let mut gaps = concerned.doubts.clone();
    if from.is_none() {
        let say = "when it happened, so that the window begins with the first event";
        let fix =
            format!("lineal declare node {} time=TIME --by WHO", quoted(&facts.at(subject).name));
        gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
    }
    // Each with the deployments whose counts it is about.
    let mut doubts: BTreeMap<String, Vec<NodeNo>> = BTreeMap::new();
    let (mut total, mut told, mut overridden) = (0_u64, 0_u64, 0_u64);
    let lower = if from.is_some() { "i.time >= $from and " } else { "" };
    let question = format!(
        "find inference as i served_by $node where {lower}i.time < $until \
         summarize count() as events, count(i.human_override) as recorded, \
         count_if(i.human_override) as overrides, min(i.time) as first_time, max(i.time) as last_time"
    );
    for deployment in &concerned.deployments {
        let name = facts.snapshot().name_of(*deployment);
        let mut given = Parameters::new().text("node", name);
        given.set("until", Value::Time(until));
        if let Some(from) = from {
            given.set("from", Value::Time(from));
        }
        let answer = facts.ask(&question, &given)?;
        for doubt in Facts::doubts(&answer, "how many events there are") {
            doubts.entry(doubt.say.plain()).or_default().push(*deployment);
        }
        let row = answer.rows.first().map_or(&[][..], Vec::as_slice);
        let count = |at: usize| match row.get(at) {
            Some(Value::Int(number)) => number.unsigned_abs(),
            _ => 0,
        };
        let time = |at: usize| match row.get(at) {
            Some(Value::Time(time)) => Some(*time),
            _ => None,
        };
        let (events, recorded, overrides) = (count(0), count(1), count(2));
        total += events;
        told += recorded;
        overridden += overrides;
        let all = facts.snapshot().field(*deployment, "events")?.and_then(|it| it.as_i64());
        let row = vec![
            facts.cell(*deployment),
            events.to_string().into(),
            share(overrides, recorded).into(),
            when(time(3)).into(),
            when(time(4)).into(),
            all.unwrap_or(0).to_string().into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    let words = format!(
        "Events in the window: {total}; overridden by a human, of those that say whether they were: {}.",
        share(overridden, told)
    );
    section = section.say(words);
    section.push(Block::Table(table));
    gaps.extend(doubts.into_iter().map(|(doubt, of)| {
        let say = facts.first_of(Sentence::from(doubt).text(", of "), &of);
        Gap::new(Lack::CannotTell, say)
    }));
    if told < total {
        let say = format!(
            "of the events in the window {} do not say whether a human overrode them, which is not the same as no",
            share(total - told, total)
        );
        gaps.push(Gap::new(Lack::NotRecorded, say).fix("lineal import LOGS --mapping FILE"));
    }
    if concerned.deployments.is_empty() {
        let none = "no deployment: the incident names none, and no model that was put to use";
        let fix = "lineal incident NAME --concerns DEPLOYMENT --by WHO";
        gaps.push(Gap::new(Lack::NotRecorded, none).fix(fix));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

fn held(facts: &Facts<'_>, subject: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "holds")?;
    let holds = facts.holds(&facts.around_incident(subject))?;
    let heads = ["hold", "over", "reason", "since"];
    let mut table = Table::new("Holds that stand over what the incident concerns", &heads);
    for hold in &holds {
        let since = time_text(hold.recorded);
        let row = vec![
            hold.name.as_str().into(),
            facts.scope(hold),
            // The words of who holds it are for those who may read of persons.
            facts.reason(hold),
            since.into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    let mut gaps = Vec::new();
    if holds.is_empty() {
        let none = "no hold over what it concerns stands: it can be erased";
        let fix = "lineal hold add NAME DEPLOYMENT --reason TEXT --by WHO";
        gaps.push(Gap::new(Lack::NotRecorded, none).fix(fix));
    } else {
        gaps.extend(not_held(facts, subject, &holds));
    }
    section.push(Block::Table(table));
    match facts.number(subject, "frozen_commit")?.and_then(|commit| u64::try_from(commit).ok()) {
        None => {}
        Some(commit) if commit > facts.snapshot().commit() => {
            let say = format!("the frozen commit {commit} lies behind this view");
            gaps.push(Gap::new(Lack::Conflict, say));
        }
        Some(commit) => {
            let (words, gap) = frozen(facts, commit)?;
            section = section.say(words);
            gaps.extend(gap);
        }
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// Logs that the incident concerns and none of these holds is over.
fn not_held(facts: &Facts<'_>, subject: NodeNo, holds: &[HoldInfo]) -> Option<Gap> {
    let view = facts.snapshot();
    let mut open = logs_of(view, subject);
    open.retain(|log| !holds.iter().any(|hold| log.is_held_by(view, hold)));
    let open: Vec<NodeNo> = open.iter().map(|log| log.node).collect();
    let first = facts.snapshot().name_of(*open.first()?);
    let say =
        Sentence::from("no hold stands over logs that it concerns, so that these can be erased: ");
    let fix = format!("lineal hold add NAME {} --reason TEXT --by WHO", quoted(&first));
    Some(Gap::new(Lack::NotRecorded, facts.first_of(say, &open)).fix(fix))
}

/// The first checkpoint that covers a commit: from then on nobody can change what it held unseen.
fn frozen(facts: &Facts<'_>, commit: u64) -> Result<(String, Option<Gap>), Error> {
    let sizes = facts.store.checkpoint_sizes()?;
    let seen = commit..=facts.snapshot().commit();
    let mut covering: Vec<u64> = sizes.into_iter().filter(|size| seen.contains(size)).collect();
    covering.sort_unstable();
    let Some(size) = covering.first() else {
        let words = format!("The state of commit {commit} is named as frozen.");
        let gap = Gap::new(Lack::NotRecorded, "no signed checkpoint covers the frozen commit");
        return Ok((words, Some(gap.fix("lineal checkpoint"))));
    };
    let kept = facts.store.kept_checkpoint(*size)?;
    let stamps = kept.timestamps.iter().filter_map(|reply| Timestamp::parse(reply).ok());
    let stamped = stamps.map(|stamp| stamp.time().saturating_mul(SECOND)).min();
    let stamp = stamped.map_or_else(
        || "it is not time-stamped".to_owned(),
        |at| format!("time-stamped {}", time_text(at)),
    );
    let words = format!(
        "The state of commit {commit} is named as frozen. The checkpoint over {} covers it; {stamp}. \
         `lineal query` reads that state with `as of {commit}`.",
        counted(*size, "commit")
    );
    Ok((words, None))
}

fn measures(facts: &Facts<'_>, subject: NodeNo, concerned: &Concerned) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "measures")?;
    let fields = ["corrective_action", "corrective_at", "notified", "notified_at"];
    let mut table = Table::new("Corrective action, and who was told", &["field", "as recorded"]);
    for field in fields {
        table.push(vec![field.into(), facts.said(subject, field)?], ROWS_SHOWN);
    }
    table.push(
        vec!["authority_informed_at".into(), facts.said(subject, "authority_informed_at")?],
        ROWS_SHOWN,
    );
    section.push(Block::Table(table));
    let mut changes = BTreeSet::new();
    for node in concerned.deployments.iter().chain(&concerned.models).chain(&concerned.datasets) {
        changes.extend(facts.around(
            *node,
            Relation::Concerns,
            Direction::Inverse,
            Some(Kind::Change),
        ));
    }
    let heads = ["change", "type", "when", "concerns"];
    let mut table = Table::new("Changes to what the incident concerns", &heads);
    for change in changes {
        let about = facts.around(change, Relation::Concerns, Direction::Forward, None);
        let row = vec![
            facts.cell(change),
            facts.said(change, "type")?,
            facts.said(change, "time")?,
            facts.cells(about),
        ];
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    let documents = facts.documents(subject, None)?;
    if !documents.is_empty() {
        let mut sentence = Sentence::new().text("Documents about the incident: ");
        sentence.parts.extend(facts.cells(documents).parts);
        section = section.say(sentence);
    }
    Ok(section)
}
