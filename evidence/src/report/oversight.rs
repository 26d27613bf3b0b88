//! Human oversight in use (Article 14): who overrode what, how often, and what nobody recorded.
//!
//! An event says that it was overridden, that it was not, or nothing. The third is kept apart: a rate
//! over events that say nothing would read as oversight that never needed to step in.

mod counts;
mod sample;

use super::deployments::{Deployments, version};
use super::document::{Block, Document, Gap, Lack, Section, Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN, goes_on};
use super::words::{NOT_RECORDED, day, share, span, thousands};
use super::{logs, picture, words};
use crate::check::ask::DAY;
use crate::check::{quoted, time_text};
use crate::contradicted::contested;
use crate::{Error, report};
use counts::{Counted, Counts};
use lineal_engine::NodeNo;
use std::collections::BTreeMap;

/// The kind of this report.
const KIND: &str = "oversight";
/// What it is called in messages.
const FORM: &str = "the report on oversight";
/// Events of a sample where no number is given.
pub const SAMPLE: usize = 20;
/// Most events of a sample: a person looks at each.
pub const SAMPLE_MAX: usize = 1_000;
/// Notices of long stretches without an override; more are counted.
const NOTICES_SHOWN: usize = 20;

/// What part of the events is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Oversight {
    /// From when, ns; none is from the first event.
    pub from: Option<i64>,
    /// Until before when, ns; none is to the last event.
    pub until: Option<i64>,
    /// How many events of each sample, [`SAMPLE_MAX`] at most.
    pub sample: usize,
}

impl Default for Oversight {
    fn default() -> Oversight {
        Oversight { from: None, until: None, sample: SAMPLE }
    }
}

/// The report of a system, a model version or a deployment.
///
/// # Errors
/// [`Error::WrongKind`] of anything else, [`Error::Cut`] where counts would be of a part only, and what
/// the store says.
pub fn oversight(
    facts: &Facts<'_>,
    subject: NodeNo,
    wanted: &Oversight,
) -> Result<Document, Error> {
    let deployments = Deployments::of(facts, subject, FORM)?;
    let counted = counts::counted(facts, &deployments, wanted)?;
    let mut document = facts.head(KIND, Some(subject))?;
    document = document.fact("events", period(wanted));
    document = document.section(measures(facts, &deployments)?);
    document = document.section(versions(facts, &deployments, &counted)?);
    document = document.section(months(facts, (&deployments, subject), &counted, wanted)?);
    document = document.section(reviewers(facts, &counted)?);
    document = document.section(sample::section(facts, &deployments, wanted)?);
    Ok(document.section(facts.closing(KIND)?))
}

/// Which events, in words.
fn period(wanted: &Oversight) -> String {
    match (wanted.from, wanted.until) {
        (None, None) => "all that are recorded".to_owned(),
        (Some(from), None) => format!("from {}", time_text(from)),
        (None, Some(until)) => format!("until before {}", time_text(until)),
        (Some(from), Some(until)) => {
            format!("from {} until before {}", time_text(from), time_text(until))
        }
    }
}

fn measures(facts: &Facts<'_>, deployments: &Deployments) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "measures")?;
    let caption = "Who can stop which deployment, as declared";
    let heads = ["deployment", "overseer", "from", "until", "measures on record"];
    let mut table = Table::new(caption, &heads);
    let mut gaps = facts.gaps_of(KIND, &deployments.nodes)?;
    for node in &deployments.nodes {
        let documents = facts.documents(*node, Some("oversight_measures"))?;
        let row = vec![
            facts.cell(*node),
            overseer(facts, *node)?,
            facts.said(*node, "overseer_from")?,
            facts.said(*node, "overseer_until")?,
            facts.cells(documents),
        ];
        table.push(row, ROWS_SHOWN);
    }
    if deployments.nodes.is_empty() {
        let none = "no deployment is recorded for it, so no event either";
        gaps.push(Gap::new(Lack::NotRecorded, none));
    }
    section.push(Block::Table(table));
    gaps.extend(deployments.doubts.iter().cloned());
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// The role that can stop a deployment, or the person.
fn overseer(facts: &Facts<'_>, node: NodeNo) -> Result<Sentence, Error> {
    let Some(overseer) = facts.text(node, "overseer")? else { return Ok(NOT_RECORDED.into()) };
    let key = lineal_proof::Key::text(overseer.as_str());
    let person = facts.snapshot().node_with_key(lineal_engine::schema::Kind::Actor, &key);
    Ok(person.map_or_else(|| overseer.into(), |person| facts.cell(person)))
}

/// The columns of figures, which all tables share.
const FIGURES: [&str; 5] =
    ["#events", "#say whether overridden", "overridden", "#reviewed", "#not recorded"];

fn figures(counts: &Counts) -> [Sentence; 5] {
    [
        thousands(counts.events).into(),
        thousands(counts.recorded).into(),
        share(counts.overrides, counts.recorded).into(),
        share(counts.reviewed, counts.review_recorded).into(),
        thousands(counts.silent()).into(),
    ]
}

fn versions(
    facts: &Facts<'_>,
    deployments: &Deployments,
    counted: &Counted,
) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "versions")?;
    let mut heads = vec!["model version", "#deployments"];
    heads.extend(FIGURES);
    let mut table = Table::new("Events and overrides by model version", &heads);
    let mut total = Counts::default();
    for (model, own) in deployments.by_model(facts) {
        let counts = counted.of_model(model);
        total.add(&counts);
        let mut row = vec![version(facts, model), own.len().to_string().into()];
        row.extend(figures(&counts));
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Paragraph(vec![
        format!(
            "{}. Of these say whether a human overrode them: {}; overridden: {}, not overridden: {}. Say nothing \
             of it: {}, which is not the same as no override.",
            words::counted(total.events, "event"),
            thousands(total.recorded),
            thousands(total.overrides),
            thousands(total.recorded - total.overrides),
            thousands(total.silent())
        )
        .into(),
        "A rate is overridden events over events that say whether they were; reviewed is over those that say \
         whether a human reviewed them."
            .into(),
    ]));
    section.push(Block::Table(table));
    let mut gaps = deployments.unclear(facts);
    gaps.extend(counted.doubts.iter().cloned());
    gaps.extend(removed(facts, deployments));
    gaps.extend(contradicted(facts, deployments)?);
    if total.silent() > 0 {
        let say = format!(
            "{}: they do not say whether a human overrode them; a mapping file can name the field",
            share(total.silent(), total.events)
                + if total.events == 1 { " event" } else { " events" }
        );
        let fix = "lineal import LOGS --mapping FILE";
        gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// Events that are erased or restricted: no count over rows holds them, the counters of batches do.
fn removed(facts: &Facts<'_>, deployments: &Deployments) -> Vec<Gap> {
    let (mut erased, mut restricted) = (0, 0);
    for unshown in facts.snapshot().unshown() {
        if deployments.nodes.binary_search(&unshown.deployment).is_ok() {
            erased += unshown.erased;
            restricted += unshown.restricted;
        }
    }
    let told = [(erased, "erased"), (restricted, "restricted")];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, how)| {
        let events = words::counted(count, "event");
        let say = format!(
            "{how}: {events}; tables and samples here are without them; where a picture shows overrides over \
             time, its series counts them"
        );
        Gap::new(Lack::Removed, say)
    })
    .collect()
}

/// Events of which rows say different things: every figure here is of the row that counts.
fn contradicted(facts: &Facts<'_>, deployments: &Deployments) -> Result<Vec<Gap>, Error> {
    let view = facts.snapshot();
    let go_on = || goes_on(&facts.limits).then_some(()).ok_or(Error::Ended);
    let found = contested(view, &deployments.nodes, &[], &go_on)?.into_iter();
    Ok(found
        .map(|(node, contested)| {
            let say = Sentence::new().node(facts.at(node));
            let say =
                say.text(format!(": {}", contested.words(view, &|import| facts.sees(import))));
            let gap = Gap::new(Lack::Conflict, say);
            match &contested.first {
                Some(id) => gap.fix(format!("lineal show {}", quoted(id))),
                None => gap,
            }
        })
        .collect())
}

fn months(
    facts: &Facts<'_>,
    (deployments, subject): (&Deployments, NodeNo),
    counted: &Counted,
    wanted: &Oversight,
) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "months")?;
    let mut heads = vec!["month", "model version"];
    heads.extend(FIGURES);
    let mut table = Table::new("Events and overrides by month (UTC) and model version", &heads);
    for ((month, model), counts) in &counted.by_month {
        let month = match month {
            Some(start) => day(*start).get(..7).unwrap_or_default().to_owned(),
            None => "without a time".to_owned(),
        };
        let mut row = vec![month.into(), version(facts, *model)];
        row.extend(figures(counts));
        table.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    section.push(Block::List(quiet(facts, counted)?));
    // The picture is drawn from counters of whole batches, which know no other time than their own.
    if wanted.from.is_none() && wanted.until.is_none() {
        let logs = logs::of(facts.snapshot(), &deployments.nodes, facts.now).map_err(of_logs)?;
        let about = facts.at(subject);
        if let Some((_, picture)) = picture::overrides(facts.snapshot(), &about, &logs) {
            section.push(Block::Picture(picture));
        }
    }
    Ok(section)
}

/// What counting logs says, of a store alone.
fn of_logs(error: report::Error) -> Error {
    match error {
        report::Error::Store(error) => Error::Store(error),
        other => Error::Question { message: other.to_string() },
    }
}

/// Long stretches without one override, as notices.
fn quiet(facts: &Facts<'_>, counted: &Counted) -> Result<Vec<Sentence>, Error> {
    let notice = facts.asks.notice(KIND, "no-override")?;
    let mut by_model: BTreeMap<Option<NodeNo>, Vec<&Counts>> = BTreeMap::new();
    for ((month, model), counts) in &counted.by_month {
        if month.is_some() {
            by_model.entry(*model).or_default().push(counts);
        }
    }
    let mut notices = Vec::new();
    for (model, months) in by_model {
        for stretch in months.split(|counts| counts.overrides > 0) {
            let times = stretch.iter().filter_map(|counts| counts.times);
            let Some((first, last)) = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
                continue;
            };
            let recorded: u64 = stretch.iter().map(|counts| counts.recorded).sum();
            if last - first < notice.days.saturating_mul(DAY) || recorded == 0 {
                continue;
            }
            let words = format!(
                ": no override from {} to {} ({}); say whether there was one: {}. \
                 Counted in whole months, so it may be longer.",
                day(first),
                day(last),
                span(last - first),
                words::counted(recorded, "event"),
            );
            let mut sentence = Sentence::new().text("Notice: ");
            sentence.parts.extend(version(facts, model).parts);
            notices.push(sentence.text(words));
        }
    }
    let more = notices.len().saturating_sub(NOTICES_SHOWN);
    notices.truncate(NOTICES_SHOWN);
    if more > 0 {
        notices.push(format!("{more} more such stretches are counted and not shown.").into());
    }
    if !notices.is_empty() {
        let words = format!(
            "A notice stands from {} on: {}.",
            words::counted(notice.days.unsigned_abs(), "day"),
            notice.source
        );
        notices.push(words.into());
    }
    Ok(notices)
}

fn reviewers(facts: &Facts<'_>, counted: &Counted) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "reviewers")?;
    let heads = ["reviewer", "model version", "#events", "#overridden"];
    let mut table = Table::new("Events that name a reviewer, or were overridden", &heads);
    let mut nameless = 0;
    for ((reviewer, model), (events, overrides)) in &counted.by_reviewer {
        let who = match reviewer {
            Some(key) => facts.reviewer(key),
            None => {
                nameless += overrides;
                NOT_RECORDED.into()
            }
        };
        let (events, overrides) = (thousands(*events), thousands(*overrides));
        table.push(vec![who, version(facts, *model), events.into(), overrides.into()], ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    section.push(Block::Paragraph(vec![
        "A reviewer stands under a key of this store. What the person is called is sealed.".into(),
    ]));
    let mut gaps = Vec::new();
    if nameless > 0 {
        let say = format!(
            "{} without a reviewer; a mapping file can name its field",
            words::counted(nameless, "override")
        );
        let fix = "lineal import LOGS --mapping FILE";
        gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}
